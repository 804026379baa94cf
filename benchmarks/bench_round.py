"""A whole round: every camera of a city looked at once, at the same time.

Ours: look_at for the sample city's cameras, or more of their kind (key picture every 2 s), references accepted and
memories carried on, as the runner does. Measured: wall time until the last verdict, CPU of client and decoding
processes, and memory while the rounds go on until 2,000 sessions were opened. Peer: 32 threads with PyAV's own client,
one key picture each, the same rule.

    python benchmarks/bench_round.py [--opens 2000] [--cameras 66 300 660]

One JSON line per number of cameras; the last one (66) carries the memory and the budgets of all.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import camera_field
import psutil
from bench_probe import accepted, pyav_one
from camera_field import Cpu

BUDGET_S = {66: 4.0, 300: 8.0}
BUDGET_GROWTH_MB = 30.0
ROUNDS = 3


class City:
    """Cameras with what is remembered of them."""

    def __init__(self, found: dict[str, tuple[str, str, str]]) -> None:
        from satukota.work.cameras import looking
        from satukota.work.cameras.eye import Eyes

        noon_lon = 180 - time.time() % 86_400 / 240
        self._looking = looking
        self.eyes = Eyes()
        self.briefs = [
            looking.Brief(number, url, user, password, lon=noon_lon, lat=0.0)
            for number, (url, user, password) in enumerate(found.values())
        ]
        self.verdicts: dict[str, int] = {}
        self.opens = 0

    async def round(self) -> float:
        """Look at all at once; returns wall seconds."""
        started = time.monotonic()
        self.verdicts = {}
        await asyncio.gather(*(self._look(number) for number in range(len(self.briefs))))
        return time.monotonic() - started

    async def _look(self, number: int) -> None:
        from satukota.work.cameras.camera_memory import CameraMemory

        brief = self.briefs[number]
        look = await self._looking.look_at(brief, self.eyes)
        self.opens += 1
        name = f"{look.verdict} {look.cause}".strip()
        self.verdicts[name] = self.verdicts.get(name, 0) + 1
        references = brief.references
        if not references and look.picture:
            references = ((f"accepted {number}", accepted(look.picture)),)
        elif look.kept.learned is not None:
            references = (*references[:1], (f"learned {number} {time.time()}", look.kept.learned.content))
        self.briefs[number] = self._looking.replace(
            brief, memory=CameraMemory.from_bytes(look.memory), references=references
        )

    def memory_mb(self) -> float:
        pids = [os.getpid(), *self.eyes.pids]
        return sum(psutil.Process(pid).memory_info().rss for pid in pids) / 1e6


async def measure(found: dict[str, tuple[str, str, str]], opens: int) -> dict[str, Any]:
    city, cpu = City(found), Cpu()
    for _ in range(3):
        await city.round()
    cpu.start(city.eyes.pids)
    walls = [await city.round() for _ in range(ROUNDS)]
    spent = cpu.spent(city.eyes.pids) / ROUNDS
    memory = [(city.opens, round(city.memory_mb()))]
    while city.opens < opens:
        await city.round()
        if city.opens - memory[-1][0] >= opens / 8:
            memory.append((city.opens, round(city.memory_mb())))
    city.eyes.close()
    return {
        "wall_s": round(statistics.median(walls), 2), "worst_s": round(max(walls), 2), "cpu_s": round(spent, 2),
        "mb_after_opens": memory, "verdicts": city.verdicts,
    }  # fmt: skip


def peer(found: dict[str, tuple[str, str, str]]) -> float:
    """Wall seconds of one round with 32 threads and PyAV's own client."""
    urls = [
        url.replace("rtsp://", f"rtsp://{user}:{password}@") if user else url for url, user, password in found.values()
    ]
    with ThreadPoolExecutor(32) as pool:
        started = time.monotonic()
        list(pool.map(_ignoring_failure, urls))
        return time.monotonic() - started


def _ignoring_failure(url: str) -> None:
    import av

    with suppress(av.FFmpegError, OSError):
        pyav_one(url)


def run(number: int, folder: Path, opens: int) -> dict[str, Any]:
    from satukota_field.scenario import SAMPLE, load_scenario

    cameras = load_scenario(SAMPLE).with_number(number).cameras
    rows = [
        {"code": c.code, "name": c.name, "seed": c.seed, "size": [c.width, c.height], "fps": c.fps, "gop_s": 2.0}
        | ({"login": {"user": c.login.user, "password": c.login.password}} if c.login else {})
        for c in cameras
    ]
    with camera_field.field(folder, rows) as urls:
        found = {
            c.code: (urls[c.code], c.login.user if c.login else "", c.login.password if c.login else "")
            for c in cameras
        }
        camera_field.settle()
        told = asyncio.run(measure(found, opens))
        theirs = round(peer(found), 2)
    budget = BUDGET_S.get(number)
    growth = told["mb_after_opens"][-1][1] - told["mb_after_opens"][0][1]
    return {
        "name": "round" if number == 66 else f"round {number}", "ours": told["wall_s"], "peer": theirs,
        "peer_name": "32 threads, PyAV", "ratio": round(theirs / told["wall_s"], 2),
        "unit": f"s wall, all verdicts of {number} cameras", "budget": budget,
        "ok": (budget is None or told["wall_s"] <= budget) and (opens == 0 or growth <= BUDGET_GROWTH_MB),
        "grown_mb": growth, **told,
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--opens", type=int, default=2000)
    parser.add_argument("--cameras", type=int, nargs="*", default=[660, 300, 66])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SATUKOTA_VAR"] = folder
        import django

        django.setup()
        results = [run(number, Path(folder), asked.opens if number == 66 else 0) for number in asked.cameras]
    for result in results:
        print(json.dumps(result))
    sys.exit(0 if all(result["ok"] for result in results) else 1)
