"""Live pictures: how far behind reality the glass is, what a stream costs, how soon the first picture comes.

Ours: the hub as a process of its own (`satukota.work.cameras.live`), pulling 720p streams of the field simulator; the
glass is a real Chromium playing them with our own player, which reads a frame number burnt into the picture as bars.
A frame's age is counted from its arrival at a second, direct reader of the same camera, on the same clock.
Peer: libavformat's HLS muxer (ffmpeg -c copy, 2 s segments) of the same stream. Its figure is the least any player can
reach: the moment a segment is named in the playlist, minus the arrival of its first frame; a real player adds to it.

    python benchmarks/bench_live.py [--seconds 12] [--cameras 16] [--watchers 50]
"""

import argparse
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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "src" / "satukota" / "work" / "cameras" / "static" / "cameras"
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from burnt_in import BITS, CELL, FPS, GOP_S, HEIGHT, LOOP_S, WIDTH, Direct, film, number_in  # noqa: E402

BUDGET_MS, BUDGET_CPU, BUDGET_FIRST_MS, BUDGET_REACHED = 250.0, 1.0, 500.0, 99.0
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
    async def buffered(self): return {}
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
class Screen(asyncio.Protocol):  # counts pictures, nothing else: the hub is what is measured
    def __init__(self, camera): self.camera, self.open, self.left, self.rest = camera, False, 0, b""
    def connection_made(self, transport):
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write((f"GET /langsung HTTP/1.1\\r\\nHost: 127.0.0.1:{PORT}\\r\\nUpgrade: websocket\\r\\n"
            f"Connection: Upgrade\\r\\nSec-WebSocket-Key: {key}\\r\\nSec-WebSocket-Version: 13\\r\\n"
            f"Origin: {ORIGIN}\\r\\n\\r\\n").encode())
    def data_received(self, data):
        if not self.open:
            self.rest += data
            if b"\\r\\n\\r\\n" not in self.rest: return
            self.open, data, self.rest = True, self.rest.partition(b"\\r\\n\\r\\n")[2], b""
            hello = json.dumps({"ticket": str(self.camera), "hevc": False}).encode()
            self.transport.write(bytes([0x81, 0x80 | len(hello)]) + bytes(4) + hello)
        if self.left >= len(data):
            self.left -= len(data)
            return
        if self.left: data = data[self.left:]
        data, self.left, at = self.rest + data, 0, 0
        while at + 11 <= len(data):  # frames from a server are not masked; the longest head and one byte
            size = data[at + 1]
            head = 2 if size < 126 else 4 if size == 126 else 10
            if size == 126: size = data[at + 2] << 8 | data[at + 3]
            elif size == 127: size = int.from_bytes(data[at + 2:at + 10], "big")
            counted[0] += data[at] == 0x82 and data[at + head] == 2
            at += head + size
        if at > len(data): self.left, self.rest = at - len(data), b""
        else: self.rest = data[at:]
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
const link = window.live = new Link({ ask: "/ask" + location.search, stage: document.getElementById("stage") });
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


@dataclass(frozen=True)
class Cost:
    """All in percent."""

    core_per_stream: float
    reached: float
    """of the pictures the hub had, with all watchers"""
    had: float
    """of the pictures the cameras should have sent, with the hub"""
    dropped: float
    """of the pictures the hub had, left out by it for watchers that did not read"""
    client_core: float
    """what reading and counting them took"""


def cost(port: int, cameras: int, watchers: int, seconds: float, folder: Path) -> Cost:
    """With so many watchers of each camera."""
    count = folder / "count"
    names = {"PORT": port, "ORIGIN": "http://127.0.0.1", "CAMERAS": list(range(cameras)), "EACH": watchers,
             "COUNT": str(count)}  # fmt: skip
    with process(WATCHERS, **names) as client:
        until(lambda: watching(port) >= cameras * watchers, 90)
        until(lambda: is_live(port), 30)
        time.sleep(2)
        before, began, reached, reading = sums(port), time.monotonic(), counted(count), cpu_of(client.pid)
        time.sleep(seconds)
        after, so_far = sums(port), counted(count)
        took, reading = time.monotonic() - began, cpu_of(client.pid) - reading
    until(lambda: watching(port) == 0, 30)
    had = after["pictures"] - before["pictures"]
    sent_s = so_far[0] - reached[0]
    return Cost(
        100 * (after["cpu_s"] - before["cpu_s"]) / took / cameras,
        100 * (so_far[1] - reached[1]) / sent_s / (had / took * watchers), 100 * had / took / FPS / cameras,
        100 * (after["dropped"] - before["dropped"]) / (had * watchers), 100 * reading / took,
    )  # fmt: skip


