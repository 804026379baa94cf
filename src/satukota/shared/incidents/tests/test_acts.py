"""What people do to an incident: taken once, handed over, noted, ticked, closed with its cause, reopened."""

import pytest

from satukota.base.audit.models import AuditEntry
from satukota.base.errors import AlreadyDone, Missing, NotAllowed, UserError
from satukota.shared.incidents import actions
from satukota.shared.incidents.models import Incident
from satukota.shared.incidents.queries import incident_for, kpis, steps_of, worklist

from .make import NIGHT, acts, make_city, make_place, make_sop, make_street, make_target, minutes, only, told, turns

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_city()


@pytest.fixture
def number(city):
    turns(make_target(city, "MB-001"), "down", "black", at=NIGHT)
    return only().number


def test_the_second_of_two_people_is_told_who_took_it(city, number):
    incident = actions.take(number, by=city.who.operator, at=NIGHT + minutes(1))
    assert (incident.state, incident.assigned_to) == ("handled", city.persons.operator)
    assert incident.escalate_at == NIGHT + minutes(1 + 480)
    with pytest.raises(AlreadyDone, match="Operator Contoh"):
        actions.take(number, by=city.who.second, at=NIGHT + minutes(1))
    assert acts(incident).count("taken") == 1


def test_work_is_handed_over_and_the_next_person_told(city, number):
    actions.take(number, by=city.who.operator, at=NIGHT)
    actions.assign(number, person_id=city.persons.second.pk, by=city.who.operator, at=NIGHT)
    assert told("incident_assigned") == ["second"]
    with pytest.raises(NotAllowed):
        actions.assign(number, person_id=city.persons.operator.pk, by=city.who.operator, at=NIGHT)
    with pytest.raises(AlreadyDone):
        actions.assign(number, person_id=city.persons.second.pk, by=city.who.supervisor, at=NIGHT)


def test_only_a_recovered_incident_is_closed_and_only_once(city, number):
    with pytest.raises(UserError, match="belum pulih"):
        actions.close(number, cause_text="Listrik padam", by=city.who.operator, at=NIGHT)
    with pytest.raises(UserError, match="menurut pengukuran"):
        actions.recover(number, why="Sudah bagus", by=city.who.operator, at=NIGHT)
    turns(only().root, "up", at=NIGHT + minutes(3))
    with pytest.raises(UserError, match="masih kosong"):
        actions.close(number, cause_text="  ", by=city.who.operator, at=NIGHT)
    actions.close(number, cause_text="Listrik padam", by=city.who.operator, at=NIGHT + minutes(4))
    with pytest.raises(AlreadyDone, match="Listrik padam"):
        actions.close(number, cause_text="Lain", by=city.who.second, at=NIGHT + minutes(4))
    assert Incident.objects.get(number=number).closed_cause == "Listrik padam"
    assert [e.act for e in AuditEntry.objects.order_by("number")][-1] == "incidents.closed"


def test_a_reopened_incident_needs_a_reason_and_gives_way_to_a_newer_one(city, number):
    camera = only().root
    turns(camera, "up", at=NIGHT + minutes(1))
    actions.close(number, cause_text="x", by=city.who.operator, at=NIGHT + minutes(1))
    with pytest.raises(UserError, match="masih kosong"):
        actions.reopen(number, why="", by=city.who.operator, at=NIGHT)
    turns(camera, "down", "black", at=NIGHT + minutes(30))
    with pytest.raises(UserError, match="INS-2026-000002"):
        actions.reopen(number, why="Belum beres", by=city.who.operator, at=NIGHT)
    turns(camera, "up", at=NIGHT + minutes(31))
    incident = actions_reopen(city, number)
    assert incident.state == "received" and incident.episode == 2
    actions.recover(number, why="Diperiksa di tempat", by=city.who.operator, at=NIGHT + minutes(40))
    assert Incident.objects.get(number=number).state == "recovered"


def actions_reopen(city, number):
    actions.reopen(number, why="Masih berkedip", by=city.who.operator, at=NIGHT + minutes(32))
    return Incident.objects.get(number=number)


