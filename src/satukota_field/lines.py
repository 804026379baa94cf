"""Listening ports that can die as a cut cable does: no answer at all, and back again on the same port.

A dead port keeps its socket but accepts nothing: its backlog is set to none and filled with one connection of our own,
so Linux drops every further SYN and the caller's connect times out. Nothing is refused and nothing is closed.
tests/field/test_lines.py holds this against the real kernel.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

HOST = "127.0.0.1"
BACKLOG = 512
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Line:
    """Something connections run over. `alive` is waited on by whoever answers through it."""

    def __init__(self, code: str) -> None:
        self.code = code
        self._up = asyncio.Event()
        self._up.set()
        self.ports: list[Port] = []

    @property
    def is_up(self) -> bool:
        return self._up.is_set()

    async def wait_up(self) -> None:
        await self._up.wait()

    def cut(self) -> None:
        self._up.clear()
        for port in self.ports:
            port.settle()

    def mend(self) -> None:
        self._up.set()
        for port in self.ports:
            port.settle()


class Port:
    """One listening TCP port; it lives while all of its lines do."""

    def __init__(self, serve: Serve, lines: list[Line], limit: int = 1 << 16) -> None:
        self._serve, self._lines, self._limit = serve, lines, limit
        self._socket: socket.socket | None = None
        self._stopper: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.number = 0
        for line in lines:
            line.ports.append(self)

    def open(self, number: int) -> int:
        """Listen on this port (0: a free one) and say which. Raises OSError when it is taken."""
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.setblocking(False)
            made.bind((HOST, number))
            made.listen(BACKLOG)
        except OSError as problem:
            made.close()
            raise OSError(problem.errno, f"port {number} on {HOST}: {problem.strerror}") from problem
        self._socket, self.number = made, made.getsockname()[1]
        asyncio.get_running_loop().add_reader(made, self._accept)
        return self.number

    @property
    def is_dead(self) -> bool:
        return self._stopper is not None

    def settle(self) -> None:
        """Go dead or come back, as the lines now say."""
        wanted_dead = not all(line.is_up for line in self._lines)
        if self._socket is None or wanted_dead == self.is_dead:
            return
        loop = asyncio.get_running_loop()
        if wanted_dead:
            loop.remove_reader(self._socket)
            self._socket.listen(0)
            self._stopper = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._stopper.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                self._stopper.connect((HOST, self.number))
        else:
            assert self._stopper is not None
            self._stopper.close()
            self._stopper = None
            self._socket.listen(BACKLOG)
            loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        assert self._socket is not None
        for _ in range(BACKLOG):
            try:
                connection, _ = self._socket.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError:  # out of descriptors, or the caller is gone: leave the rest for the next turn
                return
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = asyncio.create_task(self._run(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection, limit=self._limit)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            pass  # callers come and go
        finally:
            writer.close()

    async def close(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
        if self._stopper is not None:
            self._stopper.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
