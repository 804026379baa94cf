"""Replay of a recording over RTSP (ONVIF Streaming Specification, chapter 6): what is asked, and when a picture was.

Moments are epoch seconds by the recorder's clock.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime

NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970
REQUIRE = "Require: onvif-replay\r\n"
_EXTENSION = struct.Struct(">HHIIB")
_END, _DISCONTINUITY, _TERMINAL = 0x40, 0x20, 0x10
_CLOCK = re.compile(r"clock=(\d{8}T\d{6}(?:\.\d{1,9})?)Z", re.IGNORECASE)


@dataclass(frozen=True)
class Span:
    """What to replay, as fast as it can be read."""

    since: float
    until: float

    @property
    def headers(self) -> str:
        return f"{REQUIRE}Range: clock={_told(self.since)}-{_told(self.until)}\r\nRate-Control: no\r\n"


def required(span: Span | None) -> str:
    return REQUIRE if span is not None else ""


@dataclass(frozen=True, slots=True)
class Mark:
    """What the extension 0xABAC says of a picture."""

    at: float
    is_last: bool = False
    """before a gap, or of all"""
    is_after_gap: bool = False


def mark_in(packet: memoryview) -> Mark | None:
    """Of an RTP packet with an extension (its X bit is set)."""
    start = 12 + 4 * (packet[0] & 15)
    if len(packet) < start + _EXTENSION.size:
        return None
    kind, words, seconds, fraction, flags = _EXTENSION.unpack_from(packet, start)
    if kind != 0xABAC or words < 3:
        return None
    at = seconds - NTP_EPOCH + fraction / 2**32
    return Mark(at, bool(flags & (_END | _TERMINAL)), bool(flags & _DISCONTINUITY))


def began_at(told: str) -> float | None:
    """The moment in the Range of an answer to PLAY: recorders without the extension say only this."""
    found = _CLOCK.search(told)
    if found is None:
        return None
    text, _dot, fraction = found[1].partition(".")
    try:
        whole = datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
    return whole + (float(f"0.{fraction}") if fraction else 0.0)


def _told(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3] + "Z"
