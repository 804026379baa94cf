"""The grid of cells around an eye, from near to far, into the kernel's fan; and the fan as a list of pieces."""

from __future__ import annotations

from math import ceil, cos, floor, radians, sin, sqrt
from typing import Any, NamedTuple

import numpy as np

from .compiling import compiled, inlined
from .index import Ground
from .kernel import (
    FAR,
    FOV_DEG,
    HEIGHT,
    LEAST_TURN,
    MOST_BUCKETS,
    NEAR,
    ON_EDGE_M,
    START_DEG,
    TARGET,
    X,
    Y,
    body_at,
    bucket_of,
    key_of,
    nearest,
    open_fan,
    put_spans,
    set_line,
    spread,
)

DONE, SHORT, INSIDE, NOTHING, RELIEF, DOUBTFUL = range(6)  # what became of an eye; SHORT: the desk was too small

ZERO: Any = np.int64(0)  # a plain 0 is a type of its own to the compiler: what counts from it is compiled twice
AWAY, TOWARDS, UNDERFOOT, LOW = range(4)


class Desk(NamedTuple):
    """What one sweep writes on. Its size is a guess; a sweep that runs out of it says so and is begun anew."""

    table: np.ndarray
    fan: np.ndarray
    line: np.ndarray
    node: np.ndarray
    node_of: np.ndarray
    link: np.ndarray
    most: np.ndarray
    piece: np.ndarray  # (key, x, y) of the direction a piece starts with; one more for where the last one ends
    piece_of: np.ndarray
    spans: np.ndarray
    span_of: np.ndarray
    low: np.ndarray  # edges that do not hide all behind them


@compiled
def desk(size: int) -> Desk:
    return Desk(
        np.empty((MOST_BUCKETS + 1, 3)),
        np.empty((MOST_BUCKETS + 1, 3)),
        np.empty((size, 5)),
        np.empty((size, 3)),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(MOST_BUCKETS),
        np.empty((size, 3)),
        np.empty(size, np.int64),
        np.empty((size, 7)),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
    )


@compiled
def look(ground: Ground, eye: np.ndarray, count: int, d: Desk) -> tuple[int, int]:
    """Find the nearest edge in every direction. Returns lines used (-1: desk too small) and low edges met."""
    start = radians(eye[START_DEG])
    turn, per_quarter = (cos(start), sin(start)), count * 90.0 / eye[FOV_DEG]
    open_fan(eye, d.table, count, d.fan, d.line, d.node, d.node_of, d.link, d.most)
    used, lines, lows = count, count + 1, ZERO
    cell, wide, high = ground.cell, ground.across[0], ground.across[1]
    gx = int(floor((eye[X] - ground.origin[0]) / cell))
    gy = int(floor((eye[Y] - ground.origin[1]) / cell))
    first = max(0, -gx, gx - wide + 1, -gy, gy - high + 1)
    last = min(int(ceil(eye[FAR] / cell + 1.5)) - 1, max(gx, wide - 1 - gx, gy, high - 1 - gy))
    for ring in range(first, last + 1):
        inner = (ring - 1.5) * cell
        if inner > 0.0 and farthest_of(d.most, count) <= inner * inner:
            break
        number, lines, lows = gather(ground, eye, ring, gx, gy, turn, count, per_quarter, d.fan, d.most, d.line,
                                     d.spans, d.span_of, d.low, lines, lows)  # fmt: skip
        if number < 0:
            return -1, 0
        used = put_spans(d.spans, d.span_of, number, turn, d.fan, count, per_quarter, d.line, d.node, d.node_of,
                         d.link, d.most, used)  # fmt: skip
        if used < 0:
            return -1, 0
    return lines, lows


@compiled
def farthest_of(most: np.ndarray, count: int) -> float:
    far2 = 0.0
    for b in range(count):
        far2 = max(far2, most[b])
    return far2


