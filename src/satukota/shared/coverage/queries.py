"""What is seen, doubted, lost and never seen: for pages, the API and works. Shares are public, what cameras see is not.

Every function answers None (or nothing) before the first measuring, and says how many queries it makes.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

import numpy as np
from django.db.models import Q, QuerySet

from satukota.base import clock
from satukota.city.models import Kelurahan
from satukota.shared.monitoring.models import PARENT_KINDS, Target
from satukota.shared.monitoring.parents import Family

from . import history as over_time
from .board import NEEDED, Board, Live, Roll, Share, board, live, roll_at, share
from .counting import Array
from .models import CurrentCoverage, DailyShare
from .packing import Points

KOTA = "kota"
TIMES = ("now", "day", "night")
DAY_KEPT = timedelta(minutes=10)  # the watchers count it every minute
MONTH, MONTH_KEPT = timedelta(days=30), timedelta(minutes=30)


@dataclass(frozen=True)
class Question:
    """What is asked: by the light of now, of day or of night; how sharp (NEEDED, or a key of PURPOSES); and with which
    targets taken for down besides those that are."""

    time: str = "now"
    sharpness: str = NEEDED
    down: frozenset[int] = field(default_factory=frozenset)


NOW = Question()


@dataclass(frozen=True)
class Shares:
    """The answer for one area."""

    at: datetime
    light: str
    whole: Share
    by_kind: dict[str, Share]  # by kind of demand
    by_count: list[float | None]  # share seen by at least 1, 2 and 3 working watchers; of the whole city only
    own: float | None  # share seen without partners'; of the whole city only
    watchers: dict[str, int]  # able, working, doubted, lacking


Found: TypeAlias = tuple[Live, Roll] | None  # layers that follow the roll; None before the first measuring


@contextmanager
def answered(question: Question, at: datetime | None = None) -> Iterator[Found]:
    """The layers settled for the question, while the block runs: several answers may be taken from one.

    Two queries, three more after a new measuring.
    """
    at = at or clock.now()
    here = board()
    if here is None:
        yield None
        return
    roll = roll_at(here, at)
    if question.down:
        roll = Roll(roll.able, roll.working - question.down, roll.doubted - question.down, roll.since)
    light = here.light_at(at) if question.time == "now" else question.time
    with live(here, light, question.sharpness) as layers:
        layers.settle(roll)
        yield layers, roll


def now(area: str | int = KOTA, question: Question = NOW) -> Shares | None:
    """The shares of the city, or of one kelurahan by its id. Two queries."""
    at = clock.now()
    with answered(question, at) as found:
        return shares_in(found, area, at)


def shares_in(found: Found, area: str | int, at: datetime) -> Shares | None:
    if found is None:
        return None
    layers, roll = found
    here, chosen = layers.board, None if area == KOTA else int(area)
    whole = layers.whole() if chosen is None else layers.by_area().get(chosen, share(0, 0, 0, 0))
    counts = layers.working.share_by_count() if chosen is None else []
    kinds = {kind: each for kind, each in layers.by_kind(chosen).items() if each.weight}
    own = _own(layers, roll) if chosen is None else None
    return Shares(at, layers.light, whole, kinds, counts, own, _numbers(here, roll))


def _own(layers: Live, roll: Roll) -> float | None:
    here = layers.board
    mine = [number for number in here.numbers(roll.working) if not here.seats[number].partner]
    if len(mine) == len(roll.working):
        return layers.whole().seen
    alone = here.layer(layers.light, layers.sharpness)
    alone.settle(mine)
    total = int(here.totals.sum())
    return int(alone.sums.sum()) / total if total else None


def _numbers(here: Board, roll: Roll) -> dict[str, int]:
    return {
        "able": len(roll.able), "working": len(roll.working), "doubted": len(roll.doubted),
        "lacking": sum(bool(seat.lacks) for seat in here.seats),
    }  # fmt: skip


@dataclass(frozen=True)
class AreaShare:
    kelurahan: Kelurahan
    share: Share


def by_kelurahan(question: Question = NOW) -> list[AreaShare]:
    """Every kelurahan by name; a share of None where nothing is wanted to be seen. Three queries."""
    with answered(question) as found:
        return areas_in(found)


def areas_in(found: Found) -> list[AreaShare]:
    """One query."""
    known, nothing = found[0].by_area() if found else {}, share(0, 0, 0, 0)
    return [AreaShare(each, known.get(each.pk, nothing)) for each in Kelurahan.objects.order_by("name")]


def by_rt(kelurahan_id: int, question: Question = NOW) -> dict[int, Share]:
    """By RT id, of those whose area is drawn. Two queries."""
    with answered(question) as found:
        if found is None:
            return {}
        points = found[0].board.points
        return found[0].by(np.where(points.kelurahan == kelurahan_id, points.rt, -1))


def by_place(question: Question = NOW) -> dict[int, Share]:
    """By place of the register: the points that belong to it. Two queries."""
    with answered(question) as found:
        return found[0].by(found[0].board.points.place) if found else {}


def if_down(target_ids: Collection[int], question: Question = NOW) -> Shares | None:
    """The shares if these were down too; of a link or power supply, with everything behind it. Three queries."""
    return now(KOTA, Question(question.time, question.sharpness, with_behind(target_ids)))


def with_behind(target_ids: Collection[int]) -> frozenset[int]:
    """These and everything that hangs on those that are links or power. One query, two more when some are."""
    chosen = frozenset(target_ids)
    parents = list(Target.objects.filter(pk__in=chosen, kind__in=PARENT_KINDS).values_list("pk", flat=True))
    if not parents:
        return chosen
    family = Family.load()
    below: set[int] = set().union(*(family.at_or_below(pk) for pk in parents))
    behind = Target.objects.filter(Q(link__in=below) | Q(power__in=below))
    return chosen | below | frozenset(behind.values_list("pk", flat=True))


@dataclass(frozen=True)
class Unseen:
    """Points no registered watcher has in sight sharply enough: `index` (k,) into `points`."""

    points: Points
    index: Array
    ground_version: str


def unseen_points(question: Question = Question("day")) -> Unseen | None:
    """Blind whatever works: where the next watcher would change something. Four queries."""
    with answered(question) as found:
        if found is None:
            return None
        layers, _roll = found
        layers.able.settle(range(len(layers.board.seats)))  # also those outside their agreed hours
        index = np.flatnonzero(layers.able.best == 0)
    version = CurrentCoverage.objects.filter(pk=1).values_list("points__ground_version", flat=True).first()
    return Unseen(layers.board.points, index, version or "")


@dataclass(frozen=True)
class LastDay:
    """Share seen over the 24 hours before `at`, each second weighing alike."""

    at: datetime
    kota: float | None
    areas: dict[int, float | None]


@dataclass(frozen=True)
class Month:
    """Of each point of a revision the share of the last 30 days it was seen; `watched_s` of them were observed."""

    at: datetime
    revision: int
    values: Array
    watched_s: int


_months: dict[int, Month] = {}


def last_month() -> Month | None:
    """At most MONTH_KEPT old; counting it anew takes as long as there are status changes in it."""
    at, here = clock.now(), board()
    if here is None:
        return None
    kept = _months.get(here.revision)
    if kept is None or not timedelta() <= at - kept.at < MONTH_KEPT or len(kept.values) != len(here.points):
        found = over_time.shares_over(at - MONTH, at)
        if found is None:
            return None
        _months.clear()
        kept = _months[here.revision] = Month(at, here.revision, *found)
    return kept


def history(area: str | int, since: date, until: date) -> QuerySet[DailyShare]:
    """A row per ended local day, both days included, oldest first. One query."""
    rows = DailyShare.objects.filter(on__gte=since, on__lte=until).order_by("on")
    return rows.filter(kelurahan=None) if area == KOTA else rows.filter(kelurahan=int(area))


@dataclass(frozen=True)
class Stored:
    """The city's shares as the last change left them; each None where nothing is wanted to be seen."""

    able: float | None
    seen: float | None
    doubted: float | None
    lost: float | None
    blind: float | None


