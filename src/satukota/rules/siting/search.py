"""One search: the plan held, the bound proven, and what is left to decide between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import floor, inf, lcm
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satukota.rules.siting import moves, prices
from satukota.rules.siting.conflicts import floors_missed
from satukota.rules.siting.core import Core, core_of, decided, floors_of
from satukota.rules.siting.problem import Problem

if TYPE_CHECKING:
    from satukota.rules.siting.exact import Answer

BOUND_WORK = 2_000_000  # reached points looked at between two questions whether to stop: some hundredths of a second
SEARCH_WORK = 3_000_000
LARGE = 300_000  # above so many reached points a round is short, so that the first decisions come early
SMALL = (4_000, 150_000)  # options and reached points of a core that HiGHS is given
LIMITS = {"most": "most", "budget_rp": "budget", "yearly_budget_rp": "yearly"}  # and their codes
LIKELY = 0.7  # an option picked more often than this belongs to a plan that keeps the floors
KERNEL = 300  # options HiGHS is given first for a better plan
KERNEL_NODES = 1_000
GUIDE = 0.02  # what an option never picked lately counts beside one always picked


class Search:
    """State of one `solve`. Every few hundredths of a second it asks `stopped` (the caller) or `pressed` (or time)."""

    def __init__(self, problem: Problem, seed: int, stopped: Callable[[], bool], pressed: Callable[[], bool]) -> None:
        self.problem, self.stopped, self.pressed = problem, stopped, pressed
        self.core = core_of(problem)
        self.unit = unit_of(problem)
        self.random = np.array([(seed * 0x9E3779B97F4A7C15 + 0x2545F4914F6CDD1D) % 2**64 or 1], np.uint64)
        self.chosen: NDArray[np.int64] = np.zeros(0, np.int64)
        self.value, self.lack = -inf, inf
        self.bound = self.core.value + float(self.core.part.sum())  # of everything that can be reached
        self._priced = inf  # the bound that the best prices give
        self.ended = len(self.core.option) == 0  # nothing better than the plan exists within the constraints
        self.kernel = KERNEL
        self.tried = False  # HiGHS was asked to finish this
        self.whole_prices = np.zeros(len(problem.weights))
        self.of = dearest(self.core)
        self._now = prices.first_prices(self.core)
        self._best = prices.copied(self._now)
        self._floors: FloorSearch | None = None

    @property
    def feasible(self) -> bool:
        return self.lack == 0

    @property
    def better(self) -> float:
        """The least value a better plan can have."""
        if not self.feasible:
            return -inf
        return self.value + max(self.unit * (1 - 1e-4), 1e-9 * abs(self.value))

    @property
    def gap(self) -> float:
        if self.ended:
            return 0.0
        return self.bound / self.value - 1 if self.feasible and self.value > 0 else inf

    def offer(self, state: moves.State, core: Core) -> bool:
        """Keep the plan if it is better than the one held: nearer to the floors, or as near and worth more."""
        value, lack = core.value + float(state.value[0]), moves.missing(core, state)
        if (-lack, value) <= (-self.lack, self.value + core.tiny):
            return False
        self.value, self.lack = value, lack
        self.chosen = np.concatenate((core.taken, core.option[state.chosen]))
        return True

    def start(self, known: NDArray[np.int64] | None = None) -> None:
        """Greedy by gain, by gain per cost and between; the best of these. `known`: options of an old plan."""
        core, price = self.core, cost_share(self.core)
        if known is not None:
            state = moves.with_chosen(core, known)
            self._fill(state, price)
            self.offer(state, core)
        flat = np.ones(len(price))
        for tried in [flat] if (price == price[:1]).all() else [flat, price, np.sqrt(price)]:
            if tried is not flat and self.pressed():
                break
            state = moves.empty(core)
            self._fill(state, tried)
            self.offer(state, core)
        self._close()

    def start_prices(self, whole: NDArray[np.float64]) -> None:
        """Prices of points (of the Problem) from an old plan: any are valid, good ones save the way to them."""
        if len(whole) == len(self.problem.weights):
            first = self.core.part[self.core.part_ptr[:-1]]
            self._now.point[:] = np.minimum(first, whole[self.core.point])
            self._now.step[0] = 0.3

    def tighten(self, turns: int) -> None:
        """A tighter bound."""
        target = self.value if self.feasible else max(0.0, self.core.value)
        for some in in_chunks(turns, BOUND_WORK // max(1, len(self.core.points)), self.pressed):
            self._priced = prices.tighten(self.core, self._now, self._best, self._priced, target, some, self.of, False)
            self.bound = min(self.bound, self._priced)
        self._close()

    def decide(self) -> bool:
        """Take and leave out what no better plan has otherwise; whether anything was decided."""
        if not (self.feasible and self._priced < inf) or self.ended:
            return False
        core = self.core
        taken, left = prices.regrets(core, self._best, self._priced)
        take, keep = left < self.better, taken >= self.better
        if (take & ~keep).any():  # an option that must be both taken and left: no better plan exists
            self.ended = True
            return True
        if keep.all() and not take.any():
            return False
        if not fits_together(core, take):
            self.ended = True
            return True
        self.whole_prices[core.point] = self._best.point
        smaller = decided(core, keep, take)
        if len(smaller.option) < 0.8 * len(core.option):
            self._now.step[0] = max(self._now.step[0], 0.5)
        self._now = prices.carried(self._now, core, smaller)
        self._best = prices.carried(self._best, core, smaller)
        self.core = smaller
        if len(smaller.option) == 0:
            self._offer_rest()
            self.ended = True
        return True

    def _offer_rest(self) -> None:
        self.offer(moves.empty(self.core), self.core)

    def reach_floors(self, turns: int) -> bool:
        """While no plan reaches all floors: one that does, or nearer, or the proof that none does."""
        if self._floors is None:
            self._floors = FloorSearch(self.core)
        if self._floors.tighten(turns, self.of, self.pressed):
            self.ended = True
            return False
        state = moves.empty(self.core)
        self._fill(state, cost_share(self.core) / (GUIDE + self._floors.share_in(self.core)))
        return self.offer(state, self.core)

    def improve(self, turns: int) -> bool:
        """A better plan: filled by the shares of the relaxation, and from the plan held, then searched around."""
        core, price = self.core, cost_share(self.core)
        if len(core.option) == 0 or self.ended:
            return False
        guided = price / (GUIDE + self._now.share)
        state = moves.empty(core)
        if len(core.floor):  # filled by gain alone, floors would be reached where it is dear
            often = np.argsort(-self._now.share, kind="stable")
            moves.take_all(core, state, often[: int((self._now.share > LIKELY).sum())])
        self._fill(state, guided)
        better = self.offer(state, core)
        start = self.chosen
        for begun in (state, moves.with_chosen(core, start)):
            work = 8 * len(core.option) + 40 * len(core.points) // len(core.option)
            for some in in_chunks(turns, SEARCH_WORK // work, self.pressed):
                moves.improve(core, begun, guided, self.random, some)
            better |= self.offer(begun, core)
        self._close()
        return better

    def large(self) -> bool:
        return len(self.core.points) > LARGE

    def small(self) -> bool:
        return not self.tried and len(self.core.option) <= SMALL[0] and len(self.core.points) <= SMALL[1]

    def finish(self, seconds: float) -> bool:
        """The core solved to its end by HiGHS; whether a better plan came of it."""
        from satukota.rules.siting.exact import solve_core

        self.tried = True
        answer = solve_core(self.core, unit=self.unit, seconds=seconds, stop=self.pressed)
        better = self._offer_answer(answer, self.core)
        bound = max(answer.bound, self.value if self.feasible else -inf)
        self.bound = min(self.bound, bound)
        if answer.finished and (answer.bound == -inf or (self.feasible and answer.bound < self.better)):
            self.ended = True
        self._close()
        return better

    def mend(self, seconds: float) -> bool:
        """A better plan from the options that the prices speak for most and those of the plan held, by HiGHS.

        Each call takes twice as many options (kernel search). What is left out may be better: nothing is proven.
        """
        from satukota.rules.siting.exact import solve_core

        taken, _ = prices.regrets(self.core, self._best, self._priced)
        keep = np.isin(self.core.option, self.chosen)
        keep[np.argsort(-taken, kind="stable")[: self.kernel]] = True
        self.kernel *= 2
        kernel = decided(self.core, keep, np.zeros(len(keep), bool))
        if len(kernel.option) == 0:
            return False
        answer = solve_core(kernel, unit=self.unit, seconds=seconds, stop=self.pressed, nodes=KERNEL_NODES)
        return self._offer_answer(answer, kernel)

    def _offer_answer(self, answer: Answer, core: Core) -> bool:
        if answer.chosen is None:
            return False
        state = moves.with_chosen(core, core.option[answer.chosen])
        if state.chosen.sum() < answer.chosen.sum():  # it breaks a limit by a rounding of HiGHS
            return False
        return self.offer(state, core)

    def _close(self) -> None:
        """Nothing better is left when the bound is below it; no plan at all when it is below what is taken already."""
        least = self.better if self.feasible else self.core.value - max(self.core.tiny, 1e-9 * abs(self.core.value))
        self.ended |= self.bound < least

    def conflicts(self) -> tuple[str, ...]:
        """After the proof that no plan exists: the floors the nearest plan misses, and the limits that keep it from
        them: those whose absence alone would help, or all."""
        floors = ",".join(missed.removeprefix("floor:") for missed in floors_missed(self.problem, self.chosen.tolist()))
        helping = [name for name in LIMITS if getattr(self.problem, name) is not None and self._helps(name)]
        limits = helping or [name for name in LIMITS if getattr(self.problem, name) is not None]
        return ("+".join([f"floor:{floors}", *(LIMITS[name] for name in limits)]),)

    def _helps(self, name: str) -> bool:
        without = Search(without_limit(self.problem, name), 1, self.stopped, self.pressed)
        without.start()
        return without.feasible

    def _fill(self, state: moves.State, price: NDArray[np.float64]) -> None:
        chunk = np.empty(max(1, SEARCH_WORK // max(1, len(price))), np.int64)
        while moves.fill(self.core, state, price, -1, chunk) == len(chunk) and not self.stopped():
            pass

    def proven_bound(self) -> float:
        """No plan within the constraints is worth more."""
        if self.ended:
            return self.value
        at_most = floor(self.bound / self.unit + 1e-6) * self.unit if self.unit and self.bound < inf else self.bound
        return max(self.value, at_most) if self.feasible else at_most

    def prices_now(self) -> NDArray[np.float64]:
        """(m,) the prices of the best bound, by point of the Problem, for a search near this one."""
        self.whole_prices[self.core.point] = self._best.point
        return self.whole_prices


class FloorSearch:
    """How much of all floors can be reached together: the same bound on a core of the points of these areas."""

    def __init__(self, core: Core) -> None:
        self.core = floors_of(core)
        self.needed = float(self.core.floor.sum())
        self._now = prices.first_prices(self.core)
        self._best = prices.copied(self._now)
        self._bound = inf

    def tighten(self, turns: int, of: int, pressed: Callable[[], bool]) -> bool:
        """Whether it is proven that the floors cannot all be reached."""
        enough = self.needed * (1 - 1e-7)
        for some in in_chunks(turns, BOUND_WORK // max(1, len(self.core.points)), pressed):
            target = min(enough, 0.98 * self._bound)
            self._bound = prices.tighten(self.core, self._now, self._best, self._bound, target, some, of, True)
        return self._bound < enough

    def share_in(self, core: Core) -> NDArray[np.float64]:
        """(n,) the shares of the options of the whole core; 0 for those that bring no floor nearer."""
        share = np.zeros(max(core.option, default=-1) + 1)
        share[self.core.option] = self._now.share
        return share[core.option]


def in_chunks(turns: int, most: int, pressed: Callable[[], bool]) -> Iterator[int]:
    """`turns` in parts of `most`, until pressed."""
    while turns > 0 and not pressed():
        some = min(turns, max(1, most))
        yield some
        turns -= some


def dearest(core: Core) -> int:
    """The spending that runs out first when everything is taken, or -1."""
    if len(core.capacity) == 0 or len(core.option) == 0:
        return -1
    return int(np.argmax(core.use.sum(axis=1) / np.maximum(core.capacity, 1e-9)))


def without_limit(problem: Problem, name: str) -> Problem:
    known: dict[str, Any] = {name: None}
    return replace(problem, **known)


def cost_share(core: Core) -> NDArray[np.float64]:
    """(n,) what each option takes of all limits together, above 0."""
    if len(core.option) == 0 or len(core.capacity) == 0:
        return np.ones(len(core.option))
    share = (core.use / np.maximum(core.capacity, 1e-9)[:, None]).sum(axis=0)
    most = share.max()
    return np.maximum(share, 1e-6 * most) if most > 0 else np.ones(len(share))


def fits_together(core: Core, take: NDArray[np.bool_]) -> bool:
    """Whether these options keep all limits together."""
    spent = (core.use[:, take].sum(axis=1) <= core.capacity + moves.SLACK).all()
    return bool(spent and (np.bincount(core.site[take], minlength=len(core.quota)) <= core.quota).all())


def unit_of(problem: Problem) -> float:
    """Every plan's value is a multiple of this; 0 when weights are not whole numbers."""
    weights = problem.weights
    if not len(weights) or weights.max() > 1e9 or (weights != np.floor(weights)).any() or not weights.any():
        return 0.0
    wanted = [1] if problem.needs is None else np.unique(problem.needs).tolist()
    parts = lcm(*(k * (k + 1) // 2 for k in wanted))
    whole = int(np.gcd.reduce(weights.astype(np.int64)))
    return whole / parts if parts < 100_000 else 0.0


def warm_up() -> None:
    """Call every compiled loop once, so that it is compiled or loaded."""
    ones = np.ones(3, np.int64)
    problem = Problem(
        indptr=np.array([0, 2, 4, 6]),
        points=np.array([0, 1, 1, 2, 2, 0], np.int32),
        weights=np.ones(3),
        cost_rp=ones,
        budget_rp=2,
        area=ones - 1,
        floor=np.array([0.5]),
    )
    search = Search(problem, 1, lambda: False, lambda: False)
    search.start(np.array([0]))
    search.tighten(3)
    prices.regrets(search.core, search._best, search.bound)
    search.ended = False
    search.improve(3)
