"""The sheet: what is true, signed by two, and never changed afterwards."""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import translation

from satukota.base import clock
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import AlreadyDone, UserError
from satukota.base.messages.models import Message
from satukota.shared.incidents.models import Entry, Incident
from satukota.shared.monitoring.models import MaintenanceWindow, Target, UplinkOutage
from satukota.shared.shifts import actions, queries, sheet
from satukota.shared.shifts.models import HandOver

from .make import HANDING, NOW, Desk, hours

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    desk = Desk()
    opd, at = desk.city.diskominfo, NOW
    camera = Target.objects.create(kind="camera", code="MB-001", name="Pasar", owner=opd, state="down",
                                   cause="no_answer", state_since=at)  # fmt: skip
    Target.objects.create(kind="camera", code="MB-002", name="Taman", owner=opd, state="up", state_since=at)
    incident = Incident.objects.create(number="INS-2026-000001", title="Kamera mati", kind="camera", severity=2,
                                       root=camera, owner=opd, opened_at=at)  # fmt: skip
    Entry.objects.create(incident=incident, at=at, act="opened")
    Entry.objects.create(incident=incident, at=at + hours(1), act="note", text="Teknisi berangkat")
    MaintenanceWindow.objects.create(target=camera, starts_at=at, ends_at=at + hours(20), reason="Ganti lensa",
                                     declared_by=desk.first, declared_at=at)  # fmt: skip
    UplinkOutage.objects.create(why="uplink", lost_at=at + hours(2), back_at=at + hours(3))
    UplinkOutage.objects.create(why="uplink", lost_at=at - hours(50), back_at=at - hours(49))
    Message.objects.create(recipient=desk.first, channel="email", kind="x", about="y", subject="Tak sampai", body="",
                           created_at=at, failed_at=at + hours(1), problem="Alamat ditolak.")  # fmt: skip
    return desk


def seen(desk, at=HANDING) -> str:
    return sheet.hash_of(desk.shifts[0], sheet.content_of(desk.shifts[0], at), "")


def sign_out(desk, by=None, at=HANDING, notes="Hujan deras", **more):
    return actions.sign_out(desk.shifts[0].pk, notes=notes, seen=more.get("seen", seen(desk, at)),
                            by=by or desk.first, at=at)  # fmt: skip


def test_the_sheet_says_what_is_true(desk):
    content = sheet.content_of(desk.shifts[0], HANDING)
    assert [(row["number"], row["last_text"]) for row in content["incidents"]] == [
        ("INS-2026-000001", "Teknisi berangkat")]  # fmt: skip
    assert [row["code"] for row in content["down"]] == ["MB-001"]
    assert [row["reason"] for row in content["maintenance"]] == ["Ganti lensa"]
    assert len(content["outages"]) == 1 and [row["subject"] for row in content["messages"]] == ["Tak sampai"]
    with translation.override("en"):
        assert sheet.content_of(desk.shifts[0], HANDING) == content, "one language for everybody"


def test_both_sign_and_each_act_stands_on_the_audit_log(desk):
    row = sign_out(desk)
    assert actions.sign_in(row.shift_id, by=desk.second, at=HANDING + timedelta(minutes=15)).signed_in_by == (
        desk.second.person)  # fmt: skip
    entries = AuditEntry.objects.filter(act__startswith="shifts.signed").order_by("number")
    assert [(one.act, one.actor.username, one.after["sha256"]) for one in entries] == [
        ("shifts.signed_out", "sari", row.sha256), ("shifts.signed_in", "yusuf", row.sha256)]  # fmt: skip
    row.refresh_from_db()
    assert sheet.is_whole(row.shift, row.content, row.notes, row.sha256)


def test_only_who_sat_there_signs_and_never_one_person_for_both(desk):
    for user in (desk.second, desk.third, desk.stranger):
        with pytest.raises(UserError):
            sign_out(desk, by=user)
    row = sign_out(desk, by=desk.supervisor)
    for user in (desk.first, desk.third, desk.supervisor):  # the supervisor also answers for the next shift
        with pytest.raises(UserError):
            actions.sign_in(row.shift_id, by=user, at=HANDING)
    with pytest.raises(IntegrityError), transaction.atomic():
        HandOver.objects.filter(pk=row.pk).update(signed_in_by=desk.supervisor.person, signed_in_at=HANDING)


def test_signing_too_early_twice_or_out_of_order_is_refused(desk):
    with pytest.raises(UserError):
        sign_out(desk, at=NOW)
    with pytest.raises(UserError):
        actions.sign_in(desk.shifts[0].pk, by=desk.second, at=HANDING)
    row = sign_out(desk)
    with pytest.raises(AlreadyDone):
        sign_out(desk)
    actions.sign_in(row.shift_id, by=desk.second, at=HANDING)
    with pytest.raises(AlreadyDone):
        actions.sign_in(row.shift_id, by=desk.second, at=HANDING)


def test_what_changed_since_it_was_read_is_read_again(desk):
    read = seen(desk)
    Target.objects.filter(code="MB-002").update(state="down")
    with pytest.raises(UserError) as refused:
        sign_out(desk, seen=read)
    assert "berubah" in refused.value.text and not HandOver.objects.exists()
    assert sign_out(desk).content["down"][-1]["code"] == "MB-002"


@pytest.mark.parametrize("changed", [
    {"notes": "Tidak hujan"}, {"content": {}}, {"sha256": "0" * 64}, {"signed_out_at": NOW},
])  # fmt: skip
def test_the_database_refuses_to_change_what_was_signed(desk, changed):
    row = sign_out(desk)
    with pytest.raises(DatabaseError), transaction.atomic():
        HandOver.objects.filter(pk=row.pk).update(**changed)
    with connection.cursor() as cursor, pytest.raises(DatabaseError), transaction.atomic():
        cursor.execute("UPDATE shifts_handover SET notes = %s", [json.dumps("x")])
    actions.sign_in(row.shift_id, by=desk.second, at=HANDING)
    with pytest.raises(DatabaseError), transaction.atomic():
        HandOver.objects.filter(pk=row.pk).update(signed_in_at=NOW)


@pytest.mark.parametrize("notes", ["", "x" * 4000, "<script>alert(1)</script>", "nol\x00byte", "baris\nbaris ✓"])
def test_notes_of_any_kind_are_kept_whole(desk, notes):
    row = sign_out(desk, notes=notes)
    row.refresh_from_db()
    assert row.notes == notes.replace("\x00", "") and sheet.is_whole(row.shift, row.content, row.notes, row.sha256)


def test_notes_too_long_are_refused(desk):
    with pytest.raises(UserError):
        sign_out(desk, notes="x" * 4001)


def test_unsigned_half_an_hour_after_the_change_is_shown_to_the_supervisor(desk):
    shift = desk.shifts[0]
    assert not queries.not_handed_over(desk.supervisor, shift.ends_at + timedelta(minutes=29))
    late = shift.ends_at + timedelta(minutes=30)
    assert queries.not_handed_over(desk.supervisor, late, "shifts.plan") == [shift]
    assert queries.not_handed_over(desk.first, late, "shifts.plan") == []
    sign_out(desk)
    assert queries.not_handed_over(desk.supervisor, late) == [shift], "one signature is not a hand-over"
    actions.sign_in(shift.pk, by=desk.second, at=late)
    assert queries.not_handed_over(desk.supervisor, late) == []
