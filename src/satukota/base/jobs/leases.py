"""Which running jobs have lost their runner, and what becomes of them: again, or failed after too many times."""

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from .models import JobRunner
from .places import is_surely_gone

log = logging.getLogger(__name__)

BEAT_S = 5.0
LEASE_S = 30.0  # silent for so long: dead, wherever it ran
MOST_ATTEMPTS = 5
FORGOTTEN = timedelta(days=1)


class Abandoned(Exception):
    """The job's runner died in the middle of it, every time it was tried."""


ABANDONED = f"{Abandoned.__module__}.{Abandoned.__qualname__}"


def wait_after(attempts: int) -> timedelta:
    """Before the next attempt of a job that failed by itself: 10 s, 20 s, 40 s …"""
    return timedelta(seconds=10 * 2 ** max(0, attempts - 1))


def beat(name: str, doing: str, at: datetime) -> None:
    """One more sign of life."""
    mine = JobRunner.objects.filter(pk=name)
    if not mine.update(beats=F("beats") + 1, beat_at=at, doing=doing[:200]):
        JobRunner.objects.bulk_create([JobRunner(name=name, beat_at=at, doing=doing[:200])], ignore_conflicts=True)


class Watch:
    """One observer of all runners: remembers when, on its own monotonic clock, it last saw each one's beats grow."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, float]] = {}

    def dead(self, names: set[str]) -> set[str]:
        """Those of `names` that are gone, or silent for LEASE_S under our eyes. One query."""
        now = time.monotonic()
        beats = dict(JobRunner.objects.filter(pk__in=names).values_list("pk", "beats"))
        for name in names:
            count = beats.get(name, -1)
            if name not in self._seen or self._seen[name][0] != count:
                self._seen[name] = (count, now)
        self._seen = {name: seen for name, seen in self._seen.items() if name in names}
        return {name for name in names if is_surely_gone(name) or now - self._seen[name][1] >= LEASE_S}

    def bring_back(self, at: datetime) -> int:
        """Give every job whose runner is dead to the next one, or end it. Returns how many."""
        held = [
            (pk, workers[-1] if workers else "", len(workers), started_at)
            for pk, workers, started_at in DBTaskResult.objects.running().values_list("pk", "worker_ids", "started_at")
        ]
        dead = self.dead({holder for _pk, holder, _tries, _at in held}) if held else set()
        return sum(_let_go(pk, tries, started_at, at) for pk, holder, tries, started_at in held if holder in dead)


@transaction.atomic
def _let_go(pk: Any, tries: int, started_at: datetime | None, at: datetime) -> int:
    """`started_at` is the fence: a job that was claimed anew meanwhile is left alone."""
    same = DBTaskResult.objects.filter(pk=pk, status=TaskResultStatus.RUNNING, started_at=started_at)
    if tries >= MOST_ATTEMPTS:
        log.error("job %s ends as failed: its runner died %d times", pk, tries)
        return same.update(
            status=TaskResultStatus.FAILED, finished_at=at, exception_class_path=ABANDONED, traceback="",
        )  # fmt: skip
    log.warning("job %s comes back: its runner is gone (attempt %d)", pk, tries)
    return same.update(status=TaskResultStatus.READY, started_at=None)


def try_again(job: DBTaskResult, at: datetime) -> bool:
    """A job that failed by itself waits for another attempt; False when it has had enough."""
    tries = len(job.worker_ids)
    if tries >= MOST_ATTEMPTS:
        return False
    same = DBTaskResult.objects.filter(pk=job.pk, status=TaskResultStatus.FAILED, started_at=job.started_at)
    return bool(same.update(status=TaskResultStatus.READY, finished_at=None, run_after=at + wait_after(tries)))


def forget_dead(at: datetime) -> int:
    """Rows of runners nobody has heard of for a day."""
    return JobRunner.objects.filter(beat_at__lt=at - FORGOTTEN).delete()[0]
