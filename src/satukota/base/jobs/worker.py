"""The process that runs jobs: django-tasks-db's worker, with a sign of life, a time limit and further attempts.

Beside it, in threads of their own, what must go on while a job runs: the beat and the outbox of each channel.
"""

import logging
import os
import threading
import time

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django_tasks.base import TaskResultStatus
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from satukota.base import clock
from satukota.base.errors import UserError

from . import errands, leases, once
from .errands import Errand
from .heart import beating
from .places import my_name

log = logging.getLogger(__name__)

TIME_LIMIT_S = 1800.0  # a job that takes longer takes its runner along, and comes back or ends as poison
OVERTIME = 70  # exit codes of our own, seen in the supervisor's line
NO_DATABASE = 75


class JobWorker(Worker):
    """One job at a time. What it is doing and since when is read by the heart thread."""

    def __init__(self, *, interval: float = 1.0, batch: bool = False) -> None:
        super().__init__(
            queue_names=["*"], interval=interval, batch=batch, backend_name="default", startup_delay=False,
            max_tasks=None, worker_id=my_name(), excluded_queue_names=[],
        )  # fmt: skip
        self._watch = leases.Watch()
        self._doing = ""
        self._began = 0.0

    def live(self) -> int:
        """Run until told to end; the exit code. Without its database it ends: whoever started it starts it again."""
        self._beat()
        log.info("runner %s", self.worker_id)
        ended = threading.Event()
        for name, (every_s, errand) in errands.every().items():
            threading.Thread(target=_repeat, args=(ended, name, every_s, errand), name=name, daemon=True).start()
        try:
            with beating(self._beat, leases.BEAT_S):
                self.run()
        except (DatabaseError, InterfaceError) as problem:
            log.error("the database is out of reach (%s); ending, to be started again", type(problem).__name__)
            return NO_DATABASE
        finally:
            ended.set()
        return 0

    def _beat(self) -> None:
        if self._doing and time.monotonic() - self._began > TIME_LIMIT_S:
            log.error("%s takes longer than %.0f s; ending with it", self._doing, TIME_LIMIT_S)
            os._exit(OVERTIME)
        at = clock.now()
        leases.beat(self.worker_id, self._doing, at)
        self._watch.bring_back(at)
        leases.forget_dead(at)
        once.forget_old(at)

    def run_task(self, db_task_result: DBTaskResult) -> None:
        self._began, self._doing = time.monotonic(), db_task_result.task_path
        try:
            super().run_task(db_task_result)
        finally:
            self._doing = ""
        if db_task_result.status == TaskResultStatus.FAILED and not _is_for_people(db_task_result):
            leases.try_again(db_task_result, clock.now())


def _is_for_people(job: DBTaskResult) -> bool:
    """It ended with a sentence for a person: trying again changes nothing."""
    try:
        found = job.task_result.errors[0].exception_class
    except (ImportError, ValueError, IndexError):
        return False
    return issubclass(found, UserError)


def _repeat(ended: threading.Event, name: str, every_s: float, errand: Errand) -> None:
    """Whatever goes wrong in an errand is said and tried again; it ends neither itself nor the runner."""
    pause_s = every_s
    while not ended.wait(pause_s):
        try:
            errand(clock.now())
            pause_s = every_s
        except Exception as problem:
            pause_s = min(30.0, pause_s * 2)
            log.warning("%s: %s; again in %.0f s", name, type(problem).__name__, pause_s, exc_info=settings.DEBUG)
            connection.close()
    connection.close()
