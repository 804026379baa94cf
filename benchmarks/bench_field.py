"""The field simulator under readers: processor, memory and evenness of 66 and 300 streams.

Each reader is a plain socket that plays one camera and throws the bytes away, so that the readers cost little and the
server is what is measured. All readers live in one process of their own. Peer: ffmpeg, one process per stream as it
is commonly used to simulate cameras (`ffmpeg -re -stream_loop -1 -c copy`), writing the same pictures to a local TCP
reader; ffmpeg is no RTSP server, so the peer does less than we do.

Run: python benchmarks/bench_field.py [--cameras 300] [--seconds 20]. Ends with one JSON line.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
from camera_field import wait_until_ready

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from satukota_field.control import FieldControl  # noqa: E402  (the path above comes first)

BUDGET_SHARE = 0.15  # of one core for 300 readers of 720p
PEER_STREAMS = 8


def read_streams(urls: list[str], seconds: float, answer: Connection) -> None:
    """Play every URL for a while; send the pictures per second of each and the largest gap in seconds."""
    chosen = selectors.DefaultSelector()
    markers: dict[str, list[float]] = {}
    for url in urls:
        line = _playing(url)
        line.setblocking(False)
        chosen.register(line, selectors.EVENT_READ, (url, bytearray()))
    for span in (3.0, seconds):  # first until every group of pictures has begun, then measured
        answer.send("playing")
        markers = {url: [] for url in urls}
        end = time.monotonic() + span
        while (now := time.monotonic()) < end:
            for key, _ in chosen.select(timeout=0.2):
                url, rest = key.data
                rest += key.fileobj.recv(1 << 18)  # type: ignore[union-attr]
                markers[url] += [now] * _take_pictures(rest)
    rates = [len(times) / seconds for times in markers.values()]
    gaps = [b - a for times in markers.values() for a, b in zip(times, times[1:], strict=False)]
    answer.send((sorted(rates), max(gaps, default=seconds)))


def _take_pictures(rest: bytearray) -> int:
    """Pictures completed by the whole packets in this buffer, which are removed from it."""
    at = done = 0
    while len(rest) - at >= 4:
        length = int.from_bytes(rest[at + 2 : at + 4], "big")
        if len(rest) - at < 4 + length:
            break
        done += rest[at] == 0x24 and rest[at + 5] >> 7
        at += 4 + length
    del rest[:at]
    return done


def _playing(url: str) -> socket.socket:
    """A connection that plays; the answers to the requests are read one by one."""
    host, port = url.removeprefix("rtsp://").partition("/")[0].split(":")
    line = socket.create_connection((host, int(port)), timeout=20)
    session = ""
    for number, (method, more) in enumerate((("SETUP", "Transport: RTP/AVP/TCP;interleaved=0-1"), ("PLAY", "")), 1):
        target = f"{url}/track1" if method == "SETUP" else url
        extra = f"{more}\r\n" if more else f"Session: {session}\r\n"
        line.sendall(f"{method} {target} RTSP/1.0\r\nCSeq: {number}\r\n{extra}\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += line.recv(1)
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(f"{url}: {head[:60]!r}")
        session = head.partition(b"Session: ")[2].partition(b";")[0].partition(b"\r")[0].decode()
    return line


def write_scenario(path: Path, cameras: int, size: tuple[int, int], fps: int) -> None:
    rows = [f"loop_s = 22\n[usual]\nsize = [{size[0]}, {size[1]}]\nfps = {fps}\n"]
    for k in range(cameras):
        rows.append(
            f'[[cameras]]\ncode = "B-{k}"\nlink = "L{k % 10}"\npower = "G"\nseed = {k % 6 + 1}\nname = "S{k % 6}"'
        )
    path.write_text("\n".join(rows))


@contextmanager
def running(scenario: Path, cache: Path) -> Iterator[tuple[psutil.Process, FieldControl]]:
    command = [sys.executable, "-m", "satukota_field", "--scenario", str(scenario), "--free-ports", "--light", "day"]
    server = subprocess.Popen(
        [*command, "--cache", str(cache)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert server.stdout
    try:
        control = FieldControl(int(server.stdout.readline().split()[-1]))
        wait_until_ready(server.stdout)
        yield psutil.Process(server.pid), control
    finally:
        server.terminate()
        server.wait(10)


def measure(cameras: int, size: tuple[int, int], fps: int, seconds: float, folder: Path) -> dict[str, float]:
    """Processor share of one core, resident megabytes and evenness of the server with one reader per camera."""
    scenario = folder / "scenario.toml"
    write_scenario(scenario, cameras, size, fps)
    with running(scenario, folder / "cache") as (server, control):
        urls = [camera["url"] for camera in control.status()["cameras"]]
        ours, theirs = get_context("spawn").Pipe()
        reader = get_context("spawn").Process(target=read_streams, args=(urls, seconds, theirs))
        reader.start()
        assert [ours.recv(), ours.recv()] == ["playing"] * 2
        before, started = server.cpu_times(), time.monotonic()
        rates, gap = ours.recv()
        after, took = server.cpu_times(), time.monotonic() - started
        reader.join()
        spent = after.user + after.system - before.user - before.system
        return {
            "cameras": cameras, "width": size[0], "fps": fps, "share_of_a_core": round(spent / took, 4),
            "rss_mb": round(server.memory_info().rss / 1e6, 1), "fps_lowest": round(rates[0], 2),
            "fps_median": round(rates[len(rates) // 2], 2), "longest_gap_s": round(gap, 3),
        }  # fmt: skip


def measure_peer(size: tuple[int, int], fps: int, seconds: float, folder: Path) -> float | None:
    """Processor share of one core per stream when ffmpeg sends the film; None without ffmpeg."""
    if not shutil.which("ffmpeg"):
        return None
    film = folder / "film.mp4"
    source = f"testsrc2=size={size[0]}x{size[1]}:rate={fps}:duration=22"
    make = ["-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "ultrafast", "-g", str(fps * 2), "-bf", "0"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *make, "-b:v", "1M", str(film)], check=True)
    senders, sinks = [], []
    for _ in range(PEER_STREAMS):
        listener = socket.create_server(("127.0.0.1", 0))
        target = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        play = ["-re", "-stream_loop", "-1", "-i", str(film), "-c", "copy", "-f", "mpegts", target]
        senders.append(subprocess.Popen(["ffmpeg", "-v", "error", *play]))
        sinks.append(listener.accept()[0])
    try:
        processes = [psutil.Process(sender.pid) for sender in senders]
        time.sleep(3)
        before = sum(sum(p.cpu_times()[:2]) for p in processes)
        _drain(sinks, seconds)
        return (sum(sum(p.cpu_times()[:2]) for p in processes) - before) / seconds / PEER_STREAMS
    finally:
        for sender in senders:
            sender.kill()
            sender.wait()


def _drain(sinks: list[socket.socket], seconds: float) -> None:
    chosen = selectors.DefaultSelector()
    for sink in sinks:
        chosen.register(sink, selectors.EVENT_READ)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for key, _ in chosen.select(timeout=0.2):
            key.fileobj.recv(1 << 18)  # type: ignore[union-attr]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        usual = measure(66, (640, 360), 10, options.seconds, folder)
        print(json.dumps(usual))
        large = measure(options.cameras, (1280, 720), 15, options.seconds, folder)
        print(json.dumps(large))
        peer = measure_peer((1280, 720), 15, min(10.0, options.seconds), folder)
    ours = large["share_of_a_core"] / options.cameras * 1000
    theirs = None if peer is None else peer * 1000
    ok = large["share_of_a_core"] <= BUDGET_SHARE and large["fps_lowest"] > 14.5 and usual["fps_lowest"] > 9.5
    print(json.dumps({
        "name": f"field: {options.cameras} readers of 720p", "ours": round(ours, 3),
        "peer": None if theirs is None else round(theirs, 3), "peer_name": "ffmpeg -re -c copy, a process per stream",
        "ratio": None if theirs is None else round(theirs / ours, 1), "unit": "milli-cores per stream",
        "budget": BUDGET_SHARE / 300 * 1000, "ok": ok,
    }))  # fmt: skip
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
