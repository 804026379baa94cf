"""Sight over what is low, and rings: where an eye sees more than one stretch in the same direction.

What is lower than the line of sight hides the ground behind it only as far as its shadow, and a tilted lens sees
nothing near its foot. In every direction one then sees stretches between hidden ones. The directions are divided at
every corner and at every crossing of outlines, so that within a wedge nothing crosses. There the borders in order of
distance count how many things hide a place: a front adds one, the end of a shadow takes one away, and where the count
is nothing the place is seen. The stretches are four-cornered cells; their area is exact, and their union, joined along
shared rays without rounding twice, is the region.

The shadow of an edge is the edge drawn out from the eye: with the eye at height e, the target at t < e and the edge at
h < e a line of sight over the edge comes down to the target's height at (e - t) / (e - h) times the edge's distance.
For a target above the eye the line rises: an edge between the two hides what is beyond (t - e) / (h - e) times its
distance, and itself.
"""

from __future__ import annotations

from math import cos, radians, sin, sqrt
from typing import NamedTuple

import numpy as np

from .compiling import compiled, inlined
from .index import Ground
from .kernel import (
    FOV_DEG,
    HEIGHT,
    LEAST_TURN,
    NEAR,
    ON_EDGE_M,
    START_DEG,
    TARGET,
    X,
    Y,
    along,
    bucket_of,
    crossing,
    holds,
    key_of,
    nearest,
    set_line,
)
from .sweep import ZERO, Desk, add_span, flatten

SNAP_M = 1e-7  # borders that meet a ray nearer together than this meet it in one corner
LEAST_GAP_M = 1e-8  # borders nearer together than this at an end of a wedge do not cross in it
NOTHING_BEFORE = -1


class Sheet(NamedTuple):
    """The cells of one eye. Wedge w lies between rays w and w + 1; cells starts[w]:starts[w + 1] are in it."""

    ray: np.ndarray  # (key, x, y), unit vectors
    starts: np.ndarray
    cell: np.ndarray  # distances: lower border at the wedge's first and second ray, upper border at both
    border: np.ndarray  # edges of the lower (-1: the eye itself) and of the upper border


@compiled
def sheet(size: int) -> Sheet:
    return Sheet(np.empty((size, 3)), np.empty(size, np.int64), np.empty((size, 4)), np.empty((size, 2), np.int64))


@compiled
def low_spans(ground: Ground, eye: np.ndarray, count: int, d: Desk, lines: int, lows: int) -> tuple[int, int]:
    """Write the borders of what does not hide all, as spans with their weight; spans written, or -1, and the depth.

    The depth is what hides the eye's own foot: the low bodies it stands above, and the ring it cannot see into.
    """
    start, number = radians(eye[START_DEG]), ZERO
    turn, per_quarter = (cos(start), sin(start)), count * 90.0 / eye[FOV_DEG]
    depth = bodies_below(ground, eye)
    if eye[NEAR] > 0.0:
        depth += 1
        for b in range(count):
            if lines >= len(d.line) or number >= len(d.span_of):
                return -1, 0
            ax, ay = eye[NEAR] * d.fan[b, 1], eye[NEAR] * d.fan[b, 2]
            set_line(d.line, lines, ax, ay, eye[NEAR] * d.fan[b + 1, 1] - ax, eye[NEAR] * d.fan[b + 1, 2] - ay)
            for k in range(3):
                d.spans[number, k], d.spans[number, 3 + k] = d.fan[b, k], d.fan[b + 1, k]
            d.spans[number, 6], d.span_of[number] = -1.0, lines
            number, lines = number + 1, lines + 1
    for k in range(lows):
        if lines + 2 > len(d.line) or number + 4 > len(d.span_of):
            return -1, 0
        lines, number = low_edge(ground, eye, d.low[k], turn, count, per_quarter, d.fan, d.most, d.line, d.spans,
                                 d.span_of, lines, number)  # fmt: skip
    return number, depth


