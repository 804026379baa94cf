"""A small core solved to the end by HiGHS, in a thread of its own so that `stop` is honoured at once.

HiGHS looks at an interrupt only between its steps; a thread that was told to stop is left behind and ends by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from math import floor, inf, log2
from typing import NamedTuple

import highspy
import numpy as np
from numpy.typing import NDArray

from satukota.rules.siting.core import Core

LOOK_S = 0.02  # how often `stop` is asked
PATIENCE_S = 0.06  # how long a HiGHS told to stop is waited for


class Answer(NamedTuple):
    """chosen (n,) or None: the best found; bound: no plan within the core is worth more (-inf: there is none)."""

    chosen: NDArray[np.bool_] | None
    bound: float
    finished: bool


def solve_core(core: Core, *, unit: float, seconds: float, stop: Callable[[], bool], nodes: int = 2**31 - 1) -> Answer:
    """The best plan of a core. `unit`: values are multiples of it, 0 when nothing is known. `nodes` at most are looked
    at: unlike `seconds`, this ends at the same place each time."""
    scale = 2.0 ** round(log2(100 / core.part.max()))
    highs = highspy.Highs()
    highs.silent()
    for option, value in (
        ("threads", 1),
        ("parallel", "off"),
        ("random_seed", 0),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", max(0.99 * unit * scale, 1e-9)),
        ("mip_max_nodes", nodes),
        ("time_limit", min(max(seconds, 0.01), 1e7)),
    ):
        highs.setOptionValue(option, value)
    highs.passModel(_model(core, scale))
    highs.HandleUserInterrupt = True
    work = threading.Thread(target=highs.solve, name="siting-highs")  # no daemon: a process must not end under HiGHS
    work.start()
    until = time.monotonic() + seconds + LOOK_S
    try:
        while work.is_alive() and not stop() and time.monotonic() < until:
            work.join(LOOK_S)
    finally:
        if work.is_alive():
            highs.cancelSolve()
            work.join(PATIENCE_S)
    if work.is_alive():
        return Answer(None, inf, False)
    return _answer(highs, core, scale)


def _answer(highs: highspy.Highs, core: Core, scale: float) -> Answer:
    status, info = highs.getModelStatus(), highs.getInfo()
    if status == highspy.HighsModelStatus.kInfeasible:
        return Answer(None, -inf, True)
    finished = status == highspy.HighsModelStatus.kOptimal
    bound = core.value + info.mip_dual_bound / scale if np.isfinite(info.mip_dual_bound) else inf
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Answer(None, bound, finished)
    found = np.asarray(highs.getSolution().col_value)[: len(core.option)] > 0.5
    return Answer(found, bound, finished)


def _model(core: Core, scale: float) -> highspy.HighsLp:
    """max worth; one variable per option (whole) and per view of a group of points (0..1)."""
    n = len(core.option)
    groups, own, own_by_area = _groups(core)
    views = [(group, rank) for group, (_, _, parts) in enumerate(groups) for rank in range(len(parts))]
    cost = np.concatenate((own, [groups[group][2][rank] for group, rank in views])) * scale
    rows, lower, upper = [], [], []

    def row(columns: NDArray[np.int64], values: NDArray[np.float64], low: float, high: float) -> None:
        rows.append((columns, values))
        lower.append(low)
        upper.append(high)

    column = n
    for users, _, parts in groups:
        entries = np.concatenate((np.arange(column, column + len(parts)), users))
        row(entries, np.concatenate((np.ones(len(parts)), -np.ones(len(users)))), -inf, 0.0)
        column += len(parts)
    every = np.arange(n)
    for use, capacity in zip(core.use, core.capacity, strict=True):
        unit = float(np.gcd.reduce(use.astype(np.int64))) or 1.0  # small whole numbers: nothing is lost to tolerances
        row(every[use > 0], use[use > 0] / unit, -inf, floor(capacity / unit + 1e-9))
    for site in np.flatnonzero(np.diff(core.site_ptr) > core.quota):
        members = every[core.site_ptr[site] : core.site_ptr[site + 1]]
        row(members, np.ones(len(members)), -inf, float(core.quota[site]))
    for area in np.flatnonzero(core.floor > core.tiny):
        columns = [n + at for at, (group, _) in enumerate(views) if groups[group][1] == area]
        values = [groups[group][2][rank] for group, rank in views if groups[group][1] == area]
        direct = np.flatnonzero(own_by_area[area])
        row(
            np.concatenate((direct, np.array(columns, np.int64))),
            np.concatenate((own_by_area[area][direct], values)) * scale,
            core.floor[area] * scale,
            inf,
        )
    return _lp(rows, lower, upper, cost, n)


def _groups(core: Core) -> tuple[list[tuple[NDArray, int, NDArray]], NDArray[np.float64], NDArray[np.float64]]:
    """Points with the same options as one: (options, area, parts); what a single option alone reaches is its own.

    Returns the groups, own (n,) and own by area (areas, n).
    """
    own, own_by_area = np.zeros(len(core.option)), np.zeros((len(core.floor), len(core.option)))
    found: dict[tuple[bytes, int, int], NDArray[np.float64]] = {}
    for i in range(len(core.area)):
        users = core.users[core.users_ptr[i] : core.users_ptr[i + 1]]
        parts = core.part[core.part_ptr[i] : core.part_ptr[i + 1]]
        area = int(core.area[i]) if len(core.floor) else -1
        if len(users) == 1:
            own[users[0]] += parts[0]
            if area >= 0:
                own_by_area[area, users[0]] += parts[0]
            continue
        key = (users.tobytes(), area, len(parts))
        found[key] = found[key] + parts if key in found else parts
    groups = [(np.frombuffer(key[0], np.int32), key[1], parts) for key, parts in found.items()]
    return groups, own, own_by_area


def _lp(rows: list, lower: list[float], upper: list[float], cost: NDArray[np.float64], n: int) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(cost), len(rows)
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, np.zeros(len(cost)), np.ones(len(cost))
    lp.row_lower_, lp.row_upper_ = np.array(lower, np.float64), np.array(upper, np.float64)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.cumsum([0, *(len(columns) for columns, _ in rows)], dtype=np.int32)
    lp.a_matrix_.index_ = np.concatenate([np.zeros(0), *(columns for columns, _ in rows)]).astype(np.int32)
    lp.a_matrix_.value_ = np.concatenate([np.zeros(0), *(values for _, values in rows)])
    whole, part = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    lp.integrality_ = [whole] * n + [part] * (len(cost) - n)
    return lp
