"""Between the rows of the database and the content that is hashed. Reads in pages by number: memory stays flat."""

from collections.abc import Iterator
from typing import Any

from . import form
from .models import AuditEntry, DaySeal

AT_ONCE = 5_000
COLUMNS = (*form.FIELDS, "hash")
_FORM, _DAY, _AT, _NUMBER = (COLUMNS.index(name) for name in ("form", "day", "at", "number"))


def content_of(entry: AuditEntry) -> dict[str, Any]:
    """What of a row is hashed, in its own form."""
    return _content(tuple(getattr(entry, name) for name in COLUMNS))


def content_of_seal(seal: DaySeal) -> dict[str, Any]:
    content = {name: getattr(seal, name) for name in form.SEAL_FIELDS if name != "seal"}
    return content | {
        "seal": form.SEAL_FORM, "day": seal.day.isoformat(), "sealed_at": form.moment(seal.sealed_at),
    }  # fmt: skip


def rows(first: int, last: int) -> Iterator[tuple[dict[str, Any], str]]:
    """(content, hash) of the rows numbered `first` to `last`, in order; one query for AT_ONCE rows."""
    after = first - 1
    while True:
        page = list(
            AuditEntry.objects.filter(number__gt=after, number__lte=last)
            .order_by("number")
            .values_list(*COLUMNS)[:AT_ONCE]
        )
        for values in page:
            yield _content(values), values[-1]
        if len(page) < AT_ONCE:
            return
        after = page[-1][_NUMBER]


def _content(values: tuple[Any, ...]) -> dict[str, Any]:
    content = dict(zip(form.FIELDS, values, strict=False))
    if values[_FORM] == 1:  # these three came with form 2
        del content["form"], content["day"], content["purpose"]
        content["at"] = form.old_moment(values[_AT])
    else:
        day = values[_DAY]
        content["day"] = day.isoformat() if day else ""
        content["at"] = form.moment(values[_AT])
    return content
