"""What viewpoints see of a scene: regions, areas, points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, cos, radians, sin
from typing import Any

import numpy as np
import shapely

from .purposes import scene_width
from .scene import Scene
from .viewpoint import Viewpoint

CHORDS_PER_QUARTER = 64


@dataclass(frozen=True, slots=True)
class Seen:
    """Pairs in sight, by viewpoint: those of viewpoint i are at indptr[i]:indptr[i + 1], points ascending.

    indptr (n + 1,) int64; points (pairs,) int32 index of the point; px_per_m (pairs,) float32, NaN where the
    viewpoint has no width_px.
    """

    indptr: np.ndarray
    points: np.ndarray
    px_per_m: np.ndarray


def views(
    scene: Scene,
    viewpoints: Sequence[Viewpoint],
    *,
    px_per_m: float = 0.0,
    night: bool = False,
    target_height_m: float = 0.0,
) -> np.ndarray:
    """What each sees: (n,) valid Polygons or MultiPolygons, in order; an empty Polygon where it sees nothing."""
    seen = np.empty(len(viewpoints), dtype=object)
    for place, eye in enumerate(viewpoints):
        reach = eye.reach_m(px_per_m, night=night, target_height_m=target_height_m)
        seen[place] = _view(scene, eye, reach, target_height_m)
    return seen


def areas_m2(
    scene: Scene,
    viewpoints: Sequence[Viewpoint],
    *,
    px_per_m: float = 0.0,
    night: bool = False,
    target_height_m: float = 0.0,
) -> np.ndarray:
    """How much each sees: (n,) square metres."""
    return shapely.area(views(scene, viewpoints, px_per_m=px_per_m, night=night, target_height_m=target_height_m))


def sees(
    scene: Scene,
    viewpoints: Sequence[Viewpoint],
    points: Any,
    *,
    px_per_m: float = 0.0,
    night: bool = False,
    target_height_m: float = 0.0,
) -> Seen:
    """Which of the points (n, 2) each sees, and how sharp."""
    xy = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    dots = shapely.points(xy)
    held, sharp = [], []
    regions = views(scene, viewpoints, px_per_m=px_per_m, night=night, target_height_m=target_height_m)
    for eye, region in zip(viewpoints, regions, strict=True):
        inside = np.flatnonzero(shapely.intersects(region, dots)).astype(np.int32)
        along = np.hypot(np.hypot(*(xy[inside] - (eye.x, eye.y)).T), eye.height_m - target_height_m)
        held.append(inside)
        sharp.append((eye.width_px or np.nan) / (along * scene_width(eye.fov_deg)))
    counts = np.array([len(some) for some in held], dtype=np.int64)
    return Seen(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        np.concatenate([np.empty(0, np.int32), *held]).astype(np.int32),
        np.concatenate([np.empty(0), *sharp]).astype(np.float32),
    )


def _view(scene: Scene, eye: Viewpoint, reach: float, target_m: float) -> Any:
    near, far = eye.ring_m(target_m)
    far = min(far, reach)
    if not near < far:
        return shapely.Polygon()
    region = _sector(eye, far)
    if near > 0:
        region = region.difference(_sector(eye, near))
    around = [place for place in range(len(scene)) if scene.footprints[place].intersects(region.convex_hull)]
    hidden = [_shadow(scene.footprints[place], scene.heights_m[place], eye, target_m, far) for place in around]
    return region.difference(shapely.union_all(hidden)) if hidden else region


def _sector(eye: Viewpoint, far: float) -> Any:
    middle = 90.0 - (eye.bearing_deg or 0.0)
    count = ceil(CHORDS_PER_QUARTER * eye.fov_deg / 90 - 1e-9)
    turn = [radians(middle - eye.fov_deg / 2 + eye.fov_deg * part / count) for part in range(count + 1)]
    arc = [(eye.x + far * cos(angle), eye.y + far * sin(angle)) for angle in turn]
    return shapely.Polygon(arc[:-1] if eye.fov_deg == 360 else [(eye.x, eye.y), *arc])


def _shadow(footprint: Any, height: float, eye: Viewpoint, target_m: float, far: float) -> Any:
    """The footprint and the ground behind it that it hides, seen from above."""
    if target_m <= eye.height_m:
        factor = (eye.height_m - target_m) / (eye.height_m - height) if height < eye.height_m else np.inf
    else:
        factor = np.inf if height >= target_m else 1.0
    factor = max(factor, 1.0)
    parts = [footprint]
    for ring in shapely.get_rings(footprint):
        corners = shapely.get_coordinates(ring) - (eye.x, eye.y)
        for one, other in zip(corners[:-1], corners[1:], strict=True):
            nearest = shapely.LineString([one, other]).distance(shapely.Point(0, 0))
            beyond = min(factor, 2 * far / nearest if nearest > 1e-9 else 1e9)
            quad = shapely.Polygon([one, other, beyond * other, beyond * one])
            if quad.area > 1e-9:
                parts.append(shapely.transform(shapely.make_valid(quad), lambda xy: xy + (eye.x, eye.y)))
    return shapely.union_all(parts)
