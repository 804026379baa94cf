"""What each watcher has in sight, measured on the ground and stored; only what changed is measured again.

A measuring is a new `PointSet` with its views, or new views of the current one, put in place in one transaction. Until
then the old one answers. When the ground is replaced while one is under way, it starts again on the new ground.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.base.line import hold_line
from satukota.shared.ground import queries as ground
from satukota.shared.ground.models import DemandKind

from . import registry
from .counting import WHOLE, Array, weight_units
from .models import CurrentCoverage, PointSet, WatcherView
from .packing import Points, pack
from .registry import Watcher

log = logging.getLogger(__name__)

TARGET_HEIGHT_M = 0.0  # the ground itself: what hides somebody's feet hides them
AT_ONCE = 256  # viewpoints a call: bounds the memory of thousands of cameras over a large city
ALONG = (DemandKind.Basis.STREET, DemandKind.Basis.PEOPLE)
MOST_TRIES = 3
ASK_AGAIN = timedelta(minutes=10)  # a job that was asked for and left no trace


@dataclass(frozen=True)
class Report:
    """What one measuring did."""

    points: int
    watchers: int
    measured: int  # views calculated now; the others were known
    lacking: int  # watchers whose place or direction is not registered
    revision: int


@dataclass(frozen=True)
class _Sight:
    lacks: list[str]
    day: bytes = b""
    night: bytes = b""
    seen_day: int = 0
    seen_night: int = 0


class _GroundChanged(Exception):
    pass


def key_now(watchers: Sequence[Watcher], version: str) -> str:
    """Changes when anything must be measured again, or a watcher came, went or changed its agreement."""
    told = [version, *(f"{one.target_id}{one.fingerprint}{one.partner}{one.hours}" for one in watchers)]
    return hashlib.sha256("|".join(told).encode()).hexdigest()


def ask_when_due(at: datetime) -> bool:
    """Give the measuring to a job when ground or register changed since the last one. Some ten small queries."""
    key = key_now(registry.watchers(), ground.version())
    current, _new = CurrentCoverage.objects.get_or_create(pk=1)
    was_asked = current.asked_key == key and current.asked_at is not None and at - current.asked_at < ASK_AGAIN
    if was_asked or current.measured_key == key:
        return False
    ask(key, at)
    return True


def ask(key: str, at: datetime) -> None:
    """Put a measuring in the queue of jobs; `key` says which state of things it is for."""
    from .tasks import measure_coverage

    with transaction.atomic():
        CurrentCoverage.objects.update_or_create(pk=1, defaults={"asked_key": key, "asked_at": at})
        transaction.on_commit(lambda: measure_coverage.enqueue())


def measure(at: datetime) -> Report:
    """Measure what changed and put it in place. Raises UserError when there is no city, or the ground never rests."""
    for _turn in range(MOST_TRIES):
        try:
            report = _measure(at)
        except _GroundChanged:
            log.info("the ground was replaced while views were measured: again on the new one")
            continue
        from . import following

        following.settle(at)
        return report
    raise UserError(
        _("Data lahan terus berubah selama liputan dihitung."), fix=_("Tunggu sampai impor selesai, lalu hitung lagi."),
        code="lahan_berubah",
    )  # fmt: skip


def _measure(at: datetime) -> Report:
    version, watchers = ground.version(), registry.watchers()
    demand = ground.demand()
    current = CurrentCoverage.objects.filter(pk=1).select_related("points").first()
    old = current.points if current and current.points and current.points.ground_version == version else None
    known = _known(old, watchers)
    todo = [one for one in watchers if one.target_id not in known]
    sights = dict(zip((one.target_id for one in todo), _sights(todo, demand.xy, demand.kelurahan_id), strict=True))
    points = None if old else _frozen(demand)
    if ground.version() != version:
        raise _GroundChanged
    with transaction.atomic():
        hold_line()
        revision = _put_in_place(old, points, version, watchers, sights, at)
    lacking = sum(bool(one.lacks) for one in watchers)
    return Report(len(demand), len(watchers), len(todo), lacking, revision)


def _known(old: PointSet | None, watchers: Sequence[Watcher]) -> set[int]:
    """Targets whose view on these very points is stored and still holds. One query."""
    if old is None:
        return set()
    stored = dict(WatcherView.objects.filter(points=old).values_list("target_id", "fingerprint"))
    return {one.target_id for one in watchers if stored.get(one.target_id) == one.fingerprint}


def _frozen(demand: Any) -> Points:
    """Raises UserError for weights nobody can add up."""
    try:
        weight_units(demand.weight)
    except ValueError:
        raise UserError(
            _("Ada bobot kebutuhan yang bukan angka nol atau lebih."),
            fix=_("Periksa jenis kebutuhan, lalu hitung lagi."), code="bobot_tidak_mungkin",
        ) from None  # fmt: skip
    return Points(
        lonlat=demand.lonlat, weight=demand.weight, needed=demand.needed.astype(np.float32), kind=demand.kind,
        kelurahan=demand.kelurahan_id, rt=demand.rt_id, street=demand.street_id, place=demand.place_id,
        kinds=np.array([kind.code for kind in demand.kinds] or [""], str),
        along=np.array([kind.basis in ALONG for kind in demand.kinds] or [False]),
    )  # fmt: skip


def viewpoints_of(one: Watcher) -> list[Any]:
    """The watcher as the rules know it, a viewpoint per direction. Raises ValueError for what cannot be."""
    from satukota.rules.coverage import Viewpoint

    if one.lacks or one.lon is None or one.lat is None:
        return []
    (x, y) = ground.plane().to_metres([[one.lon, one.lat]])[0]
    return [
        Viewpoint(
            float(x), float(y), bearing_deg=way.bearing_deg, fov_deg=way.fov_deg, range_m=reach,
            height_m=one.height_m, width_px=one.width_px, tilt_deg=way.tilt_deg,
            vertical_fov_deg=way.vertical_fov_deg, light_m=one.light_m,
        )
        for way in one.ways
        if (reach := one.range_m if way.range_m is None else way.range_m) is not None
    ]  # fmt: skip


def scene() -> Any:
    """What stands in the way, ready for the rules; kept per version of the ground."""
    from satukota.rules.coverage import Scene

    def make() -> Any:
        standing = ground.standing()
        return Scene(list(standing.polygons), standing.heights_m.tolist(), terrain=ground.terrain())

    return ground.kept("coverage_scene", make)


def _sights(watchers: Sequence[Watcher], xy: Array, areas: Array) -> list[_Sight]:
    """In the order of `watchers`; `areas` are the kelurahan of the points. One whose register holds what cannot be
    counts as lacking its range."""
    found: list[_Sight] = []
    for start in range(0, len(watchers), AT_ONCE):
        found += _sights_of_some(watchers[start : start + AT_ONCE], xy, areas)
    return found


def _sights_of_some(watchers: Sequence[Watcher], xy: Array, areas: Array) -> list[_Sight]:
    from satukota.rules import coverage as rules

    ways, lacks = [], []
    for one in watchers:
        try:
            ways.append(viewpoints_of(one))
            lacks.append(one.lacks)
        except ValueError as problem:
            log.warning("%s cannot be measured: %s", one.code, problem)
            ways.append([])
            lacks.append([*one.lacks, "invalid"])
    every = [way for each in ways for way in each]
    if not every or not len(xy):
        return [_Sight(lack) for lack in lacks]
    seen = {
        night: rules.sees(scene(), every, xy, target_height_m=TARGET_HEIGHT_M, night=night) for night in (False, True)
    }
    found, first = [], 0
    for one, each, lack in zip(watchers, ways, lacks, strict=True):
        shares = [way.share for way in one.ways]
        day, night = (
            _within(one, _merged(seen[dark], first, len(each), shares), areas) for dark in (False, True)
        )  # fmt: skip
        first += len(each)
        sizes = (len(np.unique(each[0])) for each in (day, night))
        found.append(_Sight(lack, pack(*day), pack(*night), *sizes))
    return found


def _merged(seen: Any, first: int, ways: int, shares: Sequence[float]) -> tuple[Array, Array, Array]:
    """point, px and mille of one watcher: its ways together, each at its share of the time.

    A point comes once for each sharpness it is seen at, the sharpest first: mille is the share of the time it is seen
    so sharply or sharper. Ways that overlap add up: one watcher looks one way at a time, so here they do take turns.
    """
    parts = [slice(seen.indptr[first + way], seen.indptr[first + way + 1]) for way in range(ways)]
    if not parts:
        return np.empty(0, np.int32), np.empty(0, np.float32), np.empty(0, np.int16)
    if ways == 1 and shares[0] >= 1:
        point, px = seen.points[parts[0]], seen.px_per_m[parts[0]]
        return point, px, np.full(len(point), WHOLE, np.int16)
    point = np.concatenate([seen.points[part] for part in parts])
    px = np.concatenate([seen.px_per_m[part] for part in parts])
    share = np.concatenate(
        [np.full(part.stop - part.start, shares[way] * WHOLE) for way, part in enumerate(parts)]
    )  # fmt: skip
    order = np.lexsort((-px, point))
    point, px, share = point[order], px[order], share[order]
    begins = np.flatnonzero(np.diff(point, prepend=-1))
    sums = np.cumsum(share)
    before = np.repeat(sums[begins] - share[begins], np.diff(np.append(begins, len(point))))
    mille = np.minimum(np.rint(sums - before), WHOLE)
    return point.astype(np.int32), px, mille.astype(np.int16)


def _within(one: Watcher, sight: tuple[Array, Array, Array], areas: Array) -> tuple[Array, Array, Array]:
    """Without the points in areas it may not count in."""
    if one.areas is None:
        return sight
    inside = np.isin(areas[sight[0]], list(one.areas))
    return sight[0][inside], sight[1][inside], sight[2][inside]


def _put_in_place(
    old: PointSet | None, points: Points | None, version: str, watchers: Sequence[Watcher],
    sights: dict[int, _Sight], at: datetime,
) -> int:  # fmt: skip
    """Store and switch over; the caller holds the line. Returns the new revision."""
    current, _new = CurrentCoverage.objects.select_for_update().get_or_create(pk=1)
    if old is not None and current.points_id != old.pk:
        raise _GroundChanged  # another measuring came first
    here = old
    if here is None:
        assert points is not None
        here = PointSet.objects.create(
            ground_version=version, content=points.to_bytes(), size=len(points), made_at=at, is_current=False
        )
    _store_views(here, watchers, sights)
    if old is None:
        PointSet.objects.exclude(pk=here.pk).delete()
        PointSet.objects.filter(pk=here.pk).update(is_current=True)
    current.points_id, current.revision, current.problem = here.pk, current.revision + 1, ""
    current.measured_key = key_now(watchers, version)
    current.save(update_fields=["points", "revision", "problem", "measured_key"])
    return current.revision


def _store_views(here: PointSet, watchers: Sequence[Watcher], sights: dict[int, _Sight]) -> None:
    mine = WatcherView.objects.filter(points=here)
    mine.exclude(target__in=[one.target_id for one in watchers]).delete()
    mine.filter(target__in=list(sights)).delete()
    WatcherView.objects.bulk_create([
        WatcherView(
            points=here, target_id=one.target_id, fingerprint=one.fingerprint, lacks=sight.lacks, day=sight.day,
            night=sight.night, seen_day=sight.seen_day, seen_night=sight.seen_night, partner=one.partner,
            hours=[list(row) for row in one.hours],
        )
        for one in watchers if (sight := sights.get(one.target_id)) is not None
    ])  # fmt: skip
    kept = {one.target_id: one for one in watchers if one.target_id not in sights}
    rows = [view for view in mine.filter(target__in=list(kept)) if _agrees_otherwise(view, kept[view.target_id])]
    for view in rows:
        view.partner, view.hours = kept[view.target_id].partner, [list(row) for row in kept[view.target_id].hours]
    WatcherView.objects.bulk_update(rows, ["partner", "hours"])


def _agrees_otherwise(view: WatcherView, one: Watcher) -> bool:
    return view.partner != one.partner or view.hours != [list(row) for row in one.hours]


def measure_and_tell(at: datetime | None = None) -> Report | None:
    """For jobs: a measuring that cannot be done is noted for the pages, not tried for ever."""
    try:
        return measure(at or clock.now())
    except UserError as problem:
        CurrentCoverage.objects.update_or_create(pk=1, defaults={"problem": f"{problem.text} {problem.fix}"[:300]})
        return None
