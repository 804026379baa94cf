"""What viewpoints see of a scene: regions, areas, points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from .index import Dots, dots_of
from .purposes import scene_width
from .scene import Scene, mended
from .viewpoint import Patrol, Viewpoint

CHORDS_PER_QUARTER = 64
_DESK = 1 << 13
_PLACE = [0, 1, 6]  # columns of an eye: x, y, height
_TOGETHER = 1024  # eyes swept before what they see is handed over


@dataclass(frozen=True, slots=True)
class Seen:
    """Pairs in sight, by viewpoint: those of viewpoint i are at indptr[i]:indptr[i + 1], points ascending.

    indptr (n + 1,) int64; points (pairs,) int32 index of the point; px_per_m (pairs,) float32, NaN where the
    viewpoint has no width_px.
    """

    indptr: np.ndarray
    points: np.ndarray
    px_per_m: np.ndarray


@dataclass(frozen=True, slots=True)
class Watched:
    """Pairs in sight, by patrol, as `Seen`; share (pairs,) float32 of the time, px_per_m of the sharpest preset."""

    indptr: np.ndarray
    points: np.ndarray
    share: np.ndarray
    px_per_m: np.ndarray


def views(
    scene: Scene,
    viewpoints: Sequence[Viewpoint],
    *,
    px_per_m: float = 0.0,
    night: bool = False,
    target_height_m: float = 0.0,
) -> np.ndarray:
    """What each sees: (n,) valid Polygons or MultiPolygons, in order; an empty Polygon where it sees nothing.

    px_per_m: only as far as it is that sharp. night: only as far as its light reaches. target_height_m: what is
    looked for is that high above the ground (a face, a number plate).
    """
    eyes = _eyes(scene, viewpoints, px_per_m, night, target_height_m)
    regions = np.full(len(eyes), shapely.Polygon(), dtype=object)
    for begin in range(0, len(eyes), _TOGETHER):
        part = slice(begin, begin + _TOGETHER)
        regions[part] = _regions(scene, eyes[part])
    if scene.terrain is not None:
        regions = scene.terrain.cut(regions, eyes[:, _PLACE], target_height_m)
    return regions


def areas_m2(
    scene: Scene,
    viewpoints: Sequence[Viewpoint],
    *,
    px_per_m: float = 0.0,
    night: bool = False,
    target_height_m: float = 0.0,
) -> np.ndarray:
    """How much each sees: (n,) square metres, without making the regions where the ground is flat."""
    from .flat import AREAS

    if scene.terrain is not None:
        regions = views(scene, viewpoints, px_per_m=px_per_m, night=night, target_height_m=target_height_m)
        found: np.ndarray = shapely.area(regions)
        return found

    return _swept(scene, _eyes(scene, viewpoints, px_per_m, night, target_height_m), AREAS).area


def sees(
    scene: Scene,
    viewpoints: Sequence[Viewpoint],
    points: Any,
    *,
    px_per_m: float = 0.0,
    night: bool = False,
    target_height_m: float = 0.0,
) -> Seen:
    """Which of the points (n, 2) each sees, and how sharp. A point on the border of a view is in it."""
    xy = _points(points)
    eyes = _eyes(scene, viewpoints, px_per_m, night, target_height_m)
    at, held = _pairs(scene, eyes, xy)
    if scene.terrain is not None:
        open_ = ~scene.terrain.hidden(eyes[:, _PLACE], at, xy[held], target_height_m)
        at, held = at[open_], held[open_]
    width = np.array([np.nan if eye.width_px is None else eye.width_px for eye in viewpoints], dtype=np.float64)
    wide = np.array([scene_width(eye.fov_deg) for eye in viewpoints], dtype=np.float64)
    away = xy[held] - eyes[at, :2]
    drop = eyes[at, 6] - target_height_m
    along = np.sqrt(away[:, 0] ** 2 + away[:, 1] ** 2 + drop**2)
    with np.errstate(divide="ignore"):
        sharp = (width[at] / (along * wide[at])).astype(np.float32)
    return Seen(_ends(at, len(eyes)), held.astype(np.int32), sharp)


def watched(
    scene: Scene,
    patrols: Sequence[Patrol],
    points: Any,
    *,
    px_per_m: float = 0.0,
    night: bool = False,
    target_height_m: float = 0.0,
) -> Watched:
    """Which of the points each patrol sees, for what share of the time, and how sharp at best."""
    eyes = [eye for patrol in patrols for eye in patrol.viewpoints()]
    owner = np.repeat(np.arange(len(patrols)), [len(patrol.presets) for patrol in patrols])
    dwell = np.array([preset.dwell_share for patrol in patrols for preset in patrol.presets], dtype=np.float64)
    seen = sees(scene, eyes, points, px_per_m=px_per_m, night=night, target_height_m=target_height_m)
    eye = np.repeat(np.arange(len(eyes)), np.diff(seen.indptr))
    keys, pair = np.unique((owner[eye].astype(np.int64) << 32) | seen.points, return_inverse=True)
    share = np.bincount(pair, weights=dwell[eye], minlength=len(keys))
    sharp = np.full(len(keys), -np.inf, dtype=np.float32)
    np.fmax.at(sharp, pair, seen.px_per_m)
    sharp[np.isneginf(sharp)] = np.nan
    at, held = keys >> 32, keys & 0xFFFFFFFF
    return Watched(_ends(at, len(patrols)), held.astype(np.int32), np.minimum(share, 1.0).astype(np.float32), sharp)


def inside(scene: Scene, viewpoints: Sequence[Viewpoint]) -> np.ndarray:
    """Who sees nothing because it stands in a building at least as high as itself: (n,) int64.

    The index of that building in what the scene was made from, -1 where it stands free. On a wall is not inside.
    """
    from . import flat

    eyes = _eyes(scene, viewpoints, 0.0, False, 0.0)
    body = np.empty(len(eyes), dtype=np.int64)
    flat.sweep_bodies(scene.ground, eyes, body)
    return np.where(body >= 0, np.append(scene.source, -1)[body], -1)


def union(regions: Any) -> Any:
    """All regions as one. Regions that touch no other are only put beside each other."""
    return shapely.disjoint_subset_union_all(np.asarray(regions, dtype=object))


def _eyes(scene: Scene, viewpoints: Sequence[Viewpoint], px_per_m: float, night: bool, target_m: float) -> np.ndarray:
    """(n, 8) float64, the columns named in kernel.py."""
    if isinstance(target_m, bool) or not np.isfinite(target_m) or target_m < 0:
        raise ValueError(f"target_height_m is 0 or more, got {target_m!r}")
    rows = np.empty((len(viewpoints), 8))
    for row, eye in zip(rows, viewpoints, strict=True):
        near, far = eye.ring_m(target_m)
        far = min(far, eye.reach_m(px_per_m, night=night, target_height_m=target_m))
        start = (90.0 - (eye.bearing_deg or 0.0) - eye.fov_deg / 2) % 360.0
        row[:] = (eye.x, eye.y, start, eye.fov_deg, far, near, eye.height_m, target_m)
    scene.refuse_degrees(rows[:, :2])
    return rows


@dataclass(slots=True)
class _Found:
    """What a sweep found: area and state of each eye, and rings or pairs, by eye."""

    area: np.ndarray
    state: np.ndarray
    xy: np.ndarray  # vertices of the rings (m, 2)
    ring_starts: np.ndarray
    ring_of: np.ndarray
    pair_of: np.ndarray  # eye and place (in the order of the dots) of each pair
    places: np.ndarray


def _swept(scene: Scene, eyes: np.ndarray, want: int, dots: Dots | None = None, *, low: bool = False) -> _Found:
    """Sweep all eyes, begun anew with more room where it ran out; areas of those that see over low things included."""
    from .flat import AREAS, POINTS, RINGS, sweep
    from .sweep import RELIEF

    if low:
        from .stretches import sweep_low as sweep
    dots = dots_of(np.empty((0, 2))) if dots is None else dots
    area, state, ends = np.zeros(len(eyes)), np.zeros(len(eyes), np.int64), np.zeros(len(eyes), np.int64)
    begin, size, offset = 0, _DESK, 0
    room = {AREAS: 0, RINGS: 1024 * (1 + min(len(eyes), 64)), POINTS: max(1 << 14, len(dots.points))}[want]
    xy, starts, of = [np.empty((0, 2))], [np.zeros(1, np.int64)], [np.empty(0, np.int64)]
    pair_of, places = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    while begin < len(eyes):
        corners, ring_ends = np.empty((room if want == RINGS else 0, 2)), np.empty(room, np.int64)
        ring_of, out = np.empty(room, np.int64), np.empty(room if want == POINTS else 0, np.int64)
        done, at, rings = sweep(
            scene.ground, eyes, begin, size, want, area, state, corners, ring_ends, ring_of, dots, out, ends
        )
        if want == RINGS:
            xy.append(corners[:at])
            starts.append(ring_ends[:rings] + offset)
            of.append(ring_of[:rings])
            offset += at
        if want == POINTS:
            pair_of.append(np.repeat(np.arange(begin, done), np.diff(ends[begin:done], prepend=0)))
            places.append(out[:at])
        if done == begin:
            size, room = 2 * size, 2 * room
        begin = done
    found = _Found(area, state, *(np.concatenate(parts) for parts in (xy, starts, of, pair_of, places)))
    over = np.flatnonzero(state == RELIEF)
    if want == AREAS and not low and len(over):
        area[over] = _swept(scene, eyes[over], want, low=True).area
    return found


def _regions(scene: Scene, eyes: np.ndarray) -> np.ndarray:
    from .flat import RINGS
    from .sweep import DOUBTFUL, RELIEF

    found = _swept(scene, eyes, RINGS)
    regions = _joined(found, len(eyes), shapely.multipolygons)
    doubtful = np.flatnonzero(found.state == DOUBTFUL)
    for place in doubtful[~shapely.is_valid(regions[doubtful])]:
        regions[place] = mended(regions[place])
    over = np.flatnonzero(found.state == RELIEF)
    if len(over):
        regions[over] = _joined(_swept(scene, eyes[over], RINGS, low=True), len(over), _coverage_union)
    return regions


def _joined(found: _Found, count: int, join: Any) -> np.ndarray:
    """One geometry for each eye: its ring as a polygon, its rings joined by `join`, an empty polygon for none."""
    xy, ends, numbers = found.xy, found.ring_starts, np.bincount(found.ring_of, minlength=count)
    if (numbers <= 1).all():
        parts = np.append(0, np.cumsum(numbers))
        return shapely.from_ragged_array(shapely.GeometryType.POLYGON, xy, (ends, parts))
    rings = shapely.from_ragged_array(shapely.GeometryType.POLYGON, xy, (ends, np.arange(len(ends))))
    joined = np.full(count, shapely.Polygon(), dtype=object)
    stops = np.cumsum(numbers)
    for place in np.flatnonzero(numbers):
        own = rings[stops[place] - numbers[place] : stops[place]]
        joined[place] = own[0] if len(own) == 1 else join(own)
    return joined


def _coverage_union(cells: np.ndarray) -> Any:
    """Cells that share their sides to the last bit, as one; by overlay where rounding spoiled one of them."""
    try:
        whole = shapely.coverage_union_all(cells)
        spoiled = not shapely.is_valid(whole)
    except shapely.errors.GEOSException:
        spoiled = True
    if spoiled:
        whole = mended(shapely.union_all(shapely.make_valid(cells)))
    parts = shapely.get_parts(whole)
    return parts[0] if len(parts) == 1 else whole


def _pairs(scene: Scene, eyes: np.ndarray, xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eye and point of each pair in sight, by eye, then point."""
    from .flat import POINTS
    from .sweep import RELIEF

    dots = dots_of(xy)
    found = _swept(scene, eyes, POINTS, dots)
    at, held = found.pair_of, dots.order[found.places]
    over = np.flatnonzero(found.state == RELIEF)
    if len(over):
        more = _swept(scene, eyes[over], POINTS, dots, low=True)
        at, held = np.append(at, over[more.pair_of]), np.append(held, dots.order[more.places])
    pairs = np.sort((at << 32) | held)
    return pairs >> 32, pairs & 0xFFFFFFFF


def _ends(of: np.ndarray, count: int) -> np.ndarray:
    return np.append(0, np.cumsum(np.bincount(of, minlength=count))).astype(np.int64)


def _points(points: Any) -> np.ndarray:
    xy = np.asarray(points, dtype=np.float64)
    if xy.size == 0:
        return np.empty((0, 2))
    if xy.ndim != 2 or xy.shape[1] != 2 or not np.isfinite(xy).all():
        raise ValueError(f"points are finite pairs (n, 2) in metres, got an array of shape {xy.shape}")
    return xy
