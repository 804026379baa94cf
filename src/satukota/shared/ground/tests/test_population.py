"""How many people live where, as offices write it, and what it does to the weight of a street."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from satukota.base.audit.models import AuditEntry
from satukota.base.errors import NotAllowed, UserError
from satukota.city.models import Kelurahan, Rt
from satukota.city.tests.make import make_user
from satukota.shared.ground import demand, population
from satukota.shared.ground.models import Population

from .make import NOW, make_city

pytestmark = pytest.mark.django_db
DAY = date(2026, 1, 1)


@pytest.fixture(autouse=True)
def city(settings, tmp_path):
    settings.VAR = tmp_path
    made = make_city()
    Rt.objects.get_or_create(kelurahan=first(), number="03", rw="")
    return made


def first() -> Kelurahan:
    return Kelurahan.objects.order_by("code").first()


def store(text: str, day: date = DAY, **more) -> int:
    told = {"counted_on": day, "source": "Disdukcapil contoh", "by": more.pop("by", None), "at": NOW}
    return population.store(population.read(text), **told | more)


def test_lines_are_read_by_code_name_and_neighbourhood_as_pasted_from_a_sheet(city):
    engineer = make_user("engineer", city.diskominfo)
    area = first()
    assert store(f"{area.code}; 12.345\n{area.name}\tRT 3\t210\n", by=engineer) == 2
    assert set(Population.objects.values_list("rt__number", "people")) == {(None, 12_345), ("03", 210)}
    store(f"kelurahan {area.name.lower()};11000", by=engineer)  # the same day again takes its place
    assert Population.objects.get(rt=None).people == 11_000
    assert AuditEntry.objects.filter(act="ground.people_counted").count() == 2
    assert demand.people_now() == ({area.pk: 11_000}, {Rt.objects.get().pk: 210})
    store(f"{area.code};9000", date(2026, 2, 1), by=engineer)
    assert demand.people_now()[0] == {area.pk: 9000} and Population.objects.count() == 3


@pytest.mark.parametrize(("line", "said"), [
    ("Entah; 12", "tidak dikenal"), ("{name}", "tulis"), ("{name}; -5", "bukan jumlah"),
    ("{name}; banyak", "bukan jumlah"), ("{name}; RT 99; 5", "RT"), ("{name}; 5\n{code}; 6", "dua kali"),
    ("", "Belum ada"), ("{name}; 999999999", "bukan jumlah"),
    ("{name}; 5\nEntah; 1\nEntah; 2\nEntah; 3\nEntah; 4", "baris 2.*dan 1 lagi"),
])  # fmt: skip
def test_a_line_nobody_can_mean_refuses_all_of_them_in_words(line, said):
    with pytest.raises(UserError, match=said):
        population.read(line.format(name=first().name, code=first().code))


def test_counts_need_a_source_a_day_that_was_and_somebody_who_may(city):
    engineer, text = make_user("engineer", city.diskominfo), f"{first().code}; 5"
    for wrong in ({"source": " "}, {"day": date(2099, 1, 1)}):
        with pytest.raises(UserError):
            store(text, by=engineer, **wrong)
    with pytest.raises(NotAllowed):
        store(text, by=make_user("operator", city.diskominfo))
    assert not Population.objects.exists()


def test_the_page_takes_a_sheet_shows_it_and_keeps_what_was_refused(city):
    client = Client()
    client.force_login(make_user("engineer", city.diskominfo))
    address = reverse("ground:people")
    told = {"counted_on": "2026-01-01", "source": "Disdukcapil contoh", "lines": f"{first().code}; 12.345"}
    assert client.post(address, told).status_code == 302
    assert "12345" in client.get(address).content.decode().replace(".", "")
    refused = client.post(address, told | {"lines": "Entah; 5"})
    assert (
        refused.status_code == 422
        and "Entah; 5" in refused.content.decode()
        and "tidak dikenal" in refused.content.decode()
    )
    client.force_login(make_user("operator", city.diskominfo))
    assert client.get(address).status_code in (403, 404)
