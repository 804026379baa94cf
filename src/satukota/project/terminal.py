"""The terminal: lines to it, and Ctrl-C under `make`: who gets it, how `make run` still ends with our own exit code."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

POLL_S = 0.5


def tell(text: str) -> None:
    """A line for whoever looks on. A closed terminal, or a disk that takes no line, ends no city."""
    with suppress(OSError, ValueError):
        print(text, flush=True)


@contextmanager
def own_foreground() -> Iterator[None]:
    """Take the terminal from `make`, so that Ctrl-C reaches us alone and make ends with our exit code, not with 130."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        yield
        return
    before = os.tcgetpgrp(terminal)
    shared_with_make = before == os.getpgrp() != os.getpid()
    if shared_with_make:
        os.setpgid(0, 0)
        _give_terminal(terminal, os.getpgrp())
    try:
        yield
    finally:
        if shared_with_make:
            _give_terminal(terminal, before)
        os.close(terminal)


def _give_terminal(terminal: int, group: int) -> None:
    """Without ignoring SIGTTOU, a process outside the foreground would be stopped by this very call."""
    usual = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    with suppress(OSError):
        os.tcsetpgrp(terminal, group)
    signal.signal(signal.SIGTTOU, usual)


async def make_gave_up() -> None:
    """Return when the `make` that started us was interrupted or died; never, when it was not make.

    make hands SIGTERM on to its recipe, but after a SIGINT sent to make alone it only waits. It has then put SIGINT
    back to its default, which /proc shows: the signal is no longer in its mask of caught ones.
    """
    make = os.getppid()
    if not _catches_interrupts(make):
        await asyncio.Event().wait()
    while os.getppid() == make and _catches_interrupts(make):
        await asyncio.sleep(POLL_S)


def _catches_interrupts(pid: int) -> bool:
    """Whether `pid` is a make that still catches SIGINT."""
    try:
        if Path(f"/proc/{pid}/comm").read_text().strip() not in {"make", "gmake"}:
            return False
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) >> (signal.SIGINT - 1) & 1)
