"""What leaves the database: whole days that verify offline, from the command line too; and the chain of release 0.1."""

from datetime import UTC, date, datetime

import pytest
from django.conf import settings

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.audit import command_line, exporting, form, offline, signing, stored
from satukota.base.audit.models import AuditEntry, AuditHead, DaySeal

from .make import NOON, days, sql, tampering

pytestmark = pytest.mark.django_db
D = date


def judged(since=None, until=None):
    return offline.judge(exporting.chain_lines(NOON, since, until), {signing.public_key(settings.AUDIT_KEY)})


@pytest.mark.parametrize(
    ("since", "until", "rows", "seals"),
    [
        (None, None, 8, 3), (D(2026, 11, 23), None, 6, 2), (None, D(2026, 11, 23), 4, 2), (D(2026, 11, 25), None, 2, 0),
        (D(2026, 11, 23), D(2026, 11, 24), 4, 2), (D(2027, 1, 1), None, 0, 0), (None, D(2020, 1, 1), 0, 0),
        (D(2026, 11, 24), D(2026, 11, 23), 0, 0),
    ],
)  # fmt: skip
def test_whole_days_leave_and_verify(monkeypatch, since, until, rows, seals):
    days(monkeypatch, 4, rows=2)
    told = judged(since, until)
    assert told.broken is None and (told.rows, told.seals) == (rows, seals)


def test_an_empty_log_verifies():
    assert judged().broken is None


def test_what_is_broken_in_the_database_is_broken_in_the_export(monkeypatch):
    days(monkeypatch, 3, rows=2)
    with tampering():
        sql("UPDATE audit_auditentry SET why = 'lain' WHERE number = 3")
    assert judged().broken.number == audit.first_broken()[0] == 3


def test_the_command_exports_verifies_and_proves(monkeypatch, tmp_path, capsys):
    days(monkeypatch, 2)
    out = tmp_path / "log.jsonl"
    ready = lambda: None  # noqa: E731
    assert command_line.main(["export", "--out", str(out), "--purpose", "LHP 4"], ready) == 0
    assert AuditEntry.objects.latest("number").purpose == "LHP 4"
    assert command_line.main(["verify", "--file", str(out)], ready) == 0
    assert command_line.main(["verify"], ready) == 0 and "The chain holds: 5 rows, 1 seals" in capsys.readouterr().out
    assert command_line.main(["prove", "1"], ready) == 0
    assert offline.judge([capsys.readouterr().out]).broken is None
    assert command_line.main(["prove", "99"], ready) == 1
    with tampering():
        sql("DELETE FROM audit_auditentry WHERE number = 2")
    assert command_line.main(["verify"], ready) == 1 and "row 2 of 2026-11-22" in capsys.readouterr().err


def old_chain(count: int) -> None:
    """Rows as release 0.1 wrote them: one chain, form 1, no days."""
    previous = form.NOTHING
    for number in range(1, count + 1):
        row = AuditEntry(
            number=number, form=1, at=datetime(2026, 11, 1, 4, 0, number % 2, tzinfo=UTC), act="test.old",
            actor_name="sistem", before={"x": 1.0, "é": [None]}, previous_hash=previous,
        )  # fmt: skip
        row.hash = previous = form.hash_of(stored.content_of(row))
        row.save()
    AuditHead.objects.create(pk=1, last_number=count, last_hash=previous)


def test_the_chain_of_the_first_release_goes_on_and_its_rows_are_covered_by_the_first_seal(monkeypatch):
    old_chain(3)
    assert audit.first_broken() is None
    days(monkeypatch, 2)
    seal = DaySeal.objects.get()
    assert (seal.first_number, seal.last_number, audit.first_broken()) == (1, 5, None)
    assert judged().broken is None and judged(D(2026, 11, 23)).rows == 2
    with tampering():
        sql("UPDATE audit_auditentry SET actor_name = 'lain' WHERE number = 2")
    assert audit.first_broken()[0] == 2


def test_a_row_of_the_first_release_has_the_hash_it_was_given_then():
    """Made by the code of release 0.1: json.dumps(sort_keys=True, ensure_ascii=False) of its fields."""
    row = AuditEntry(number=1, at=NOON, act="test.act", actor_name="sistem", why="uji é", after={"n": 1.5},
                     previous_hash=form.NOTHING, form=1)  # fmt: skip
    assert form.hash_of(stored.content_of(row)) == "0cb23bed318abfa3a4a278866ca2f5bd58a5a2ea610e116796fe875b25f1d7f2"


def test_secrets_are_masked_whoever_calls():
    said = {
        "onvif_password": "rahasia1", "phone": "081234567890", "nik": "6474010101010001", "api_key": "x", "kept": "ok",
        "address": "rtsp://a:b@10.0.0.1/x", "in": [{"token": "abc"}], "nothing_secret": None, "shipping": "ya",
    }  # fmt: skip
    audit.record("test.act", by=None, at=clock.now(), before=said, after=said)
    row = str(AuditEntry.objects.get().after)
    for secret in ("rahasia1", "081234567890", "6474010101010001", "'x'", "a:b@", "abc"):
        assert secret not in row
    assert "10.0.0.1/x" in row and "'kept': 'ok'" in row and "'shipping': 'ya'" in row
