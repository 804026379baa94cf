"""Sixteen live tiles in a browser on a machine of two cores: what is drawn, what stutters.

The tiles are our own player at the small streams of sixteen cameras (640x360, ten pictures a second), in headless
Chromium without a graphics card, which decodes and draws everything on the processor. Counted for each tile: pictures
drawn and the longest gap between two; for the page: tasks of its main thread longer than 50 ms (Long Tasks API).
Cameras, hub and browser share the machine: on a real client the browser has it alone.

    python benchmarks/bench_wall.py [--seconds 12] [--tiles 16]
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

import bench_live  # noqa: E402
from bench_live import chromium, cpu_of, hub, pages  # noqa: E402

SIZE, FPS, GOP_S = (640, 360), 10, 2
BUDGET_DRAWN, BUDGET_GAP_MS, BUDGET_LONG_MS = 98.0, 500.0, 200.0
WALL_JS = """
import { Link } from "/cameras/live-link.js";
window.drawn = []; window.long = []; window.tiles = [];
new PerformanceObserver((list) => { for (const one of list.getEntries()) long.push(one.duration); })
  .observe({ type: "longtask" });
const stage = document.getElementById("stage");
stage.style.cssText = "display:grid;grid-template-columns:repeat(4,1fr);width:1280px;height:720px";
const count = Number(location.search.slice(1));
for (let k = 0; k < count; k++) {
  const box = document.createElement("div");
  box.style.cssText = "position:relative;overflow:hidden";
  stage.append(box);
  drawn.push([]);
  tiles.push(new Link({ ask: `/ask?${k}`, stage: box, onChange: (link) => {
    const player = link.player;
    if (!player || player.isWatched) return;
    player.isWatched = true;
    link.player.element.style.cssText = "width:100%;height:100%";
    let shown = player.shown;
    const set = (value) => { shown = value; drawn[k].push(performance.now()); };
    Object.defineProperty(player, "shown", { get: () => shown, set });
  } }));
}
"""


def watched(page_port: int, tiles: int, seconds: float) -> dict[str, Any]:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(f"http://127.0.0.1:{page_port}/?{tiles}")
        page.wait_for_function(
            f"window.drawn?.length === {tiles} && drawn.every((one) => one.length > 5)", timeout=60_000
        )
        page.wait_for_timeout(3000)  # catching up is over
        own = [child for child in psutil.Process().children(recursive=True) if "chrom" in child.name()]
        before = sum(cpu_of(child.pid) for child in own)
        page.evaluate("for (const one of drawn) one.length = 0; long.length = 0")
        page.wait_for_timeout(seconds * 1000)
        told = page.evaluate("({ drawn, long, ages: tiles.map((one) => one.age) })")
        spent = sum(cpu_of(child.pid) for child in own if child.is_running()) - before
    gaps = [max(b - a for a, b in zip(one, one[1:], strict=False)) for one in told["drawn"] if len(one) > 1]
    return {
        "drawn_percent": 100 * sum(map(len, told["drawn"])) / (tiles * FPS * seconds),
        "worst_tile_percent": 100 * min(map(len, told["drawn"])) / (FPS * seconds),
        "gap_median_ms": statistics.median(gaps), "gap_worst_ms": max(gaps), "long_tasks": len(told["long"]),
        "longest_task_ms": max(told["long"], default=0.0), "age_worst_s": max(told["ages"]),
        "browser_cores": spent / seconds,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--tiles", type=int, default=16)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "PYTHONPATH": str(ROOT / "src"), "DJANGO_SETTINGS_MODULE": "satukota.project.settings",
            "SATUKOTA_VAR": folder, "SATUKOTA_SAMPLE": "1",
        }  # fmt: skip
        told = measured(Path(folder), asked)
    print(", ".join(f"{name} {value:.1f}" for name, value in told.items()))
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    ok = (
        told["drawn_percent"] >= BUDGET_DRAWN
        and told["gap_worst_ms"] <= BUDGET_GAP_MS
        and told["longest_task_ms"] <= BUDGET_LONG_MS
    )
    print(json.dumps({
        "name": "wall", "ours": round(told["drawn_percent"], 1), "peer": None, "peer_name": "", "ratio": None,
        "unit": f"% of the pictures of {asked.tiles} tiles drawn",
        "budget": f">= {BUDGET_DRAWN:g} %, no gap over {BUDGET_GAP_MS:g} ms, no task over {BUDGET_LONG_MS:g} ms",
        **{name: round(value, 1) for name, value in told.items()}, "ok": ok,
    }))  # fmt: skip
    return 0 if ok else 1


def measured(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    from satukota.project.supervisor import is_free
    from satukota_field.running import run_in_thread
    from satukota_field.scenario import CameraSpec, Scenario

    bench_live.BENCH_JS = WALL_JS
    specs = tuple(
        CameraSpec(f"W-{k}", "L", "P", k, f"W-{k}", *SIZE, FPS, GOP_S, max_sessions=9) for k in range(asked.tiles)
    )
    port = next(port for port in range(18_900, 19_000) if is_free(port))
    with (
        run_in_thread(Scenario(specs, loop_s=8), cache=folder / "clips", light="day") as field,
        pages(port) as page_port,
        hub([field.url(spec.code) for spec in specs], port, [f"http://127.0.0.1:{page_port}"]),
    ):
        return watched(page_port, asked.tiles, asked.seconds)


if __name__ == "__main__":
    sys.exit(main())
