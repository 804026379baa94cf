"""Our own RTSP client: what a camera check needs of the protocol, in a tenth of the CPU of a general one.

Why not a library: PyAV's open takes more CPU than the rest of a check, blocks a thread for ever on a mute camera,
throws away the first key picture or waits for a second one, and reports a refused password, a busy camera and junk
alike. Measured in docs/camera-probe.md.
"""

from . import replay
from .address import BadAddress, StreamAddress, parse_address
from .sdp import VideoTrack
from .session import AddressRefused, Keyframe, Limits, Resolve, Session, Stage, StreamFault, resolve_anywhere, watching
from .units import AccessUnit

__all__ = [
    "AccessUnit",
    "AddressRefused",
    "BadAddress",
    "Keyframe",
    "Limits",
    "Resolve",
    "Session",
    "Stage",
    "StreamAddress",
    "StreamFault",
    "VideoTrack",
    "parse_address",
    "replay",
    "resolve_anywhere",
    "watching",
]
