"""The audit log as JSON lines that verify without us: see offline.py, and docs/audit.md for strangers.

A header, then rows in order with each seal after its last row, then the end. A selection (filtered rows) has no end and
no seals: its rows can be checked one by one only, and it says so. A proof is one row with its way to a sealed root.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import Max, Min
from django.utils.translation import gettext as _

from satukota.base.errors import Missing

from . import form, merkle, signing, stored
from .models import AuditEntry, AuditHead, DaySeal

FORMAT = "satukota-audit"
VERSION = 1


def chain_lines(at: datetime, since: date | None = None, until: date | None = None) -> Iterator[str]:
    """Whole days, first to last; everything when no day is given. Rows of days without a seal yet belong to the open
    day. Writers go on meanwhile: what they add after the first line is not in it.
    """
    head = AuditHead.objects.filter(pk=1).first() or AuditHead()
    seals = DaySeal.objects.filter(last_number__lte=head.sealed_to)
    first, last = _bounds(head, since, until)
    before = seals.filter(last_number=first - 1).first()
    yield _line("header", format=FORMAT, version=VERSION, whole=True, exported_at=form.moment(at),
                time_zone=settings.TIME_ZONE, since=since and since.isoformat(), until=until and until.isoformat(),
                public_key=signing.public_key(settings.AUDIT_KEY))  # fmt: skip
    if last < first:
        yield _line("end", rows=0, last_number=0, last_hash=form.NOTHING, sealed_to=0)
        return
    if before:
        yield _seal_line(before, "anchor")
    coming = iter(seals.filter(first_number__gte=first, last_number__lte=last).order_by("first_number"))
    seal, end_hash, sealed_to, count = next(coming, None), "", first - 1, 0
    for content, row_hash in stored.rows(first, last):
        yield _line("row", row=content, hash=row_hash)
        end_hash, count = row_hash, count + 1
        if seal and content["number"] == seal.last_number:
            yield _seal_line(seal, "seal")
            end_hash, sealed_to = form.hash_of_seal(stored.content_of_seal(seal)), seal.last_number
            seal = next(coming, None)
    if last == head.last_number:
        end_hash = head.last_hash
    yield _line("end", rows=count, last_number=last, last_hash=end_hash, sealed_to=sealed_to)


def selection_lines(at: datetime, rows: Iterable[AuditEntry], chosen: Any) -> Iterator[str]:
    """Filtered rows; each still carries its own hash."""
    yield _line("header", format=FORMAT, version=VERSION, whole=False, exported_at=form.moment(at), chosen=chosen)
    for entry in rows:
        yield _line("row", row=stored.content_of(entry), hash=entry.hash)


def proof_of(number: int) -> dict[str, Any]:
    """One row, the path from it to its day's root, and the signed seal. Raises Missing: no such row, or not sealed."""
    entry = AuditEntry.objects.filter(number=number).first()
    seal = DaySeal.objects.filter(first_number__lte=number, last_number__gte=number).first()
    if entry is None or seal is None:
        raise Missing(
            _("Baris %(number)d tidak ada di hari yang sudah disegel.") % {"number": number},
            fix=_("Baris hari ini dapat dibuktikan mulai besok."),
        )
    numbers = (seal.first_number, seal.last_number)
    hashes = list(AuditEntry.objects.filter(number__range=numbers).order_by("number").values_list("hash", flat=True))
    place = number - seal.first_number
    return {
        "kind": "proof", "format": FORMAT, "version": VERSION, "row": stored.content_of(entry), "hash": entry.hash,
        "place": place, "path": merkle.path(hashes, place), "seal": stored.content_of_seal(seal),
        "signature": seal.signature,
    }  # fmt: skip


def _bounds(head: AuditHead, since: date | None, until: date | None) -> tuple[int, int]:
    """First and last number of the days asked for; (n, n − 1) when there are none."""
    first, last = 1, head.last_number
    sealed = DaySeal.objects.filter(last_number__lte=head.sealed_to)
    is_open_in = head.sealed_to < head.last_number and head.day is not None
    if since:
        found = sealed.filter(day__gte=since).aggregate(n=Min("first_number"))["n"]
        open_first = head.sealed_to + 1 if is_open_in and head.day >= since else head.last_number + 1
        first = found or open_first
    if until and not (is_open_in and head.day <= until):
        last = sealed.filter(day__lte=until).aggregate(n=Max("last_number"))["n"] or first - 1
    return first, max(last, first - 1)


def _seal_line(seal: DaySeal, kind: str) -> str:
    return _line(kind, seal=stored.content_of_seal(seal), signature=seal.signature)


def _line(kind: str, **said: Any) -> str:
    return json.dumps({"kind": kind, **said}, ensure_ascii=False, separators=(",", ":")) + "\n"
