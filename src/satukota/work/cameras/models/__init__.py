"""What cameras store, a file per matter."""

from .importing import CameraImport, CameraImportRow
from .register import Camera, CameraReference

__all__ = ["Camera", "CameraImport", "CameraImportRow", "CameraReference"]
