"""What stands in the way: buildings, walls, trees; mended once, indexed once, asked many times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

LEAST_AREA_M2 = 1e-6
DEGREE_LIKE_M = 0.05  # no building is smaller; in degrees every one is
HIGHEST_M = 1_000.0
_POLYGON, _MULTI, _COLLECTION = 3, 6, 7


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A polygon that was not taken as it came: its place in what was given, what was wrong, and if it was mended."""

    index: int
    why: str  # not_a_polygon · not_finite · no_area · duplicate · self_crossing · height
    mended: bool


class Scene:
    """Obstacles in metres. Immutable; safe to share between threads.

    polygons: shapely Polygons or MultiPolygons, in any order, valid or not. Holes are courtyards. They may touch,
    overlap and lie inside one another. What cannot be taken is left out, what can be mended is mended, and
    `left_out` says so. heights_m: above the ground, one for each; None (or NaN) hides whatever is behind.
    Raises ValueError for coordinates that look like degrees, or when heights do not fit.

    footprints: (n,) valid polygons taken; heights_m: (n,), inf where it hides all; source: (n,) index of each in
    what was given.
    """

    def __init__(self, polygons: Sequence[BaseGeometry], heights_m: Sequence[float | None] | None = None) -> None:
        given = np.asarray(polygons, dtype=object) if len(polygons) else np.empty(0, dtype=object)
        heights = _heights(heights_m, len(given))
        self.left_out: list[LeftOut] = []
        self.footprints, self.source = self._taken(given, heights)
        self.heights_m = self._known_heights(heights)
        self._refuse_degrees()

    def _taken(self, given: np.ndarray, heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        shapes, index = given.copy(), np.arange(len(given))
        kind = shapely.get_type_id(given) if len(given) else np.empty(0, dtype=int)
        usable = ((kind == _POLYGON) | (kind == _MULTI)) if len(given) else np.empty(0, dtype=bool)
        self._say(index[~usable], "not_a_polygon")
        box = shapely.bounds(shapes)
        finite = usable & np.isfinite(box).all(axis=1) if len(given) else usable
        self._say(index[usable & ~finite & ~shapely.is_empty(shapes)], "not_finite")
        self._say(index[usable & ~finite & shapely.is_empty(shapes)], "no_area")
        crossing = finite.copy()
        crossing[finite] = ~shapely.is_valid(shapes[finite])
        for place in np.flatnonzero(crossing):
            shapes[place] = _mended(shapes[place])
        flat = finite.copy()
        flat[finite] = shapely.area(shapes[finite]) < LEAST_AREA_M2
        self._say(index[flat], "no_area")
        self._say(index[crossing & ~flat], "self_crossing", mended=True)
        kept = np.flatnonzero(finite & ~flat)
        again = _duplicates(shapes[kept], heights[kept])
        self._say(kept[again], "duplicate")
        kept = kept[~again]
        return shapes[kept], kept

    def _known_heights(self, heights: np.ndarray) -> np.ndarray:
        known = heights[self.source]
        wrong = ~np.isnan(known) & ~((known >= 0) & (known <= HIGHEST_M))
        self._say(self.source[wrong], "height", mended=True)
        return np.where(np.isnan(known) | wrong, np.inf, known)

    def _say(self, places: np.ndarray, why: str, *, mended: bool = False) -> None:
        self.left_out.extend(LeftOut(int(place), why, mended) for place in places)

    def _refuse_degrees(self) -> None:
        if not len(self.footprints):
            return
        box = shapely.bounds(self.footprints)
        across = np.maximum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]).max()
        if across < DEGREE_LIKE_M and np.abs(box[:, [0, 2]]).max() <= 180 and np.abs(box).max() <= 180:
            raise ValueError(
                f"the largest of {len(box)} polygons is {across:.2g} across: these look like degrees; "
                "give metres (Plane.of(lon, lat).shape_to_metres)"
            )

    def __len__(self) -> int:
        return len(self.footprints)


def _mended(shape: Any) -> Any:
    """The area a self-crossing ring goes round; lines and points that fall off are dropped."""
    whole = shapely.make_valid(shape)
    if shapely.get_type_id(whole) == _COLLECTION:
        parts = [part for part in shapely.get_parts(whole) if shapely.get_type_id(part) in (_POLYGON, _MULTI)]
        whole = shapely.union_all(parts) if parts else shapely.Polygon()
    return whole if shapely.get_type_id(whole) in (_POLYGON, _MULTI) else shapely.Polygon()


def _duplicates(shapes: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """True for each shape that came before with the same outline and height."""
    seen: set[tuple[bytes, float]] = set()
    again = np.zeros(len(shapes), dtype=bool)
    outlines = shapely.to_wkb(shapely.normalize(shapes), output_dimension=2) if len(shapes) else []
    for place, (outline, height) in enumerate(zip(outlines, heights, strict=True)):
        key = (outline, -1.0 if np.isnan(height) else float(height))
        again[place] = key in seen
        seen.add(key)
    return again


def _heights(heights_m: Sequence[float | None] | None, count: int) -> np.ndarray:
    if heights_m is None:
        return np.full(count, np.nan)
    if len(heights_m) != count:
        raise ValueError(f"{count} polygons, but {len(heights_m)} heights")
    return np.array([np.nan if height is None else float(height) for height in heights_m], dtype=np.float64)
