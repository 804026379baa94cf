"""From streets, junctions and places to weighted points: what somebody should be able to see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from satukota.base import clock
from satukota.city.models import Kelurahan, Place, Rt

from . import queries
from .kinds import Kind, kinds_on
from .models import DemandKind, DemandPlace, Population, Structure

STEP_M = 10.0  # of street a point stands for
PLACE_REACH_M = 50.0  # a point so near to a place of the register belongs to it
STREET_REACH_M = 40.0  # a place or junction so near to a street lies on it
SAME_SPOT_M = 40.0  # two places of one kind so near are one
DOOR_M = 0.5  # what lies inside a building is looked for so far outside its nearest wall
NONE = -1
BASIS = DemandKind.Basis


@dataclass(frozen=True)
class Demand:
    """m points in a fixed order; every array (m,) but `xy` and `lonlat` (m, 2)."""

    ids: np.ndarray  # int64, the same for the same kind at the same spot (1 m) in every version
    xy: np.ndarray  # metres on queries.plane()
    lonlat: np.ndarray
    weight: np.ndarray  # float64, > 0
    needed: np.ndarray  # float64, pixels per metre
    kind: np.ndarray  # int16, index into `kinds`
    kelurahan_id: np.ndarray  # int64, NONE where no area is known
    rt_id: np.ndarray  # int64, NONE where no RT is drawn
    street_id: np.ndarray  # int64, ground.Street, NONE off the streets
    place_id: np.ndarray  # int64, city.Place within PLACE_REACH_M, else NONE
    kinds: tuple[Kind, ...]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class _Points:
    """Points of one kind before they are placed: `xy` (k, 2), `times` (k,), `street` (k,), `place` (k,)."""

    kind: int
    xy: np.ndarray
    times: np.ndarray
    street: np.ndarray
    place: np.ndarray


class _Ground:
    """What points are made of, read once."""

    def __init__(self) -> None:
        self.plane = queries.plane()
        self.streets = queries.streets()
        structures = queries.structures()
        self.junctions = structures.xy[structures.kinds == Structure.Kind.JUNCTION]
        self.register = list(Place.objects.order_by("pk").values_list("pk", "lon", "lat", "kind", "stake"))
        spots = list(DemandPlace.objects.order_by("pk").values_list("lon", "lat", "times", "kind"))
        self.spots = np.array([spot[:3] for spot in spots], float).reshape(-1, 3)
        self.spot_kinds = np.array([spot[3] for spot in spots], str)


def calculate() -> Demand:
    """All points of today's kinds inside the city's areas. About 1 s for 100,000 points, some thirty queries."""
    kinds = kinds_on(clock.local(clock.now()).date())
    ground = _Ground()
    plane, streets = ground.plane, ground.streets
    parts = [part for n, kind in enumerate(kinds) if kind.weight > 0 for part in _of_kind(n, kind, ground)]
    xy = np.concatenate([part.xy for part in parts]) if parts else np.empty((0, 2))
    kind = np.concatenate([np.full(len(part.xy), part.kind, np.int16) for part in parts] or [np.empty(0, np.int16)])
    times, street, place = (
        np.concatenate([getattr(part, name) for part in parts] or [np.empty(0, dtype)])
        for name, dtype in (("times", float), ("street", np.int64), ("place", np.int64))
    )
    lonlat = plane.to_degrees(xy) if len(xy) else xy
    kelurahan = _inside(lonlat, _areas(Kelurahan.objects.order_by("code")))
    ids = _ids(lonlat, kind, kinds)
    keep = _kept_points(ids, kelurahan)
    xy, lonlat, kind, times, street, place, kelurahan, ids = (
        each[keep] for each in (xy, lonlat, kind, times, street, place, kelurahan, ids)
    )
    xy = at_the_door(xy)
    lonlat = plane.to_degrees(xy) if len(xy) else xy
    rt = _inside(lonlat, _areas(Rt.objects.order_by("pk")))
    times = times * _people_share(kind, kelurahan, rt, kinds)
    weights, needed = np.array([k.weight for k in kinds]), np.array([k.needed_px_per_m for k in kinds])
    return Demand(
        ids=ids, xy=xy, lonlat=lonlat, weight=weights[kind] * times, needed=needed[kind], kind=kind,
        kelurahan_id=kelurahan, rt_id=rt,
        street_id=_nearest_street(xy, street, streets), place_id=_nearest_place(xy, place, ground), kinds=kinds,
    )  # fmt: skip


def _of_kind(number: int, kind: Kind, ground: _Ground) -> Iterable[_Points]:
    streets = ground.streets
    if kind.basis in (BASIS.STREET, BASIS.PEOPLE):
        chosen = streets.at(np.flatnonzero(np.isin(streets.kinds, kind.classes)))
        xy, street = along(chosen.lines, STEP_M)
        yield _points(number, xy, street=chosen.ids[street])
        return
    spots = _register_places(number, kind, ground)
    yield spots
    more, times = _file_spots(kind, ground)
    far = _apart(more, spots.xy)
    yield _points(number, more[far], times=times[far])


def at_the_door(xy: np.ndarray) -> np.ndarray:
    """The points, those inside a building moved before its nearest wall: from outside nobody sees a school's middle,
    and its door is what a camera is for."""
    import shapely

    buildings, tree = queries.building_index()
    which, of = tree.query(shapely.points(xy), predicate="within")
    which, first = np.unique(which, return_index=True)
    if not len(which):
        return xy
    inside = xy[which]
    wall = shapely.get_coordinates(
        shapely.shortest_line(shapely.points(inside), shapely.boundary(buildings.polygons[of[first]]))
    )[1::2]
    way = wall - inside
    far = np.hypot(*way.T)[:, None]
    moved = xy.copy()
    moved[which] = np.where(far > 0, wall + way / np.where(far > 0, far, 1) * DOOR_M, inside)
    return moved


def along(lines: np.ndarray, step_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Points every `step_m` along each line, at the middle of its step: xy (k, 2) and the line of each (k,)."""
    import shapely

    lengths = shapely.length(lines)
    pieces = np.maximum(1, np.round(lengths / step_m)).astype(np.int64)
    line = np.repeat(np.arange(len(lines)), pieces)
    first = np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = (np.arange(len(line)) - first + 0.5) / pieces[line]
    return shapely.get_coordinates(shapely.line_interpolate_point(lines[line], share * lengths[line])), line


