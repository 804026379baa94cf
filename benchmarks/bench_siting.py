"""`make bench-siting`: choosing sites, against HiGHS and SCIP, every run in a process of its own.

    python benchmarks/bench_siting.py [--all]

S, M, L: 1,000 x 4,000, 5,000 x 20,000 and 50,000 x 200,000 sites x points, 34 to choose (check sums asserted; S and M
have optima that three solvers agree on, L a bound of the relaxation). "streets": real streets and buildings, poles
with eight directions, costs, one budget; "streets full": a yearly budget, floors and double views as well.
Seconds are those of solving, without start of the process, compiling and making the instance; the peers' include
handing over the model. MB is the highest resident memory of the process, with everything loaded.
Peers get 30 s on S, 60 s on M and 20 s on the streets and are ended 10 s later (HiGHS overruns its own limit), so that
all of it ends within some five minutes. L is given to HiGHS only with --all.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT), str(ROOT / "benchmarks")]

from satukota.rules.siting import Problem, solve  # noqa: E402
from satukota.rules.siting.solve import make_ready  # noqa: E402
from tests.rules.siting.instances import KNOWN, instance  # noqa: E402

FASTER, L_GAP, L_SECONDS, L_MB = 5.0, 0.003, 2.0, 500.0
LIMIT_S, GUARD_S = {"S": 30, "M": 60, "L": 60}, 10
LATER_S = 20  # on real streets, whose optimum no peer reached in minutes: their bound is what is compared


def problem_of(name: str) -> Problem:
    if name in KNOWN:
        return instance(name)
    from siting_streets import streets_problem

    return streets_problem(plain=name == "streets")


def ours(problem: Problem, limit_s: float) -> dict[str, Any]:
    first: list[float] = []
    began = time.perf_counter()
    plan = solve(problem, gap=0, seconds=limit_s, on_better=lambda plan: first.append(plan.took_s))
    took_s = time.perf_counter() - began
    return {"value": plan.value, "bound": plan.upper_bound, "s": took_s, "first_s": first[0], "proven": plan.proven}


def ours_to_the_gap(problem: Problem, limit_s: float) -> dict[str, Any]:
    began = time.perf_counter()
    plan = solve(problem, gap=L_GAP, seconds=limit_s)
    return {"value": plan.value, "bound": plan.upper_bound, "s": time.perf_counter() - began, "proven": plan.proven}


def highs(problem: Problem, limit_s: float) -> dict[str, Any]:
    import highspy

    cost, matrix, rows, whole = model_of(problem)
    solver = highspy.Highs()
    solver.silent()
    for name, value in (("threads", 2), ("mip_rel_gap", 0.0), ("time_limit", limit_s)):
        solver.setOptionValue(name, value)
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, np.zeros(len(cost)), np.ones(len(cost))
    lp.row_lower_, lp.row_upper_ = rows
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    kinds = highspy.HighsVarType
    lp.integrality_ = [kinds.kInteger] * whole + [kinds.kContinuous] * (len(cost) - whole)
    began = time.perf_counter()
    solver.passModel(lp)
    solver.run()
    took_s = time.perf_counter() - began
    info = solver.getInfo()
    proven = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return {"value": info.objective_function_value, "bound": info.mip_dual_bound, "s": took_s, "proven": proven}


def scip(problem: Problem, limit_s: float) -> dict[str, Any]:
    from ortools.linear_solver import pywraplp

    cost, matrix, (least, most), whole = model_of(problem)
    began = time.perf_counter()
    solver = pywraplp.Solver.CreateSolver("SCIP")
    solver.SetTimeLimit(int(limit_s * 1000))
    variables = [solver.Var(0, 1, at < whole, "") for at in range(len(cost))]
    for row in range(matrix.shape[0]):
        part = slice(matrix.indptr[row], matrix.indptr[row + 1])
        constraint = solver.Constraint(float(least[row]), float(most[row]))
        for at, factor in zip(matrix.indices[part].tolist(), matrix.data[part].tolist(), strict=True):
            constraint.SetCoefficient(variables[at], factor)
    for variable, gain in zip(variables, cost.tolist(), strict=True):
        solver.Objective().SetCoefficient(variable, gain)
    solver.Objective().SetMaximization()
    parameters = pywraplp.MPSolverParameters()
    parameters.SetDoubleParam(parameters.RELATIVE_MIP_GAP, 0.0)
    status = solver.Solve(parameters)
    value, bound = solver.Objective().Value(), solver.Objective().BestBound()
    proven = status == pywraplp.Solver.OPTIMAL
    return {"value": value, "bound": bound, "s": time.perf_counter() - began, "proven": proven}


def model_of(problem: Problem) -> tuple[np.ndarray, Any, tuple[np.ndarray, np.ndarray], int]:
    """max gain: option variables, then one per view a reached point wants; rows of points, sites, limits, floors."""
    import scipy.sparse as sp

    n = problem.options
    reach = sp.csr_matrix((np.ones(len(problem.points)), problem.points, problem.indptr), (n, len(problem.weights))).T
    reached = np.flatnonzero(np.diff(reach.tocsr().indptr))
    part_ptr, part = problem.parts()
    owner = np.repeat(np.arange(len(problem.weights)), np.diff(part_ptr))
    used = np.isin(owner, reached)
    owner, part = owner[used], part[used]
    views = sp.csr_matrix((np.ones(len(part)), (np.searchsorted(reached, owner), np.arange(len(part)))))
    blocks = [sp.hstack([-reach.tocsr()[reached], views])]
    least, most = [np.full(len(reached), -np.inf)], [np.zeros(len(reached))]
    none = sp.csr_matrix((1, len(part)))
    for row, limit in (
        (np.ones(n), problem.most), (problem.cost_rp, problem.budget_rp), (problem.yearly_rp, problem.yearly_budget_rp)
    ):  # fmt: skip
        if row is not None and limit is not None:
            scale = 1 if limit < 1000 else 1e5
            blocks.append(sp.hstack([sp.csr_matrix(row / scale), none]))
            least.append(np.array([-np.inf]))
            most.append(np.array([limit / scale]))
    if problem.site is not None:
        sites = sp.csr_matrix((np.ones(n), (problem.site, np.arange(n))))
        blocks.append(sp.hstack([sites, sp.csr_matrix((sites.shape[0], len(part)))]))
        least.append(np.full(sites.shape[0], -np.inf))
        most.append(np.full(sites.shape[0], float(problem.max_per_site)))
    if problem.floor is not None and problem.area is not None:
        areas = sp.csr_matrix((part, (problem.area[owner], np.arange(len(part)))), (len(problem.floor), len(part)))
        blocks.append(sp.hstack([sp.csr_matrix((len(problem.floor), n)), areas]))
        least.append(problem.floor * np.bincount(problem.area, problem.weights, len(problem.floor)))
        most.append(np.full(len(problem.floor), np.inf))
    matrix = sp.vstack(blocks).tocsr()
    return np.concatenate((np.zeros(n), part)), matrix, (np.concatenate(least), np.concatenate(most)), n


SIDES: dict[str, Callable[[Problem, float], dict[str, Any]]] = {
    "ours": ours, "ours to 0.3 %": ours_to_the_gap, "HiGHS": highs, "SCIP": scip,
}  # fmt: skip


def in_a_process(side: str, name: str, limit_s: float) -> dict[str, Any]:
    """The figures of one run, or {} when it was ended for taking too long since its instance was made."""
    command = [sys.executable, __file__, "--run", side, name, str(limit_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        run.stdout.readline()  # "made"
        try:
            said, errors = run.communicate(timeout=limit_s + GUARD_S)
        except subprocess.TimeoutExpired:
            run.kill()
            return {}
    if run.returncode:
        raise RuntimeError(f"{side} on {name}: {errors[-2000:]}")
    return json.loads(said.splitlines()[-1])


def run_here(side: str, name: str, limit_s: float) -> None:
    problem = problem_of(name)
    if side.startswith("ours"):
        make_ready()
    print("made", flush=True)
    said = SIDES[side](problem, limit_s)
    print(json.dumps({**said, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6}))


def told(side: str, name: str, limit_s: float) -> dict[str, Any]:
    found = in_a_process(side, name, limit_s)
    if found:
        what = "optimum" if found["proven"] else f"bound {found['bound']:.6g}"
        first = f", first plan after {found['first_s']:.3f} s" if "first_s" in found else ""
        print(f"{name:12} {side:14} {found['value']:.7g} {what}, {found['s']:.2f} s{first}, {found['mb']:.0f} MB")
    else:
        print(f"{name:12} {side:14} no answer, ended after its limit of {limit_s:.0f} s")
    sys.stdout.flush()
    return found


def main(argv: list[str]) -> int:
    if argv[:1] == ["--run"]:
        run_here(argv[1], argv[2], float(argv[3]))
        return 0
    runs: dict[tuple[str, str], dict[str, Any]] = {}
    names = ["S", "M", "L"]
    if (ROOT.parent / "shared" / "data" / "geo").is_dir():
        names += ["streets", "streets full"]
    else:
        print("No real streets: the folder shared/data/geo is not beside the checkout.")
    for name in names:
        limit_s = LIMIT_S.get(name, LATER_S)
        sides = ["ours", "HiGHS", "SCIP"] if name != "L" else ["ours to 0.3 %", "ours"]
        for side in sides + (["HiGHS"] if name == "L" and "--all" in argv else []):
            runs[name, side] = told(side, name, limit_s)
    return judged(runs)


def judged(runs: dict[tuple[str, str], dict[str, Any]]) -> int:
    """Print the line of figures; 1 when a budget is missed or a solver found a better plan than a proven one."""
    mine, near, large = runs["M", "ours"], runs["L", "ours to 0.3 %"], runs["L", "ours"]
    peers = {side: runs["M", side].get("s", LIMIT_S["M"]) for side in ("HiGHS", "SCIP")}
    fastest = min(peers, key=lambda side: peers[side])
    agreed = all(run["value"] <= runs[name, "ours"]["bound"] + 1e-4 for (name, _), run in runs.items() if run)
    agreed &= all(runs[name, "ours"]["value"] == KNOWN[name].optimum for name in KNOWN)
    gap = near["bound"] / near["value"] - 1
    ok = peers[fastest] >= FASTER * mine["s"] and mine["proven"] and runs["S", "ours"]["proven"] and agreed
    ok &= gap <= L_GAP and near["s"] <= L_SECONDS and near["mb"] <= L_MB
    result = {
        "name": "siting",
        "ours": round(mine["s"], 3),
        "peer": round(peers[fastest], 2),
        "peer_name": f"{fastest}, the faster of HiGHS {peers['HiGHS']:.1f} s and SCIP {peers['SCIP']:.1f} s",
        "ratio": round(peers[fastest] / mine["s"], 1),
        "unit": "s to the proven optimum of 5,000 sites x 20,000 points",
        "budget": f"at least {FASTER:g} times faster; 50,000 x 200,000 within 0.3 % in 2 s and 500 MB",
        "large_gap_percent": round(100 * gap, 3),
        "large_s": round(near["s"], 2),
        "large_mb": round(near["mb"]),
        "large_optimum_s": round(large["s"], 2) if large["proven"] else None,
        "ok": bool(ok),
    }
    print(json.dumps(result))
    return 0 if ok else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
