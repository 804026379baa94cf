"""One hat at a time decides; the session remembers it, the audit log names it, and persons are compared, not hats."""

from datetime import date
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from satukota.base import clock
from satukota.base.accounts.models import User
from satukota.base.audit import actions as audit
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import AlreadyDone, Missing, UserError
from satukota.city import access, actions, hats, queries
from satukota.city.models import Duty, Feeder, Kecamatan, Kelurahan
from satukota.city.roles import LEADING, ROLES

from .make import NOW, TODAY, make_city, make_duty, make_feeder, make_person, make_user
from .test_pages import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def city():
    return make_city()


@pytest.fixture
def two_hats(city):
    """Engineer at Diskominfo, and acting head of Dishub."""
    user = make_user("engineer", city.diskominfo)
    make_duty(user.person, "kepala_opd", city.dishub, acting="plt", decree="800/1")
    return user


def worn(user: User, duty: Duty) -> User:
    return hats.dress(User.objects.get(pk=user.pk), {hats.HAT: duty.pk})


def assign(person, opd, **fields):
    values = {"role": "opd_officer", "acting": "", "decree": "", "on_call": False, "from_on": TODAY, "to_on": None}
    return actions.assign_duty(person_id=person.pk, opd_id=opd.pk, **{"by": None, **values, **fields}, at=NOW)


def test_only_the_hat_worn_counts(city, two_hats):
    engineer, head = two_hats.person.duties.order_by("pk")
    assert access.hat_of(two_hats) == engineer  # definitive before acting
    assert access.may(two_hats, "cameras.edit", city.diskominfo.pk) and not access.may(two_hats, "people.edit")
    as_head = worn(two_hats, head)
    assert not access.may(as_head, "cameras.edit") and access.may(as_head, "people.edit", city.dishub.pk)
    assert not access.may(as_head, "monitoring.view", city.diskominfo.pk)
    assert as_head.current_hat == "Plt. Kepala OPD · Dishub"


def test_the_menu_changes_the_hat_for_the_session_and_the_log_names_it(city, two_hats):
    client, head = signed_in(two_hats), two_hats.person.duties.get(role="kepala_opd")
    page = client.get(reverse("city:home")).content.decode()
    assert "Plt. Kepala OPD · Dishub" in page and reverse("city:wear") in page
    assert client.get(reverse("city:add_duty", args=["dishub"])).status_code == 404
    assert client.post(reverse("city:wear"), {"duty": head.pk, "next": "/pusat/register/"}).url == "/pusat/register/"
    assert client.get(reverse("city:add_duty", args=["dishub"])).status_code == 200
    assert client.get(reverse("city:edit_opd", args=["diskominfo"])).status_code == 404
    typed = {"name": "Baru Contoh", "phone": ""}
    client.post(reverse("city:add_person"), typed)
    assert AuditEntry.objects.get(act="city.person_added").hat == "Plt. Kepala OPD · Dishub"
    assert AuditEntry.objects.get(act="city.hat_changed").before == "Teknisi Diskominfo · Diskominfo"
    assert signed_in(two_hats).get(reverse("city:add_duty", args=["dishub"])).status_code == 404  # another session


@pytest.mark.parametrize("asked", ["", "x", "-1", "0", "9" * 30, "١"])
def test_a_hat_that_is_not_ones_own_is_refused(two_hats, asked):
    assert signed_in(two_hats).post(reverse("city:wear"), {"duty": asked}).status_code == 404


def test_anothers_hat_and_an_ended_one_are_refused(city, two_hats):
    other = make_duty(make_person(), "register_admin", city.dishub)
    ended = make_duty(two_hats.person, "supervisor", city.diskominfo, to_on=date(2026, 11, 21))
    for duty in (other, ended):
        assert signed_in(two_hats).post(reverse("city:wear"), {"duty": duty.pk}).status_code == 404
    assert signed_in(two_hats).get(reverse("city:wear")).status_code == 405


def test_a_hat_that_ends_is_taken_off(city, two_hats):
    head = two_hats.person.duties.get(role="kepala_opd")
    client = signed_in(two_hats)
    client.post(reverse("city:wear"), {"duty": head.pk})
    Duty.objects.filter(pk=head.pk).update(to_on=date(2026, 11, 21))
    assert client.get(reverse("city:add_duty", args=["dishub"])).status_code == 404
    assert client.get(reverse("city:edit_opd", args=["diskominfo"])).status_code == 200  # back to the other duty


