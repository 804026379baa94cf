"""The scene as the kernel reads it: edges in the order of a grid of cells, and outlines to ask what is inside."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

import numpy as np
import shapely

CELL_M = 20.0
MOST_CELLS = 4_000_000
_LINE = 1


class Ground(NamedTuple):
    """Read-only arrays; the kernel takes them as they are.

    An edge has what stands on its left and is listed in the one cell that holds its middle; none is longer than a
    cell, so that all of it is within half a cell of that cell. A wall without thickness is two edges, there and back.

    origin (2,), cell, across (2,) int64: the grid. starts (cells + 1,): edges[starts[c]:starts[c + 1]] are of cell c.
    edges (m, 4): ax, ay, bx, by. after (m, 2): the corner behind b, NaN for walls. heights (m,): inf hides all.
    body_starts, bodies: outlines whose box meets a cell, by cell. outline_starts, outlines (k, 4): their edges, whole.
    body_heights (n,).
    """

    origin: np.ndarray
    cell: float
    across: np.ndarray
    starts: np.ndarray
    edges: np.ndarray
    after: np.ndarray
    heights: np.ndarray
    body_starts: np.ndarray
    bodies: np.ndarray
    outline_starts: np.ndarray
    outlines: np.ndarray
    body_heights: np.ndarray


def index(footprints: np.ndarray, heights_m: np.ndarray) -> Ground:
    """footprints (n,): valid polygons and lines; heights_m (n,)."""
    whole, after, owner = _edges(footprints)
    box = shapely.total_bounds(footprints) if len(footprints) else np.zeros(4)
    cell = max(CELL_M, float(np.sqrt((box[2] - box[0] + 1) * (box[3] - box[1] + 1) / MOST_CELLS)))
    origin = box[:2] - 1e-3
    across = (np.floor((box[2:] - origin) / cell) + 1).astype(np.int64)
    edges, after_each, of = _no_longer_than(cell, whole, after)
    middle = (edges[:, :2] + edges[:, 2:]) / 2
    cells = np.floor((middle - origin) / cell).astype(np.int64) @ np.array([1, across[0]])
    order = np.argsort(cells, kind="stable")
    solid = ~np.isnan(after[:, 0])
    body_starts, bodies = _boxes_in_cells(footprints, origin, cell, across)
    return Ground(
        origin=origin,
        cell=cell,
        across=across,
        starts=_starts(cells[order], int(across[0] * across[1])),
        edges=np.ascontiguousarray(edges[order]),
        after=np.ascontiguousarray(after_each[order]),
        heights=np.ascontiguousarray(heights_m[owner[of[order]]]),
        body_starts=body_starts,
        bodies=bodies,
        outline_starts=_starts(owner[solid], len(footprints)),
        outlines=np.ascontiguousarray(whole[solid]),
        body_heights=np.ascontiguousarray(heights_m),
    )


def _edges(footprints: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All edges (m, 4), the corner after each (m, 2; NaN for walls), and the index of their footprint, ascending."""
    solid = shapely.get_dimensions(footprints) == 2 if len(footprints) else np.empty(0, dtype=bool)
    places = np.flatnonzero(solid)
    turned = shapely.orient_polygons(footprints[places]) if len(places) else footprints[places]
    parts, part_of = shapely.get_parts(turned, return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    rings_xy, rings_of = shapely.get_coordinates(rings, return_index=True)
    ring_edges = np.flatnonzero(rings_of[:-1] == rings_of[1:]) if len(rings_of) else np.empty(0, dtype=np.int64)
    closed = np.column_stack([rings_xy[ring_edges], rings_xy[ring_edges + 1]])
    of_ring = rings_of[ring_edges]
    behind = _corner_behind(closed, of_ring)
    of_body = places[part_of[ring_part[of_ring]]] if len(of_ring) else np.empty(0, dtype=np.int64)

    walls, wall_of = shapely.get_parts(footprints[~solid], return_index=True)
    walls_xy, walls_at = shapely.get_coordinates(walls, return_index=True)
    legs = np.flatnonzero(walls_at[:-1] == walls_at[1:]) if len(walls_at) else np.empty(0, dtype=np.int64)
    there = np.column_stack([walls_xy[legs], walls_xy[legs + 1]])
    of_wall = np.flatnonzero(~solid)[wall_of[walls_at[legs]]] if len(legs) else np.empty(0, dtype=np.int64)

    edges = np.concatenate([closed, there, there[:, [2, 3, 0, 1]]])
    after = np.concatenate([behind, np.full((2 * len(there), 2), np.nan)])
    owner = np.concatenate([of_body, of_wall, of_wall]).astype(np.int64)
    real = (edges[:, :2] != edges[:, 2:]).any(axis=1)
    order = np.flatnonzero(real)[np.argsort(owner[real], kind="stable")]
    return edges[order], after[order], owner[order]


def _corner_behind(edges: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """For each edge of closed rings the end of the next one of its ring."""
    if not len(edges):
        return np.empty((0, 2))
    last = np.append(ring[:-1] != ring[1:], True)
    first = np.flatnonzero(np.append(True, last[:-1]))
    following = np.arange(1, len(edges) + 1)
    following[last] = first
    return edges[following, 2:]


def _no_longer_than(cell: float, edges: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges cut into equal pieces of at most `cell`; neighbours share their corner to the last bit. Third: of which."""
    length = np.hypot(edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1])
    count = np.maximum(1, np.ceil(length / cell)).astype(np.int64)
    if not len(edges) or count.max() == 1:
        return edges, after, np.arange(len(edges))
    of = np.repeat(np.arange(len(edges)), count)
    step = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)

    def corner(number: np.ndarray) -> np.ndarray:
        share = (number / count[of])[:, None]
        inner = edges[of, :2] + share * (edges[of, 2:] - edges[of, :2])
        return np.where(share >= 1, edges[of, 2:], inner)

    ends = step + 1
    behind = np.where((ends == count[of])[:, None], after[of], corner(ends + 1))
    behind[np.isnan(after[of, 0])] = np.nan
    return np.column_stack([corner(step), corner(ends)]), behind, of


def _boxes_in_cells(
    footprints: np.ndarray, origin: np.ndarray, cell: float, across: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """By cell (row by row) the footprints whose box meets it."""
    total = int(across[0] * across[1])
    if not len(footprints):
        return np.zeros(total + 1, dtype=np.int64), np.empty(0, dtype=np.int64)
    box = np.floor((shapely.bounds(footprints) - np.tile(origin, 2)) / cell).astype(np.int64)
    wide, high = box[:, 2] - box[:, 0] + 1, box[:, 3] - box[:, 1] + 1
    of = np.repeat(np.arange(len(box)), wide * high)
    step = np.arange(len(of)) - np.repeat(np.cumsum(wide * high) - wide * high, wide * high)
    cells = (box[of, 1] + step // wide[of]) * across[0] + box[of, 0] + step % wide[of]
    order = np.argsort(cells, kind="stable")
    return _starts(cells[order], total), of[order]


def _starts(groups: np.ndarray, count: int) -> np.ndarray:
    """Where each group 0..count-1 starts in the ascending `groups`, and the end."""
    starts = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(groups, minlength=count), out=starts[1:])
    return starts


class Dots(NamedTuple):
    """Points (n, 2) in the order of a grid of their own: those of cell c are points[starts[c]:starts[c + 1]].

    Cells go row by row from `low`; across (2,) of them. order (n,): where each point was before.
    """

    points: np.ndarray
    order: np.ndarray
    low: np.ndarray
    cell: float
    across: np.ndarray
    starts: np.ndarray


def dots_of(points: np.ndarray) -> Dots:
    """points (n, 2), n may be 0."""
    if not len(points):
        points_box, cell = np.zeros((1, 2)), CELL_M
    else:
        points_box, cell = points, cell_for(points)
    low = points_box.min(axis=0)
    across = (np.floor((points_box.max(axis=0) - low) / cell) + 1).astype(np.int64)
    cells = np.floor((points - low) / cell).astype(np.int64) @ np.array([1, across[0]])
    order = np.argsort(cells, kind="stable")
    starts = _starts(cells[order], int(across[0] * across[1]))
    return Dots(np.ascontiguousarray(points[order]), order, low, cell, across, starts)


def cell_for(points: np.ndarray) -> float:
    """A cell size with some ten points each, and not too many cells where the points are few and far apart."""
    wide, high = np.ptp(points, axis=0) + 1
    return float(max(5.0, np.sqrt(10 * wide * high / len(points)), ceil(max(wide, high) / 2000)))
