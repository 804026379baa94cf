"""The live feed under 1,000 screens: how long from a committed change to a screen, and is anything lost or repeated?

Ours: entries committed to the database, read by the feed process, sent to everyone, while a fifth of the screens drop
their connection and resume. Peer: sse-starlette on the same server (uvicorn) broadcasting from memory: no database,
no resuming, no rights; the floor of what a Python process can do.

    python benchmarks/bench_feed.py [--clients 1000] [--seconds 20]
"""

import argparse
import asyncio
import json
import logging
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BUDGET_MS = 500.0
PEER = """
import asyncio, json, time
from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
queues = set()
async def kabar(request):
    queue = asyncio.Queue(); queues.add(queue)
    async def entries():
        try:
            while True: yield await queue.get()
        finally: queues.discard(queue)
    return EventSourceResponse(entries())
async def sehat(request): return PlainTextResponse("sehat")
async def publish(request):
    data = json.dumps({"payload": {"sent": time.time()}})
    entry = {"id": str(time.time_ns()), "event": "status_changed", "data": data}
    for queue in queues: queue.put_nowait(entry)
    return PlainTextResponse("ok")
app = Starlette(routes=[Route("/kabar", kabar), Route("/sehat", sehat), Route("/publish", publish, methods=["POST"])])
"""


@dataclass
class Screen:
    """One browser: reads events, remembers ids, measures how late they are."""

    ids: list[int] = field(default_factory=list)
    late_ms: list[float] = field(default_factory=list)
    writer: asyncio.StreamWriter | None = None

    async def watch(self, port: int, cookie: str, resume: bool) -> None:
        while True:
            try:
                await self._read(port, cookie, self.ids[-1] if resume and self.ids else 0)
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.3)

    async def _read(self, port: int, cookie: str, since: int) -> None:
        reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        query = f"?since={since}" if since else ""
        headers = f"Host: 127.0.0.1\r\nCookie: {cookie}\r\nAccept: text/event-stream"
        self.writer.write(f"GET /kabar{query} HTTP/1.1\r\n{headers}\r\n\r\n".encode())
        number = 0
        while line := await reader.readline():
            if line.startswith(b"id: "):
                number = int(line[4:])
            elif line.startswith(b"data: ") and b"sent" in line:
                self.ids.append(number)
                self.late_ms.append((time.time() - json.loads(line[6:])["payload"]["sent"]) * 1000)
        raise ConnectionResetError


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: str, port: int) -> dict[str, str]:
    return {
        **os.environ, "SATUKOTA_VAR": folder, "SATUKOTA_SAMPLE": "1", "SATUKOTA_FEED_PORT": str(port),
        "PYTHONPATH": str(ROOT / "src"), "DJANGO_SETTINGS_MODULE": "satukota.project.settings",
    }  # fmt: skip


def prepare() -> str:
    """An operator signed in; returns the session cookie. Runs with Django set up."""
    from datetime import date

    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command

    from satukota.base.accounts.models import User
    from satukota.city.models import Duty, Opd, Person

    call_command("migrate", verbosity=0)
    user = User.objects.create_user("operator", is_sample=True)  # no second factor in the sample city
    since = date(2020, 1, 1)
    opd = Opd.objects.create(code="contoh", name="Contoh", short_name="Contoh", kind="dinas", valid_from=since)
    person = Person.objects.create(name="Contoh", user=user)
    Duty.objects.create(person=person, role="operator", opd=opd, from_on=since)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"sessionid={session.session_key}"


def publish_ours() -> None:
    from datetime import UTC, datetime

    from satukota.base.feed import actions as feed

    payload = {"code": "MB-001", "state": "down", "sent": time.time()}
    feed.publish("status_changed", "MB-001", payload, opd_id=None, at=datetime.now(UTC))


def publish_peer(port: int) -> Callable[[], None]:
    import httpx

    logging.getLogger("httpx").setLevel(logging.WARNING)
    client = httpx.Client()
    return lambda: client.post(f"http://127.0.0.1:{port}/publish").raise_for_status() and None


async def measure(
    port: int, cookie: str, clients: int, seconds: float, publish: Callable[[], None], resume: bool
) -> list[Screen]:
    screens = [Screen() for _ in range(clients)]
    tasks = []
    for start in range(0, clients, 100):
        tasks += [asyncio.create_task(s.watch(port, cookie, resume)) for s in screens[start : start + 100]]
        await asyncio.sleep(0.25)
    await asyncio.sleep(2)
    end, turn = time.monotonic() + seconds, 0
    await asyncio.to_thread(publish)  # everybody has an id to resume from before anybody drops
    await asyncio.sleep(1)
    while time.monotonic() < end:
        await asyncio.to_thread(publish)
        turn += 1
        if resume and turn % 10 == 5:
            for screen in screens[turn % 5 :: 5]:
                if screen.writer:
                    screen.writer.transport.abort()
        await asyncio.sleep(0.25)
    await asyncio.sleep(4)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return screens


def start(words: list[str], port: int, env: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    quiet = ["--log-level", "critical", "--timeout-graceful-shutdown", "1"]
    server = subprocess.Popen([*command, *quiet, *words], env=env)
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server
        time.sleep(0.1)
    raise RuntimeError("server did not start")


def p99(screens: list[Screen]) -> float:
    return statistics.quantiles([late for s in screens for late in s.late_ms], n=100)[98]


def lost_and_repeated(screens: list[Screen], ids: list[int]) -> tuple[int, int]:
    """Entries missing between a screen's first one and the end, and entries a screen got twice."""
    lost = sum(len([i for i in ids if i >= s.ids[0]]) - len(set(s.ids)) if s.ids else len(ids) for s in screens)
    return lost, sum(len(s.ids) - len(set(s.ids)) for s in screens)


def run(clients: int, seconds: float) -> dict[str, Any]:
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65_536, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    with tempfile.TemporaryDirectory() as folder:
        port, peer_port = free_port(), free_port()
        os.environ |= environment(folder, port)
        import django

        django.setup()
        cookie = prepare()
        server = start(["--lifespan", "on", "satukota.project.feed_asgi:application"], port, dict(os.environ))
        try:
            ours = asyncio.run(measure(port, cookie, clients, seconds, publish_ours, resume=True))
        finally:
            server.terminate()
            server.wait(10)
        from satukota.base.feed.models import FeedEntry

        lost, repeated = lost_and_repeated(ours, list(FeedEntry.objects.order_by("pk").values_list("pk", flat=True)))
        Path(folder, "peer_app.py").write_text(PEER)
        server = start(["--app-dir", folder, "peer_app:app"], peer_port, dict(os.environ))
        try:
            peer = asyncio.run(measure(peer_port, "", clients, seconds / 2, publish_peer(peer_port), resume=False))
        finally:
            server.terminate()
            server.wait(10)
    ours_ms, peer_ms = p99(ours), p99(peer)
    return {
        "name": "feed", "ours": round(ours_ms, 1), "peer": round(peer_ms, 1), "peer_name": "sse-starlette, from memory",
        "ratio": round(ours_ms / peer_ms, 2), "unit": f"ms p99, commit to screen, {clients} screens",
        "budget": BUDGET_MS, "ok": ours_ms <= BUDGET_MS and lost == 0 and repeated == 0, "lost": lost,
        "repeated": repeated, "delivered": sum(len(s.ids) for s in ours),
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=20)
    asked = parser.parse_args()
    result = run(asked.clients, asked.seconds)
    print(json.dumps(result))
    sys.exit(0 if result["ok"] else 1)
