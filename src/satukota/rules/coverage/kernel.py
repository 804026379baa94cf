"""The nearest thing in every direction: an exact angular sweep, compiled.

Around a viewpoint the directions it looks in are divided into buckets, one for each chord of its range. A bucket holds
the pieces of edges that are nearest there, from one direction to the next, to begin with its chord. Edges are put in
from near to far, cell by cell of the grid: where an edge is nearer at both ends of a stretch it replaces what was
there, where it crosses what was there the stretch is divided at the crossing. An edge, a cell or the rest of the grid
that is farther than all that stands in its directions is passed over: the work follows what is seen, not what there is.

Directions are kept as vectors and ordered by a key that grows with the angle (0..4 for a full turn, `key_of`), and a
point of an edge in a direction is a ratio of two cross products: no angle is ever calculated, and corners come out as
they went in. Only faces that look at the viewpoint count; edges have what they belong to on their left. The same
algorithm runs in the browser: faces/command_centre/static/command_centre/sight.js.

Everything is float64 and one thread; the same input gives the same bits on the same machine.
"""

from __future__ import annotations

from math import cos, floor, sin

import numpy as np

from .compiling import compiled, inlined
from .index import Ground

ON_EDGE_M = 1e-6  # nearer than this to an edge is on it
LEAST_TURN = 1e-9  # narrower pieces (of a quarter turn) are left out of results: 2e-6 m2 at 60 m
MOST_BUCKETS = 256

# Columns of an eye: what the kernel needs of a viewpoint.
X, Y, START_DEG, FOV_DEG, FAR, NEAR, HEIGHT, TARGET = range(8)


@compiled
def key_of(c: float, z: float) -> float:
    """Grows with the angle of (c, z) from (1, 0), counter-clockwise, 0 to 4: one for each quarter turn."""
    reach = abs(c) + abs(z)
    if reach == 0.0:
        return 0.0
    if z >= 0.0:
        return z / reach if c >= 0.0 else 1.0 - c / reach
    return 2.0 - z / reach if c <= 0.0 else 3.0 + c / reach


@compiled
def bucket_of(key: float, fan: np.ndarray, count: int, per_quarter: float) -> int:
    """The bucket whose stretch holds the key: fan[b, 0] <= key < fan[b + 1, 0]."""
    quarter = floor(key)
    off = key - quarter - 0.5
    square = off * off
    guess = int((quarter + 0.5 + off * (1.2732 + square * (-1.6095 + square * 2.0668))) * per_quarter)
    guess = min(max(guess, 0), count - 1)
    while guess > 0 and key < fan[guess, 0]:
        guess -= 1
    while guess < count - 1 and key >= fan[guess + 1, 0]:
        guess += 1
    return guess


@compiled
def spread(fov_deg: float, table: np.ndarray) -> int:
    """Fill table[i] = (key, cos, sin) of the rays between the buckets of a fan; return the number of buckets."""
    count = int(np.ceil(fov_deg * 64.0 / 90.0 - 1e-9))
    for i in range(count + 1):
        angle = np.radians(fov_deg * i / count)
        table[i, 1], table[i, 2] = cos(angle), sin(angle)
        table[i, 0] = key_of(table[i, 1], table[i, 2])
    if fov_deg == 360.0:
        table[count, 0], table[count, 1], table[count, 2] = 4.0, 1.0, 0.0
    return count


@compiled
def open_fan(eye: np.ndarray, table: np.ndarray, count: int, fan: np.ndarray, line: np.ndarray, node: np.ndarray,
             node_of: np.ndarray, link: np.ndarray, most: np.ndarray) -> None:  # fmt: skip
    """Turn the table to where the eye looks; every bucket holds its chord.

    fan[b] = (key, x, y) of the ray a bucket starts with; line[e] = (ax, ay, dx, dy, cross(a, d)) from the eye.
    """
    start = np.radians(eye[START_DEG])
    c, s = cos(start), sin(start)
    for b in range(count + 1):
        fan[b, 0] = table[b, 0]
        fan[b, 1], fan[b, 2] = c * table[b, 1] - s * table[b, 2], s * table[b, 1] + c * table[b, 2]
    for b in range(count):
        ax, ay = eye[FAR] * fan[b, 1], eye[FAR] * fan[b, 2]
        set_line(line, b, ax, ay, eye[FAR] * fan[b + 1, 1] - ax, eye[FAR] * fan[b + 1, 2] - ay)
        node[b, 0], node[b, 1], node[b, 2] = fan[b, 0], fan[b, 1], fan[b, 2]
        node_of[b], link[b] = b, -1
        most[b] = eye[FAR] * eye[FAR]
    line[count, 4] = 0.0  # what stands right at the eye


