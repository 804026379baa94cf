"""From SQLite to PostgreSQL: every row of every table, told with number and hash on both sides, or nothing at all."""

# ruff: noqa: E501  (the script that fills the tables)

import os
import re

import pytest

from .conftest import Installation

pytestmark = pytest.mark.slow

# One row, with the values that move worst, in every table that is empty; the sample city brings none of them.
FILL = """
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

WORST = {
    "JSONField": {"a": [1, 0.1, None, True, "é\\u2028"], "": {}}, "BinaryField": bytes(range(256)), "FloatField": 0.1 + 0.2,
    "DecimalField": Decimal("0.123"), "BooleanField": True, "DurationField": timedelta(days=3, microseconds=7),
    "DateTimeField": datetime(2026, 11, 22, 23, 59, 59, 999999, tzinfo=UTC), "DateField": date(2026, 2, 28),
    "TimeField": time(23, 59, 59), "TextField": "baris\\nkedua \\U0001f3d9 '\\"\\\\\\t", "IntegerField": 7,
    "PositiveIntegerField": 7, "PositiveSmallIntegerField": 7, "SmallIntegerField": 7, "BigIntegerField": 2**40,
    "PositiveBigIntegerField": 2**40,
}
open_, filled, refused = set(), [], []

def value(field):
    if field.is_relation:
        return row(field.related_model) if not field.null or field.related_model not in open_ else None
    if field.choices:
        return next(key for key, words in field.flatchoices if key not in ("", None))
    if field.get_internal_type() == "UUIDField" or (field.has_default() and field.blank):
        return field.get_default()
    return WORST.get(field.get_internal_type(), "contoh"[: field.max_length or 6])

def row(model):
    there = model._base_manager.first()
    if there is not None or model in open_:
        return there
    open_.add(model)
    made = model(**{each.name: value(each) for each in model._meta.concrete_fields if not (each.primary_key and each.get_internal_type().endswith("AutoField"))})
    try:
        with transaction.atomic():
            made.save_base(raw=True, force_insert=True)
        filled.append(model._meta.label_lower)
    except (IntegrityError, ValueError, TypeError) as problem:
        refused.append(model._meta.label_lower)
        made = None
    open_.discard(model)
    return made

OURS = ("ground", "coverage", "blind_spots", "vendor_ledger", "evidence", "documents", "cameras", "incidents", "monitoring", "shifts")
for app in OURS:
    for model in apps.get_app_config(app).get_models():
        if model._meta.managed and not model._meta.proxy:
            row(model)
print("filled", *filled)
print("refused", *refused)
"""


@pytest.mark.skipif(not os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="the way leads to PostgreSQL")
def test_every_table_comes_along_row_by_row(empty: Installation) -> None:
    old = Installation(empty.var, f"sqlite:///{empty.var}/satukota.sqlite3")
    old.run("manage", "migrate", "-v0")
    said = dict(line.split(" ", 1) for line in old.python(FILL).splitlines() if " " in line)
    filled = set(said["filled"].split())
    assert len(filled) >= 40 and {name.split(".")[0] for name in filled} >= {
        "ground", "coverage", "blind_spots", "vendor_ledger", "evidence", "documents"
    }, said  # fmt: skip
    report = old.run("move", "--to", empty.url)
    told = {
        match[1]: match.groups()[1:]
        for match in re.finditer(r"^(\S+)\s+(\d+)\s+(\d+)\s+(\w+)\s+(\w+)  sama$", report, re.MULTILINE)
    }
    assert "BERBEDA" not in report and filled <= told.keys()
    for name in filled:
        here, there, hash_here, hash_there = told[name]
        assert here == there != "0" and hash_here == hash_there != "0" * 16, name
    assert "tidak kosong" in old.run("move", "--to", empty.url, code=1)
    assert "tidak jelas" in old.run("move", "--to", "mysql://kota@localhost/satukota", code=1)
    city = Installation(empty.var, empty.url)
    assert city.python("from satukota.base.audit.actions import first_broken; print(first_broken())") == "None\n"
