"""Numbers, contacts and NIK: masked, found by their hash, opened for a reason, and every look is on the audit log."""

from typing import Any

import pytest
from django.test import Client

from satukota.base.audit.models import AuditEntry
from satukota.base.errors import Missing, UserError
from satukota.city import actions
from satukota.city.models import Contract, Person
from satukota.city.tests.make import NOW, TODAY, City, make_city, make_duty, make_person, make_user
from satukota.shared.incidents.models import Incident

pytestmark = pytest.mark.django_db
NIK, OTHER = "6474014101900001", "6474015505920002"
PHONE = "0812-3456-7890"


@pytest.fixture
def city() -> City:
    return make_city()


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def page(client: Client, url: str, data: dict[str, str] | None = None) -> str:
    answer = client.post(url, data) if data is not None else client.get(url)
    assert answer.status_code in (200, 422), (url, answer.status_code)
    return answer.content.decode()


def acts(act: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(act=act).order_by("number"))


def test_a_nik_is_typed_once_and_shown_masked_ever_after(city: City) -> None:
    client = signed_in(make_user("register_admin", city.diskominfo))
    typed = {"name": "Budi Contoh", "phone": PHONE, "nik": "6474 0141 0190 0001"}
    assert client.post("/pusat/register/ubah/orang/", typed).status_code == 302
    person = Person.objects.get(name="Budi Contoh")
    assert person.nik.open() == NIK
    path = f"/pusat/register/ubah/orang/{person.pk}/"
    for url in (f"/pusat/register/orang/{person.pk}/", path, "/pusat/register/orang/?q=Budi"):
        assert NIK not in page(client, url)
    assert "6474••••••••0001" in page(client, f"/pusat/register/orang/{person.pk}/")
    client.post(path, {"name": "Budi S. Contoh", "phone": PHONE, "nik": ""})
    person.refresh_from_db()
    assert person.nik.open() == NIK and person.name == "Budi S. Contoh"
    client.post(path, {"name": "Budi S. Contoh", "phone": PHONE, "drop_nik": "on"})
    person.refresh_from_db()
    assert not person.nik and person.nik_hash == ""
    assert NIK not in str(list(AuditEntry.objects.values_list("before", "after")))


@pytest.mark.parametrize(
    "nik", ["123", "6474014101900000", "6474019901900001", "٦٤٧٤٠١٤١٠١٩٠٠٠٠١", "64740141019000011"]
)
def test_what_is_no_nik_is_refused(city: City, nik: str) -> None:
    with pytest.raises(UserError, match="NIK"):
        actions.add_person(name="X Contoh", phone="", nik=nik, by=None, at=NOW)


def test_one_nik_belongs_to_one_person(city: City) -> None:
    first = actions.add_person(name="Satu Contoh", phone="", nik=NIK, by=None, at=NOW)
    with pytest.raises(UserError, match="orang lain"):
        actions.add_person(name="Dua Contoh", phone="", nik=NIK, by=None, at=NOW)
    assert actions.edit_person(first.pk, name="Satu", phone="", nik=NIK, by=None, at=NOW).nik.open() == NIK


def test_a_nik_is_opened_for_a_purpose_that_is_written_down_first(city: City) -> None:
    head = make_user("kepala_opd", city.diskominfo)
    person = make_duty(make_person("Budi Contoh", nik=NIK), "opd_officer", city.diskominfo).person
    client, url = signed_in(head), f"/pusat/register/ubah/orang/{person.pk}/nik/"
    assert NIK not in page(client, url) and NIK not in page(client, url, {"purpose": "  "})
    assert not acts("city.nik_seen")
    answer = client.post(url, {"purpose": "Surat tugas"})
    assert NIK in answer.content.decode() and "no-store" in answer["Cache-Control"]
    (row,) = acts("city.nik_seen")
    assert (row.purpose, row.on_id, row.actor) == ("Surat tugas", str(person.pk), head)
    theirs = make_duty(make_person("Lain Contoh", nik=OTHER), "opd_officer", city.dishub).person
    assert client.post(f"/pusat/register/ubah/orang/{theirs.pk}/nik/", {"purpose": "Iseng"}).status_code == 404
    assert signed_in(make_user("operator", city.diskominfo)).get(url).status_code == 404
    with pytest.raises(Missing, match="belum tercatat"):
        actions.open_nik(make_person().pk, purpose="x", by=head, at=NOW)


