"""Which constraints cannot hold together, and which floors a plan misses. See docs/siting.md for the codes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from satukota.rules.siting.plan import Views
from satukota.rules.siting.problem import Problem


def must_conflicts(problem: Problem) -> tuple[str, ...]:
    """Why the `must` options alone already break something: must+never, must+site:7, must+most, must+budget ..."""
    must = list(problem.must)
    found = ["must+never"] if set(must) & set(problem.never) else []
    if problem.site is not None:
        times = Counter(problem.site[must].tolist())
        found += [
            f"must+site:{site}" for site, many in sorted(times.items()) if site >= 0 and many > problem.max_per_site
        ]
    if problem.most is not None and len(must) > problem.most:
        found.append("must+most")
    for name, row, limit in (
        ("budget", problem.cost_rp, problem.budget_rp),
        ("yearly", problem.yearly_rp, problem.yearly_budget_rp),
    ):
        if row is not None and limit is not None and row[must].sum() > limit:
            found.append(f"must+{name}")
    return tuple(found)


def unreachable_floors(problem: Problem) -> tuple[str, ...]:
    """Floors not reached even if every option but `never` were chosen: floor:3."""
    if problem.floor is None:
        return ()
    views = Views(problem)
    allowed = np.ones(problem.options, bool)
    allowed[list(problem.never)] = False
    owner = np.repeat(np.arange(problem.options), np.diff(problem.indptr))
    entries = np.unique(np.stack((owner, problem.points), axis=1)[allowed[owner]], axis=0)[:, 1]
    views.count += np.bincount(entries, minlength=len(problem.weights))
    return _below(problem, views.worth_so_far())


def floors_missed(problem: Problem, chosen: Sequence[int]) -> tuple[str, ...]:
    """Floors these options do not reach: floor:3."""
    if problem.floor is None:
        return ()
    views = Views(problem)
    for option in chosen:
        views.add(option)
    return _below(problem, views.worth_so_far())


def _below(problem: Problem, worth: NDArray[np.float64]) -> tuple[str, ...]:
    if problem.floor is None or problem.area is None:
        return ()
    inside = problem.area >= 0
    reached = np.bincount(problem.area[inside], worth[inside], len(problem.floor))
    weight = np.bincount(problem.area[inside], problem.weights[inside], len(problem.floor))
    return tuple(f"floor:{area}" for area in np.flatnonzero(reached < problem.floor * weight * (1 - 1e-8)))
