"""2,000 HTTP and TCP targets, each looked at every 30 s: processor time, memory, and is every look in time?

Ours: the `watch` command on SQLite, with readings, thresholds, roll-ups and the live feed. Peer: Debian's
prometheus-blackbox-exporter, asked for the same targets by a small loop, as Prometheus would; it only looks: nothing is
stored, no thresholds, and the asking loop is not counted.

    python benchmarks/bench_watch.py [--targets 2000] [--seconds 30]

An hour, to see that memory stays flat: --seconds 3600. DATABASE_URL chooses another database for ours.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
BUDGET_CORES, BUDGET_GROWTH_MB, BUDGET_BEHIND_S = 1.0, 10.0, 5.0
INTERVAL_S, LONGEST_START_S = 30, 180
WARM_UP_S, PEER_WARM_UP_S = 35, 10  # ours: until the burst of the first looks is over
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsehat\n"
BLACKBOX = """
modules:
  http: {prober: http, timeout: 10s, http: {preferred_ip_protocol: ip4}}
  tcp: {prober: tcp, timeout: 4s, tcp: {preferred_ip_protocol: ip4}}
"""


@dataclass
class Used:
    """What one side used while it was measured."""

    cores: float
    looks_per_s: float
    start_mb: float
    end_mb: float


class Answering(asyncio.Protocol):
    """The watched: a web server that answers everything, and a TCP port."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.heard = transport, b""

    def data_received(self, data: bytes) -> None:
        self.heard = (self.heard + data)[-4096:]
        if b"\r\n\r\n" in self.heard:
            self.transport.write(ANSWER)
            self.transport.close()


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], log: Path, **environment: str) -> Iterator[psutil.Process]:
    with log.open("ab") as out:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=out, stderr=out)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        if process.poll() is None:
            process.kill()


def own_mb(process: psutil.Process) -> float:
    """Memory of its own: without pages of files, as SQLite maps up to 128 MB of a growing database."""
    memory = process.memory_info()
    return (memory.rss - memory.shared) / 1e6


def measure(process: psutil.Process, seconds: float, looks: "Iterator[int]") -> Used:
    """Processor time and memory of `process` over `seconds`; `looks` tells how many were made so far."""
    times, began, first = process.cpu_times(), time.monotonic(), next(looks)
    start_mb = own_mb(process)
    time.sleep(seconds)
    after, took, last = process.cpu_times(), time.monotonic() - began, next(looks)
    used_s = after.user + after.system - times.user - times.system
    return Used(used_s / took, (last - first) / took, start_mb, own_mb(process))


# ── ours ──


def set_up(folder: Path, port: int, targets: int) -> dict[str, str]:
    """A database with the targets in it; the environment in which `watch` finds it."""
    environment = {
        "SATUKOTA_VAR": str(folder), "SATUKOTA_SAMPLE": "1", "DJANGO_SETTINGS_MODULE": "satukota.project.settings",
        "PYTHONPATH": str(ROOT / "src"),
    }  # fmt: skip
    os.environ |= environment
    sys.path.insert(0, str(ROOT / "src"))
    import django

    django.setup()
    from datetime import date

    from django.core.management import call_command

    from satukota.city.models import Opd
    from satukota.shared.monitoring.models import Target

    call_command("migrate", verbosity=0)
    owner = Opd.objects.create(
        code="contoh", name="Contoh", short_name="Contoh", kind="dinas", valid_from=date(2026, 1, 1)
    )
    Target.objects.bulk_create(
        Target(
            kind=kind, code=f"T-{number:05d}", name="Contoh", owner=owner, interval_s=INTERVAL_S,
            address=f"http://127.0.0.1:{port}/{number}" if kind == "http" else f"127.0.0.1:{port}",
        )
        for number in range(targets) for kind in [("http", "tcp")[number % 2]]
    )  # fmt: skip
    return environment


def stored_looks() -> Iterator[int]:
    from django.db import connection

    from satukota.shared.monitoring.models import Reading

    while True:
        yield Reading.objects.count()
        connection.close()


