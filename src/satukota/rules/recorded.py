"""What a recorder holds of a camera, reckoned from what it told: pieces that lack, and pieces nobody knows of.

Moments are epoch seconds. What was never told stays unknown: it counts neither as held nor as lacking.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Span = tuple[float, float]


@dataclass(frozen=True)
class Told:
    """One change: from `at` on there are pictures, or there are none."""

    at: float
    is_present: bool


@dataclass(frozen=True)
class Parts:
    held_s: float = 0.0
    gap_s: float = 0.0
    unknown_s: float = 0.0


def gaps(changes: Iterable[Told], until: float) -> tuple[float | None, list[Span]]:
    """(from when on it is known, pieces without pictures up to `until`), None when nothing was told.

    The first change is the state the search began with; the same state told twice is told once.
    """
    known = sorted((one for one in changes if one.at < until), key=lambda one: one.at)
    if not known:
        return None, []
    found: list[Span] = []
    lacking: float | None = None
    for one in known:
        if not one.is_present and lacking is None:
            lacking = one.at
        elif one.is_present and lacking is not None:
            if one.at > lacking:
                found.append((lacking, one.at))
            lacking = None
    if lacking is not None:
        found.append((lacking, until))
    return known[0].at, found


def parts(known: Span | None, lacking: Sequence[Span], since: float, until: float) -> Parts:
    """How much of this time is held, lacking and unknown; the three make up all of it."""
    whole = max(0.0, until - since)
    if known is None:
        return Parts(unknown_s=whole)
    start, end = max(known[0], since), min(known[1], until)
    if end <= start:
        return Parts(unknown_s=whole)
    gap_s = sum(max(0.0, min(b, end) - max(a, start)) for a, b in joined(lacking))
    return Parts(end - start - gap_s, gap_s, whole - (end - start))


def strip(known: Span | None, lacking: Sequence[Span], since: float, until: float, bars: int) -> list[Parts]:
    """The same for `bars` pieces of equal length."""
    step = (until - since) / bars
    return [parts(known, lacking, since + n * step, since + (n + 1) * step) for n in range(bars)]


def joined(spans: Iterable[Span]) -> list[Span]:
    """In order, those that touch or overlap made one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif end > start:
            found.append((start, end))
    return found


def within(spans: Iterable[Span], since: float, until: float) -> list[Span]:
    """What of the spans lies in this time."""
    return [(max(a, since), min(b, until)) for a, b in joined(spans) if b > since and a < until]
