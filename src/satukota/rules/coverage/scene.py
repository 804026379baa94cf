"""What stands in the way: buildings, walls, trees; mended once, indexed once, asked many times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from ..reach import LONGEST_RANGE_M
from .index import Ground, index

if TYPE_CHECKING:
    from .terrain import Terrain

LEAST_AREA_M2 = 1e-6
DEGREE_LIKE_M = 0.05  # no building is smaller; in degrees every one is
HIGHEST_M = 1_000.0
LEAST_LENGTH_M = 1e-6
_POLYGON, _MULTI, _COLLECTION = 3, 6, 7
_LINES = (1, 2, 5)  # LineString, LinearRing, MultiLineString


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A polygon that was not taken as it came: its place in what was given, what was wrong, and if it was mended."""

    index: int
    why: str  # not_an_obstacle · not_finite · no_area · duplicate · self_crossing · height
    mended: bool


class Scene:
    """Obstacles in metres. Immutable; safe to share between threads.

    polygons: shapely Polygons or MultiPolygons, in any order, valid or not; (Multi)LineStrings are walls without
    thickness. Holes are courtyards. They may touch, overlap and lie inside one another. What cannot be taken is left
    out, what can be mended is mended, and `left_out` says so. heights_m: above the ground, one for each; None (or NaN)
    hides whatever is behind.
    terrain: heights of the ground, which hides what lies behind a rise; None: flat.
    Raises ValueError for coordinates that look like degrees, or when heights do not fit.

    footprints: (n,) valid polygons taken; heights_m: (n,), inf where it hides all; source: (n,) index of each in
    what was given.
    """

    def __init__(
        self,
        polygons: Sequence[BaseGeometry],
        heights_m: Sequence[float | None] | None = None,
        *,
        terrain: Terrain | None = None,
    ) -> None:
        self.terrain = terrain
        given = np.empty(len(polygons), dtype=object)
        given[:] = polygons
        heights = _heights(heights_m, len(given))
        self.left_out: list[LeftOut] = []
        self.footprints, self.source = self._taken(given, heights)
        self.heights_m = self._known_heights(heights)
        self._box = shapely.total_bounds(self.footprints) if len(self.footprints) else None

    def _taken(self, given: np.ndarray, heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        shapes = shapely.force_2d(given)
        kind, empty = shapely.get_type_id(shapes), shapely.is_empty(shapes) | shapely.is_missing(shapes)
        line = np.isin(kind, _LINES)
        usable = line | (kind == _POLYGON) | (kind == _MULTI)
        self._say(~usable, "not_an_obstacle")
        finite = usable & ~empty & _all_finite(shapes)
        self._say(usable & ~empty & ~finite, "not_finite")
        _refuse_degrees(shapes[finite])
        shapes[finite] = shapely.remove_repeated_points(shapes[finite])
        crossing = finite & ~line
        crossing[crossing] = ~shapely.is_valid(shapes[crossing])
        for place in np.flatnonzero(crossing):
            shapes[place] = mended(shapes[place])
        some = finite.copy()
        some[finite] = np.where(
            line[finite],
            shapely.length(shapes[finite]) >= LEAST_LENGTH_M,
            shapely.area(shapes[finite]) >= LEAST_AREA_M2,
        )
        self._say(usable & (empty | (finite & ~some)), "no_area")
        self._say(crossing & some, "self_crossing", mended=True)
        kept = np.flatnonzero(some)
        again = _duplicates(shapes[kept], heights[kept])
        self._say(kept[again], "duplicate")
        kept = kept[~again]
        return shapes[kept], kept

    def _known_heights(self, heights: np.ndarray) -> np.ndarray:
        known = heights[self.source]
        wrong = ~np.isnan(known) & ~((known >= 0) & (known <= HIGHEST_M))
        self._say(self.source[wrong], "height", mended=True)
        return np.where(np.isnan(known) | wrong, np.inf, known)

    def _say(self, which: np.ndarray, why: str, *, mended: bool = False) -> None:
        """which: indices, or True for each."""
        places = np.flatnonzero(which) if which.dtype == bool else which
        self.left_out.extend(LeftOut(int(place), why, mended) for place in places)

    def refuse_degrees(self, positions: np.ndarray) -> None:
        """ValueError where a position (n, 2) looks like degrees: small, and far from all that stands."""
        if self._box is None or not len(positions):
            return
        low, high = self._box[:2] - LONGEST_RANGE_M, self._box[2:] + LONGEST_RANGE_M
        lost = ((positions < low) | (positions > high)).any(axis=1) & (np.abs(positions) <= (180, 90)).all(axis=1)
        if lost.any():
            raise ValueError(
                f"{positions[lost][0].tolist()} looks like degrees: the scene is in metres, and more than "
                f"{LONGEST_RANGE_M:.0f} m away (Plane.of(lon, lat).to_metres)"
            )

    @cached_property
    def ground(self) -> Ground:
        """The scene as the kernel reads it; made at the first question."""
        return index(self.footprints, self.heights_m)

    def edges_around(self, x: float, y: float, radius_m: float, *, height_m: float = 0.0) -> np.ndarray:
        """Edges (m, 4) ax, ay, bx, by of what is at least `height_m` high and has an edge within `radius_m`.

        For sight.js: what they belong to is on their left; outlines are whole, so that it can tell inside from outside.
        """
        disc = shapely.Point(x, y).buffer(radius_m)
        near = np.sort(self._tree.query(disc, predicate="intersects"))
        near = near[self.heights_m[near] >= height_m]
        return index(self.footprints[near], self.heights_m[near]).edges

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.footprints)

    def __len__(self) -> int:
        return len(self.footprints)


def _all_finite(shapes: np.ndarray) -> np.ndarray:
    corners, of = shapely.get_coordinates(shapes, return_index=True)
    finite = np.ones(len(shapes), dtype=bool)
    finite[of[~np.isfinite(corners).all(axis=1)]] = False
    return finite


def _refuse_degrees(shapes: np.ndarray) -> None:
    if not len(shapes):
        return
    box = shapely.bounds(shapes)
    across = np.maximum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]).max()
    if 0 < across < DEGREE_LIKE_M and np.abs(box).max() <= 180:
        raise ValueError(
            f"the largest of {len(box)} polygons is {across:.2g} across: these look like degrees; "
            "give metres (Plane.of(lon, lat).shape_to_metres)"
        )


def mended(shape: Any) -> Any:
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
