"""The hub's door for other installations: a ticket got by a signed request, one pull for all who watch over there.

Asked anew every second, because a loan that is ended must end what flows at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, connection

from satukota.base import clock

from ..federation import streams
from ..federation.streams import PATH, PeerGuest
from .packing import Message
from .watchers import Watcher

if TYPE_CHECKING:
    from .service import Hub

RECHECK_S = 1.0
UNSURE_S = 10.0
SEEN_EVERY_S = 15.0
MOST_GUESTS = 500
log = logging.getLogger(__name__)
Asgi = Callable[..., Awaitable[Any]]

__all__ = ["PATH", "PeerDoor"]


class PeerDoor:
    """Guests that are hubs. Its questions have a thread and connection of their own."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.guests: dict[PeerGuest, Watcher] = {}
        self._thread = ThreadPoolExecutor(1, "peer-door")
        self._tasks: list[asyncio.Task[None]] = []
        self._sure_at = time.monotonic()

    async def start(self) -> None:
        try:
            await self._ask(streams.close_what_the_last_hub_left)
        except DatabaseError:
            log.exception("what the last hub left open for peers stays open")
        self._tasks = [asyncio.create_task(self._recheck_for_ever()), asyncio.create_task(self._note_for_ever())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for guest, watcher in list(self.guests.items()):
            watcher.let_go()
            await self._left(guest, "left")
        await self._ask(connection.close)
        self._thread.shutdown(wait=False)

    async def _ask(self, act: Callable[..., Any], *said: Any, **more: Any) -> Any:
        def run() -> Any:
            try:
                return act(*said, **more)
            except DatabaseError:
                connection.close()
                raise

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    async def welcome(self, ticket: str, watcher: Watcher, send: Callable[[Message | dict[str, Any]], Any]) -> bool:
        """Hand out what was asked for, to its end; False for a ticket that is none. Raises DatabaseError."""
        guest = None
        if len(self.guests) < MOST_GUESTS:
            guest = await self._ask(streams.come_in, ticket, clock.now())
        if guest is None:
            return False
        upstream = self._hub.upstream(guest.entry.camera_id, guest.entry.stream)
        self.guests[guest] = watcher
        upstream.join(watcher)
        try:
            while (message := await watcher.next()) is not None:
                await send(message)
                await asyncio.sleep(0)
        finally:
            upstream.leave(watcher)
            if self.guests.pop(guest, None) is not None:
                await asyncio.shield(self._left(guest, watcher.let_go_because))
        return True

    async def _left(self, guest: PeerGuest, why: str) -> None:
        try:
            await self._ask(streams.end, guest.entry.watch_id, clock.now(), why=why)
        except (DatabaseError, RuntimeError):
            log.warning("the end of a stream to a peer could not be written; the next start does it")

    async def _recheck_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_S)
            guests = list(self.guests)
            try:
                staying = await self._ask(streams.may_stay, guests, clock.now()) if guests else set()
                self._sure_at = time.monotonic()
            except DatabaseError:
                staying = set(guests) if time.monotonic() - self._sure_at < UNSURE_S else set()
            for guest in guests:
                if guest not in staying and guest in self.guests:
                    words = {"state": "ended", "cause": "revoked", "now": time.time()}
                    self.guests[guest].let_go(words, because="revoked")

    async def _note_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SEEN_EVERY_S)
            try:
                if self.guests:
                    await self._ask(streams.still_sent, [one.entry.watch_id for one in self.guests], clock.now())
            except DatabaseError:
                log.warning("which peers still pull could not be written; again in a moment")
