"""Where all that stands hides all behind it: regions as rings, areas, points in sight, one eye after the other."""

from __future__ import annotations

import numpy as np

from .compiling import compiled, entry, inlined
from .index import Dots, Ground
from .kernel import (
    FAR,
    FOV_DEG,
    HEIGHT,
    START_DEG,
    X,
    Y,
    along,
    body_at,
    key_of,
)
from .sweep import DONE, DOUBTFUL, SHORT, ZERO, Desk, begin_eye, desk, fan_of, flatten

AREAS, RINGS, POINTS = range(3)  # what is wanted of a sweep
SAFE_M = 1e-8  # a stretch narrower than this may come out crossed, with coordinates of a million metres
SAME_M = 1e-9
ON_BORDER = 1e-9  # a point this share of its distance behind a border is on it, and seen


@compiled
def fan_area(pieces: int, d: Desk) -> float:
    """Square metres between the eye and the pieces."""
    total = 0.0
    for p in range(pieces):
        e = d.piece_of[p]
        t = along(d.line, e, d.piece[p, 1], d.piece[p, 2]) * along(d.line, e, d.piece[p + 1, 1], d.piece[p + 1, 2])
        total += t * (d.piece[p, 1] * d.piece[p + 1, 2] - d.piece[p, 2] * d.piece[p + 1, 1])
    return total / 2


@compiled
def trace(pieces: int, count: int, d: Desk, eye: np.ndarray, xy: np.ndarray, at: int, ring_ends: np.ndarray,
          rings: int) -> tuple[int, int, bool]:  # fmt: skip
    """Write the region as rings, closed and counter-clockwise: one, or one for each stretch the eye's own wall leaves.

    Returns vertices and rings written, and whether a stretch is so narrow that rounding could spoil the ring.
    """
    begin, shut = 0, False
    for p in range(pieces):
        if d.line[d.piece_of[p], 4] == 0.0:
            begin, shut = p + 1, True
    turning = d.fan[count, 0] == 4.0
    if not (turning and shut):
        begin = 0
    doubtful, opened = False, ZERO - 1
    for step in range(pieces):
        p = (begin + step) % pieces
        e = d.piece_of[p]
        if d.line[e, 4] == 0.0:
            if opened >= 0:
                at, rings = close_ring(opened, at, xy, ring_ends, rings)
            opened = ZERO - 1
            continue
        if opened < 0:
            opened = at
            if shut or not turning:
                xy[at, 0], xy[at, 1] = eye[X], eye[Y]
                at += 1
        t0, t1 = along(d.line, e, d.piece[p, 1], d.piece[p, 2]), along(d.line, e, d.piece[p + 1, 1], d.piece[p + 1, 2])
        x0, y0, x1, y1 = t0 * d.piece[p, 1], t0 * d.piece[p, 2], t1 * d.piece[p + 1, 1], t1 * d.piece[p + 1, 2]
        wide, reach2 = x0 * y1 - y0 * x1, max(x0 * x0 + y0 * y0, x1 * x1 + y1 * y1)
        doubtful = doubtful or wide * wide < SAFE_M * SAFE_M * reach2
        at = add_corner(eye[X] + x0, eye[Y] + y0, xy, at, opened)
        at = add_corner(eye[X] + x1, eye[Y] + y1, xy, at, opened)
    if opened >= 0:
        at, rings = close_ring(opened, at, xy, ring_ends, rings)
    return at, rings, doubtful


@compiled
def add_corner(x: float, y: float, xy: np.ndarray, at: int, opened: int) -> int:
    """Add a corner unless it is where the last one is."""
    if at > opened and same(xy[at - 1], x, y):
        return at
    xy[at, 0], xy[at, 1] = x, y
    return at + 1


@inlined
def same(corner, x, y):  # type: ignore[no-untyped-def]
    return abs(corner[0] - x) < SAME_M and abs(corner[1] - y) < SAME_M


@compiled
def close_ring(opened: int, at: int, xy: np.ndarray, ring_ends: np.ndarray, rings: int) -> tuple[int, int]:
    """End the ring where it began; one of fewer than three corners is taken back."""
    while at - 1 > opened and same(xy[at - 1], xy[opened, 0], xy[opened, 1]):
        at -= 1
    if at - opened < 3:
        return opened, rings
    xy[at, 0], xy[at, 1] = xy[opened, 0], xy[opened, 1]
    ring_ends[rings] = at + 1
    return at + 1, rings + 1


