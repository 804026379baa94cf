"""The compiled loops: taking and dropping options with exact gains, filling a plan, searching around it, bounding it.

Imported only when something is solved: numba takes a second to import and some to compile; compiled code is cached.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from satukota.rules.siting.core import Core

SLACK = 1e-6  # rupiah and counts are whole: less than this over a limit is rounding


class State(NamedTuple):
    """A plan being built: exact gains of every option given what is chosen."""

    views: NDArray[np.int32]  # (m,)
    gain: NDArray[np.float64]  # (n,) what one more of this option adds
    chosen: NDArray[np.bool_]  # (n,)
    left: NDArray[np.float64]  # (spendings,)
    room: NDArray[np.int64]  # (sites,)
    floor: NDArray[np.float64]  # (areas,) still to be reached
    value: NDArray[np.float64]  # (1,)


def empty(core: Core) -> State:
    """Nothing chosen yet."""
    first = core.part[core.part_ptr[:-1]] if len(core.area) else np.zeros(0)
    gain = np.add.reduceat(np.append(first[core.points], 0.0), core.indptr[:-1]) if len(core.option) else np.zeros(0)
    return State(
        np.zeros(len(core.area), np.int32),
        gain,
        np.zeros(len(core.option), np.bool_),
        core.capacity.copy(),
        core.quota.copy(),
        core.floor.copy(),
        np.zeros(1),
    )


@numba.njit(cache=True, nogil=True)
def take(core: Core, state: State, j: int) -> None:
    state.value[0] += state.gain[j]
    state.chosen[j] = True
    state.room[core.site[j]] -= 1
    for r in range(len(core.capacity)):
        state.left[r] -= core.use[r, j]
    for e in range(core.indptr[j], core.indptr[j + 1]):
        i = core.points[e]
        at = core.part_ptr[i] + state.views[i]
        end = core.part_ptr[i + 1]
        state.views[i] += 1
        if at < end:
            if core.area[i] >= 0 and len(core.floor):
                state.floor[core.area[i]] -= core.part[at]
            falls = core.part[at] - (core.part[at + 1] if at + 1 < end else 0.0)
            for u in range(core.users_ptr[i], core.users_ptr[i + 1]):
                state.gain[core.users[u]] -= falls


@numba.njit(cache=True, nogil=True)
def drop(core: Core, state: State, j: int) -> None:
    for e in range(core.indptr[j], core.indptr[j + 1]):
        i = core.points[e]
        state.views[i] -= 1
        at = core.part_ptr[i] + state.views[i]
        end = core.part_ptr[i + 1]
        if at < end:
            if core.area[i] >= 0 and len(core.floor):
                state.floor[core.area[i]] += core.part[at]
            rises = core.part[at] - (core.part[at + 1] if at + 1 < end else 0.0)
            for u in range(core.users_ptr[i], core.users_ptr[i + 1]):
                state.gain[core.users[u]] += rises
    state.value[0] -= state.gain[j]
    state.chosen[j] = False
    state.room[core.site[j]] += 1
    for r in range(len(core.capacity)):
        state.left[r] += core.use[r, j]


@numba.njit(cache=True, nogil=True)
def fits(core: Core, state: State, j: int) -> bool:
    if state.chosen[j] or state.room[core.site[j]] <= 0:
        return False
    for r in range(len(core.capacity)):  # noqa: SIM110  compiled
        if core.use[r, j] > state.left[r] + SLACK:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def fill(core: Core, state: State, price: NDArray[np.float64], stop_at: int) -> int:
    """Take the option with the most gain / price while one fits and adds something, `stop_at` at most; how many."""
    taken = 0
    while taken < stop_at:
        best, most = -1, 0.0
        for j in range(len(core.option)):
            score = state.gain[j] / price[j]
            if score > most and state.gain[j] > core.tiny and fits(core, state, j):
                best, most = j, score
        if best < 0:
            break
        take(core, state, best)
        taken += 1
    return taken


class Duals(NamedTuple):
    """Prices of the relaxed constraints; any prices of 0 or more give a valid bound."""

    point: NDArray[np.float64]  # (m,) paid by a point for each view it gets
    floor: NDArray[np.float64]  # (areas,) extra share of worth that an area under its floor counts
    spend: NDArray[np.float64]  # (spendings,) per rupiah, or per option


def first_duals(core: Core) -> Duals:
    """Where the search for prices starts: a point with a choice of options pays nearly all it is worth."""
    first = core.part[core.part_ptr[:-1]]
    point = first * np.where(np.diff(core.users_ptr) > 1, 0.9, 1.0)
    return Duals(point, np.zeros(len(core.floor)), np.zeros(len(core.capacity)))


@numba.njit(cache=True, nogil=True)
def pick(
    core: Core, reward: NDArray[np.float64], spend: NDArray[np.float64], of: int, picked: NDArray[np.float64]
) -> tuple[float, float]:
    """The best options of every site at these prices, as if spending had no limit: their worth, and what they use of
    spending `of`."""
    worth, used = 0.0, 0.0
    picked[:] = 0.0
    for s in range(len(core.quota)):
        first, end = core.site_ptr[s], core.site_ptr[s + 1]
        for _ in range(min(core.quota[s], end - first)):
            best, most = -1, 0.0
            for j in range(first, end):
                if picked[j] == 0.0:
                    net = reward[j]
                    for r in range(len(spend)):
                        net -= spend[r] * core.use[r, j]
                    if net > most:
                        best, most = j, net
            if best < 0:
                break
            picked[best] = 1.0
            worth += most
            if of >= 0:
                used += core.use[of, best]
    return worth, used


@numba.njit(cache=True, nogil=True)
def settle(
    core: Core,
    reward: NDArray[np.float64],
    spend: NDArray[np.float64],
    of: int,
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> float:
    """Set the price of spending `of` to its best and return the worth of the picks plus the prices of all limits.

    The bound is convex and piecewise linear in one price: the next price tried is where the tangents of the dearest
    too cheap and the cheapest too dear price cross. `low` becomes the picks, mixed where they are tied.
    """
    fixed = 0.0
    for r in range(len(spend)):
        if r != of:
            fixed += spend[r] * core.capacity[r]
    if of < 0:
        return pick(core, reward, spend, of, low)[0]
    limit = core.capacity[of]
    cheap, dear = -1.0, -1.0
    cheap_at, cheap_used, dear_at, dear_used = 0.0, 0.0, 0.0, 0.0
    price, best, best_price = spend[of], np.inf, 0.0
    work = np.empty_like(low)
    for turn in range(60):
        spend[of] = price
        worth, used = pick(core, reward, spend, of, work)
        at = worth + price * limit
        if at < best:
            best, best_price = at, price
        if used > limit:
            cheap, cheap_at, cheap_used = price, at, used
            low[:] = work
        else:
            dear, dear_at, dear_used = price, at, used
            high[:] = work
            if used == limit or price == 0.0:
                low[:] = work
                cheap = -1.0
                break
        if dear < 0:
            top = 0.0
            if price == 0.0:
                for j in range(len(reward)):
                    if core.use[of, j] > 0:
                        top = max(top, reward[j] / core.use[of, j])
                price = top * 0.5
            else:
                price *= 1.25
            continue
        if cheap < 0:
            price = price * 0.8 if turn < 8 else 0.0
            continue
        cross = cheap_at - dear_at + (limit - dear_used) * dear - (limit - cheap_used) * cheap
        cross /= cheap_used - dear_used
        if not (cheap < cross < dear):
            break
        if turn % 3 == 2:
            cross = 0.5 * (cheap + dear)
        floor_here = cheap_at + (limit - cheap_used) * (cross - cheap)
        if best - floor_here <= 1e-9 * abs(best) or dear - cheap <= 1e-12 * dear:
            break
        price = cross
    if cheap >= 0 and dear >= 0:
        mix = (limit - dear_used) / (cheap_used - dear_used)
        for j in range(len(low)):
            low[j] = mix * low[j] + (1 - mix) * high[j]
    spend[of] = best_price
    return best + fixed


@numba.njit(cache=True, nogil=True)
def rewards(core: Core, price: NDArray[np.float64], reward: NDArray[np.float64]) -> None:
    for j in range(len(core.option)):
        total = 0.0
        for e in range(core.indptr[j], core.indptr[j + 1]):
            total += price[core.points[e]]
        reward[j] = total


@numba.njit(cache=True, nogil=True)
def tighten(
    core: Core,
    duals: Duals,
    best: Duals,
    known: float,
    target: float,
    step: NDArray[np.float64],
    turns: int,
    keep: float,
) -> float:
    n, m = len(core.option), len(core.area)
    reward, x, y = np.empty(n), np.empty(n), np.empty(n)
    views, way = np.empty(m), np.zeros(m)
    reached = np.zeros(len(core.floor))
    bad = 0
    for _turn in range(turns):
        rewards(core, duals.point, reward)
        of = -1 if len(core.capacity) == 0 else int(step[1]) // 4 % len(core.capacity)
        step[1] += 1
        bound = core.value + settle(core, reward, duals.spend, of, x, y)
        views[:] = 0.0
        for j in range(n):
            if x[j] > 0:
                for e in range(core.indptr[j], core.indptr[j + 1]):
                    views[core.points[e]] += x[j]
        reached[:] = 0.0
        norm = 0.0
        for i in range(m):
            a = core.area[i]
            more = 1.0 + duals.floor[a] if a >= 0 and len(core.floor) else 1.0
            price, got, tied = duals.point[i], 0.0, 0.0
            for e in range(core.part_ptr[i], core.part_ptr[i + 1]):
                worth = core.part[e] * more
                if worth > price:
                    got += 1.0
                    bound += worth - price
                    if a >= 0 and len(core.floor):
                        reached[a] += core.part[e]
                elif worth == price:
                    tied += 1.0
            got = min(max(views[i], got), got + tied)
            slope = got - views[i]
            if price == 0.0 and slope < 0.0:
                slope = 0.0
            way[i] = keep * way[i] + (1 - keep) * slope
            norm += way[i] * way[i]
        for a in range(len(core.floor)):
            bound -= duals.floor[a] * core.floor[a]
        if bound < known:
            if bound < known - 1e-4 * (known - target):
                bad = 0
            known = bound
            best.point[:] = duals.point
            best.floor[:] = duals.floor
            best.spend[:] = duals.spend
        else:
            bad += 1
            if bad > step[2]:
                step[0] *= 0.7
                bad = 0
        if norm == 0.0 or known <= target:
            break
        length = step[0] * (bound - target) / norm
        for i in range(m):
            a = core.area[i]
            top = core.part[core.part_ptr[i]] * (1.0 + duals.floor[a] if a >= 0 and len(core.floor) else 1.0)
            duals.point[i] = min(top, max(0.0, duals.point[i] + length * way[i]))
        for a in range(len(core.floor)):
            if core.floor[a] > 0:
                duals.floor[a] = max(0.0, duals.floor[a] + 0.1 * step[0] * (core.floor[a] - reached[a]) / core.floor[a])
    return known
