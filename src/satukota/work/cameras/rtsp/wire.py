"""Bytes of one RTSP connection: replies and interleaved packets, both bounded (RFC 2326 section 10.12).

Packets are handed on as they arrive and never queued, so a camera can send for as long as it likes.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass

MAX_HEAD = MAX_BODY = 64 * 1024
MAX_TOTAL = 64 * 1024 * 1024  # of one look: ten seconds of 50 Mbit/s

MAX_FIRST_LINE = 1024
_FIRST_LINE = re.compile(rb"RTSP/1\.\d \d{3}\b|[A-Z_]+ \S+ RTSP/1\.\d\r$")
_START = re.compile(rb"[A-Z]|\r$")

Headers = dict[str, list[str]]


class NotRtsp(Exception):
    """The other side speaks something else. `said` is how it begins, raw."""

    def __init__(self, said: bytes) -> None:
        super().__init__("not RTSP")
        self.said = said[:4096].decode("latin-1")


class TooMuch(Exception):
    """A reply or the whole stream is larger than any camera's."""


class Closed(Exception):
    """The other side hung up."""


@dataclass(frozen=True)
class Reply:
    code: int
    reason: str
    headers: Headers
    body: bytes = b""

    def header(self, name: str) -> str:
        return (self.headers.get(name) or [""])[0]


class Wire(asyncio.Protocol):
    """`ask` and get the reply; packets go to `on_packet(channel, packet)` as they come.

    What goes wrong (NotRtsp, TooMuch, Closed, or whatever `on_packet` raises) is raised by the `ask` or `until` that
    waits, or by the next one.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._total = 0
        self._reply: asyncio.Future[Reply] | None = None
        self._done: asyncio.Future[None] | None = None
        self._trouble: Exception | None = None
        self._is_draining = False
        self._most = MAX_TOTAL
        self._transport: asyncio.Transport | None = None
        self.on_packet: Callable[[int, memoryview], None] | None = None

    # -- what the session calls

    async def ask(self, request: bytes) -> Reply:
        assert self._transport is not None
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        self._wake()
        try:
            return await self._reply
        finally:
            self._reply = None

    def tell(self, request: bytes) -> None:
        """Send without waiting: the reply is dropped."""
        if self._transport is not None and self._trouble is None:
            self._transport.write(request)

    def without_end(self) -> None:
        """For a stream that is passed on: what came is not counted, each message and picture still has its limit."""
        self._most = sys.maxsize

    async def until(self) -> None:
        """Wait until `stop()` is called out of `on_packet`, or trouble."""
        self._done = asyncio.get_running_loop().create_future()
        self._wake()
        try:
            await self._done
        finally:
            self._done = None

    def rest(self) -> None:
        """Read nothing; what comes waits in the system's buffers, and the camera's sending with it."""
        if self._transport is not None and self._trouble is None:
            self._transport.pause_reading()

    def wake(self) -> None:
        if self._transport is not None and self._trouble is None:
            self._transport.resume_reading()

    async def wake_and_drain(self, longest_s: float) -> None:
        """Read on and throw away. Raises what went wrong."""
        self._is_draining = True
        self.wake()
        await asyncio.sleep(longest_s)
        if self._trouble is not None:
            raise self._trouble

    def stop(self) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(None)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # -- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._trouble is not None:
            return
        if self._is_draining:
            if b"RTSP/1." in data:  # the answer to TEARDOWN; where messages begin was lost with what was thrown away
                self._answer(Reply(200, "", {}))
            return
        self._buffer += data
        self._total += len(data)
        try:
            if self._total > self._most:
                raise TooMuch
            used = self._parse()
        except Exception as trouble:
            self._fail(trouble)
        else:
            self._buffer = self._buffer[used:]  # not cut in place: a traceback may still hold a view of it

    def connection_lost(self, problem: Exception | None) -> None:
        if self._trouble is None:
            started = bytes(self._buffer[:4096])
            # An answer without a proper end (HTML of a small web server) says what the other side is.
            is_other = bool(started) and not started.startswith((b"$", b"RTSP/"))
            self._fail(NotRtsp(started) if is_other else Closed())

    # -- parsing

    def _parse(self) -> int:
        """Handle all whole messages; return how many bytes they took."""
        at = 0
        with memoryview(self._buffer) as view:
            while len(view) - at >= 4:
                if view[at] == 0x24:
                    end = at + 4 + (view[at + 2] << 8 | view[at + 3])
                    if end > len(view):
                        break
                    if self.on_packet is not None:
                        self.on_packet(view[at + 1], view[at + 4 : end])
                    at = end
                else:
                    size = self._message(at)
                    if not size:
                        break
                    at += size
        return at

    def _message(self, at: int) -> int:
        """Handle the text message at this place; 0 when it is not all there yet."""
        if self._buffer.startswith(b"\r\n", at):
            return 2  # stray line ends between messages
        self._check_first_line(at)
        end = self._buffer.find(b"\r\n\r\n", at, at + MAX_HEAD)
        if end < 0:
            if len(self._buffer) - at > MAX_HEAD:
                raise TooMuch
            return 0
        lines = self._buffer[at:end].decode("latin-1").split("\r\n")
        headers = _headers(lines[1:])
        length = (headers.get("content-length") or ["0"])[0]
        body_size = int(length) if length.isascii() and length.isdigit() and len(length) < 12 else 0
        if body_size > MAX_BODY:
            raise TooMuch
        if len(self._buffer) < end + 4 + body_size:
            return 0
        if lines[0].startswith("RTSP/"):
            self._answer(_reply(lines[0], headers, bytes(self._buffer[end + 4 : end + 4 + body_size])))
        return end + 4 + body_size - at  # a request of the camera's own (OPTIONS, ANNOUNCE) is passed over

    def _check_first_line(self, at: int) -> None:
        """Raises NotRtsp as soon as this can be no RTSP message."""
        end = self._buffer.find(b"\n", at, at + MAX_FIRST_LINE)
        if end >= 0:
            is_rtsp = _FIRST_LINE.match(self._buffer, at, end) is not None
        else:
            is_rtsp = len(self._buffer) - at < MAX_FIRST_LINE and _START.match(self._buffer, at) is not None
        if not is_rtsp:
            raise NotRtsp(bytes(self._buffer[at : at + 4096]))

    def _answer(self, reply: Reply) -> None:
        if reply.code == 100:
            return
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(reply)

    def _fail(self, trouble: Exception) -> None:
        self._trouble = trouble
        self._buffer = bytearray()
        self._wake()
        if self._transport is not None and not isinstance(trouble, Closed):
            self._transport.pause_reading()

    def _wake(self) -> None:
        if self._trouble is None:
            return
        for waiting in (self._reply, self._done):
            if waiting is not None and not waiting.done():
                waiting.set_exception(self._trouble)


def _headers(lines: list[str]) -> Headers:
    headers: Headers = {}
    for line in lines[:200]:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), []).append(value.strip())
    return headers


def _reply(first: str, headers: Headers, body: bytes) -> Reply:
    words = first.split(" ", 2)
    if len(words) < 2 or not (words[1].isascii() and words[1].isdigit() and len(words[1]) == 3):
        raise NotRtsp(first.encode("latin-1"))
    return Reply(int(words[1]), words[2] if len(words) > 2 else "", headers, body)
