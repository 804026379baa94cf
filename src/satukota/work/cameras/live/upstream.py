"""One camera stream pulled once: connects, packs, hands out, reconnects with growing pauses, closes when nobody looks.

No database here: where the stream is comes from the `find` it is given, asked again before every connection, so that
a changed address or password is followed and a refused login is remembered.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from satukota.base import addresses
from satukota.base.secrets import Sealed

from .. import rtsp
from ..federation.streams import Far
from . import from_peer
from .inner import mark_of
from .packing import LastKey, Packer
from .recoding import Recoder, Recoders, RecodersBusy
from .watchers import Fanout, Watcher

STALLED_S = 6.0  # no whole picture for so long: the connection is given up
FIRST_S = 20.0  # the same for the first picture: cameras with rare key pictures
PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
REFUSED_PAUSE_S = 60.0  # a refused login is asked of the register, never of the camera
IDLE_S = 10.0
TICK_S = 1.0
OLD_S = 2.0
FAR_STATES = ("lost", "unplayable")  # of a peer's stream: said on as they are
PACE_KEPT = 200
CLOCK_GOOD_S = 1800.0  # the camera's Date is told once, when it is connected
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """Where a stream is, as the register says now."""

    camera_id: int
    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    password_sealed: Sealed | str = field(default="", repr=False)
    may_log_in: bool = True
    cause: str = ""
    """why it may not be pulled: retired, secret_lost, no_address"""
    is_relay: bool = False
    """the city's own relay, named in the settings: it may stand on this machine"""
    far: Far | None = None
    """another installation's hub has it"""


Find = Callable[[], Awaitable[Source]]
Refused = Callable[[Source], Awaitable[None]]