def ours(folder: Path, port: int, targets: int, seconds: float) -> tuple[Used, float, int]:
    """What the runner used, how late it was at the end, and how many targets were up."""
    environment = set_up(folder, port, targets)
    from satukota.shared.monitoring.models import RunnerBeat, Target

    command = [sys.executable, "-m", "django", "watch", "--name", "bench"]
    with running(command, folder / "watch.log", **environment) as process:
        looks, until = stored_looks(), time.monotonic() + LONGEST_START_S
        while next(looks) < targets:
            if not process.is_running() or time.monotonic() > until:
                raise SystemExit((folder / "watch.log").read_text()[-2000:])
            time.sleep(0.5)
        time.sleep(WARM_UP_S)
        used = measure(process, seconds, looks)
        behind_s = max(RunnerBeat.objects.values_list("behind_s", flat=True))
        return used, behind_s, Target.objects.filter(state="up").count()


# ── peer ──


class Asking:
    """Asks the exporter for every target once each interval, evenly spread; runs in a process of its own."""

    def __init__(self, exporter: int, port: int, targets: int) -> None:
        self.exporter, self.port, self.targets, self.done = exporter, port, targets, 0

    async def ask(self, number: int) -> None:
        kind = ("http", "tcp")[number % 2]
        target = f"http://127.0.0.1:{self.port}/{number}" if kind == "http" else f"127.0.0.1:{self.port}"
        reader, writer = await asyncio.open_connection("127.0.0.1", self.exporter)
        head = f"GET /probe?module={kind}&target={target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        self.done += b"\nprobe_success 1" in await reader.read()
        writer.close()

    async def run(self) -> None:
        waiting: set[asyncio.Task[None]] = set()
        began, turn = time.monotonic(), 0
        while True:
            task = asyncio.create_task(self.ask(turn % self.targets))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
            turn += 1
            if turn % 20 == 0:
                print(self.done, flush=True)
            await asyncio.sleep(max(0.0, began + turn * INTERVAL_S / self.targets - time.monotonic()))


def peer(folder: Path, port: int, targets: int, seconds: float) -> Used | None:
    """What the exporter used; None where it is not installed."""
    found = shutil.which("prometheus-blackbox-exporter") or shutil.which("blackbox_exporter")
    if found is None:
        return None
    exporter, config, counted = free_port(), folder / "blackbox.yml", folder / "asked"
    config.write_text(BLACKBOX)
    start = [found, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{exporter}", "--log.level=error"]
    asking = [sys.executable, __file__, "--ask", str(exporter), "--port", str(port), "--targets", str(targets)]

    def asked() -> Iterator[int]:
        while True:
            lines = counted.read_text().split()
            yield int(lines[-1]) if lines else 0

    with running(start, folder / "blackbox.log") as process:
        time.sleep(2)
        with running(asking, counted):
            time.sleep(PEER_WARM_UP_S)
            return measure(process, seconds, asked())


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--targets", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=30)
    for role in ("--serve", "--ask", "--port"):
        parser.add_argument(role, type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.serve))
    if options.ask:
        asyncio.run(Asking(options.ask, options.port, options.targets).run())
    with tempfile.TemporaryDirectory() as name:
        return compare(Path(name), options.targets, options.seconds)


def compare(folder: Path, targets: int, seconds: float) -> int:
    port = free_port()
    with running([sys.executable, __file__, "--serve", str(port)], folder / "server.log"):
        used, behind_s, up = ours(folder, port, targets, seconds)
        other = peer(folder, port, targets, seconds)
    growth_mb, wanted = used.end_mb - used.start_mb, targets / INTERVAL_S
    print(f"ours: {used.cores:.3f} cores, {used.looks_per_s:.1f} of {wanted:.1f} looks/s, {up} of {targets} up, "
          f"{behind_s:.1f} s behind, {used.start_mb:.0f} → {used.end_mb:.0f} MB in {seconds:.0f} s")  # fmt: skip
    if other is not None:
        print(f"blackbox exporter: {other.cores:.3f} cores, {other.looks_per_s:.1f} looks/s, "
              f"{other.start_mb:.0f} → {other.end_mb:.0f} MB; the loop that asks it not counted")  # fmt: skip
    in_time = used.looks_per_s >= 0.97 * wanted and behind_s <= BUDGET_BEHIND_S and up == targets
    ok = used.cores < BUDGET_CORES and growth_mb < BUDGET_GROWTH_MB and in_time
    print(json.dumps({
        "name": "watch", "ours": round(used.cores, 3), "peer": round(other.cores, 3) if other else None,
        "peer_name": "prometheus-blackbox-exporter" if other else "not installed",
        "ratio": round(other.cores / used.cores, 3) if other else None, "unit": "cores",
        "budget": BUDGET_CORES, "ok": ok,
    }))  # fmt: skip
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