@compiled
def gather(ground: Ground, eye: np.ndarray, ring: int, gx: int, gy: int, turn: tuple[float, float], count: int,
           per_quarter: float, fan: np.ndarray, most: np.ndarray, line: np.ndarray, spans: np.ndarray,
           span_of: np.ndarray, low: np.ndarray, lines: int, lows: int) -> tuple[int, int, int]:  # fmt: skip
    """The edges in one ring of cells around the eye's own that look at it; -1 spans when the desk is too small."""
    number, wide, high = 0, ground.across[0], ground.across[1]
    convex, end_x, end_y = fan[count, 0] <= 2.0, fan[count, 1], fan[count, 2]
    for cy in range(max(0, gy - ring), min(high - 1, gy + ring) + 1):
        step = 1 if abs(cy - gy) == ring or ring == 0 else 2 * ring
        for cx in range(gx - ring, gx + ring + 1, step):
            if cx < 0 or cx >= wide:
                continue
            at = cy * wide + cx
            if ground.starts[at] == ground.starts[at + 1]:
                continue
            if ring > 1 and passed_over(ground, eye, cx, cy, turn, count, per_quarter, fan, most):
                continue
            for i in range(ground.starts[at], ground.starts[at + 1]):
                if number + 2 > len(span_of) or lines >= len(line) or lows >= len(low):
                    return -1, 0, 0
                kind = side_of(ground, eye, i)
                if kind == AWAY:
                    continue
                if kind == LOW:
                    low[lows] = i
                    lows += 1
                    continue
                ax, ay = ground.edges[i, 0] - eye[X], ground.edges[i, 1] - eye[Y]
                bx, by = ground.edges[i, 2] - eye[X], ground.edges[i, 3] - eye[Y]
                if convex and kind == TOWARDS and is_beside(turn, end_x, end_y, ax, ay, bx, by):
                    continue
                px, py = nearest(ax, ay, bx - ax, by - ay)
                e, near2 = lines, px * px + py * py
                if near2 >= eye[FAR] * eye[FAR]:
                    continue
                if kind == UNDERFOOT:
                    if np.isnan(ground.after[i, 0]) or ax * ax + ay * ay <= ON_EDGE_M * ON_EDGE_M:
                        continue
                    if bx * bx + by * by <= ON_EDGE_M * ON_EDGE_M:
                        bx, by = ground.after[i, 0] - eye[X], ground.after[i, 1] - eye[Y]
                    e, near2 = count, 0.0
                else:
                    set_line(line, lines, ax, ay, bx - ax, by - ay)
                    lines += 1
                number = add_span(spans, span_of, number, e, bx, by, ax, ay, near2, turn, fan, count)
    return number, lines, lows


@inlined
def is_beside(turn, end_x, end_y, ax, ay, bx, by):  # type: ignore[no-untyped-def]
    """Whether an edge lies wholly beyond one side of a fan of less than half a turn."""
    return (turn[0] * ay < turn[1] * ax and turn[0] * by < turn[1] * bx) or (
        end_x * ay > end_y * ax and end_x * by > end_y * bx
    )


@inlined
def side_of(ground, eye, i):  # type: ignore[no-untyped-def]
    """Whether edge i looks AWAY from the eye, TOWARDS it, is UNDERFOOT, or LOW: not hiding all behind it.

    Underfoot, the inside of what the edge belongs to is shut from the eye on: behind a wall all that lies to its left;
    at the edge's end the corner, from the next edge round to this one; at its start the edge before did that. A wall
    without thickness shuts nothing: one stands beside it.
    """
    low = ground.heights[i] < max(eye[HEIGHT], eye[TARGET])
    if low and ground.heights[i] <= eye[HEIGHT]:
        return LOW
    ax, ay = ground.edges[i, 0] - eye[X], ground.edges[i, 1] - eye[Y]
    dx, dy = ground.edges[i, 2] - ground.edges[i, 0], ground.edges[i, 3] - ground.edges[i, 1]
    cross = ax * dy - ay * dx
    if cross * cross <= ON_EDGE_M * ON_EDGE_M * (dx * dx + dy * dy):
        px, py = nearest(ax, ay, dx, dy)
        if px * px + py * py <= ON_EDGE_M * ON_EDGE_M:
            return UNDERFOOT
    if low:
        return LOW
    return TOWARDS if cross < 0.0 else AWAY


