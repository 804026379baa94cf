"""Real runners in processes of their own, killed with -9 in the middle of a job."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from satukota.base.jobs.leases import MOST_ATTEMPTS

from . import poison

ROOT = Path(settings.ROOT)
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


class Jobs:
    """The test's database where other processes can reach it: on SQLite copied from memory to a file."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "copy.sqlite3"
        if connection.vendor == "sqlite":
            with sqlite3.connect(self.file) as copy:
                connection.connection.backup(copy)
            self.url = f"sqlite:///{self.file}"
        else:
            at = connection.settings_dict
            self.url = f"postgresql://{at['USER']}@{quote(at['HOST'], safe='')}:{at['PORT']}/{at['NAME']}"

    def statuses(self) -> list[str]:
        sql = "SELECT status FROM django_tasks_database_dbtaskresult ORDER BY enqueued_at"
        if connection.vendor == "sqlite":
            with sqlite3.connect(self.file, timeout=20) as copy:
                return [row[0] for row in copy.execute(sql)]
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return [row[0] for row in cursor.fetchall()]

    @contextmanager
    def runner(self):
        environment = os.environ | {
            "DATABASE_URL": self.url, "SATUKOTA_VAR": str(self.folder), "PYTHONPATH": str(ROOT / "src"),
            "DJANGO_SETTINGS_MODULE": "satukota.project.settings",
        }  # fmt: skip
        words = [sys.executable, "-m", "django", "jobs", "--interval", "0.1"]
        process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()


def until(claim, seconds=60):
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.05)


def test_a_job_whose_runner_is_killed_is_done_by_the_next_one(tmp_path):
    mark = tmp_path / "marks"
    poison.slow.enqueue(str(mark), 3.0)
    jobs = Jobs(tmp_path)
    with jobs.runner() as first:
        until(mark.exists)
        first.send_signal(signal.SIGKILL)
        first.wait(10)
    assert jobs.statuses() == ["RUNNING"]
    with jobs.runner() as second:
        until(lambda: jobs.statuses() == ["SUCCESSFUL"])
        second.send_signal(signal.SIGTERM)
        assert second.wait(20) == 0
    assert mark.read_text() == "xx"


def test_a_job_that_kills_its_runner_ends_and_lets_the_others_through(tmp_path):
    mark, other = tmp_path / "marks", tmp_path / "other"
    poison.deadly.enqueue(str(mark))
    poison.good.enqueue(str(other))
    jobs = Jobs(tmp_path)
    for _life in range(MOST_ATTEMPTS + 3):
        if sorted(jobs.statuses()) == ["FAILED", "SUCCESSFUL"]:
            break
        with jobs.runner() as process:
            until(lambda: process.poll() is not None or sorted(jobs.statuses()) == ["FAILED", "SUCCESSFUL"])
    assert sorted(jobs.statuses()) == ["FAILED", "SUCCESSFUL"]
    assert (mark.read_text(), other.read_text()) == ("x" * MOST_ATTEMPTS, "x")
