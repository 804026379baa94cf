"""The same frame to everybody over real sockets: in order, whole, and the slow and the vanished hurt nobody."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import Frame, Opcode

from satukota.work.cameras.live import service
from satukota.work.cameras.live.actions import Entry
from satukota.work.cameras.live.gate import Guest
from satukota.work.cameras.live.packing import Message
from satukota.work.cameras.live.service import Hub, application
from satukota.work.cameras.live.upstream import Source
from satukota.work.cameras.live.watchers import QUEUE_MESSAGES, Fanout, Watcher
from satukota.work.cameras.live.wire import LiveProtocol, frame_of
from satukota.work.cameras.rtsp.wire import Wire

from . import rtsp_double as double

ORIGIN = "http://127.0.0.1:8000"
SMALL = 32_768


@pytest.fixture(autouse=True)
def _loopback(settings: Any) -> None:
    settings.SAMPLE = True


class OpenGate:
    """Lets everybody in: the ticket is the number of the watch."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.gone: list[int] = []

    async def begin(self) -> None: ...

    async def close(self) -> None: ...

    async def seen(self, ids: list[int]) -> None: ...

    async def login_refused(self, source: Source) -> None: ...

    async def left(self, watch_id: int, why: str) -> None:
        self.gone.append(watch_id)

    async def may_stay(self, guests: Any) -> set[Guest]:
        return set(guests)

    async def source(self, camera_id: int, stream: str) -> Source:
        return Source(camera_id, self.url)

    async def let_in(self, cookies: str, ticket: str) -> Guest | None:
        return Guest(Entry(int(ticket), 1, 1, "main"), cookies, 1, None) if ticket.isdigit() else None


@asynccontextmanager
async def serving(url: str) -> AsyncIterator[tuple[Hub, OpenGate, int]]:
    gate = OpenGate(url)
    hub = Hub(gate, idle_s=0.2)  # type: ignore[arg-type]
    config = uvicorn.Config(
        application(hub, [ORIGIN]), ws=LiveProtocol, ws_per_message_deflate=False, log_level="error", lifespan="on"
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined,method-assign]
    door = socket.create_server(("127.0.0.1", 0), backlog=512)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)  # or the system holds seconds of pictures by itself
    running = asyncio.create_task(server.serve(sockets=[door]))
    try:
        yield hub, gate, door.getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def come_in(port: int, number: int) -> ClientConnection:
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    line.connect(("127.0.0.1", port))
    url = f"ws://127.0.0.1:{port}/langsung"
    screen = await connect(
        url, origin=ORIGIN, max_size=None, compression=None, ping_interval=None, sock=line,  # type: ignore[arg-type]
    )  # fmt: skip
    await screen.send(json.dumps({"ticket": str(number)}))
    return screen


async def pictures(screen: ClientConnection, count: int) -> list[bytes]:
    found: list[bytes] = []
    async with asyncio.timeout(15):
        while len(found) < count:
            told = await screen.recv()
            if isinstance(told, bytes) and told[0] == 2:
                found.append(told)
    return found


def test_two_hundred_come_at_once_and_half_of_them_vanish_without_a_word():
    async def go() -> None:
        async with double.camera(fps=15) as camera, serving(camera.url) as (hub, gate, port):
            screens = await asyncio.gather(*(come_in(port, number) for number in range(200)))
            firsts = await asyncio.gather(*(pictures(screen, 3) for screen in screens))
            assert {len(one) for one in firsts} == {3} and camera.connections == 1
            assert len(hub.guests) == 200
            for screen in screens[:100]:
                screen.transport.abort()
            staying = await asyncio.gather(*(pictures(screen, 15) for screen in screens[100:]))
            newest = {one[-1][2:10] for one in staying}
            assert len(newest) <= 15 and camera.connections == 1  # all are at about the same picture of the one pull
            async with asyncio.timeout(10):
                while len(gate.gone) < 100:
                    await asyncio.sleep(0.02)
            assert set(gate.gone) == set(range(100)) and len(hub.guests) == 100
            await asyncio.gather(*(screen.close() for screen in screens[100:]))

    asyncio.run(go())


def test_one_who_reads_nothing_is_skipped_and_comes_back_at_a_key_picture():
    async def go() -> None:
        units = double.clip("h264", 1280, 720)
        async with double.camera(fps=60, units=units) as camera, serving(camera.url) as (hub, _gate, port):
            quick, slow = await come_in(port, 1), await come_in(port, 2)
            await pictures(slow, 1)
            slow.transport.pause_reading()
            reading = asyncio.create_task(pictures(quick, 150))
            watcher = next(w for guest, w in hub.guests.items() if guest.entry.watch_id == 2)
            async with asyncio.timeout(20):
                while not watcher.dropped:
                    await asyncio.sleep(0.05)
            slow.transport.resume_reading()
            await reading
            told = await pictures(slow, 60)
            numbers = [int.from_bytes(one[18 + 20 : 18 + 24]) for one in told]  # of mfhd
            jumps = [k for k, (a, b) in enumerate(zip(numbers, numbers[1:], strict=False), 1) if b != a + 1]
            assert numbers == sorted(set(numbers)) and all(told[k][1] & 1 for k in jumps)
            await asyncio.gather(quick.close(), slow.close())

    asyncio.run(go())


def test_what_waits_is_never_overtaken():
    taken: list[bytes] = []
    room = [True]

    def write_now(frame: bytes) -> bool:
        if room[0]:
            taken.append(frame)
        return room[0]

    async def go() -> None:
        fanout, watcher = Fanout(), Watcher(write_now=write_now)
        fanout.join(watcher)
        key, *others = [Message(bytes([n]), is_key=n == 0) for n in range(6)]
        fanout.give([key, others[0]])
        room[0] = False
        fanout.give([others[1]])
        room[0] = True
        fanout.give([others[2]])  # there is room again, but one waits
        assert [await watcher.next() for _ in range(2)] == others[1:3]
        fanout.give([others[3]])  # that one is still being sent
        assert taken == [key.frame, others[0].frame]
        assert await watcher.next() is others[3]
        last = asyncio.create_task(watcher.next())
        await asyncio.sleep(0)
        fanout.give([others[4]])
        assert taken[-1] == others[4].frame and not last.done()
        room[0] = False
        fanout.give([key, *[others[0]] * (2 * QUEUE_MESSAGES)])
        assert watcher.dropped
        watcher.let_go()
        last.cancel()

    asyncio.run(go())


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_frame_is_one_a_stranger_would_write(size):
    content = bytes(size)
    theirs = Frame(Opcode.BINARY, content).serialize(mask=False)
    assert frame_of(content)[0] == theirs and Message(content).content == content


def test_a_view_somebody_still_holds_does_not_stop_the_stream():
    """A write that fails leaves a traceback, and with it whatever the frames above it look at."""
    wire, held = Wire(), []
    wire.on_packet = lambda _channel, packet: held.append(packet)
    for part in (b"$\0\0\4abc", b"d$\0\0\2ef$", b"\0\0\1g"):
        wire.data_received(part)
    assert [bytes(one) for one in held] == [b"abcd", b"ef", b"g"]


def test_the_usual_way_is_taken_where_the_server_is_another(monkeypatch):
    monkeypatch.setattr(service, "EXTENSION", "nobody.knows")

    async def go() -> None:
        async with double.camera(fps=30) as camera, serving(camera.url) as (_hub, _gate, port):
            screen = await come_in(port, 1)
            assert len(await pictures(screen, 10)) == 10
            await screen.close()

    asyncio.run(go())