@compiled
def set_line(line: np.ndarray, at: int, ax: float, ay: float, dx: float, dy: float) -> None:
    line[at, 0], line[at, 1], line[at, 2], line[at, 3] = ax, ay, dx, dy
    line[at, 4] = ax * dy - ay * dx


@inlined
def along(line, e, x, y):  # type: ignore[no-untyped-def]
    """How many times (x, y) one has to go from the eye to meet the line of edge e; 0 for what stands at the eye."""
    q = line[e, 4]
    return 0.0 if q == 0.0 else q / (x * line[e, 3] - y * line[e, 2])


@compiled
def crossing(line: np.ndarray, e: int, f: int) -> tuple[float, float]:
    """Where the lines of two edges meet, from the eye; (0, 0) when they do not."""
    turn = line[e, 2] * line[f, 3] - line[e, 3] * line[f, 2]
    if turn == 0.0:
        return 0.0, 0.0
    share = ((line[f, 0] - line[e, 0]) * line[f, 3] - (line[f, 1] - line[e, 1]) * line[f, 2]) / turn
    return line[e, 0] + share * line[e, 2], line[e, 1] + share * line[e, 3]


@compiled
def put_spans(spans: np.ndarray, span_of: np.ndarray, number: int, turn: tuple[float, float], fan: np.ndarray,
              count: int, per_quarter: float, line: np.ndarray, node: np.ndarray, node_of: np.ndarray,
              link: np.ndarray, most: np.ndarray, used: int) -> int:  # fmt: skip
    """Put edges into the buckets they are seen in; return nodes used, -1 when they run out.

    spans[s] = (key, x, y) of the direction edge span_of[s] is seen from, (key, x, y) of the one it is seen to, counter-
    clockwise without going over the fan's seam, and the square of its distance.
    """
    for s in range(number):
        first, last = bucket_of(spans[s, 0], fan, count, per_quarter), bucket_of(spans[s, 3], fan, count, per_quarter)
        for b in range(first, last + 1):
            if spans[s, 6] >= most[b]:
                continue
            low, lx, ly = spans[s, 0], spans[s, 1], spans[s, 2]
            if fan[b, 0] > low:
                low, lx, ly = fan[b, 0], fan[b, 1], fan[b, 2]
            high, hx, hy = spans[s, 3], spans[s, 4], spans[s, 5]
            if fan[b + 1, 0] < high:
                high, hx, hy = fan[b + 1, 0], fan[b + 1, 1], fan[b + 1, 2]
            if high <= low:
                continue
            if link[b] < 0 and low == fan[b, 0] and high == fan[b + 1, 0]:
                held, e = node_of[b], span_of[s]
                new_u, new_v = along(line, e, lx, ly), along(line, e, hx, hy)
                if new_u <= along(line, held, lx, ly) and new_v <= along(line, held, hx, hy):
                    node_of[b], most[b] = e, max(new_u, new_v) ** 2  # the rays of a fan are unit vectors
                    continue
            used = put_in(b, span_of[s], low, lx, ly, high, hx, hy, turn, fan, line, node, node_of, link, used)
            if used < 0:
                return -1
            most[b] = farthest2(b, fan, line, node, node_of, link)
    return used


