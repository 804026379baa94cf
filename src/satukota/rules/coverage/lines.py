"""Lines of sight over a raster of heights, compiled. Apart from the sweep: it shares nothing with it."""

from __future__ import annotations

from math import ceil, isnan, nan

import numpy as np
from numba import njit

BURIED_M = 0.001  # a line of sight may graze the ground so much


@njit(nogil=True, cache=True)
def _height(heights: np.ndarray, west: float, north: float, step: float, x: float, y: float) -> float:
    """Bilinear between the middles of cells; at the rim as at its nearest cell; NaN beyond and beside unknown ones."""
    column, row = (x - west) / step - 0.5, (north - y) / step - 0.5
    rows, columns = heights.shape
    if column < -0.5 or row < -0.5 or column > columns - 0.5 or row > rows - 0.5:
        return nan
    column, row = min(max(column, 0.0), columns - 1.0), min(max(row, 0.0), rows - 1.0)
    i, j = min(int(row), rows - 2), min(int(column), columns - 2)
    down, right = row - i, column - j
    upper = heights[i, j] * (1.0 - right) + heights[i, j + 1] * right
    lower = heights[i + 1, j] * (1.0 - right) + heights[i + 1, j + 1] * right
    return float(upper * (1.0 - down) + lower * down)


@njit(nogil=True, cache=True)
def heights_at(
    heights: np.ndarray, west: float, north: float, step: float, xy: np.ndarray, out: np.ndarray
) -> None:  # fmt: skip
    for k in range(len(xy)):
        out[k] = _height(heights, west, north, step, xy[k, 0], xy[k, 1])


@njit(nogil=True, cache=True)
def hidden(
    heights: np.ndarray, west: float, north: float, step: float, eyes: np.ndarray, at: np.ndarray, xy: np.ndarray,
    target: float, out: np.ndarray,
) -> None:  # fmt: skip
    """Looked at twice a cell along each line: the ground between two looks lies on one or two bilinear patches."""
    for k in range(len(xy)):
        x0, y0 = eyes[at[k], 0], eyes[at[k], 1]
        ground0 = _height(heights, west, north, step, x0, y0)
        ground1 = _height(heights, west, north, step, xy[k, 0], xy[k, 1])
        if isnan(ground0) or isnan(ground1):
            continue
        z0, z1 = ground0 + eyes[at[k], 2], ground1 + target
        dx, dy = xy[k, 0] - x0, xy[k, 1] - y0
        looks = int(ceil(2.0 * (dx * dx + dy * dy) ** 0.5 / step))
        for n in range(1, looks):
            t = n / looks
            between = _height(heights, west, north, step, x0 + t * dx, y0 + t * dy)
            if between > z0 + t * (z1 - z0) + BURIED_M:
                out[k] = True
                break
