"""The pages of the registers: who sees and changes what, and what hostile text does (nothing)."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from satukota.base import clock
from satukota.base.audit.models import AuditEntry
from satukota.city.models import Contract, Duty, Opd, Person, Place

from .make import NOW, TODAY, make_city, make_duty, make_feeder, make_person, make_user

pytestmark = pytest.mark.django_db
SCRIPT = '"><script>alert(1)</script>'
LISTS = ["opd", "tugas", "orang", "kelurahan", "tempat", "jaringan", "kontrak"]
STATEMENTS_MAX = 12


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def city():
    return make_city()


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def a_place(city, **fields) -> Place:
    return Place.objects.create(kelurahan=city.kelurahan, lon=117.49, lat=0.13,
                                **{"code": "taman", "name": "Taman", "kind": "park", **fields})  # fmt: skip


def a_contract(opd, **fields) -> Contract:
    values = {"number": "1/2026", "vendor": "CV Contoh", "subject": "Perawatan", "starts_on": TODAY, "ends_on": TODAY}
    return Contract.objects.create(opd=opd, **{**values, **fields})


def everything_of(opd, city) -> dict[str, str]:
    """Every form that changes what the OPD has, by name."""
    return {
        "edit_opd": reverse("city:edit_opd", args=[opd.code]), "end_opd": reverse("city:end_opd", args=[opd.code]),
        "edit_feeder": reverse("city:edit_feeder", args=[make_feeder(opd, code=f"FO-{opd.pk}").code]),
        "end_feeder": reverse("city:end_feeder", args=[make_feeder(opd, code=f"FE-{opd.pk}").code]),
        "edit_contract": reverse("city:edit_contract", args=[a_contract(opd, number=f"n-{opd.pk}").pk]),
    }  # fmt: skip


def staff_of(opd) -> dict[str, str]:
    """Every form that changes who serves at the OPD, by name."""
    duty = make_duty(make_person("Orang Lain Contoh"), "opd_officer", opd)
    return {
        "add_duty": reverse("city:add_duty", args=[opd.code]), "end_duty": reverse("city:end_duty", args=[duty.pk]),
        "substitute_duty": reverse("city:substitute_duty", args=[duty.pk]),
        "edit_person": reverse("city:edit_person", args=[duty.person_id]),
    }  # fmt: skip


def test_whoever_serves_reads_and_a_stranger_does_not(city):
    visitor = Client()
    for key in LISTS:
        url = reverse("city:list", args=[key])
        assert visitor.get(url).status_code == 302
        assert signed_in(make_user("opd_officer", city.dishub)).get(url).status_code == 200
    without_duty = make_user("operator", city.dishub, to_on=TODAY.replace(year=2026, month=2))
    assert signed_in(without_duty).get(reverse("city:home")).status_code == 404


@pytest.mark.parametrize("method", ["get", "post"])
def test_another_opds_forms_are_404_and_change_nothing(city, method):
    engineer = signed_in(make_user("engineer", city.diskominfo))
    head = signed_in(make_user("kepala_opd", city.diskominfo))
    before = AuditEntry.objects.count()
    for client, urls in ((engineer, everything_of(city.dishub, city)), (head, staff_of(city.dishub))):
        for name, url in urls.items():
            assert getattr(client, method)(url, {"on": "2026-11-22", "why": "x"}).status_code == 404, name
    assert AuditEntry.objects.count() == before


def test_ones_own_forms_open_and_readers_find_none(city):
    urls = everything_of(city.diskominfo, city)
    engineer, mayor = signed_in(make_user("engineer", city.diskominfo)), signed_in(make_user("mayor", city.diskominfo))
    for name, url in urls.items():
        assert engineer.get(url).status_code == 200, name
        assert mayor.get(url).status_code == 404, name
    head = signed_in(make_user("kepala_opd", city.diskominfo))
    for name, url in staff_of(city.diskominfo).items():
        assert head.get(url).status_code == 200, name
        assert engineer.get(url).status_code == 404, name
    for name in ("add_opd", "add_person", "add_place", "add_feeder", "add_contract"):
        assert mayor.get(reverse(f"city:{name}")).status_code == 404, name


def test_a_duty_is_given_and_ended_on_the_page(city):
    client, person = signed_in(make_user("kepala_opd", city.diskominfo)), make_person("Baru Contoh")
    page = reverse("city:opd", args=["diskominfo"])
    typed = {"person_id": person.pk, "role": "opd_officer", "from_on": "2026-11-22", "on_call": "on"}
    asked = client.post(reverse("city:add_duty", args=["diskominfo"]), typed)
    assert "Periksa sekali lagi" in asked.content.decode() and not Duty.objects.filter(person=person).exists()
    sent = client.post(reverse("city:add_duty", args=["diskominfo"]), typed | {"sure": "1"})
    assert sent.status_code == 302 and sent.url == page
    duty = Duty.objects.get(person=person)
    assert "Baru Contoh" in client.get(page).content.decode()
    refused = client.post(reverse("city:end_duty", args=[duty.pk]), {"on": "2026-11-22", "why": ""})
    assert refused.status_code == 422
    client.post(reverse("city:end_duty", args=[duty.pk]), {"on": "2026-11-22", "why": "mutasi"})
    duty.refresh_from_db()
    assert duty.to_on == TODAY


def test_a_role_that_reaches_the_city_cannot_be_posted_by_a_head(city):
    client = signed_in(make_user("kepala_opd", city.diskominfo))
    typed = {"person_id": make_person().pk, "role": "register_admin", "from_on": "2026-11-22"}
    sent = client.post(reverse("city:add_duty", args=["diskominfo"]), typed)
    assert sent.status_code == 422 and not Duty.objects.filter(role="register_admin").exists()


def test_a_feeder_for_another_opd_is_no_choice(city):
    client = signed_in(make_user("engineer", city.diskominfo))
    typed = {"kind": "link", "code": "X", "name": "X", "owner_id": city.dishub.pk}
    sent = client.post(reverse("city:add_feeder"), typed)
    assert sent.status_code == 422 and not city.dishub.feeders.exists()


def test_a_refusal_keeps_what_was_typed(city):
    client = signed_in(make_user("register_admin", city.diskominfo))
    typed = {"code": "x", "name": "Nama yang diketik", "kind": "park", "lat": "0.1", "lon": "999", "stake": "2"}
    sent = client.post(reverse("city:add_place"), {**typed, "stake_reason": "a"})
    assert sent.status_code == 422 and "Nama yang diketik" in sent.content.decode()


def test_percent_on_the_page_is_a_ratio_in_the_register(city):
    client = signed_in(make_user("engineer", city.diskominfo))
    client.post(reverse("city:add_contract"), {
        "number": "9/2026", "opd_id": city.diskominfo.pk, "vendor": "CV Contoh", "subject": "x",
        "starts_on": "2026-01-01", "ends_on": "2026-12-31", "required_availability": "97.5",
        "repair_hours": "12"})  # fmt: skip
    row = Contract.objects.get(number="9/2026")
    assert row.required_availability == 0.975
    assert "97.5" in client.get(reverse("city:edit_contract", args=[row.pk])).content.decode()
    assert "97,50 %" in client.get(reverse("city:contract", args=[row.pk])).content.decode()


def test_script_in_a_name_is_only_text(city):
    Opd.objects.filter(pk=city.diskominfo.pk).update(name=SCRIPT, short_name=SCRIPT, source=SCRIPT)
    person = make_person(SCRIPT, phone="")
    make_duty(person, "kepala_opd", city.diskominfo, acting="plt", decree=SCRIPT)
    place = a_place(city, name=SCRIPT, stake_reason=SCRIPT)
    feeder = make_feeder(city.diskominfo, name=SCRIPT, provider=SCRIPT)
    contract = a_contract(city.diskominfo, vendor=SCRIPT, subject=SCRIPT)
    urls = [reverse("city:list", args=[key]) + "?q=%22%3E%3Cscript%3E" for key in LISTS]
    urls += [reverse("city:list", args=[key]) for key in LISTS]
    urls += [reverse("city:opd", args=["diskominfo"]), reverse("city:person", args=[person.pk]),
             reverse("city:place", args=[place.code]), reverse("city:feeder", args=[feeder.code]),
             reverse("city:contract", args=[contract.pk]), reverse("city:edit_opd", args=["diskominfo"]),
             reverse("city:kelurahan", args=[city.kelurahan.code])]  # fmt: skip
    client = signed_in(make_user("register_admin", city.diskominfo))
    for url in urls:
        page = client.get(url)
        assert page.status_code == 200, url
        assert "<script>alert" not in page.content.decode(), url


def test_what_the_list_shows_is_what_the_file_holds(city):
    Opd.objects.create(code="jahat", name="=cmd|'/c calc'!A1", short_name="@SUM(1)", kind="lain", valid_from=TODAY)
    client = signed_in(make_user("mayor", city.diskominfo))
    text = b"".join(client.get(reverse("city:export", args=["opd", "csv"]) + "?kind=lain")).decode("utf-8-sig")
    lines = text.splitlines()
    assert len(lines) == 1 + Opd.objects.filter(kind="lain").count()
    assert "'=cmd|'/c calc'!A1" in text and ";'@SUM(1);" in text and ";=cmd" not in text
    assert client.get(reverse("city:export", args=["opd", "geojson"])).status_code == 404
    assert client.get(reverse("city:export", args=["tempat", "geojson"])).status_code == 200


def test_phone_numbers_are_whole_only_for_who_must_call(city):
    make_person("Piket Contoh", phone="0800-111-2222")
    people, export = reverse("city:list", args=["orang"]), reverse("city:export", args=["orang", "csv"])
    mayor, operator = (signed_in(make_user(role, city.diskominfo)) for role in ("mayor", "operator"))
    assert "0800-111-2222" not in mayor.get(people).content.decode()
    assert "0800-111-2222" not in b"".join(mayor.get(export)).decode()
    assert "0800-111-2222" in operator.get(people).content.decode()


@pytest.mark.parametrize(
    "query", ["?page=9999", "?page=x", "?sort=__proto__", "?kind=%27", "?q=%27", "?kelurahan=1;drop",
              "?q=" + "a" * 5000, "?masa=berlaku&masa=lain", "?stake=99", "?opd[]=1"],
)  # fmt: skip
def test_a_mangled_address_shows_the_list_all_the_same(city, query):
    client = signed_in(make_user("operator", city.diskominfo))
    for key in LISTS:
        assert client.get(reverse("city:list", args=[key]) + query).status_code == 200


def test_what_is_not_there_is_404(city):
    client = signed_in(make_user("register_admin", city.diskominfo))
    for url in ["tidak-ada/", "opd/tidak-ada/", "orang/999999/", "jaringan/x/", "kontrak/999999/", "tempat/x/",
                "kelurahan/x/", "opd/unduh.exe", "tidak-ada/unduh.csv", "ubah/tugas/99/akhiri/"]:  # fmt: skip
        assert client.get(f"/pusat/register/{url}").status_code == 404, url


def test_lists_and_pages_stay_within_twelve_statements(city):
    for n in range(60):
        make_duty(make_person(f"Orang {n} Contoh"), "opd_officer", city.diskominfo)
        a_place(city, code=f"p-{n}")
        make_feeder(city.diskominfo, code=f"F-{n}")
        a_contract(city.diskominfo, number=f"{n}/2026")
    client = signed_in(make_user("engineer", city.diskominfo))
    person = Person.objects.first()
    urls = [reverse("city:home"), *(reverse("city:list", args=[key]) for key in LISTS),
            reverse("city:opd", args=["diskominfo"]), reverse("city:person", args=[person.pk]),
            reverse("city:feeder", args=["F-1"]), reverse("city:place", args=["p-1"]),
            reverse("city:kelurahan", args=[city.kelurahan.code])]  # fmt: skip
    for url in urls:
        with CaptureQueriesContext(connection) as statements:
            assert client.get(url).status_code == 200
        shown = [each for each in statements if "audit_" not in each["sql"]]  # contacts cost an audit row more
        assert len(shown) <= STATEMENTS_MAX, (url, len(shown))


def test_a_feeder_is_ended_on_the_page(city):
    client = signed_in(make_user("engineer", city.diskominfo))
    feeder = make_feeder(city.diskominfo)
    ending = reverse("city:end_feeder", args=[feeder.code])
    assert "tidak lagi dipantau" in client.get(ending).content.decode()
    assert client.post(ending, {"why": ""}).status_code == 422
    assert client.post(ending, {"why": "diganti"}).status_code == 302
    page = client.get(reverse("city:feeder", args=[feeder.code])).content.decode()
    assert "diakhiri 22 Nov 2026" in page and ending not in page
    assert feeder.code not in client.get(reverse("city:list", args=["jaringan"])).content.decode()
    ended = client.get(reverse("city:list", args=["jaringan"]) + "?masa=berakhir").content.decode()
    assert feeder.code in ended
    again = client.post(ending, {"why": "lagi"})
    assert again.status_code == 422 and "sudah diakhiri" in again.content.decode()
