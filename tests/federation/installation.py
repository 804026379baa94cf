"""Two installations as processes for one test: their pages and hubs, a camera, and the line between them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """A folder with a database of its own, and the processes that serve it."""

    def __init__(self, var: Path, *, site_url: str = "") -> None:
        self.var, self.port, self.live_port = var, free_port(), free_port()
        self.site_url = site_url or f"http://127.0.0.1:{self.port}"
        self._processes: list[subprocess.Popen[bytes]] = []
        var.mkdir(parents=True)

    def take_database(self) -> None:
        """The rows of the test's own database (SQLite) as its open transaction sees them."""
        (self.var / "satukota.sqlite3").write_bytes(connection.connection.serialize())

    def start(self) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("SATUKOTA_", "DATABASE_"))}
        env = clean | {
            "PYTHONPATH": str(ROOT / "src"), "SATUKOTA_VAR": str(self.var), "SATUKOTA_SAMPLE": "1",
            "SATUKOTA_MFA": "optional", "SATUKOTA_PORT": str(self.port), "SATUKOTA_FEED_PORT": str(free_port()),
            "SATUKOTA_LIVE_PORT": str(self.live_port), "SATUKOTA_SITE_URL": self.site_url,
            "SATUKOTA_SECRET_KEY": settings.SECRET_KEY, "SATUKOTA_HASH_KEY": settings.HASH_KEY,
            "DJANGO_SETTINGS_MODULE": "satukota.project.settings",
        }  # fmt: skip
        for part in ("web", "live"):
            log = (self.var / f"{part}.log").open("wb")
            words = [sys.executable, "-m", "satukota.cli", part]
            self._processes.append(
                subprocess.Popen(
                    words, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
                )
            )
            log.close()

    def wait(self) -> None:
        ends = time.monotonic() + START_S
        for port in (self.port, self.live_port):
            while True:
                try:
                    if httpx.get(f"http://127.0.0.1:{port}/sehat", trust_env=False).status_code == 200:
                        break
                except httpx.HTTPError:
                    pass
                if time.monotonic() > ends:
                    raise AssertionError(f"{self.var.name} did not start:\n{self.log()}")
                time.sleep(0.05)

    def log(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-3000:] for path in self.var.glob("*.log"))

    def stop(self) -> None:
        for process in self._processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Person:
    """Somebody signed in at an installation, as a browser."""

    def __init__(self, home: Installation, session: str) -> None:
        self.home = home
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{home.port}", cookies={settings.SESSION_COOKIE_NAME: session}, timeout=20,
            headers={"Accept-Language": "id"}, trust_env=False,
        )  # fmt: skip

    def get(self, path: str) -> str:
        answer = self.http.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}\n{self.home.log()}"
        return answer.text

    def post(self, path: str, said: dict[str, Any], *, page: str = "/pusat/kamera/instalasi/") -> httpx.Response:
        if "csrftoken" not in self.http.cookies:
            self.get(page)
        return self.http.post(path, data=said | {"csrfmiddlewaretoken": self.http.cookies["csrftoken"]})

    @property
    def cookies(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())


class Line:
    """A TCP line to a port that keeps what went over it, and can be cut."""

    def __init__(self, loop: Loop) -> None:
        self._loop, self.to = loop, 0
        self.requests: list[bytes] = []
        self.port = free_port()
        self._server: asyncio.Server | None = None

    def open(self, to: int) -> None:
        async def begin() -> asyncio.Server:
            return await asyncio.start_server(self._carry, "127.0.0.1", self.port)

        self.to, self._server = to, self._loop.run(begin())

    def cut(self) -> None:
        async def end() -> None:
            assert self._server is not None
            self._server.close()

        self._loop.run(end())

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.to)
        said = bytearray()

        async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter, keep: bool) -> None:
            while part := await source.read(65_536):
                if keep:
                    said.extend(part)
                target.write(part)
            target.close()

        await asyncio.gather(copy(reader, back, True), copy(there, writer, False), return_exceptions=True)
        self.requests.append(bytes(said))

    def captured(self, pattern: str) -> bytes:
        """The newest request whose first line fits."""
        return next(one for one in reversed(self.requests) if re.match(pattern.encode(), one))


class Loop:
    """An event loop in a thread of its own, for servers that stand beside a plain test."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._stack = AsyncExitStack()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def hold(self, context: Any) -> Any:
        """Enter an asynchronous context that stays open until the loop ends; what it gives."""
        return self.run(self._stack.enter_async_context(context))

    def end(self) -> None:
        self.run(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)


@contextmanager
def a_loop() -> Iterator[Loop]:
    loop = Loop()
    try:
        yield loop
    finally:
        loop.end()
