"""The live feed as Server-Sent Events: a small ASGI application, one reader of the table, many listeners.

A listener says the last id it saw (`?since=` or Last-Event-ID) and gets everything after it, in order, once. When
that id is older than what is kept, it gets `reset` and loads its page afresh. A listener too slow to keep up is
disconnected; it comes back by itself and resumes.
"""

import asyncio
import json
import logging
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any, Protocol
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib.auth import get_user
from django.db import DatabaseError, connection
from django.http.cookie import parse_cookie

from satukota.base.accounts import second_factor
from satukota.base.accounts.session_store import SessionStore

from .models import FeedEntry

POLL_S = 0.15
HEARTBEAT_S = 15.0
RECHECK_S = 20.0  # how soon a changed hat, an ended duty or a signed-out session takes effect
REMEMBERED = 2_000  # entries held in memory for those who resume
QUEUE_LIMIT = 500
BATCH = 500
log = logging.getLogger(__name__)

Asgi = Callable[..., Awaitable[Any]]


class Covers(Protocol):
    def covers(self, opd_id: int | None, area_id: int | None = None) -> bool: ...


ScopeOf = Callable[[Any, Any], Covers | None]  # the account and its session → what it may see now


@dataclass(frozen=True)
class Wire:
    """One entry as it goes over the wire, made once for all listeners."""

    id: int
    opd_id: int | None
    text: bytes
    area_id: int | None = None


