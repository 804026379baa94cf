"""Cameras for the benchmarks: the field simulator in a process of its own, and films coded as cameras code them."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import av
import psutil

ROOT = Path(__file__).resolve().parents[1]
FILM = ROOT.parent / "shared" / "data" / "video" / "opencv-vtest.avi"


def code_film(
    path: Path, width: int, height: int, kbit_s: int, *, fps: int = 15, gop_s: int = 2, length_s: int = 20
) -> None:
    """H.264 Main as cameras code it: live, so without looking ahead; no B-frames, a key picture every `gop_s`, constant
    rate with a one-second buffer. (With x264's look-ahead a key picture of a calm street gets twice the bytes.)"""
    with av.open(str(path), "w") as out, av.open(str(FILM)) as film:
        stream = out.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = width, height, "yuv420p", kbit_s * 1000
        stream.codec_context.thread_count = 1
        group = fps * gop_s
        stream.options = {
            "preset": "veryfast", "tune": "zerolatency", "profile": "main",
            "x264-params": f"keyint={group}:min-keyint={group}:scenecut=0:bframes=0:threads=1:sliced-threads=0:"
            f"vbv-maxrate={kbit_s}:vbv-bufsize={kbit_s}",
        }  # fmt: skip
        count = 0
        for frame in film.decode(video=0):
            while count / fps <= float(frame.time or 0) and count < fps * length_s:
                picture = frame.reformat(width, height, "yuv420p")
                picture.pts, picture.time_base = count, Fraction(1, fps)
                out.mux(stream.encode(picture))
                count += 1
            if count >= fps * length_s:
                break
        out.mux(stream.encode(None))


@contextmanager
def field(folder: Path, cameras: list[dict[str, Any]], *options: str) -> Iterator[dict[str, str]]:
    """{code: URL} of simulated cameras; each entry is a [[cameras]] row of a scenario without link and power."""
    scenario = folder / "field.toml"
    rows = ['links = ["L"]', 'powers = ["P"]']
    for camera in cameras:
        rows += ["[[cameras]]", 'link = "L"', 'power = "P"', *(f"{key} = {_toml(v)}" for key, v in camera.items())]
    scenario.write_text("\n".join(rows))
    yield from _run(["--scenario", str(scenario), "--cache", str(folder / "cache"), *options])


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)


def wait_until_ready(said: IO[str]) -> None:
    """Past the lines that tell how many pictures are made. Raises RuntimeError where some cannot be."""
    ready = next((line for line in said if "all pictures ready" in line), "")
    if ", 0 failed" not in ready:
        raise RuntimeError(f"the field has cameras without pictures: {ready.strip() or 'it ended'}")


def _run(options: list[str]) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "satukota_field", *options, "--free-ports", "--no-timeline", "--light", "day"]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline().rpartition(" ")[2])
        wait_until_ready(server.stdout)
        from satukota_field.control import FieldControl

        yield {camera["code"]: camera["url"] for camera in FieldControl(port).status()["cameras"]}
    finally:
        server.terminate()
        server.wait(20)


class Cpu:
    """User and system seconds of this process, its ended children and the living ones given; the server is neither."""

    def __init__(self) -> None:
        self._started = 0.0
        self._before: dict[int, float] = {}

    def start(self, pids: list[int]) -> None:
        self._before = {pid: _seconds(pid) for pid in pids}
        self._started = _own_seconds()

    def spent(self, pids: list[int]) -> float:
        alive = sum(_seconds(pid) - self._before.get(pid, 0.0) for pid in pids)
        return _own_seconds() - self._started + alive


def _own_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in used)


def _seconds(pid: int) -> float:
    used = psutil.Process(pid).cpu_times()
    return used.user + used.system


def settle(seconds: float = 1.0) -> None:
    """Let what was started come to rest before measuring."""
    time.sleep(seconds)
