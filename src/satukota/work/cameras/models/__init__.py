"""What cameras store, a file per matter."""

from .federation import OwnKey, Peer, PeerCamera, PeerLook, PeerStream, SeenNonce, ToldLook
from .importing import CameraImport, CameraImportRow
from .lending import Agreement, Loan
from .live import CameraBookmark, LiveSource, WallLayout, WatchSession
from .public import PublicView
from .recordings import RecordedCamera, Recorder, RecordingGap, Retrieval
from .register import Camera, CameraReference

__all__ = [
    "Agreement",
    "Camera",
    "CameraBookmark",
    "CameraImport",
    "CameraImportRow",
    "CameraReference",
    "LiveSource",
    "Loan",
    "OwnKey",
    "Peer",
    "PeerCamera",
    "PeerLook",
    "PeerStream",
    "PublicView",
    "RecordedCamera",
    "Recorder",
    "RecordingGap",
    "Retrieval",
    "SeenNonce",
    "ToldLook",
    "WallLayout",
    "WatchSession",
]
