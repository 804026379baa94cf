"""Live pictures: how far behind reality the glass is, what a stream costs, how soon the first picture comes.

Ours: the hub as a process of its own (`satukota.work.cameras.live`), pulling 720p streams of the field simulator; the
glass is a real Chromium playing them with our own player, which reads a frame number burnt into the picture as bars.
A frame's age is counted from its arrival at a second, direct reader of the same camera, on the same clock.
Peer: libavformat's HLS muxer (ffmpeg -c copy, 2 s segments) of the same stream. Its figure is the least any player can
reach: the moment a segment is named in the playlist, minus the arrival of its first frame; a real player adds to it.

    python benchmarks/bench_live.py [--seconds 12] [--cameras 16] [--watchers 50]
"""

import argparse
import asyncio
import http.server
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "src" / "satukota" / "work" / "cameras" / "static" / "cameras"
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
BUDGET_MS, BUDGET_CPU, BUDGET_FIRST_MS = 250.0, 1.0, 500.0
WIDTH, HEIGHT, FPS, GOP_S, LOOP_S = 1280, 720, 15, 2, 22
BITS, CELL = 12, 64
TOKEN = "bench"

HUB = """
import django
django.setup()
import uvicorn
from satukota.work.cameras.live import service
from satukota.work.cameras.live.actions import Entry
from satukota.work.cameras.live.gate import Guest
from satukota.work.cameras.live.upstream import Source
from satukota.work.cameras.live.wire import LiveProtocol

class Open:
    count = 0
    async def begin(self): pass
    async def close(self): pass
    async def seen(self, ids): pass
    async def left(self, watch_id, why): pass
    async def login_refused(self, source): pass
    async def may_stay(self, guests): return set(guests)
    async def source(self, camera_id, stream): return Source(camera_id, URLS[camera_id])
    async def let_in(self, cookies, ticket):
        Open.count += 1
        return Guest(Entry(Open.count, int(ticket), 1, "main"), "", 1, None)

service.inner_token = lambda: TOKEN
app = service.application(service.Hub(Open(), idle_s=3600), ORIGINS)
uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="error", ws=LiveProtocol, ws_per_message_deflate=False)
"""
WATCHERS = """
import asyncio, base64, json, os, time
from pathlib import Path
counted = [0]
class Screen(asyncio.Protocol):  # reads and counts, nothing else: the hub is what is measured
    def __init__(self, camera): self.camera, self.open = camera, False
    def connection_made(self, transport):
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write((f"GET /langsung HTTP/1.1\\r\\nHost: 127.0.0.1:{PORT}\\r\\nUpgrade: websocket\\r\\n"
            f"Connection: Upgrade\\r\\nSec-WebSocket-Key: {key}\\r\\nSec-WebSocket-Version: 13\\r\\n"
            f"Origin: {ORIGIN}\\r\\n\\r\\n").encode())
    def data_received(self, data):
        counted[0] += len(data)
        if not self.open:
            self.open = True
            hello = json.dumps({"ticket": str(self.camera), "hevc": False}).encode()
            self.transport.write(bytes([0x81, 0x80 | len(hello)]) + bytes(4) + hello)
async def main():
    loop = asyncio.get_running_loop()
    for camera in CAMERAS:
        for _ in range(EACH):
            await loop.create_connection(lambda: Screen(camera), "127.0.0.1", PORT)
            await asyncio.sleep(0.005)
    while True:
        Path(COUNT).write_text(f"{time.monotonic()} {counted[0]}")
        await asyncio.sleep(0.25)
asyncio.run(main())
"""
HLS = """
import av, sys
with av.open(URL, options={"rtsp_transport": "tcp"}, timeout=(5, 5)) as source:
    video = source.streams.video[0]
    with av.open(OUT, "w", format="hls", options={"hls_time": "2", "hls_list_size": "6", "hls_segment_type": "fmp4",
                                                  "hls_flags": "delete_segments+independent_segments"}) as out:
        copied = out.add_stream_from_template(video)
        for packet in source.demux(video):
            if packet.dts is not None:
                packet.stream = copied
                out.mux(packet)
"""
PAGE = """<!doctype html><meta charset="utf-8"><body hx-headers='{}'><div id="stage"></div>
<script type="module" src="/bench.js"></script>"""
BENCH_JS = """
import { Link } from "/cameras/live-link.js";
const small = new OffscreenCanvas(BITS, 1).getContext("2d", { willReadFrequently: true });
const start = performance.now();
window.seen = []; window.first = null; let last = -1;
const link = window.live = new Link({ ask: "/ask", stage: document.getElementById("stage") });
function look() {
  const picture = link.player?.element, wide = picture?.videoWidth || picture?.width || 0;
  if (wide && link.player.shown) {
    small.drawImage(picture, 0, 0, CELL * BITS, CELL, 0, 0, BITS, 1);
    const { data } = small.getImageData(0, 0, BITS, 1);
    let number = 0;
    for (let bit = 0; bit < BITS; bit++) if (data[bit * 4] > 128) number |= 1 << bit;
    if (number !== last) {
      last = number;
      window.first ??= performance.now() - start;
      window.seen.push([number, Date.now() / 1000, link.age]);
    }
  }
  requestAnimationFrame(look);
}
look();
"""


