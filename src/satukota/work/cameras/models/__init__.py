"""What cameras store, a file per matter."""

from .importing import CameraImport, CameraImportRow
from .lending import Agreement
from .live import CameraBookmark, LiveSource, WallLayout, WatchSession
from .public import PublicView
from .register import Camera, CameraReference

__all__ = [
    "Agreement",
    "Camera",
    "CameraBookmark",
    "CameraImport",
    "CameraImportRow",
    "CameraReference",
    "LiveSource",
    "PublicView",
    "WallLayout",
    "WatchSession",
]