def test_a_note_of_100_kb_is_refused_with_a_sentence(city, number):
    with pytest.raises(UserError, match="terlalu panjang: 100000 huruf"):
        actions.add_note(number, text="a" * 100_000, by=city.who.operator, at=NIGHT)
    with pytest.raises(UserError, match="bukan tulisan"):
        actions.add_note(number, text="a\0b", by=city.who.operator, at=NIGHT)
    actions.add_note(number, text="Menelepon PLN\nmenunggu", by=city.who.operator, at=NIGHT)
    assert acts(only())[-1] == "note"


def test_steps_are_ticked_with_who_and_can_be_unticked(city):
    make_sop("", "")
    make_sop("camera", "", steps=1)
    newest = make_sop("camera", "black", version=2, steps=3)
    make_sop("camera", "black", version=1)
    turns(make_target(city, "MB-001"), "down", "black", at=NIGHT)
    incident = only()
    assert incident.sop == newest
    later = make_sop("camera", "black", version=3)
    actions.do_step(incident.number, 1, by=city.who.operator, at=NIGHT)
    with pytest.raises(AlreadyDone, match="Operator Contoh"):
        actions.do_step(incident.number, 1, by=city.who.second, at=NIGHT)
    with pytest.raises(UserError):
        actions.do_step(incident.number, 3, by=city.who.operator, at=NIGHT)
    assert [step.by for step in steps_of(incident)] == [None, city.who.operator, None]
    actions.undo_step(incident.number, 1, by=city.who.second, at=NIGHT)
    with pytest.raises(AlreadyDone):
        actions.undo_step(incident.number, 1, by=city.who.second, at=NIGHT)
    assert acts(incident)[-2:] == ["step_done", "step_undone"]
    incident.refresh_from_db()
    assert incident.sop == newest != later


@pytest.mark.parametrize(("kind", "cause", "found"), [("camera", "turned", "camera"), ("tcp", "x", ""), ("", "", "")])
def test_the_sop_falls_back_from_cause_to_kind_to_any(city, kind, cause, found):
    make_sop("", "")
    make_sop("camera", "")
    turns(make_target(city, "T-1", kind=kind or "http"), "down", cause, at=NIGHT)
    assert only().sop.kind == found


def test_a_new_sop_version_is_written_by_those_who_may(city):
    make_sop("camera", "black")
    steps = [{"text": "Lihat gambar acuan", "role": "operator", "minutes": 2}]
    how = {"kind": "camera", "cause": "black", "title": "Kamera hitam", "legal_basis": "", "at": NIGHT}
    assert actions.write_sop(steps=steps, by=city.who.supervisor, **how).version == 2
    with pytest.raises(NotAllowed):
        actions.write_sop(steps=steps, by=city.who.operator, **how)
    strange = [{"text": "x", "role": "dewa"}], [{"text": "x", "minutes": -1}], [{"text": "x", "minutes": "lima"}]
    for wrong in ([], [{"text": ""}], [{"text": "x"}] * 41, *strange):
        with pytest.raises(UserError):
            actions.write_sop(steps=wrong, by=city.who.supervisor, **how)


def test_a_person_opens_an_incident_without_a_camera(city):
    place = make_place(city, "Pasar Contoh")
    how = {"target_id": None, "place_id": place.pk, "kelurahan_id": None, "by": city.who.operator, "at": NIGHT}
    incident = actions.open_by_person(
        title="Pohon tumbang menutup jalan", severity=3, owner_id=city.dishub.pk, text="Dilihat warga", **how
    )
    assert (incident.kind, incident.kelurahan, incident.opened_by) == ("report", city.kelurahan, city.who.operator)
    assert incident.title == "Pohon tumbang menutup jalan" and incident.severity == 3
    assert incident.assigned_to == city.persons.dishub
    actions.recover(incident.number, why="Sudah dipotong", by=city.who.operator, at=NIGHT + minutes(90))
    assert told("incident_recovered", incident) == told("incident_opened", incident)