def test_every_audit_row_of_a_person_carries_the_hat(two_hats):
    assert audit.record("uji", by=User.objects.get(pk=two_hats.pk), at=NOW).hat == "Teknisi Diskominfo · Diskominfo"


def test_nobody_approves_what_they_made_under_another_hat(city, two_hats):
    colleague = make_user("register_admin", city.diskominfo)
    for duty in two_hats.person.duties.all():
        me = worn(two_hats, duty)
        for maker in (two_hats, two_hats.person, User.objects.get(pk=two_hats.pk)):
            with pytest.raises(UserError, match="dua orang"):
                access.not_the_maker(me, maker)
        access.not_the_maker(me, colleague)
    access.not_the_maker(None, two_hats)
    access.not_the_maker(two_hats, None)
    access.not_the_maker(two_hats, make_person())  # a person without an account is somebody else


def test_an_area_narrows_every_reach(city):
    other = Kelurahan.objects.get(name="Belimbing")
    here = make_feeder(city.diskominfo, code="FO-1", kelurahan=city.kelurahan)
    there = make_feeder(city.diskominfo, code="FO-2", kelurahan=other)
    nowhere = make_feeder(city.diskominfo, code="FO-3")
    foreign = make_feeder(city.dishub, code="FO-4", kelurahan=city.kelurahan)
    seen = {}
    for role in ("operator", "engineer", "lurah"):
        user = make_user(role, city.diskominfo, kelurahan=city.kelurahan, acting="plt", decree="1")
        seen[role] = set(access.visible(Feeder.objects.all(), user, "monitoring.view"))
        assert not access.may_on(user, "monitoring.view", there) and not access.may_on(user, "monitoring.view", nowhere)
        assert not access.scope(user, "monitoring.view").everywhere
    assert seen == {"operator": {here, foreign}, "engineer": {here}, "lurah": {here, foreign}}
    north = make_user("camat", city.dishub, kecamatan=city.kelurahan.kecamatan)
    assert set(access.visible(Feeder.objects.all(), north, "monitoring.view")) == {here, foreign}
    lost = make_user("lurah", city.diskominfo)
    assert not access.visible(Feeder.objects.all(), lost, "monitoring.view").exists()


def test_a_budget_year_narrows_what_has_one(city):
    user = make_user("pptk", city.diskominfo, fiscal_year=2026)
    old = make_duty(make_person(), "pptk", city.diskominfo, fiscal_year=2025)
    rows = access.visible(Duty.objects.all(), user, "registers.view", owner="opd", year="fiscal_year")
    assert list(rows) == list(user.person.duties.all()) and old not in rows


def test_people_to_tell_are_those_of_the_area(city):
    here = make_user("supervisor", city.diskominfo, kelurahan=city.kelurahan)
    whole = make_user("supervisor", city.diskominfo)
    other = Kelurahan.objects.get(name="Belimbing")
    assert queries.people_with("incidents.close", city.dishub.pk, NOW, area_id=city.kelurahan.pk) == [here, whole]
    assert queries.people_with("incidents.close", city.dishub.pk, NOW, area_id=other.pk) == [whole]
    assert queries.people_with("incidents.close", city.dishub.pk, NOW) == [whole]


def test_who_was_head_on_the_first_of_march(city):
    make_duty(make_person("Lama Contoh"), "kepala_opd", city.dishub, from_on=date(2025, 1, 1), to_on=date(2026, 3, 1))
    make_duty(make_person("Baru Contoh"), "kepala_opd", city.dishub, from_on=date(2026, 3, 2))
    client = signed_in(make_user("mayor", city.diskominfo))

    def heads(day):
        url = reverse("city:list", args=["tugas"]) + f"?tanggal={day}&role=kepala&opd=dishub"
        return client.get(url).content.decode()

    assert "Lama Contoh" in heads("2026-03-01") and "Baru Contoh" not in heads("2026-03-01")
    assert "Baru Contoh" in heads("2026-03-02") and "Lama Contoh" not in heads("2026-03-02")
    assert "Lama Contoh" in heads("bukan-tanggal") and "Baru Contoh" in heads("2026-99-99")
    xlsx = client.get(reverse("city:export", args=["tugas", "xlsx"]) + "?tanggal=2026-03-01")
    assert xlsx.status_code == 200 and b"".join(xlsx)[:2] == b"PK"


