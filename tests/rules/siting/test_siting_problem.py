"""What cannot be is refused with a sentence that names the field; what is only odd is solved."""

from __future__ import annotations

import re
import subprocess
import sys
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from satukota.rules.siting import Problem, solve
from tests.rules.siting.make import problem_of

REACH = [[0, 1], [1, 2], [2]]
WEIGHTS = [5.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"weights": [1, -1, 0]}, "weights must be finite and not negative"),
        ({"weights": [1, nan, 0]}, "weights must be finite and not negative"),
        ({"weights": [1, inf, 0]}, "weights must be finite and not negative"),
        ({"weights": [1, 1e300, 1e300]}, "weights add up to more than 1e+18"),
        ({"weights": ["a", "b", "c"]}, "weights are not numbers"),
        ({"weights": [[1, 2, 3]]}, "weights is one row of numbers"),
        ({"cost_rp": [1, 2, -3]}, "cost_rp must not be negative"),
        ({"cost_rp": [1, 2]}, "cost_rp has 2 entries, 3 were expected"),
        ({"cost_rp": [1.5, 2, 3]}, "cost_rp are not whole numbers"),
        ({"cost_rp": [1, 2, nan]}, "cost_rp are not whole numbers"),
        ({"cost_rp": [1, 2, 10**16]}, "cost_rp adds up to more than"),
        ({"cost_rp": [1, 2, 10**30]}, "cost_rp are not whole numbers"),
        ({"budget_rp": 5}, "budget_rp is given but no costs are"),
        ({"cost_rp": [1, 2, 3], "budget_rp": -1}, "budget_rp is a whole number, 0 or more"),
        ({"cost_rp": [1, 2, 3], "budget_rp": nan}, "budget_rp is a whole number, 0 or more"),
        ({"cost_rp": [1, 2, 3], "budget_rp": inf}, "budget_rp is a whole number, 0 or more"),
        ({"most": -1}, "most is a whole number"),
        ({"most": 1.5}, "most is a whole number"),
        ({"most": True}, "most is a whole number"),
        ({"most": "3"}, "most is a whole number"),
        ({"site": [0, 0, 1], "max_per_site": 0}, "max_per_site is 1 or more"),
        ({"must": [3]}, "must names an option outside 0..2"),
        ({"never": [-1]}, "never names an option outside 0..2"),
        ({"needs": [1, 0, 1]}, "needs are 1..12 views"),
        ({"needs": [1, 100, 1]}, "needs are 1..12 views"),
        ({"already": [0, -1, 0]}, "already must not be negative"),
        ({"floor": [0.5]}, "floor is given but area is not"),
        ({"area": [0, 0, 1], "floor": [0.5]}, "area names area 1, floor has only 1"),
        ({"area": [0, 0, 0], "floor": [1.5]}, "floor is a share, 0..1"),
        ({"area": [0, 0, 0], "floor": [nan]}, "floor must be finite"),
    ],
)
def test_what_cannot_be_is_refused(known: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        problem_of(REACH, **{"weights": WEIGHTS, **known})


@pytest.mark.parametrize(
    ("indptr", "points", "said"),
    [
        ([], [], "indptr rises from 0"),
        ([0, 2], [0], "indptr rises from 0"),
        ([1, 1], [0], "indptr rises from 0"),
        ([0, 2, 1], [0], "indptr rises from 0"),
        ([0, 1], [3], "points names a point outside 0..2"),
        ([0, 1], [-1], "points names a point outside 0..2"),
        ([0, 1], [2**40], "points holds a number that is too large"),
    ],
)
def test_reach_that_is_no_reach_is_refused(indptr: list[int], points: list[int], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        Problem(indptr, points, WEIGHTS)


@pytest.mark.parametrize("wish", [{"seconds": -1}, {"seconds": nan}, {"gap": -0.1}])
def test_a_wish_that_is_none_is_refused(wish: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wish))):
        solve(problem_of(REACH, WEIGHTS), **wish)


def test_nothing_to_spend_chooses_nothing_that_costs() -> None:
    plan = solve(problem_of(REACH, WEIGHTS, cost_rp=[1, 1, 0], budget_rp=0))
    assert (plan.chosen, plan.value, plan.proven) == ((2,), 4, True)
    plan = solve(problem_of(REACH, WEIGHTS, most=0))
    assert (plan.chosen, plan.value, plan.upper_bound, plan.gap, plan.proven) == ((), 0, 0, 0, True)


def test_without_options_or_points_the_plan_is_empty_and_proven() -> None:
    for problem in (problem_of([], WEIGHTS), problem_of([[], []], []), problem_of([], []), problem_of([[]], WEIGHTS)):
        plan = solve(problem)
        assert (plan.chosen, plan.value, plan.upper_bound, plan.proven) == ((), 0, 0, True)


def test_points_that_are_worth_nothing_are_not_worth_an_option() -> None:
    plan = solve(problem_of(REACH, [0, 0, 0], most=2, must=[1]))
    assert (plan.chosen, plan.value, plan.upper_bound, plan.gap, plan.proven) == ((1,), 0, 0, 0, True)


def test_a_point_named_twice_in_an_option_is_reached_once() -> None:
    plan = solve(problem_of([[0, 0, 0], [1, 2]], [3, 2, 2], most=1), gap=0)
    assert (plan.chosen, plan.value, plan.proven) == ((1,), 4, True)


def test_without_any_limit_everything_that_adds_something_is_chosen() -> None:
    plan = solve(problem_of([*REACH, [], [2]], WEIGHTS), gap=0)
    assert plan.value == plan.upper_bound == 12
    assert plan.proven


def test_weights_of_any_size_keep_their_optimum() -> None:
    for scale in (1e-200, 1e-12, 1e12):
        plan = solve(problem_of(REACH, [weight * scale for weight in WEIGHTS], most=1), gap=0)
        assert plan.chosen == (0,)
        assert plan.value == pytest.approx(8 * scale)
        assert plan.upper_bound == pytest.approx(8 * scale)


def test_the_problem_keeps_its_own_numbers() -> None:
    weights = np.array(WEIGHTS)
    problem = problem_of(REACH, weights)
    weights[:] = 0
    assert solve(problem).value == 12


def test_importing_siting_loads_neither_compiler_nor_solver() -> None:
    """Pages that only name a plan must not wait for them."""
    look = "import sys, satukota.rules.siting; print([name for name in ('numba', 'highspy') if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True, env=_paths())
    assert said.stdout.strip() == "[]"


def _paths() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def test_a_rest_of_the_budget_that_buys_nothing_loosens_no_bound() -> None:
    """Everything costs 50 million: 549 million are 500, so ten, and the relaxation says so."""
    reach = [[j, j + 1] for j in range(30)]
    known = {"cost_rp": [50_000_000] * 30, "budget_rp": 549_000_000}
    plan = solve(problem_of(reach, [1.0] * 31, **known), gap=0, rounds=2, seconds=60)
    assert (plan.value, plan.upper_bound, plan.proven) == (20, 20, True)


def test_numbers_of_sites_may_be_anything() -> None:
    plan = solve(problem_of([[0], [1], [2]], [1, 1, 1], site=[2**63 - 1, -1, 2**63 - 1]))
    assert plan.value == 2


def test_a_plan_without_time_has_a_bound_too() -> None:
    plan = solve(problem_of([[0], [1], [1]], [5, 3, 7], most=1), rounds=0)
    assert plan.value <= plan.upper_bound <= 12
