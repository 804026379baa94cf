"""The evaluation of picture truth: faults x conditions in episodes, false alarms in camera time.

    python -m picture_truth.evaluate rendered|clips     one half, into results/<half>.json
    python -m picture_truth.evaluate report             docs/picture-truth.md and measured.json from the results

Thresholds were tuned on TUNED_ON of each half; only TESTED_ON is reported.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import cv2

from picture_truth import clips, rendered, report
from picture_truth.episodes import Found

RESULTS = Path(__file__).resolve().parent / "results"
WHOLE_DAYS = rendered.TESTED_ON
CALM_LOOKS = 120


def main(argv: list[str]) -> int:
    halves: dict[str, Callable[[], dict[str, Any]]] = {"rendered": run_rendered, "clips": run_clips}
    wanted = argv or [*halves, "report"]
    cv2.setNumThreads(1)
    for name in wanted:
        if name == "report":
            report.write(RESULTS)
        elif name in halves:
            RESULTS.mkdir(exist_ok=True)
            began = time.monotonic()
            result = {"measured_on": date.today().isoformat(), **halves[name]()}
            (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
            print(f"{name}: {time.monotonic() - began:.0f} s")
        else:
            print(f"no such part: {name}", file=sys.stderr)
            return 2
    return 0


def run_rendered() -> dict[str, Any]:
    ill = (
        (name, condition, str(seed), within, rendered.ill(seed, name, rendered.CONDITIONS[condition]))
        for name, (_, _, within) in rendered.FAULTS.items()
        for condition in rendered.FAULT_CONDITIONS
        for seed in rendered.TESTED_ON
    )
    calm = {
        condition: [
            asdict(rendered.calm(seed, rendered.CONDITIONS[condition], CALM_LOOKS)) for seed in rendered.TESTED_ON
        ]
        for condition in rendered.CONDITIONS
    }
    return {
        "cameras": len(rendered.TESTED_ON),
        "calm": calm,
        "episodes": list(_episodes(ill)),
        "days": [asdict(rendered.whole_day(seed, 30.0)) for seed in WHOLE_DAYS],
    }


def run_clips() -> dict[str, Any]:
    names = [name for name in clips.TESTED_ON if (clips.FOLDER / name).exists()]
    ill = (
        (fault, condition, name, within, clips.ill(name, fault, condition))
        for fault, (_, within) in clips.FAULTS.items()
        for condition in clips.FAULT_CONDITIONS
        for name in names
    )
    real = {name: clips.calm_as_filmed(name) for name in names}
    return {
        "cameras": len(names),
        "episodes": list(_episodes(ill)),
        "calm": {c: [asdict(clips.calm(name, c)) for name in names] for c in clips.CONDITIONS},
        "real": {name: {**asdict(calm), "hours": round(hours, 4)} for name, (calm, hours) in real.items()},
    }


def _episodes(rows: Iterator[tuple[str, str, str, int, Found]]) -> Iterator[dict[str, Any]]:
    last = ""
    for fault, condition, camera, within, found in rows:
        if fault != last:
            print(f"  {fault}", flush=True)
            last = fault
        yield {
            "fault": fault,
            "condition": condition,
            "camera": camera,
            "within": within,
            "looks": found.looks,
            "cause": found.cause,
        }


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
