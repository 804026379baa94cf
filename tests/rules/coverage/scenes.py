"""Random scenes for the judges: touching, nested, overlapping, collinear, with courtyards, walls, and eyes on walls."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from hypothesis import strategies as st
from shapely import affinity

from satukota.rules.coverage import Viewpoint

# COVERAGE_SCENES=1000 judges a thousand scenes per test; the plain judge needs some 20 ms for each.
MANY = int(os.environ.get("COVERAGE_SCENES", "50"))
HEIGHTS = (None, None, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 8.0)

small = st.integers(-40, 40).map(float)
length = st.one_of(st.integers(1, 15).map(float), st.floats(0.5, 15))


@dataclass(frozen=True)
class Drawn:
    """A scene as it was drawn."""

    bodies: list[Any]
    heights: list[float | None]
    eye: Viewpoint
    target_m: float


@st.composite
def bodies(draw: Any) -> Any:
    x, y = draw(small), draw(small)
    kind = draw(st.sampled_from(["house", "house", "turned", "courtyard", "corner", "wall", "star", "pair"]))
    if kind in ("house", "turned"):
        house = shapely.box(x, y, x + draw(length), y + draw(length))
        return affinity.rotate(house, draw(st.floats(0, 180))) if kind == "turned" else house
    if kind == "courtyard":
        return shapely.box(x, y, x + 12, y + 10).difference(shapely.box(x + 2, y + 2, x + 9, y + 7))
    if kind == "corner":
        return shapely.Polygon([(x, y), (x + 10, y), (x + 10, y + 4), (x + 4, y + 4), (x + 4, y + 10), (x, y + 10)])
    if kind == "pair":
        return shapely.MultiPolygon([shapely.box(x, y, x + 4, y + 3), shapely.box(x + 4, y + 3, x + 9, y + 9)])
    if kind == "wall":
        return shapely.LineString([(x, y), (x + draw(length), y), (x + 5, y + 12)])
    turn = np.arange(6) * np.pi / 3
    reach = np.array(draw(st.lists(st.floats(2, 8), min_size=6, max_size=6)))
    return shapely.Polygon(np.column_stack([x + reach * np.cos(turn), y + reach * np.sin(turn)]))


@st.composite
def drawn_scenes(draw: Any, *, low: bool) -> Drawn:
    """low: with heights, tilted lenses and raised targets."""
    shapes = draw(st.lists(bodies(), max_size=10))
    heights: list[float | None] = [draw(st.sampled_from(HEIGHTS)) if low else None for _ in shapes]
    x, y = draw(st.one_of(st.just((0.0, 0.0)), st.tuples(st.floats(-20, 20), st.floats(-20, 20))))
    if shapes and draw(st.integers(0, 5)) == 0:
        corners = shapely.get_coordinates(shapes[0])
        x, y = draw(st.sampled_from([corners[1], (corners[0] + corners[1]) / 2]))
    tilted = low and draw(st.booleans())
    eye = Viewpoint(
        float(x),
        float(y),
        bearing_deg=draw(st.one_of(st.sampled_from([0.0, 45.0, 90.0]), st.floats(0, 360))),
        fov_deg=draw(st.one_of(st.sampled_from([360.0, 90.0, 30.0, 180.0, 270.0]), st.floats(1, 360))),
        range_m=draw(st.floats(5, 80)),
        height_m=draw(st.sampled_from([2.5, 4.0, 6.0])),
        tilt_deg=draw(st.floats(0, 50)) if tilted else None,
        vertical_fov_deg=draw(st.floats(10, 60)) if tilted else None,
    )
    return Drawn(shapes, heights, eye, draw(st.sampled_from([0.0, 0.0, 1.6, 5.0])) if low else 0.0)
