"""`satukota run`: starts every part of the product on one machine, keeps them alive and ends them together.

No Django here: the parts are processes of their own, so one that dies takes nothing with it.
"""

import argparse
import asyncio
import fcntl
import os
import shlex
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from satukota.project import env
from satukota.project.processes import LOUD_AFTER, Job, LogFile, Supervised, Watchman
from satukota.project.speech import say
from satukota.project.terminal import make_gave_up, own_foreground, tell

ROOT = Path(__file__).resolve().parents[3]
READY_S = 90.0
SETTLE_S = 420  # the pictures of a first start are made in the meantime
HEALTH = "/sehat"


class CannotRun(Exception):
    """The product cannot be started. The text says why and what to do."""


def main(words: list[str]) -> int:
    """Run until Ctrl-C or SIGTERM; 0 after a clean end, 1 when the product could not be started."""
    parser = argparse.ArgumentParser(
        prog="satukota run",
        description=say(
            "Menyalakan halaman, umpan dan gambar langsung, pengawas, pekerja dan (kota contoh) simulator dan "
            "penangkap pesan.",
            "Starts pages, live feed, live pictures, watcher, jobs and (sample city) the field simulator and message "
            "catcher.",
        ),
    )
    parser.parse_args(words)
    try:
        house = House()
        with only_one(house.var), own_foreground():
            return asyncio.run(house.live())
    except CannotRun as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1


