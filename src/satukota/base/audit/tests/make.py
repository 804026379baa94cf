"""Builders for the audit tests: rows, days, and the tampering that the database normally refuses."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from satukota.base import clock
from satukota.base.accounts.models import User
from satukota.base.audit import actions as audit
from satukota.base.audit import guards

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # 12.00 WITA


def write(count: int = 4) -> None:
    """Rows 1 to `count` of one day by one person."""
    person, _new = User.objects.get_or_create(username="contoh", first_name="Contoh")
    for number in range(count):
        audit.record(
            "test.act", by=person, at=NOON, on=person, before={"n": number}, after={"n": number + 1}, why="uji"
        )


def days(monkeypatch: Any, count: int, *, rows: int = 2, first: datetime = NOON) -> None:
    """`rows` rows on each of `count` days running; all but the last day get sealed. The clock stays on the last day."""
    for day in range(count):
        monkeypatch.setattr(clock, "now", lambda moment=first + timedelta(days=day): moment)
        for number in range(rows):
            audit.record("test.act", by=None, at=clock.now(), after={"n": number}, why="uji", purpose="uji")


@contextmanager
def tampering() -> Iterator[None]:
    """As who owns the database can: without its guards."""
    with guards.lifted(connection):
        yield


def sql(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text)
