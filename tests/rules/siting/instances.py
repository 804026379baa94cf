"""The placement instances S, M and L: 60 clusters and a spread over a square, whole weights with a long tail.

Rebuilt from a seed; the check sums say that it is the same instance on which the optimum is known.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from satukota.rules.siting import Problem

MOST = 34


class Known(NamedTuple):
    """Size and check sums; optimum: proven by HiGHS and SCIP (S, M), by the bound of the relaxation (L)."""

    sites: int
    points: int
    non_zeros: int
    weight: int
    optimum: int


KNOWN = {
    "S": Known(1_000, 4_000, 30_001, 17_680, 7_783),
    "M": Known(5_000, 20_000, 146_314, 88_546, 11_024),
    "L": Known(50_000, 200_000, 1_528_385, 883_565, 16_259),
}


def instance(name: str) -> Problem:
    """S, M or L with 34 sites to choose."""
    known = KNOWN[name]
    indptr, reached, weights = _scattered(known.sites, known.points)
    assert (len(reached), weights.sum()) == (known.non_zeros, known.weight), "not the instance the figures are about"
    return Problem(indptr, reached, weights, most=MOST)


def _scattered(sites: int, points: int, seed: int = 64, mean: int = 30) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    clusters = random.uniform(0, 1000.0, (60, 2))
    at = np.where(
        random.random((points, 1)) < 0.6,
        clusters[random.integers(0, 60, points)] + random.normal(0, 35, (points, 2)),
        random.uniform(0, 1000.0, (points, 2)),
    )
    weights = np.ceil(random.pareto(2, points) * 3 + 1).clip(1, 60)
    stands = at[random.choice(points, sites, replace=False)] + random.normal(0, 3, (sites, 2))
    tree, low, high = cKDTree(at), 1.0, 100.0
    for _ in range(25):  # the radius at which the first 1,000 sites reach `mean` points each
        radius = (low + high) / 2
        if tree.query_ball_point(stands[:1000], radius, return_length=True).mean() > mean:
            high = radius
        else:
            low = radius
    near = tree.query_ball_point(stands, radius, return_sorted=True)
    sizes = np.fromiter((len(each) for each in near), np.int64, sites)
    return np.concatenate(([0], np.cumsum(sizes))), np.concatenate(near).astype(np.int32), weights
