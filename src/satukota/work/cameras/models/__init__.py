"""What cameras store, a file per matter."""

from .importing import CameraImport, CameraImportRow
from .live import CameraBookmark, LiveSource, WallLayout, WatchSession
from .register import Camera, CameraReference

__all__ = [
    "Camera",
    "CameraBookmark",
    "CameraImport",
    "CameraImportRow",
    "CameraReference",
    "LiveSource",
    "WallLayout",
    "WatchSession",
]
