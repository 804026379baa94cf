"""Duties give rights: who may give which, and to whom."""

from datetime import date

import pytest

from satukota.base.accounts.models import User
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import AlreadyDone, Missing, NotAllowed, UserError
from satukota.city import access, actions
from satukota.city.models import Duty

from .make import NOW, TODAY, make_city, make_duty, make_person, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_city()


def assign(person, opd, by, **fields):
    values = {"role": "opd_officer", "acting": "", "decree": "", "on_call": False, "from_on": TODAY, "to_on": None}
    return actions.assign_duty(person_id=person.pk, opd_id=opd.pk, **{**values, **fields}, by=by, at=NOW)


def test_a_duty_given_is_on_the_log_and_counts_at_once(city):
    head, colleague = make_user("kepala_opd", city.diskominfo), make_user("ppk_skpd", city.diskominfo)
    duty = assign(colleague.person, city.diskominfo, head, on_call=True, from_on=date(2026, 1, 1))
    entry = AuditEntry.objects.get(act="city.duty_assigned")
    assert (entry.on_id, entry.actor, entry.opd_code) == (str(duty.pk), head, "diskominfo")
    again = User.objects.get(pk=colleague.pk)
    again.hat_id = duty.pk  # rights come with the hat worn
    assert access.may(again, "incidents.handle", city.diskominfo.pk)
    assert not access.may(again, "incidents.handle", city.dishub.pk)


def test_a_head_gives_no_duty_elsewhere_and_none_that_leads_or_reaches_the_city(city):
    head = make_user("kepala_opd", city.diskominfo)
    with pytest.raises(Missing):
        assign(make_person(), city.dishub, head)
    for role in ("operator", "supervisor", "auditor", "mayor", "register_admin", "kepala_opd", "lurah"):
        with pytest.raises(UserError, match="sekota"):
            assign(make_person(), city.diskominfo, head, role=role)
    assert Duty.objects.count() == 1


def test_nobody_gives_a_duty_to_themself(city):
    keeper = make_user("register_admin", city.diskominfo)
    with pytest.raises(UserError, match="dua orang"):
        assign(keeper.person, city.dishub, keeper, role="engineer")
    assert assign(make_person(), city.dishub, keeper, role="operator").role == "operator"


@pytest.mark.parametrize("role", ["", "admin", "OPERATOR", "x" * 200])
def test_an_unknown_role_is_refused(city, role):
    with pytest.raises(UserError, match="Peran"):
        assign(make_person(), city.dishub, None, role=role)


def test_an_acting_officer_needs_the_decree(city):
    with pytest.raises(UserError, match="surat perintah"):
        assign(make_person(), city.dishub, None, role="kepala_opd", acting="plt", decree="  ")
    assert assign(make_person(), city.dishub, None, role="kepala_opd", acting="plt", decree="800/1").acting == "plt"


def test_an_opd_has_one_head_at_a_time(city):
    first = assign(make_person("Lama Contoh"), city.dishub, None, role="kepala_opd", from_on=date(2026, 1, 1))
    with pytest.raises(UserError, match="Lama Contoh"):
        assign(make_person(), city.dishub, None, role="kepala_opd")
    actions.end_duty(first.pk, on=date(2026, 11, 21), why="purnatugas", by=None, at=NOW)
    assert assign(make_person(), city.dishub, None, role="kepala_opd").from_on == TODAY


def test_the_same_duty_is_not_held_twice(city):
    person = make_person()
    assign(person, city.dishub, None)
    with pytest.raises(AlreadyDone):
        assign(person, city.dishub, None)


def test_days_that_make_no_sense_are_refused(city):
    with pytest.raises(UserError, match="mendahului"):
        assign(make_person(), city.dishub, None, to_on=date(2026, 11, 21))
    with pytest.raises(UserError, match="tidak berlaku"):
        assign(make_person(), city.dishub, None, from_on=date(2020, 1, 1))


def test_a_duty_ends_once_with_a_reason(city):
    duty = make_duty(make_person(), "opd_officer", city.dishub)
    with pytest.raises(UserError, match="Alasan"):
        actions.end_duty(duty.pk, on=TODAY, why="", by=None, at=NOW)
    with pytest.raises(UserError, match="mendahului"):
        actions.end_duty(duty.pk, on=date(2025, 1, 1), why="x", by=None, at=NOW)
    actions.end_duty(duty.pk, on=TODAY, why="mutasi", by=None, at=NOW)
    with pytest.raises(AlreadyDone):
        actions.end_duty(duty.pk, on=TODAY, why="mutasi", by=None, at=NOW)
    assert AuditEntry.objects.filter(act="city.duty_ended").count() == 1


def test_another_opds_duty_and_person_are_as_good_as_missing(city):
    head = make_user("kepala_opd", city.diskominfo)
    stranger = make_person("Orang Dishub")
    duty = make_duty(stranger, "opd_officer", city.dishub)
    with pytest.raises(Missing):
        actions.end_duty(duty.pk, on=TODAY, why="x", by=head, at=NOW)
    with pytest.raises(Missing):
        actions.edit_person(stranger.pk, name="Lain", phone="", by=head, at=NOW)
    newcomer = make_person()
    assert actions.edit_person(newcomer.pk, name="Baru Contoh", phone="", by=head, at=NOW).name == "Baru Contoh"


def test_who_only_reads_writes_nothing(city):
    for role in ("operator", "auditor", "mayor", "opd_officer", "engineer"):
        with pytest.raises(NotAllowed):
            actions.add_person(name="X", phone="", by=make_user(role, city.diskominfo), at=NOW)


@pytest.mark.parametrize("phone", ["<b>1</b>", "=1+1", "abc", "+", "1" * 40, "0812;drop"])
def test_a_phone_number_is_a_phone_number(city, phone):
    with pytest.raises(UserError, match="telepon"):
        actions.add_person(name="X Contoh", phone=phone, by=None, at=NOW)


def test_a_person_has_a_name(city):
    with pytest.raises(UserError, match="Nama"):
        actions.add_person(name="   ", phone="", by=None, at=NOW)
    with pytest.raises(UserError, match="Nama"):
        actions.add_person(name="x" * 121, phone="", by=None, at=NOW)
