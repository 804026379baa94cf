"""Who watches a stream, and handing messages to all of them at the price of one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from .packing import Message

QUEUE_MESSAGES, QUEUE_BYTES = 90, 4_000_000  # more waiting: too slow, it goes on at the next key picture
GOP_MESSAGES, GOP_BYTES = 900, 24_000_000  # kept for who comes in between two key pictures


class Watcher:
    """One screen. `write_now`, where there is one, takes a picture at once or says no; then, and where there is none,
    the picture waits in a queue that cannot grow."""

    def __init__(self, *, plays_hevc: bool = False, write_now: Callable[[bytes], bool] | None = None) -> None:
        self.plays_hevc = plays_hevc
        self.only_words = False  # its pictures go another way; openings still tell it what they are
        self._write_now = write_now
        self._is_sending = False  # one out of the queue is on its way: what comes after it must not overtake it
        self.dropped = 0
        """pictures it was too slow for"""
        self._queue: deque[Message | dict[str, Any]] = deque()
        self._bytes = 0
        self._skips = False
        self._ready = asyncio.Event()
        self.is_let_go = False
        self.let_go_because = "left"

    def offer(self, message: Message) -> None:
        if self.is_let_go or (self.only_words and not message.is_opening):
            return
        if self._goes_on_with(message) and self._is_written_now(message):
            self._skips = False
            return
        if len(self._queue) >= QUEUE_MESSAGES or self._bytes + message.size > QUEUE_BYTES:
            self._drop()
        if not self._goes_on_with(message):
            self.dropped += 1
            return
        self._skips = False
        self._queue.append(message)
        self._bytes += message.size
        self._ready.set()

    def _is_written_now(self, message: Message) -> bool:
        if self._write_now is None or self._queue or self._is_sending:
            return False
        return self._write_now(message.frame)

    def _goes_on_with(self, message: Message) -> bool:
        return not self._skips or message.is_key or message.is_opening

    def _drop(self) -> None:
        """Openings and words stay: without them the next key picture cannot be shown."""
        kept = [one for one in self._queue if isinstance(one, dict) or one.is_opening]
        self.dropped += len(self._queue) - len(kept)
        self._queue, self._bytes, self._skips = deque(kept[-4:]), 0, True

    def say(self, words: dict[str, Any]) -> None:
        if not self.is_let_go and len(self._queue) < 2 * QUEUE_MESSAGES:
            self._queue.append(words)
            self._ready.set()

    def let_go(self, words: dict[str, Any] | None = None, *, because: str = "left") -> None:
        """`words` are the last it hears; `because`: how the watch ended, as its row says it."""
        if self.is_let_go:
            return
        self.let_go_because = because
        self._queue.clear()
        if words is not None:
            self._queue.append(words)
        self.is_let_go = True
        self._ready.set()

    async def next(self) -> Message | dict[str, Any] | None:
        """None: it is over."""
        self._is_sending = False
        while not self._queue:
            if self.is_let_go:
                return None
            self._ready.clear()
            await self._ready.wait()
        message = self._queue.popleft()
        self._is_sending = True
        if isinstance(message, Message):
            self._bytes = max(0, self._bytes - message.size)
        return message


class Fanout:
    """One packed stream to any number of watchers, with what a newcomer needs to see a picture at once."""

    def __init__(self) -> None:
        self.watchers: set[Watcher] = set()
        self._opening: Message | None = None
        self._group: list[Message] = []
        self._bytes = 0

    def give(self, messages: list[Message]) -> None:
        for message in messages:
            self._remember(message)
            for watcher in self.watchers:
                watcher.offer(message)

    def _remember(self, message: Message) -> None:
        if message.is_opening:
            self._opening, self._group, self._bytes = message, [], 0
            return
        if message.is_key:
            self._group, self._bytes = [], 0
        elif not self._group:
            return
        self._group.append(message)
        self._bytes += message.size
        if len(self._group) > GOP_MESSAGES or self._bytes > GOP_BYTES:
            self._group = []

    def join(self, watcher: Watcher) -> None:
        """With the opening and the pictures since the last key picture; a long group only from its next key on."""
        if self._opening is not None:
            watcher.offer(self._opening)
            if len(self._group) < QUEUE_MESSAGES and self._bytes < QUEUE_BYTES:
                for message in self._group:
                    watcher.offer(message)
        self.watchers.add(watcher)

    def forget(self) -> None:
        """The stream ended: what was kept is old, and a newcomer must not take it for now."""
        self._opening, self._group, self._bytes = None, [], 0
