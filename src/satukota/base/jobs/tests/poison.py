"""Jobs for the tests: each leaves its mark in a file, so that a process of its own can be seen at work."""

import os
import signal
import time
from pathlib import Path

from django_tasks import task

from satukota.base.errors import UserError


def _mark(path: str) -> None:
    with Path(path).open("a", encoding="ascii") as file:
        file.write("x")


@task()
def good(path: str) -> None:
    _mark(path)


@task()
def slow(path: str, seconds: float) -> None:
    _mark(path)
    time.sleep(seconds)


@task()
def deadly(path: str) -> None:
    """Takes its runner along, every time."""
    _mark(path)
    os.kill(os.getpid(), signal.SIGKILL)


@task()
def failing(path: str) -> None:
    _mark(path)
    raise ValueError("the other side said no")


@task()
def refused(path: str) -> None:
    _mark(path)
    raise UserError("Tidak bisa.")