def _points(
    kind: int, xy: np.ndarray, *, times: Any = 1.0, street: Any = NONE, place: Any = NONE
) -> _Points:  # fmt: skip
    filled = (np.broadcast_to(np.asarray(each, dtype), len(xy)) for each, dtype in (
        (times, float), (street, np.int64), (place, np.int64)))  # fmt: skip
    return _Points(kind, xy.reshape(-1, 2), *filled)


def _register_places(number: int, kind: Kind, ground: _Ground) -> _Points:
    """Places of the register, by what is at stake there: an ordinary one (2) counts once, a vital one (4) twice."""
    rows = [row for row in ground.register if row[3] in kind.classes]
    lonlat = np.array([row[1:3] for row in rows], float).reshape(-1, 2)
    times = np.array([row[4] / Place.Stake.NORMAL for row in rows], float)
    place = np.array([row[0] for row in rows], np.int64)
    return _points(number, ground.plane.to_metres(lonlat), times=times, place=place)


def _file_spots(kind: Kind, ground: _Ground) -> tuple[np.ndarray, np.ndarray]:
    """xy (k, 2) and how often each counts, from imported files."""
    if kind.basis == BASIS.JUNCTION:
        return ground.junctions, np.ones(len(ground.junctions))
    chosen = ground.spots[ground.spot_kinds == kind.code]
    return ground.plane.to_metres(chosen[:, :2]), chosen[:, 2]


def _apart(xy: np.ndarray, from_xy: np.ndarray) -> np.ndarray:
    """Which of xy (k, 2) are the same spot as none of `from_xy`: (k,) bool."""
    import shapely

    far = np.ones(len(xy), bool)
    if len(xy) and len(from_xy):
        tree = shapely.STRtree(shapely.points(xy))
        far[tree.query(shapely.points(from_xy), predicate="dwithin", distance=SAME_SPOT_M)[1]] = False
    return far


def _areas(rows: Any) -> list[tuple[int, Any]]:
    import shapely

    found = rows.exclude(area=None).values_list("pk", "area")
    return [(pk, shapely.geometry.shape(area)) for pk, area in found]


def _inside(lonlat: np.ndarray, areas: Sequence[tuple[int, Any]]) -> np.ndarray:
    """The key of the area each point lies in, (k,) int64; where areas overlap the first in order takes it."""
    import shapely

    found = np.full(len(lonlat), NONE, np.int64)
    order = np.argsort(lonlat[:, 0], kind="stable")
    x = lonlat[order, 0]
    for key, area in areas:
        west, south, east, north = area.bounds
        near = order[np.searchsorted(x, west) : np.searchsorted(x, east, "right")]
        near = near[(found[near] == NONE) & (lonlat[near, 1] >= south) & (lonlat[near, 1] <= north)]
        if len(near):
            shapely.prepare(area)
            found[near[shapely.intersects_xy(area, lonlat[near, 0], lonlat[near, 1])]] = key
    return found


