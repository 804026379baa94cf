"""What was known of targets over spans of time, read in a fixed number of queries. For queries and roll-ups."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.db.models import BigIntegerField, F, OuterRef, Q, QuerySet, Subquery, Value

from satukota.base import clock
from satukota.rules import availability as rule
from satukota.rules.availability import Interval, Intervals, Parts, Span

from .models import MaintenanceWindow, StatusChange, Target, UplinkOutage
from .parents import Family


@dataclass(slots=True)
class Thing:
    """A target as far as its history goes; moments in seconds since 1970."""

    pk: int
    state: str
    since: datetime | None
    watched_from: datetime | None
    watched: Interval | None  # [first look, retired) or None when nobody ever looked
    week: rule.Week
    link_id: int | None
    power_id: int | None


Change = tuple[int, str, str]  # second, was, now
NOTHING = Parts()
MOST_NAMED = 1000  # more ids than this cost the database longer to look up than the rows it would leave out


def among(rows: QuerySet[Any], field: str, ids: Collection[int]) -> QuerySet[Any]:
    """The rows of `ids`, or all rows when they are so many that the caller had better pick."""
    return rows.filter(**{f"{field}__in": ids}) if len(ids) <= MOST_NAMED else rows


class History:
    """Spans of states, maintenance and blind time of `ids` within `ranges` ([start, end) in seconds, disjoint)."""

    def __init__(
        self, ids: Collection[int] | Sequence[Thing], ranges: Sequence[Interval], *,
        silences: tuple[dict[int, list[Interval]], Intervals] | None = None,
    ) -> None:  # fmt: skip
        """Things instead of ids, and `silences_within` the ranges, when the caller knows them already."""
        self.zone = clock.local_zone()
        known = [one for one in ids if isinstance(one, Thing)]
        self.things = {thing.pk: thing for thing in known or _things([one for one in ids if isinstance(one, int)])}
        self.ranges = list(ranges)
        self._changes = _changes(self.things.keys(), ranges)
        self._windows, self.outages = silences or silences_within(ranges)
        self._family = Family.load() if self._windows else Family([])
        self._states_then = self._states_at_ends()
        self._flat: dict[tuple[int, int, str], tuple[Span, ...]] = {}
        self._measured: dict[Any, Parts] = {}

    def spans(self, pk: int, lo: int, hi: int) -> list[Span]:
        """States of one target over one of the ranges; adds up to the range."""
        changes = self._changes.get((pk, lo), ())
        if not changes:
            return list(self._unchanged(pk, lo, hi))
        spans, start, state = [], lo, changes[0][1]
        for second, _was, now in changes:
            if second > start:
                spans.append(Span(start, second, state))
            start, state = max(start, second), now
        return [*spans, Span(start, hi, state)] if start < hi else spans

    def maintenance(self, pk: int) -> Intervals:
        """Declared work on the target or on anything above it."""
        if not self._windows:
            return []
        thing = self.things[pk]
        covering = [pk, *self._family.above(thing.link_id, thing.power_id)]
        return rule.joined(window for one in covering for window in self._windows.get(one, ()))

    def parts(self, pk: int, lo: int, hi: int) -> Parts:
        """What counts of one range, for the time the target was watched. Equal histories are measured once."""
        thing = self.things[pk]
        if thing.watched is None:
            return NOTHING
        start, end = max(lo, thing.watched[0]), min(hi, thing.watched[1])
        if start >= end:
            return NOTHING
        if self._windows or (pk, lo) in self._changes:
            spans, maintenance = tuple(self.spans(pk, lo, hi)), tuple(self.maintenance(pk))
        else:
            spans, maintenance = self._unchanged(pk, lo, hi), ()
        key = (start, end, thing.week, spans, maintenance)
        found = self._measured.get(key)
        if found is None:
            required = rule.required(thing.week, start, end, self.zone)
            found = rule.measure(spans, required=required, maintenance=maintenance, unknown=self.outages)
            self._measured[key] = found
        return found

    def _unchanged(self, pk: int, lo: int, hi: int) -> tuple[Span, ...]:
        """The one span of a target that did not change within the range; equal ones are the same object."""
        state = self._states_then[hi].get(pk, self.things[pk].state)
        key = (lo, hi, state)
        if key not in self._flat:
            self._flat[key] = (Span(lo, hi, state),)
        return self._flat[key]

    def _states_at_ends(self) -> dict[int, dict[int, str]]:
        """By end of range: the state then of those that changed only after the range; the others are as now."""
        later = {
            end: [
                pk for pk, thing in self.things.items()
                if thing.since is not None and thing.since >= end and (pk, lo) not in self._changes
            ]
            for lo, end in ((lo, rule.moment(hi)) for lo, hi in self.ranges)
        }  # fmt: skip
        return {rule.seconds(moment): states for moment, states in states_before(later).items()}


def states_before(later: Mapping[datetime, Collection[int]]) -> dict[datetime, dict[int, str]]:
    """By moment: the state just before it of the named targets that changed at or after it. One query."""
    found: dict[datetime, dict[int, str]] = {moment: {} for moment in later}
    moments = [moment for moment, ids in later.items() if ids]
    if not moments:
        return found
    columns = {f"then_{number}": Subquery(_next_was(moment)) for number, moment in enumerate(moments)}
    everyone = set().union(*later.values())
    named = among(Target.objects.annotate(**columns).order_by(), "pk", everyone)
    for pk, *states in named.values_list("pk", *columns):
        for moment, state in zip(moments, states, strict=True):
            if state and pk in everyone:
                found[moment][pk] = state
    return found


def _next_was(moment: datetime) -> QuerySet[StatusChange]:
    changes = StatusChange.objects.filter(target=OuterRef("pk"), at__gte=moment).order_by("at", "pk")
    return changes.values("was")[:1]


def _things(ids: Collection[int]) -> list[Thing]:
    wanted = set(ids)
    return [thing for thing, pk in things_of(among(Target.objects.order_by(), "pk", ids), "pk") if pk in wanted]


def things_of(targets: QuerySet[Target], field: str) -> list[tuple[Thing, Any]]:
    """The targets as far as their history goes, each with its value of `field`. One query."""
    columns = ("pk", "state", "state_since", "watched_from", "retired_on", "required_hours", "link_id", "power_id")
    weeks: dict[str, rule.Week] = {}
    things, zone = [], clock.local_zone()
    for pk, state, since, watched_from, retired_on, hours, link, power, value in (
        targets.annotate(told=F(field)).values_list(*columns, "told")
    ):  # fmt: skip
        key = str(hours)
        if key not in weeks:
            weeks[key] = week_of(hours)
        end = 2**40
        if retired_on is not None:  # from that day on nothing is claimed
            end = rule.seconds(datetime.combine(retired_on, time(), zone))
        begin = rule.seconds(watched_from) if watched_from else end
        watched = (begin, end) if begin < end else None
        things.append((Thing(pk, state, since, watched_from, watched, weeks[key], link, power), value))
    return things


def week_of(hours: Any) -> rule.Week:
    """Hours nobody can read count as always: a typing mistake must not make a thing free of duty."""
    try:
        return rule.read_week(hours)
    except (ValueError, TypeError):
        return ()


def _overlapping(ranges: Sequence[Interval]) -> tuple[datetime, datetime]:
    return rule.moment(min(lo for lo, _hi in ranges)), rule.moment(max(hi for _lo, hi in ranges))


def silences_within(ranges: Sequence[Interval]) -> tuple[dict[int, list[Interval]], Intervals]:
    """Declared work by the target it was declared on, and the spans in which we could not see. One query."""
    since, until = _overlapping(ranges)
    work = MaintenanceWindow.objects.filter(ends_at__gt=since, starts_at__lt=until).order_by()
    blind = UplinkOutage.objects.filter(Q(back_at=None) | Q(back_at__gt=since), lost_at__lt=until).order_by()
    blind = blind.annotate(nobody=Value(None, output_field=BigIntegerField()))
    windows: dict[int, list[Interval]] = defaultdict(list)
    outages = []
    rows = work.values_list("target_id", "starts_at", "ends_at")
    for pk, start, end in rows.union(blind.values_list("nobody", "lost_at", "back_at"), all=True):
        span = (rule.seconds(start), rule.seconds(end or until))
        outages.append(span) if pk is None else windows[pk].append(span)
    return dict(windows), rule.joined(outages)


def _changes(ids: Collection[int], ranges: Sequence[Interval]) -> dict[tuple[int, int], list[Change]]:
    """By target and start of range, oldest first."""
    inside = Q()
    for lo, hi in ranges:
        inside |= Q(at__gte=rule.moment(lo), at__lt=rule.moment(hi))
    rows = among(StatusChange.objects.filter(inside).order_by("at", "pk"), "target", ids)
    found: dict[tuple[int, int], list[Change]] = defaultdict(list)
    for pk, at, was, now in rows.values_list("target_id", "at", "was", "now"):
        if pk not in ids:
            continue
        second = rule.seconds(at)
        start = next(lo for lo, hi in ranges if lo <= second < hi)
        found[pk, start].append((second, was, now))
    return dict(found)
