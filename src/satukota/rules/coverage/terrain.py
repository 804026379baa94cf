"""Rising ground in the way: a raster of heights, looked along from the eye to each point or cell.

What buildings hide is exact on flat ground; what the ground itself hides is judged by lines of sight over the raster,
with heights between its cells by bilinear interpolation, and taken away. Heights of buildings and eyes are above the
ground they stand on. docs/coverage-geometry.md says what that leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import Any

import numpy as np
import shapely

LEAST_STEP_M, LARGEST_STEP_M = 0.1, 200.0
MOST_CELLS = 36_000_000
MOST_ACROSS = 250  # cells of one viewpoint's mask, from its middle to its border: coarser cells for a finer raster


@dataclass(frozen=True, eq=False)
class Terrain:
    """Heights of the ground in metres at the middles of square cells, the first row in the north, on the scene's plane.

    `heights` (rows, columns) float32, NaN where nobody knows: unknown ground hides nothing, and who stands on it looks
    as over flat ground. (west, north) is the outer corner of the first cell. Raises ValueError for what is no raster.
    """

    west: float
    north: float
    step_m: float
    heights: np.ndarray

    def __post_init__(self) -> None:
        if self.heights.ndim != 2 or self.heights.dtype != np.float32 or min(self.heights.shape) < 2:
            raise ValueError("heights are float32 in rows and columns, at least two of each")
        if self.heights.size > MOST_CELLS:
            raise ValueError(f"{self.heights.size} cells, at most {MOST_CELLS}")
        if not LEAST_STEP_M <= self.step_m <= LARGEST_STEP_M:
            raise ValueError(f"step_m is from {LEAST_STEP_M} to {LARGEST_STEP_M} metres, got {self.step_m!r}")
        if not (np.isfinite(self.west) and np.isfinite(self.north)):
            raise ValueError("west and north are metres")

    def at(self, xy: np.ndarray) -> np.ndarray:
        """Height of the ground at points (n, 2): (n,) float64, NaN where it is not known."""
        from .lines import heights_at

        found = np.empty(len(xy))
        heights_at(self.heights, self.west, self.north, self.step_m, np.ascontiguousarray(xy, np.float64), found)
        return found

    def hidden(self, eyes: np.ndarray, at: np.ndarray, xy: np.ndarray, target_m: float) -> np.ndarray:
        """Which points (k, 2) the ground hides from their eye: (k,) bool.

        eyes (n, 3): x, y, height above the ground; at (k,): the eye of each point; target_m: of what is looked for
        above its ground.
        """
        from .lines import hidden

        found = np.zeros(len(xy), dtype=np.bool_)
        hidden(self.heights, self.west, self.north, self.step_m, np.ascontiguousarray(eyes, np.float64),
               np.ascontiguousarray(at, np.int64), np.ascontiguousarray(xy, np.float64), float(target_m),
               found)  # fmt: skip
        return found

    def cut(self, regions: np.ndarray, eyes: np.ndarray, target_m: float) -> np.ndarray:
        """The regions (n,) without the cells the ground hides from their eye (n, 3)."""
        left = regions.copy()
        for place in np.flatnonzero(~shapely.is_empty(regions)):
            dark = self._dark(regions[place], eyes[place : place + 1], target_m)
            if dark is not None:
                left[place] = _areal(shapely.difference(regions[place], dark))
        return left

    def _dark(self, region: Any, eye: np.ndarray, target_m: float) -> Any:
        """The cells of the region's box whose middles are hidden, as one shape; None for none."""
        west, south, east, north = region.bounds
        step = self.step_m * ceil(max(east - west, north - south) / (2 * MOST_ACROSS * self.step_m))
        first = floor((west - self.west) / step), floor((self.north - north) / step)
        columns = np.arange(first[0], ceil((east - self.west) / step))
        rows = np.arange(first[1], ceil((self.north - south) / step))
        x, y = self.west + (columns + 0.5) * step, self.north - (rows + 0.5) * step
        middles = np.column_stack([np.tile(x, len(y)), np.repeat(y, len(x))])
        found = self.hidden(eye, np.zeros(len(middles), np.int64), middles, target_m).reshape(len(y), len(x))
        boxes = _runs(found, x - step / 2, y + step / 2, step)
        return shapely.union_all(boxes) if len(boxes) else None


def _runs(dark: np.ndarray, west: np.ndarray, north: np.ndarray, step: float) -> np.ndarray:
    """Neighbouring cells of a row as one box each."""
    edges = np.diff(dark.astype(np.int8), axis=1, prepend=0, append=0)
    row, begin = np.nonzero(edges == 1)
    _row, end = np.nonzero(edges == -1)
    return shapely.box(west[begin], north[row] - step, west[begin] + (end - begin) * step, north[row])


def _areal(shape: Any) -> Any:
    """Without the lines and points a difference may leave."""
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return shapely.union_all(parts) if parts else shapely.Polygon()
