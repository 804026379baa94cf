"""What is left to decide: the problem as plain arrays, without options that are decided and points nobody reaches.

Every step that decides something (must, never, a place that is full, an option that a bound excludes) goes through
`decided`, so there is one way to make a problem smaller.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from satukota.rules.siting.problem import Problem

SPENDING = ("most", "budget", "yearly")  # rows of `use` and `capacity`, where the problem limits them


class Core(NamedTuple):
    """Options sorted by site, with their points; points with their options and what each further view is worth."""

    option: NDArray[np.int64]  # (n,) number in the Problem
    indptr: NDArray[np.int64]  # (n+1,)
    points: NDArray[np.int32]
    point: NDArray[np.int64]  # (m,) number in the Problem
    users_ptr: NDArray[np.int64]  # (m+1,)
    users: NDArray[np.int32]
    part_ptr: NDArray[np.int64]  # (m+1,)
    part: NDArray[np.float64]  # falling within a point, all above 0
    area: NDArray[np.int32]  # (m,), -1 none
    floor: NDArray[np.float64]  # (areas,) worth still to be reached; 0 or less: met
    use: NDArray[np.float64]  # (spendings, n)
    capacity: NDArray[np.float64]  # (spendings,)
    site: NDArray[np.int32]  # (n,) not falling
    site_ptr: NDArray[np.int64]  # (sites+1,)
    quota: NDArray[np.int64]  # (sites,) how many may still be chosen, at least 1
    tiny: float  # a worth this small is rounding
    value: float  # what the options taken already add
    taken: NDArray[np.int64]  # option numbers in the Problem


def core_of(problem: Problem) -> Core:
    """The whole problem as a core, `must` taken and `never` left out; the caller has checked that `must` fits."""
    spending = _spending(problem)
    site, quota = _sites(problem)
    part_ptr, part = problem.parts()
    area = np.full(len(problem.weights), -1, np.int32) if problem.area is None else problem.area.astype(np.int32)
    floor = np.zeros(0)
    if problem.floor is not None:
        inside = area >= 0
        weight = np.bincount(area[inside], problem.weights[inside], len(problem.floor))
        floor = problem.floor * weight * (1 - 1e-9)  # reached up to rounding is reached
    order = np.arange(len(site)) if (np.diff(site) >= 0).all() else np.argsort(site, kind="stable")
    points, indptr = _without_repeats(problem.indptr, problem.points, order, len(problem.weights))
    core = Core(
        option=order,
        indptr=indptr,
        points=points,
        point=np.arange(len(problem.weights)),
        users_ptr=np.zeros(1, np.int64),
        users=np.zeros(0, np.int32),
        part_ptr=part_ptr,
        part=part,
        area=area,
        floor=floor,
        use=np.array([row[order] for row, _ in spending], np.float64).reshape(len(spending), len(order)),
        capacity=np.array([limit for _, limit in spending], np.float64),
        site=site[order].astype(np.int32),
        site_ptr=np.concatenate(([0], np.cumsum(np.bincount(site, minlength=len(quota))))).astype(np.int64),
        quota=quota,
        tiny=1e-12 * float(problem.weights.sum()),
        value=0.0,
        taken=np.zeros(0, np.int64),
    )
    if problem.already is not None:
        core = _seen(core, problem.already)._replace(value=0.0)
    keep = np.ones(problem.options, bool)
    keep[list(problem.never)] = False
    take = np.zeros(problem.options, bool)
    take[list(problem.must)] = True
    return decided(core, keep[order], take[order])


def decided(core: Core, keep: NDArray[np.bool_], take: NDArray[np.bool_]) -> Core:
    """The core with the options of `take` taken and of the rest only those of `keep` that can still be chosen."""
    if take.any():
        chosen = np.flatnonzero(take)
        reached = np.concatenate([core.points[core.indptr[j] : core.indptr[j + 1]] for j in chosen])
        core = _seen(core, np.bincount(reached, minlength=len(core.area)))._replace(
            capacity=core.capacity - core.use[:, chosen].sum(axis=1),
            quota=core.quota - np.bincount(core.site[chosen], minlength=len(core.quota)),
            taken=np.concatenate((core.taken, core.option[chosen])),
        )
    fits = (core.use <= core.capacity[:, None]).all(axis=0) & (core.quota[core.site] > 0)
    return _only(core, keep & ~take & fits)


def floors_of(core: Core) -> Core:
    """The core of the points in areas still under their floor, nothing else being worth anything."""
    floor = np.maximum(core.floor, 0.0)
    lacking = np.append(floor > core.tiny, False)[core.area]  # area -1 is the last
    part = np.where(np.repeat(lacking, np.diff(core.part_ptr)), core.part, 0.0)
    return _only(core._replace(part=part, floor=floor, value=0.0), np.ones(len(core.option), bool))


def _seen(core: Core, views: NDArray[np.int64]) -> Core:
    """The core after each point got so many views."""
    wanted = np.diff(core.part_ptr)
    used = np.minimum(views, wanted)
    rank = np.arange(len(core.part)) - np.repeat(core.part_ptr[:-1], wanted)
    gone = rank < np.repeat(used, wanted)
    worth = np.bincount(np.repeat(np.arange(len(wanted)), wanted)[gone], core.part[gone], len(wanted))
    inside = core.area >= 0
    reached = np.bincount(core.area[inside], worth[inside], len(core.floor))[: len(core.floor)]
    return core._replace(
        part_ptr=np.concatenate(([0], np.cumsum(wanted - used))),
        part=core.part[~gone],
        floor=core.floor - reached if len(core.floor) else core.floor,
        value=core.value + float(worth.sum()),
    )


def _only(core: Core, keep: NDArray[np.bool_]) -> Core:
    """The core of the kept options and of the points they reach that are still worth something."""
    worth = np.zeros(len(core.area), np.bool_)
    some = np.diff(core.part_ptr) > 0
    worth[some] = core.part[core.part_ptr[:-1][some]] > core.tiny
    keep = keep.copy()
    indptr, points, users_ptr, users, stays = _shrunk(core.indptr, core.points, keep, worth)
    part_ptr, part = _parts_of(core, stays, np.diff(users_ptr))
    sites = np.bincount(core.site[keep], minlength=len(core.quota))
    use = np.ascontiguousarray(core.use[:, keep])
    return core._replace(
        option=core.option[keep],
        indptr=indptr,
        points=points,
        point=core.point[stays],
        users_ptr=users_ptr,
        users=users,
        part_ptr=part_ptr,
        part=part,
        area=core.area[stays],
        use=use,
        capacity=_usable(use, core.capacity),
        site=(np.cumsum(sites > 0, dtype=np.int32) - 1)[core.site[keep]].astype(np.int32),
        site_ptr=np.concatenate(([0], np.cumsum(sites[sites > 0]))),
        quota=core.quota[sites > 0],
    )


@numba.njit(cache=True, nogil=True)
def _shrunk(
    indptr: NDArray[np.int64], points: NDArray[np.int32], keep: NDArray[np.bool_], worth: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64], NDArray[np.int32], NDArray[np.bool_]]:
    """Both directions of reach, numbered anew, and the points that stay; `keep` loses options that add nothing."""
    n, m = len(keep), len(worth)
    users_count = np.zeros(m, np.int64)
    kept, entries = 0, 0
    for j in range(n):
        if keep[j]:
            was = entries
            for e in range(indptr[j], indptr[j + 1]):
                if worth[points[e]]:
                    users_count[points[e]] += 1
                    entries += 1
            keep[j] = entries > was
            kept += keep[j]
    stays = users_count > 0
    number = np.empty(m, np.int32)
    users_ptr = np.zeros(stays.sum() + 1, np.int64)
    at = 0
    for i in range(m):
        if stays[i]:
            number[i] = at
            users_ptr[at + 1] = users_ptr[at] + users_count[i]
            at += 1
    free = users_ptr[:-1].copy()
    new_indptr, new_points = np.zeros(kept + 1, np.int64), np.empty(entries, np.int32)
    users = np.empty(entries, np.int32)
    option, entry = 0, 0
    for j in range(n):
        if keep[j]:
            for e in range(indptr[j], indptr[j + 1]):
                if worth[points[e]]:
                    i = number[points[e]]
                    new_points[entry] = i
                    users[free[i]] = option
                    free[i] += 1
                    entry += 1
            option += 1
            new_indptr[option] = entry
    return new_indptr, new_points, users_ptr, users, stays


def _parts_of(core: Core, stays: NDArray[np.bool_], users: NDArray[np.int64]) -> tuple[NDArray, NDArray]:
    """The parts of the points that stay, no more per point than it has options."""
    sizes = np.diff(core.part_ptr)
    rank = np.arange(len(core.part)) - np.repeat(core.part_ptr[:-1], sizes)
    limit = np.zeros(len(sizes), np.int64)
    limit[stays] = users
    kept = np.minimum(sizes, limit)
    return np.concatenate(([0], np.cumsum(kept[stays]))), core.part[rank < np.repeat(kept, sizes)]


def _usable(use: NDArray[np.float64], capacity: NDArray[np.float64]) -> NDArray[np.float64]:
    """What of each limit can be spent: when all options cost a multiple of something, a rest below it is of no use."""
    step = np.gcd.reduce(use.astype(np.int64), axis=1).astype(np.float64)
    return np.where(step > 0, np.floor(capacity / np.maximum(step, 1.0)) * step, capacity)


def _spending(problem: Problem) -> list[tuple[NDArray, float]]:
    rows: list[tuple[NDArray, float]] = []
    if problem.most is not None:
        rows.append((np.ones(problem.options), problem.most))
    if problem.budget_rp is not None and problem.cost_rp is not None:
        rows.append((problem.cost_rp, problem.budget_rp))
    if problem.yearly_budget_rp is not None and problem.yearly_rp is not None:
        rows.append((problem.yearly_rp, problem.yearly_budget_rp))
    return rows


def _sites(problem: Problem) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The site of each option, numbered from 0, and how many each may have; -1 is a site of its own."""
    count = problem.options
    if problem.site is None:
        return np.arange(count), np.ones(count, np.int64)
    alone = problem.site < 0
    shared, number = np.unique(problem.site[~alone], return_inverse=True)
    site = np.empty(count, np.int64)
    site[~alone] = number
    site[alone] = len(shared) + np.arange(alone.sum())
    return site, np.full(int(site.max(initial=-1)) + 1, problem.max_per_site, np.int64)


@numba.njit(cache=True, nogil=True)
def _without_repeats(
    indptr: NDArray[np.int64], points: NDArray[np.int32], order: NDArray[np.int64], m: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The points of the options in this order, each point once per option."""
    last = np.full(m, -1, np.int64)
    once, ends = np.empty(len(points), np.int32), np.zeros(len(order) + 1, np.int64)
    at = 0
    for place in range(len(order)):
        j = order[place]
        for e in range(indptr[j], indptr[j + 1]):
            if last[points[e]] != place:
                last[points[e]] = place
                once[at] = points[e]
                at += 1
        ends[place + 1] = at
    return once[:at].copy(), ends
