"""One writer of incidents at a time, and the timeline every act leaves."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from satukota.base.feed.actions import PUBLISH_LOCK

from .models import Entry, Incident


@contextmanager
def in_line() -> Iterator[None]:
    """A transaction in which nobody else opens, joins, merges or acts on incidents; usable as decorator.

    Every act publishes to the feed and writes the audit chain anyway, and both hold a lock until commit. Taking the
    feed's lock first gives all of them one order (feed, incidents, audit), so runners and people never deadlock.
    SQLite has one writer at a time by itself.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PUBLISH_LOCK])
        yield


def write(
    incident: Incident, act: str, *, by: Any, at: datetime, text: str = "", before: str = "", after: str = ""
) -> Entry:
    """One line of the timeline; `by` None is the machine."""
    return Entry.objects.create(
        incident=incident, act=act, by=by, at=at, text=text, before=before[:200], after=after[:200]
    )