@compiled
def bodies_below(ground: Ground, eye: np.ndarray) -> int:
    """How many outlines lower than the eye it stands above."""
    gx = int(np.floor((eye[X] - ground.origin[0]) / ground.cell))
    gy = int(np.floor((eye[Y] - ground.origin[1]) / ground.cell))
    if not (0 <= gx < ground.across[0] and 0 <= gy < ground.across[1]):
        return 0
    cell, number = gy * ground.across[0] + gx, 0
    for k in range(ground.body_starts[cell], ground.body_starts[cell + 1]):
        if ground.body_heights[ground.bodies[k]] < eye[HEIGHT]:
            number += holds(ground, ground.bodies[k], eye[X], eye[Y])
    return number


@compiled
def low_edge(ground: Ground, eye: np.ndarray, i: int, turn: tuple[float, float], count: int, per_quarter: float,
             fan: np.ndarray, most: np.ndarray, line: np.ndarray, spans: np.ndarray, span_of: np.ndarray, lines: int,
             number: int) -> tuple[int, int]:  # fmt: skip
    """The borders of one low edge: a front where it looks at the eye, the end of a shadow where it looks away."""
    ax, ay = ground.edges[i, 0] - eye[X], ground.edges[i, 1] - eye[Y]
    bx, by = ground.edges[i, 2] - eye[X], ground.edges[i, 3] - eye[Y]
    high, target, top = eye[HEIGHT], eye[TARGET], ground.heights[i]
    px, py = nearest(ax, ay, bx - ax, by - ay)
    near2, on2 = px * px + py * py, ON_EDGE_M * ON_EDGE_M
    if near2 <= on2 and top <= high:
        if not np.isnan(ground.after[i, 0]) and ax * ax + ay * ay > on2:
            if bx * bx + by * by <= on2:
                bx, by = ground.after[i, 0] - eye[X], ground.after[i, 1] - eye[Y]
            number = add_span(spans, span_of, number, count, bx, by, ax, ay, 1.0, turn, fan, count)
        return lines, number
    cross = ax * by - ay * bx
    if cross < 0.0 and not hidden(ax, ay, bx, by, 1.0, near2, turn, fan, most, count, per_quarter):
        set_line(line, lines, ax, ay, bx - ax, by - ay)
        number = add_span(spans, span_of, number, lines, bx, by, ax, ay, 1.0, turn, fan, count)
        lines += 1
    if cross > 0.0:
        far = max(1.0, (high - target) / (high - top)) if target < high else 1.0
        if not hidden(bx, by, ax, ay, far, near2, turn, fan, most, count, per_quarter):
            set_line(line, lines, far * ax, far * ay, far * (bx - ax), far * (by - ay))
            number = add_span(spans, span_of, number, lines, ax, ay, bx, by, -1.0, turn, fan, count)
            lines += 1
    if cross < 0.0 and high < top < target:
        far = (target - high) / (top - high)
        if not hidden(ax, ay, bx, by, far, near2, turn, fan, most, count, per_quarter):
            set_line(line, lines, far * ax, far * ay, far * (bx - ax), far * (by - ay))
            number = add_span(spans, span_of, number, lines, bx, by, ax, ay, 1.0, turn, fan, count)
            lines += 1
    return lines, number


@compiled
def hidden(ax: float, ay: float, bx: float, by: float, far: float, near2: float, turn: tuple[float, float],
           fan: np.ndarray, most: np.ndarray, count: int, per_quarter: float) -> bool:  # fmt: skip
    """Whether edge b to a (counter-clockwise), drawn out `far` times, is behind what hides all in its directions."""
    near2 *= far * far
    key0 = key_of(turn[0] * bx + turn[1] * by, turn[0] * by - turn[1] * bx)
    key1 = key_of(turn[0] * ax + turn[1] * ay, turn[0] * ay - turn[1] * ax)
    if key0 > key1:
        for b in range(bucket_of(key1, fan, count, per_quarter) + 1):
            if near2 < most[b]:
                return False
        key1 = 4.0
    if key0 >= fan[count, 0]:
        return True
    for b in range(bucket_of(key0, fan, count, per_quarter), bucket_of(key1, fan, count, per_quarter) + 1):
        if near2 < most[b]:
            return False
    return True


