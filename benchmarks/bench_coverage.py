"""`make bench-coverage`: what cameras see past 4,788 buildings, against shapely edge shadows, visilibity and npm's.

make bench-coverage                   some ten seconds; prints the result line
make bench-coverage ARGS=--no-peers   ours alone

66, 660 and 6,600 cameras of 90 degrees and 60 m; regions alone, regions with their union and its area, areas alone,
points in sight, one camera turned by hand. The workload and its exact areas are in coverage_workload.py. Compiling is
not measured but stated: it happens once per machine.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

import numpy as np  # noqa: E402
import shapely  # noqa: E402

from benchmarks import coverage_workload as workload  # noqa: E402
from benchmarks.coverage_peers import PEERS  # noqa: E402
from satukota.rules.coverage import Scene, Viewpoint, areas_m2, sees, union, views  # noqa: E402

BUDGET_MS, TIMES_ALONE, TIMES_WHOLE, TOLERANCE_M2 = 1.5, 60, 20, 0.01


def best_and_median_ms(work: Callable[[], object], times: int) -> tuple[float, float]:
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        spent.append((time.perf_counter() - began) * 1000)
    return min(spent), statistics.median(spent)


def ours(scene: Scene, eyes: list[Viewpoint], houses: list[Any]) -> dict[str, Any]:
    """Medians in ms by question and number of cameras; areas of the 66."""
    began = time.perf_counter()
    areas_m2(scene, eyes)
    found: dict[str, Any] = {"first_question_ms": round((time.perf_counter() - began) * 1000)}
    rng = np.random.default_rng(64)
    more = [workload.viewpoint(camera) for camera in workload.cameras_between(houses, 6534, rng, (60, 1504))]
    for count in (66, 660, 6600):
        some, times = (eyes + more)[:count], {66: 50, 660: 10, 6600: 3}[count]
        regions = views(scene, some)
        found[f"regions_{count}"] = best_and_median_ms(lambda some=some: views(scene, some), times)[1]
        found[f"areas_{count}"] = best_and_median_ms(lambda some=some: areas_m2(scene, some), times)[1]
        found[f"whole_{count}"] = best_and_median_ms(lambda some=some: union(views(scene, some)).area, times)[1]
        if count == 66:
            found["sum_m2"], found["union_m2"] = float(shapely.area(regions).sum()), float(union(regions).area)
    spots = rng.uniform(0, 1600, (100_000, 2))
    found["points_660x100000"] = best_and_median_ms(lambda: sees(scene, (eyes + more)[:660], spots), 5)[1]
    found["one_turned"] = best_and_median_ms(lambda: views(scene, eyes[:1]), 200)[1]
    low = Scene(houses, list(rng.choice([2.0, 3.0, 6.0, 9.0], len(houses))))
    areas_m2(low, eyes)
    found["low_regions_66"] = best_and_median_ms(lambda: views(low, eyes), 5)[1]
    found["low_areas_66"] = best_and_median_ms(lambda: areas_m2(low, eyes), 5)[1]
    found["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return found


def peers(houses: list[Any], cameras: list[tuple[float, float, float]]) -> dict[str, dict[str, float]]:
    """By name: ms for the regions alone and for the whole answer, and its areas. What is not there is said and left."""
    found = {}
    for name, peer in PEERS.items():
        answer = peer(houses, cameras)
        if answer is None:
            print(f"  {name}: not on this machine")
        else:
            found[name] = answer
    return found


def main(argv: list[str]) -> int:
    houses, cameras = workload.rows_of_houses()
    began = time.perf_counter()
    scene = Scene(houses)
    _ = scene.ground
    print(f"scene of {len(scene)} built in {(time.perf_counter() - began) * 1000:.0f} ms")
    mine = ours(scene, [workload.viewpoint(camera) for camera in cameras], houses)
    for name, value in mine.items():
        print(f"  {name}: {value:,.3f}" if isinstance(value, float) else f"  {name}: {value}")
    exact = (
        abs(mine["sum_m2"] - workload.SUM_M2) < TOLERANCE_M2
        and abs(mine["union_m2"] - workload.UNION_M2) < TOLERANCE_M2
    )
    others = {} if "--no-peers" in argv else peers(houses, cameras)
    for name, answer in others.items():
        print(f"  {name}: " + ", ".join(f"{key} {value:,.3f}" for key, value in answer.items()))
        exact = exact and abs(answer["union_m2"] - mine["union_m2"]) < TOLERANCE_M2
    fastest = min(others, key=lambda name: others[name]["whole_ms"], default=None)
    quickest = min((answer["regions_ms"] for answer in others.values()), default=0.0)
    whole = others[fastest]["whole_ms"] if fastest else 0.0
    alone, full = quickest / mine["regions_66"], whole / mine["whole_66"]
    print(f"regions alone {alone:.0f} times, whole answer {full:.0f} times the fastest peer's; exact: {exact}")
    result = {
        "name": "coverage",
        "ours": round(mine["regions_66"], 3),
        "peer": round(quickest, 1),
        "peer_name": f"fastest of {', '.join(others) or 'none'}",
        "ratio": round(alone, 1),
        "unit": "ms for the regions of 66 cameras x 4,788 buildings",
        "budget": f"at most {BUDGET_MS:g} ms, {TIMES_ALONE} times faster; with union {TIMES_WHOLE} times ({full:.0f})",
        "ok": bool(exact and mine["regions_66"] <= BUDGET_MS and alone >= TIMES_ALONE and full >= TIMES_WHOLE),
    }
    print(json.dumps(result))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
