"""What the camera probe remembers of one camera between looks, beside the memory of picture truth. At most 8 KB."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass, field, fields

_HEAD = struct.Struct(">4sH")
_MAGIC = b"CPM1"
SHORTEST_WAIT_S, LONGEST_WAIT_S = 12.0, 60.0


@dataclass
class CameraMemory:
    looks: int = 0
    gop_s: float = 0.0
    """longest distance of key pictures known of this camera"""
    clock_offset_s: float | None = None
    """camera minus us by ONVIF, which tells the zone; RTSP's Date is the fallback"""
    clock_asked_at: float = 0.0
    """epoch seconds"""
    truth: bytes = field(default=b"", repr=False)
    """rules.picture_truth.Memory.to_bytes()"""

    @property
    def keyframe_wait_s(self) -> float:
        """Smart codecs send key pictures rarely: twice what was seen, within limits."""
        return min(LONGEST_WAIT_S, max(SHORTEST_WAIT_S, 2 * self.gop_s))

    def to_bytes(self) -> bytes:
        facts = asdict(self)
        facts.pop("truth")
        text = json.dumps(facts).encode()
        return _HEAD.pack(_MAGIC, len(text)) + text + self.truth

    @classmethod
    def from_bytes(cls, raw: bytes | None) -> CameraMemory:
        """Empty for anything this version does not understand."""
        try:
            magic, size = _HEAD.unpack_from(raw or b"")
            facts = json.loads((raw or b"")[_HEAD.size : _HEAD.size + size])
            if magic != _MAGIC or set(facts) != {item.name for item in fields(cls)} - {"truth"}:
                return cls()
            offset = facts["clock_offset_s"]
            return cls(
                looks=int(facts["looks"]),
                gop_s=float(facts["gop_s"]),
                clock_offset_s=None if offset is None else float(offset),
                clock_asked_at=float(facts["clock_asked_at"]),
                truth=bytes((raw or b"")[_HEAD.size + size :]),
            )
        except (struct.error, ValueError, TypeError):
            return cls()
