"""A plan at once, better ones as it runs, stoppable, repeatable, and near an old plan after a change."""

from __future__ import annotations

import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from satukota.rules.siting import Plan, Problem, again, solve
from tests.rules.siting.instances import instance
from tests.rules.siting.judges import broken_by
from tests.rules.siting.scenes import random_problem


@pytest.fixture(scope="module")
def small() -> Problem:
    return instance("S")


def test_a_first_plan_is_there_without_time(small: Problem) -> None:
    plan = solve(small, seconds=0)
    assert len(plan.chosen) == 34
    assert plan.value >= 7_685  # what greedy gives
    assert not plan.proven


def test_plans_get_better_and_bounds_tighter(small: Problem) -> None:
    told: list[Plan] = []
    last = solve(small, gap=0, seconds=60, on_better=told.append)
    values, bounds = [plan.value for plan in told], [plan.upper_bound for plan in told]
    assert values == sorted(values) and len(values) >= 2
    assert bounds == sorted(bounds, reverse=True)
    assert all(not broken_by(small, plan) for plan in told)
    assert last.value == values[-1]
    assert last.upper_bound <= bounds[-1]


def test_a_search_ends_when_the_gap_is_small_enough(small: Problem) -> None:
    plan = solve(small, gap=0.05, seconds=60)
    assert plan.gap <= 0.05
    assert plan.rounds < solve(small, gap=0, seconds=60).rounds


def test_the_same_seed_and_rounds_give_the_same_plan() -> None:
    constraints = frozenset({"budget", "yearly", "site", "needs", "floor"})
    problem = random_problem(77, constraints, options=300, points=400)
    for rounds in (1, 2, 6):
        one, two = (solve(problem, seed=3, rounds=rounds, seconds=600, gap=0) for _ in range(2))
        assert (one.chosen, one.upper_bound, one.rounds) == (two.chosen, two.upper_bound, two.rounds)


def test_seeds_of_any_size_do(small: Problem) -> None:
    for seed in (-1, 0, 2**70):
        assert solve(small, seed=seed, rounds=1).seed == seed


def test_stop_is_honoured_before_anything(small: Problem) -> None:
    plan = solve(small, stop=lambda: True)
    assert broken_by(small, plan) == []
    assert plan.rounds == 0


def test_a_change_is_planned_again_from_the_old_plan(small: Problem) -> None:
    old = solve(small, gap=0, seconds=60)
    out = old.chosen[0]
    changed = replace(small, never=[out])
    told: list[Plan] = []
    plan = again(changed, old, gap=0, seconds=60, on_better=told.append)
    assert out not in plan.chosen and broken_by(changed, plan) == []
    assert plan.value == solve(changed, gap=0, seconds=60).value
    assert told[0].value >= old.value - old.gains[0]


def test_a_new_option_takes_part(small: Problem) -> None:
    old = solve(small, gap=0, seconds=60)
    everything = np.arange(len(small.weights), dtype=np.int32)
    more = replace(
        small, indptr=np.append(small.indptr, len(small.points) + len(everything)),
        points=np.concatenate((small.points, everything)),
    )  # fmt: skip
    plan = again(more, old, gap=0, seconds=60)
    assert plan.chosen[0] == small.options
    assert plan.value == small.weights.sum()


def test_an_old_plan_of_another_problem_does_no_harm(small: Problem) -> None:
    other = random_problem(4, frozenset({"most"}))
    old = solve(small, rounds=1)
    plan = again(other, old, gap=0, seconds=60)
    assert plan.proven and broken_by(other, plan) == []
    assert plan.value == solve(other, gap=0, seconds=60).value


def test_a_hundred_thousand_options_stop_when_asked_and_stay_small() -> None:
    problem = wide(100_000)
    asked: list[float] = []

    def stop() -> bool:
        asked.append(time.perf_counter())
        return len(asked) > 25

    tracemalloc.start()
    try:
        plan = solve(problem, gap=0, seconds=600, stop=stop)
        most_mib = tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
    assert broken_by(problem, plan) == []
    assert plan.upper_bound >= plan.value > 0
    assert len(asked) < 60  # after the answer was yes, it is asked only to leave the loops
    assert most_mib < 300


def wide(options: int) -> Problem:
    """Each option reaches twenty points near its place on a line; costs differ."""
    random = np.random.default_rng(9)
    first = random.integers(0, options, options)
    points = (first[:, None] + random.integers(0, 60, (options, 20))) % options
    return Problem(
        np.arange(options + 1) * 20, points.ravel(), random.integers(1, 30, options),
        cost_rp=random.integers(35, 90, options) * 1_000_000, budget_rp=20_000_000_000,
        site=np.arange(options) // 8,
    )  # fmt: skip
