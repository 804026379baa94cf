"""`make bench-truth`: how long one judgement takes, against matching corners; with ARGS=--all the whole evaluation.

make bench-truth              two seconds; prints the result line
make bench-truth ARGS=--all   about half an hour: faults x conditions, false alarms; rewrites docs/picture-truth.md
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "benchmarks")]

import cv2  # noqa: E402
from picture_truth import evaluate, rendered  # noqa: E402
from picture_truth.footage import through_h264  # noqa: E402

from satukota.rules.picture_truth import Memory, judge  # noqa: E402
from satukota.rules.picture_truth.scene import pose_between  # noqa: E402
from satukota_field.scenes import Scene  # noqa: E402

BUDGET_MS = 3.0


def median_cpu_ms(work: Callable[[], object], times: int = 200) -> float:
    work()
    spent = []
    for _ in range(times):
        began = time.process_time()
        work()
        spent.append((time.process_time() - began) * 1000)
    return statistics.median(spent)


def main(argv: list[str]) -> int:
    if "--all" in argv and evaluate.main([]):
        return 1
    cv2.setNumThreads(1)
    scene = Scene(rendered.TESTED_ON[0], size=rendered.SIZE, looped=False)
    references = rendered.accepted(scene.seed)
    sights = [through_h264(scene.frame(30.0 * look), rendered.BUDGET).sight(30.0 * look, 12, True) for look in range(3)]
    memory = judge(sights[0], references, Memory.empty()).memory
    said = judge(sights[1], references, memory)
    assert said.outcome == "good", said
    ours = median_cpu_ms(lambda: judge(sights[2], references, said.memory))
    peer = median_cpu_ms(lambda: pose_between(sights[2].gray, references[0].gray), times=50)
    result = {
        "name": "truth",
        "ours": round(ours, 2),
        "peer": round(peer, 2),
        "peer_name": "OpenCV ORB, match, RANSAC on the same picture",
        "ratio": round(peer / ours, 1),
        "unit": "ms CPU per good look, one thread",
        "budget": f"at most {BUDGET_MS:g} ms",
        "ok": ours <= BUDGET_MS,
    }
    print(json.dumps(result))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
