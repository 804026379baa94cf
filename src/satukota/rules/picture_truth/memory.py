"""What a camera's judgement remembers from look to look, in at most 8 KB."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .model import Gray

THUMB_STEP = 4
THUMB_SHAPE = (45, 80)
MAX_BYTES = 8192
RING_BITS = 32
CAUSES_KEPT = ("black", "no_signal", "white_out", "covered", "view_lost", "turned", "defocused", "frozen", "blocked")
_MAGIC = b"PTM2"
_KEEPS = 60  # a norm follows the last ~60 clean looks
_LOW_CLIMBS = 0.0005  # a quiet night is remembered through the next day


@dataclass(frozen=True)
class Norm:
    """Running mean, mean absolute deviation and recent low of one statistic on clean looks."""

    n: int = 0
    mean: float = 0.0
    dev: float = 0.0
    low: float = 0.0
    """lowest of late: falls at once, climbs half the way back to the mean in some 1,400 looks"""

    def with_sample(self, value: float) -> Norm:
        weight = 1.0 / min(self.n + 1, _KEEPS)
        off = value - self.mean
        if self.n == 0:
            return Norm(1, value, 0.0, value)
        mean = self.mean + weight * off
        low = min(value, self.low + _LOW_CLIMBS * (mean - self.low))
        return Norm(min(self.n + 1, 1_000_000), mean, self.dev + weight * (abs(off) - self.dev), low)


@dataclass(frozen=True, eq=False)
class Memory:
    """Immutable; every judgement returns the next one."""

    looks: int = 0
    last_at: float = 0.0
    last_sha: bytes = b""
    last_mode: str = ""
    thumb: Gray | None = None
    """(45, 80) uint8: every fourth pixel of the last keyframe; not averaged, so that sensor noise stays in it"""
    pending: str = ""
    """cause for which another keyframe was asked in this look"""
    fault: str = ""
    """the sure fault of the last look: while it lasts no second keyframe is needed"""
    still: float | None = None
    """change of the last keyframe when it was too little for a live picture, mean grey levels"""
    shift: tuple[float, float] = (0.0, 0.0)
    """last displacement seen, pixels of the 320x180 picture"""
    rings: Mapping[str, int] = field(default_factory=dict)
    """cause -> bits of the last 32 looks, newest lowest"""
    norms: Mapping[str, Norm] = field(default_factory=dict)
    """'statistic/mode' -> norm"""

    @classmethod
    def empty(cls) -> Memory:
        return cls()

    def norm(self, statistic: str, mode: str) -> Norm:
        return self.norms.get(f"{statistic}/{mode}", Norm())

    def with_norms(self, mode: str, samples: Mapping[str, float]) -> Memory:
        new = {f"{name}/{mode}": self.norm(name, mode).with_sample(value) for name, value in samples.items()}
        return replace(self, norms={**self.norms, **new})

    def with_mark(self, cause: str, *, same_look: bool) -> Memory:
        """Add one look to all rings, marked for `cause` ('' marks none). The same look again replaces its mark."""
        rings = {}
        for name in CAUSES_KEPT:
            bits = self.rings.get(name, 0)
            bits = bits & ~1 if same_look else (bits << 1) & (2**RING_BITS - 1)
            if bits | (name == cause):
                rings[name] = bits | (name == cause)
        return replace(self, rings=rings)

    def without_marks(self, cause: str) -> Memory:
        return replace(self, rings={name: bits for name, bits in self.rings.items() if name != cause})

    def count(self, cause: str, of_last: int) -> int:
        return (self.rings.get(cause, 0) & ((1 << of_last) - 1)).bit_count()

    def to_bytes(self) -> bytes:
        """At most 8 KB: 3,600 bytes of thumbnail and under 2 KB of numbers, packed."""
        facts = {
            "looks": self.looks,
            "last_at": round(self.last_at, 3),
            "last_sha": self.last_sha[:16].hex(),
            "last_mode": self.last_mode,
            "pending": self.pending,
            "fault": self.fault,
            "still": self.still,
            "shift": [round(v, 2) for v in self.shift],
            "rings": dict(self.rings),
            "norms": {name: [n.n, *(round(v, 5) for v in (n.mean, n.dev, n.low))] for name, n in self.norms.items()},
        }
        text = json.dumps(facts, separators=(",", ":")).encode()
        thumb = b"" if self.thumb is None else self.thumb.tobytes()
        return _MAGIC + zlib.compress(len(text).to_bytes(4, "little") + text + thumb, 6)

    @classmethod
    def from_bytes(cls, raw: bytes | None) -> Memory:
        """The memory stored, or an empty one for anything this version does not understand."""
        try:
            return _unpacked(bytes(raw or b""))
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError, zlib.error):
            return cls.empty()


def thumb_of(gray: Gray) -> Gray:
    """(45, 80) uint8 from (180, 320) uint8."""
    return np.ascontiguousarray(gray[THUMB_STEP // 2 :: THUMB_STEP, THUMB_STEP // 2 :: THUMB_STEP])


def _unpacked(raw: bytes) -> Memory:
    if not raw.startswith(_MAGIC) or len(raw) > 2 * MAX_BYTES:
        raise ValueError("not a memory of this version")
    plain = zlib.decompressobj().decompress(raw[len(_MAGIC) :], 4 * MAX_BYTES)
    size = int.from_bytes(plain[:4], "little")
    facts: dict[str, Any] = json.loads(plain[4 : 4 + size])
    thumb_bytes = plain[4 + size :]
    thumb: npt.NDArray[np.uint8] | None = None
    if thumb_bytes:
        thumb = np.frombuffer(thumb_bytes, np.uint8).reshape(THUMB_SHAPE)
    dx, dy = (_finite(v) for v in facts["shift"])
    return Memory(
        looks=int(facts["looks"]),
        last_at=_finite(facts["last_at"]),
        last_sha=bytes.fromhex(facts["last_sha"]),
        last_mode=str(facts["last_mode"]),
        thumb=thumb,
        pending=str(facts["pending"]),
        fault=str(facts["fault"]),
        still=None if facts["still"] is None else _finite(facts["still"]),
        shift=(dx, dy),
        rings={str(k): int(v) & (2**RING_BITS - 1) for k, v in facts["rings"].items() if k in CAUSES_KEPT},
        norms={str(k): Norm(int(n), *map(_finite, numbers)) for k, (n, *numbers) in facts["norms"].items()},
    )


def _finite(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number