def _ids(lonlat: np.ndarray, kind: np.ndarray, kinds: tuple[Kind, ...]) -> np.ndarray:
    """(k,) int64: 25 bits of longitude and 24 of latitude in steps of about 1 m, 13 of the kind's code."""
    import zlib

    codes = np.array([zlib.crc32(each.code.encode()) & 0x1FFF for each in kinds] or [0], np.int64)
    steps = np.round((lonlat + (180.0, 90.0)) * 93_000.0).astype(np.int64)
    return (codes[kind] << 50) | (steps[:, 0] << 25) | steps[:, 1]


def _kept_points(ids: np.ndarray, kelurahan: np.ndarray) -> np.ndarray:
    """Positions of the points that stay: once each, and inside the city where its areas are known."""
    first = np.unique(ids, return_index=True)[1]
    return np.sort(first if (kelurahan == NONE).all() else first[kelurahan[first] != NONE])


def _people_share(
    kind: np.ndarray, kelurahan: np.ndarray, rt: np.ndarray, kinds: tuple[Kind, ...]
) -> np.ndarray:  # fmt: skip
    """How much denser than the city an area is, per point of PEOPLE kinds; 1 for all others and where unknown.

    The newest count of each RT, and of each kelurahan what is left of it, is shared out over the points there: 10 m of
    a crowded street weigh more.
    """
    share = np.ones(len(kind))
    of_kelurahan, of_rt = people_now()
    counted = np.isin(kind, [n for n, each in enumerate(kinds) if each.basis == BASIS.PEOPLE])
    by_rt = counted & np.isin(rt, list(of_rt))
    rest = counted & ~by_rt & np.isin(kelurahan, list(of_kelurahan))
    for key, pk in np.unique(np.column_stack([kelurahan[by_rt], rt[by_rt]]), axis=0).tolist():
        if key in of_kelurahan:
            of_kelurahan[key] = max(0, of_kelurahan[key] - of_rt[pk])
    living, points, at = np.empty(0), np.empty(0), np.full(len(kind), NONE)
    for chosen, areas, people in ((by_rt, rt, of_rt), (rest, kelurahan, of_kelurahan)):
        keys, where, count = np.unique(areas[chosen], return_inverse=True, return_counts=True)
        at[chosen] = where + len(living)
        living = np.append(living, [people[key] for key in keys.tolist()])
        points = np.append(points, count)
    if living.sum() > 0:
        some = at != NONE
        share[some] = np.maximum(living / points / (living.sum() / points.sum()), 1e-6)[at[some]]
    return share


def people_now() -> tuple[dict[int, int], dict[int, int]]:
    """The newest count of each kelurahan, and of each RT that was counted. One query."""
    rows = Population.objects.order_by("counted_on").values_list("kelurahan", "rt", "people")  # the newest stays
    whole: dict[int, int] = {}
    parts: dict[int, int] = {}
    for kelurahan, rt, people in rows:
        (whole if rt is None else parts)[kelurahan if rt is None else rt] = people
    return whole, parts


def _nearest_street(xy: np.ndarray, street: np.ndarray, streets: queries.Streets) -> np.ndarray:
    """The street of points that do not lie on one already, within STREET_REACH_M."""
    import shapely

    lost = np.flatnonzero(street == NONE)
    if len(lost) and len(streets):
        tree = shapely.STRtree(streets.lines)
        which, line = tree.query_nearest(shapely.points(xy[lost]), max_distance=STREET_REACH_M, all_matches=False)
        street = street.copy()
        street[lost[which]] = streets.ids[line]
    return street


def _nearest_place(xy: np.ndarray, place: np.ndarray, ground: _Ground) -> np.ndarray:
    """The register's place of points that are none themselves, within PLACE_REACH_M."""
    import shapely

    lost = np.flatnonzero(place == NONE)
    if len(lost) and ground.register:
        spots = ground.plane.to_metres(np.array([row[1:3] for row in ground.register], float))
        which, found = shapely.STRtree(shapely.points(spots)).query_nearest(
            shapely.points(xy[lost]), max_distance=PLACE_REACH_M, all_matches=False
        )
        place = place.copy()
        place[lost[which]] = np.array([row[0] for row in ground.register], np.int64)[found]
    return place