def stored() -> Stored | None:
    """The shares of now without counting; None before the first measuring. One query."""
    shares = CurrentCoverage.objects.filter(pk=1).values_list("shares", flat=True).first()
    return Stored(**shares["kota"]) if shares else None


@dataclass(frozen=True)
class State:
    """Whether there is anything to show, and if not, why."""

    is_measured: bool = False
    has_points: bool = False
    revision: int = 0
    at: datetime | None = None
    is_waiting: bool = False  # a measuring was asked for and is not there yet
    problem: str = ""
    day: LastDay | None = None  # None: not counted within the last minutes


def state() -> State:
    """One query."""
    row = CurrentCoverage.objects.filter(pk=1).select_related("points").defer("points__content").first()
    if row is None:
        return State()
    measured = row.points is not None
    return State(
        measured, bool(row.points and row.points.size), row.revision, row.points.made_at if row.points else None,
        not measured and row.asked_at is not None, row.problem, _last_day(row.last_day),
    )  # fmt: skip


def _last_day(kept: dict[str, Any]) -> LastDay | None:
    if not kept:
        return None
    at = datetime.fromisoformat(kept["at"])
    areas = {int(pk): seen for pk, seen in kept["kelurahan"].items()}
    return LastDay(at, kept["kota"], areas) if clock.now() - at < DAY_KEPT else None
