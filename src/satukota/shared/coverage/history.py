"""How much was seen over time, minute by minute, from the status changes; and a row per day, kept for years.

A day is counted with the views as they are measured when it is counted: what a camera had in sight last year, before
it was turned, is not kept. Days once stored stay as they were said; `count_days` counts them anew when a person asks.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
from django.db import transaction
from django.db.models import Min

from satukota.base import clock
from satukota.rules import availability as rule
from satukota.rules.availability import Intervals
from satukota.shared.monitoring.history import History
from satukota.shared.monitoring.models import Target

from .board import Board, Live, Roll, board
from .counting import WHOLE, Layer
from .models import CurrentCoverage, DailyShare, PointSet

LIGHT_STEP_S = 300  # how finely dusk and dawn are looked for
SETTLE = timedelta(minutes=5)  # looks of the day before are stored by then
DAYS_AT_ONCE = 7
ABLE, WORKING, DOUBTED, REQUIRED = range(4)


@dataclass(frozen=True)
class Over:
    """Shares of one area over a span, each second weighing alike; None where there is no weight or nobody looked."""

    able: float | None
    seen: float | None
    seen_required: float | None  # over the time in which somebody had to watch
    doubted: float | None
    weight_share: float  # of the city's weight


@dataclass(frozen=True)
class Span:
    """What a span of time came to. `watched_s` of it were observed at all."""

    kota: Over
    areas: dict[int, Over]
    watched_s: int


Edges = dict[int, list[tuple[int, int, bool]]]  # second → (target, which set, whether it enters)


def over(since: datetime, until: datetime) -> Span | None:
    """The shares between two moments, nothing after now; None before the first measuring or for an empty span."""
    here = board()
    lo, hi = rule.seconds(since), min(rule.seconds(until), rule.seconds(clock.now()))
    if here is None or lo >= hi:
        return None
    history = History([seat.target_id for seat in here.seats], [(lo, hi)])
    watched = [thing.watched for thing in history.things.values() if thing.watched]
    first = min((start for start, _end in watched), default=hi)
    if first >= hi:
        return _summed(here, [], 0)
    lo_known = max(lo, first)
    edges = _edges(here, history, lo, hi, lo_known)
    return _summed(here, list(_pieces(here, edges, lo_known, hi)), hi - lo_known)


def _edges(here: Board, history: History, lo: int, hi: int, known: int) -> Edges:
    """When who enters and leaves which set. `known`: nothing is claimed about the time before."""
    found: Edges = defaultdict(list)
    zone = clock.local_zone()
    for seat in here.seats:
        thing = history.things.get(seat.target_id)
        if thing is None or thing.watched is None or seat.lacks:
            continue
        in_service = rule.joined([(max(known, thing.watched[0]), min(hi, thing.watched[1]))])
        able = rule.within(in_service, rule.required(seat.hours, known, hi, zone))
        good = [(s.start, s.end) for s in history.spans(thing.pk, lo, hi) if s.state in (rule.UP, rule.DEGRADED)]
        down = [(s.start, s.end) for s in history.spans(thing.pk, lo, hi) if s.state == rule.DOWN]
        visible = rule.without(able, history.outages)
        working = rule.within(visible, rule.joined(good))
        doubted = rule.without(able, rule.joined([*working, *rule.within(visible, rule.joined(down))]))
        required = rule.within(able, rule.required(thing.week, known, hi, zone))
        for which, intervals in ((ABLE, able), (WORKING, working), (DOUBTED, doubted), (REQUIRED, required)):
            _note(found, seat.target_id, which, intervals)
    return found


def _note(edges: Edges, pk: int, which: int, intervals: Intervals) -> None:
    for start, end in intervals:
        edges[start].append((pk, which, True))
        edges[end].append((pk, which, False))


def _lights(here: Board, lo: int, hi: int) -> list[tuple[int, str]]:
    """(second, light) from which it is so, the first at `lo`."""
    found = [(lo, here.light_at(rule.moment(lo)))]
    for second in range(lo + LIGHT_STEP_S, hi, LIGHT_STEP_S):
        light = here.light_at(rule.moment(second))
        if light != found[-1][1]:
            found.append((second, light))
    return found


@dataclass(frozen=True)
class _Piece:
    """Sums by area over some seconds in which nothing changed: able, seen, maybe, duty, seen on duty."""

    seconds: int
    sums: np.ndarray


def _pieces(here: Board, edges: Edges, lo: int, hi: int) -> Iterable[_Piece]:
    lights = dict(_lights(here, lo, hi))
    moments = sorted({lo, hi, *lights, *(second for second in edges if lo <= second < hi)})
    sets: list[set[int]] = [set(), set(), set(), set()]
    counters: dict[str, _Counter] = {}
    light = lights[lo]
    for start, end in zip(moments, moments[1:], strict=False):
        light = lights.get(start, light)
        turns = sorted(edges.get(start, ()), key=lambda turn: turn[2])  # what leaves first: it may enter again
        for pk, which, enters in turns:
            (sets[which].add if enters else sets[which].discard)(pk)
        if light not in counters:
            counters[light] = _Counter(here, light)
        yield _Piece(end - start, counters[light].sums(sets))


class _Counter:
    """Layers of one light that follow the sets."""

    def __init__(self, here: Board, light: str) -> None:
        self.here, self.live = here, Live(here, light)
        self.duty: Layer = here.layer(light)
        self.on_duty: Layer = here.layer(light)

    def sums(self, sets: Sequence[set[int]]) -> np.ndarray:
        """(5, areas) in units × WHOLE."""
        able, working, doubted, required = sets
        self.live.settle(Roll(frozenset(able), frozenset(working), frozenset(doubted)))
        self.duty.settle(self.here.numbers(required))
        self.on_duty.settle(self.here.numbers(required & working))
        layers = (self.live.able, self.live.working, self.live.maybe, self.duty, self.on_duty)
        areas = max(1, len(self.here.areas))
        return np.stack([layer.sums.reshape(areas, -1).sum(axis=1) for layer in layers])


def _summed(here: Board, pieces: Sequence[_Piece], watched_s: int) -> Span:
    areas = max(1, len(here.areas))
    total = here.totals.reshape(areas, -1).sum(axis=1).astype(float)
    sums = np.zeros((5, areas))
    for piece in pieces:
        sums += piece.sums.astype(float) * piece.seconds
    city = float(total.sum())
    by_area = {
        int(area): _over(float(total[n]), sums[:, n], watched_s, city)
        for n, area in enumerate(here.areas) if area >= 0
    }  # fmt: skip
    return Span(_over(city, sums.sum(axis=1), watched_s, city), by_area, watched_s)


def _over(total: float, sums: np.ndarray, seconds: int, city: float) -> Over:
    whole = total * seconds
    weight = total / city if city else 0.0
    if whole <= 0:
        return Over(None, None, None, None, weight)
    able, seen, maybe, duty, on_duty = (float(value) for value in sums)
    needed = whole - (able - duty)
    required = on_duty / needed if needed > 0 else None
    return Over(able / whole, seen / whole, required, (maybe - seen) / whole, weight)


def store_last_day(at: datetime) -> bool:
    """Count the last 24 hours for the pages; False before the first measuring."""
    span = over(at - timedelta(hours=24), at)
    if span is None:
        return False
    areas = {str(pk): one.seen for pk, one in span.areas.items()}
    told = {"at": at.isoformat(), "kota": span.kota.seen, "kelurahan": areas}
    return bool(CurrentCoverage.objects.filter(pk=1).update(last_day=told))


def day_of(on: date) -> tuple[datetime, datetime]:
    zone = clock.local_zone()
    return datetime.combine(on, time(), zone), datetime.combine(on + timedelta(days=1), time(), zone)


def store_due(at: datetime) -> int:
    """Store the days that have ended and are not stored yet, some at once; returns how many. Two queries when none."""
    last = DailyShare.objects.filter(kelurahan=None).order_by("-on").values_list("on", flat=True).first()
    yesterday = clock.local(at - SETTLE).date() - timedelta(days=1)
    if last is None:
        first = Target.objects.exclude(watched_from=None).aggregate(first=Min("watched_from"))["first"]
        if first is None:
            return 0
        last = max(clock.local(first).date(), yesterday - timedelta(days=400)) - timedelta(days=1)
    days = min((yesterday - last).days, DAYS_AT_ONCE)
    return count_days(last + timedelta(days=1), last + timedelta(days=days), at) if days > 0 else 0


def count_days(first: date, last: date, at: datetime) -> int:
    """Count and store the days from `first` to `last`, in place of what was stored; returns how many could be."""
    stored = 0
    for back in range((last - first).days + 1):
        on = first + timedelta(days=back)
        span = over(*day_of(on))
        if span is not None:
            _store_day(on, span, at)
            stored += 1
    return stored


@transaction.atomic
def _store_day(on: date, span: Span, at: datetime) -> None:
    version = PointSet.objects.filter(is_current=True).values_list("ground_version", flat=True).first() or ""
    DailyShare.objects.filter(on=on).delete()
    DailyShare.objects.bulk_create([
        DailyShare(
            on=on, kelurahan_id=area, weight_share=one.weight_share, able=one.able, seen=one.seen,
            seen_required=one.seen_required, doubted=one.doubted, watched_s=span.watched_s, ground_version=version,
            made_at=at,
        )
        for area, one in [(None, span.kota), *span.areas.items()]
    ])  # fmt: skip


def shares_over(since: datetime, until: datetime) -> tuple[np.ndarray, int] | None:
    """Of each point the share of the observed time it was seen, (n,) 0 … 1, and the seconds observed; None when none.

    Counted as `over`, point by point: what changes is added up when it changes.
    """
    here = board()
    lo, hi = rule.seconds(since), min(rule.seconds(until), rule.seconds(clock.now()))
    if here is None or lo >= hi:
        return None
    history = History([seat.target_id for seat in here.seats], [(lo, hi)])
    lo = max(lo, min((thing.watched[0] for thing in history.things.values() if thing.watched), default=hi))
    if lo >= hi:
        return None
    total, last = np.zeros(len(here.points)), np.full(len(here.points), float(lo))
    value = np.zeros(len(here.points))
    for moment, layer in _moments(here, _edges(here, history, rule.seconds(since), hi, lo), lo, hi):
        changed = np.flatnonzero(layer.best != value)
        total[changed] += value[changed] * (moment - last[changed])
        last[changed], value[changed] = moment, layer.best[changed]
    total += value * (hi - last)
    return total / (hi - lo) / WHOLE, hi - lo


def _moments(here: Board, edges: Edges, lo: int, hi: int) -> Iterable[tuple[int, Layer]]:
    """Each moment at which something changed, with the layer of who works from then on."""
    lights = dict(_lights(here, lo, hi))
    layers: dict[str, Layer] = {}
    working: set[int] = set()
    light = lights[lo]
    for moment in sorted({lo, *lights, *(second for second in edges if lo <= second < hi)}):
        light = lights.get(moment, light)
        for pk, which, enters in sorted(edges.get(moment, ()), key=lambda turn: turn[2]):
            if which == WORKING:
                (working.add if enters else working.discard)(pk)
        layer = layers.setdefault(light, here.layer(light))
        layer.settle(here.numbers(working))
        yield moment, layer
