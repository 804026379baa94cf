"""One writer of incidents at a time, and the timeline every act leaves."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction

from satukota.base.line import hold_line

from .models import Entry, Incident


@contextmanager
def in_line() -> Iterator[None]:
    """A transaction in which nobody else opens, joins, merges or acts on incidents; usable as decorator.

    Every act publishes to the feed and writes the audit chain anyway, and both hold the line until commit. Taking it
    first gives all of them one order, so runners and people never deadlock.
    """
    with transaction.atomic():
        hold_line()
        yield


def write(
    incident: Incident, act: str, *, by: Any, at: datetime, text: str = "", before: str = "", after: str = ""
) -> Entry:
    """One line of the timeline; `by` None is the machine."""
    return Entry.objects.create(
        incident=incident, act=act, by=by, at=at, text=text, before=before[:200], after=after[:200]
    )


def write_all(incident: Incident, entries: Iterable[Entry]) -> None:
    """Many lines of the machine at once; the incident is filled in. One query."""
    rows = list(entries)
    for entry in rows:
        entry.incident = incident
        entry.before, entry.after = entry.before[:200], entry.after[:200]
    Entry.objects.bulk_create(rows)
