"""A watcher that does not stand there yet, or would look another way: what stands around it, and what it would change.

Nothing is stored: the layers of now are compared with what they would be.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from satukota.city.models import Kelurahan
from satukota.shared.ground import queries as ground
from satukota.shared.ground.demand import STEP_M

from .board import Board, Live
from .counting import WHOLE, Array
from .measuring import TARGET_HEIGHT_M, scene, viewpoints_of
from .queries import NOW, Question, answered
from .registry import Watcher
from .streets import on_street

if TYPE_CHECKING:
    from satukota.rules.coverage import Viewpoint

NEAREST_M, FARTHEST_M = 50.0, 800.0  # radius of what may be asked for at once
MOST_BUILDINGS = 6000  # the nearest; a browser turns a view among so many at 30 frames a second
MOST_KEPT = 64
DEGREE_M = 110_000.0  # a degree of latitude is never shorter
TURN_DEG = 0.001  # over which the way from degrees to metres is taken


@dataclass(frozen=True)
class Surroundings:
    """What stands within `radius_m` of `origin`, in metres around it: metres = `metres` · (lon - lon0, lat - lat0).

    `buildings`: (height_m, rings), each ring x, y, x, y … closed, what is built on its left.
    """

    origin: tuple[float, float]
    metres: list[list[float]]
    radius_m: float
    buildings: list[tuple[float, list[list[float]]]]
    is_cut: bool  # more buildings stand there than are told

    def as_json(self) -> dict[str, Any]:
        return {
            "origin": self.origin, "metres": self.metres, "radius": self.radius_m, "buildings": self.buildings,
            "is_cut": self.is_cut,
        }  # fmt: skip


_kept: dict[tuple[str, float, float, float], Surroundings] = {}
_lock = threading.Lock()


def surroundings(lon: float, lat: float, radius_m: float) -> tuple[str, Surroundings]:
    """A mark that changes with the ground, and what stands there, kept for the spots last asked for."""
    key = ground.version(), lon, lat, min(max(radius_m, NEAREST_M), FARTHEST_M)
    with _lock:
        found = _kept.get(key)
    if found is None:
        found = _around(*key[1:])
        with _lock:
            while len(_kept) >= MOST_KEPT:
                _kept.pop(next(iter(_kept)))
            _kept[key] = found
    return "-".join(map(str, key)), found


def _around(lon: float, lat: float, radius_m: float) -> Surroundings:
    import shapely

    from satukota.rules.coverage import Scene

    here, east, north = ground.plane().to_metres([[lon, lat], [lon + TURN_DEG, lat], [lon, lat + TURN_DEG]])
    x, y = here
    near = ground.standing((x - radius_m, y - radius_m, x + radius_m, y + radius_m))
    away = shapely.distance(near.polygons, shapely.Point(x, y)) if len(near) else np.empty(0)
    order = np.argsort(away, kind="stable")[: int((away <= radius_m).sum())]
    chosen = order[:MOST_BUILDINGS]
    # Mended as the rules mend them, so that the browser and the server look past the same walls.
    mended = Scene(list(near.polygons[chosen]), near.heights_m[chosen].tolist())
    outlines = shapely.orient_polygons(mended.footprints) if len(mended) else mended.footprints
    told = [
        (round(float(height), 3), [
            np.round(shapely.get_coordinates(ring) - here, 3).ravel().tolist() for ring in _rings(outline)
        ])
        for outline, height in zip(outlines, mended.heights_m, strict=True)
    ]  # fmt: skip
    turn = np.column_stack([east - here, north - here]) / TURN_DEG
    return Surroundings((lon, lat), turn.tolist(), radius_m, told, len(order) > MOST_BUILDINGS)


def _rings(outline: Any) -> list[Any]:
    import shapely

    return [ring for part in shapely.get_parts(outline) for ring in shapely.get_rings(part)]


@dataclass(frozen=True)
class Amount:
    """Street, places and junctions, and the share of the city's (or an area's) weight."""

    metres: int
    places: int
    share: float | None

    def as_json(self) -> dict[str, float | None]:
        return {"metres": self.metres, "places": self.places, "share": self.share}


@dataclass(frozen=True)
class AreaChange:
    code: str
    name: str
    before: float | None
    after: float | None


@dataclass(frozen=True)
class Outcome:
    """What a watcher would see and change, while it works."""

    light: str
    sees: Amount  # in sight, as sharp as needed
    dim: Amount  # in sight, not sharp enough
    new: Amount  # of `sees` what nobody sees now
    unreached: Amount  # of `new` what no watcher has in view, working or not
    lost: Amount  # seen now, then no longer (of a watcher that is turned away)
    before: float | None  # share of the city
    after: float | None
    areas: list[AreaChange]  # kelurahan whose share changes
    is_inside: bool  # it stands in a building at least as high as itself

    def as_json(self) -> dict[str, Any]:
        amounts = {name: getattr(self, name).as_json() for name in ("sees", "dim", "new", "unreached", "lost")}
        areas = [
            {"code": each.code, "name": each.name, "before": each.before, "after": each.after} for each in self.areas
        ]
        return {
            "light": self.light, **amounts, "before": self.before, "after": self.after, "areas": areas,
            "is_inside": self.is_inside,
        }  # fmt: skip


def outcome(one: Watcher, question: Question = NOW, *, instead_of: int | None = None) -> Outcome | None:
    """What `one` would see and change, put there besides all others, or in place of the target `instead_of`.

    None before the first measuring. Raises ValueError for figures that cannot be. Some ten small queries.
    """
    from satukota.rules import coverage as rules

    eyes = viewpoints_of(one)
    with answered(question) as found:
        if found is None:
            return None
        layers, _roll = found
        index, px = _in_sight(layers.board, eyes, night=layers.light == "night")
        sharp = px >= _needed(layers.board, index, question.sharpness)
        is_inside = bool((rules.inside(scene(), eyes) >= 0).any())
        return _compared(layers, index[sharp], index[~sharp], instead_of, is_inside)


def _in_sight(here: Board, eyes: list[Viewpoint], *, night: bool) -> tuple[Array, Array]:
    """Points in sight, and how sharp each. Only those in reach are brought into metres."""
    from satukota.rules import coverage as rules

    if not eyes or here.is_empty:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    eye = eyes[0]
    (lon, lat) = ground.plane().to_degrees([[eye.x, eye.y]])[0]
    high = eye.range_m / DEGREE_M + 1e-5
    wide = high / max(0.01, math.cos(math.radians(lat)))
    away = np.abs(here.points.lonlat - (lon, lat))
    near = np.flatnonzero((away[:, 0] <= wide) & (away[:, 1] <= high))
    xy = ground.plane().to_metres(here.points.lonlat[near]) if len(near) else np.empty((0, 2))
    seen = rules.sees(scene(), [eye], xy, target_height_m=TARGET_HEIGHT_M, night=night)
    return near[seen.points], seen.px_per_m


def _needed(here: Board, index: Array, sharpness: str) -> Any:
    from satukota.rules.coverage import PURPOSES

    return PURPOSES[sharpness] if sharpness else here.points.needed[index]


def _compared(layers: Live, sees: Array, dim: Array, instead_of: int | None, is_inside: bool) -> Outcome:
    here, now = layers.board, layers.working.best
    after, touched = now.copy(), sees
    seat = None if instead_of is None else here.number_of.get(instead_of)
    if seat is not None:
        matrix = layers.working.matrix
        own, others = matrix.points_of([seat]), layers.working.active.copy()
        others[seat] = False
        after[own] = matrix.look_from(own, others)
        touched = np.union1d(sees, own)
    after[sees] = WHOLE
    change = after[touched].astype(np.int64) - now[touched]
    total = int(here.totals.sum())
    measure = _Measure(here, on_street(here), total)
    new = touched[change > 0]
    before = layers.whole().seen
    gained = int((change * here.units[touched]).sum())
    return Outcome(
        light=layers.light, sees=measure(sees), dim=measure(dim[after[dim] == 0]), new=measure(new),
        unreached=measure(new[layers.able.best[new] == 0]), lost=measure(touched[change < 0]), before=before,
        after=None if before is None or not total else before + gained / total,
        areas=_areas(layers, touched, change), is_inside=is_inside,
    )  # fmt: skip


@dataclass(frozen=True)
class _Measure:
    here: Board
    is_street: Array  # (n,) bool: stands for a step of its street
    total: int

    def __call__(self, index: Array) -> Amount:
        points, weight = self.here.points, int(self.here.units[index].sum()) * WHOLE
        spots = ~points.along[points.kind[index]] if len(index) else np.empty(0, bool)
        metres = int(self.is_street[index].sum()) * round(STEP_M)
        return Amount(metres, int(spots.sum()), weight / self.total if self.total else None)


def _areas(layers: Live, touched: Array, change: Array) -> list[AreaChange]:
    """One query."""
    here = layers.board
    gained: dict[int, int] = {}
    for area, units in zip(
        here.points.kelurahan[touched].tolist(), (change * here.units[touched]).tolist(), strict=True
    ):
        gained[area] = gained.get(area, 0) + units
    shares = layers.by_area()
    rows = Kelurahan.objects.filter(pk__in=[area for area, units in gained.items() if units]).order_by("name")
    return [
        AreaChange(row.code, row.name, shares[row.pk].seen, (shares[row.pk].seen or 0.0) + gained[row.pk] / weight)
        for row in rows if (weight := shares[row.pk].weight)
    ]  # fmt: skip