@compiled
def rays_between(pieces: int, number: int, count: int, d: Desk) -> np.ndarray:
    """All directions in which something begins or ends (key, x, y), unit vectors, ascending."""
    found, end = np.empty((pieces + 1 + 2 * number, 3)), d.fan[count, 0]
    rays = 0
    for r in range(pieces + 1):
        copy3(d.piece, r, found, rays)
        rays += 1
    for s in range(number):
        for side in range(0, 6, 3):
            if 0.0 < d.spans[s, side] < end:
                for k in range(3):
                    found[rays, k] = d.spans[s, side + k]
                rays += 1
    order, ordered = ascending(found, rays), np.empty((rays, 3))
    for r in range(rays):
        copy3(found, order[r], ordered, r)
        size = sqrt(ordered[r, 1] ** 2 + ordered[r, 2] ** 2)
        ordered[r, 1] /= size
        ordered[r, 2] /= size
    return ordered


@inlined
def copy3(source, i, goal, k):  # type: ignore[no-untyped-def]
    goal[k, 0], goal[k, 1], goal[k, 2] = source[i, 0], source[i, 1], source[i, 2]


@compiled
def ascending(keys: np.ndarray, number: int) -> np.ndarray:
    """The order in which keys[:number, 0] ascend. A sort by shrinking gaps: numpy's takes 4 s to compile."""
    order = np.empty(number, np.int64)
    for k in range(number):
        order[k] = k
    gap = 1
    while gap < number // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for k in range(gap, number):
            held, place = order[k], k
            while place >= gap and keys[order[place - gap], 0] > keys[held, 0]:
                order[place] = order[place - gap]
                place -= gap
            order[place] = held
        gap //= 3
    return order


@compiled
def divide(rays: np.ndarray, pieces: int, number: int, depth: int, turn: tuple[float, float], piece: np.ndarray,
           piece_of: np.ndarray, spans: np.ndarray, span_of: np.ndarray, line: np.ndarray,
           out: Sheet) -> int:  # fmt: skip
    """Go round and write the cells; returns the number of wedges, -1 when the sheet is too small."""
    order = ascending(spans, number)
    active, edge = np.empty(number + 1, np.int64), np.empty(number + 1, np.int64)
    weight, cuts = np.empty(number + 1), np.empty((2 * number + 8, 3))
    actives, following, p, wedges, cells = ZERO, ZERO, ZERO, ZERO, ZERO
    copy3(rays, 0, out.ray, 0)
    out.starts[0] = 0
    for r in range(len(rays) - 1):
        middle = (rays[r, 0] + rays[r + 1, 0]) / 2
        while following < number and spans[order[following], 0] <= middle:
            active[actives] = order[following]
            actives, following = actives + 1, following + 1
        if rays[r + 1, 0] - rays[r, 0] <= LEAST_TURN:
            continue
        kept = 0
        for k in range(actives):
            if spans[active[k], 3] > middle:
                active[kept] = active[k]
                edge[kept], weight[kept] = span_of[active[k]], spans[active[k], 6]
                kept += 1
        actives = kept
        while p < pieces - 1 and piece[p + 1, 0] <= middle:
            p += 1
        edge[actives], weight[actives] = piece_of[p], 0.0
        number_of_cuts = cut(rays[r], rays[r + 1], edge, actives + 1, turn, line, cuts)
        while number_of_cuts >= len(cuts):
            cuts = np.empty((2 * len(cuts), 3))
            number_of_cuts = cut(rays[r], rays[r + 1], edge, actives + 1, turn, line, cuts)
        for c in range(number_of_cuts):
            if cells + actives + 2 > len(out.cell) or wedges + 2 > len(out.ray):
                return -1
            cells = stack(cuts[c], cuts[c + 1], edge, weight, actives, depth, line, out.cell, out.border, cells)
            wedges += 1
            copy3(cuts, c + 1, out.ray, wedges)
            out.starts[wedges] = cells
    return wedges


