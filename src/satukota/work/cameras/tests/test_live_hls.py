"""HLS out of the same pull: a stranger's player reads it, only who has a socket open gets it, and it ends with that."""

import asyncio
import json
import re
import shutil
import subprocess
from typing import Any

import av
import pytest

from satukota.work.cameras.live.hls import KEPT, LISTED, Segmenter
from satukota.work.cameras.live.packing import Packer
from satukota.work.cameras.rtsp import AccessUnit

from . import rtsp_double as double
from .test_live_wire import ORIGIN, serving

SIGN_IN = "sessionid=contoh"


@pytest.fixture(autouse=True)
def _loopback(settings: Any) -> None:
    settings.SAMPLE = True


def units(size: tuple[int, int] = (320, 180), begin: int = 0, count: int = 20, codec: str = "h264") -> list[AccessUnit]:
    """Ten pictures a second, a key picture each second."""
    coded = double.clip(codec, *size)
    made = []
    for number in range(begin, begin + count):
        nals = coded[number % 20]
        sets = [one for one in nals if double.is_set(codec, one)]
        made.append(AccessUnit(number * 9000, [one for one in nals if one not in sets], is_key=bool(sets), sets=sets))
    return made


def segmented(pictures: list[AccessUnit], packer: Packer, into: Segmenter) -> None:
    for unit in pictures:
        for message in packer.pack(unit, 1_790_000_000 + unit.rtp_time / 90_000):
            into.offer(message)


def segmenter() -> tuple[Segmenter, list[int]]:
    told: list[int] = []
    made = Segmenter(plays_hevc=False, on_segment=lambda: told.append(made.segments[-1].number))
    return made, told


def test_a_segment_is_from_key_picture_to_key_picture_and_says_when_it_was():
    made, ready = segmenter()
    segmented(units(count=45), Packer("h264"), made)
    told = made.playlist().decode()
    assert re.findall(r"#EXTINF:([\d.]+)", told) == ["1.000"] * 4 and "#EXT-X-TARGETDURATION:1\n" in told
    assert told.count("#EXT-X-MAP") == 1 and "DISCONTINUITY\n" not in told
    assert "2026-09-21T" in told and made.listed[0].at == 1_790_000_000
    assert ready == [2, 3]  # not before there are three


def test_the_list_is_short_moves_on_and_a_new_size_begins_anew():
    made, _edges = segmenter()
    packer = Packer("h264")
    segmented(units(count=21), packer, made)
    segmented(units((640, 360), 30, 21), packer, made)
    told = made.playlist().decode()
    assert told.count("#EXT-X-DISCONTINUITY\n") == 1 and told.count("#EXT-X-MAP") == 2
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:0" in told
    segmented(units((640, 360), 60, 200), packer, made)
    told = made.playlist().decode()
    assert told.count("#EXTINF") == LISTED and len(made.segments) == KEPT
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:1" in told and "DISCONTINUITY\n" not in told
    first = int(re.search(r"MEDIA-SEQUENCE:(\d+)", told)[1])  # type: ignore[index]
    assert made.file(f"{first}.m4s") and made.file(f"{first - 1}.m4s") and made.file(f"{first - KEPT}.m4s") is None


@pytest.mark.parametrize(
    "name", ["", "..", "daftar.m3u8x", "x.m4s", "-1.m4s", "1.mp4", "awal-9.mp4", "²²².m4s", "9" * 99 + ".m4s"]
)
def test_no_other_name_gives_anything(name):
    made, _edges = segmenter()
    segmented(units(count=31), Packer("h264"), made)
    assert made.file("daftar.m3u8") and made.file("awal-0.mp4") and made.file(name) is None


