"""The audit chain: every act once, in order, days sealed, and any later change is found."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from satukota.base import clock
from satukota.base.accounts.models import User
from satukota.base.audit import actions as audit
from satukota.base.audit import form, guards, stored
from satukota.base.audit.models import AuditEntry, AuditHead, DaySeal, NeverChanged
from satukota.base.audit.verifying import verify

from .make import NOON, days, sql, tampering, write

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)


def test_a_fresh_chain_holds():
    write()
    assert audit.first_broken() is None


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE audit_auditentry SET why = 'lain' WHERE number = 2", 2),
        ("UPDATE audit_auditentry SET actor_name = 'Orang lain' WHERE number = 3", 3),
        ("UPDATE audit_auditentry SET purpose = 'lain' WHERE number = 3", 3),
        ("UPDATE audit_auditentry SET day = '2026-11-21' WHERE number = 3", 3),
        ("UPDATE audit_auditentry SET form = 1 WHERE number = 3", 3),
        ("UPDATE audit_auditentry SET after = '{\"n\": 9}' WHERE number = 1", 1),
        ("UPDATE audit_auditentry SET number = 77 WHERE number = 2", 2),
        ("DELETE FROM audit_auditentry WHERE number = 1", 1),
        ("DELETE FROM audit_auditentry WHERE number = 2", 2),
        ("DELETE FROM audit_auditentry WHERE number = 4", 4),
        ("DELETE FROM audit_auditentry", 1),
        ("DELETE FROM audit_audithead", 1),
        ("UPDATE audit_audithead SET last_number = 3", 4),
        ("UPDATE audit_audithead SET last_hash = previous_hash FROM audit_auditentry WHERE number = 4", 4),
    ],
)
def test_a_changed_or_missing_row_is_named(change, broken):
    write()
    with tampering():
        sql(change)
    assert audit.first_broken()[0] == broken


def test_two_rows_that_changed_places_are_found():
    write()
    with tampering():
        for was, now in ((2, 90), (3, 2), (90, 3)):
            sql(f"UPDATE audit_auditentry SET number = {now} WHERE number = {was}")
    assert audit.first_broken()[0] == 2


def test_an_inserted_row_is_found():
    write()
    copy = AuditEntry.objects.get(number=4)
    copy.pk, copy.number, copy._state.adding, copy.previous_hash = None, 5, True, copy.hash
    copy.hash = form.hash_of(stored.content_of(copy))
    copy.save()
    assert audit.first_broken() == (5, "stands after the end of the chain")


def test_a_row_that_was_changed_and_hashed_anew_is_named_and_not_the_one_after_it():
    write()
    row = AuditEntry.objects.get(number=2)
    row.why = "lain"
    forged = form.hash_of(stored.content_of(row))
    with tampering():
        sql(f"UPDATE audit_auditentry SET why = 'lain', hash = '{forged}' WHERE number = 2")
    assert audit.first_broken() == (2, "content was changed and hashed anew")


def test_an_act_that_is_undone_leaves_no_row():
    with pytest.raises(RuntimeError), transaction.atomic():
        write()
        raise RuntimeError
    assert not AuditEntry.objects.exists()
    write(1)
    assert audit.first_broken() is None


@pytest.mark.parametrize(
    "value",
    [
        {"lon": 117.5, "whole": 3.0, "tiny": 1e-9, "huge": 1e300, "many": 2**70, "nan": float("nan"), "minus": -0.0},
        {"exp": 1e22, "third": 1 / 3, "at": AT, "on": date(2026, 1, 2), "set": {"b", "a"}, 5: None, "yes": True},
        "\x00\ud800 ‎ \u2028 😀",
        {"😀": 1, "\ufffd": 2, "é": 3, "\x00": 4},
        [[], {}, "", [None, {"a": ["b"]}]],
    ],
    ids=["numbers", "kinds", "text", "keys", "empty"],
)
def test_the_hash_is_the_same_after_the_database_gave_the_row_back(value):
    audit.record("test.act", by=None, at=AT, after=value, why="\x00\udfff", before=[value])
    row = AuditEntry.objects.get()
    assert row.hash == form.hash_of(stored.content_of(row)), connection.vendor
    assert audit.first_broken() is None


def test_visitors_and_the_machine_are_named_as_such():
    audit.record("test.machine", by=None, at=AT)
    assert AuditEntry.objects.get().actor_name == "sistem"


def test_what_is_too_long_for_its_column_is_cut_and_says_so():
    person = User.objects.create_user("contoh", first_name="C" * 150, last_name="D" * 150)
    audit.record("a" * 99, by=person, at=AT, hat="h" * 999, purpose="p" * 999, opd_code="o" * 99)
    row = AuditEntry.objects.get()
    assert (len(row.act), len(row.actor_name), len(row.hat), len(row.opd_code)) == (60, 150, 300, 40)
    assert row.purpose.endswith("p…") and audit.first_broken() is None


def test_a_look_is_a_row_with_its_purpose_each_time():
    person = User.objects.create_user("contoh")
    for _time in range(2):
        audit.viewed("test.seen", by=person, at=AT, on=person, purpose="Laporan 12", rows=3, chosen={"q": "x"})
    row = AuditEntry.objects.latest("number")
    assert (row.number, row.purpose, row.after) == (2, "Laporan 12", {"rows": 3, "chosen": {"q": "x"}})


# ── days ──


def test_each_day_ends_in_a_signed_seal_that_the_next_day_continues(monkeypatch):
    days(monkeypatch, 3, rows=3)
    first, second = DaySeal.objects.order_by("day")
    assert [(s.first_number, s.last_number, s.count) for s in (first, second)] == [(1, 3, 3), (4, 6, 3)]
    assert second.previous_root == first.root
    assert AuditEntry.objects.get(number=4).previous_hash == form.hash_of_seal(stored.content_of_seal(first))
    verdict = verify()
    assert verdict.broken is None and (verdict.rows, verdict.seals) == (9, 2)


def test_the_chore_seals_a_day_that_ended_once_and_an_open_day_never(monkeypatch):
    days(monkeypatch, 1, rows=2)
    now = clock.now()
    assert [audit.seal_ended_days(now), audit.seal_ended_days(now + timedelta(days=1))] == [0, 1]
    assert audit.seal_ended_days(now + timedelta(days=9)) == 0
    assert audit.first_broken() is None


@pytest.mark.parametrize(
    ("jumps", "sealed"),
    [
        ([0, 1, 0, 1, 0], ["2026-11-22"]),  # two machines around midnight: the new day stays open
        ([0, 400, 0, 1], ["2026-11-22", "2027-12-27", "2026-11-22"]),  # a clock that ran ahead and was set right
        ([0, -400, 0], ["2026-11-22", "2025-10-18"]),
    ],
)
def test_a_clock_that_jumps_breaks_no_chain_and_stops_no_seals(monkeypatch, jumps, sealed):
    for jump in jumps:
        days(monkeypatch, 1, rows=2, first=NOON + timedelta(days=jump))
    assert [str(seal.day) for seal in DaySeal.objects.order_by("first_number")] == sealed
    assert audit.first_broken() is None


def test_a_day_that_goes_on_after_its_seal_gets_a_second(monkeypatch):
    days(monkeypatch, 1)
    audit.seal_ended_days(NOON + timedelta(days=1))
    days(monkeypatch, 1)
    assert (audit.seal_ended_days(NOON + timedelta(days=1)), DaySeal.objects.count()) == (1, 2)
    assert audit.first_broken() is None


def test_the_local_day_counts_not_utc(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 22, 15, 59, tzinfo=UTC))
    audit.record("test.act", by=None, at=AT)
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 22, 16, 0, tzinfo=UTC))  # midnight, WITA
    audit.record("test.act", by=None, at=AT)
    assert [str(day) for day in AuditEntry.objects.order_by("number").values_list("day", flat=True)] == [
        "2026-11-22", "2026-11-23"]  # fmt: skip
    assert DaySeal.objects.get().day == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("change", "broken", "what"),
    [
        ("UPDATE audit_auditentry SET why = 'x' WHERE number = 5", 5, "content was changed"),
        ("DELETE FROM audit_auditentry WHERE number = 6", 6, "is missing"),
        ("DELETE FROM audit_auditentry WHERE number > 3 AND number < 7", 4, "is missing"),
        ("DELETE FROM audit_dayseal WHERE first_number = 4", 4, "the seal of 2026-11-23 is missing"),
        ("UPDATE audit_dayseal SET root = last_hash WHERE first_number = 4", 4, "its signature does not fit"),
        ("UPDATE audit_dayseal SET count = 2 WHERE first_number = 4", 4, "its signature does not fit"),
        ("UPDATE audit_dayseal SET day = '2026-11-21' WHERE first_number = 4", 4, "its signature does not fit"),
        ("DELETE FROM audit_dayseal", 1, "the seal of 2026-11-22 is missing"),
        ("UPDATE audit_audithead SET sealed_to = 3", 4, "the seal of the rows from here on is missing"),
    ],
)
def test_what_was_done_to_days_is_found_and_named(monkeypatch, change, broken, what):
    days(monkeypatch, 3, rows=3)
    with tampering():
        sql(change)
    number, said = audit.first_broken()
    assert number == broken and what in said


def test_the_last_rows_and_their_seal_cut_off_are_missed_by_the_head(monkeypatch):
    days(monkeypatch, 2, rows=3)
    audit.seal_ended_days(clock.now() + timedelta(days=1))
    with tampering():
        sql("DELETE FROM audit_auditentry WHERE number > 3")
        sql("DELETE FROM audit_dayseal WHERE first_number = 4")
    assert audit.first_broken()[0] == 4


def test_a_seal_signed_by_a_stranger_is_refused(monkeypatch, settings):
    days(monkeypatch, 2)
    settings.AUDIT_KEY = "7" * 64
    assert "unknown key" in audit.first_broken()[1]
    settings.AUDIT_OLD_KEYS = [DaySeal.objects.get().public_key]
    assert audit.first_broken() is None


# ── append-only ──


@pytest.mark.parametrize(
    "act",
    [
        lambda row: AuditEntry.objects.filter(pk=row.pk).update(why="x"),
        lambda row: AuditEntry.objects.all().delete(),
        lambda row: AuditEntry.objects.bulk_update([row], ["why"]),
        lambda row: AuditEntry._base_manager.filter(pk=row.pk).update(why="x"),
        lambda row: row.delete(),
        lambda row: row.save(),
        lambda row: row.save(update_fields=["why"]),
    ],
)
def test_the_orm_refuses_to_change_or_delete(act):
    write(1)
    with pytest.raises(NeverChanged):
        act(AuditEntry.objects.get())


@pytest.mark.parametrize("table", guards.TABLES)
@pytest.mark.parametrize("act", ["update", "delete", "replace or truncate"])
def test_the_database_refuses_too(monkeypatch, table, act):
    days(monkeypatch, 2, rows=1)
    at_once = (
        f"TRUNCATE {table}" if connection.vendor == "postgresql"
        else f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
    )  # fmt: skip
    connection.check_constraints()  # PostgreSQL would refuse for checks still to be made
    words = {"update": f"UPDATE {table} SET id = id", "delete": f"DELETE FROM {table}"}
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        sql(words.get(act, at_once))
    assert AuditEntry.objects.count() == 2 and DaySeal.objects.count() == 1


def test_all_guards_stand_after_the_migrations():
    assert guards.missing(connection) == []


def test_the_head_is_made_with_the_first_row():
    assert not AuditHead.objects.exists() and audit.first_broken() is None
    write(1)
    assert AuditHead.objects.get().last_number == 1
