"""One call for every act: `audit.record(...)`. The chain can be checked with `verify`."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db import models, transaction
from django.utils.functional import Promise

from satukota.base.line import hold_line
from satukota.base.secrets import Sealed

from .models import AuditEntry, AuditHead

SEALED_FIELDS = (
    "number", "at", "act", "actor_id", "actor_name", "hat", "on_kind", "on_id", "on_label", "opd_code", "why",
    "before", "after", "previous_hash",
)  # fmt: skip


@transaction.atomic
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
) -> AuditEntry:
    """Append one row. `by` is a user or None for the machine; `on` the thing; before/after anything JSON can hold.

    Two statements beside the lock. The caller's transaction decides: no act without its row, no row without its act.
    """
    hold_line()
    AuditHead.objects.get_or_create(pk=1)
    head = AuditHead.objects.select_for_update().get(pk=1)
    known = by is not None and getattr(by, "is_authenticated", False)
    entry = AuditEntry(
        number=head.last_number + 1,
        at=at.astimezone(UTC),
        act=act,
        actor=by if known else None,
        actor_name=by.display_name if known else ("sistem" if by is None else "tanpa akun"),
        hat=hat or (getattr(by, "current_hat", "") if known else ""),
        on_kind=on._meta.label_lower if on is not None else "",
        on_id=str(on.pk) if on is not None else "",
        on_label=str(on)[:200] if on is not None else "",
        opd_code=opd_code,
        why=why,
        before=plain(before),
        after=plain(after),
        previous_hash=head.last_hash,
    )
    entry.hash = seal_of(entry)
    entry.save(force_insert=True)
    AuditHead.objects.filter(pk=1).update(last_number=entry.number, last_hash=entry.hash)
    return entry


def plain(value: Any) -> Any:
    """The value as JSON will give it back, so that the hash is the same before and after the database."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, models.Model):
        return str(value)
    if isinstance(value, Decimal | Promise | Sealed):  # a secret is written down masked
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value


def seal_of(entry: AuditEntry) -> str:
    """SHA-256 over the sealed fields in fixed order; times in UTC to the microsecond."""
    content = {name: plain(getattr(entry, name)) for name in SEALED_FIELDS}
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def first_broken(rows: Iterator[AuditEntry] | None = None) -> tuple[int, str] | None:
    """Number and reason of the first row that does not fit the chain; None when the whole chain holds."""
    previous, expected = "0" * 64, 1
    for row in rows or AuditEntry.objects.order_by("number").iterator(2000):
        if row.number != expected:
            return expected, "row is missing or out of order"
        if row.previous_hash != previous:
            return row.number, "does not continue the row before it"
        if row.hash != seal_of(row):
            return row.number, "content was changed"
        previous, expected = row.hash, expected + 1
    head = AuditHead.objects.filter(pk=1).first()
    if head and (head.last_number, head.last_hash) != (expected - 1, previous):
        return expected, "rows at the end were removed"
    return None
