"""Run jobs until told to end (SIGTERM, Ctrl-C)."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from satukota.base.jobs.worker import JobWorker


class Command(BaseCommand):
    help = "Run background jobs and send messages, with leases: what a killed runner had in hand comes back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--interval", type=float, default=1.0, help="seconds between looks at an empty queue")
        parser.add_argument("--batch", action="store_true", help="run what waits, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        worker = JobWorker(interval=options["interval"], batch=options["batch"])
        worker.configure_signals()
        sys.exit(worker.live())