def sums(port: int) -> dict[str, float]:
    """CPU of the hub, pictures it had, pictures it dropped, so far; asked until it has the time to say."""
    while (told := status(port)) is None:
        time.sleep(0.1)
    streams = told["streams"].values()
    return {"cpu_s": float(told["cpu_s"])} | {
        name: sum(one[name] for one in streams) for name in ("pictures", "dropped")
    }  # fmt: skip


def counted(path: Path) -> tuple[float, int]:
    """(moment, pictures all watchers have got)"""
    until(lambda: path.exists() and " " in path.read_text(), 90)
    at, got = path.read_text().split()
    return float(at), int(got)


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
            told = {"url": f"ws://127.0.0.1:{port_of_hub}", "ticket": self.path.partition("?")[2] or "0"}
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


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    from scripts.chromium import bring_chromium

    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(bring_chromium()), args=flags)
        try:
            yield browser
        finally:
            browser.close()


def first_pictures(page_port: int, cameras: list[int]) -> list[float]:
    """From the page's first line to the first picture of a camera nobody has pulled, ms each."""
    found = []
    with chromium() as browser:
        for camera in cameras:
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{page_port}/?{camera}")
            page.wait_for_function("window.first", timeout=20_000)
            found.append(page.evaluate("window.first"))
            page.close()
    return found


def glass(page_port: int, direct: Direct, seconds: float, *, codecs: bool) -> dict[str, float]:
    """Median and p95 of how far behind the picture on the screen is, ms; the first picture, ms."""
    with chromium() as browser:
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
        costs: dict[str, Cost] = {}
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
            cold = first_pictures(page_port, list(range(1, min(asked.cameras, 6))))
            frames = glass(page_port, direct, asked.seconds, codecs=True)
            source = glass(page_port, direct, asked.seconds, codecs=False)
        peer_ms, peer_cpu = hls(urls[0], direct, folder, asked.seconds)
        direct.close()
    for name, one in costs.items():
        print(
            f"{name}: {one.core_per_stream:.2f} % of a core per stream; {one.reached:.0f} % of the pictures the hub "
            f"had reached them ({one.dropped:.0f} % dropped for slow ones); it had {one.had:.0f} % of what cameras "
            f"send; reading took {one.client_core:.0f} % of a core"
        )
    for name, told in (("WebCodecs", frames), ("Media Source", source)):
        print(f"{name}: " + ", ".join(f"{key} {value:.0f}" for key, value in told.items()))
    print(f"HLS: at least {peer_ms:.0f} ms behind, {peer_cpu:.2f} % of a core per stream")
    print(f"first picture of a camera nobody pulled: {statistics.median(cold):.0f} ms, worst {max(cold):.0f} ms")
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    alone = costs[f"{asked.cameras} cameras, 1 watchers each"].core_per_stream
    most_reached = costs[f"{asked.cameras} cameras, {asked.watchers} watchers each"].reached
    worst = max(frames["median"], source["median"])
    first = max(frames["first"], source["first"])
    ok = worst <= BUDGET_MS and alone <= BUDGET_CPU and first <= BUDGET_FIRST_MS
    ok = ok and max(cold) <= 1000 * GOP_S + BUDGET_FIRST_MS and most_reached >= BUDGET_REACHED
    return {
        "name": "live", "ours": round(worst, 1), "peer": round(peer_ms, 1), "peer_name": "ffmpeg HLS, 2 s segments",
        "ratio": round(peer_ms / worst, 2), "unit": "ms behind reality on the glass",
        "budget": f"<= {BUDGET_MS:.0f} ms; first picture <= {BUDGET_FIRST_MS:.0f} ms, {GOP_S} s more when not pulled; "
                  f"<= {BUDGET_CPU:g} % of a core; {BUDGET_REACHED:g} % of the pictures reach everybody",
        "cpu_percent": round(alone, 2), "first_ms": round(first, 1), "first_cold_ms": round(max(cold), 1),
        "reached_percent": round(most_reached, 1), "ok": ok,
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