def test_a_person_opens_one_about_a_camera_that_measures_well_and_the_machine_does_not_close_it(city):
    camera = make_target(city, "MB-009", owner=city.dishub)
    how = {"place_id": None, "kelurahan_id": None, "owner_id": city.diskominfo.pk, "severity": 2, "text": ""}
    who = {"by": city.who.operator, "at": NIGHT}
    incident = actions.open_by_person(title="Kamera tertutup spanduk", target_id=camera.pk, **how, **who)
    assert incident.owner == city.dishub, "the owner of the camera answers for it"
    with pytest.raises(AlreadyDone, match="MB-009") as refused:
        actions.open_by_person(title="Lagi", target_id=camera.pk, **how, **who)
    assert incident.number in refused.value.fix
    turns(camera, "down", "tcp_timeout", at=NIGHT + minutes(5))
    turns(camera, "up", at=NIGHT + minutes(6))
    assert only() == incident
    actions.recover(incident.number, why="Spanduk dilepas", by=city.who.operator, at=NIGHT + minutes(30))
    assert Incident.objects.get(pk=incident.pk).state == "recovered"


def test_a_person_opens_one_about_a_camera_that_is_down_and_it_recovers_by_measuring(city):
    camera = make_target(city, "MB-009")
    turns(camera, "down", "black", at=NIGHT, maintenance=True)
    incident = actions.open_by_person(
        title="Kamera mati", severity=2, owner_id=city.diskominfo.pk, place_id=None, kelurahan_id=None,
        target_id=camera.pk, text="", by=city.who.operator, at=NIGHT + minutes(1),
    )  # fmt: skip
    assert incident.members.count() == 1
    turns(camera, "up", at=NIGHT + minutes(2))
    incident.refresh_from_db()
    assert incident.state == "recovered"


def test_a_wrong_opd_meets_a_missing_incident(city, number):
    with pytest.raises(Missing):
        incident_for(city.who.dishub, number)
    with pytest.raises(Missing):
        incident_for(city.who.dishub, "INS-2026-999999")
    for act, how in (
        (actions.take, {}), (actions.add_note, {"text": "x"}), (actions.escalate, {"why": "x"}),
        (actions.assign, {"person_id": city.persons.dishub.pk}),
    ):  # fmt: skip
        with pytest.raises(Missing):
            act(number, by=city.who.dishub, at=NIGHT, **how)
    assert list(worklist(city.who.dishub)) == [] and kpis(city.who.dishub, NIGHT).live == 0
    with pytest.raises(Missing):
        actions.take(number, by=city.who.auditor, at=NIGHT)
    assert incident_for(city.who.auditor, number).number == number


def test_an_opd_whose_camera_went_dark_with_anothers_link_may_read_but_not_act(city):
    link, cameras = make_street(city, 1)
    cameras[0].owner = city.dishub
    cameras[0].save()
    turns(link, "down", "tcp_timeout", at=NIGHT)
    turns(cameras[0], "down", "tcp_timeout", at=NIGHT, root=link)
    assert incident_for(city.who.dishub, only().number) == only()
    with pytest.raises(Missing):
        actions.take(only().number, by=city.who.dishub, at=NIGHT)


def test_the_work_list_has_the_soonest_clock_first_and_closed_ones_last(city):
    for code, stake in (("MB-001", 2), ("MB-002", 4), ("MB-003", 3)):
        turns(make_target(city, code, place=make_place(city, f"Tempat {code}", stake)), "down", "black", at=NIGHT)
    turns(make_target(city, "MB-004"), "down", "black", at=NIGHT)
    turns(Incident.objects.get(root__code="MB-004").root, "up", at=NIGHT + minutes(1))
    assert [row.root.code for row in worklist(city.who.operator)] == ["MB-002", "MB-003", "MB-001", "MB-004"]
    counted = kpis(city.who.operator, NIGHT)
    assert (counted.live, counted.critical, counted.untaken, counted.recovered) == (3, 1, 3, 1)
