"""The live feed as Server-Sent Events: a small ASGI application, one reader of the table, many listeners.

A listener says the last id it saw (`?since=` or Last-Event-ID) and gets everything after it, in order, once. When
that id is older than what is kept, it gets `reset` and loads its page afresh. A listener too slow to keep up is
disconnected; it comes back by itself and resumes.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qs

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.db import close_old_connections
from django.http.cookie import parse_cookie

from .models import FeedEntry

POLL_S = 0.15
HEARTBEAT_S = 15.0
RECHECK_S = 60.0  # how soon a listener whose session ended is let go
REMEMBERED = 2_000  # entries held in memory for those who resume
QUEUE_LIMIT = 500
BATCH = 500
log = logging.getLogger(__name__)

Asgi = Callable[..., Awaitable[Any]]


class Covers(Protocol):
    def covers(self, opd_id: int | None) -> bool: ...


ScopeOf = Callable[[Any], Covers | None]


@dataclass(frozen=True)
class Wire:
    """One entry as it goes over the wire, made once for all listeners."""

    id: int
    opd_id: int | None
    text: bytes


@dataclass(eq=False)  # kept in a set: one listener is itself only
class Listener:
    scope: Covers
    queue: asyncio.Queue[Wire | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_LIMIT))

    def may_see(self, wire: Wire) -> bool:
        return wire.opd_id is None or self.scope.covers(wire.opd_id)


def wire_of(entry: FeedEntry) -> Wire:
    body = json.dumps({"at": entry.at.isoformat(), "subject": entry.subject, "payload": entry.payload})
    return Wire(entry.pk, entry.opd_id, f"id: {entry.pk}\nevent: {entry.topic}\ndata: {body}\n\n".encode())


class Stream:
    """Reads the table and hands entries to listeners. `scope_of(user)` says what a person may see, None for nothing."""

    def __init__(self, scope_of: ScopeOf) -> None:
        self.scope_of = scope_of
        self.listeners: set[Listener] = set()
        self.recent: deque[Wire] = deque(maxlen=REMEMBERED)
        self.last_id = 0
        self.reader: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.last_id = await sync_to_async(_newest_id)()
        self.reader = asyncio.create_task(self._read_for_ever())

    async def stop(self) -> None:
        if self.reader:
            self.reader.cancel()
        for listener in self.listeners:
            _drop(listener)

    async def _read_for_ever(self) -> None:
        while True:
            try:
                entries = await sync_to_async(_entries_after)(self.last_id, BATCH)
            except Exception:
                log.exception("feed cannot read; trying again")
                await asyncio.sleep(2)
                continue
            for wire in entries:
                self._hand_out(wire)
            if len(entries) < BATCH:
                await asyncio.sleep(POLL_S)

    def _hand_out(self, wire: Wire) -> None:
        self.recent.append(wire)
        self.last_id = wire.id
        for listener in list(self.listeners):
            if listener.may_see(wire):
                try:
                    listener.queue.put_nowait(wire)
                except asyncio.QueueFull:
                    self.listeners.discard(listener)
                    _drop(listener)

    async def backlog(self, since: int, upto: int) -> list[Wire] | None:
        """Entries in (since, upto]; None when some of them are no longer kept."""
        if since >= upto:
            return []
        if self.recent and self.recent[0].id <= since + 1:
            return [wire for wire in self.recent if since < wire.id <= upto]
        return await sync_to_async(_entries_between)(since, upto)


def _newest_id() -> int:
    close_old_connections()
    return FeedEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _entries_after(last: int, limit: int) -> list[Wire]:
    close_old_connections()
    return [wire_of(entry) for entry in FeedEntry.objects.filter(pk__gt=last).order_by("pk")[:limit]]


def _entries_between(since: int, upto: int) -> list[Wire] | None:
    close_old_connections()
    oldest = FeedEntry.objects.order_by("pk").values_list("pk", flat=True).first()
    if oldest is None or oldest > since + 1:
        return None
    return [wire_of(entry) for entry in FeedEntry.objects.filter(pk__gt=since, pk__lte=upto).order_by("pk")]


def _drop(listener: Listener) -> None:
    while not listener.queue.empty():
        listener.queue.get_nowait()
    listener.queue.put_nowait(None)


def user_of(cookies: str) -> Any | None:
    """The signed-in, active user of a session cookie, or None."""
    close_old_connections()
    key = parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME)
    user_id = SessionStore(session_key=key).get(SESSION_KEY) if key else None
    return get_user_model().objects.filter(pk=user_id, is_active=True).first() if user_id else None


def application(scope_of: ScopeOf, origins: Iterable[str]) -> Asgi:
    """The ASGI application: /kabar is the feed, /sehat the health check. `origins` may read it from another port."""
    stream, allowed = Stream(scope_of), frozenset(origins)

    def scope_now(cookies: str) -> Covers | None:
        user = user_of(cookies)
        return scope_of(user) if user else None

    async def app(scope: dict[str, Any], receive: Asgi, send: Asgi) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(stream, receive, send)
        elif scope["type"] == "http":
            headers = {name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]}
            if scope["path"] == "/sehat":
                await _answer(send, 200, b"sehat")
            elif scope["path"] != "/kabar" or scope["method"] != "GET":
                await _answer(send, 404, b"tidak ditemukan")
            else:
                await _serve(stream, scope, headers, allowed, scope_now, receive, send)

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


async def _answer(send: Asgi, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _since(scope: dict[str, Any], headers: dict[str, str]) -> int | None:
    asked = parse_qs(scope["query_string"].decode("latin1")).get("since", [""])[0] or headers.get("last-event-id", "")
    return int(asked) if asked.isdecimal() and len(asked) < 19 else None


async def _serve(
    stream: Stream,
    scope: dict[str, Any],
    headers: dict[str, str],
    allowed: frozenset[str],
    scope_now: Callable[[str], Covers | None],
    receive: Asgi,
    send: Asgi,
) -> None:
    cookies, origin = headers.get("cookie", ""), headers.get("origin", "")
    reach = await sync_to_async(scope_now)(cookies)
    if reach is None or (origin and origin not in allowed):
        await _answer(send, 404, b"tidak ditemukan")
        return
    listener = Listener(reach)
    stream.listeners.add(listener)  # from here on nothing is missed: what is older comes from the backlog
    upto = stream.last_id
    out = [
        (b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no"),
        (b"vary", b"Origin"),
    ]  # fmt: skip
    if origin:
        out += [(b"access-control-allow-origin", origin.encode()), (b"access-control-allow-credentials", b"true")]
    gone = asyncio.create_task(_until_gone(receive))
    try:
        await send({"type": "http.response.start", "status": 200, "headers": out})
        await _send_backlog(stream, listener, _since(scope, headers), upto, send)
        await _send_live(listener, upto, gone, lambda: sync_to_async(scope_now)(cookies), send)
        await send({"type": "http.response.body", "body": b""})
    except OSError:
        pass  # the listener went away while we were writing
    finally:
        stream.listeners.discard(listener)
        gone.cancel()


async def _until_gone(receive: Asgi) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_backlog(stream: Stream, listener: Listener, since: int | None, upto: int, send: Asgi) -> None:
    if since is None:
        body = f"id: {upto}\nevent: start\ndata: {{}}\n\n".encode()
    elif since > upto or (missed := await stream.backlog(since, upto)) is None:
        body = f"id: {upto}\nevent: reset\ndata: {{}}\n\n".encode()
    else:
        body = b"".join(wire.text for wire in missed if listener.may_see(wire))
    await send({"type": "http.response.body", "body": b"retry: 1000\n\n" + body, "more_body": True})


async def _send_live(
    listener: Listener,
    upto: int,
    gone: asyncio.Task[None],
    still: Callable[[], Awaitable[Covers | None]],
    send: Asgi,
) -> None:
    loop = asyncio.get_running_loop()
    recheck_at = loop.time() + RECHECK_S
    while not gone.done():
        take = asyncio.ensure_future(listener.queue.get())
        await asyncio.wait({take, gone}, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
        if not take.done():
            take.cancel()
            body = b": masih di sini\n\n"
        else:
            wire = take.result()
            if wire is None:
                return
            body = wire.text if wire.id > upto else b""
            while not listener.queue.empty() and len(body) < 65_536:
                wire = listener.queue.get_nowait()
                if wire is None:
                    return
                body += wire.text if wire.id > upto else b""
        if body:
            await send({"type": "http.response.body", "body": body, "more_body": True})
        if loop.time() > recheck_at:
            reach = await still()
            if reach is None:
                return
            listener.scope, recheck_at = reach, loop.time() + RECHECK_S
