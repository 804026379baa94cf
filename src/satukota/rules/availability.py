"""How much of the required time a thing worked, from what was seen of it. Pure: no database, no clock.

Moments are aware datetimes outside and whole seconds since 1970 (UTC) inside; every boundary is floored to the second,
so sums are exact, parts always add up to the whole, and sums of hours equal the sum over the whole span.

Where two things are true of one second, the first of these counts: not required, maintenance, unknown, the state seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

Interval = tuple[int, int]  # [start, end) in seconds since 1970
Intervals = list[Interval]  # sorted, disjoint, none empty

UP, DEGRADED, DOWN, UNKNOWN = "up", "degraded", "down", "unknown"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Span(NamedTuple):
    """The state from `start` up to `end` (seconds since 1970)."""

    start: int
    end: int
    state: str


class Parts(NamedTuple):
    """Seconds of a span, by what counts for them. required_s is the sum of the other five."""

    required_s: int = 0
    up_s: int = 0
    degraded_s: int = 0
    down_s: int = 0
    unknown_s: int = 0
    maintenance_s: int = 0

    def __add__(self, other: "Parts") -> "Parts":  # type: ignore[override]  # seconds are added, not joined
        return Parts(
            self.required_s + other.required_s, self.up_s + other.up_s, self.degraded_s + other.degraded_s,
            self.down_s + other.down_s, self.unknown_s + other.unknown_s, self.maintenance_s + other.maintenance_s,
        )  # fmt: skip

    def __sub__(self, other: "Parts") -> "Parts":
        return Parts(
            self.required_s - other.required_s, self.up_s - other.up_s, self.degraded_s - other.degraded_s,
            self.down_s - other.down_s, self.unknown_s - other.unknown_s, self.maintenance_s - other.maintenance_s,
        )  # fmt: skip


class Availability(NamedTuple):
    """up ÷ (required − maintenance − unknown), or None and the reason why that cannot be said.

    Reasons: never_seen, not_required, all_maintenance, all_unknown. Degraded time is required time that was not up.
    """

    ratio: float | None
    reason: str
    required_s: int
    up_s: int
    degraded_s: int
    down_s: int
    unknown_s: int
    maintenance_s: int
    observed_since: datetime | None  # nothing is claimed about the time before


@dataclass(frozen=True)
class Bin:
    """One cell of a strip. The seconds add up to its length; required hours play no part here."""

    starts_at: datetime
    ends_at: datetime
    up_s: int
    degraded_s: int
    down_s: int
    unknown_s: int
    maintenance_s: int
    unwatched_s: int  # before the first look, or still to come


def seconds(moment: datetime) -> int:
    """Whole seconds since 1970, floored."""
    return int(moment.timestamp() // 1)


def moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def joined(intervals: Iterable[Interval]) -> Intervals:
    """Sorted and disjoint, whatever the order and the overlaps; empty and backward ones are dropped."""
    result: Intervals = []
    for start, end in sorted(intervals):
        if start >= end:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def within(left: Intervals, right: Intervals) -> Intervals:
    """What lies in both."""
    result: Intervals = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            result.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return result


def without(left: Intervals, right: Intervals) -> Intervals:
    """What lies in `left` and not in `right`."""
    result: Intervals = []
    j = 0
    for start, end in left:
        while j < len(right) and right[j][1] <= start:
            j += 1
        k = j
        while k < len(right) and right[k][0] < end:
            if right[k][0] > start:
                result.append((start, right[k][0]))
            start = max(start, right[k][1])
            k += 1
        if start < end:
            result.append((start, end))
    return result


def length(intervals: Intervals) -> int:
    return sum(end - start for start, end in intervals)


Week = tuple[tuple[str, str, str], ...]  # (("mon", "06:00", "22:00"), …)


def read_week(rows: Sequence[Sequence[str]]) -> Week:
    """Required hours as stored: [["mon", "06:00", "22:00"], …] local; "24:00" ends a day, an end at or before its
    start lies on the next day. Empty means always. Raises ValueError for anything else."""
    week = []
    for row in rows:
        if len(row) != 3 or row[0] not in DAYS:
            raise ValueError(f"not a day with its hours: {row!r}")
        _minutes(row[1])
        _minutes(row[2])
        week.append((str(row[0]), str(row[1]), str(row[2])))
    return tuple(week)


def _minutes(clock: str) -> int:
    if clock == "24:00":
        return 24 * 60
    at = time.fromisoformat(clock)
    return at.hour * 60 + at.minute


@lru_cache(maxsize=1024)
def _required(week: Week, since: int, until: int, zone: tzinfo) -> tuple[Interval, ...]:
    if not week:
        return tuple(joined([(since, until)]))
    first = moment(since).astimezone(zone).date() - timedelta(days=1)
    last = moment(until).astimezone(zone).date()
    hours: list[Interval] = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        for name, opens, closes in week:
            if DAYS[day.weekday()] == name:
                start, end = _minutes(opens), _minutes(closes)
                hours.append((_local(day, start, zone), _local(day, end + (1440 if end <= start else 0), zone)))
    return tuple(within(joined(hours), joined([(since, until)])))


def _local(day: date, minutes: int, zone: tzinfo) -> int:
    """That many minutes after local midnight by the wall clock, also over a change of the clock."""
    days, minutes = divmod(minutes, 1440)
    at = datetime.combine(day + timedelta(days=days), time(minutes // 60, minutes % 60), zone)
    return seconds(at)


def required(week: Week, since: int, until: int, zone: tzinfo) -> Intervals:
    """The required time between two moments, by the local wall clock of `zone`."""
    return list(_required(week, since, until, zone))


def measure(
    spans: Iterable[Span],
    *,
    required: Intervals,
    maintenance: Iterable[Interval] = (),
    unknown: Iterable[Interval] = (),
) -> Parts:
    """Seconds of `required` by what counts. Time no span speaks of is unknown; spans must not overlap.

    `maintenance` and `unknown` (our own line lost, nobody looking) may overlap and come in any order.
    """
    worked_on = within(required, joined(maintenance))
    open_time = without(required, worked_on)
    seen = without(open_time, joined(unknown))
    by_state: dict[str, Intervals] = {UP: [], DEGRADED: [], DOWN: []}
    for span in spans:
        if span.state in by_state:
            by_state[span.state].append((span.start, span.end))
    up, degraded, down = (length(within(seen, joined(by_state[state]))) for state in (UP, DEGRADED, DOWN))
    return Parts(
        required_s=length(required),
        up_s=up,
        degraded_s=degraded,
        down_s=down,
        unknown_s=length(open_time) - up - degraded - down,
        maintenance_s=length(worked_on),
    )


def availability(parts: Parts, observed_since: datetime | None) -> Availability:
    """The ratio of `parts`, or the reason why there is none. `observed_since` None: nobody ever looked."""
    counted = parts.required_s - parts.maintenance_s - parts.unknown_s
    ratio, reason = (parts.up_s / counted, "") if counted > 0 else (None, _reason(parts, observed_since))
    return Availability(
        ratio, reason, parts.required_s, parts.up_s, parts.degraded_s, parts.down_s, parts.unknown_s,
        parts.maintenance_s, observed_since,
    )  # fmt: skip


def _reason(parts: Parts, observed_since: datetime | None) -> str:
    if observed_since is None:
        return "never_seen"
    if parts.required_s == 0:
        return "not_required"
    return "all_unknown" if parts.unknown_s else "all_maintenance"


def strip(
    spans: Sequence[Span], *, since: int, until: int, bins: int, watched: Interval | None,
    maintenance: Iterable[Interval] = (), unknown: Iterable[Interval] = (),
) -> list[Bin]:  # fmt: skip
    """`bins` cells of equal length (to the second) from `since` to `until`; `watched` is the time that can be known.

    Raises ValueError when the span is empty or has fewer seconds than cells.
    """
    if bins < 1 or until - since < bins:
        raise ValueError("a strip needs at least one second per cell")
    edges = [since + (until - since) * i // bins for i in range(bins + 1)]
    maintenance, unknown = joined(maintenance), joined(unknown)
    cells, first = [], 0
    for start, end in zip(edges, edges[1:], strict=False):
        known = joined([(max(start, watched[0]), min(end, watched[1]))]) if watched else []
        while first < len(spans) and spans[first].end <= start:
            first += 1
        inside = []
        for span in spans[first:]:
            if span.start >= end:
                break
            inside.append(span)
        part = measure(inside, required=known, maintenance=maintenance, unknown=unknown)
        cells.append(
            Bin(
                moment(start), moment(end), part.up_s, part.degraded_s, part.down_s, part.unknown_s,
                part.maintenance_s, end - start - part.required_s,
            )
        )  # fmt: skip
    return cells
