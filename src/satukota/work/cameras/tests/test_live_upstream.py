"""One pull for all who watch, whatever the camera does: over real RTSP with real H.264, H.265 and JPEG."""

import asyncio
import io
import json
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import av
import pytest

from satukota.work.cameras.live import still
from satukota.work.cameras.live.packing import Message
from satukota.work.cameras.live.recoding import Recoders
from satukota.work.cameras.live.upstream import Source, Upstream
from satukota.work.cameras.live.watchers import QUEUE_MESSAGES, Fanout, Watcher

from . import rtsp_double as double


@pytest.fixture(autouse=True)
def _loopback(settings: Any) -> None:
    settings.SAMPLE = True


class Screen:
    """A watcher and what it was shown."""

    def __init__(self, upstream: Upstream, **can: Any) -> None:
        self.watcher, self.upstream = Watcher(**can), upstream
        self.openings: list[dict[str, Any]] = []
        self.segments: list[bytes] = []
        self.words: list[dict[str, Any]] = []
        self.pictures = 0
        upstream.join(self.watcher)
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while (message := await self.watcher.next()) is not None:
            if not isinstance(message, Message):
                self.words.append(message)
            elif message.is_opening:
                content = message.content
                size = struct.unpack(">I", content[1:5])[0]
                self.openings.append(json.loads(content[5 : 5 + size]))
                self.segments.append(content[5 + size :])
            else:
                self.pictures += 1
                self.segments.append(message.content[18:])

    def leave(self) -> None:
        self._task.cancel()
        self.upstream.leave(self.watcher)

    def decoded(self) -> list[Any]:
        with av.open(io.BytesIO(b"".join(self.segments))) as film:
            return list(film.decode(video=0))


@asynccontextmanager
async def pulled(url: Callable[[], str], *, recodes: int = 1, **how: Any) -> AsyncIterator[Upstream]:
    refused: list[Source] = []
    sources: list[Source] = []

    async def find() -> Source:
        sources.append(Source(1, url(), "contoh", "rahasia-kamera", may_log_in=not refused))
        return sources[-1]

    async def note(source: Source) -> None:
        refused.append(source)

    upstream = Upstream(find, note, Recoders(recodes), **{"idle_s": 0.2, "stalled_s": 1.0} | how)
    upstream.refused, upstream.sources = refused, sources  # type: ignore[attr-defined]
    try:
        yield upstream
    finally:
        upstream.stop()
        await asyncio.sleep(0.05)


async def until(true: Callable[[], Any], longest_s: float = 15.0) -> None:
    async with asyncio.timeout(longest_s):
        while not true():
            await asyncio.sleep(0.02)


def test_many_watch_one_pull_and_a_newcomer_sees_a_picture_at_once():
    async def go() -> None:
        async with double.camera(fps=20) as camera, pulled(lambda: camera.url) as upstream:
            first = Screen(upstream)
            await until(lambda: first.pictures >= 15)
            others = [Screen(upstream) for _ in range(200)]
            await asyncio.sleep(0)
            await until(lambda: all(screen.pictures for screen in others), 2)
            assert all(screen.openings == first.openings for screen in others)
            assert upstream.pulls == camera.connections == 1
            frames = first.decoded()
            assert len(frames) >= 15 and (frames[0].width, frames[0].height) == (640, 360)
            assert upstream.key is not None and upstream.key.size == (640, 360)

    asyncio.run(go())


def test_nobody_looks_any_more_and_the_camera_is_let_go():
    async def go() -> None:
        async with double.camera(fps=20) as camera, pulled(lambda: camera.url) as upstream:
            screen = Screen(upstream)
            await until(lambda: screen.pictures)
            screen.leave()  # without a word
            await until(lambda: "TEARDOWN" in camera.asked)
            assert not upstream.is_running and upstream.key is None

    asyncio.run(go())


def test_a_stream_that_stalls_is_said_to_and_pulled_again():
    async def go() -> None:
        async with double.camera(fps=20) as camera, pulled(lambda: camera.url, stalled_s=0.5) as upstream:
            screen = Screen(upstream)
            await until(lambda: screen.pictures)
            camera.manners.no_data = True  # the sending ends, the connection stays
            await until(lambda: any(w.get("cause") == "stalled" for w in screen.words))
            assert upstream.key is None
            camera.manners.no_data = False
            before = screen.pictures
            await until(lambda: screen.pictures > before)
            assert screen.words[-1]["state"] == "live" and upstream.pulls >= 2

    asyncio.run(go())


def test_a_change_of_codec_and_of_size_is_followed_with_a_new_opening():
    async def go() -> None:
        async with double.camera(fps=20, close_after=12) as camera, pulled(lambda: camera.url) as upstream:
            screen = Screen(upstream, plays_hevc=True)
            await until(lambda: screen.pictures >= 10)
            camera.manners.units, camera.manners.codec = double.clip("hevc", 320, 180), "hevc"
            await until(lambda: len(screen.openings) == 2)
            camera.manners.units, camera.manners.codec = double.clip("h264", 320, 180), "h264"
            await until(lambda: len(screen.openings) == 3)
            assert [one["codec"][:4] for one in screen.openings] == ["avc1", "hvc1", "avc1"]
            assert [one["width"] for one in screen.openings] == [640, 320, 320]

    asyncio.run(go())


def test_the_size_changes_within_a_session():
    async def go() -> None:
        small = double.clip("h264", 320, 180)
        async with double.camera(fps=30, units=double.clip() + small) as camera, pulled(lambda: camera.url) as upstream:
            screen = Screen(upstream)
            await until(lambda: len(screen.openings) >= 3)
            assert [one["width"] for one in screen.openings[:3]] == [640, 320, 640]
            assert camera.connections == 1

    asyncio.run(go())