@inlined
def put_in(b, e, low, lx, ly, high, hx, hy, turn, fan, line, node, node_of, link, used):  # type: ignore[no-untyped-def]
    """Put edge e into one bucket, from direction low to direction high."""
    at = b
    while at >= 0:
        following = link[at]
        ends = fan[b + 1, 0] if following < 0 else node[following, 0]
        if node[at, 0] >= high:
            break
        if ends > low:
            u, ux, uy = low, lx, ly
            if node[at, 0] > low:
                u, ux, uy = node[at, 0], node[at, 1], node[at, 2]
            v, vx, vy = high, hx, hy
            if ends < high:
                v = ends
                if following < 0:
                    vx, vy = fan[b + 1, 1], fan[b + 1, 2]
                else:
                    vx, vy = node[following, 1], node[following, 2]
            held = node_of[at]
            old_u, old_v = along(line, held, ux, uy), along(line, held, vx, vy)
            gain_u, gain_v = old_u - along(line, e, ux, uy), old_v - along(line, e, vx, vy)
            nearer = gain_u + gain_v > 0.0
            if (gain_u < 0.0 < gain_v) or (gain_v < 0.0 < gain_u):
                px, py = crossing(line, e, held)
                p = key_of(turn[0] * px + turn[1] * py, turn[0] * py - turn[1] * px)
                if not u < p < v:  # they touch at an end: rounding spoke, the other end decides
                    nearer = gain_u / old_u + gain_v / old_v > 0.0
                elif gain_u < 0.0:
                    u, ux, uy, nearer = p, px, py, True
                else:
                    v, vx, vy, nearer = p, px, py, True
            if nearer:
                if used + 2 > len(link):
                    return -1
                mine = at
                if u > node[at, 0]:
                    mine, used = used, used + 1
                    link[at] = mine
                    node[mine, 0], node[mine, 1], node[mine, 2] = u, ux, uy
                node_of[mine] = e
                link[mine] = following
                if v < ends:
                    node[used, 0], node[used, 1], node[used, 2] = v, vx, vy
                    node_of[used], link[used], link[mine] = held, following, used
                    used += 1
        at = following
    return used


@inlined
def farthest2(b, fan, line, node, node_of, link):  # type: ignore[no-untyped-def]
    """Square of the farthest distance to anything that stands in the bucket."""
    far, at = 0.0, b
    while at >= 0:
        following = link[at]
        x, y = node[at, 1], node[at, 2]
        t = along(line, node_of[at], x, y)
        far = max(far, t * t * (x * x + y * y))
        if following < 0:
            x, y = fan[b + 1, 1], fan[b + 1, 2]
        else:
            x, y = node[following, 1], node[following, 2]
        t = along(line, node_of[at], x, y)
        far = max(far, t * t * (x * x + y * y))
        at = following
    return far


@compiled
def body_at(ground: Ground, x: float, y: float, above: float) -> int:
    """An outline at least `above` high that holds the point (even-odd over its rings); -1 when none does."""
    gx, gy = int(floor((x - ground.origin[0]) / ground.cell)), int(floor((y - ground.origin[1]) / ground.cell))
    if not (0 <= gx < ground.across[0] and 0 <= gy < ground.across[1]):
        return -1
    cell = gy * ground.across[0] + gx
    for k in range(ground.body_starts[cell], ground.body_starts[cell + 1]):
        body = ground.bodies[k]
        if ground.body_heights[body] >= above and holds(ground, body, x, y):
            return body
    return -1


@compiled
def holds(ground: Ground, body: int, x: float, y: float) -> bool:
    """Whether the point is within the outline, and not on it."""
    inside = False
    for i in range(ground.outline_starts[body], ground.outline_starts[body + 1]):
        ax, ay = ground.outlines[i, 0] - x, ground.outlines[i, 1] - y
        bx, by = ground.outlines[i, 2] - x, ground.outlines[i, 3] - y
        if (ay > 0.0) != (by > 0.0) and (ax * by - ay * bx > 0.0) == (by > ay):
            inside = not inside
    return inside and not on_outline(ground, body, x, y)


@compiled
def on_outline(ground: Ground, body: int, x: float, y: float) -> bool:
    for i in range(ground.outline_starts[body], ground.outline_starts[body + 1]):
        ax, ay = ground.outlines[i, 0] - x, ground.outlines[i, 1] - y
        dx, dy = ground.outlines[i, 2] - ground.outlines[i, 0], ground.outlines[i, 3] - ground.outlines[i, 1]
        px, py = nearest(ax, ay, dx, dy)
        if px * px + py * py <= ON_EDGE_M * ON_EDGE_M:
            return True
    return False


@compiled
def nearest(ax: float, ay: float, dx: float, dy: float) -> tuple[float, float]:
    """The point of an edge from a on, along d, that is nearest to the eye."""
    share = min(1.0, max(0.0, -(ax * dx + ay * dy) / (dx * dx + dy * dy)))
    return ax + share * dx, ay + share * dy
