"""Between the rows of the database and the content that is hashed. Reads in pages by number: memory stays flat."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import connection

from . import form
from .models import AuditEntry, DaySeal

AT_ONCE = 5_000
_COLUMNS = (*form.FIELDS, "hash")
_FORM, _NUMBER = _COLUMNS.index("form"), _COLUMNS.index("number")
_AS_TEXT = {  # moments and days as one text on both: "2026-11-22 06:05:00.000123" in UTC, its fraction left out if zero
    "sqlite": {"at": "CAST(at AS text)", "day": "CAST(day AS text)"},
    "postgresql": {"at": "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')", "day": "CAST(day AS text)"},
}
_parse = json.JSONDecoder().decode


def content_of(entry: AuditEntry) -> dict[str, Any]:
    """What of a row is hashed, in its own form."""
    content = {name: getattr(entry, name) for name in form.FIELDS}
    content["at"] = form.moment(entry.at)
    content["day"] = entry.day.isoformat() if entry.day else ""
    return _in_its_form(content, entry.form)


def content_of_seal(seal: DaySeal) -> dict[str, Any]:
    content = {name: getattr(seal, name) for name in form.SEAL_FIELDS if name != "seal"}
    return content | {
        "seal": form.SEAL_FORM, "day": seal.day.isoformat(), "sealed_at": form.moment(seal.sealed_at),
    }  # fmt: skip


def rows(first: int, last: int) -> Iterator[tuple[dict[str, Any], str]]:
    """(content, hash) of the rows numbered `first` to `last`, in order; one query for AT_ONCE rows.

    Reads columns as the database gives them: through models a million rows would take twice the time.
    """
    columns = ", ".join(_AS_TEXT[connection.vendor].get(name, name) for name in _COLUMNS)
    sql = f"SELECT {columns} FROM audit_auditentry WHERE number > %s AND number <= %s ORDER BY number LIMIT {AT_ONCE}"
    after, is_full = first - 1, True
    while is_full:
        with connection.cursor() as cursor:
            cursor.execute(sql, [after, last])
            page = cursor.fetchall()
        for values in page:
            yield _read(values), values[-1]
        is_full = len(page) == AT_ONCE
        after = page[-1][_NUMBER] if page else last


def _read(values: tuple[Any, ...]) -> dict[str, Any]:
    """Both databases give JSON as text."""
    content = dict(zip(form.FIELDS, values, strict=False))
    before, after, at = content["before"], content["after"], content["at"]
    if before is not None:
        content["before"] = _parse(before)
    if after is not None:
        content["after"] = _parse(after)
    content["at"] = f"{at[:10]}T{at[11:]}Z" if len(at) == 26 else f"{at[:10]}T{at[11:]}.000000Z"
    if content["day"] is None:
        content["day"] = ""
    return _in_its_form(content, values[_FORM])


def _in_its_form(content: dict[str, Any], number: int) -> dict[str, Any]:
    """Form 1 knew neither days nor purposes, and left out a fraction of zero."""
    if number == 1:
        del content["form"], content["day"], content["purpose"]
        content["at"] = form.old_moment(datetime.fromisoformat(content["at"]))
    return content
