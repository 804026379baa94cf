"""The compiled loops of the bound: prices on the relaxed constraints (Lagrangian duals) and what they prove.

A point pays `point` for every view it gets, an area under its floor counts its worth more by `floor`, and spending
costs `spend` per unit. At any prices of 0 or more, what the points keep, plus the best options of every site at these
prices, plus the price of all limits, is at least the worth of every plan that keeps the constraints. The prices are
moved along averaged subgradients (Camerini, Fratta, Maffioli 1975), the price of one spending being set to its best
each turn.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from satukota.rules.siting.core import Core
from satukota.rules.siting.moves import door, inner

KEEP = 0.7  # of the way of the turn before
RECENT = 0.1  # what the picks of one turn count in the shares
LEAST_FLOOR = -0.999  # above -1, from where no way leads back
FLOOR_STEP = 0.05  # the most a price of a floor moves in one turn
FIRST_STEP = 0.7  # of the way to the target; of 0.2 .. 1.5 the one that came nearest soonest on four instances
PATIENCE = 5  # turns without a better bound before steps shorten


class Prices(NamedTuple):
    point: NDArray[np.float64]  # (m,)
    floor: NDArray[np.float64]  # (areas,)
    spend: NDArray[np.float64]  # (spendings,)
    share: NDArray[np.float64]  # (n,) how often each option was picked lately: near a solution of the relaxation
    way: NDArray[np.float64]  # (m,) where the prices of points were moving
    way_floor: NDArray[np.float64]  # (areas,) and those of floors, as a share of the floor
    way_spend: NDArray[np.float64]  # (spendings,) and those of spendings, as a share of the limit
    step: NDArray[np.float64]  # (2,) length, turns without a better bound


def first_prices(core: Core) -> Prices:
    """A point with a choice of options pays nearly all it is worth."""
    first = core.part[core.part_ptr[:-1]]
    return Prices(
        first * np.where(np.diff(core.users_ptr) > 1, 0.9, 1.0),
        np.zeros(len(core.floor)),
        np.zeros(len(core.capacity)),
        np.zeros(len(core.option)),
        np.zeros(len(core.area)),
        np.zeros(len(core.floor)),
        np.zeros(len(core.capacity)),
        np.array([FIRST_STEP, 0.0]),
    )


def copied(prices: Prices) -> Prices:
    return Prices(*(part.copy() for part in prices))


def carried(prices: Prices, core: Core, smaller: Core) -> Prices:
    """The prices of a core on a smaller one made of it."""
    at = np.searchsorted(core.point, smaller.point)
    share = np.zeros(max(core.option, default=-1) + 1)
    share[core.option] = prices.share
    return copied(prices._replace(point=prices.point[at], way=prices.way[at], share=share[smaller.option]))


@inner
def rewards(core: Core, price: NDArray[np.float64], reward: NDArray[np.float64]) -> None:
    for j in range(len(core.option)):
        total = 0.0
        for e in range(core.indptr[j], core.indptr[j + 1]):
            total += price[core.points[e]]
        reward[j] = total


@inner
def net_of(core: Core, reward: NDArray[np.float64], spend: NDArray[np.float64], j: int) -> float:
    net = reward[j]
    for r in range(len(spend)):
        net -= spend[r] * core.use[r, j]
    return net


@inner
def pick(core: Core, reward: NDArray[np.float64], spend: NDArray[np.float64], picked: NDArray[np.float64]) -> float:
    """The best options of every site at these prices (picked: 1, else 0); their worth."""
    worth = 0.0
    for j in range(len(picked)):
        picked[j] = 0.0
    for s in range(len(core.quota)):
        first, end = core.site_ptr[s], core.site_ptr[s + 1]
        for _ in range(min(core.quota[s], end - first)):
            best, most = -1, 0.0
            for j in range(first, end):
                if picked[j] == 0.0:
                    net = net_of(core, reward, spend, j)
                    if net > most:
                        best, most = j, net
            if best < 0:
                break
            picked[best] = 1.0
            worth += most
    return worth


@inner
def settle(
    core: Core, reward: NDArray[np.float64], spend: NDArray[np.float64], of: int, low: NDArray[np.float64]
) -> float:
    """Set the price of spending `of` to its best; the worth of the picks plus the price of that limit.

    The bound is convex and piecewise linear in one price: tried next is the price where the tangents at the dearest
    price known to be too cheap and at the cheapest known to be dear enough cross. `low` becomes the picks, mixed where
    both prices tie so that the limit is just used.
    """
    n, limit = len(low), core.capacity[of]
    high, work = np.zeros(n), np.zeros(n)
    cheap, cheap_at, cheap_used = -1.0, 0.0, 0.0
    dear, dear_at, dear_used = -1.0, 0.0, 0.0
    price, best, best_price = spend[of], np.inf, 0.0
    for turn in range(60):
        spend[of] = price
        at = pick(core, reward, spend, work) + price * limit
        used = 0.0
        for j in range(n):
            used += work[j] * core.use[of, j]
        if at < best:
            best, best_price = at, price
        kept = low if used > limit else high
        for j in range(n):
            kept[j] = work[j]
        if used > limit:
            cheap, cheap_at, cheap_used = price, at, used
        else:
            dear, dear_at, dear_used = price, at, used
            if used == limit or price == 0.0:
                break
        if dear < 0:
            price = price * 1.25 if price > 0 else price_without_picks(core, reward, of)
        elif cheap < 0:
            price = price * 0.8 if turn < 8 else 0.0
        else:
            price = cheap_at - dear_at + (limit - dear_used) * dear - (limit - cheap_used) * cheap
            price /= cheap_used - dear_used
            if best - cheap_at - (limit - cheap_used) * (price - cheap) <= 1e-9 * best or not cheap < price < dear:
                break
            if turn % 3 == 2:
                price = 0.5 * (cheap + dear)
    spend[of] = best_price
    mix = 0.0 if cheap < 0 or dear < 0 or dear_used == limit else (limit - dear_used) / (cheap_used - dear_used)
    for j in range(n):
        low[j] = high[j] if mix == 0.0 else mix * low[j] + (1 - mix) * high[j]
    return best


@inner
def price_without_picks(core: Core, reward: NDArray[np.float64], of: int) -> float:
    """A price at which nothing that uses this spending is picked."""
    top = 0.0
    for j in range(len(reward)):
        if core.use[of, j] > 0:
            top = max(top, reward[j] / core.use[of, j])
    return top


@inner
def kept_by_points(core: Core, prices: Prices, views: NDArray[np.float64], reached: NDArray[np.float64]) -> float:
    """What points keep after paying. `way` moves towards the subgradient; `reached` becomes what the prices of floors
    pay for, by area."""
    kept = 0.0
    for a in range(len(reached)):
        reached[a] = 0.0
    for i in range(len(core.area)):
        a = core.area[i] if len(core.floor) else -1
        more = 1.0 + prices.floor[a] if a >= 0 else 1.0
        price, bought, tied, indifferent = prices.point[i], 0.0, 0.0, 0.0
        for e in range(core.part_ptr[i], core.part_ptr[i + 1]):
            worth = core.part[e] * more
            if worth > price:
                bought += 1.0
                kept += worth - price
                if a >= 0:
                    reached[a] += core.part[e]
            elif worth == price:
                tied += 1.0
                indifferent += core.part[e]
        buys = min(max(views[i], bought), bought + tied)  # of all subgradients at a tie the shortest
        slope = buys - views[i]
        if a >= 0:  # the price of a point stays the same share of its worth when the price of the floor moves
            reached[a] += indifferent * (buys - bought) / tied if tied > 0 else 0.0
            reached[a] -= price / more * slope
        if price == 0.0 and slope < 0.0:
            slope = 0.0
        prices.way[i] = KEEP * prices.way[i] + (1 - KEEP) * slope
    return kept


@door
def tighten(
    core: Core, prices: Prices, best: Prices, known: float, target: float, turns: int, of: int, only_floors: bool
) -> float:
    """Move the prices `turns` times; `best` becomes the prices of the least bound. Return that bound (or `known`).

    target: a value that some plan has; ends early when the bound falls below it. of: the spending whose price is set
    to its best each turn, the others move along the subgradient; -1 without spendings. only_floors: bound how much of
    the floors can be reached, instead of worth (prices of floors are -1..0: an area counts up to its floor only).
    """
    n = len(core.option)
    reward, picked, views = np.empty(n), np.zeros(n), np.empty(len(core.area))
    reached = np.zeros(len(core.floor))
    for _ in range(turns):
        rewards(core, prices.point, reward)
        bound = core.value
        for a in range(len(core.floor)):
            bound -= prices.floor[a] * core.floor[a]
        for r in range(len(core.capacity)):
            bound += prices.spend[r] * core.capacity[r] if r != of else 0.0
        if of >= 0:
            bound += settle(core, reward, prices.spend, of, picked)
        else:
            bound += pick(core, reward, prices.spend, picked)
        count_views(core, prices, picked, views)
        bound += kept_by_points(core, prices, views, reached)
        prices.step[1] += 1
        if bound < known:
            if bound < known - 1e-4 * (known - target):
                prices.step[1] = 0
            known = bound
            keep_prices(prices, best)
        if prices.step[1] > PATIENCE:
            prices.step[0] *= 0.7
            prices.step[1] = 0
        if known <= target:
            break
        distance = max(min(bound, 2 * known - target) - target, 1e-9 * abs(known))
        move(core, prices, distance, picked, views, reached, of, only_floors)
    return known


@inner
def count_views(core: Core, prices: Prices, picked: NDArray[np.float64], views: NDArray[np.float64]) -> None:
    for i in range(len(views)):
        views[i] = 0.0
    for j in range(len(picked)):
        prices.share[j] += RECENT * (picked[j] - prices.share[j])
        if picked[j] > 0:
            for e in range(core.indptr[j], core.indptr[j + 1]):
                views[core.points[e]] += picked[j]


@inner
def keep_prices(prices: Prices, best: Prices) -> None:
    for i in range(len(best.point)):
        best.point[i] = prices.point[i]
    for a in range(len(best.floor)):
        best.floor[a] = prices.floor[a]
    for r in range(len(best.spend)):
        best.spend[r] = prices.spend[r]


@inner
def aim(
    core: Core,
    prices: Prices,
    picked: NDArray[np.float64],
    reached: NDArray[np.float64],
    of: int,
    only_floors: bool,
    viewed: float,
    worth: float,
) -> float:
    """Turn the ways of floors and spendings towards the subgradient; the length of all ways together, squared.

    The few prices of floors and spendings are scaled so that they move at the pace of the many of points: a spending
    weighs as many points as are viewed, a floor as many (of mean `worth`) as it amounts to.
    """
    length = 0.0
    for i in range(len(prices.way)):
        length += prices.way[i] * prices.way[i]
    for a in range(len(core.floor)):
        if core.floor[a] > 0:
            lack = max(-1.0, (core.floor[a] - reached[a]) / core.floor[a])
            if prices.floor[a] == 0.0 and (lack > 0) == only_floors:
                lack = 0.0  # at the end of its range
            prices.way_floor[a] = KEEP * prices.way_floor[a] + (1 - KEEP) * lack
            length += prices.way_floor[a] ** 2 * core.floor[a] / worth
    for r in range(len(core.capacity)):
        if r != of and core.capacity[r] > 0:
            used = 0.0
            for j in range(len(picked)):
                used += picked[j] * core.use[r, j]
            prices.way_spend[r] = KEEP * prices.way_spend[r] + (1 - KEEP) * (used / core.capacity[r] - 1)
            length += prices.way_spend[r] ** 2 * viewed
    return length


@inner
def move(
    core: Core,
    prices: Prices,
    distance: float,
    picked: NDArray[np.float64],
    views: NDArray[np.float64],
    reached: NDArray[np.float64],
    of: int,
    only_floors: bool,
) -> None:
    """One step of all prices; `distance`: from the bound to the target (Polyak 1969)."""
    viewed, worth = 0.0, 0.0
    for i in range(len(views)):
        viewed += 1.0 if views[i] > 0 else 0.0
        worth += core.part[core.part_ptr[i]] / len(views)
    norm = aim(core, prices, picked, reached, of, only_floors, viewed, worth)
    if norm == 0.0:
        return
    length = prices.step[0] * distance / norm
    rise = np.ones(len(core.floor))
    for a in range(len(core.floor)):
        if core.floor[a] > 0:
            step = length * prices.way_floor[a] / worth
            price = prices.floor[a] + min(FLOOR_STEP, max(-FLOOR_STEP, step))
            price = min(0.0, max(LEAST_FLOOR, price)) if only_floors else max(0.0, price)
            rise[a] = (1.0 + price) / (1.0 + prices.floor[a])
            prices.floor[a] = price
    for r in range(len(core.capacity)):
        if r != of and core.capacity[r] > 0:
            step = length * prices.way_spend[r] * viewed / core.capacity[r]
            prices.spend[r] = max(0.0, prices.spend[r] + step)
    for i in range(len(core.area)):
        a = core.area[i] if len(core.floor) else -1
        top = core.part[core.part_ptr[i]] * (1.0 + prices.floor[a] if a >= 0 else 1.0)
        price = prices.point[i] * (rise[a] if a >= 0 else 1.0) + length * prices.way[i]
        prices.point[i] = min(top, max(0.0, price))


@door
def regrets(core: Core, prices: Prices, known: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) (n,) the bound when each option must be taken, and when it must not; `known` is the bound at `prices`."""
    n = len(core.option)
    reward, picked = np.empty(n), np.zeros(n)
    rewards(core, prices.point, reward)
    pick(core, reward, prices.spend, picked)
    taken, left = np.full(n, known), np.full(n, known)
    for s in range(len(core.quota)):
        first, end = core.site_ptr[s], core.site_ptr[s + 1]
        worst, next_best, count = np.inf, 0.0, 0
        for j in range(first, end):
            net = net_of(core, reward, prices.spend, j)
            if picked[j] == 1.0:
                worst = min(worst, net)
                count += 1
            else:
                next_best = max(next_best, net)
        for j in range(first, end):
            net = net_of(core, reward, prices.spend, j)
            if picked[j] == 1.0:
                left[j] -= net - (next_best if count == core.quota[s] else 0.0)
            else:
                taken[j] -= (worst if count == core.quota[s] else 0.0) - net
    return taken, left
