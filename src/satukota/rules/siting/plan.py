"""A chosen plan, what it is worth, and how far from the best it can be at most."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from math import inf

import numpy as np
from numpy.typing import NDArray

from satukota.rules.siting.problem import Problem


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What to choose, in the order of what it adds.

    chosen: option numbers; gains (chosen,): what each added when its turn came; curve: (cost so far, value so far)
    after each. value: what the plan adds to what is seen already (`before`); no plan is worth more than upper_bound.
    gap = upper_bound / value - 1. by_area (areas,): what the plan adds per area.
    infeasible: why no plan exists at all (then chosen is empty), see docs/siting.md; short: floors the plan misses
    while it is not proven that they cannot be met ("floor:3"). A plan with `short` breaks these floors and only these.
    proven: the plan is the best there is, or it is proven that there is none.
    """

    chosen: tuple[int, ...] = ()
    value: float = 0.0
    upper_bound: float = 0.0
    before: float = 0.0
    cost_rp: int = 0
    yearly_rp: int = 0
    gains: tuple[float, ...] = ()
    curve: tuple[tuple[int, float], ...] = ()
    by_area: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    proven: bool = False
    infeasible: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    seed: int = 0
    rounds: int = 0
    took_s: float = 0.0
    prices: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0), repr=False)  # (m,) for `again`

    @property
    def gap(self) -> float:
        """How much more the best plan can be worth at most, as a share of this one's value."""
        if self.short:
            return inf
        if self.proven or self.upper_bound <= self.value:
            return 0.0
        return self.upper_bound / self.value - 1 if self.value > 0 else inf


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one option is in the plan: `gain` when its turn came, `loss` if it alone were taken out now,
    `points` it alone reaches of what the plan reaches, `loss_per_million_rp` (inf when it costs nothing)."""

    option: int
    gain: float
    loss: float
    points: int
    cost_rp: int

    @property
    def loss_per_million_rp(self) -> float:
        return self.loss / (self.cost_rp / 1e6) if self.cost_rp else inf


class Views:
    """How often each point is seen, and what one more view is worth."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.part_ptr, self.part = problem.parts()
        self.wanted = np.diff(self.part_ptr)
        has = np.zeros(len(problem.weights), np.int64) if problem.already is None else problem.already
        self.count = has.astype(np.int64)

    def next_worth(self, points: NDArray[np.int32], views: NDArray[np.int64]) -> NDArray[np.float64]:
        """What the view after `views` is worth at each point."""
        at = self.part_ptr[points] + np.minimum(views, self.wanted[points] - 1)
        return np.where(views < self.wanted[points], self.part[at], 0.0)

    def worth_so_far(self) -> NDArray[np.float64]:
        """(m,) what the views of each point are worth."""
        sums = np.concatenate(([0.0], np.cumsum(self.part)))
        reached = self.part_ptr[:-1] + np.minimum(self.count, self.wanted)
        return sums[reached] - sums[self.part_ptr[:-1]]

    def reached(self, option: int) -> NDArray[np.int32]:
        return np.unique(self.problem.reached_by(option))

    def gain(self, option: int) -> float:
        points = self.reached(option)
        return float(self.next_worth(points, self.count[points]).sum())

    def loss(self, option: int) -> float:
        points = self.reached(option)
        return float(self.next_worth(points, self.count[points] - 1).sum())

    def add(self, option: int) -> None:
        self.count[self.reached(option)] += 1


def in_order_of_gain(problem: Problem, options: list[int]) -> tuple[list[int], list[float]]:
    """The options, most gain first given those before, and these gains; equal gains: the lower number first."""
    views = Views(problem)
    order: list[int] = []
    gains: list[float] = []
    waiting = [(-views.gain(option), option, 0) for option in options]
    heapq.heapify(waiting)
    while waiting:  # gains only fall, so a fresh gain above all remembered ones is the largest
        gain, option, at = heapq.heappop(waiting)
        if at == len(order):
            order.append(option)
            gains.append(-gain)
            views.add(option)
        else:
            heapq.heappush(waiting, (-views.gain(option), option, len(order)))
    return order, gains


def reasons(problem: Problem, plan: Plan) -> list[Reason]:
    """Why each chosen option is chosen, in the plan's order."""
    views = Views(problem)
    for option in plan.chosen:
        views.add(option)
    already = 0 if problem.already is None else problem.already
    own = views.count - already
    return [
        Reason(
            option,
            gain,
            views.loss(option),
            int((own[views.reached(option)] == 1).sum()),
            0 if problem.cost_rp is None else int(problem.cost_rp[option]),
        )
        for option, gain in zip(plan.chosen, plan.gains, strict=True)
    ]


def next_best(problem: Problem, plan: Plan, more_rp: int = 10_000_000) -> list[tuple[int, float, int]]:
    """What `more_rp` above the plan's cost buys, one option each: (option, gain, cost), most gain first, ten at most.

    Only what the sites, `never`, `most` and the yearly budget leave open; the total budget is what is raised.
    """
    views = Views(problem)
    for option in plan.chosen:
        views.add(option)
    cost = np.zeros(problem.options, np.int64) if problem.cost_rp is None else problem.cost_rp
    spare = more_rp + max(0, (problem.budget_rp or plan.cost_rp) - plan.cost_rp)
    open_now = cost <= spare
    open_now[list(plan.chosen)] = False
    open_now[list(problem.never)] = False
    if problem.most is not None and len(plan.chosen) >= problem.most:
        open_now[:] = False
    if problem.yearly_budget_rp is not None and problem.yearly_rp is not None:
        open_now &= problem.yearly_rp <= problem.yearly_budget_rp - plan.yearly_rp
    if problem.site is not None:
        taken, times = np.unique(problem.site[list(plan.chosen)], return_counts=True)
        open_now &= ~np.isin(problem.site, taken[(times >= problem.max_per_site) & (taken >= 0)])
    worth = views.next_worth(np.arange(len(problem.weights), dtype=np.int32), views.count)
    owner = np.repeat(np.arange(problem.options), np.diff(problem.indptr))
    rough = np.where(open_now, np.bincount(owner, worth[problem.points], problem.options), 0.0)
    best = np.argsort(-rough, kind="stable")[:10]
    found = [(int(option), views.gain(int(option)), int(cost[option])) for option in best if rough[option] > 0]
    return sorted(found, key=lambda row: (-row[1], row[0]))


def made(problem: Problem, chosen: list[int], upper_bound: float) -> Plan:
    """The plan of these options, everything said about it calculated from the problem itself, not from the search."""
    order, gains = in_order_of_gain(problem, chosen)
    views = Views(problem)
    before = views.worth_so_far()
    for option in order:
        views.add(option)
    added = views.worth_so_far() - before
    cost = [0 if problem.cost_rp is None else int(problem.cost_rp[option]) for option in order]
    areas = 0 if problem.floor is None else len(problem.floor)
    by_area = np.zeros(max(areas, 0 if problem.area is None else int(problem.area.max(initial=-1)) + 1))
    if problem.area is not None:
        inside = problem.area >= 0
        np.add.at(by_area, problem.area[inside], added[inside])
    value = float(sum(gains))
    return Plan(
        chosen=tuple(order),
        value=value,
        upper_bound=upper_bound,
        before=float(before.sum()),
        cost_rp=sum(cost),
        yearly_rp=0 if problem.yearly_rp is None else int(problem.yearly_rp[order].sum()),
        gains=tuple(gains),
        curve=tuple(zip(np.cumsum(cost).tolist(), np.cumsum(gains).tolist(), strict=True)),
        by_area=by_area,
    )