def test_a_substitute_stands_beside_the_head_and_is_whom_we_ask(city):
    head = assign(make_person("Tetap Contoh"), city.dishub, role="kepala_opd")
    act = {"acting": "plh", "decree": "800/2", "from_on": TODAY, "to_on": date(2026, 11, 30), "by": None, "at": NOW}
    stand_in = make_person("Pengganti Contoh")
    given = actions.substitute_duty(head.pk, person_id=stand_in.pk, **act)
    assert (given.substitutes, given.role) == (head, "kepala_opd")
    assert queries.duty_officer(city.dishub.pk, NOW) == stand_in
    assert queries.heads_of([city.dishub.pk], NOW)[city.dishub.pk] == given
    with pytest.raises(UserError, match="Pengganti Contoh"):
        actions.substitute_duty(head.pk, person_id=make_person("Lain Contoh").pk, **act)
    with pytest.raises(UserError, match="dirinya"):
        actions.substitute_duty(head.pk, person_id=head.person_id, **act)
    with pytest.raises((UserError, AlreadyDone)):
        actions.substitute_duty(head.pk, person_id=stand_in.pk, **act)
    with pytest.raises(UserError, match="Sifat"):
        actions.substitute_duty(head.pk, person_id=stand_in.pk, **act | {"acting": ""})
    with pytest.raises(Missing):
        actions.substitute_duty(head.pk, person_id=stand_in.pk, **act | {"by": make_user("engineer", city.diskominfo)})


def test_an_area_is_one_area(city):
    north = Kecamatan.objects.first()
    for where, words in (
        (actions.Where(north.pk, city.kelurahan.pk), "tidak keduanya"), (actions.Where(999_999), "Wilayah"),
        (actions.Where(None, None, "007"), "RT memerlukan"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=words):
            assign(make_person(), city.dishub, where=where)
    with pytest.raises(UserError, match="wilayah"):
        assign(make_person(), city.dishub, role="lurah")
    assert assign(make_person(), city.dishub, where=actions.Where(None, city.kelurahan.pk, "7")).rt == "007"


@pytest.mark.parametrize(
    "broken",
    [
        {"acting": "xyz", "decree": "1"},
        {"acting": "plt"},
        {"rt": "007"},
        {"fiscal_year": 1026},
        {"to_on": "2025-01-01"},
    ],
)
def test_the_database_refuses_a_duty_that_cannot_be(city, broken):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_duty(make_person(), "opd_officer", city.dishub, **broken)


def test_the_database_refuses_two_definitive_heads_however_they_come(city):
    """Lost when a migration rebuilds the table without installing the guard again (migration 0004)."""
    make_duty(make_person(), "kepala_opd", city.dishub, to_on=date(2026, 6, 30))
    with pytest.raises(IntegrityError), transaction.atomic():
        Duty.objects.bulk_create([Duty(person=make_person(), role="lurah", opd=city.dishub, from_on="2026-06-30")])
    later = make_duty(make_person(), "kepala_opd", city.dishub, from_on=date(2026, 7, 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        Duty.objects.filter(pk=later.pk).update(from_on="2026-06-01")
    make_duty(make_person(), "kepala_opd", city.dishub, acting="plh", decree="1")  # acting ones may stand beside
    make_duty(make_person(), "kepala_opd", city.diskominfo)
    assert LEADING == {"kepala_opd", "camat", "lurah"} == {key for key, role in ROLES.items() if role.leads}


def test_dressing_forgets_what_was_known_before(two_hats):
    engineer, head = two_hats.person.duties.order_by("pk")
    user = User.objects.get(pk=two_hats.pk)
    assert access.hat_of(user) == engineer
    assert access.hat_of(hats.dress(user, {hats.HAT: head.pk})) == head
    assert hats.frame_part(SimpleNamespace(user=None)) == {}
