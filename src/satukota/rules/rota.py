"""Who sits when: shifts of a day, turns by longest rest, and rests that were too short."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

REST = timedelta(hours=11)  # between two shifts of one person; less is said aloud, never forbidden
PATTERNS: dict[str, tuple[tuple[int, int], ...]] = {  # (local hour of the start, hours)
    "two_12": ((8, 12), (20, 12)),
    "three_8": ((0, 8), (8, 8), (16, 8)),
}


@dataclass(frozen=True)
class Span:
    start: datetime
    end: datetime


def turns(
    spans: Sequence[Span], people: Sequence[int], need: int, is_away: Callable[[int, Span], bool],
    ended: Mapping[int, datetime],
) -> list[list[int]]:  # fmt: skip
    """For each span, in order of time, up to `need` of `people`: those whose last shift ended longest ago.

    `ended` tells when each last worked; who never did comes first, in the order of `people`. Nobody sits in two spans
    at once and nobody who is away is taken, so fewer than `need` may come out.
    """
    last = dict(ended)
    taken = []
    for span in spans:
        free = [one for one in people if not is_away(one, span) and (one not in last or last[one] <= span.start)]
        free.sort(key=lambda one: (one in last, last.get(one, span.start)))  # stable: equal ones keep their order
        chosen = free[:need]
        last |= dict.fromkeys(chosen, span.end)
        taken.append(chosen)
    return taken


def short_rests(spans: Iterable[Span], rest: timedelta = REST) -> dict[datetime, timedelta]:
    """Start of a span → the rest before it, where that was too short; below zero where two overlap."""
    ordered = sorted(spans, key=lambda span: (span.start, span.end))
    short: dict[datetime, timedelta] = {}
    for before, after in zip(ordered, ordered[1:], strict=False):
        gap = after.start - before.end
        if gap < rest:
            short[after.start] = gap
    return short
