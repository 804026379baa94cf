"""What goes in and what comes out: a sight, a reference, a judgement."""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from .memory import Memory
    from .scene import ReferenceScene

Gray = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 320, 180
DAY, NIGHT_IR, NIGHT_COLOUR = "day", "night_ir", "night_colour"
MODES = (DAY, NIGHT_IR, NIGHT_COLOUR)
HOUR_BINS = 6
MAX_REFERENCE_BYTES = 40_000
MONO_CHROMA = 2.0  # mean |U-128| + |V-128| below this is an infrared or grey picture
DAY_HOURS = (7, 17)  # where nobody knows the sun: surely light in Indonesia in every month


def _checked_gray(gray: Gray) -> Gray:
    """The picture itself when it is (180, 320) uint8. Raises ValueError otherwise."""
    if not isinstance(gray, np.ndarray) or gray.shape != (HEIGHT, WIDTH) or gray.dtype != np.uint8:
        found = f"{getattr(gray, 'shape', type(gray).__name__)} {getattr(gray, 'dtype', '')}".strip()
        raise ValueError(f"a picture is judged as ({HEIGHT}, {WIDTH}) uint8, got {found}")
    return np.ascontiguousarray(gray)


@dataclass(frozen=True, eq=False)
class Sight:
    """One decoded keyframe. Raises ValueError on a wrong shape, hour or chroma."""

    gray: Gray
    """(180, 320) uint8"""
    chroma: float
    """mean |U-128| + |V-128| of the frame; below about 2 the picture is infrared or grey"""
    keyframe_sha: bytes
    """first 16 bytes of the SHA-256 of the compressed keyframe"""
    at: float
    """epoch seconds"""
    hour: int
    """local hour 0..23"""
    decode_errors: bool = False
    is_day: bool | None = None
    """sun above 6 degrees, where the caller knows"""
    p_frame_bytes: float | None = None
    """mean size of the P-frames seen in this look, if any"""

    def __post_init__(self) -> None:
        object.__setattr__(self, "gray", _checked_gray(self.gray))
        if not (isinstance(self.hour, int) and 0 <= self.hour <= 23):
            raise ValueError(f"hour is 0..23, got {self.hour!r}")
        if not (math.isfinite(self.chroma) and self.chroma >= 0):
            raise ValueError(f"chroma is a number from 0 up, got {self.chroma!r}")
        if not math.isfinite(self.at):
            raise ValueError(f"at is epoch seconds, got {self.at!r}")

    @property
    def is_light(self) -> bool:
        """Daylight, by the sun where known, else by the hour."""
        if self.is_day is not None:
            return self.is_day
        return DAY_HOURS[0] <= self.hour < DAY_HOURS[1]

    @property
    def is_mono(self) -> bool:
        return self.chroma < MONO_CHROMA


def mode_of(sight: Sight) -> str:
    """day, night_ir or night_colour. A grey picture by day (IR filter stuck, or a grey camera) is night_ir too."""
    if sight.is_mono:
        return NIGHT_IR
    return DAY if sight.is_light else NIGHT_COLOUR


def hour_bin(hour: int) -> int:
    """The 4-hour part of the day, 0..5."""
    return (hour % 24) // 4


_REFERENCE_HEAD = struct.Struct("<4sBBBd")
_REFERENCE_MAGIC = b"PTR1"


@dataclass(frozen=True, eq=False)
class Reference:
    """What this camera shows when all is well, in one mode and part of the day.

    `accepted` is an operator's word: the anchor that learning may never leave.
    """

    mode: str
    hour_bin: int
    gray: Gray
    accepted: bool
    taken_at: float
    """epoch seconds of the last look blended in"""

    def __post_init__(self) -> None:
        object.__setattr__(self, "gray", _checked_gray(self.gray))
        if self.mode not in MODES:
            raise ValueError(f"mode is one of {', '.join(MODES)}, got {self.mode!r}")
        if not (isinstance(self.hour_bin, int) and 0 <= self.hour_bin < HOUR_BINS):
            raise ValueError(f"hour_bin is 0..{HOUR_BINS - 1}, got {self.hour_bin!r}")
        if not math.isfinite(self.taken_at):
            raise ValueError(f"taken_at is epoch seconds, got {self.taken_at!r}")

    @classmethod
    def from_sight(cls, sight: Sight, *, accepted: bool) -> Reference:
        return cls(mode_of(sight), hour_bin(sight.hour), sight.gray, accepted, sight.at)

    @cached_property
    def stats(self) -> ReferenceScene:
        """Contours, blocks and spectrum of the picture, calculated once."""
        from .scene import ReferenceScene

        return ReferenceScene.of(self.gray)

    def to_bytes(self) -> bytes:
        """At most 40 KB. Lossless for camera pictures; one that cannot be packed so far gives up its lowest bits."""
        head = _REFERENCE_HEAD.pack(
            _REFERENCE_MAGIC, MODES.index(self.mode), self.hour_bin, self.accepted, self.taken_at
        )
        for bits_lost in range(8):
            kept = (self.gray >> bits_lost) << bits_lost
            # Differences of neighbours pack much better than grey values.
            packed = head + zlib.compress(np.diff(kept, axis=1, prepend=np.uint8(0)).tobytes(), 9)
            if len(packed) <= MAX_REFERENCE_BYTES:
                break
        return packed

    @classmethod
    def from_bytes(cls, raw: bytes) -> Reference:
        """Raises ValueError when the bytes are not a reference of this version."""
        try:
            magic, mode, at_bin, accepted, taken_at = _REFERENCE_HEAD.unpack_from(raw)
            if magic != _REFERENCE_MAGIC or mode >= len(MODES):
                raise ValueError("unknown head")
            unpacker = zlib.decompressobj()
            deltas = unpacker.decompress(raw[_REFERENCE_HEAD.size :], WIDTH * HEIGHT + 1)
            if len(deltas) != WIDTH * HEIGHT or not unpacker.eof:
                raise ValueError("wrong length")
        except (struct.error, zlib.error, ValueError, TypeError) as problem:
            raise ValueError(f"not a stored reference picture: {problem}") from problem
        gray = np.cumsum(np.frombuffer(deltas, np.uint8).reshape(HEIGHT, WIDTH), axis=1, dtype=np.uint8)
        return cls(MODES[mode], at_bin, gray, bool(accepted), taken_at)


@dataclass(frozen=True)
class Judgement:
    """What one look says. `memory` goes into the next look."""

    outcome: str
    """good, fault or unverified"""
    cause: str
    """code of the fault or of what prevents judging; empty when good (sentences: words.py)"""
    sure: bool
    """strong evidence: together with one repeat it is enough"""
    suspect: str | None
    """cause suspected on weak evidence, not (yet) confirmed by n of m looks; the outcome is good"""
    memory: Memory = field(repr=False)
    measures: Mapping[str, float] = field(default_factory=dict)
    """rounded numbers behind the judgement, JSON-able; names are explained in docs/picture-truth.md"""
    wants_another_keyframe: bool = False

    def measures_json(self) -> str:
        return json.dumps(dict(self.measures), sort_keys=True)
