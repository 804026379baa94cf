"""One supervised process: started in a group of its own, its lines in a log file, restarted with back-off, ended."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

LOG_BYTES = 20_000_000  # then the file becomes .1 and a new one begins
LINE_BYTES = 16_384  # a longer line is cut: a child without line ends must not fill the memory
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
STEADY_S = 60.0  # lived this long: the next death starts again at the first pause
LOUD_AFTER = 5  # deaths in a row, none of them steady: said loudly, once, and again each time as many have passed
STOP_S = 4.0
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)  # loaded here: between fork and exec nothing may be loaded


@dataclass(frozen=True)
class Job:
    """`words` start it; `name` names its log file and its lines to the person; one that others watch ends last."""

    name: str
    words: tuple[str, ...]
    ends_last: bool = False


class LogFile:
    """Lines with their moment; at LOG_BYTES the file is put aside as .1, so two of them are the most kept."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("ab")

    def write(self, line: bytes) -> None:
        moment = datetime.now().astimezone().isoformat(timespec="milliseconds")
        with suppress(OSError, ValueError):  # a disk full or read-only must not end what keeps the city alive
            self._file.write(f"{moment} {self.path.stem} ".encode() + line + b"\n")
            self._file.flush()
            if self._file.tell() > LOG_BYTES:
                self._file.close()
                self.path.replace(self.path.with_suffix(".log.1"))
                self._file = self.path.open("ab")

    def close(self) -> None:
        self._file.close()

    def last_lines(self, count: int) -> list[str]:
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - 20_000))
            return file.read().decode("utf-8", "replace").splitlines()[-count:]


class Watchman:
    """A small process that outlives a supervisor killed with -9 and ends the groups it leaves behind.

    Children are told to end when the supervisor dies (PR_SET_PDEATHSIG), but some ignore it and some have children of
    their own. The watchman holds the other end of a pipe: when that closes, what is still alive gets STOP_S, then -9.
    """

    def __init__(self) -> None:
        self._groups: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def knows(self, group: int) -> None:
        self._groups.add(group)
        self._say(f"+{group}")

    def forgets(self, group: int) -> None:
        self._groups.discard(group)
        self._say(f"-{group}")

    def end(self) -> None:
        """Everything was ended in order: nothing is left to do."""
        if self._process is not None:
            self._process.communicate()

    def _say(self, word: str) -> None:
        try:
            self._write(word)
        except OSError:  # it was killed: a new one is told everything
            self._process = None
            self._write(*(f"+{group}" for group in self._groups))

    def _write(self, *words: str) -> None:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-S", "-c", WATCHMAN, str(STOP_S)], stdin=subprocess.PIPE, start_new_session=True
            )
        assert self._process.stdin is not None  # asked for above
        self._process.stdin.write("".join(f"{word}\n" for word in words).encode())
        self._process.stdin.flush()


WATCHMAN = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
groups = set()
for line in sys.stdin:
    (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
ends = time.monotonic() + float(sys.argv[1])
while groups:
    for group in list(groups):
        try:
            os.killpg(group, 0 if time.monotonic() < ends else signal.SIGKILL)
        except OSError:
            groups.discard(group)
    time.sleep(0.1)
"""


class Supervised:
    """Keeps one job alive until told to stop."""

    def __init__(
        self,
        job: Job,
        *,
        log: LogFile,
        env: Mapping[str, str],
        tell: Callable[[str, int, float, int], None],
        watchman: Watchman | None = None,
    ) -> None:
        """`tell(name, exit_code, pause_s, deaths)` is called when the job died and will be started again.

        `deaths`: how many times in a row it died before it had been steady.
        """
        self.job, self.log = job, log
        self._env, self._tell, self._watchman = dict(env), tell, watchman
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    async def keep_alive(self) -> None:
        """Run the job, again and again, until `stop`."""
        pause_s, deaths = FIRST_PAUSE_S, 0
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await self._run_once()
            if self._stopping.is_set():
                return
            if time.monotonic() - began > STEADY_S:
                pause_s, deaths = FIRST_PAUSE_S, 0
            deaths += 1
            self._tell(self.job.name, code, pause_s, deaths)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def stop(self, *, patience_s: float = STOP_S) -> None:
        """Ask the whole group to end; kill what is left of it after `patience_s`."""
        self._stopping.set()
        process = self._process
        if process is None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), patience_s)
        _signal_group(process.pid, signal.SIGKILL)

    def kill(self) -> None:
        self._stopping.set()
        if self._process is not None:
            _signal_group(self._process.pid, signal.SIGKILL)

    async def _run_once(self) -> int:
        """Start the job and follow it to its end; the exit code (negative: the signal that ended it)."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self.job.words,
                env=self._env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        except OSError as problem:
            self.log.write(f"cannot be started: {problem}".encode())
            return 127
        self._process = process
        if self._watchman is not None:
            self._watchman.knows(process.pid)
        if self._stopping.is_set():  # told to stop while it was being started
            _signal_group(process.pid, signal.SIGKILL)
        assert process.stdout is not None  # asked for above
        reading = asyncio.ensure_future(self._keep_lines(process.stdout))
        code = await process.wait()
        _signal_group(process.pid, signal.SIGKILL)  # a dead job leaves no children behind, and they hold its output
        await reading
        if self._watchman is not None:
            self._watchman.forgets(process.pid)
        return code

    async def _keep_lines(self, stream: asyncio.StreamReader) -> None:
        rest = b""
        while chunk := await stream.read(65_536):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self.log.write(line[:LINE_BYTES].rstrip(b"\r"))
            rest = rest[:LINE_BYTES]
        if rest:
            self.log.write(rest)


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _end_with_parent() -> None:
    """In the child, before it becomes the job: get SIGTERM when the supervisor dies, even by kill -9 (Linux)."""
    with suppress(AttributeError):  # prctl is Linux's own
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
