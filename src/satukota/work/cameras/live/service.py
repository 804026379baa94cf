"""`satukota live` as an ASGI application.

/langsung     WebSocket of one watcher: the ticket in the first message, then opening, pictures and words
/langsung/hls/<word>/<file>   the same pictures as HLS, for a watcher whose socket asked for it
/langsung/instalasi  the same for another installation's hub (peer_door)
/kunci/<id>   newest key picture of a stream that is pulled, for the health check and stills; with the inner token
/keadaan      what is pulled for whom; with the inner token
/sehat        the health check
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http.cookie import parse_cookie
from django.utils.crypto import constant_time_compare

from .buffer import Recorder, keep_within
from .gate import Gate, Guest
from .hls import Segmenter
from .inner import inner_token
from .packing import Message
from .peer_door import PATH as PEER_PATH
from .peer_door import PeerDoor
from .recoding import Recoders
from .upstream import IDLE_S, STALLED_S, Upstream
from .watchers import Watcher
from .wire import EXTENSION

RECHECK_S = 3.0  # how soon an ended duty, a changed hat or a signed-out session takes effect
UNSURE_S = 60.0  # without an answer of the database for so long nobody goes on watching
SEEN_EVERY_S = 15.0
HELLO_S = 5.0
BUFFER_EVERY_S = 10.0
MOST_WATCHERS = 4_000
LONGEST_WORDS = 4_096
log = logging.getLogger(__name__)
Asgi = Callable[..., Awaitable[Any]]


class Hub:
    """All upstreams and all watchers of this process."""

    def __init__(
        self, gate: Gate, *, recodes: int = 2, idle_s: float = IDLE_S, stalled_s: float = STALLED_S,
        buffer: Path | None = None, buffer_bytes: int = 0,
    ) -> None:  # fmt: skip
        self.gate = gate
        self.peers: PeerDoor | None = None  # where other installations come in
        self.recorders: dict[int, Recorder] = {}
        self._buffer, self._buffer_bytes = buffer, buffer_bytes
        self.upstreams: dict[tuple[int, str], Upstream] = {}
        self.guests: dict[Guest, Watcher] = {}
        self.segmenters: dict[tuple[int, str, bool], Segmenter] = {}
        self._words_of_hls: dict[str, Guest] = {}
        self._recoders = Recoders(recodes)
        self._idle_s, self._stalled_s = idle_s, stalled_s
        self._tasks: list[asyncio.Task[None]] = []
        self._sure_at = time.monotonic()

    async def start(self) -> None:
        try:
            await self.gate.begin()
        except DatabaseError:
            log.exception("what the last hub left open stays open")
        if self.peers is not None:
            await self.peers.start()
        self._tasks = [asyncio.create_task(self._recheck_for_ever()), asyncio.create_task(self._note_for_ever())]
        if self._buffer is not None:
            self._tasks.append(asyncio.create_task(self._buffer_for_ever(self._buffer)))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self.peers is not None:
            await self.peers.stop()
        for watcher in [*self.guests.values(), *self.recorders.values()]:
            watcher.let_go()
        await asyncio.sleep(0)
        for upstream in self.upstreams.values():
            upstream.stop()
        for guest in list(self.guests):
            await self._left(guest, "left")
        await self.gate.close()

    def upstream(self, camera_id: int, stream: str) -> Upstream:
        key = (camera_id, stream)
        if key not in self.upstreams:
            self.upstreams[key] = Upstream(
                lambda: self.gate.source(camera_id, stream), self.gate.login_refused, self._recoders,
                idle_s=self._idle_s, stalled_s=self._stalled_s,
            )  # fmt: skip
        return self.upstreams[key]

    async def watch(self, guest: Guest, watcher: Watcher, send: Callable[[Message | dict[str, Any]], Any]) -> None:
        """Until the watcher is let go or the sending fails."""
        upstream = self.upstream(guest.entry.camera_id, guest.entry.stream)
        self.guests[guest] = watcher
        upstream.join(watcher)
        try:
            while (message := await watcher.next()) is not None:
                await send(message)
                await asyncio.sleep(0)  # sending need not wait: others, and the news that this one left, get their turn
        finally:
            upstream.leave(watcher)
            self._end_hls(guest, watcher)
            if self.guests.pop(guest, None) is not None:
                await asyncio.shield(self._left(guest, watcher.let_go_because))

    # -- HLS

    def by_hls(self, guest: Guest, wanted: bool) -> None:
        """Show this guest its pictures by HLS from now on; told where over the socket, once there are segments. Not
        wanted: over the socket again, such as when the camera changed to stills."""
        watcher = self.guests.get(guest)
        if watcher is None or watcher.is_let_go:
            return
        if not wanted:
            self._end_hls(guest, watcher)
            watcher.only_words = False
            return
        if not watcher.only_words:
            watcher.only_words = True
            self._words_of_hls[secrets.token_urlsafe(24)] = guest
        key = (guest.entry.camera_id, guest.entry.stream, watcher.plays_hevc)
        segmenter = self.segmenters.get(key)
        if segmenter is None or segmenter.is_let_go:
            segmenter = Segmenter(plays_hevc=key[2], on_segment=lambda: self._tell_where(key))
            self.segmenters[key] = segmenter
            self.upstream(*key[:2]).join(segmenter)
        elif segmenter.is_ready:
            self._tell_where(key)

    def _tell_where(self, key: tuple[int, str, bool]) -> None:
        """Where the list is, of which moment the oldest picture in it is, how long its segments are."""
        segmenter = self.segmenters[key]
        told = {"from": segmenter.listed[0].at, "segment_s": segmenter.longest_s, "now": time.time()}
        for word, guest in self._words_of_hls.items():
            watcher = self.guests.get(guest)
            if watcher is not None and (guest.entry.camera_id, guest.entry.stream, watcher.plays_hevc) == key:
                watcher.say({"hls": f"/langsung/hls/{word}/daftar.m3u8"} | told)

    def _end_hls(self, guest: Guest, watcher: Watcher) -> None:
        if not watcher.only_words:
            return
        self._words_of_hls = {word: one for word, one in self._words_of_hls.items() if one is not guest}
        wanted = {
            (one.entry.camera_id, one.entry.stream, self.guests[one].plays_hevc)
            for one in self._words_of_hls.values() if one in self.guests
        }  # fmt: skip
        for key in self.segmenters.keys() - wanted:
            segmenter = self.segmenters.pop(key)
            segmenter.let_go()
            self.upstream(*key[:2]).leave(segmenter)

    def hls_file(self, word: str, name: str, cookies: str) -> tuple[bytes, bytes] | None:
        """(content, media type) for who has a socket open for it, by the same sign-in."""
        guest = self._words_of_hls.get(word)
        watcher = self.guests.get(guest) if guest is not None else None
        if guest is None or watcher is None or watcher.is_let_go or _sign_in(cookies) != _sign_in(guest.cookies):
            return None
        segmenter = self.segmenters.get((guest.entry.camera_id, guest.entry.stream, watcher.plays_hevc))
        return segmenter.file(name) if segmenter is not None else None

    async def _left(self, guest: Guest, why: str) -> None:
        try:
            await self.gate.left(guest.entry.watch_id, why)
        except (DatabaseError, RuntimeError):
            log.warning("the end of a watch could not be written; the next start does it")

    async def _recheck_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_S)
            if not self.guests:
                self._sure_at = time.monotonic()
                self._sweep()
                continue
            guests = list(self.guests)
            try:
                staying = await self.gate.may_stay(guests)
                self._sure_at = time.monotonic()
            except DatabaseError:
                self._let_the_unsure_go()
                continue  # asked again next time
            for guest in guests:
                if guest not in staying and guest in self.guests:
                    words = {"state": "ended", "cause": "revoked", "now": time.time()}
                    self.guests[guest].let_go(words, because="revoked")
            self._sweep()

    def _let_the_unsure_go(self) -> None:
        """Who may watch cannot be asked for too long: nobody watches until it can; screens come back by themselves."""
        if time.monotonic() - self._sure_at > UNSURE_S:
            for watcher in self.guests.values():
                watcher.let_go({"state": "ended", "cause": "database", "now": time.time()}, because="hub_lost")

    def _sweep(self) -> None:
        for key, upstream in list(self.upstreams.items()):
            if not upstream.is_running and not upstream.watchers:
                del self.upstreams[key]

    async def _note_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SEEN_EVERY_S)
            try:
                if self.guests:
                    await self.gate.seen([guest.entry.watch_id for guest in self.guests])
            except DatabaseError:
                log.warning("who still watches could not be written; again in a moment")

    async def _buffer_for_ever(self, root: Path) -> None:
        """Pull the cameras whose last minutes are kept, and keep all of it within its bytes."""
        while True:
            try:
                self.buffer_these(root, await self.gate.buffered())
                await asyncio.to_thread(keep_within, root, self._buffer_bytes)
            except (DatabaseError, OSError):
                log.warning("which cameras to buffer could not be asked, or their files not counted; again in a moment")
            await asyncio.sleep(BUFFER_EVERY_S)

    def buffer_these(self, root: Path, wanted: Mapping[int, float]) -> None:
        """`wanted`: camera → seconds to keep."""
        for camera_id in self.recorders.keys() - wanted.keys():
            recorder = self.recorders.pop(camera_id)
            recorder.let_go()
            self.upstream(camera_id, "main").leave(recorder)
        for camera_id, keep_s in wanted.items():
            if camera_id in self.recorders:
                self.recorders[camera_id].keep_s = keep_s
                continue
            self.recorders[camera_id] = recorder = Recorder(root / str(camera_id), keep_s)
            self.upstream(camera_id, "main").join(recorder)

    def status(self) -> dict[str, Any]:
        told = {
            f"{camera_id}/{stream}": upstream.words()
            | {
                "watchers": len(upstream.watchers),
                "pulls": upstream.pulls,
                "pictures": upstream.pictures,
                "dropped": sum(watcher.dropped for watcher in upstream.watchers),
            }
            for (camera_id, stream), upstream in self.upstreams.items()
        }
        kept = {str(pk): {"bytes": one.written, "problem": one.problem} for pk, one in self.recorders.items()}
        return {"streams": told, "watchers": len(self.guests), "buffered": kept, "cpu_s": time.process_time()}


def _sign_in(cookies: str) -> str:
    return str(parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME, ""))


def application(hub: Hub, origins: Iterable[str]) -> Asgi:
    """The ASGI application; `origins` are the pages that may open a socket."""
    allowed = frozenset(origins)

    async def app(scope: dict[str, Any], receive: Asgi, send: Asgi) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(hub, receive, send)
        elif scope["type"] == "websocket":
            await _socket(hub, scope, allowed, receive, send)
        elif scope["type"] == "http":
            await _http(hub, scope, send)

    return app


async def _lifespan(hub: Hub, receive: Asgi, send: Asgi) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await hub.start()
            await send({"type": "lifespan.startup.complete"})
        else:
            await hub.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


# -- one watcher


async def _socket(hub: Hub, scope: dict[str, Any], allowed: frozenset[str], receive: Asgi, send: Asgi) -> None:
    headers = {name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]}
    await receive()  # websocket.connect
    if scope["path"] == PEER_PATH and hub.peers is not None:
        await _peer_socket(hub.peers, receive, send)
        return
    origin = headers.get("origin", "")
    if scope["path"] != "/langsung" or origin not in allowed or len(hub.guests) >= MOST_WATCHERS:
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "websocket.accept"})
    hello = await _hello(receive)
    guest = None
    if hello is not None:
        try:
            guest = await hub.gate.let_in(headers.get("cookie", ""), str(hello.get("ticket", ""))[:2_000])
        except DatabaseError:
            await _say(send, {"state": "ended", "cause": "database"})
            await send({"type": "websocket.close", "code": 1013})
            return
    if guest is None or hello is None:
        await _say(send, {"state": "ended", "cause": "ticket"})
        await send({"type": "websocket.close", "code": 1008})
        return
    write_now = (scope.get("extensions") or {}).get(EXTENSION, {}).get("write")
    watcher = Watcher(plays_hevc=hello.get("hevc") is True, write_now=write_now)
    listening = asyncio.create_task(_listen(receive, watcher, lambda wanted: hub.by_hls(guest, wanted)))
    try:
        await hub.watch(guest, watcher, lambda message: _pass(send, message))
        await send({"type": "websocket.close", "code": 1000})
    except (OSError, RuntimeError):
        pass  # the watcher went away while we were writing
    finally:
        listening.cancel()


async def _peer_socket(peers: PeerDoor, receive: Asgi, send: Asgi) -> None:
    """Another hub: what it may get was decided by the signed request that gave it its ticket."""
    await send({"type": "websocket.accept"})
    hello = await _hello(receive) or {}
    watcher = Watcher(plays_hevc=hello.get("hevc") is True)
    listening = asyncio.create_task(_listen(receive, watcher))
    try:
        ticket = str(hello.get("ticket", ""))[:200]
        is_good = await peers.welcome(ticket, watcher, lambda message: _pass(send, message))
        if not is_good:
            await _say(send, {"state": "ended", "cause": "ticket"})
        await send({"type": "websocket.close", "code": 1000 if is_good else 1008})
    except DatabaseError:
        await send({"type": "websocket.close", "code": 1013})
    except (OSError, RuntimeError):
        pass  # it went away while we were writing
    finally:
        listening.cancel()


async def _hello(receive: Asgi) -> dict[str, Any] | None:
    """{"ticket": …, "hevc": can the browser play it}; None for anything else or nothing in time."""
    try:
        async with asyncio.timeout(HELLO_S):
            message = await receive()
    except TimeoutError:
        return None
    return _words_in(message)


def _words_in(message: dict[str, Any]) -> dict[str, Any] | None:
    text = message.get("text") or ""
    if message["type"] != "websocket.receive" or not text or len(text) > LONGEST_WORDS:
        return None
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


async def _listen(receive: Asgi, watcher: Watcher, by_hls: Callable[[bool], None] | None = None) -> None:
    """Answer the watcher's questions for the time and for HLS, and notice when it leaves."""
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            watcher.let_go()
            return
        said = _words_in(message)
        if said is not None and isinstance(said.get("ping"), int | float):
            watcher.say({"pong": said["ping"], "now": time.time()})
        elif said is not None and by_hls is not None and isinstance(said.get("hls"), bool):
            by_hls(said["hls"])


