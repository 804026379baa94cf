"""The workload of bench_coverage.py and its judges: rectangles in rows, cameras between them, and plain edge shadows.

The cameras' headings are turned counter-clockwise from east, as when the oracle's figures were measured. Four exact
engines agree on them to 1e-3 m2: shapely edge shadows, npm visibility-polygon, PyPI visilibity, CGAL.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians, sin
from typing import Any

import numpy as np
import shapely
from shapely import Point, STRtree, affinity, box

from satukota.rules.coverage import Viewpoint

UNION_M2, SUM_M2 = 44_202.250, 45_244.733
FOV_DEG, RANGE_M, CHORDS = 90.0, 60.0, 64


def rows_of_houses() -> tuple[list[Any], list[tuple[float, float, float]]]:
    """4,788 rotated rectangles on 1.6 km square and 66 cameras (x, y, heading) outside them."""
    rng = np.random.default_rng(6474)
    n, pitch, rects = 72, 22.0, []
    for i in range(n):
        for j in range(n):
            if len(rects) >= 5000:
                break
            if i % 6 == 0 and rng.random() < 0.5:
                continue
            w, h = rng.uniform(6, 15, 2)
            cx = i * pitch + rng.uniform(-1.5, 1.5)
            cy = j * pitch + rng.uniform(-1.5, 1.5)
            rects.append(affinity.rotate(box(cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2), rng.uniform(-12, 12)))
    tree, used = STRtree(rects), set()
    for k, b in enumerate(rects):
        if not any(o < k and o in used and rects[o].distance(b) < 0.2 for o in tree.query(b.buffer(0.2))):
            used.add(k)
    houses = [rects[k] for k in sorted(used)]
    return houses, cameras_between(houses, 66, rng, (60, n * pitch - 80))


def cameras_between(
    houses: Sequence[Any], count: int, rng: np.random.Generator, within: tuple[float, float]
) -> list[tuple[float, float, float]]:
    """(x, y, heading) at least half a metre from every house."""
    tree, cameras = STRtree(houses), []
    while len(cameras) < count:
        p = rng.uniform(*within, 2)
        if all(houses[o].distance(Point(p)) > 0.5 for o in tree.query(Point(p).buffer(0.5))):
            cameras.append((float(p[0]), float(p[1]), float(rng.uniform(0, 360))))
    return cameras


def viewpoint(camera: tuple[float, float, float]) -> Viewpoint:
    x, y, heading = camera
    return Viewpoint(x, y, bearing_deg=90 - heading, fov_deg=FOV_DEG, range_m=RANGE_M)


def edge_shadows(houses: np.ndarray, tree: STRtree, camera: tuple[float, float, float]) -> Any:
    """The sector minus the houses and the shadow of each of their edges, in shapely."""
    x, y, heading = camera
    turn = [radians(angle) for angle in np.linspace(heading - FOV_DEG / 2, heading + FOV_DEG / 2, CHORDS + 1)]
    sector = shapely.Polygon([(x, y), *((x + RANGE_M * cos(a), y + RANGE_M * sin(a)) for a in turn)])
    hidden = []
    for house in houses[tree.query(sector, predicate="intersects")]:
        corners = shapely.get_coordinates(house) - (x, y)
        one, other = corners[:-1], corners[1:]
        quads = shapely.polygons(np.stack([one, other, other * 40, one * 40], axis=1) + (x, y))
        quads = quads[shapely.area(quads) > 1e-9]
        hidden += [house, *shapely.make_valid(quads)]
    return sector.difference(shapely.union_all(hidden)) if hidden else sector
