"""Availability of many targets together, summed by the database instead of one by one.

Whole hours are sums over the running totals. What lies outside of them (since the last finished hour) is measured once
for all targets of a group that have been the same throughout, and one by one for the few that changed meanwhile.
The figures are exactly those of `queries.together` over `queries.availabilities`.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db.models import BigIntegerField, Count, ExpressionWrapper, F, Min, Q, QuerySet, Sum

from satukota.base import clock
from satukota.rules import availability as rule
from satukota.rules.availability import Availability, Interval, Intervals, Parts

from .history import History, Thing, silences_within, things_of, week_of
from .models import HourlyRollup, Target
from .parents import Family
from .rollups import COLUMNS, HOUR, last_totals, rolled_to

HOUR_S = 3600
Sums = dict[Hashable, Parts]  # by the value of the field the targets are grouped by


@dataclass
class _Group:
    """Targets that have been the same since the first moment that is not in the totals."""

    key: Hashable
    state: str
    week: rule.Week
    count: int


@dataclass
class _Town:
    """What is known of the targets: groups of equal ones, the others one by one, and since when any was watched."""

    groups: list[_Group] = field(default_factory=list)
    others: list[tuple[Thing, Hashable]] = field(default_factory=list)
    first_seen: dict[Hashable, datetime] = field(default_factory=dict)
    watched_by: Counter[int] = field(default_factory=Counter)  # second → targets first looked at before it


def whole_hours(lo: int, hi: int, done: datetime | None) -> Interval | None:
    """The finished hours between two moments that are in the totals, as seconds; None when there are none."""
    if done is None:
        return None
    start, end = -(-lo // HOUR_S) * HOUR_S, min(hi, rule.seconds(done)) // HOUR_S * HOUR_S
    return (start, end) if start < end else None


def edges_of(span: Interval, whole: Interval | None) -> list[Interval]:
    """What of the span is not in finished hours."""
    parts = [(span[0], whole[0]), (whole[1], span[1])] if whole else [span]
    return [(lo, hi) for lo, hi in parts if lo < hi]


def pieces_of(edges: Sequence[Sequence[Interval]]) -> list[list[Interval]]:
    """The edges of each span, cut where those of another span begin or end, so that equal pieces are measured once."""
    cuts = sorted({moment for each in edges for edge in each for moment in edge})
    return [[(lo, hi) for lo, hi in pairwise(cuts) if any(a <= lo and hi <= b for a, b in each)] for each in edges]


def together_by(
    targets: QuerySet[Target], spans: Sequence[tuple[datetime, datetime]], by: str = "kind"
) -> list[dict[Hashable, Availability]]:
    """For each span: the value of the field `by` → the availability of all targets that have it, nothing after now.

    Cheapest when spans begin on a whole hour. Seven queries, four more for maintenance and missing totals.
    """
    now, done = rule.seconds(clock.now()), rolled_to()
    asked = [(min(rule.seconds(lo), now), min(rule.seconds(hi), now)) for lo, hi in spans]
    wholes = [whole_hours(lo, hi, done) for lo, hi in asked]
    own = pieces_of([edges_of(span, whole) for span, whole in zip(asked, wholes, strict=True)])
    pieces = sorted({piece for each in own for piece in each}) or [(now - 1, now)]
    silences, moments = silences_within(pieces), {second for whole in wholes if whole for second in whole}
    town = _town(targets, pieces[0][0], by, silences[0].keys(), moments)
    measured = _measured(town, pieces, silences)
    totals = _totals(targets, moments, by, town.watched_by)
    found = []
    for span, whole, mine in zip(asked, wholes, own, strict=True):
        sums: Sums = defaultdict(Parts)
        if whole:
            for key, parts in totals[whole[1]].items():
                sums[key] += parts - totals[whole[0]].get(key, Parts())
        for piece in mine:
            for key, parts in measured[piece].items():
                sums[key] += parts
        found.append({key: _availability(sums[key], town.first_seen.get(key), span[1]) for key in _keys(town)})
    return found


def _keys(town: _Town) -> set[Hashable]:
    return {group.key for group in town.groups} | {key for _thing, key in town.others}


def _availability(parts: Parts, first_seen: datetime | None, end: int) -> Availability:
    seen = first_seen is not None and rule.seconds(first_seen) < end
    return rule.availability(parts, first_seen if seen else None)


def all_of(each: Iterable[Availability]) -> Availability:
    """Many as one: seconds added up, so the ratio weighs every required second alike."""
    parts, seen = Parts(), []
    for one in each:
        parts += Parts(one.required_s, one.up_s, one.degraded_s, one.down_s, one.unknown_s, one.maintenance_s)
        if one.observed_since is not None:
            seen.append(one.observed_since)
    return rule.availability(parts, min(seen, default=None))


def _town(targets: QuerySet[Target], since: int, by: str, worked_on: Iterable[int], moments: set[int]) -> _Town:
    """Two queries, one more when something is being worked on."""
    begin, town = rule.moment(since), _Town()
    quiet = Q(state_since=None) | Q(state_since__lt=begin)
    quiet &= Q(retired_on=None) & (Q(watched_from=None) | Q(watched_from__lte=begin))
    if covered := _covered(worked_on):
        quiet &= ~covered
    before = {f"by_{second}": Count("pk", filter=Q(watched_from__lt=rule.moment(second))) for second in moments}
    plain = targets.order_by().filter(quiet).values_list(by, "state", "required_hours")
    told = plain.annotate(n=Count("watched_from"), first=Min("watched_from"), **before)
    for key, state, hours, count, first, *watched in told:
        town.groups.append(_Group(key, state, week_of(hours), count))
        town.watched_by.update(dict(zip(moments, watched, strict=True)))
        _note_seen(town, key, first)
    town.others = things_of(targets.order_by().exclude(pk__in=targets.order_by().filter(quiet).values("pk")), by)
    for thing, key in town.others:
        if thing.watched_from is not None:
            _note_seen(town, key, thing.watched_from if thing.watched else None)
            town.watched_by.update(second for second in moments if thing.watched_from < rule.moment(second))
    return town


def _note_seen(town: _Town, key: Hashable, first: datetime | None) -> None:
    if first is not None:
        town.first_seen[key] = min(first, town.first_seen.get(key, first))


def _covered(worked_on: Iterable[int]) -> Q | None:
    """Targets under declared work, themselves or through what they hang on."""
    ids = set(worked_on)
    if not ids:
        return None
    family = Family.load()
    parents = set().union(*(family.at_or_below(pk) for pk in ids))
    return Q(pk__in=ids) | Q(link__in=parents) | Q(power__in=parents)


def _measured(
    town: _Town, pieces: Sequence[Interval], silences: tuple[dict[int, list[Interval]], Intervals]
) -> dict[Interval, Sums]:
    """What counts of each piece, by group. Up to two queries for those that changed within the pieces."""
    outages, zone = silences[1], clock.local_zone()
    changed = [thing for thing, _key in town.others]
    history = History(changed, pieces, silences=silences) if changed else None
    found: dict[Interval, Sums] = {}
    for lo, hi in pieces:
        sums: Sums = defaultdict(Parts)
        for group in town.groups:
            required = rule.required(group.week, lo, hi, zone)
            parts = rule.measure([rule.Span(lo, hi, group.state)], required=required, unknown=outages)
            sums[group.key] += Parts(*(seconds * group.count for seconds in parts))
        for thing, key in town.others:
            sums[key] += history.parts(thing.pk, lo, hi) if history is not None else Parts()
        found[lo, hi] = sums
    return found


def _totals(targets: QuerySet[Target], moments: set[int], by: str, watched_by: Counter[int]) -> dict[int, Sums]:
    """Totals up to each whole hour, by group. One query, two or three more where targets have none for an hour."""
    found: dict[int, Sums] = {moment: defaultdict(Parts) for moment in moments}
    if not moments:
        return found
    counted: Counter[int] = Counter()
    for second, key, count, parts in _hours(targets, moments, by):
        found[second][key] += parts
        counted[second] += count
    for second in moments:
        if counted[second] == watched_by[second]:
            continue
        moment = rule.moment(second)
        missing = targets.filter(watched_from__lt=moment).exclude(hours__hour=moment - HOUR)
        keys: dict[int, Hashable] = dict(missing.order_by().values_list("pk", by))
        for pk, parts in last_totals(list(keys), moment).items():
            found[second][keys[pk]] += parts
    return found


def _hours(targets: QuerySet[Target], moments: Iterable[int], by: str | None) -> Iterable[tuple[int, Any, int, Parts]]:
    """Second, value of `by`, number of targets and their totals up to that whole hour. One query.

    Without `by` all targets are one group (None), which spares the database a look at each target.
    """
    hours = [rule.moment(second) - HOUR for second in moments]
    # An expression instead of the column: SQLite would look every target up by itself, instead of reading whole hours
    # in their order, and take five times as long for thousands of targets.
    whose = ExpressionWrapper(F("target_id") + 0, output_field=BigIntegerField())
    rows = HourlyRollup.objects.filter(hour__in=hours).annotate(whose=whose).order_by()
    keys = ("hour", f"target__{by}") if by else ("hour",)
    sums = rows.filter(whose__in=targets.order_by().values("pk")).values(*keys).annotate(n=Count("pk"), **_SUMS)
    for hour, *told in sums.values_list(*keys, "n", *_SUMS):
        key, count, *totals = told if by else (None, *told)
        yield rule.seconds(hour + HOUR), key, count, Parts(*totals)


_SUMS = {f"sum_{name}": Sum(name) for name in COLUMNS}


@dataclass(frozen=True)
class Recent:
    """How targets did lately, in groups; for a page that tells all of it."""

    last_day: dict[Hashable, Availability]  # each group, over the last 24 hours, from a whole hour on
    whole: Availability  # all together, over the days, from a whole hour on
    days: list[tuple[datetime, float | None]]  # start of each local day, all together; None: not observed


def recent(targets: QuerySet[Target], at: datetime, days: int, by: str = "kind") -> Recent:
    """The last 24 hours and the last `days` local days up to `at`. Eight queries, more as `together_by`.

    Days in the totals are summed by the database; those that are not (today, at night also yesterday) are measured.
    The zone's days must begin on a whole hour of UTC.
    """
    today, done = clock.local(at).replace(hour=0, minute=0, second=0, microsecond=0), rolled_to()
    starts = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    each = [(start, start + timedelta(days=1)) for start in starts]
    rolled = [(lo, hi) for lo, hi in each if done and hi <= done]
    rest = [(lo, min(hi, at)) for lo, hi in each[len(rolled) :]]
    spans = [(hours_ago(at, 24), at), (hours_ago(at, 24 * days), at), *rest]
    last_day, whole, *measured = together_by(targets, spans, by)
    ratios = {lo: all_of(known.values()).ratio for (lo, _hi), known in zip(rest, measured, strict=True)}
    totals: dict[int, Parts] = defaultdict(Parts)
    edges = {rule.seconds(moment) for day in rolled for moment in day}
    for second, _key, _count, parts in _hours(targets, edges, None) if rolled else ():
        totals[second] += parts
    for lo, hi in rolled:
        ratios[lo] = rule.availability(totals[rule.seconds(hi)] - totals[rule.seconds(lo)], lo).ratio
    return Recent(last_day, all_of(whole.values()), [(lo, ratios.get(lo)) for lo in starts])


def hours_ago(at: datetime, hours: int) -> datetime:
    """The whole hour at or before that many hours ago: where a span begins that the totals answer alone."""
    return (at - timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0)
