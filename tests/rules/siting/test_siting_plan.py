"""What a plan says of itself: order, gains, curve, areas, why each option, what more money buys, why there is none."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from satukota.rules.siting import Problem, next_best, reasons, solve
from tests.rules.siting.judges import broken_by, worth_of
from tests.rules.siting.make import problem_of
from tests.rules.siting.scenes import random_problem


def test_choices_stand_in_the_order_of_what_they_add() -> None:
    problem = problem_of([[0], [0, 1, 2], [2, 3]], [9, 2, 1, 5], cost_rp=[10, 30, 20], budget_rp=60)
    plan = solve(problem, gap=0)
    assert plan.chosen == (1, 2)
    assert plan.gains == (12, 5)
    assert plan.curve == ((30, 12), (50, 17))
    assert (plan.cost_rp, plan.value, plan.proven) == (50, 17, True)


@pytest.mark.parametrize("seed", range(5))
def test_gains_fall_and_add_up(seed: int) -> None:
    problem = random_problem(seed, frozenset({"budget", "needs", "already"}))
    plan = solve(problem, gap=0)
    assert list(plan.gains) == sorted(plan.gains, reverse=True)
    for count in range(len(plan.chosen) + 1):
        so_far = worth_of(problem, list(plan.chosen[:count])) - worth_of(problem, [])
        assert sum(plan.gains[:count]) == pytest.approx(so_far)


def test_each_further_view_is_worth_less_and_views_there_already_count() -> None:
    three = {"needs": [3], "most": 3}
    assert solve(problem_of([[0]] * 4, [60.0], **three), gap=0).gains == pytest.approx((30, 20, 10))
    plan = solve(problem_of([[0]] * 4, [60.0], already=[1], **three), gap=0)
    assert plan.gains == pytest.approx((20, 10))  # a third one would add nothing
    assert plan.before == pytest.approx(30)
    assert solve(problem_of([[0]] * 4, [60.0], already=[7], **three), gap=0).value == 0


def test_one_option_a_site_unless_more_are_allowed() -> None:
    known = {"site": [4, 4, -1, -1]}
    reach, weights = [[0], [1], [2], [3]], [4, 3, 2, 1]
    assert solve(problem_of(reach, weights, **known), gap=0).chosen == (0, 2, 3)
    assert solve(problem_of(reach, weights, max_per_site=2, **known), gap=0).chosen == (0, 1, 2, 3)


def test_an_existing_one_may_stay_or_move() -> None:
    """Site 0 holds a camera that costs nothing where it looks now and 5 to turn; 1 is new."""
    reach, weights = [[0], [1, 2], [1]], [4, 3, 3]
    known = {"site": [0, 0, 1], "cost_rp": [0, 5, 20], "budget_rp": 10}
    assert solve(problem_of(reach, weights, **known), gap=0).chosen == (1,)
    assert solve(problem_of(reach, weights, must=[0], **known), gap=0).chosen == (0,)


def test_a_floor_takes_from_the_rich_area_what_the_poor_one_is_due() -> None:
    reach, weights = [[0], [1], [2]], [10, 9, 2]
    known = {"area": [0, 0, 1], "most": 2}
    assert solve(problem_of(reach, weights, **known), gap=0).value == 19
    plan = solve(problem_of(reach, weights, floor=[0.0, 1.0], **known), gap=0)
    assert (plan.chosen, plan.value, plan.by_area.tolist()) == ((0, 2), 12, [10, 2])


def test_why_each_is_chosen() -> None:
    problem = problem_of([[0, 1], [1, 2]], [5, 3, 4], cost_rp=[2_000_000, 0], budget_rp=2_000_000)
    first, second = reasons(problem, solve(problem, gap=0))
    assert (first.option, first.gain, first.loss, first.points, first.loss_per_million_rp) == (0, 8, 5, 1, 2.5)
    assert (second.option, second.gain, second.loss, second.points, second.loss_per_million_rp) == (1, 4, 4, 1, inf)


def test_what_ten_million_more_buy() -> None:
    reach, weights = [[0], [1], [2], [3], [4]], [9, 5, 4, 3, 0]
    cost = [10_000_000, 10_000_000, 8_000_000, 30_000_000, 1]
    known = {"cost_rp": cost, "budget_rp": 10_000_000, "site": [1, 2, 3, 4, 5]}
    problem = problem_of(reach, weights, **known)
    plan = solve(problem, gap=0)
    assert plan.chosen == (0,)
    assert next_best(problem, plan) == [(1, 5, 10_000_000), (2, 4, 8_000_000)]
    assert next_best(problem, plan, more_rp=30_000_000)[2] == (3, 3, 30_000_000)
    closed = problem_of(reach, weights, most=1, **known)
    assert next_best(closed, plan) == []


def test_broken_limits_of_must_are_named() -> None:
    def why(**known: object) -> tuple[str, ...]:
        plan = solve(problem_of([[0], [1], [0, 1]], [1, 1], **known))
        assert plan.chosen == () and plan.proven
        return plan.infeasible

    assert why(must=[0, 1], never=[1]) == ("must+never",)
    assert why(must=[0, 1], site=[7, 7, 8]) == ("must+site:7",)
    assert why(must=[0, 1], most=1) == ("must+most",)
    assert why(must=[0, 1], cost_rp=[3, 3, 3], budget_rp=5) == ("must+budget",)
    assert why(must=[0, 1], yearly_rp=[3, 3, 3], yearly_budget_rp=5) == ("must+yearly",)
    assert why(must=[0, 1], never=[0], most=1) == ("must+never", "must+most")


def test_floors_that_cannot_be_are_named_with_what_keeps_from_them() -> None:
    reach, weights = [[0], [1], [2]], [5, 5, 5]
    area = [0, 1, 1]

    def why(**known: object) -> tuple[str, ...]:
        plan = solve(problem_of(reach, weights, area=area, **known), gap=0)
        assert plan.proven
        return plan.infeasible

    assert why(floor=[0, 1.0], never=[2]) == ("floor:1",)
    assert why(floor=[1.0, 0.5], most=1) == ("floor:1+most",)
    cost = {"cost_rp": [10, 10, 10], "budget_rp": 10, "yearly_rp": [1, 1, 1], "yearly_budget_rp": 9}
    assert why(floor=[0.0, 1.0], **cost) == ("floor:1+budget",)
    cost["yearly_budget_rp"] = 1  # neither alone would do
    assert why(floor=[0.0, 1.0], **cost) == ("floor:1+budget+yearly",)


def test_a_large_problem_with_floors_beyond_the_budget_is_proven_to_have_no_plan() -> None:
    plan = solve(spread(floor=0.6, budget_rp=60), seconds=60)
    assert plan.proven and plan.chosen == ()
    assert plan.infeasible[0].endswith("+budget")


def test_floors_within_the_budget_are_kept_and_cost_worth() -> None:
    free, kept = spread(floor=0.0, budget_rp=60), spread(floor=0.3, budget_rp=60)
    without, plan = solve(free, seconds=60, gap=0), solve(kept, seconds=60, gap=0)
    assert broken_by(kept, plan) == []
    assert plan.proven
    assert plan.value < without.value


def spread(*, floor: float, budget_rp: int, sites: int = 400, points: int = 1500) -> Problem:
    """Points in six areas, the more in an area the higher its number; each of 400 sites reaches some near it."""
    random = np.random.default_rng(5)
    at = np.sort(random.power(3, points))
    reach = [np.flatnonzero(abs(at - random.random()) < 0.003) for _ in range(sites)]
    return problem_of(
        [near.tolist() for near in reach],
        random.integers(1, 20, points).tolist(),
        cost_rp=random.integers(1, 4, sites),
        budget_rp=budget_rp,
        area=(at * 6).astype(int).clip(0, 5),
        floor=np.full(6, floor),
    )