def test_h265_is_recoded_for_who_cannot_play_it_within_the_limit():
    async def go() -> None:
        async with (
            double.camera(codec="hevc", units=double.clip("hevc", 320, 180), fps=20) as camera,
            pulled(lambda: camera.url) as upstream,
        ):
            able, unable = Screen(upstream, plays_hevc=True), Screen(upstream)
            await until(lambda: able.pictures >= 5 and unable.pictures >= 5)
            assert able.openings[0]["codec"].startswith("hvc1") and unable.openings[0]["codec"].startswith("avc1")
            assert {"recoded": True} in unable.words and {"recoded": True} not in able.words
            assert unable.decoded()[0].width == 320

    asyncio.run(go())


def test_recoding_follows_a_change_of_size_and_passes_over_what_cannot_be_decoded():
    junk = ((b"\x26\x01" + b"\xff" * 400,), (b"\x02\x01" + b"\x00\x80" * 50,))
    units = double.clip("hevc", 320, 180) + junk + double.clip("hevc", 640, 360)

    async def go() -> None:
        async with double.camera(codec="hevc", units=units, fps=25) as camera, pulled(lambda: camera.url) as upstream:
            screen = Screen(upstream)
            await until(lambda: {one["width"] for one in screen.openings} == {320, 640})
            before = screen.pictures
            await until(lambda: screen.pictures > before + 5)
            assert upstream.pulls == 1

    asyncio.run(go())


def test_mjpeg_is_passed_on_as_it_is_and_can_be_kept():
    async def go() -> None:
        units = double.clip("jpeg")
        async with (
            double.camera(codec="jpeg", units=units, fps=25, lose_every=97) as camera,
            pulled(lambda: camera.url) as upstream,
        ):
            screen = Screen(upstream)
            await until(lambda: screen.pictures >= 20)
            assert len(screen.openings) == 1
            assert (screen.openings[0]["codec"], screen.openings[0]["width"]) == ("jpeg", 640)
            at = screen.openings[0]["sample_at"]
            assert all(_same(segment[at:], units) for segment in screen.segments[1:])
            frames = screen.decoded()  # and a stranger's demuxer reads what the buffer writes
            assert len(frames) >= 20 and (frames[0].width, frames[0].height) == (640, 360)
            assert upstream.key is not None and still.jpeg_of("jpeg", upstream.key.content)[:3] == b"\xff\xd8\xff"
            camera.manners.units = double.clip("jpeg", 320, 184)
            await until(lambda: len(screen.openings) == 2)

    def _same(content: bytes, units: tuple[tuple[bytes, ...], ...]) -> bool:
        """Another header, the same picture."""
        scan = content[content.index(b"\xff\xda") :]
        return any(unit[0].endswith(scan) for unit in units)

    asyncio.run(go())


def test_where_no_more_may_be_recoded_it_is_said():
    async def go() -> None:
        async with (
            double.camera(codec="hevc", units=double.clip("hevc", 320, 180), fps=20) as camera,
            pulled(lambda: camera.url, recodes=0) as upstream,
        ):
            screen = Screen(upstream)
            await until(lambda: any(words.get("cause") == "recoders_busy" for words in screen.words))
            assert not screen.pictures and screen.watcher.is_let_go

    asyncio.run(go())


@pytest.mark.parametrize("manners", [{"lose_every": 151}, {"aggregate": True}, {"sprop": False}, {"in_band": False}])
def test_lost_packets_and_odd_packing_never_give_a_broken_picture(manners: dict[str, Any]):
    async def go() -> None:
        async with double.camera(fps=30, **manners) as camera, pulled(lambda: camera.url, stalled_s=5) as upstream:
            screen = Screen(upstream)
            await until(lambda: screen.pictures >= (3 if manners.get("lose_every") else 15))
            frames = screen.decoded()
            assert frames and not any(frame.is_corrupt for frame in frames)

    asyncio.run(go())


def test_broken_units_wait_for_the_next_key_picture():
    junk = ((b"\xff" * 900,), (b"\x1c",), (b"\x18\xff\xff\x41",), (b"\x41",))

    async def go() -> None:
        async with double.camera(fps=30, units=double.clip() + junk) as camera, pulled(lambda: camera.url) as upstream:
            screen = Screen(upstream)
            await until(lambda: screen.pictures >= 40)
            assert len(screen.openings) == 1 and upstream.pulls == 1
            assert not any(frame.is_corrupt for frame in screen.decoded())

    asyncio.run(go())


def test_a_refused_login_is_remembered_and_the_password_not_sent_again():
    async def go() -> None:
        async with double.camera(login="md5", password="lain") as camera, pulled(lambda: camera.url) as upstream:
            screen = Screen(upstream)
            await until(lambda: any(words.get("cause") == "login_refused" for words in screen.words))
            for _ in range(3):
                upstream.leave(screen.watcher)
                upstream.join(screen.watcher)  # who opens it again does not make us knock again
                await asyncio.sleep(0.7)
            sent = [one for one in camera.requests if "Authorization" in one]
            assert len(sent) == 1 and len(upstream.refused) == 1

    asyncio.run(go())


def test_who_is_too_slow_goes_on_at_the_next_key_picture():
    fanout, slow = Fanout(), Watcher()
    opening, key, other = Message(b"o", is_opening=True), Message(b"k", is_key=True), Message(b"p")
    fanout.join(slow)
    fanout.give([opening, key, *[other] * (2 * QUEUE_MESSAGES), key, other])

    async def all_of_it() -> list[Any]:
        slow.let_go_because = ""
        return [await slow.next() for _ in range(3)]

    assert asyncio.run(all_of_it()) == [opening, key, other]
    assert slow.dropped == 2 * QUEUE_MESSAGES + 1
