"""The compiled loops that build a plan: taking and dropping options with exact gains, filling up, searching around.

Imported only when something is solved: numba takes a second to import and some to compile; compiled code is cached.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from satukota.rules.siting.core import Core

# `inner` loops are called from compiled code only: without the way in from Python, which takes long to compile.
_njit: Any = numba.njit
door = _njit(cache=True, nogil=True, no_cfunc_wrapper=True)
inner = _njit(cache=True, nogil=True, no_cfunc_wrapper=True, no_cpython_wrapper=True)

SLACK = 1e-6  # rupiah and counts are whole: less than this over a limit is rounding
AT_ONCE = 4  # options dropped in one turn of the search, at most
GROWN = 64  # options taken back in one turn, at most


class State(NamedTuple):
    """A plan being built, with the exact gain of every option given what is chosen."""

    views: NDArray[np.int32]  # (m,)
    gain: NDArray[np.float64]  # (n,) what the option would add, or for a chosen one what another like it would
    chosen: NDArray[np.bool_]  # (n,)
    left: NDArray[np.float64]  # (spendings,)
    room: NDArray[np.int64]  # (sites,)
    floor: NDArray[np.float64]  # (areas,) still to be reached
    value: NDArray[np.float64]  # (1,)


def empty(core: Core) -> State:
    """Nothing chosen yet."""
    return State(
        np.zeros(len(core.area), np.int32),
        gains_of_nothing(core),
        np.zeros(len(core.option), np.bool_),
        core.capacity.copy(),
        core.quota.copy(),
        core.floor.copy(),
        np.zeros(1),
    )


@door
def gains_of_nothing(core: Core) -> NDArray[np.float64]:
    """(n,) what each option alone would add."""
    gain = np.zeros(len(core.option))
    for j in range(len(core.option)):
        for e in range(core.indptr[j], core.indptr[j + 1]):
            gain[j] += core.part[core.part_ptr[core.points[e]]]
    return gain


def with_chosen(core: Core, options: NDArray[np.int64]) -> State:
    """The state after taking those of these option numbers (of the Problem) that the core still has and that fit."""
    state = empty(core)
    take_all(core, state, np.flatnonzero(np.isin(core.option, options)))
    return state


@inner
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


@inner
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


@inner
def fits(core: Core, state: State, j: int) -> bool:
    if state.chosen[j] or state.room[core.site[j]] <= 0:
        return False
    for r in range(len(core.capacity)):  # noqa: SIM110  any() is not compiled
        if core.use[r, j] > state.left[r] + SLACK:
            return False
    return True


@door
def take_all(core: Core, state: State, options: NDArray[np.int64]) -> None:
    for j in options:
        if fits(core, state, j):
            take(core, state, j)


@inner
def most_gain(core: Core, state: State, price: NDArray[np.float64], barred: int) -> int:
    """The option with the most gain / price that fits and adds something, or -1; never `barred`."""
    best, most = -1, 0.0
    for j in range(len(core.option)):
        if state.gain[j] > most * price[j] and state.gain[j] > core.tiny and j != barred and fits(core, state, j):
            best, most = j, state.gain[j] / price[j]
    return best


@inner
def most_for_floors(core: Core, state: State, price: NDArray[np.float64]) -> int:
    """The option that brings the areas nearest to their floors per price, or -1."""
    brings = np.zeros(len(core.option))
    for i in range(len(core.area)):
        a, at = core.area[i], core.part_ptr[i] + state.views[i]
        if a >= 0 and state.floor[a] > core.tiny and at < core.part_ptr[i + 1]:
            for u in range(core.users_ptr[i], core.users_ptr[i + 1]):
                brings[core.users[u]] += core.part[at]
    lack = missing(core, state)
    best, most = -1, 0.0
    for j in range(len(core.option)):
        if brings[j] > core.tiny:
            score = (min(brings[j], lack) + 1e-3 * state.gain[j]) / price[j]
            if score > most and fits(core, state, j):
                best, most = j, score
    return best


@door
def missing(core: Core, state: State) -> float:
    """How much worth the areas lack to their floors, together."""
    total = 0.0
    for a in range(len(core.floor)):
        if state.floor[a] > core.tiny:
            total += state.floor[a]
    return total


@door
def fill(core: Core, state: State, price: NDArray[np.float64], barred: int, order: NDArray[np.int64]) -> int:
    """Take options while one fits and adds something, `len(order)` at most, floors first; return how many.

    `order` becomes what was taken; `barred` is not the first of them (-1: nothing is barred).
    """
    count = 0
    while count < len(order) and missing(core, state) > 0.0:
        best = most_for_floors(core, state, price)
        if best < 0:
            break
        take(core, state, best)
        order[count] = best
        count += 1
    while count < len(order):
        best = most_gain(core, state, price, barred if count == 0 else -1)
        if best < 0:
            break
        take(core, state, best)
        order[count] = best
        count += 1
    return count


@inner
def below(random: NDArray[np.uint64], limit: int) -> int:
    """The next whole number in 0..limit-1 of a xorshift sequence; `random` (1,) is its state and not 0."""
    x = random[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    random[0] = x
    return int((x >> np.uint64(11)) % np.uint64(limit))


@inner
def neighbour(core: Core, state: State, j: int, random: NDArray[np.uint64]) -> int:
    """Another chosen option that shares a point's options with j (a few tries), or -1."""
    for _ in range(12):
        e = core.indptr[j] + below(random, core.indptr[j + 1] - core.indptr[j])
        i = core.points[e]
        k = core.users[core.users_ptr[i] + below(random, core.users_ptr[i + 1] - core.users_ptr[i])]
        e = core.indptr[k] + below(random, core.indptr[k + 1] - core.indptr[k])
        i = core.points[e]
        for u in range(core.users_ptr[i], core.users_ptr[i + 1]):
            if state.chosen[core.users[u]] and core.users[u] != j:
                return core.users[u]
    return -1


@door
def improve(core: Core, state: State, price: NDArray[np.float64], random: NDArray[np.uint64], turns: int) -> None:
    """Drop a few chosen options, fill up again, keep what is not worse; `turns` times. Never ends worse."""
    flat = np.ones(len(core.option))
    held = np.flatnonzero(state.chosen)
    gone, back = np.empty(AT_ONCE, np.int64), np.empty(GROWN, np.int64)
    for _ in range(turns):
        if len(held) == 0:
            break
        was, lacked = state.value[0], missing(core, state)
        first = held[below(random, len(held))]
        many = 1 + below(random, AT_ONCE) if below(random, 2) else 1
        near = below(random, 2) == 0
        out = 0
        for _ in range(many):
            j = first
            if out > 0:
                j = neighbour(core, state, first, random) if near else held[below(random, len(held))]
            if j >= 0 and state.chosen[j]:
                drop(core, state, j)
                gone[out] = j
                out += 1
        barred = first if below(random, 3) else -1
        count = fill(core, state, price if below(random, 2) else flat, barred, back)
        lacks = missing(core, state)
        worse = lacks > lacked + core.tiny or (lacks > lacked - core.tiny and state.value[0] < was - core.tiny)
        if worse:
            for at in range(count - 1, -1, -1):
                drop(core, state, back[at])
            for at in range(out - 1, -1, -1):
                take(core, state, gone[at])
        else:
            held = np.flatnonzero(state.chosen)
