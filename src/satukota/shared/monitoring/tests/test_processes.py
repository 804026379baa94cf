"""Real runners in processes of their own: two at once, and one that is killed in the middle of a look."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from .make import make_target

ROOT = Path(settings.ROOT)
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


class Database:
    """The test's rows where other processes can reach them: on SQLite copied from memory to a file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "copy.sqlite3"
        self.runners: list[subprocess.Popen] = []
        if connection.vendor == "sqlite":
            with sqlite3.connect(self.file) as copy:
                connection.connection.backup(copy)
            self.url = f"sqlite:///{self.file}"
        else:
            at = connection.settings_dict
            login = f"{quote(at['USER'])}:{quote(at['PASSWORD'])}@" if at["USER"] else ""
            self.url = f"postgresql://{login}{quote(at['HOST'], safe='')}:{at['PORT']}/{at['NAME']}"

    def rows(self, sql: str) -> list[tuple]:
        if connection.vendor == "sqlite":
            with sqlite3.connect(self.file, timeout=20) as copy:
                return copy.execute(sql).fetchall()
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def wait_for(self, sql: str, wanted: list[tuple], seconds: float = 90) -> None:
        until = time.monotonic() + seconds
        while (found := self.rows(sql)) != wanted:
            assert not [p for p in self.runners if p.poll()], self.runners[0].stdout.read1().decode()
            assert time.monotonic() < until, f"{found} instead of {wanted}: {sql}"
            time.sleep(0.1)

    @contextmanager
    def runner(self, name: str, folder: Path):
        environment = os.environ | {
            "DATABASE_URL": self.url, "SATUKOTA_SAMPLE": "1", "SATUKOTA_VAR": str(folder),
            "DJANGO_SETTINGS_MODULE": "satukota.project.settings",
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *sys.path]),
        }  # fmt: skip
        command = [sys.executable, "-m", "django", "watch", "--name", name]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.runners.append(process)
        try:
            yield process
        finally:
            self.runners.remove(process)
            if process.poll() is None:
                process.kill()
            process.wait(10)

    def execute(self, sql: str) -> None:
        if connection.vendor == "sqlite":
            with sqlite3.connect(self.file, timeout=20) as copy:
                copy.execute(sql)
        else:
            with connection.cursor() as cursor:
                cursor.execute(sql)


class Town:
    """TCP servers in a thread of their own; `slow` takes a connection and never says a word."""

    def __enter__(self) -> "Town":
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.good, self.slow = self._listen(self._close), self._listen(self._keep)
        return self

    def __exit__(self, *_what: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)

    def _listen(self, handle) -> int:
        starting = asyncio.run_coroutine_threadsafe(asyncio.start_server(handle, "127.0.0.1", 0), self.loop)
        return starting.result(5).sockets[0].getsockname()[1]

    async def _close(self, _reader, writer) -> None:
        writer.close()

    async def _keep(self, reader, _writer) -> None:
        await reader.read()  # until the other side gives up


READINGS = "SELECT count(*) FROM monitoring_reading"
UP = "SELECT count(*), count(DISTINCT target_id) FROM monitoring_statuschange WHERE now = 'up'"
HELD = "SELECT code FROM monitoring_target WHERE claimed_by LIKE '%/%'"


def test_a_runner_killed_in_the_middle_of_a_look(tmp_path):
    """What was stored stays, the look comes back when its lease ends, and nothing is stored twice."""
    with Town() as town:
        for number in range(3):
            make_target(f"T{number}", address=f"127.0.0.1:{town.good}", interval_s=3600)
        make_target("HANG", kind="http", address=f"http://127.0.0.1:{town.slow}/", interval_s=3600)
        database = Database(tmp_path)
        with database.runner("killed", tmp_path) as first:
            database.wait_for(READINGS, [(3,)])
            assert database.rows(HELD) == [("HANG",)]
            first.send_signal(signal.SIGKILL)
            first.wait(10)
        assert database.rows(READINGS) == [(3,)] and database.rows(UP) == [(3, 3)]
        assert database.rows(HELD) == [("HANG",)], "the claim stays until its lease ends"
        database.execute("UPDATE monitoring_target SET lease_until = '2026-01-01 00:00:00+00' WHERE code = 'HANG'")
        mended = f"kind = 'tcp', address = '127.0.0.1:{town.good}'"
        database.execute(f"UPDATE monitoring_target SET {mended} WHERE code = 'HANG'")
        with database.runner("second", tmp_path) as second:
            database.wait_for(UP, [(4, 4)])
            second.send_signal(signal.SIGTERM)
            assert second.wait(20) == 0, second.stdout.read().decode()
        assert database.rows(READINGS) == [(4,)] and database.rows(HELD) == []


def test_two_runners_at_once_share_the_looks_and_never_look_twice(tmp_path):
    with Town() as town:
        for number in range(200):
            make_target(f"T{number:03d}", address=f"127.0.0.1:{town.good}", interval_s=3600)
        database = Database(tmp_path)
        with database.runner("one", tmp_path) as one, database.runner("two", tmp_path) as two:
            database.wait_for(READINGS, [(200,)])
            time.sleep(1)
            for process in (one, two):
                process.send_signal(signal.SIGTERM)
            assert [process.wait(20) for process in (one, two)] == [0, 0]
    assert database.rows(READINGS) == [(200,)] and database.rows(UP) == [(200, 200)]
    assert database.rows("SELECT count(DISTINCT target_id) FROM monitoring_reading") == [(200,)]
    assert database.rows(HELD) == []
    assert database.rows("SELECT count(*) FROM monitoring_runnerbeat") == [(2,)]
    alone = "SELECT count(*) FROM (SELECT name FROM monitoring_chore WHERE held_by <> '' OR problem <> '') AS stuck"
    assert database.rows(alone) == [(0,)]
