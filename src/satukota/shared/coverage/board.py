"""The measured views in memory, once per process and revision, and what a given set of working watchers sees now."""

import logging
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np

from satukota.base import clock
from satukota.city.models import Kelurahan
from satukota.rules import availability as rule
from satukota.rules.sun import is_light
from satukota.shared.monitoring.models import NO_UPLINK, Target, Verdict

from . import registry
from .counting import WHOLE, Array, Ints, Layer, Matrix, Pairs, grouped, joined, weight_units
from .models import CurrentCoverage, PointSet, WatcherView
from .packing import Points, unpack

log = logging.getLogger(__name__)

LIGHTS = ("day", "night")
NEEDED = ""  # the sharpness each point needs; else a key of rules.coverage PURPOSES asks one of all
MOST_KEPT = 12  # matrices a process keeps


@dataclass(frozen=True, slots=True)
class Seat:
    """A watcher as far as counting needs it; its number is its place in `Board.seats`."""

    target_id: int
    partner: bool
    hours: rule.Week
    lacks: tuple[str, ...]


@dataclass(frozen=True)
class Roll:
    """Who watches at a moment, by target id. What is in none of the sets is down."""

    able: frozenset[int]  # in service and within agreed hours: what they have in sight is seen when they work
    working: frozenset[int]
    doubted: frozenset[int]  # nobody knows whether they work
    since: Mapping[int, datetime | None] = field(default_factory=dict, compare=False)  # of each state, where known


class Board:
    """One revision of the measured views; nothing in it changes once it is loaded."""

    def __init__(self, revision: int, points: Points, seats: Sequence[Seat], pairs: dict[str, Pairs]) -> None:
        """`pairs` by light, CSR by seat in the order of `seats`."""
        self.revision, self.points, self.seats, self.pairs = revision, points, list(seats), pairs
        self.number_of = {seat.target_id: number for number, seat in enumerate(self.seats)}
        self.units = weight_units(points.weight)
        self.areas, area = np.unique(points.kelurahan, return_inverse=True)  # -1: outside every area
        self.kinds = points.kinds.tolist()
        self.group: Ints = area.astype(np.int64) * max(1, len(self.kinds)) + points.kind
        self.groups = max(1, len(self.areas)) * max(1, len(self.kinds))
        self.totals = grouped(self.units, self.group, self.groups)
        self._matrices: dict[tuple[str, str], Matrix] = {}
        self._lock = threading.Lock()

    @property
    def is_empty(self) -> bool:
        return not len(self.points)

    @cached_property
    def streets(self) -> tuple[Array, Array]:
        """Ids of the streets that have points (-1 first, where some lie on none), and each point's place among them."""
        ids, where = np.unique(self.points.street, return_inverse=True)
        return ids, where

    @cached_property
    def codes(self) -> dict[int, str]:
        """Codes of the kelurahan by their ids. One query, once."""
        return dict(Kelurahan.objects.values_list("pk", "code"))

    @cached_property
    def middle(self) -> tuple[float, float]:
        lon, lat = self.points.lonlat.mean(axis=0) if len(self.points) else (0.0, 0.0)
        return float(lon), float(lat)

    def light_at(self, moment: datetime) -> str:
        """Day while the sun lights the streets, by astronomy."""
        return "day" if is_light(moment, *self.middle) else "night"

    def matrix(self, light: str, sharpness: str = NEEDED) -> Matrix:
        """Raises KeyError for a sharpness nobody defined."""
        key = (light, sharpness)
        with self._lock:
            found = self._matrices.get(key)
            if found is None:
                if len(self._matrices) >= MOST_KEPT:
                    self._matrices.pop(next(iter(self._matrices)))
                found = self._matrices[key] = Matrix(self.pairs[light], self._needed(sharpness), len(self.points))
        return found

    def _needed(self, sharpness: str) -> Array:
        from satukota.rules.coverage import PURPOSES

        if sharpness == NEEDED:
            return self.points.needed
        return np.full(len(self.points), PURPOSES[sharpness], np.float32)

    def layer(self, light: str, sharpness: str = NEEDED) -> Layer:
        return Layer(self.matrix(light, sharpness), self.units, self.group, self.groups)

    def numbers(self, target_ids: Collection[int]) -> list[int]:
        """Seats of those that have one."""
        return [self.number_of[pk] for pk in target_ids if pk in self.number_of]


_boards: dict[int, Board] = {}
_loading = threading.Lock()
_lives: dict[tuple[str, str], "Live"] = {}
_counting = threading.RLock()