class House:
    """The parts of one installation, where they listen and where they write."""

    def __init__(self) -> None:
        self.var = Path(env.text("SATUKOTA_VAR", str(ROOT / "var"))).resolve()
        self.port = env.whole("SATUKOTA_PORT", 8000, least=1, most=65_534)
        self.feed_port = env.whole("SATUKOTA_FEED_PORT", self.port + 1, least=1, most=65_535)
        self.field_port = env.whole("SATUKOTA_FIELD_PORT", 18600, least=1024, most=65_400)
        self.catcher_port = env.whole("SATUKOTA_CATCHER_PORT", min(self.port + 2, 65_534), least=1, most=65_534)
        self.live_port = env.whole("SATUKOTA_LIVE_PORT", min(self.port + 4, 65_535), least=1, most=65_535)
        self.sample = env.flag("SATUKOTA_SAMPLE", True)
        self.watchman = Watchman()
        self.parts: list[Supervised] = []
        self._end = asyncio.Event()
        self._signals = 0
        self._settling: asyncio.Task[None] | None = None

    async def live(self) -> int:
        """Start the parts, say when the city is open, stay until a signal, end every part."""
        self._check_ports()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal)
        tell(say("Menyalakan Satukota …", "Starting Satukota …"))
        keeping: list[asyncio.Task[None]] = []
        following = asyncio.ensure_future(self._follow_make())
        try:
            first, later = self.jobs()
            keeping += self._start(first)
            await self._open(keeping, later)
            await self._stay(keeping)
        finally:
            for extra in filter(None, (following, self._settling)):
                extra.cancel()
            await self._close(keeping)
        tell(say("Satukota berhenti. Tidak ada yang tertinggal.", "Satukota has stopped. Nothing was left running."))
        return 0

    def jobs(self) -> tuple[list[Job], list[Job]]:
        """What must answer before the city is open, and what may come after it."""
        door = (sys.executable, "-m", "satukota.cli")
        first = [Job("web", (*door, "web")), Job("feed", (*door, "feed"))]
        if self.sample:
            cache = ("--cache", str(self.var / "field"))  # one among the options below wins: the last counts
            ports = ("--first-port", str(self.field_port))
            words = (*door, "field", *cache, *ports, *shlex.split(env.text("SATUKOTA_FIELD_OPTIONS")))
            first.append(Job("field", words, ends_last=True))
        later = [Job("watch", (*door, "watch")), Job("live", (*door, "live")), Job("jobs", (*door, "jobs"))]
        if self.sample:
            later.append(Job("catch", (*door, "catch")))
        return first, later

    async def _open(self, keeping: list["asyncio.Task[None]"], later: list[Job]) -> None:
        """Wait for the first parts, then start the later ones and say what the person can do."""
        logins = asyncio.ensure_future(self._sample_logins())
        ready = asyncio.ensure_future(self._ready())
        ended = asyncio.ensure_future(self._end.wait())
        try:
            await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
            if self._end.is_set():
                return
            ready.result()
            keeping += self._start(later)
            self._settling = asyncio.ensure_future(self._settle())
            tell(self._welcome(await logins))
        finally:
            for waiting in (logins, ready, ended):
                waiting.cancel()

    async def _settle(self) -> None:
        """In a sample city: the sample technician accepts the first pictures, in the field's healthy first minutes."""
        if not self.sample:
            return
        words = (sys.executable, "-m", "satukota.cli", "sample", "settle", "--seconds", str(SETTLE_S))
        with (self.var / "log" / "settle.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *words, env=self._child_env(), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
            try:
                await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    async def _stay(self, keeping: list["asyncio.Task[None]"]) -> None:
        """Until a signal. A keeper never ends by itself: when one does, its own error is raised here."""
        ended = asyncio.ensure_future(self._end.wait())
        done, _ = await asyncio.wait({ended, *keeping}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def _follow_make(self) -> None:
        await make_gave_up()
        self._on_signal()

    async def _ready(self) -> None:
        """Return when pages and feed answer healthy. Raises CannotRun with the last log lines after READY_S."""
        deadline = time.monotonic() + READY_S
        for name, port in (("web", self.port), ("feed", self.feed_port)):
            while not await answers(port, HEALTH):
                if time.monotonic() > deadline:
                    raise CannotRun(self._not_ready(name))
                await asyncio.sleep(0.1)

    def _not_ready(self, name: str) -> str:
        log = next(part.log for part in self.parts if part.job.name == name)
        tail = "\n".join(log.last_lines(12))
        return say(
            f"Bagian “{name}” belum menjawab setelah {READY_S:.0f} detik. Catatannya: {log.path}\n{tail}",
            f"The part “{name}” did not answer within {READY_S:.0f} s. Its log: {log.path}\n{tail}",
        )

    def _start(self, jobs: list[Job]) -> list["asyncio.Task[None]"]:
        started = []
        for job in jobs:
            log = LogFile(self.var / "log" / f"{job.name}.log")
            part = Supervised(job, log=log, env=self._child_env(), tell=self._tell_death, watchman=self.watchman)
            self.parts.append(part)
            started.append(asyncio.ensure_future(part.keep_alive()))
        return started

    async def _close(self, keeping: list["asyncio.Task[None]"]) -> None:
        """End the parts in five seconds; the field after the watcher, which would take its end for a dead city."""
        await asyncio.gather(*(part.stop() for part in self.parts if not part.job.ends_last))
        await asyncio.gather(*(part.stop(patience_s=1) for part in self.parts if part.job.ends_last))
        await asyncio.gather(*keeping, return_exceptions=True)
        for part in self.parts:
            part.log.close()
        self.watchman.end()

    def _on_signal(self) -> None:
        """The first signal ends politely, the second at once."""
        self._signals += 1
        if self._signals == 1:
            tell(say("\nMenghentikan …", "\nStopping …"))
            self._end.set()
        else:
            for part in self.parts:
                part.kill()

    def _tell_death(self, name: str, code: int, pause_s: float, deaths: int) -> None:
        log = self.var / "log" / f"{name}.log"
        if deaths % LOUD_AFTER == 0:
            self._tell_loudly(name, deaths)
        tell(
            say(
                f"“{name}” berhenti (kode {code}), dinyalakan lagi dalam {pause_s:.0f} detik. Catatan: {log}",
                f"“{name}” stopped (code {code}), starting it again in {pause_s:.0f} s. Log: {log}",
            )
        )

    def _tell_loudly(self, name: str, deaths: int) -> None:
        """A part that does not stay alive: what it said last, so that nobody has to look for it."""
        tail = next((part.log.last_lines(8) for part in self.parts if part.job.name == name), [])
        said = say(
            f"“{name}” TIDAK BERTAHAN HIDUP: sudah mati {deaths} kali berturut-turut. Bagian kota ini tidak bekerja. "
            "Kata-kata terakhirnya:",
            f"“{name}” DOES NOT STAY ALIVE: it has died {deaths} times in a row. This part of the city does not work. "
            "Its last words:",
        )
        rule = "!" * 100
        tell("\n".join([rule, said, *(f"  {line}" for line in tail), rule]))

    def _child_env(self) -> dict[str, str]:
        """The same answers for every part, whatever was left unsaid in the environment."""
        source = str(ROOT / "src")
        return {
            **os.environ,
            "SATUKOTA_VAR": str(self.var),
            "SATUKOTA_PORT": str(self.port),
            "SATUKOTA_FEED_PORT": str(self.feed_port),
            "SATUKOTA_LIVE_PORT": str(self.live_port),
            "SATUKOTA_FIELD_PORT": str(self.field_port),
            "SATUKOTA_CATCHER_PORT": str(self.catcher_port),
            "SATUKOTA_SAMPLE": "1" if self.sample else "0",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH", "")])),
        }

    def _check_ports(self) -> None:
        wanted = [("SATUKOTA_PORT", self.port), ("SATUKOTA_FEED_PORT", self.feed_port)]
        wanted.append(("SATUKOTA_LIVE_PORT", self.live_port))
        if self.sample:
            wanted += [("SATUKOTA_CATCHER_PORT", self.catcher_port), ("SATUKOTA_CATCHER_PORT", self.catcher_port + 1)]
        for name, port in wanted:
            if is_free(port):
                continue
            other = next((first for first in range(8010, 8200, 10) if all(map(is_free, range(first, first + 5)))), 8300)
            raise CannotRun(
                say(
                    f"Porta {port} ({name}) sudah dipakai program lain. Pakai porta lain: PORT={other} make run",
                    f"Port {port} ({name}) is in use by another program. Take another: PORT={other} make run",
                )
            )
        if self.sample and not is_free(self.field_port):
            raise CannotRun(
                say(
                    f"Porta {self.field_port} (SATUKOTA_FIELD_PORT) sudah dipakai: mungkin kota contoh lain sedang "
                    "berjalan. Hentikan, atau beri seratus porta lain: SATUKOTA_FIELD_PORT=18800 make run",
                    f"Port {self.field_port} (SATUKOTA_FIELD_PORT) is in use: another sample city may be running. "
                    "End it, or give a hundred other ports: SATUKOTA_FIELD_PORT=18800 make run",
                )
            )

    async def _sample_logins(self) -> str:
        """What `satukota sample logins` prints; empty outside the sample city."""
        if not self.sample:
            return ""
        words = (sys.executable, "-m", "satukota.cli", "sample", "logins")
        process = await asyncio.create_subprocess_exec(
            *words, env=self._child_env(), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await process.communicate()
        return printed.decode("utf-8", "replace").strip()

    def _welcome(self, logins: str) -> str:
        address = f"http://127.0.0.1:{self.port}"
        lines = [
            "",
            say(f"Kota terbuka: {address}", f"The city is open: {address}"),
            say(f"  Pusat kendali  {address}/pusat/", f"  Command centre {address}/pusat/"),
            say(f"  Halaman warga  {address}/", f"  Public pages   {address}/"),
        ]
        if logins:
            first = say(
                "Lihat dahulu: buka tautan operator, lalu peta. Beberapa kamera contoh memang sakit (beku, hitam, "
                "terhalang, satu sambungan putus);\ndalam dua kali pemeriksaan masing-masing menjadi satu insiden.",
                "Look first: open the operator's link, then the map. Some sample cameras are ill on purpose (frozen, "
                "black, covered, one link down);\nwithin two checks each becomes one incident.",
            )
            lines += ["", logins, "", first]
        logs = self.var / "log"
        ending = say(f"Catatan: {logs}   Ctrl-C menghentikan semuanya.", f"Logs: {logs}   Ctrl-C ends all of it.")
        return "\n".join([*lines, "", ending])


@contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Refuse a second instance on the same folder. The kernel drops the lock with its holder, kill -9 included."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / "satukota.lock").open("a+") as file:
        _take(file, var)
        yield


def _take(file: IO[str], var: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "?"
        raise CannotRun(
            say(
                f"Satukota sudah berjalan pada {var} (proses {holder}). Hentikan yang itu dahulu, atau pakai folder "
                "lain: SATUKOTA_VAR=/folder/lain make run",
                f"Satukota is already running on {var} (process {holder}). Stop that one first, or take another "
                "folder: SATUKOTA_VAR=/another/folder make run",
            )
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


async def answers(port: int, path: str) -> bool:
    """Whether http://127.0.0.1:port/path answers 200 within two seconds."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return status.split()[1:2] == [b"200"]
