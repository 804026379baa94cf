"""Random problems for the judges: small enough to be solved to the end, with any mixture of constraints."""

from __future__ import annotations

from typing import Any

import numpy as np

from satukota.rules.siting import Problem

CONSTRAINTS = ("most", "budget", "yearly", "site", "must", "never", "needs", "already", "floor", "fractions")


def random_problem(seed: int, given: frozenset[str], options: int = 14, points: int = 30) -> Problem:
    """Options scattered over a line of points, each reaching neighbours; `given` are names of CONSTRAINTS."""
    random = np.random.default_rng(seed)
    reach = [reached(random, points) for _ in range(options)]
    weights = random.integers(0, 30, points).astype(float)
    if "fractions" in given:
        weights *= random.random(points)
    cost, yearly = random.integers(0, 60, options) * 1_000_000, random.integers(0, 9, options) * 100_000
    known: dict[str, Any] = {}
    if "most" in given:
        known["most"] = int(random.integers(0, options))
    if "budget" in given:
        known |= {"cost_rp": cost, "budget_rp": int(cost.sum() * random.random() * 0.6)}
    if "yearly" in given:
        known |= {"yearly_rp": yearly, "yearly_budget_rp": int(yearly.sum() * random.random() * 0.6)}
    if "site" in given:
        known |= {"site": random.integers(-1, options // 2, options), "max_per_site": int(random.integers(1, 3))}
    picks = random.permutation(options)
    if "must" in given:
        known["must"] = picks[: random.integers(1, 3)].tolist()
    if "never" in given:
        known["never"] = picks[3 : 3 + random.integers(1, 5)].tolist()
    if "needs" in given:
        known["needs"] = random.integers(1, 5, points)
    if "already" in given:
        known["already"] = random.integers(0, 3, points)
    if "floor" in given:
        known |= {"area": random.integers(-1, 3, points), "floor": random.random(3) * random.choice([0.3, 0.6, 0.9])}
    return Problem(
        np.concatenate(([0], np.cumsum([len(each) for each in reach]))),
        np.concatenate([*reach, np.zeros(0)]).astype(np.int32),
        weights,
        **known,
    )


def reached(random: np.random.Generator, points: int) -> np.ndarray:
    centre, wide = random.integers(0, points), random.integers(0, 7)
    near = (centre + random.integers(-5, 6, wide)) % points
    return np.concatenate((near, random.integers(0, points, random.integers(0, 2))))  # some points twice
