"""Unseen points as connected stretches of about what one new mounting could watch. Pure numpy: no database."""

from __future__ import annotations

import heapq

import numpy as np
import shapely
from numpy.typing import NDArray

REACH_M = 60.0  # of a stretch from its middle: what a camera on a pole there can be expected to see
STEP_M = 25.0  # points of a street are 10 m apart; a wider gap is the end of a stretch


def stretches(
    xy: NDArray[np.float64], weight: NDArray[np.float64], *, reach_m: float = REACH_M, step_m: float = STEP_M
) -> list[NDArray[np.int64]]:
    """Every point (n, 2 metres) in exactly one stretch, the stretch of most weight first.

    Taken one after the other: the point with the most weight around it, with what is connected to it by steps within
    its reach; then the next among what is left. The same points give the same stretches.
    """
    if not len(xy):
        return []
    near_ptr, near = _near(xy, reach_m)
    left = np.ones(len(xy), bool)
    waiting = [(-float(weight[near[near_ptr[n] : near_ptr[n + 1]]].sum()), n) for n in range(len(xy))]
    heapq.heapify(waiting)
    found: list[NDArray[np.int64]] = []
    while waiting:
        told, middle = heapq.heappop(waiting)
        if not left[middle]:
            continue
        around = near[near_ptr[middle] : near_ptr[middle + 1]]
        around = around[left[around]]
        now = -float(weight[around].sum())
        if waiting and (now, middle) > waiting[0]:  # it has lost points since it was weighed; sums only fall
            heapq.heappush(waiting, (now, middle))
            continue
        members = _connected(xy, around, middle, step_m)
        left[members] = False
        found.append(members)
    return sorted(found, key=lambda members: (-float(weight[members].sum()), int(members[0])))


def _near(xy: NDArray[np.float64], reach_m: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """CSR: which points lie within reach of each, itself included, ascending."""
    dots = shapely.points(xy)
    one, other = shapely.STRtree(dots).query(dots, predicate="dwithin", distance=reach_m)
    order = np.lexsort((other, one))
    pointer = np.searchsorted(one[order], np.arange(len(xy) + 1)).astype(np.int64)
    return pointer, other[order].astype(np.int64)


def _connected(
    xy: NDArray[np.float64], around: NDArray[np.int64], middle: int, step_m: float
) -> NDArray[np.int64]:  # fmt: skip
    """Those of `around` that steps lead to from `middle`, ascending."""
    apart = xy[around][:, None, :] - xy[around][None, :, :]
    touching = np.einsum("ijk,ijk->ij", apart, apart) <= step_m * step_m
    reached = around == middle
    while True:
        wider = reached | touching[reached].any(axis=0)
        if (wider == reached).all():
            return around[reached]
        reached = wider