@compiled
def cut(u: np.ndarray, v: np.ndarray, edge: np.ndarray, edges: int, turn: tuple[float, float], line: np.ndarray,
        cuts: np.ndarray) -> int:  # fmt: skip
    """Write u, the directions in which two of the edges cross between u and v, and v, ascending; return the stretches.

    The last edge is the one that hides all: what lies behind it at both ends is not asked.
    """
    at, last = 1, edge[edges - 1]
    cuts[0, 0], cuts[0, 1], cuts[0, 2] = u[0], u[1], u[2]
    end_u, end_v = along(line, last, u[1], u[2]), along(line, last, v[1], v[2])
    for k in range(edges):
        one_u, one_v = along(line, edge[k], u[1], u[2]), along(line, edge[k], v[1], v[2])
        if one_u > end_u and one_v > end_v:
            continue
        for m in range(k + 1, edges):
            gap_u = along(line, edge[m], u[1], u[2]) - one_u
            gap_v = along(line, edge[m], v[1], v[2]) - one_v
            if not ((gap_u < -LEAST_GAP_M and gap_v > LEAST_GAP_M) or (gap_u > LEAST_GAP_M and gap_v < -LEAST_GAP_M)):
                continue
            x, y = crossing(line, edge[k], edge[m])
            key = key_of(turn[0] * x + turn[1] * y, turn[0] * y - turn[1] * x)
            if not u[0] + LEAST_TURN < key < v[0] - LEAST_TURN:
                continue
            if at + 1 >= len(cuts):
                return len(cuts)
            place = at
            while cuts[place - 1, 0] > key:
                copy3(cuts, place - 1, cuts, place)
                place -= 1
            if key - cuts[place - 1, 0] <= LEAST_TURN:
                for back in range(place, at):
                    copy3(cuts, back + 1, cuts, back)
                continue
            size = sqrt(x * x + y * y)
            cuts[place, 0], cuts[place, 1], cuts[place, 2] = key, x / size, y / size
            at += 1
    cuts[at, 0], cuts[at, 1], cuts[at, 2] = v[0], v[1], v[2]
    return at


@compiled
def stack(u: np.ndarray, v: np.ndarray, edge: np.ndarray, weight: np.ndarray, actives: int, depth: int,
          line: np.ndarray, cell: np.ndarray, border: np.ndarray, cells: int) -> int:  # fmt: skip
    """Write the stretches that are seen between two rays, from near to far; return cells used."""
    order, far = np.empty(actives, np.int64), np.empty(actives)
    for k in range(actives):
        distance = along(line, edge[k], u[1], u[2]) + along(line, edge[k], v[1], v[2])
        place = k
        while place > 0 and far[place - 1] > distance:
            far[place], order[place] = far[place - 1], order[place - 1]
            place -= 1
        far[place], order[place] = distance, k
    end = along(line, edge[actives], u[1], u[2]) + along(line, edge[actives], v[1], v[2])
    lower, count = NOTHING_BEFORE, depth
    for k in range(actives + 1):
        last = k == actives or far[k] >= end
        upper = edge[actives] if last else edge[order[k]]
        after = count if last else count + int(weight[order[k]])
        if count == 0 and (last or after != 0):
            if lower >= 0:
                cell[cells, 0], cell[cells, 1] = along(line, lower, u[1], u[2]), along(line, lower, v[1], v[2])
            else:
                cell[cells, 0], cell[cells, 1] = 0.0, 0.0
            cell[cells, 2], cell[cells, 3] = along(line, upper, u[1], u[2]), along(line, upper, v[1], v[2])
            border[cells, 0], border[cells, 1] = lower, upper
            if cell[cells, 2] - cell[cells, 0] > SNAP_M or cell[cells, 3] - cell[cells, 1] > SNAP_M:
                cells += 1
        if last:
            break
        if count != 0 and after == 0:
            lower = upper
        count = after
    return cells


@compiled
def cells_of(ground: Ground, eye: np.ndarray, count: int, d: Desk, lines: int, lows: int, out: Sheet) -> int:
    """All cells an eye sees; returns the number of wedges, -1 when desk or sheet are too small."""
    pieces = flatten(count, d)
    if pieces < 0:
        return -1
    number, depth = low_spans(ground, eye, count, d, lines, lows)
    if number < 0:
        return -1
    start = radians(eye[START_DEG])
    rays = rays_between(pieces, number, count, d)
    return divide(rays, pieces, number, depth, (cos(start), sin(start)), d.piece, d.piece_of, d.spans, d.span_of,
                  d.line, out)  # fmt: skip


@compiled
def sheet_area(wedges: int, out: Sheet) -> float:
    total = 0.0
    for w in range(wedges):
        turn = out.ray[w, 1] * out.ray[w + 1, 2] - out.ray[w, 2] * out.ray[w + 1, 1]
        for k in range(out.starts[w], out.starts[w + 1]):
            total += turn * (out.cell[k, 2] * out.cell[k, 3] - out.cell[k, 0] * out.cell[k, 1])
    return total / 2
