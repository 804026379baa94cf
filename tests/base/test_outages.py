"""What we stand on is gone: a sentence, 503 and Retry-After; a mistake of our own stays a 500."""

import errno
import sqlite3
import threading
import time

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection
from django.http import HttpRequest
from django.test import Client
from django.urls import path

from satukota.base import outages
from satukota.base.evidence import actions as evidence
from satukota.project import urls as ours

handler500 = ours.handler500
CAUSES: dict[str, BaseException] = {}


def broken(request: HttpRequest):
    try:
        raise CAUSES["now"]
    except (sqlite3.Error, psycopg.Error) as problem:
        raise OperationalError(str(problem)) from problem


urlpatterns = [path("pusat/rusak", broken), path("api/v1/rusak", broken)]


def sqlite_error(code):
    problem = sqlite3.OperationalError("…")
    problem.sqlite_errorcode = code
    return problem


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (sqlite_error(sqlite3.SQLITE_FULL), outages.FULL),
        (sqlite_error(sqlite3.SQLITE_READONLY | 3 << 8), outages.READ_ONLY),
        (sqlite_error(sqlite3.SQLITE_BUSY), outages.BUSY),
        (sqlite_error(sqlite3.SQLITE_CANTOPEN), outages.GONE),
        (psycopg.OperationalError("connection refused"), outages.GONE),
        (psycopg.errors.AdminShutdown(), outages.GONE),
        (psycopg.errors.DiskFull(), outages.FULL),
        (psycopg.errors.ReadOnlySqlTransaction(), outages.READ_ONLY),
        (OSError(errno.ENOSPC, "No space left on device"), outages.FULL),
        (OSError(errno.EROFS, "Read-only file system"), outages.READ_ONLY),
    ],
)
def test_an_outage_is_said_with_503_and_when_to_come_back(cause, code):
    CAUSES["now"] = cause
    client = Client(raise_request_exception=False)
    page = client.get("/pusat/rusak")
    assert (page.status_code, page["Retry-After"]) == (503, "10")
    assert code in page.content.decode() and "Traceback" not in page.content.decode()
    assert 'http-equiv="refresh"' in page.content.decode()
    assert 'http-equiv="refresh"' not in client.post("/pusat/rusak").content.decode(), "a form is not sent by itself"
    assert client.get("/api/v1/rusak").json()["error"]["code"] == code


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("cause", [ValueError(), psycopg.errors.UndefinedTable(), sqlite_error(1), OSError(2, "x")])
def test_a_mistake_of_our_own_stays_one(cause):
    CAUSES["now"] = cause
    assert Client(raise_request_exception=False).get("/pusat/rusak").status_code == 500


@pytest.mark.django_db(transaction=True)
def test_a_full_database_says_so_and_goes_on_when_there_is_room(tmp_path):
    """SQLite itself, limited to the pages it has: what a full disk does to it."""
    if connection.vendor != "sqlite":
        pytest.skip("SQLite only: PostgreSQL's own sign of a full disk is in the table above")
    from satukota.base.feed.models import FeedEntry

    with connection.cursor() as cursor:
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        usual = cursor.execute("PRAGMA max_page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count={pages}")
    payload = {"text": "x" * 100_000}
    try:
        with pytest.raises(DatabaseError) as caught:
            for number in range(50):
                FeedEntry.objects.create(at="2026-11-22T00:00:00Z", topic="t", subject=str(number), payload=payload)
        found = outages.outage_in(caught.value)
        assert found is not None and found.code == outages.FULL
        assert FeedEntry.objects.count() < 50, "reading goes on"
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA max_page_count={usual}")
    FeedEntry.objects.create(at="2026-11-22T00:00:00Z", topic="t", subject="again", payload=payload)


def test_a_full_disk_leaves_no_half_file_and_the_old_one_stays(settings, tmp_path, monkeypatch):
    settings.FILES_DIR = tmp_path
    evidence.put_slot("camera/T1/latest", b"old")

    def full(*_words):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(evidence.os, "replace", full)
    with pytest.raises(OSError) as caught:
        evidence.put_slot("camera/T1/latest", b"new")
    assert outages.outage_in(caught.value).code == outages.FULL
    monkeypatch.undo()
    settings.FILES_DIR = tmp_path
    assert evidence.slot_content("camera/T1/latest") == b"old"
    assert [path.name for path in (tmp_path / "slots" / "camera" / "T1").iterdir()] == ["latest"]


def test_a_locked_sqlite_file_is_waited_for_and_then_said(tmp_path):
    file = tmp_path / "locked.sqlite3"
    holder = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    holder.execute("CREATE TABLE t (n)")
    holder.execute("BEGIN EXCLUSIVE")
    other = sqlite3.connect(file, timeout=0.2, isolation_level=None)
    began = time.monotonic()
    with pytest.raises(sqlite3.OperationalError) as caught:
        other.execute("INSERT INTO t VALUES (1)")
    assert time.monotonic() - began > 0.15 and outages.outage_in(caught.value).code == outages.BUSY
    threading.Timer(0.1, holder.execute, ["COMMIT"]).start()
    patient = sqlite3.connect(file, timeout=10, isolation_level=None)
    patient.execute("INSERT INTO t VALUES (2)")
    assert patient.execute("SELECT count(*) FROM t").fetchone() == (1,)