@entry
def sweep(ground: Ground, eyes: np.ndarray, begin: int, size: int, want: int, area: np.ndarray, state: np.ndarray,
          xy: np.ndarray, ring_ends: np.ndarray, ring_of: np.ndarray, dots: Dots, out: np.ndarray,
          ends: np.ndarray) -> tuple[int, int, int]:  # fmt: skip
    """Eyes from `begin` on, until all are done or there is no room: eyes done, vertices or pairs, rings.

    want AREAS: area[i] alone. RINGS: the region's rings too. POINTS: the dots in sight too; out holds their places in
    the order of their grid, ends[i] is where those of eye i end. state[i] says what became of eye i; those that need
    stretches.py (RELIEF) are left to it. One entry for all three, because it is compiled once.
    """
    d, fov, count, at, rings = desk(size), 0.0, ZERO, ZERO, ZERO
    for i in range(begin, len(eyes)):
        count = fan_of(eyes[i], fov, count, d)
        fov = eyes[i, FOV_DEG]
        state[i], _, _ = begin_eye(ground, eyes[i], count, d)
        pieces = flatten(count, d) if state[i] == DONE else 0
        if state[i] == SHORT or pieces < 0:
            return i, at, rings
        area[i] = fan_area(pieces, d)
        if want == RINGS and pieces > 0:
            if at + 2 * pieces + 2 * count > len(xy) or rings + pieces > len(ring_ends):
                return i, at, rings
            before = rings
            at, rings, doubtful = trace(pieces, count, d, eyes[i], xy, at, ring_ends, rings)
            ring_of[before:rings] = i
            if doubtful:
                state[i] = DOUBTFUL
        if want == POINTS and pieces > 0:
            after = fan_points(eyes[i], pieces, d.piece, d.piece_of, d.line, dots, out, at)
            if after < 0:
                return i, at, rings
            at = after
        ends[i] = at
    return len(eyes), at, rings


@compiled
def fan_points(eye: np.ndarray, pieces: int, piece: np.ndarray, piece_of: np.ndarray, line: np.ndarray,
               dots: Dots, out: np.ndarray, at: int) -> int:  # fmt: skip
    """Write the points before the pieces; -1 when there is no room."""
    c, s = np.cos(np.radians(eye[START_DEG])), np.sin(np.radians(eye[START_DEG]))
    points, low, cell, across, starts = dots.points, dots.low, dots.cell, dots.across, dots.starts
    far, end = eye[FAR], piece[pieces, 0]
    left, right = column(eye[X] - far, low[0], cell, across[0]), column(eye[X] + far, low[0], cell, across[0])
    for row in range(column(eye[Y] - far, low[1], cell, across[1]), column(eye[Y] + far, low[1], cell, across[1]) + 1):
        for k in range(starts[row * across[0] + left], starts[row * across[0] + right + 1]):
            x, y = points[k, 0] - eye[X], points[k, 1] - eye[Y]
            if x * x + y * y > far * far * (1.0 + ON_BORDER):
                continue
            key = in_fan(key_of(c * x + s * y, c * y - s * x), end)
            if key < 0.0:
                continue
            if (x != 0.0 or y != 0.0) and along(line, piece_of[piece_at(key, piece, pieces)], x, y) < 1.0 - ON_BORDER:
                continue
            if at >= len(out):
                return -1
            out[at] = k
            at += 1
    return at


@inlined
def column(x, low, cell, across):  # type: ignore[no-untyped-def]
    return min(max(int(np.floor((x - low) / cell)), 0), across - 1)


@inlined
def in_fan(key, end):  # type: ignore[no-untyped-def]
    """The key, drawn to the fan's border where rounding put it beyond; -1 outside the fan."""
    if key <= end:
        return key
    if key - end < ON_BORDER:
        return end
    return 0.0 if 4.0 - key < ON_BORDER else -1.0


@compiled
def piece_at(key: float, piece: np.ndarray, pieces: int) -> int:
    """The piece that begins last at or before the key."""
    low, high = 0, pieces - 1
    while low < high:
        middle = (low + high + 1) // 2
        if piece[middle, 0] <= key:
            low = middle
        else:
            high = middle - 1
    return low


@entry
def sweep_bodies(ground: Ground, eyes: np.ndarray, body: np.ndarray) -> None:
    """The outline that shuts each eye in, -1 for none."""
    for i in range(len(eyes)):
        body[i] = body_at(ground, eyes[i, X], eyes[i, Y], eyes[i, HEIGHT])
