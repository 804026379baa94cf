"""One call for every act: `audit.record(...)`; one for every look at a protected thing: `audit.viewed(...)`."""

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction

from satukota.base import clock
from satukota.base.line import hold_line

from . import form, masking, merkle, signing, stored
from .models import AuditEntry, AuditHead, DaySeal
from .verifying import first_broken

__all__ = ["first_broken", "record", "seal_ended_days", "viewed"]

MACHINE, VISITOR = "sistem", "tanpa akun"
HASHES_AT_ONCE = 10_000


@transaction.atomic(savepoint=False)
def record(
    act: str,
    *,
    by: Any,
    at: datetime,
    on: models.Model | None = None,
    opd_code: str = "",
    hat: str = "",
    before: Any = None,
    after: Any = None,
    why: str = "",
    purpose: str = "",
) -> AuditEntry:
    """Append one row. `by` is a user or None for the machine; `on` the thing; before/after anything JSON can hold.

    Secrets in before and after are masked, whoever calls. Three statements, one more for the lock on PostgreSQL. The
    caller's transaction decides: no act without its row, no row without its act.
    """
    hold_line()
    head = _head()
    day = _day_of(head, clock.now())
    _seal_before(head, day)
    known = by is not None and getattr(by, "is_authenticated", False)
    entry = AuditEntry(
        number=head.last_number + 1,
        form=2,
        day=day,
        at=at,
        act=_fit(act, "act"),
        actor=by if known else None,
        actor_name=_fit(by.display_name if known else MACHINE if by is None else VISITOR, "actor_name"),
        hat=_fit(hat or (getattr(by, "current_hat", "") if known else ""), "hat"),
        purpose=_fit(purpose, "purpose"),
        on_kind=on._meta.label_lower if on is not None else "",
        on_id=_fit(on.pk, "on_id") if on is not None else "",
        on_label=_fit(on, "on_label") if on is not None else "",
        opd_code=_fit(opd_code, "opd_code"),
        why=form.text(why),
        before=form.storable(masking.masked(before, on)),
        after=form.storable(masking.masked(after, on)),
        previous_hash=head.last_hash,
    )
    entry.hash = form.hash_of(stored.content_of(entry))
    entry.save()
    AuditHead.objects.filter(pk=head.pk).update(last_number=entry.number, last_hash=entry.hash, day=day)
    return entry


def viewed(
    what: str, *, by: Any, at: datetime, on: models.Model | None = None, opd_code: str = "", purpose: str = "",
    rows: int | None = None, chosen: Any = None,
) -> AuditEntry:  # fmt: skip
    """Somebody looked at, or took away, something protected: `what` as "cameras.technical_seen".

    `rows` is how many were shown, `chosen` the filter they were found with. Every view is a row of its own: an
    append-only row cannot count on, and a fold would lose when the later looks were. Call it before the thing is shown,
    so that what cannot be written down is not shown.
    """
    said = {name: value for name, value in (("rows", rows), ("chosen", chosen)) if value is not None}
    return record(what, by=by, at=at, on=on, opd_code=opd_code, purpose=purpose, after=said or None)


@transaction.atomic
def seal_ended_days(at: datetime) -> int:
    """Seal the open day when it has ended; 1 when it was sealed now. Safe to call any time and twice."""
    hold_line()
    head = _head()
    return _seal_before(head, _day_of(head, at))


def _head() -> AuditHead:
    """The end of the chain, for the holder of the line only; made with the first row."""
    return AuditHead.objects.filter(pk=1).first() or AuditHead.objects.create(pk=1)


def _day_of(head: AuditHead, at: datetime) -> date:
    """The local day; still the open one when the clock is behind it by a day: machines differ around midnight.

    A clock that ran far ahead and was set right goes back to the true day, which then has a second part and seal.
    """
    day = clock.local(at).date()
    return head.day if head.day and head.day - day == timedelta(days=1) else day


def _seal_before(head: AuditHead, day: date) -> int:
    """Seal everything unsealed unless `day` is the open day; `head` then stands behind the seal.

    Rows from before days were sealed are covered by the first seal of all.
    """
    if head.day is None or head.day == day or head.sealed_to == head.last_number:
        return 0
    before = DaySeal.objects.order_by("-first_number").first()
    tree, first = _tree(head.sealed_to + 1, head.last_number), head.sealed_to + 1
    seal = DaySeal(
        day=head.day, first_number=first, last_number=head.last_number, count=tree.count, root=tree.root(),
        last_hash=head.last_hash, previous_root=before.root if before else form.NOTHING, sealed_at=clock.now(),
        public_key=signing.public_key(settings.AUDIT_KEY),
    )  # fmt: skip
    content = stored.content_of_seal(seal)
    seal.signature = signing.sign(content, settings.AUDIT_KEY)
    seal.save()
    head.last_hash, head.sealed_to = form.hash_of_seal(content), head.last_number
    AuditHead.objects.filter(pk=head.pk).update(last_hash=head.last_hash, sealed_to=head.sealed_to)
    return 1


def _tree(first: int, last: int) -> merkle.Growing:
    tree = merkle.Growing()
    for begin in range(first, last + 1, HASHES_AT_ONCE):
        rows = AuditEntry.objects.filter(number__range=(begin, min(last, begin + HASHES_AT_ONCE - 1)))
        for row_hash in rows.order_by("number").values_list("hash", flat=True):
            tree.add(row_hash)
    return tree


def _fit(value: object, column: str) -> str:
    """The text as its column holds it: what is too long ends in …"""
    longest = AuditEntry._meta.get_field(column).max_length
    said = form.text(value)
    return said if len(said) <= longest else said[: longest - 1] + "…"
