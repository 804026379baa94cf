"""The answers of relief.py: cells as rings that fit together, areas, points in sight, one eye after the other."""

from __future__ import annotations

import numpy as np

from .compiling import compiled, entry
from .flat import ON_BORDER, POINTS, RINGS, column, in_fan, piece_at
from .index import Dots, Ground
from .kernel import (
    FAR,
    FOV_DEG,
    START_DEG,
    X,
    Y,
    along,
    key_of,
)
from .relief import SNAP_M, Sheet, cells_of, sheet, sheet_area
from .sweep import RELIEF, SHORT, ZERO, Desk, begin_eye, desk, fan_of


@compiled
def wedges_of(ground: Ground, eye: np.ndarray, count: int, d: Desk, out: Sheet) -> int:
    """Wedges of one eye, 0 where it sees nothing, -1 when desk or sheet are too small."""
    state, lines, lows = begin_eye(ground, eye, count, d)
    if state == SHORT:
        return -1
    return cells_of(ground, eye, count, d, lines, lows, out) if state == RELIEF else 0


@entry
def sweep_low(ground: Ground, eyes: np.ndarray, begin: int, size: int, want: int, area: np.ndarray, state: np.ndarray,
              xy: np.ndarray, ring_ends: np.ndarray, ring_of: np.ndarray, dots: Dots, out: np.ndarray,
              ends: np.ndarray) -> tuple[int, int, int]:  # fmt: skip
    """As flat.sweep, for eyes that see over what is low. Rings are of cells, several to an eye."""
    d, seen, fov, count, at, rings = desk(size), sheet(size), 0.0, ZERO, ZERO, ZERO
    for i in range(begin, len(eyes)):
        count = fan_of(eyes[i], fov, count, d)
        fov = eyes[i, FOV_DEG]
        wedges = wedges_of(ground, eyes[i], count, d, seen)
        if wedges < 0:
            return i, at, rings
        area[i] = sheet_area(wedges, seen)
        if want == RINGS and wedges > 0:
            end, end_rings = write_cells(eyes[i], wedges, fov == 360.0, seen.ray, seen.starts, seen.cell, xy, at,
                                         ring_ends, rings)  # fmt: skip
            if end < 0:
                return i, at, rings
            ring_of[rings:end_rings] = i
            at, rings = end, end_rings
        if want == POINTS and wedges > 0:
            after = cell_points(eyes[i], wedges, seen.ray, seen.starts, seen.border, d.line, dots, out, at)
            if after < 0:
                return i, at, rings
            at = after
        ends[i] = at
    return len(eyes), at, rings


@compiled
def write_cells(eye: np.ndarray, wedges: int, whole: bool, ray: np.ndarray, starts: np.ndarray, cell: np.ndarray,
                xy: np.ndarray, at: int, ring_ends: np.ndarray, rings: int) -> tuple[int, int]:  # fmt: skip
    """Write the cells of one eye; -1 when there is no room.

    Cells on the two sides of a ray have the same corners on it, to the last bit: they can be joined without a gap.
    """
    most = 0
    for w in range(wedges):
        most = max(most, starts[w + 1] - starts[w])
    marks, before = np.empty((2, 4 * most + 1)), wedges - 1 if whole else -1
    here, there = 0, 1
    number = ray_marks(before, ZERO, starts, cell, marks[here])
    for w in range(wedges):
        following = w + 1 if w + 1 < wedges else (ZERO if whole else ZERO - 1)
        other = ray_marks(w, following, starts, cell, marks[there])
        for k in range(starts[w], starts[w + 1]):
            if at + number + other + 1 > len(xy) or rings >= len(ring_ends):
                return -1, 0
            opened = at
            low, high = mark_of(cell[k, 0], marks[here], number), mark_of(cell[k, 2], marks[here], number)
            for m in range(low, max(low, high) + 1):
                xy[at, 0] = eye[X] + marks[here, m] * ray[w, 1]
                xy[at, 1] = eye[Y] + marks[here, m] * ray[w, 2]
                at += 1
            low, high = mark_of(cell[k, 1], marks[there], other), mark_of(cell[k, 3], marks[there], other)
            for m in range(max(low, high), low - 1, -1):
                xy[at, 0] = eye[X] + marks[there, m] * ray[w + 1, 1]
                xy[at, 1] = eye[Y] + marks[there, m] * ray[w + 1, 2]
                at += 1
            if xy[at - 1, 0] != xy[opened, 0] or xy[at - 1, 1] != xy[opened, 1]:
                xy[at, 0], xy[at, 1] = xy[opened, 0], xy[opened, 1]
                at += 1
            if at - opened < 4:
                at = opened
                continue
            ring_ends[rings] = at
            rings += 1
        here, there, number = there, here, other
    return at, rings


@compiled
def ray_marks(before: int, after: int, starts: np.ndarray, cell: np.ndarray, marks: np.ndarray) -> int:
    """Distances, ascending, at which borders of the wedges on both sides meet a ray; those within SNAP_M as one."""
    number = 0
    for side in range(2):
        w = before if side == 0 else after
        if w < 0:
            continue
        for k in range(starts[w], starts[w + 1]):
            for column_at in (1 - side, 3 - side):
                value, place = cell[k, column_at], number
                while place > 0 and marks[place - 1] > value:
                    marks[place] = marks[place - 1]
                    place -= 1
                marks[place] = value
                number += 1
    kept = 0
    for m in range(number):
        if kept == 0 or marks[m] - marks[kept - 1] > SNAP_M:
            marks[kept] = marks[m]
            kept += 1
    return kept


@compiled
def mark_of(value: float, marks: np.ndarray, number: int) -> int:
    """The last mark at or below the value."""
    low, high = 0, number - 1
    while low < high:
        middle = (low + high + 1) // 2
        if marks[middle] <= value:
            low = middle
        else:
            high = middle - 1
    return low


@compiled
def cell_points(eye: np.ndarray, wedges: int, ray: np.ndarray, wedge_starts: np.ndarray, border: np.ndarray,
                line: np.ndarray, dots: Dots, out: np.ndarray, at: int) -> int:  # fmt: skip
    """Write the points within the cells of one eye; -1 when there is no room."""
    points, low, cell, across, starts = dots.points, dots.low, dots.cell, dots.across, dots.starts
    c, s = np.cos(np.radians(eye[START_DEG])), np.sin(np.radians(eye[START_DEG]))
    far, end = eye[FAR], ray[wedges, 0]
    left, right = column(eye[X] - far, low[0], cell, across[0]), column(eye[X] + far, low[0], cell, across[0])
    for row in range(column(eye[Y] - far, low[1], cell, across[1]), column(eye[Y] + far, low[1], cell, across[1]) + 1):
        for k in range(starts[row * across[0] + left], starts[row * across[0] + right + 1]):
            x, y = points[k, 0] - eye[X], points[k, 1] - eye[Y]
            if x * x + y * y > far * far * (1.0 + ON_BORDER):
                continue
            key = in_fan(key_of(c * x + s * y, c * y - s * x), end)
            if key < 0.0:
                continue
            w = piece_at(key, ray, wedges)
            seen = False
            for m in range(wedge_starts[w], wedge_starts[w + 1]):
                begins, stops = border[m, 0], border[m, 1]
                if x == 0.0 and y == 0.0:
                    seen = seen or begins < 0
                elif along(line, stops, x, y) >= 1.0 - ON_BORDER:
                    seen = seen or begins < 0 or along(line, begins, x, y) <= 1.0 + ON_BORDER
            if not seen:
                continue
            if at >= len(out):
                return -1
            out[at] = k
            at += 1
    return at