def test_a_person_is_found_by_exact_nik_and_every_search_is_written_down(city: City) -> None:
    person = make_person("Budi Contoh", nik=NIK)
    client = signed_in(make_user("register_admin", city.diskominfo))
    url = "/pusat/register/ubah/orang/nik/"
    assert client.post(url, {"nik": NIK, "purpose": "Data ganda"})["Location"].endswith(f"/orang/{person.pk}/")
    assert "Tidak ada orang" in page(client, url, {"nik": OTHER, "purpose": "Data ganda"})
    assert "16 angka" in page(client, url, {"nik": NIK[:15], "purpose": "Data ganda"})
    assert "Tidak ada baris" in page(client, f"/pusat/register/orang/?q={NIK}")  # never by an address
    found, missed = acts("city.nik_searched")
    assert (found.after, missed.after, found.purpose) == ({"rows": 1}, {"rows": 0}, "Data ganda")
    assert NIK not in f"{found.after}{found.on_label}" and OTHER not in str(missed.after)
    assert signed_in(make_user("operator", city.diskominfo)).get(url).status_code == 404


def test_the_duty_officers_number_is_masked_on_the_incident_until_asked_for(city: City) -> None:
    officer = make_duty(make_person("Piket Contoh", phone=PHONE), "opd_officer", city.diskominfo, on_call=True).person
    incident = Incident.objects.create(number="INS-2026-000001", title="Contoh", kind="report", severity=2,
                                       owner=city.diskominfo, opened_at=NOW, assigned_to=officer)  # fmt: skip
    operator = make_user("operator", city.diskominfo)
    client = signed_in(operator)
    shown = page(client, f"/pusat/insiden/{incident.number}/")
    assert PHONE not in shown and "08••••••••90" in shown and not acts("city.contacts_seen")
    asked = f"/pusat/register/orang/{officer.pk}/telepon"
    assert asked in shown and PHONE in page(client, asked)
    (row,) = acts("city.contacts_seen")
    assert (row.actor, row.on_id, row.after) == (operator, str(officer.pk), {"rows": 1})
    mayor = signed_in(make_user("mayor", city.diskominfo))
    assert PHONE not in page(mayor, asked) and len(acts("city.contacts_seen")) == 1


def test_a_vendors_contact_and_the_forms_that_show_contacts_leave_a_row_too(city: City) -> None:
    contract = Contract.objects.create(number="K-1", vendor="CV Contoh", opd=city.diskominfo, subject="Rawat",
                                       starts_on=TODAY, ends_on=TODAY, vendor_contact="Ani 0812-3456-7890")  # fmt: skip
    engineer = signed_in(make_user("engineer", city.diskominfo))
    assert "0812-3456-7890" in page(engineer, f"/pusat/register/kontrak/{contract.pk}/")
    assert "0812-3456-7890" in page(engineer, f"/pusat/register/ubah/kontrak/{contract.pk}/")
    assert [row.on_id for row in acts("city.contacts_seen")] == [str(contract.pk)] * 2
    mayor = signed_in(make_user("mayor", city.diskominfo))
    assert "0812-3456-7890" not in page(mayor, f"/pusat/register/kontrak/{contract.pk}/")
    person = make_person("Budi Contoh", phone=PHONE)
    keeper = signed_in(make_user("register_admin", city.diskominfo))
    assert PHONE in page(keeper, f"/pusat/register/ubah/orang/{person.pk}/")
    assert acts("city.contacts_seen")[-1].on_id == str(person.pk)
