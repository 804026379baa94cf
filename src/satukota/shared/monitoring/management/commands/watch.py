"""Look at everything that is due, until told to end (SIGTERM, Ctrl-C)."""

import asyncio
import logging
import os
import signal
import socket
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from satukota.shared.monitoring import runner


class Command(BaseCommand):
    help = "Watch: look at every due target, store what was seen, tell whoever must know."

    def add_arguments(self, parser: ArgumentParser) -> None:
        default = f"{socket.gethostname()[:30]}-{os.getpid()}"
        parser.add_argument("--name", default=default, help="how this runner is shown (default: host and process id)")
        parser.add_argument("--once", action="store_true", help="look once at everything that is due now, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        logging.getLogger("httpx").setLevel(logging.WARNING)  # one line per look is no use to anybody
        looks = asyncio.run(_watch(options["name"], options["once"]))
        self.stdout.write(f"{looks} looks stored")


async def _watch(name: str, once: bool) -> int:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return await runner.run(stop, name=name, once=once)
