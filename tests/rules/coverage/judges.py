"""Plain exact sight in shapely, to judge the kernel by: the sector minus every footprint and every edge's shadow."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, cos, inf, pi, sin
from typing import Any

import numpy as np
import shapely

from satukota.rules.coverage import Viewpoint


def sector(eye: Viewpoint, far: float) -> Any:
    """64 chords for each quarter turn, corners on the circle."""
    count = ceil(64 * eye.fov_deg / 90 - 1e-9)
    first = pi / 2 - (eye.bearing_deg or 0.0) * pi / 180 - eye.fov_deg * pi / 360
    turn = [first + eye.fov_deg * pi / 180 * part / count for part in range(count + 1)]
    arc = [(eye.x + far * cos(angle), eye.y + far * sin(angle)) for angle in turn]
    return shapely.Polygon(arc[:-1] if eye.fov_deg == 360 else [(eye.x, eye.y), *arc])


def stretch_hidden(eye_m: float, target_m: float, top_m: float | None) -> tuple[float, float]:
    """(from, to): multiples of an edge's distance between which it hides a target. to == from: nothing but itself.

    From the straight line between eye and target, which at the share s of the way is at eye + s (target - eye).
    """
    top = inf if top_m is None else top_m
    if top >= max(eye_m, target_m):
        return 1.0, inf
    if target_m <= eye_m:
        return 1.0, max(1.0, (eye_m - target_m) / (eye_m - top))
    return ((target_m - eye_m) / (top - eye_m), inf) if top > eye_m else (1.0, 1.0)


def shadow(body: Any, eye: Viewpoint, hidden: tuple[float, float], far: float) -> Any:
    """What a body hides, itself included."""
    parts, (begins, stops) = [body], hidden
    if begins != stops:
        for one, other in _edges(body, eye):
            near = shapely.LineString([one, other]).distance(shapely.Point(0, 0))
            if near < 1e-6:
                continue
            end = min(stops, begins + 3 * far / near)
            quad = shapely.Polygon([begins * one, begins * other, end * other, end * one])
            if quad.area > 1e-9:
                parts.append(_moved(shapely.make_valid(quad), eye))
        if 1 < stops < inf:
            parts.append(_moved(_drawn_out(body, eye, stops), eye))
    return shapely.union_all([part for part in parts if part.area > 0])


def plain_view(
    bodies: Sequence[Any],
    heights: Sequence[float | None],
    eye: Viewpoint,
    *,
    target_m: float = 0.0,
    reach: float | None = None,
) -> Any:
    near, far = eye.ring_m(target_m)
    far = min(far, eye.range_m if reach is None else reach)
    if not near < far:
        return shapely.Polygon()
    region = sector(eye, far)
    if near > 0:
        region = region.difference(sector(eye, near))
    hidden = []
    for body, height in zip(bodies, heights, strict=True):
        how = stretch_hidden(eye.height_m, target_m, height)
        if height is None or height >= eye.height_m:
            if _stands_in(body, eye):
                return shapely.Polygon()
            if how[0] > 1 and body.distance(shapely.Point(eye.x, eye.y)) < 1e-6:
                how = (1.0, inf)  # the line of sight begins within its wall
        hidden.append(shadow(body, eye, how, far))
    return region.difference(shapely.union_all(hidden)) if hidden else region


def _stands_in(body: Any, eye: Viewpoint) -> bool:
    foot = shapely.Point(eye.x, eye.y)
    return bool(shapely.get_dimensions(body) == 2 and body.contains(foot) and body.boundary.distance(foot) > 1e-6)


def _edges(body: Any, eye: Viewpoint) -> list[tuple[np.ndarray, np.ndarray]]:
    lines = shapely.get_rings(shapely.get_parts(body)) if shapely.get_dimensions(body) == 2 else shapely.get_parts(body)
    found = []
    for line in lines:
        corners = shapely.get_coordinates(line) - (eye.x, eye.y)
        found += list(zip(corners[:-1], corners[1:], strict=True))
    return found


def _drawn_out(body: Any, eye: Viewpoint, times: float) -> Any:
    return shapely.transform(body, lambda xy: (xy - (eye.x, eye.y)) * times)


def _moved(shape: Any, eye: Viewpoint) -> Any:
    return shapely.transform(shape, lambda xy: xy + (eye.x, eye.y))
