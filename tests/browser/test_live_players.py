"""Every coding a camera may send is seen in a real browser: by WebCodecs, Media Source, stills, recoded, or HLS."""

import asyncio
import http.server
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import uvicorn
from playwright.sync_api import BrowserContext, Page

from satukota.work.cameras.live.actions import Entry
from satukota.work.cameras.live.gate import Guest
from satukota.work.cameras.live.service import Hub, application
from satukota.work.cameras.live.upstream import Source
from satukota.work.cameras.live.wire import LiveProtocol
from satukota.work.cameras.tests import rtsp_double as double
from satukota.work.cameras.tests.test_live_wire import OpenGate

pytestmark = pytest.mark.journey
SCRIPTS = Path(__file__).resolve().parents[2] / "src" / "satukota" / "work" / "cameras" / "static" / "cameras"
CODECS = ("h264", "hevc", "jpeg", "hevc")  # by ticket; the second H.265 is one more than may be recoded
OLD_PHONE = "delete window.VideoDecoder; delete window.MediaSource; delete window.ManagedMediaSource;"
PAGE = """<!doctype html><html lang="id"><meta charset="utf-8"><body hx-headers='{}'>
<figure><div id="stage" style="width:640px;height:360px"></div></figure><script type="module">
import { Link } from "/cameras/live-link.js"; import { toldOf } from "/cameras/live-words.js";
window.toldOf = toldOf;
window.live = new Link({ ask: "/tiket" + location.search, stage: document.getElementById("stage") });
</script>"""
LIGHT = """() => { const one = document.querySelector("#stage > canvas, #stage > video"); if (!one) return null;
const small = new OffscreenCanvas(64, 36).getContext("2d"); small.drawImage(one, 0, 0, 64, 36);
const { data } = small.getImageData(0, 0, 64, 36); let least = 255, most = 0;
for (let k = 0; k < data.length; k += 4) { least = Math.min(least, data[k]); most = Math.max(most, data[k]); }
return most - least; }"""


class ManyGate(OpenGate):
    """The ticket is the camera."""

    def __init__(self, urls: list[str]) -> None:
        super().__init__("")
        self.urls, self.count = urls, 0

    async def source(self, camera_id: int, stream: str) -> Source:
        return Source(camera_id, self.urls[camera_id])

    async def let_in(self, cookies: str, ticket: str) -> Guest | None:
        self.count += 1
        return Guest(Entry(self.count, int(ticket), 1, "main"), cookies, 1, None)


class Pages(http.server.BaseHTTPRequestHandler):
    hub_port = 0

    def do_GET(self) -> None:
        name = self.path.partition("?")[0]
        if name.startswith("/cameras/live-"):
            self.answer((SCRIPTS / name[9:]).read_bytes(), "text/javascript")
        else:
            self.answer(PAGE.encode(), "text/html")

    def do_POST(self) -> None:
        told = {"url": f"ws://127.0.0.1:{self.hub_port}", "ticket": self.path.partition("?")[2]}
        self.answer(json.dumps(told).encode(), "application/json")

    def answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@contextmanager
def in_thread(origin: str) -> Iterator[tuple[Hub, int]]:
    """Cameras and the hub in a loop of their own; the hub with its port."""
    door = socket.create_server(("127.0.0.1", 0))
    ready, found = threading.Event(), list[Any]()

    async def run() -> None:
        async with AsyncExitStack() as stack:
            cameras = [
                await stack.enter_async_context(
                    double.camera(codec=codec, units=double.clip(codec, 640, 360, 30, 15), fps=15)
                )
                for codec in CODECS
            ]
            hub = Hub(ManyGate([camera.url for camera in cameras]), recodes=1, idle_s=0.2)  # type: ignore[arg-type]
            config = uvicorn.Config(application(hub, [origin]), ws=LiveProtocol, log_level="error", lifespan="on")
            server = uvicorn.Server(config)
            server.install_signal_handlers = lambda: None  # type: ignore[attr-defined,method-assign]
            found[:] = [hub, server]
            ready.set()
            await server.serve(sockets=[door])

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(60)
    try:
        yield found[0], door.getsockname()[1]
    finally:
        found[1].should_exit = True
        thread.join(15)


@pytest.fixture
def hall(settings: Any) -> Iterator[tuple[str, Hub]]:
    settings.SAMPLE = True
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with in_thread(address) as (hub, port):
            Pages.hub_port = port
            yield address, hub
    finally:
        server.shutdown()


@pytest.fixture
def opened(hall: tuple[str, Hub], new_context: Callable[..., BrowserContext]) -> Callable[..., Page]:
    def open_one(ticket: int, without: str = "") -> Page:
        page = new_context().new_page()
        if without:
            page.add_init_script(without)
        page.goto(f"{hall[0]}/?{ticket}")
        return page

    return open_one


def state(page: Page) -> str:
    return page.evaluate("toldOf(live).state")


def is_seen(page: Page, kind: str, wanted: str = "live") -> None:
    page.wait_for_function(f"window.live?.player?.constructor.name === '{kind}' && live.player.shown", timeout=30_000)
    page.wait_for_function(f"toldOf(live).state === '{wanted}'", timeout=15_000)
    if wanted == "live":  # HLS comes from another origin, and what it painted is not given away
        page.wait_for_function(f"({LIGHT})() > 40", timeout=10_000)


def test_h264_by_webcodecs_or_media_source_and_stills_as_they_are(opened: Callable[..., Page]):
    for ticket, without, kind in (
        (0, "", "FramePlayer"),
        (0, "delete window.VideoDecoder", "SourcePlayer"),
        (2, "", "StillPlayer"),
        (2, OLD_PHONE, "StillPlayer"),
    ):
        page = opened(ticket, without)
        is_seen(page, kind)
        assert page.evaluate("live.age") < 2


def test_h265_is_recoded_for_this_browser_within_the_limit_and_both_are_said(opened: Callable[..., Page]):
    page = opened(1)
    if page.evaluate("MediaSource.isTypeSupported('video/mp4; codecs=\"hvc1.1.6.L93.B0\"')"):
        pytest.skip("this browser plays H.265")
    is_seen(page, "FramePlayer")
    assert page.evaluate("toldOf(live).text").endswith("H.265 diubah")
    assert page.evaluate("live.recoded") is True and page.evaluate("live.facts.codec").startswith("avc1")
    other = opened(3)
    other.wait_for_function("live.state === 'unplayable'", timeout=15_000)
    assert "jatah pengubahan format sedang penuh" in other.evaluate("toldOf(live).text")


def test_a_browser_without_both_chooses_hls_by_itself_and_says_how_late_it_is(
    opened: Callable[..., Page], hall: tuple[str, Hub]
):
    page = opened(0, OLD_PHONE)
    if not page.evaluate("document.createElement('video').canPlayType('application/vnd.apple.mpegurl')"):
        pytest.skip("this browser cannot play HLS")
    is_seen(page, "ListPlayer", "delayed")
    shot = np.frombuffer(page.locator("#stage").screenshot(), np.uint8)
    assert cv2.imdecode(shot, cv2.IMREAD_GRAYSCALE).std() > 20
    age, text = page.evaluate("[live.age, toldOf(live).text]")
    assert 0 < age < 12 and text.startswith("TERTUNDA")
    at = page.evaluate("live.player.element.currentTime")
    page.wait_for_function(f"live.player.element.currentTime > {at} + 2", timeout=15_000)
    upstream = next(iter(hall[1].upstreams.values()))
    assert upstream.pulls == 1
    page.close()
