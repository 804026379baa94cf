"""From a problem to a plan and its bound: greedy at once, then rounds of bounding, searching and deciding."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from satukota.rules.siting.conflicts import floors_missed, must_conflicts, unreachable_floors
from satukota.rules.siting.plan import Plan, made
from satukota.rules.siting.problem import Problem

if TYPE_CHECKING:
    from satukota.rules.siting.search import Search

LONG_ROUND, SHORT_ROUND = 40, 10  # turns of the bound
LONG_SEARCH, SHORT_SEARCH = 100, 10  # turns of the search for better plans
TINY_CORE = 150  # options: HiGHS takes hundredths of a second, no need to wait for a tighter bound
NEAR = 0.02  # gap: prices farther from their best say little about where to search, and a large search is dear
MEND_S = 2.0  # of HiGHS on the options that seem best
LARGEST_KERNEL = 2_000
SLOW = 0.05  # share of the gap that a round must close for more rounds to come before HiGHS


def solve(
    problem: Problem,
    *,
    seed: int = 0,
    seconds: float = 2.0,
    gap: float = 0.003,
    rounds: int | None = None,
    stop: Callable[[], bool] | None = None,
    on_better: Callable[[Plan], None] | None = None,
) -> Plan:
    """The best plan found in `seconds`, or the first proven to be within `gap` of the best there is (0: the best).

    A first plan is there after one greedy pass, whatever `seconds`. `stop` is asked every few hundredths of a second.
    `on_better` gets every better plan, the first included, with the bound of that moment.
    The same seed and the same number of rounds give the same plan; `seconds` and `stop` end rounds by the clock, so
    two runs that end by them can differ: for a plan to be repeated give `rounds`, and `seconds` enough for them.
    """
    return _Run(problem, seed, seconds, gap, rounds, stop, on_better).to_the_end(None)


def again(
    problem: Problem,
    plan: Plan,
    *,
    seed: int = 0,
    seconds: float = 0.8,
    gap: float = 0.003,
    rounds: int | None = None,
    stop: Callable[[], bool] | None = None,
    on_better: Callable[[Plan], None] | None = None,
) -> Plan:
    """`solve` for a problem that changed a little since `plan`: it starts from that plan and from its prices.

    The options keep their numbers (a moved one reaches other points, a new one is added at the end).
    """
    return _Run(problem, seed, seconds, gap, rounds, stop, on_better).to_the_end(plan)


@cache
def make_ready() -> None:
    """Load the compiled loops, once per process: about a second, or half a minute where nothing is compiled yet.

    The first `solve` does it too, before its clock starts; a server calls it before anyone waits.
    """
    from satukota.rules.siting.search import warm_up

    warm_up()


@dataclass
class _Run:
    problem: Problem
    seed: int
    seconds: float
    gap: float
    rounds: int | None
    stop: Callable[[], bool] | None
    on_better: Callable[[Plan], None] | None
    done: int = 0
    began: float = field(default=0.0)

    def __post_init__(self) -> None:
        for name in ("seconds", "gap"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is 0 or more, got {getattr(self, name)!r}")

    def to_the_end(self, old: Plan | None) -> Plan:
        impossible = (*must_conflicts(self.problem), *unreachable_floors(self.problem))
        if not impossible:
            make_ready()
        self.began = time.perf_counter()
        if impossible:
            return self.none_exists(impossible)
        from satukota.rules.siting.search import Search

        search = Search(self.problem, self.seed, self.stopped, self.pressed)
        if old is not None:
            search.start_prices(old.prices)
        search.start(None if old is None else np.array(old.chosen, np.int64))
        self.tell(search)
        while not search.ended and search.gap > self.gap and not self.pressed() and self.done != self.rounds:
            left_s = self.began + self.seconds - time.perf_counter()
            mend_s = MEND_S if self.rounds is None else left_s  # a clock within a round would make it unrepeatable
            better = one_round(search, self.done, left_s, mend_s)
            self.done += 1
            if better:
                self.tell(search)
        if search.ended and not search.feasible:
            return self.none_exists(search.conflicts())
        return self.plan(search)

    def stopped(self) -> bool:
        return self.stop is not None and self.stop()

    def pressed(self) -> bool:
        return time.perf_counter() - self.began >= self.seconds or self.stopped()

    def tell(self, search: Search) -> None:
        if self.on_better is not None:
            self.on_better(self.plan(search))

    def plan(self, search: Search) -> Plan:
        chosen = search.chosen.tolist()
        plan = made(self.problem, chosen, search.proven_bound())
        return replace(
            plan,
            proven=search.ended and search.feasible,
            short=() if search.feasible else floors_missed(self.problem, chosen),
            prices=search.prices_now().copy(),
            seed=self.seed,
            rounds=self.done,
            took_s=time.perf_counter() - self.began,
        )

    def none_exists(self, why: tuple[str, ...]) -> Plan:
        took_s = time.perf_counter() - self.began
        return Plan(infeasible=why, proven=True, seed=self.seed, rounds=self.done, took_s=took_s)


def one_round(search: Search, number: int, left_s: float, mend_s: float) -> bool:
    """Bound, decide, search, decide; at the end of what rounds bring, HiGHS. Whether a better plan was found."""
    open_before = search.bound - search.value
    large = search.large()
    search.tighten(SHORT_ROUND if large else LONG_ROUND)
    search.decide()
    better = not search.feasible and search.reach_floors(LONG_ROUND)
    if not large or search.gap < NEAR:
        better |= search.improve(SHORT_SEARCH if large else LONG_SEARCH)
        search.decide()
    if search.ended or number < 2:
        return better
    slow = search.bound - search.value > (1 - SLOW) * open_before
    tiny = len(search.core.option) <= TINY_CORE
    if slow and search.kernel < min(LARGEST_KERNEL, len(search.core.option)):
        better |= search.mend(min(left_s, mend_s))
        search.decide()
    elif search.small() and (slow or tiny or not search.feasible):
        better |= search.finish(left_s)
    return better
