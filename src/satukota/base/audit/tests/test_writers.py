"""Eight writers at once, each a process, some killed with -9 midway: what was acknowledged is there, in one chain."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from satukota.base.audit import guards
from satukota.base.audit.models import AuditEntry
from satukota.base.audit.verifying import verify

WRITERS, ROWS, KILLED = 8, 40, 4
ROOT = Path(settings.ROOT)


def environment(url: str) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT / "src"), *sys.path])
    return os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "satukota.project.settings", "PYTHONPATH": path}


def verified(url: str) -> str:
    code = "import sys; from satukota.cli import main; sys.exit(main(['audit', 'verify']))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(url), capture_output=True, text=True, timeout=120
    )
    return done.stdout + done.stderr


@pytest.fixture
def database_url(tmp_path, transactional_db):
    """A database others can reach: on SQLite a file, made empty from the test's own."""
    if connection.vendor == "sqlite":
        import sqlite3

        with sqlite3.connect(tmp_path / "copy.sqlite3") as copy:
            connection.connection.backup(copy)
            copy.execute("PRAGMA journal_mode=WAL")  # eight at once cannot switch it
        return f"sqlite:///{tmp_path / 'copy.sqlite3'}"
    at = connection.settings_dict
    login = f"{quote(at['USER'])}:{quote(at['PASSWORD'])}@" if at["USER"] else ""
    return f"postgresql://{login}{quote(at['HOST'], safe='')}:{at['PORT']}/{at['NAME']}"


@pytest.mark.slow
def test_eight_writers_and_kill_minus_nine_leave_one_whole_chain(tmp_path, database_url):
    start, script = tmp_path / "start", str(Path(__file__).with_name("writer.py"))
    writers = [
        subprocess.Popen(
            [sys.executable, script, str(start), str(ROWS if place >= KILLED else 100_000)],
            env=environment(database_url), stdout=subprocess.PIPE, stderr=(tmp_path / f"errors.{place}").open("wb"),
        )
        for place in range(WRITERS)
    ]  # fmt: skip
    try:
        until = time.monotonic() + 300
        while len(list(tmp_path.glob("start.*"))) < WRITERS:
            assert time.monotonic() < until and all(each.poll() is None for each in writers)
            time.sleep(0.05)
        start.touch()
        for each in writers[:KILLED]:
            assert each.stdout.readline(), "".join(file.read_text()[-900:] for file in tmp_path.glob("errors.*"))
            each.send_signal(signal.SIGKILL)
        said = [each.communicate(timeout=300)[0].decode().split() for each in writers]
    finally:
        for each in writers:
            each.kill()
    acknowledged = sorted(int(number) for lines in said for number in lines if number.isdecimal())
    assert [each.returncode for each in writers[KILLED:]] == [0] * (WRITERS - KILLED)
    assert len(acknowledged) == len(set(acknowledged)) >= ROWS * (WRITERS - KILLED)
    told = verified(database_url)
    assert told.startswith("The chain holds: "), told
    assert int(told.split()[3]) >= max(acknowledged)


@pytest.mark.django_db(transaction=True)
def test_the_flush_of_a_test_empties_the_log_and_puts_the_guards_back():
    from django.core.management import call_command

    from satukota.base.audit.tests.make import write

    write(2)
    call_command("flush", interactive=False, verbosity=0)
    assert not AuditEntry.objects.exists() and guards.missing(connection) == [] and verify().broken is None


def test_the_flush_of_a_citys_database_is_refused(monkeypatch):
    from django.core.management import CommandError, call_command

    monkeypatch.setitem(connection.settings_dict, "NAME", "satukota")
    with pytest.raises(CommandError, match="audit log"):
        call_command("flush", interactive=False)