@inlined
def passed_over(ground, eye, cx, cy, turn, count, per_quarter, fan, most):  # type: ignore[no-untyped-def]
    """Whether all edges of a cell are out of reach, out of the field of view, or behind what stands already."""
    x = ground.origin[0] + (cx + 0.5) * ground.cell - eye[X]
    y = ground.origin[1] + (cy + 0.5) * ground.cell - eye[Y]
    around = 1.2072 * ground.cell  # half the cell's diagonal and half an edge
    away2 = x * x + y * y
    if away2 >= (eye[FAR] + around) * (eye[FAR] + around):
        return True
    if away2 <= 1.1 * around * around:
        return False
    c, z = turn[0] * x + turn[1] * y, turn[0] * y - turn[1] * x
    if fan[count, 0] <= 2.0 and (z < -around or fan[count, 1] * y - fan[count, 2] * x > around):
        return True
    away = sqrt(away2)
    s = around / away
    k = sqrt(1.0 - s * s)
    key0, key1 = key_of(c * k + z * s, z * k - c * s), key_of(c * k - z * s, z * k + c * s)
    near2, end = (away - around) * (away - around), fan[count, 0]
    hidden = True
    if key0 > key1:
        for b in range(bucket_of(key1, fan, count, per_quarter) + 1):
            hidden = hidden and near2 >= most[b]
        key1 = 4.0
    if key0 < end:
        for b in range(bucket_of(key0, fan, count, per_quarter), bucket_of(key1, fan, count, per_quarter) + 1):
            hidden = hidden and near2 >= most[b]
    return hidden


@inlined
def add_span(spans, span_of, number, e, x0, y0, x1, y1, near2, turn, fan, count):  # type: ignore[no-untyped-def]
    """Add an edge seen from direction 0 counter-clockwise to direction 1, as two spans where it goes over the seam."""
    key0 = key_of(turn[0] * x0 + turn[1] * y0, turn[0] * y0 - turn[1] * x0)
    key1 = key_of(turn[0] * x1 + turn[1] * y1, turn[0] * y1 - turn[1] * x1)
    if key0 > key1:
        if key1 > 0.0:
            spans[number, 0], spans[number, 1], spans[number, 2] = 0.0, fan[0, 1], fan[0, 2]
            spans[number, 3], spans[number, 4], spans[number, 5] = key1, x1, y1
            spans[number, 6], span_of[number] = near2, e
            number += 1
        key1, x1, y1 = 4.0, fan[count, 1], fan[count, 2]
    if key0 < fan[count, 0]:
        spans[number, 0], spans[number, 1], spans[number, 2] = key0, x0, y0
        spans[number, 3], spans[number, 4], spans[number, 5] = key1, x1, y1
        spans[number, 6], span_of[number] = near2, e
        number += 1
    return number


@compiled
def flatten(count: int, d: Desk) -> int:
    """Write the pieces of the fan in order, neighbours of one edge joined; return their number, -1: desk too small."""
    pieces, last = 0, -1
    for b in range(count):
        at = b
        while at >= 0:
            following = d.link[at]
            ends = d.fan[b + 1, 0] if following < 0 else d.node[following, 0]
            if ends - d.node[at, 0] > LEAST_TURN and d.node_of[at] != last:
                if pieces + 1 >= len(d.piece_of):
                    return -1
                last = d.node_of[at]
                d.piece_of[pieces] = last
                d.piece[pieces, 0], d.piece[pieces, 1], d.piece[pieces, 2] = d.node[at, 0], d.node[at, 1], d.node[at, 2]
                pieces += 1
            at = following
    d.piece[0, 0], d.piece[0, 1], d.piece[0, 2] = d.fan[0, 0], d.fan[0, 1], d.fan[0, 2]
    d.piece[pieces, 0], d.piece[pieces, 1], d.piece[pieces, 2] = d.fan[count, 0], d.fan[count, 1], d.fan[count, 2]
    return pieces


@compiled
def begin_eye(ground: Ground, eye: np.ndarray, count: int, d: Desk) -> tuple[int, int, int]:
    """(state, lines used, low edges met) of one eye; the desk holds what is nearest in every direction."""
    if not 0.0 <= eye[NEAR] < eye[FAR]:
        return NOTHING, 0, 0
    if body_at(ground, eye[X], eye[Y], eye[HEIGHT]) >= 0:
        return INSIDE, 0, 0
    lines, lows = look(ground, eye, count, d)
    if lines < 0:
        return SHORT, 0, 0
    return (RELIEF if lows > 0 or eye[NEAR] > 0.0 else DONE), lines, lows


@compiled
def fan_of(eye: np.ndarray, before: float, count: int, d: Desk) -> int:
    """The fan's table is made anew only where the field of view differs from the eye before."""
    return count if eye[FOV_DEG] == before else spread(eye[FOV_DEG], d.table)
