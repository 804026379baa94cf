"""How many complete camera checks a core does in a second: connect, first key picture, picture truth, goodbye.

Ours: satukota.work.cameras.looking.look_at against the field simulator over RTSP, client and decoding processes counted
together, the server not. Peers in the same run, over the same seconds of the same streams: PyAV opening, decoding every
picture and judging the key pictures with the same rule; the ffmpeg program decoding every picture and judging nothing;
and PyAV's own client opening, taking one key picture and judging it.

    python benchmarks/bench_probe.py [--checks 120] [--sizes 1080p 720p]

One JSON line per picture size; the last one (720p) is the one with the budget.
"""

import argparse
import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import camera_field
from camera_field import Cpu

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "src")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "satukota.project.settings")
os.environ["SATUKOTA_SAMPLE"] = "1"

SIZES = {"1080p": (1920, 1080, 4000), "720p": (1280, 720, 1500)}
CAMERAS = 6
BUDGET, FULL_DECODE_RATIO = 60.0, 10.0
NOON = 12


async def our_checks(urls: list[str], checks: int) -> tuple[float, dict[str, Any]]:
    """(CPU seconds per check, what was seen). References are accepted from the first look, memories carried on."""
    from satukota.work.cameras import looking
    from satukota.work.cameras.camera_memory import CameraMemory
    from satukota.work.cameras.eye import Eyes

    eyes, cpu = Eyes(1), Cpu()
    noon_lon = 180 - time.time() % 86_400 / 240  # where it is day now: a reference is taken and met in the same light
    briefs = [looking.Brief(number, url, lon=noon_lon, lat=0.0) for number, url in enumerate(urls)]
    causes: dict[str, int] = {}

    async def check(number: int) -> None:
        look = await looking.look_at(briefs[number], eyes)
        causes[f"{look.verdict} {look.cause}".strip()] = causes.get(f"{look.verdict} {look.cause}".strip(), 0) + 1
        references = briefs[number].references or ((f"accepted {number}", accepted(look.picture or b"")),)
        if look.kept.learned is not None:  # once in ten minutes
            references = (*references[:1], (f"learned {number}", look.kept.learned.content))
        memory = CameraMemory.from_bytes(look.memory)
        briefs[number] = looking.replace(briefs[number], memory=memory, references=references)

    for _ in range(3):
        await asyncio.gather(*(check(number) for number in range(len(urls))))
    causes.clear()
    cpu.start(eyes.pids)
    for _ in range(checks // len(urls)):
        await asyncio.gather(*(check(number) for number in range(len(urls))))
    spent = cpu.spent(eyes.pids) / (checks // len(urls) * len(urls))
    eyes.close()
    return spent, {"verdicts": causes}


def accepted(jpeg: bytes) -> bytes:
    """A reference out of a shown picture, as an operator's acceptance makes one."""
    from satukota.base import clock
    from satukota.work.cameras.reference_actions import reference_of

    now = clock.now()
    return reference_of(jpeg, now.timestamp() - 3600, clock.local(now).hour, is_day=True).to_bytes()


def pyav_full(url: str, seconds: float) -> float:
    """CPU seconds to open, decode every picture for that long, and judge the key pictures by the same rule."""
    import av

    from satukota.rules.picture_truth import Memory, Reference, Sight, judge
    from satukota.work.cameras.eye.decoding import Shrinker

    cpu = Cpu()
    cpu.start([])
    memory, references = Memory.empty(), []
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=(5, 5)) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "NONE", 1
        started = time.monotonic()
        for packet in container.demux(stream):
            for frame in packet.decode():
                if frame.key_frame:
                    shown = Shrinker().small(frame, 640)
                    sha = hashlib.sha256(bytes(packet)).digest()[:16]
                    sight = Sight(shown.gray, shown.chroma, sha, time.time(), NOON, is_day=True)
                    memory = judge(sight, references, memory).memory
                    references = references or [Reference.from_sight(sight, accepted=True)]
                    shown.jpeg()
            if time.monotonic() - started > seconds:
                break
    return cpu.spent([])


def pyav_one(url: str) -> float:
    """CPU seconds of a check by PyAV's own client: open, first key picture, the same rule, close."""
    import av

    from satukota.rules.picture_truth import Memory, Sight, judge
    from satukota.work.cameras.eye.decoding import Shrinker

    cpu = Cpu()
    cpu.start([])
    options = {"rtsp_transport": "tcp", "analyzeduration": "0", "probesize": "100000", "fpsprobesize": "0"}
    with av.open(url, options=options, timeout=(5, 5)) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "NONE", 1
        stream.codec_context.skip_frame = "NONKEY"
        for packet in container.demux(stream):
            if packet.size and packet.is_keyframe and (frames := packet.decode() or stream.decode(None)):
                shown = Shrinker().small(frames[0], 640)
                sight = Sight(shown.gray, shown.chroma, bytes(16), time.time(), NOON, is_day=True)
                judge(sight, [], Memory.empty())
                shown.jpeg()
                break
    return cpu.spent([])


def ffmpeg_full(url: str, seconds: float) -> float | None:
    if shutil.which("ffmpeg") is None:
        return None
    cpu = Cpu()
    cpu.start([])
    subprocess.run(
        ["ffmpeg", "-v", "error", "-threads", "1", "-rtsp_transport", "tcp", "-i", url, "-t", str(seconds),
         "-f", "null", "-"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return cpu.spent([])


def run(name: str, folder: Path, checks: int) -> dict[str, Any]:
    from satukota.work.cameras.looking import HOLD_S

    width, height, kbit_s = SIZES[name]
    film = folder / f"{name}.mp4"
    camera_field.code_film(film, width, height, kbit_s)
    rows = [
        {"code": f"B-{n}", "name": "Contoh", "seed": n, "size": [width, height], "fps": 15, "video": str(film)}
        for n in range(CAMERAS)
    ]
    with camera_field.field(folder, rows) as found:
        urls = list(found.values())
        camera_field.settle()
        ours, told = asyncio.run(our_checks(urls, checks))
        pyav = sum(pyav_full(url, HOLD_S) for url in urls[:4]) / 4
        pyav_open = sum(pyav_one(url) for url in urls) / len(urls)
        ffmpeg = [spent for url in urls[:4] if (spent := ffmpeg_full(url, HOLD_S)) is not None]
    peer = 1 / pyav
    is_judged = name == "720p"
    return {
        "name": "probe" if is_judged else f"probe {name}", "ours": round(1 / ours, 1), "peer": round(peer, 1),
        "peer_name": "PyAV full decode, same measures", "ratio": round(pyav / ours, 1),
        "unit": f"checks per core-second, {name} over RTSP", "budget": BUDGET if is_judged else None,
        "ok": not is_judged or (1 / ours >= BUDGET and pyav / ours >= FULL_DECODE_RATIO),
        "ffmpeg_full_decode": round(len(ffmpeg) / sum(ffmpeg), 1) if ffmpeg else None,
        "ratio_to_ffmpeg": round(sum(ffmpeg) / len(ffmpeg) / ours, 1) if ffmpeg else None,
        "pyav_open_one_picture": round(1 / pyav_open, 1), "ratio_to_pyav_open": round(pyav_open / ours, 1),
        "ms_cpu_per_check": round(1000 * ours, 1), "kbit_s": kbit_s, "key_kb": key_kb(film), **told,
    }  # fmt: skip


def key_kb(film: Path) -> float:
    """Mean size of the key pictures: what decoding costs hangs on it more than on the number of pixels."""
    import av

    with av.open(str(film)) as container:
        sizes = [packet.size for packet in container.demux(video=0) if packet.is_keyframe]
    return round(sum(sizes) / len(sizes) / 1000, 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checks", type=int, default=120)
    parser.add_argument("--sizes", nargs="*", choices=SIZES, default=list(SIZES))
    asked = parser.parse_args()
    if not camera_field.FILM.exists():
        print(json.dumps({"name": "probe", "ok": False, "budget": f"{BUDGET}: no film beside the checkout"}))
        sys.exit(1)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SATUKOTA_VAR"] = folder
        import django

        django.setup()
        results = [run(name, Path(folder), asked.checks) for name in asked.sizes]
    for result in results:
        print(json.dumps(result))
    sys.exit(0 if all(result["ok"] for result in results) else 1)
