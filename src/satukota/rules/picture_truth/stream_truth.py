"""Is the stream the one that was accepted: frame rate, picture size, codec, clock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class StreamSeen:
    """What one look measured. Size and codec from the decoded frame, never from SDP or ONVIF: those are promises."""

    width: int
    height: int
    codec: str
    fps: float | None = None
    """from `fps_of`; None when too few packets were seen"""
    clock_offset_s: float | None = None
    """camera minus our own clock, halved round trip taken out; None when the camera did not say"""


@dataclass(frozen=True)
class StreamExpected:
    """What the register accepted. None = nothing accepted, not judged."""

    width: int | None = None
    height: int | None = None
    codec: str | None = None
    fps: float | None = None
    """of this mode: a slow night shutter halves the rate legitimately"""


@dataclass(frozen=True)
class StreamPolicy:
    fps_share: float = 0.6
    clock_s: float = 60.0
    zone_tolerance_s: float = 120.0


@dataclass(frozen=True)
class StreamFinding:
    cause: str
    """low_fps, wrong_resolution, wrong_codec or clock_drift"""
    seen: str
    expected: str
    zone_hours: int = 0
    """for clock_drift: whole hours off, which is a time zone and not a drifting clock"""


DEFAULT = StreamPolicy()
_SAME_CODEC = {"avc": "h264", "avc1": "h264", "h265": "hevc", "hvc1": "hevc", "hev1": "hevc"}


def judge_stream(
    seen: StreamSeen, expected: StreamExpected, policy: StreamPolicy = DEFAULT
) -> tuple[StreamFinding, ...]:
    """Everything that differs from the register, worst first: size, codec, frame rate, clock. Empty is good."""
    found = (
        _size(seen, expected),
        _codec(seen, expected),
        _rate(seen, expected, policy),
        _clock(seen, policy),
    )
    return tuple(finding for finding in found if finding is not None)


def fps_of(seconds: Sequence[float]) -> float | None:
    """Frames a second from packet time stamps in order of arrival; None below 5 usable gaps.

    The mean of the gaps within 4 times their median: cameras set their clocks in the middle of a session, and single
    frames come stamped hours off, so span over count lies.
    """
    gaps = sorted(b - a for a, b in zip(seconds, seconds[1:], strict=False) if math.isfinite(b - a) and b > a)
    if len(gaps) < 5:
        return None
    median = gaps[len(gaps) // 2]
    usual = [gap for gap in gaps if gap <= 4 * median]
    return len(usual) / sum(usual) if sum(usual) > 0 else None


def _size(seen: StreamSeen, expected: StreamExpected) -> StreamFinding | None:
    if expected.width is None or expected.height is None:
        return None
    if (seen.width, seen.height) == (expected.width, expected.height):
        return None
    return StreamFinding("wrong_resolution", f"{seen.width}x{seen.height}", f"{expected.width}x{expected.height}")


def _codec(seen: StreamSeen, expected: StreamExpected) -> StreamFinding | None:
    if not expected.codec or _named(seen.codec) == _named(expected.codec):
        return None
    return StreamFinding("wrong_codec", _named(seen.codec), _named(expected.codec))


def _named(codec: str) -> str:
    name = codec.strip().lower().replace(".", "")
    return _SAME_CODEC.get(name, name)


def _rate(seen: StreamSeen, expected: StreamExpected, policy: StreamPolicy) -> StreamFinding | None:
    if seen.fps is None or not expected.fps or seen.fps >= policy.fps_share * expected.fps:
        return None
    return StreamFinding("low_fps", f"{seen.fps:.1f}", f"{expected.fps:.1f}")


def _clock(seen: StreamSeen, policy: StreamPolicy) -> StreamFinding | None:
    offset = seen.clock_offset_s
    if offset is None or not math.isfinite(offset) or abs(offset) <= policy.clock_s:
        return None
    hours = round(offset / 3600)
    is_zone = hours != 0 and abs(hours) <= 14 and abs(offset - hours * 3600) <= policy.zone_tolerance_s
    return StreamFinding("clock_drift", f"{offset:+.0f}", "0", hours if is_zone else 0)