def film(path: Path) -> None:
    """LOOP_S of a moving street-like picture with the frame number as bars, encoded as cameras do."""
    import av
    import numpy as np

    rng = np.random.default_rng(1)
    ground = np.kron(rng.integers(40, 200, (HEIGHT // 16, WIDTH // 16, 3), np.uint8), np.ones((16, 16, 1), np.uint8))
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", 1_500_000
        stream.codec_context.gop_size, stream.codec_context.max_b_frames = FPS * GOP_S, 0
        stream.time_base = Fraction(1, FPS)
        stream.options = {"preset": "veryfast", "tune": "zerolatency", "profile": "main",
                          "x264-params": f"keyint={FPS * GOP_S}:min-keyint={FPS * GOP_S}:scenecut=0"}  # fmt: skip
        for number in range(FPS * LOOP_S):
            picture = np.roll(ground, number * 4, axis=1)
            for bit in range(BITS):
                picture[:CELL, bit * CELL : (bit + 1) * CELL] = 235 if number >> bit & 1 else 16
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


class Direct:
    """A second reader of one camera: when did frame n arrive? Newest arrival counts: the film loops."""

    def __init__(self, url: str) -> None:
        self.arrived: dict[int, float] = {}
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._read()), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)

    async def _read(self) -> None:
        import av

        from satukota.work.cameras import rtsp
        from satukota.work.cameras.rtsp import nal

        decoder: Any = av.CodecContext.create("h264", "r")

        def take(track: Any, unit: Any) -> None:
            at = time.time()
            packet = av.Packet(nal.annex_b([*unit.sets, *unit.slices]))
            for frame in decoder.decode(packet):
                self.arrived[number_in(frame.to_ndarray(format="gray"))] = at

        decoder.flags |= 1 << 19  # low delay: a frame comes out as soon as it is in
        async with rtsp.watching(self._url, resolve=rtsp.resolve_anywhere, on_unit=take):
            while not self._stop.is_set():
                await asyncio.sleep(0.1)


def number_in(gray: Any) -> int:
    return sum(1 << bit for bit in range(BITS) if gray[CELL // 2, bit * CELL + CELL // 2] > 128)


@contextmanager
def process(code: str, **names: Any) -> Iterator[subprocess.Popen[bytes]]:
    head = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    running = subprocess.Popen([sys.executable, "-c", head + code], env=os.environ)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(10)


@contextmanager
def hub(urls: list[str], port: int, origins: list[str]) -> Iterator[None]:
    names = {"PORT": port, "URLS": urls, "ORIGINS": origins, "TOKEN": TOKEN}
    with process(HUB, **names):
        until(lambda: status(port) is not None, 30)
        yield


def is_live(port: int) -> bool:
    streams = (status(port) or {"streams": {}})["streams"].values()
    return bool(streams) and all(one["state"] == "live" for one in streams)


def spent_s(port: int) -> float:
    """CPU of the hub so far; asked until it has the time to say."""
    while (told := status(port)) is None:
        time.sleep(0.1)
    return float(told["cpu_s"])


def watching(port: int) -> int:
    """-1 while the hub is too busy to say."""
    return (status(port) or {"watchers": -1})["watchers"]


def status(port: int) -> dict[str, Any] | None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/keadaan", headers={"X-Satukota-Live": TOKEN})
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:
            return json.load(answer)
    except OSError:
        return None


def until(true: Any, longest_s: float) -> None:
    ends = time.monotonic() + longest_s
    while not true():
        if time.monotonic() > ends:
            raise TimeoutError("the hub or the field did not come up")
        time.sleep(0.1)


def cost(port: int, cameras: int, watchers: int, seconds: float, folder: Path) -> tuple[float, float]:
    """Share of a core per stream, percent, with so many watchers of each; and how much of it reached them, percent."""
    count = folder / "count"
    names = {"PORT": port, "ORIGIN": "http://127.0.0.1", "CAMERAS": list(range(cameras)), "EACH": watchers,
             "COUNT": str(count)}  # fmt: skip
    with process(WATCHERS, **names):
        until(lambda: watching(port) >= cameras * watchers, 90)
        until(lambda: is_live(port), 30)
        time.sleep(2)
        before, began, reached = spent_s(port), time.monotonic(), counted(count)
        time.sleep(seconds)
        spent, took = spent_s(port) - before, time.monotonic() - began
        at, so_far = counted(count)
        share = (so_far - reached[1]) / (at - reached[0]) / (cameras * watchers) / bytes_a_second(folder)
    until(lambda: watching(port) == 0, 30)
    return 100 * spent / took / cameras, 100 * share


def counted(path: Path) -> tuple[float, int]:
    """(moment, bytes all watchers have got)"""
    until(lambda: path.exists() and " " in path.read_text(), 90)
    at, got = path.read_text().split()
    return float(at), int(got)


def bytes_a_second(folder: Path) -> float:
    """Of the film; what is sent has heads beside it, so a little over all of it is all of it."""
    return (folder / "film.mp4").stat().st_size / LOOP_S


@contextmanager
def pages(port_of_hub: int) -> Iterator[int]:
    """Our own player's scripts and a page around them."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.partition("?")[0]
            if name == "/":
                self._say(PAGE.encode(), "text/html")
            elif name == "/bench.js":
                self._say(BENCH_JS.replace("BITS", str(BITS)).replace("CELL", str(CELL)).encode(), "text/javascript")
            elif re.fullmatch(r"/cameras/[a-z-]+\.js", name):
                self._say((SCRIPTS / name[9:]).read_bytes(), "text/javascript")
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            told = {"url": f"ws://127.0.0.1:{port_of_hub}", "ticket": "0"}
            self._say(json.dumps(told).encode(), "application/json")

        def _say(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


def glass(page_port: int, direct: Direct, seconds: float, *, codecs: bool) -> dict[str, float]:
    """Median and p95 of how far behind the picture on the screen is, ms; the first picture, ms."""
    from playwright.sync_api import sync_playwright

    from scripts.chromium import bring_chromium

    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(bring_chromium()), args=flags)
        page = browser.new_page()
        if not codecs:
            page.add_init_script("delete window.VideoDecoder")  # as a page without HTTPS
        page.goto(f"http://127.0.0.1:{page_port}/")
        page.wait_for_function("window.seen?.length > 3", timeout=20_000)
        first = page.evaluate("window.first")
        page.wait_for_timeout(3000)  # catching up is over
        page.evaluate("window.seen.length = 0")
        page.wait_for_timeout(seconds * 1000)
        seen = page.evaluate("window.seen")
        browser.close()
    late = sorted(1000 * (at - direct.arrived[number]) for number, at, _ in seen if number in direct.arrived)
    late = [one for one in late if 0 <= one < 1000 * LOOP_S / 2]
    wrong_age = [abs(age - (at - direct.arrived[n])) for n, at, age in seen if n in direct.arrived and age is not None]
    return {"median": statistics.median(late), "p95": late[int(0.95 * len(late))], "first": first,
            "age_off_ms": 1000 * statistics.median(wrong_age), "frames": len(late)}  # fmt: skip


def hls(url: str, direct: Direct, folder: Path, seconds: float) -> tuple[float, float]:
    """(least possible ms behind, percent of a core) of the peer."""
    playlist, behind, known = folder / "live.m3u8", list[float](), set[str]()
    with process(HLS, URL=url, OUT=str(playlist)) as running:
        ends = time.monotonic() + seconds + 8
        while time.monotonic() < ends:
            time.sleep(0.02)
            named = set(re.findall(r"^(\S+\.m4s)$", playlist.read_text(), re.M)) if playlist.exists() else set()
            for segment in named - known:
                known.add(segment)
                if (number := first_number(folder, segment)) in direct.arrived:
                    behind.append(1000 * (time.time() - direct.arrived[number]))
        spent = cpu_of(running.pid)
    return statistics.median(behind), 100 * spent / (seconds + 8)


def first_number(folder: Path, segment: str) -> int:
    import io

    import av

    content = (folder / "init.mp4").read_bytes() + (folder / segment).read_bytes()
    with av.open(io.BytesIO(content)) as film_part:
        return number_in(next(film_part.decode(video=0)).to_ndarray(format="gray"))


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--cameras", type=int, default=16)
    parser.add_argument("--watchers", type=int, default=50)
    asked = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "PYTHONPATH": str(ROOT / "src"), "DJANGO_SETTINGS_MODULE": "satukota.project.settings",
            "SATUKOTA_VAR": folder, "SATUKOTA_SAMPLE": "1",
        }  # fmt: skip
        result = measured(Path(folder), asked)
    print(json.dumps(result))
    return 0 if result["ok"] else 1


def measured(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    from satukota.project.supervisor import is_free
    from satukota_field.running import run_in_thread
    from satukota_field.scenario import CameraSpec, Scenario

    film(folder / "film.mp4")
    specs = tuple(
        CameraSpec(
            f"B-{k}", "L", "P", 1, "", WIDTH, HEIGHT, FPS, GOP_S, video=str(folder / "film.mp4"), max_sessions=99
        )
        for k in range(asked.cameras)
    )
    port = next(port for port in range(18_900, 19_000) if is_free(port))
    with (
        run_in_thread(Scenario(specs, loop_s=LOOP_S), cache=folder / "clips", light="day") as field,
        pages(port) as page_port,
    ):
        urls = [field.url(spec.code) for spec in specs]
        direct = Direct(urls[0])
        costs: dict[str, tuple[float, float]] = {}
        with hub(urls, port, ["http://127.0.0.1", f"http://127.0.0.1:{page_port}"]):
            for cameras, watchers in ((1, 1), (1, asked.watchers), (asked.cameras, 1), (asked.cameras, asked.watchers)):
                costs[f"{cameras} cameras, {watchers} watchers each"] = cost(
                    port, cameras, watchers, asked.seconds, folder
                )
        with (
            hub(urls, port, ["http://127.0.0.1", f"http://127.0.0.1:{page_port}"]),
            process(WATCHERS, PORT=port, ORIGIN="http://127.0.0.1", CAMERAS=[0], EACH=1, COUNT=str(folder / "one")),
        ):
            until(lambda: is_live(port), 30)
            frames = glass(page_port, direct, asked.seconds, codecs=True)
            source = glass(page_port, direct, asked.seconds, codecs=False)
        peer_ms, peer_cpu = hls(urls[0], direct, folder, asked.seconds)
        direct.close()
    for name, (share, reached) in costs.items():
        print(f"{name}: {share:.2f} % of a core per stream, {min(reached, 100):.0f} % of the pictures reached them")
    for name, told in (("WebCodecs", frames), ("Media Source", source)):
        print(f"{name}: " + ", ".join(f"{key} {value:.0f}" for key, value in told.items()))
    print(f"HLS: at least {peer_ms:.0f} ms behind, {peer_cpu:.2f} % of a core per stream")
    alone, _ = costs[f"{asked.cameras} cameras, 1 watchers each"]
    worst = max(frames["median"], source["median"])
    first = max(frames["first"], source["first"])
    ok = worst <= BUDGET_MS and alone <= BUDGET_CPU and first <= BUDGET_FIRST_MS
    return {
        "name": "live", "ours": round(worst, 1), "peer": round(peer_ms, 1), "peer_name": "ffmpeg HLS, 2 s segments",
        "ratio": round(peer_ms / worst, 2), "unit": "ms behind reality on the glass",
        "budget": f"<= {BUDGET_MS:.0f} ms; first picture <= {BUDGET_FIRST_MS:.0f} ms; <= {BUDGET_CPU:g} % of a core",
        "cpu_percent": round(alone, 2), "first_ms": round(first, 1), "ok": ok,
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
