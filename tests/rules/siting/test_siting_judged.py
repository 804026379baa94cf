"""HiGHS and SCIP solve the same small problems from a plain model of their own: no better plan may exist than ours.

Thirty problems by default; SITING_PROBLEMS=1000 asks for more, SITING_LARGE=1 for the large instance as well.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satukota.rules.siting import solve
from tests.rules.siting.instances import KNOWN, instance
from tests.rules.siting.judges import broken_by, optimum
from tests.rules.siting.scenes import CONSTRAINTS, random_problem

PROBLEMS = int(os.environ.get("SITING_PROBLEMS", "30"))
mixtures = st.frozensets(st.sampled_from(CONSTRAINTS))


def judged(seed: int, constraints: frozenset[str], judge: str) -> None:
    problem = random_problem(seed, constraints)
    best = optimum(problem, judge)
    plan = solve(problem, gap=0, seconds=60)
    assert plan.proven
    if best is None:
        assert plan.infeasible and not plan.chosen
        return
    assert not plan.infeasible and not plan.short
    assert broken_by(problem, plan) == []
    assert plan.value == pytest.approx(best, rel=1e-5, abs=1e-5)
    assert plan.upper_bound >= best - 1e-5 * max(1, best)


@settings(max_examples=PROBLEMS, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 10**6), constraints=mixtures)
def test_highs_finds_no_better_plan(seed: int, constraints: frozenset[str]) -> None:
    judged(seed, constraints, "HiGHS")


@settings(max_examples=max(10, PROBLEMS // 10), deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 10**6), constraints=mixtures)
def test_scip_finds_no_better_plan(seed: int, constraints: frozenset[str]) -> None:
    judged(seed, constraints, "SCIP")


@settings(max_examples=PROBLEMS, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 10**6), constraints=mixtures, rounds=st.integers(0, 2))
def test_a_bound_of_an_unfinished_search_is_never_below_the_optimum(seed, constraints, rounds) -> None:
    problem = random_problem(seed, constraints)
    plan = solve(problem, gap=0, seconds=60, rounds=rounds)
    best = optimum(problem, "HiGHS")
    if best is None:
        assert plan.infeasible or plan.short
        return
    assert plan.upper_bound >= best - 1e-5 * max(1, best)
    if not plan.short:
        assert broken_by(problem, plan) == []
        assert plan.value <= best + 1e-5 * max(1, best)


@pytest.mark.parametrize("name", ["S", "M", *(["L"] if os.environ.get("SITING_LARGE") else [])])
def test_the_known_optimum_is_found_and_proven(name: str) -> None:
    plan = solve(instance(name), gap=0, seconds=60)
    assert (plan.value, plan.upper_bound, plan.gap, plan.proven) == (KNOWN[name].optimum, KNOWN[name].optimum, 0, True)
