"""The same problem written plainly, from its definition, for solvers that have nothing to do with ours.

highspy and OR-Tools each bring a libhighs of the same name, and a process can hold only one: SCIP works in a process of
its own.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from math import inf
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np

from satukota.rules.siting import Plan, Problem


class Model(NamedTuple):
    """max gain . v with v in low..high, the first `whole` of them whole; rows: ({variable: factor}, least, most)."""

    gain: list[float]
    low: list[float]
    high: list[float]
    whole: int
    rows: list[tuple[dict[int, float], float, float]]


def plain_model(problem: Problem) -> Model:
    """A variable per option and per wanted view of each point, a row per constraint; nothing is simplified."""
    options = problem.options
    gain, rows = [0.0] * options, list[tuple[dict[int, float], float, float]]()
    low = [1.0 if j in problem.must else 0.0 for j in range(options)]
    high = [0.0 if j in problem.never else 1.0 for j in range(options)]
    ones = [1] * options
    for row, limit in (
        (ones, problem.most), (problem.cost_rp, problem.budget_rp), (problem.yearly_rp, problem.yearly_budget_rp)
    ):  # fmt: skip
        if row is not None and limit is not None:
            rows.append(({j: float(row[j]) / 1e5 for j in range(options)}, -inf, limit / 1e5))
    members = defaultdict(dict)
    for j, site in enumerate([] if problem.site is None else problem.site.tolist()):
        if site >= 0:
            members[site][j] = 1.0
    rows += [(together, -inf, problem.max_per_site) for together in members.values()]
    seen_by = defaultdict(set)
    for j in range(options):
        for i in problem.points[problem.indptr[j] : problem.indptr[j + 1]].tolist():
            seen_by[i].add(j)
    by_area = defaultdict(dict)
    for i, weight in enumerate(problem.weights.tolist()):
        parts = [weight * share for share in shares(1 if problem.needs is None else int(problem.needs[i]))]
        views = dict.fromkeys(range(len(gain), len(gain) + len(parts)), 1.0)
        has = 0 if problem.already is None else int(problem.already[i])
        rows.append((views | dict.fromkeys(seen_by[i], -1.0), -inf, has))
        if problem.area is not None:
            by_area[int(problem.area[i])] |= dict(zip(views, parts, strict=True))
        gain += parts
    for area, floor in enumerate([] if problem.floor is None else problem.floor.tolist()):
        least = floor * float(problem.weights[problem.area == area].sum())
        if least > 0:
            rows.append((by_area[area], least - 1e-7, inf))
    views = len(gain) - options
    return Model(gain, low + [0.0] * views, high + [1.0] * views, options, rows)


def optimum(problem: Problem, judge: str) -> float | None:
    """What the best plan adds to what is seen already, or None when no plan exists. judge: "HiGHS" or "SCIP"."""
    model = plain_model(problem)
    best = highs_optimum(model) if judge == "HiGHS" else _process().submit(scip_optimum, model).result(timeout=600)
    return None if best is None else best - worth_of(problem, [])


@cache
def _process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def highs_optimum(model: Model) -> float | None:
    import highspy

    highs = highspy.Highs()
    highs.silent()
    highs.setOptionValue("mip_rel_gap", 0.0)
    for gain, low, high in zip(model.gain, model.low, model.high, strict=True):
        highs.addVar(low, high)
        highs.changeColCost(highs.getNumCol() - 1, gain)
    for j in range(model.whole):
        highs.changeColIntegrality(j, highspy.HighsVarType.kInteger)
    for factors, least, most in model.rows:
        highs.addRow(least, most, len(factors), np.array([*factors], np.int32), np.array([*factors.values()]))
    highs.changeObjectiveSense(highspy.ObjSense.kMaximize)
    highs.run()
    if highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        return None
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal, highs.getModelStatus()
    return highs.getInfo().objective_function_value


def scip_optimum(model: Model) -> float | None:
    from ortools.linear_solver import pywraplp

    solver = pywraplp.Solver.CreateSolver("SCIP")
    bounds = zip(model.low, model.high, strict=True)
    variables = [solver.Var(low, high, at < model.whole, "") for at, (low, high) in enumerate(bounds)]
    for factors, least, most in model.rows:
        row = solver.Constraint(least, most)
        for at, factor in factors.items():
            row.SetCoefficient(variables[at], factor)
    for variable, gain in zip(variables, model.gain, strict=True):
        solver.Objective().SetCoefficient(variable, gain)
    solver.Objective().SetMaximization()
    parameters = pywraplp.MPSolverParameters()
    parameters.SetDoubleParam(parameters.RELATIVE_MIP_GAP, 0.0)
    status = solver.Solve(parameters)
    if status == pywraplp.Solver.INFEASIBLE:
        return None
    assert status == pywraplp.Solver.OPTIMAL, status
    return solver.Objective().Value()


def shares(wanted: int) -> list[float]:
    """3 views wanted: 3/6, 2/6, 1/6."""
    parts = wanted * (wanted + 1) / 2
    return [(wanted - rank) / parts for rank in range(wanted)]


def worth_of(problem: Problem, chosen: list[int]) -> float:
    """What all points are worth with these options and what is there already, counted point by point."""
    views = np.zeros(len(problem.weights), int) if problem.already is None else problem.already.astype(int).copy()
    for j in chosen:
        for i in set(problem.points[problem.indptr[j] : problem.indptr[j + 1]].tolist()):
            views[i] += 1
    wanted = np.ones(len(views), int) if problem.needs is None else problem.needs
    return sum(
        weight * sum(shares(int(wants))[: int(has)])
        for weight, wants, has in zip(problem.weights, wanted, views, strict=True)
    )


def broken_by(problem: Problem, plan: Plan) -> list[str]:
    """Which constraints a plan breaks, and where what it says of itself is not so."""
    chosen = list(plan.chosen)
    broken = []
    if len(set(chosen)) != len(chosen):
        broken.append("twice")
    if not set(problem.must) <= set(chosen):
        broken.append("must")
    if set(problem.never) & set(chosen):
        broken.append("never")
    if problem.most is not None and len(chosen) > problem.most:
        broken.append("most")
    cost = 0 if problem.cost_rp is None else int(problem.cost_rp[chosen].sum())
    yearly = 0 if problem.yearly_rp is None else int(problem.yearly_rp[chosen].sum())
    if problem.budget_rp is not None and cost > problem.budget_rp:
        broken.append("budget")
    if problem.yearly_budget_rp is not None and yearly > problem.yearly_budget_rp:
        broken.append("yearly")
    if problem.site is not None:
        sites = [site for site in problem.site[chosen].tolist() if site >= 0]
        if any(sites.count(site) > problem.max_per_site for site in sites):
            broken.append("site")
    if (plan.cost_rp, plan.yearly_rp) != (cost, yearly):
        broken.append("costs said")
    added = worth_of(problem, chosen) - worth_of(problem, [])
    if abs(added - plan.value) > 1e-6 * max(1.0, added) or abs(sum(plan.gains) - plan.value) > 1e-6 * max(1.0, added):
        broken.append("value said")
    return broken + floors_broken(problem, chosen)


def floors_broken(problem: Problem, chosen: list[int]) -> list[str]:
    if problem.floor is None:
        return []
    found = []
    for area, floor in enumerate(problem.floor.tolist()):
        inside = np.flatnonzero(problem.area == area)
        whole = float(problem.weights[inside].sum())
        only = np.where(problem.area == area, problem.weights, 0.0)
        part = Problem(problem.indptr, problem.points, only, needs=problem.needs, already=problem.already)
        if worth_of(part, chosen) < floor * whole - 1e-6 * max(1.0, whole):
            found.append(f"floor:{area}")
    return found