async def _pass(send: Asgi, message: Message | dict[str, Any]) -> None:
    if isinstance(message, Message):
        await send({"type": "websocket.send", "bytes": message.content})
    else:
        await _say(send, message)


async def _say(send: Asgi, words: dict[str, Any]) -> None:
    await send({"type": "websocket.send", "text": json.dumps(words)})


# -- our own processes


async def _http(hub: Hub, scope: dict[str, Any], send: Asgi) -> None:
    headers = {name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]}
    path = scope["path"]
    if path == "/sehat":
        await _answer(send, 200, b"sehat")
    elif path.startswith("/langsung/hls/"):
        word, _, name = path[14:].partition("/")
        found = hub.hls_file(word, name, headers.get("cookie", ""))
        await _answer(send, 200, *found) if found else await _answer(send, 404, b"tidak ditemukan")
    elif not constant_time_compare(headers.get("x-satukota-live", ""), inner_token()):
        await _answer(send, 404, b"tidak ditemukan")
    elif path == "/keadaan":
        await _answer(send, 200, json.dumps(hub.status()).encode(), b"application/json")
    elif path.startswith("/kunci/") and path[7:].isdecimal() and len(path) < 26:
        await _key(hub, int(path[7:]), scope, send)
    else:
        await _answer(send, 404, b"tidak ditemukan")


async def _key(hub: Hub, camera_id: int, scope: dict[str, Any], send: Asgi) -> None:
    """Facts as JSON, a line end, then the picture as Annex B. 404 where the camera is not pulled right now."""
    wanted = scope.get("query_string", b"").decode("latin1")
    found = [hub.upstreams.get((camera_id, stream)) for stream in ("main", "sub")]
    live = [one for one in found if one is not None and (not wanted or one.mark == wanted)]
    facts, content = next((told for one in live if (told := one.newest_key(settings.LIVE_KEY_S))), ({}, b""))
    if not content:
        await _answer(send, 404, b"tidak ditarik")
    else:
        await _answer(send, 200, json.dumps(facts).encode() + b"\n" + content, b"application/octet-stream")


async def _answer(send: Asgi, status: int, body: bytes, kind: bytes = b"text/plain; charset=utf-8") -> None:
    headers = [(b"content-type", kind), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