class Upstream:
    """`join` a watcher; the pull runs while there are watchers and `idle_s` longer."""

    def __init__(
        self, find: Find, refused: Refused, recoders: Recoders, *, idle_s: float = IDLE_S, stalled_s: float = STALLED_S
    ) -> None:
        self._find, self._refused, self._recoders = find, refused, recoders
        self._idle_s, self._stalled_s = idle_s, stalled_s
        self.copy = Fanout()
        self.state, self.cause = "connecting", ""
        self.pulls = 0
        self.pictures = 0
        self.last_at = 0.0
        """arrival of the newest whole picture, epoch seconds"""
        self.mark = ""
        """names the stream that is pulled, see `inner.mark_of`"""
        self._seconds: deque[float] = deque(maxlen=PACE_KEPT)  # media times of the newest pictures
        self._key_seconds: deque[float] = deque(maxlen=8)
        self._p_sizes: deque[int] = deque(maxlen=PACE_KEPT)
        self._session: rtsp.Session | None = None
        self._session_at = 0.0
        self._packer: Packer | None = None
        self._recoder: Recoder | None = None
        self._task: asyncio.Task[None] | None = None
        self._limit: asyncio.Timeout | None = None
        self._closing: asyncio.TimerHandle | None = None
        self._waits_again = asyncio.Event()
        self._far: Far | None = None
        self._telling: set[asyncio.Task[None]] = set()

    # -- watchers

    @property
    def watchers(self) -> list[Watcher]:
        return [*self.copy.watchers, *(self._recoder.out.watchers if self._recoder else ())]

    @property
    def is_running(self) -> bool:
        return self._task is not None

    @property
    def key(self) -> LastKey | None:
        """The newest key picture of a stream that runs; None while it does not."""
        return self._packer.key if self._packer is not None and self.state == "live" else None

    def newest_key(self, silent_s: float) -> tuple[dict[str, Any], bytes] | None:
        """Facts and Annex B of the newest key picture; None where the stream is silent for longer than that."""
        key, session = self.key, self._session
        if key is None or session is None or time.time() - self.last_at > silent_s:
            return None
        digest = hashlib.sha256()
        for part in key.slices:
            digest.update(part)
        keys, sizes = list(self._key_seconds), self._p_sizes
        is_fresh = time.time() - self._session_at < CLOCK_GOOD_S
        facts = {
            "codec": key.codec, "sha": digest.digest()[:16].hex(), "size": key.size, "at": key.at,
            "seconds": [round(at, 4) for at in self._seconds], "lost": session.lost_packets,
            "gop_s": round(keys[-1] - keys[-2], 3) if len(keys) > 1 else None,
            "p_bytes": sum(sizes) / len(sizes) if sizes else None,
            "clock_offset_s": session.clock_offset_s if is_fresh else None,
        }  # fmt: skip
        return facts, key.content

    def join(self, watcher: Watcher) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        else:
            self._waits_again.set()  # a newcomer does not wait out a long pause
        watcher.say(self.words())
        self._place(watcher)
        if self._far is not None and self.state == "live":  # before the first picture `open` tells it
            task = asyncio.create_task(asyncio.to_thread(self._far.tell))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    def leave(self, watcher: Watcher) -> None:
        self.copy.watchers.discard(watcher)
        if self._recoder is not None:
            self._recoder.out.watchers.discard(watcher)
            if not self._recoder.out.watchers:
                self._end_recoder()
        if not self.watchers and self._closing is None and self._task is not None:
            self._closing = asyncio.get_running_loop().call_later(self._idle_s, self._close)

    def _place(self, watcher: Watcher) -> None:
        """With those who get a copy, or, where the browser cannot play it, with those for whom it is recoded."""
        if self._packer is None or self._packer.codec != "hevc" or watcher.plays_hevc:
            self.copy.join(watcher)
            return
        try:
            if self._recoder is None:
                self._recoder = self._recoders.begin(self._packer.codec)
        except RecodersBusy:
            watcher.say({"state": "unplayable", "cause": "recoders_busy"})
            self.copy.watchers.discard(watcher)
            watcher.let_go({"state": "unplayable", "cause": "recoders_busy"})
            return
        self.copy.watchers.discard(watcher)
        self._recoder.out.join(watcher)
        watcher.say({"recoded": True})

    def words(self) -> dict[str, Any]:
        """What watchers are told once a second, and when it changes."""
        now = time.time()
        age = round(now - self.last_at, 2) if self.last_at else None
        state = self.state if self.state != "live" or (age is not None and age <= OLD_S) else "stalled"
        return {"state": state, "cause": self.cause, "age": age, "now": now}

    def _tell(self, state: str, cause: str = "") -> None:
        self.state, self.cause = state, cause
        for watcher in self.watchers:
            watcher.say(self.words())

    # -- pulling

    async def _run(self) -> None:
        telling = asyncio.create_task(self._tell_for_ever())
        failures = 0
        try:
            while True:
                began = time.monotonic()
                cause = await self._pull()
                failures = 0 if self.last_at and time.monotonic() - began > 30 else failures + 1
                self._forget()
                self._tell("lost", cause)
                pause = REFUSED_PAUSE_S if cause in ("login_refused", "retired", "not_lent") else \
                    PAUSES_S[min(failures, len(PAUSES_S)) - 1] * random.uniform(0.8, 1.2)  # fmt: skip
                self._waits_again.clear()
                try:
                    async with asyncio.timeout(pause):
                        await self._waits_again.wait()
                        await asyncio.sleep(PAUSES_S[0])
                except TimeoutError:
                    pass
        finally:
            telling.cancel()
            self._forget()

    async def _tell_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            words = self.words()
            for watcher in self.watchers:
                watcher.say(words)

    async def _pull(self) -> str:
        """One connection, to its end; why it ended."""
        self._tell("connecting", self.cause)
        try:
            source = await self._find()
            if source.cause:
                return source.cause
            if source.far is not None:
                return await self._pull_far(source.far)
            return await self._pull_from(source)
        except from_peer.FarFault as fault:
            return fault.cause
        except rtsp.StreamFault as fault:
            if fault.cause == "login_refused" and source.may_log_in:
                await self._refused(source)
            return fault.cause
        except TimeoutError:
            return "stalled"
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("a stream broke in a way of its own; connecting again")
            return "failed"

    async def _pull_from(self, source: Source) -> str:
        self.pulls += 1
        self.mark = mark_of(source.url)
        async with asyncio.timeout(FIRST_S) as self._limit:
            async with rtsp.watching(
                source.url, source.username, source.password,
                resolve=rtsp.resolve_anywhere if source.is_relay else _resolve, may_log_in=source.may_log_in,
                on_unit=self._on_unit,
            ) as session:  # fmt: skip
                self._session, self._session_at = session, time.time()
                await session.last()
        return "closed_by_camera"

    async def _pull_far(self, far: Far) -> str:
        """Their hub's messages as they are; ended by them, it ends for everybody here at once."""
        self.pulls += 1
        self.mark, self._far = "", far
        async for said in from_peer.messages(far):
            if isinstance(said, dict):
                if said.get("state") == "ended":
                    await self._ended_there(far)
                    return "not_lent"
                if said.get("state") in FAR_STATES and said["state"] != self.state:
                    self._tell(said["state"], str(said.get("cause", ""))[:30])
                continue
            message, at = said
            self.copy.give([message])
            if not message.is_opening:
                self.last_at = at
                if self.state != "live":
                    self._tell("live")
        return "closed_by_camera"

    async def _ended_there(self, far: Far) -> None:
        for watcher in self.watchers:
            watcher.let_go({"state": "ended", "cause": "not_lent", "now": time.time()}, because="revoked")
        await asyncio.to_thread(far.ended)

    def _on_unit(self, track: rtsp.VideoTrack, unit: rtsp.AccessUnit) -> None:
        now, loop = time.time(), asyncio.get_running_loop()
        packer = self._packer or self._begin_packing(track)
        messages = packer.pack(unit, now)
        if not messages:
            return
        self.last_at = now
        self.pictures += 1
        self._seconds.append(packer.media_s)
        if unit.is_key:
            self._key_seconds.append(packer.media_s)
        else:
            self._p_sizes.append(sum(map(len, unit.slices)))
        if self._limit is not None:
            self._limit.reschedule(loop.time() + self._stalled_s)
        self.copy.give(messages)
        if self._recoder is not None:
            self._recoder.feed(unit, now)
        if self.state != "live":
            self._tell("live")

    def _begin_packing(self, track: rtsp.VideoTrack) -> Packer:
        """The codec is known by now; watchers move where they can play it."""
        self._packer = Packer(track.codec, track.clock_hz)
        for watcher in list(self.copy.watchers):
            if track.codec == "hevc" and not watcher.plays_hevc:
                self._place(watcher)
        return self._packer

    def _forget(self) -> None:
        self._packer, self._limit, self._session = None, None, None
        self.copy.forget()
        for kept in (self._seconds, self._key_seconds, self._p_sizes):
            kept.clear()
        self._end_recoder()

    def _end_recoder(self) -> None:
        """Its watchers wait with the others until the stream's codec is known again."""
        recoder, self._recoder = self._recoder, None
        if recoder is not None:
            self._recoders.end(recoder)
            self.copy.watchers |= recoder.out.watchers

    def _close(self) -> None:
        self._closing = None
        if not self.watchers:
            self.stop()

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.state, self.cause = "connecting", ""


async def _resolve(host: str, port: int) -> list[str]:
    try:
        return await addresses.resolve(host, port)
    except addresses.AddressRefused as refused:
        raise rtsp.AddressRefused(refused.code) from None
