"""Pulling a stream from another installation's hub: its messages are ours already, only their moments are told anew by
our clock."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from satukota.base import addresses
from satukota.base.errors import UserError

from ..federation.streams import Far
from .packing import PICTURE_HEAD, Message

OPEN_S = 5.0
SILENT_S = 6.0  # their hub says how it goes every second
MOST_BYTES = 8_000_000
PING_EVERY_S = 10.0
USUAL_PORTS = {"ws": 80, "wss": 443}


class FarFault(Exception):
    """`cause`: not_lent, peer_silent."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class TheirClock:
    """How far their clock is ahead of ours, by the answer that came back fastest."""

    def __init__(self) -> None:
        self.ahead_s = 0.0
        self._best_s = float("inf")
        self.asked_at = -PING_EVERY_S  # monotonic

    def question(self) -> str:
        self.asked_at = time.monotonic()
        return json.dumps({"ping": time.time()})

    def heard(self, words: dict[str, Any]) -> None:
        sent, theirs, now = words.get("pong"), words.get("now"), time.time()
        if isinstance(sent, int | float) and isinstance(theirs, int | float) and 0 <= now - sent < self._best_s:
            self._best_s = now - sent
            self.ahead_s = theirs - (sent + now) / 2


async def messages(far: Far) -> AsyncIterator[tuple[Message, float] | dict[str, Any]]:
    """Openings and pictures, each with the moment (epoch seconds, our clock) it reached their hub (0 for openings), and
    their words. Raises FarFault."""
    try:
        told = await asyncio.to_thread(far.open)
        parts = urlsplit(told.url)
        port = parts.port or USUAL_PORTS[parts.scheme]
        ip = (await addresses.resolve(parts.hostname or "", port))[0]
    except UserError as problem:
        raise FarFault("not_lent" if problem.code == "tidak_dipinjamkan" else "peer_silent") from None
    except OSError:
        raise FarFault("peer_silent") from None
    try:
        async with connect(
            told.url, host=ip, port=port, compression=None, max_size=MOST_BYTES, open_timeout=OPEN_S, proxy=None,
            close_timeout=1,
        ) as socket:  # fmt: skip
            their_clock = TheirClock()
            await socket.send(json.dumps({"ticket": told.ticket, "hevc": False}))
            while True:
                if time.monotonic() - their_clock.asked_at >= PING_EVERY_S:
                    await socket.send(their_clock.question())
                async with asyncio.timeout(SILENT_S):
                    heard = await socket.recv()
                if (said := _read(heard, their_clock)) is not None:
                    yield said
    except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
        raise FarFault("peer_silent") from None


def _read(heard: str | bytes, their_clock: TheirClock) -> tuple[Message, float] | dict[str, Any] | None:
    """None for what nobody needs to hear of."""
    if isinstance(heard, str):
        try:
            words = json.loads(heard)
        except (ValueError, RecursionError):
            return None
        if not isinstance(words, dict) or "pong" in words:
            their_clock.heard(words if isinstance(words, dict) else {})
            return None
        return words
    if heard[:1] == b"\x01":
        return Message(heard, is_opening=True), 0.0
    if heard[:1] != b"\x02" or len(heard) < PICTURE_HEAD.size:
        return None
    kind, flags, at, media_s = PICTURE_HEAD.unpack_from(heard)
    here_at = at - their_clock.ahead_s
    head = PICTURE_HEAD.pack(kind, flags, here_at, media_s)
    return Message(head + heard[PICTURE_HEAD.size :], is_key=bool(flags & 1)), here_at
