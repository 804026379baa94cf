"""Whole pictures to messages for watchers: one opening, then one message a picture.

A message is bytes. Opening: 1, length of the facts (u32), facts (JSON), initialisation segment. Picture: 2, flags
(1: key), moment of arrival (f64, epoch seconds), media time (f64, seconds), then the fragment.
"""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import dataclass, field

from ..rtsp import AccessUnit, nal
from ..rtsp.jpeg import size_of
from . import fmp4
from .wire import frame_of

PICTURE_HEAD = struct.Struct(">BBdd")
LONGEST_STEP = 10 * fmp4.TIMESCALE  # between two pictures; more is a jump of the camera's clock
USUAL_STEP = fmp4.TIMESCALE // 15


class Message:
    """What watchers get, kept once: as the WebSocket frame that goes to all of them."""

    __slots__ = ("_start", "frame", "is_key", "is_opening", "size")

    def __init__(self, content: bytes, *, is_opening: bool = False, is_key: bool = False) -> None:
        self.frame, self._start = frame_of(content)
        self.size = len(content)
        self.is_opening, self.is_key = is_opening, is_key

    @property
    def content(self) -> bytes:
        return self.frame[self._start :]


@dataclass(frozen=True)
class LastKey:
    """The newest key picture, for whoever needs a still."""

    codec: str
    content: bytes = field(repr=False)
    """Annex B with its parameter sets, or a JPEG"""
    slices: tuple[bytes, ...] = field(repr=False)
    size: tuple[int, int] | None
    at: float
    """epoch seconds of its arrival"""


class Packer:
    """Begins at a key picture; after a loss or junk it waits for the next one, because what follows shows smears."""

    def __init__(self, codec: str, clock_hz: int = fmp4.TIMESCALE) -> None:
        self.codec, self._clock_hz = codec, clock_hz
        self.key: LastKey | None = None
        self.opened: fmp4.Opening | None = None
        self.broken = 0
        self._sets: list[bytes] = []
        self._is_waiting = True
        self._number = 0
        self._last_rtp: int | None = None
        self._shown = 0  # presentation time of the newest picture
        self._decoded = -1  # decoding time of it
        self._step = USUAL_STEP

    @property
    def media_s(self) -> float:
        """Of the newest picture, by the camera's time since the stream began."""
        return self._shown / fmp4.TIMESCALE

    def pack(self, unit: AccessUnit, at: float) -> list[Message]:
        """`at`: when the picture was whole, epoch seconds."""
        if unit.lost or (self._is_waiting and not unit.is_key):
            self.broken += unit.lost
            self._is_waiting = True
            return []
        opening = []
        if unit.is_key:
            try:
                opening = self._open(unit)
            except ValueError:
                self.broken += 1
                self._is_waiting = True
                return []
            self._remember(unit, at)
        self._is_waiting = False
        return [*opening, self._picture(unit, at)]

    def _open(self, unit: AccessUnit) -> list[Message]:
        """A new opening when the parameter sets changed: another size, another profile."""
        opened = self._opened_anew(unit)
        if opened is None:
            return []
        self.opened, self._sets = opened, unit.sets
        facts = {
            "codec": self.opened.codec, "width": self.opened.width, "height": self.opened.height,
            "record": base64.b64encode(self.opened.record).decode(), "sample_at": fmp4.SAMPLE_AT,
        }  # fmt: skip
        told = json.dumps(facts).encode()
        content = b"\x01" + struct.pack(">I", len(told)) + told + self.opened.segment
        return [Message(content, is_opening=True)]

    def _opened_anew(self, unit: AccessUnit) -> fmp4.Opening | None:
        """None while the old opening holds. Raises ValueError."""
        if self.codec == "jpeg":
            size = size_of(unit.slices[0])
            if size is None:
                raise ValueError("no readable frame header")
            same = self.opened is not None and (self.opened.width, self.opened.height) == size
            return None if same else fmp4.opening_of_stills(*size)
        same = self.opened is not None and unit.sets == self._sets
        return None if same else fmp4.opening(self.codec, unit.sets)

    def _remember(self, unit: AccessUnit, at: float) -> None:
        is_still = self.codec == "jpeg"
        content = unit.slices[0] if is_still else nal.annex_b([*unit.sets, *unit.slices])
        size = (self.opened.width, self.opened.height) if self.opened else None
        self.key = LastKey(self.codec, content, tuple(unit.slices), size, at)

    def _picture(self, unit: AccessUnit, at: float) -> Message:
        self._advance(unit.rtp_time)
        self._number += 1
        shift = self._shown - self._decoded
        body = fmp4.fragment(
            self._number, self._decoded, self._step, unit.slices, is_key=unit.is_key, shift=shift,
            framed=self.codec != "jpeg",
        )  # fmt: skip
        head = PICTURE_HEAD.pack(2, unit.is_key, at, self._shown / fmp4.TIMESCALE)
        return Message(head + body, is_key=unit.is_key)

    def _advance(self, rtp_time: int) -> None:
        """The camera's clock, made to go on: it wraps at 32 bits, jumps, and goes back where pictures refer ahead."""
        if self._last_rtp is not None:
            step = (rtp_time - self._last_rtp + 2**31) % 2**32 - 2**31
            step = step * fmp4.TIMESCALE // self._clock_hz
            if abs(step) > LONGEST_STEP or step == 0:
                step = self._step
            self._shown += step
            if step > 0:
                self._step = step
        self._last_rtp = rtp_time
        self._decoded = max(self._decoded + 1, self._shown)
