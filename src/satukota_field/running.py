"""A field in a thread of its own, for tests and notebooks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from satukota_field.control import FieldControl
from satukota_field.field import FieldServer
from satukota_field.scenario import Ports, Scenario


class RunningField:
    """What a test needs to know about the field beside it."""

    def __init__(self, server: FieldServer) -> None:
        self.server = server
        self.control = FieldControl(server.control_port)

    def url(self, code: str, login: bool = True) -> str:
        """RTSP address of a camera, with its user and password unless told otherwise."""
        mount = self.server.mounts[code]
        url, account = self.server.rtsp_url(mount), mount.spec.login
        return url.replace("rtsp://", f"rtsp://{account.user}:{account.password}@", 1) if account and login else url

    def wait_ready(self, timeout_s: float = 120.0) -> None:
        """Return when every camera has its pictures. Raises TimeoutError, or RuntimeError when one cannot be made."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            status = self.control.status()
            if status["failed"]:
                raise RuntimeError(str(status["failed"]))
            if status["ready"] == len(status["cameras"]) and not status["clips_waiting"]:
                return
            time.sleep(0.1)
        raise TimeoutError(f"the field was not ready after {timeout_s:g} s")


@contextmanager
def run_in_thread(scenario: Scenario, *, ready: bool = True, **options: Any) -> Iterator[RunningField]:
    """Run the scenario on free ports; with `ready` wait until all cameras have pictures. Options as FieldServer's."""
    started, stopped = threading.Event(), threading.Event()
    found: list[FieldServer] = []
    problems: list[BaseException] = []
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def live() -> None:
        end = asyncio.Event()
        loops.append((asyncio.get_running_loop(), end))
        async with FieldServer(replace(scenario, ports=Ports.free()), **options) as server:
            found.append(server)
            started.set()
            await end.wait()

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as problem:  # handed to the caller below
            problems.append(problem)
        finally:
            started.set()
            stopped.set()

    threading.Thread(target=run, name="field", daemon=True).start()
    started.wait(30)
    if problems or not found:
        raise problems[0] if problems else TimeoutError("the field did not start within 30 s")
    try:
        field = RunningField(found[0])
        if ready:
            field.wait_ready()
        yield field
    finally:
        loop, end = loops[0]
        if not stopped.is_set():
            loop.call_soon_threadsafe(end.set)
        stopped.wait(10)