def board() -> Board | None:
    """The current one; None before the first measuring. One query, three more after a new measuring."""
    current = CurrentCoverage.objects.filter(pk=1).values_list("revision", "points_id").first()
    return None if current is None or current[1] is None else board_of(*current)


def board_of(revision: int, points_id: int) -> Board | None:
    with _loading:
        found = _boards.get(points_id)
        if found is None or found.revision != revision:
            found = _load(revision, points_id)
            _boards.clear()
            if found is not None:
                _boards[points_id] = found
    return found


@contextmanager
def live(here: Board, light: str, sharpness: str = NEEDED) -> Iterator["Live"]:
    """The process's own layers, for one thread at a time: settle them first, whoever had them before left his roll.

    Raises KeyError for a sharpness nobody defined.
    """
    with _counting:
        found = _lives.get((light, sharpness))
        if found is None or found.board is not here:
            for key in [key for key, each in _lives.items() if each.board is not here]:
                del _lives[key]
            found = _lives[light, sharpness] = Live(here, light, sharpness)
        yield found


def forget() -> None:
    """Drop what is in memory; for tests, where row numbers begin again."""
    _boards.clear()
    _lives.clear()


def _load(revision: int, points_id: int) -> Board | None:
    content = PointSet.objects.filter(pk=points_id).values_list("content", flat=True).first()
    if content is None:  # another measuring has just taken its place
        return None
    columns = ("target", "partner", "hours", "lacks", "day", "night")
    views = list(WatcherView.objects.filter(points=points_id).order_by("target").values_list(*columns))
    seats = [_seat(*row[:4]) for row in views]
    try:
        points = Points.of(bytes(content))
    except ValueError as problem:
        log.warning("%s; not measured until a job has measured it anew", problem)
        return None
    pairs = {light: joined([unpack(bytes(row[4 + n])) for row in views]) for n, light in enumerate(LIGHTS)}
    return Board(revision, points, seats, pairs)


def roll_at(here: Board, at: datetime) -> Roll:
    """Who watches now, as the register and the last looks say. One query."""
    return _roll(here, at, here.number_of.keys(), "state_since")


def roll_after(here: Board, at: datetime, before: Roll, changed: Collection[int]) -> Roll:
    """`before`, with what is now true of the changed targets: cheap, however many watchers there are. One query."""
    chosen = frozenset(pk for pk in changed if pk in here.number_of)
    if not chosen:
        return before
    fresh = _roll(here, at, chosen)
    return Roll(
        before.able - chosen | fresh.able, before.working - chosen | fresh.working,
        before.doubted - chosen | fresh.doubted,
    )  # fmt: skip


def _roll(here: Board, at: datetime, ids: Collection[int], *more: str) -> Roll:
    rows = Target.objects.filter(pk__in=ids, retired_on=None).order_by()
    doubtful = registry.doubtful_causes()
    able, working, doubted = set(), set(), set()
    since: dict[int, datetime | None] = {}
    for pk, state, pending, cause, *moment in rows.values_list("pk", "state", "pending_cause", "cause", *more):
        seat = here.seats[here.number_of[pk]]
        if seat.lacks or not _is_agreed(seat, at):
            continue
        able.add(pk)
        since[pk] = moment[0] if moment else None
        how = standing(state, cause, hidden=pending == NO_UPLINK, doubtful=doubtful)
        if how is None:
            doubted.add(pk)
        elif how:
            working.add(pk)
    return Roll(frozenset(able), frozenset(working), frozenset(doubted), since)


def standing(state: str, cause: str, *, hidden: bool, doubtful: Collection[str]) -> bool | None:
    """Does what is in this state see? None: nobody knows.

    Degraded is somebody's work but of use (a wrong clock, few frames), so it counts, unless its cause touches what it
    sees (partly covered, too few pixels): then we do not know whether it still sees sharply enough.
    """
    if hidden or state == Verdict.UNKNOWN or (state == Verdict.DEGRADED and cause in doubtful):
        return None
    return state in (Verdict.UP, Verdict.DEGRADED)


def _is_agreed(seat: Seat, at: datetime) -> bool:
    if not seat.hours:
        return True
    second = rule.seconds(at)
    return bool(rule.required(seat.hours, second, second + 1, clock.local_zone()))