class Phone:
    """A socket that asks for HLS, with the words it hears."""

    def __init__(self, port: int) -> None:
        self.port, self.words, self.pictures = port, list[dict[str, Any]](), 0

    async def __aenter__(self) -> "Phone":
        from websockets.asyncio.client import connect

        self.socket = await connect(
            f"ws://127.0.0.1:{self.port}/langsung", origin=ORIGIN, max_size=None,  # type: ignore[arg-type]
            additional_headers={"Cookie": SIGN_IN},
        )  # fmt: skip
        await self.socket.send(json.dumps({"ticket": "1", "hevc": False}))
        self._reading = asyncio.create_task(self._read())
        return self

    async def _read(self) -> None:
        async for told in self.socket:
            if isinstance(told, str):
                self.words.append(json.loads(told))
            elif told[0] == 1:
                await self.socket.send(json.dumps({"hls": True}))
            else:
                self.pictures += 1

    async def __aexit__(self, *_: object) -> None:
        self._reading.cancel()
        await self.socket.close()

    async def address(self) -> str:
        async with asyncio.timeout(15):
            while not (found := [words["hls"] for words in self.words if "hls" in words]):
                await asyncio.sleep(0.02)
        return f"http://127.0.0.1:{self.port}{found[0]}"


async def fetched(url: str, cookie: str = SIGN_IN) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        "curl", "-s", "-o", "-", "-w", "\n%{http_code}", "-H", f"Cookie: {cookie}", url, stdout=subprocess.PIPE
    )
    body, _, code = (await process.communicate())[0].decode("latin1").rpartition("\n")
    return int(code), body


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_a_strangers_player_reads_it_and_nobody_else_does():
    def watch(url: str) -> list[Any]:
        with av.open(url, options={"headers": f"Cookie: {SIGN_IN}\r\n", "live_start_index": "0"}, timeout=10) as film:
            assert film.streams.video[0].codec_context.name == "h264"
            return [frame for _k, frame in zip(range(25), film.decode(video=0), strict=False)]

    async def go() -> None:
        async with double.camera(fps=20) as camera, serving(camera.url) as (hub, gate, port):
            async with Phone(port) as phone:
                url = await phone.address()
                frames = await asyncio.to_thread(watch, url)
                assert len(frames) == 25 and frames[0].width == 640 and not any(one.is_corrupt for one in frames)
                at_its_beginning = phone.pictures
                assert at_its_beginning <= 20 and camera.connections == 1  # no picture comes twice over the line
                assert all(words["from"] < words["now"] for words in phone.words if "hls" in words)
                code, told = await fetched(url)
                assert code == 200 and told.startswith("#EXTM3U")
                for other in ("sessionid=lain", ""):
                    assert (await fetched(url, other))[0] == 404
                assert (await fetched(re.sub(r"hls/[^/]+", "hls/tebakan", url)))[0] == 404
            async with asyncio.timeout(5):
                while not gate.gone:
                    await asyncio.sleep(0.02)
            assert (await fetched(url))[0] == 404 and not hub.segmenters and not hub._words_of_hls
            async with asyncio.timeout(5):
                while "TEARDOWN" not in camera.asked:
                    await asyncio.sleep(0.02)

    asyncio.run(go())


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_who_may_no_longer_watch_loses_the_list_with_the_socket():
    async def go() -> None:
        async with double.camera(fps=20) as camera, serving(camera.url) as (hub, _gate, port), Phone(port) as phone:
            url = await phone.address()
            assert (await fetched(url))[0] == 200
            (watcher,) = hub.guests.values()
            before = phone.pictures
            await phone.socket.send(json.dumps({"hls": False}))  # such as when the camera changed to stills
            async with asyncio.timeout(5):
                while phone.pictures < before + 3:
                    await asyncio.sleep(0.02)
            assert (await fetched(url))[0] == 404 and not hub.segmenters
            phone.words.clear()
            await phone.socket.send(json.dumps({"hls": True}))
            url = await phone.address()
            assert (await fetched(url))[0] == 200
            watcher.let_go({"state": "ended", "cause": "revoked"}, because="revoked")
            assert (await fetched(url))[0] == 404

    asyncio.run(go())