@dataclass(eq=False)  # kept in a set: one listener is itself only
class Listener:
    cookies: str
    scope: Covers
    queue: asyncio.Queue[Wire | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_LIMIT))

    def may_see(self, wire: Wire) -> bool:
        return wire.opd_id is None or self.scope.covers(wire.opd_id, wire.area_id)

    def let_go(self) -> None:
        """End this listener's connection after what it is being sent now; it may come back and resume."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


HEARTBEAT = Wire(sys.maxsize, None, b": masih di sini\n\n")


def wire_of(entry: FeedEntry) -> Wire:
    body = json.dumps({"at": entry.at.isoformat(), "subject": entry.subject, "payload": entry.payload})
    text = f"id: {entry.pk}\nevent: {entry.topic}\ndata: {body}\n\n".encode()
    return Wire(entry.pk, entry.opd_id, text, entry.area_id)


class Stream:
    """Reads the table and hands entries to listeners.

    `scope_of(user, session)` says what a person may see now, None for nothing.

    The reader has a thread of its own, so that a thousand screens that come back at once (each is asked for its
    session) do not delay what is new.
    """

    def __init__(self, scope_of: ScopeOf) -> None:
        self.scope_of = scope_of
        self.listeners: set[Listener] = set()
        self.recent: deque[Wire] = deque(maxlen=REMEMBERED)
        self.last_id = 0
        self._reading = ThreadPoolExecutor(1, "feed-reader")
        self._asking = ThreadPoolExecutor(1, "feed-sessions")
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self.last_id = await self._in(self._reading, _newest_id)
        self._tasks = [asyncio.create_task(self._read_for_ever()), asyncio.create_task(self._keep_alive()),
                       asyncio.create_task(self._recheck_for_ever())]  # fmt: skip

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for listener in self.listeners:
            listener.let_go()
        for pool in (self._reading, self._asking):
            await self._in(pool, lambda: connection.close())
            pool.shutdown(wait=False)

    async def scope_now(self, cookies: str) -> Covers | None:
        """What the person behind these cookies may see now; None when nobody is signed in or they may see nothing."""

        def ask() -> Covers | None:
            user, session = visitor_of(cookies)
            return self.scope_of(user, session) if user else None

        return await self._in(self._asking, ask)

    async def backlog(self, since: int, upto: int) -> list[Wire] | None:
        """Entries in (since, upto]; None when some of them are no longer kept."""
        if since >= upto:
            return []
        if self.recent and self.recent[0].id <= since + 1:
            return [wire for wire in self.recent if since < wire.id <= upto]
        return await self._in(self._asking, partial(_entries_between, since, upto))

    async def _in(self, pool: ThreadPoolExecutor, act: Callable[[], Any]) -> Any:
        """Run a database act in one of our threads; a connection that failed is not used again."""

        def run() -> Any:
            try:
                return act()
            except DatabaseError:
                connection.close()
                raise

        return await asyncio.get_running_loop().run_in_executor(pool, run)

    async def _read_for_ever(self) -> None:
        while True:
            try:
                entries = await self._in(self._reading, partial(_entries_after, self.last_id))
            except DatabaseError:
                log.exception("feed cannot read; trying again")
                await asyncio.sleep(2)
                continue
            for wire in entries:
                self.hand_out(wire)
            if len(entries) < BATCH:
                await asyncio.sleep(POLL_S)

    def hand_out(self, wire: Wire) -> None:
        """Give one entry to everyone who may see it; who cannot keep up is let go."""
        self.recent.append(wire)
        self.last_id = wire.id
        self._give(wire)

    def _give(self, wire: Wire) -> None:
        for listener in list(self.listeners):
            if listener.may_see(wire):
                try:
                    listener.queue.put_nowait(wire)
                except asyncio.QueueFull:
                    self.listeners.discard(listener)
                    listener.let_go()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self._give(HEARTBEAT)

    async def _recheck_for_ever(self) -> None:
        """Whether everyone is still signed in, and what they may see under the hat they wear by now."""
        while True:
            await asyncio.sleep(RECHECK_S)
            for listener in list(self.listeners):
                await self._recheck(listener)

    async def _recheck(self, listener: Listener) -> None:
        try:
            scope = await self.scope_now(listener.cookies)
        except DatabaseError:
            return  # asked again next time
        if scope is None:
            listener.let_go()
        else:
            listener.scope = scope


def _newest_id() -> int:
    return FeedEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _entries_after(last: int) -> list[Wire]:
    return [wire_of(entry) for entry in FeedEntry.objects.filter(pk__gt=last).order_by("pk")[:BATCH]]


def _entries_between(since: int, upto: int) -> list[Wire] | None:
    oldest = FeedEntry.objects.order_by("pk").values_list("pk", flat=True).first()
    if oldest is None or oldest > since + 1:
        return None
    return [wire_of(entry) for entry in FeedEntry.objects.filter(pk__gt=since, pk__lte=upto).order_by("pk")]


def visitor_of(cookies: str) -> tuple[Any | None, SessionStore]:
    """The signed-in, active user of a session cookie, or None; and the session. As strict as the pages are."""
    session = SessionStore(session_key=parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME))
    user = get_user(SimpleNamespace(session=session)) if session.session_key else None
    may_pass = user is not None and user.is_active and not second_factor.is_owed(user, session)
    return (user if may_pass else None), session


def application(scope_of: ScopeOf, origins: Iterable[str]) -> Asgi:
    """The ASGI application: /kabar is the feed, /sehat the health check. `origins` may read it from another port."""
    stream, allowed = Stream(scope_of), frozenset(origins)

    async def app(scope: dict[str, Any], receive: Asgi, send: Asgi) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(stream, receive, send)
        elif scope["type"] == "http":
            if scope["path"] == "/sehat":
                await _answer(send, 200, b"sehat")
            elif scope["path"] != "/kabar" or scope["method"] != "GET":
                await _answer(send, 404, b"tidak ditemukan")
            else:
                await _serve(stream, scope, allowed, receive, send)

    return app


async def _lifespan(stream: Stream, receive: Asgi, send: Asgi) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await stream.start()
            await send({"type": "lifespan.startup.complete"})
        else:
            await stream.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


NARROWING = [  # what Django's middleware says of pages, said of the feed: nobody's page, nobody's script
    (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
]  # fmt: skip


async def _answer(send: Asgi, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *NARROWING]
    headers += [(b"retry-after", b"10")] if status == 503 else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _since(scope: dict[str, Any], headers: dict[str, str]) -> int | None:
    asked = parse_qs(scope["query_string"].decode("latin1")).get("since", [""])[0] or headers.get("last-event-id", "")
    return int(asked) if asked.isdecimal() and len(asked) < 19 else None


async def _serve(stream: Stream, scope: dict[str, Any], allowed: frozenset[str], receive: Asgi, send: Asgi) -> None:
    headers = {name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]}
    cookies, origin = headers.get("cookie", ""), headers.get("origin", "")
    try:
        reach = await stream.scope_now(cookies)
    except DatabaseError:
        await _answer(send, 503, b"basis data sedang tidak terjangkau; coba lagi sebentar lagi")
        return
    if reach is None or (origin and origin not in allowed):
        await _answer(send, 404, b"tidak ditemukan")
        return
    listener = Listener(cookies, reach)
    stream.listeners.add(listener)  # from here on nothing is missed: what is older comes from the backlog
    upto = stream.last_id
    gone = asyncio.create_task(_until_gone(receive, listener))
    try:
        await send({"type": "http.response.start", "status": 200, "headers": _stream_headers(origin)})
        await _send_backlog(stream, listener, _since(scope, headers), upto, send)
        await _send_live(listener, upto, send)
        await send({"type": "http.response.body", "body": b""})
    except OSError:
        pass  # the listener went away while we were writing
    except DatabaseError:
        log.warning("the backlog cannot be read now: the listener comes back and asks again")
    finally:
        stream.listeners.discard(listener)
        gone.cancel()


def _stream_headers(origin: str) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no"), (b"vary", b"Origin"), *NARROWING,
    ]  # fmt: skip
    if origin:
        headers += [(b"access-control-allow-origin", origin.encode()), (b"access-control-allow-credentials", b"true")]
    return headers


async def _until_gone(receive: Asgi, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.let_go()


async def _send_backlog(stream: Stream, listener: Listener, since: int | None, upto: int, send: Asgi) -> None:
    if since is None:
        body = f"id: {upto}\nevent: start\ndata: {{}}\n\n".encode()
    elif since > upto or (missed := await stream.backlog(since, upto)) is None:
        body = f"id: {upto}\nevent: reset\ndata: {{}}\n\n".encode()
    else:
        body = b"".join(wire.text for wire in missed if listener.may_see(wire))
    await send({"type": "http.response.body", "body": b"retry: 1000\n\n" + body, "more_body": True})


async def _send_live(listener: Listener, upto: int, send: Asgi) -> None:
    """Send what comes until the listener is let go; what the backlog already held is not sent again."""
    while (wire := await listener.queue.get()) is not None:
        if wire.id > upto:
            await send({"type": "http.response.body", "body": wire.text, "more_body": True})
