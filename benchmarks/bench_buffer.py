"""The last minutes of many cameras on disk: what a core and a MB/s of disk carry, and what kill -9 costs.

Ours: the hub as a process of its own with a recorder for each 720p stream of the field simulator, nobody watching.
CPU is the hub's; bytes are what stands in the folder. Then the hub is killed with -9 in the middle of a picture: lost
is the time from the newest picture on disk, decoded by PyAV, to the kill. `--cameras` copies one film.
Peer: one ffmpeg a camera that copies into segments of the same ten seconds (-c copy -f segment, MP4), killed the same
way; what it loses is read by ffprobe's library, too.

    python benchmarks/bench_buffer.py [--seconds 15] [--cameras 16]
"""

import argparse
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from bench_live import cpu_of  # noqa: E402
from burnt_in import FPS, GOP_S, HEIGHT, LOOP_S, WIDTH, film  # noqa: E402

BUDGET_LOST_S, BUDGET_CORE = 1.0, 1.0  # seconds at most; percent of a core per camera
SEGMENT_S = 10
PEERS = 4

HUB = """
import django
django.setup()
import asyncio
from pathlib import Path
from satukota.work.cameras.live.service import Hub
from satukota.work.cameras.live.upstream import Source

class Open:
    async def begin(self): pass
    async def source(self, camera_id, stream): return Source(camera_id, URLS[camera_id])
    async def login_refused(self, source): pass

async def main():
    hub = Hub(Open(), idle_s=3600)
    hub.buffer_these(Path(FOLDER), {k: 300.0 for k in range(len(URLS))})
    await asyncio.Event().wait()

asyncio.run(main())
"""


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.mp4"))


def ours(urls: list[str], folder: Path, seconds: float) -> dict[str, float]:
    """Percent of a core and bytes a second per camera; seconds lost by kill -9, the worst camera's and the mean."""
    from satukota.work.cameras.live import buffer

    code = f"URLS = {urls!r}\nFOLDER = {str(folder)!r}\n" + HUB
    hub = subprocess.Popen([sys.executable, "-c", code], env=os.environ)
    try:
        until(lambda: len(list(folder.glob("*/*.mp4"))) >= len(urls), 60)
        time.sleep(2 * GOP_S)
        spent, size, began = cpu_of(hub.pid), size_of(folder), time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        spent, size = cpu_of(hub.pid) - spent, size_of(folder) - size
    finally:
        killed_at = time.time()
        hub.send_signal(signal.SIGKILL)
        hub.wait()
    lost = []
    for k in range(len(urls)):
        clip = buffer.clips(folder / str(k), killed_at - SEGMENT_S, killed_at)[-1]
        if pictures_in(clip.content) != clip.content.count(b"moof"):
            raise RuntimeError("a kept picture cannot be decoded")
        lost.append(max(0.0, killed_at - clip.ended))
    cameras = len(urls)
    return {"core": 100 * spent / took / cameras, "bytes_s": size / took / cameras,
            "lost_worst_s": max(lost), "lost_mean_s": sum(lost) / cameras}  # fmt: skip


def pictures_in(content: bytes) -> int:
    import av

    with av.open(io.BytesIO(content)) as kept:
        return sum(1 for _ in kept.decode(video=0))


def peer(urls: list[str], folder: Path, seconds: float) -> dict[str, float]:
    """The same of one ffmpeg a camera."""
    import av

    running = [
        subprocess.Popen(
            ["ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-i", url, "-c", "copy", "-f", "segment",
             "-segment_time", str(SEGMENT_S), str(folder / f"{k}-%03d.mp4")], stdin=subprocess.DEVNULL
        )
        for k, url in enumerate(urls)
    ]  # fmt: skip
    began = time.time()
    try:
        time.sleep(4)
        spent, since = sum(cpu_of(one.pid) for one in running), time.monotonic()
        time.sleep(seconds)
        spent, took = sum(cpu_of(one.pid) for one in running) - spent, time.monotonic() - since
    finally:
        killed_at = time.time()
        for one in running:
            one.send_signal(signal.SIGKILL)
            one.wait()
    lost = []
    for k in range(len(urls)):
        kept = 0.0
        for path in sorted(folder.glob(f"{k}-*.mp4")):
            try:
                with av.open(str(path)) as segment:
                    kept += sum(1 for _ in segment.decode(video=0)) / FPS
            except av.error.FFmpegError:
                continue  # the file was not ended: nothing in it can be read
        lost.append(max(0.0, killed_at - began - kept))
    return {"core": 100 * spent / took / len(urls), "lost_worst_s": max(lost)}


def until(true: Any, longest_s: float) -> None:
    ends = time.monotonic() + longest_s
    while not true():
        if time.monotonic() > ends:
            raise TimeoutError("nothing was written")
        time.sleep(0.1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--cameras", type=int, default=16)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "PYTHONPATH": str(ROOT / "src"), "DJANGO_SETTINGS_MODULE": "satukota.project.settings",
            "SATUKOTA_VAR": folder, "SATUKOTA_SAMPLE": "1",
        }  # fmt: skip
        told, theirs = measured(Path(folder), asked)
    mb_s = told["bytes_s"] / 1e6
    print(f"{told['core']:.2f} % of a core and {mb_s:.3f} MB/s a camera: {100 / told['core']:.0f} cameras a core, "
          f"{1 / mb_s:.1f} per MB/s of disk")  # fmt: skip
    print(f"kill -9 lost {told['lost_mean_s']:.2f} s, at worst {told['lost_worst_s']:.2f} s")
    if theirs:
        print(f"ffmpeg: {theirs['core']:.2f} % of a core a camera; kill -9 lost {theirs['lost_worst_s']:.1f} s")
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    ok = told["lost_worst_s"] <= BUDGET_LOST_S and told["core"] <= BUDGET_CORE
    print(json.dumps({
        "name": "buffer", "ours": round(told["core"], 2), "peer": round(theirs["core"], 2) if theirs else None,
        "peer_name": "ffmpeg -c copy -f segment", "ratio": round(theirs["core"] / told["core"], 2) if theirs else None,
        "unit": "% of a core per 720p camera", "cameras_per_mb_s": round(1 / mb_s, 1),
        "lost_s": round(told["lost_worst_s"], 2), "peer_lost_s": round(theirs["lost_worst_s"], 1) if theirs else None,
        "budget": f"<= {BUDGET_CORE:g} % of a core; kill -9 loses <= {BUDGET_LOST_S:g} s", "ok": ok,
    }))  # fmt: skip
    return 0 if ok else 1


def measured(folder: Path, asked: argparse.Namespace) -> tuple[dict[str, float], dict[str, float]]:
    import django

    django.setup()
    from satukota_field.running import run_in_thread
    from satukota_field.scenario import CameraSpec, Scenario

    film(folder / "film.mp4")
    specs = tuple(
        CameraSpec(
            f"B-{k}", "L", "P", 1, "", WIDTH, HEIGHT, FPS, GOP_S, video=str(folder / "film.mp4"), max_sessions=99
        )
        for k in range(asked.cameras)
    )
    with run_in_thread(Scenario(specs, loop_s=LOOP_S), cache=folder / "clips", light="day") as field:
        urls = [field.url(spec.code) for spec in specs]
        (folder / "kept").mkdir()
        told = ours(urls, folder / "kept", asked.seconds)
        if not shutil.which("ffmpeg"):
            return told, {}
        (folder / "peer").mkdir()
        return told, peer(urls[:PEERS], folder / "peer", asked.seconds)


if __name__ == "__main__":
    sys.exit(main())