def _seat(target_id: int, partner: bool, hours: Any, lacks: Sequence[str]) -> Seat:
    """Hours nobody can read are hours nobody agreed to."""
    try:
        return Seat(target_id, partner, rule.read_week(hours), tuple(lacks))
    except (ValueError, TypeError):
        return Seat(target_id, partner, (), (*lacks, "hours"))


@dataclass(frozen=True)
class Share:
    """Shares (0 … 1) of one weight, None where there is none. able = seen + doubted + lost; blind is the rest."""

    weight: int  # units × WHOLE
    able: float | None  # in sight of a watcher that is in service
    seen: float | None  # of one that works now: the effective share
    doubted: float | None  # only of ones of which that is not known

    @property
    def lost(self) -> float | None:
        """In sight only of watchers that are down."""
        if self.able is None or self.seen is None or self.doubted is None:
            return None
        return max(0.0, self.able - self.seen - self.doubted)

    @property
    def blind(self) -> float | None:
        return None if self.able is None else 1 - self.able

    def as_json(self) -> dict[str, float | None]:
        return {
            name: None if value is None else round(value, 6)
            for name, value in (("able", self.able), ("seen", self.seen), ("doubted", self.doubted),
                                ("lost", self.lost), ("blind", self.blind))
        }  # fmt: skip


def share(total: int, able: int, seen: int, maybe: int) -> Share:
    if total <= 0:
        return Share(0, None, None, None)
    return Share(total, able / total, seen / total, (maybe - seen) / total)


class Live:
    """Three layers that follow who watches: able, maybe (working or doubted) and working. Not for two threads at once.

    The layers are moved to whatever roll is asked for, by its difference to the last one: what happened in between,
    twice, out of order or rolled back, leaves no trace.
    """

    def __init__(self, here: Board, light: str, sharpness: str = NEEDED) -> None:
        self.board, self.light, self.sharpness = here, light, sharpness
        self.able, self.maybe, self.working = (here.layer(light, sharpness) for _layer in range(3))
        self._gone = np.zeros(len(here.points), np.int16)  # of each point what only watchers that are down would see
        self.lost = np.zeros(len(here.streets[0]), np.int64)  # weight of it, in the order of `Board.streets`

    def settle(self, roll: Roll) -> Array:
        """Follow the roll; returns the points that are looked at otherwise than before, ascending."""
        here = self.board
        turned = [
            self.able.settle(here.numbers(roll.able)),
            self.maybe.settle(here.numbers(roll.working | roll.doubted)),
            self.working.settle(here.numbers(roll.working)),
        ]
        points = np.unique(np.concatenate(turned))
        gone = self.able.best[points] - self.maybe.best[points]
        change = (gone - self._gone[points]).astype(np.int64) * here.units[points]
        np.add.at(self.lost, here.streets[1][points], change)
        self._gone[points] = gone
        return points

    def table(self) -> Ints:
        """(4, areas, kinds): all weight, able, seen, maybe, in units × WHOLE."""
        here = self.board
        sums = np.stack([here.totals, self.able.sums, self.working.sums, self.maybe.sums])
        return sums.reshape(4, max(1, len(here.areas)), -1)

    def whole(self) -> Share:
        return share(*(int(value) for value in self.table().sum(axis=(1, 2))))

    def by_area(self) -> dict[int, Share]:
        sums = self.table().sum(axis=2)
        return {int(area): share(*(int(v) for v in sums[:, n])) for n, area in enumerate(self.board.areas) if area >= 0}

    def by_kind(self, area: int | None = None) -> dict[str, Share]:
        """By kind of demand, of one area or of all."""
        sums = self.table()
        if area is None:
            sums = sums.sum(axis=1)
        else:
            found = np.flatnonzero(self.board.areas == area)
            sums = sums[:, found[0]] if len(found) else np.zeros_like(sums[:, 0])
        return {kind: share(*(int(v) for v in sums[:, n])) for n, kind in enumerate(self.board.kinds)}

    def by(self, ids: Array) -> dict[int, Share]:
        """By any id of the points (n,), as street or RT; -1 is left out."""
        keys, where = np.unique(ids, return_inverse=True)
        units = self.board.units
        columns = [
            np.bincount(where, weights=units * best.astype(np.int64), minlength=len(keys)).astype(np.int64)
            for best in (np.full(len(ids), WHOLE), self.able.best, self.working.best, self.maybe.best)
        ]
        rows = zip(keys.tolist(), *(column.tolist() for column in columns), strict=True)
        return {key: share(*sums) for key, *sums in rows if key >= 0}
