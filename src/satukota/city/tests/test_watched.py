"""Things in service belong to an upper band; the registers count and list them through their owners."""

import pytest
from django.test import Client
from django.urls import reverse

from satukota.city import queries
from satukota.city.models import Opd

from .make import TODAY, make_city, make_feeder, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_city()


def watch(owner: Opd, code: str, **fields):
    return owner.targets.create(**{"kind": "camera", "code": code, "name": f"Titik {code}", **fields})


def street(city):
    """A link and a panel with three cameras of two OPDs behind them; a fourth is retired."""
    link, power = (watch(city.diskominfo, code, kind=kind) for code, kind in (("FO-01", "link"), ("GD-01", "power")))
    behind = {"link": link, "power": power, "kelurahan": city.kelurahan}
    watch(city.diskominfo, "MB-1", **behind)
    watch(city.diskominfo, "MB-2", **behind, state="down")
    watch(city.dishub, "MB-3", **behind)
    watch(city.dishub, "MB-4", **behind, retired_on=TODAY)
    make_feeder(city.diskominfo)
    make_feeder(city.diskominfo, code="GD-01", kind="power")


def test_things_in_service_are_counted_over_all_owners(city):
    street(city)
    assert queries.watched_by("link__code", "power__code") == {"FO-01": 3, "GD-01": 3}
    assert queries.watched_by("kelurahan_id") == {city.kelurahan.pk: 3}
    assert queries.watched_by("owner_id") == {city.diskominfo.pk: 4, city.dishub.pk: 1}
    assert queries.watched_by("contract_id") == {}


def test_the_list_of_feeders_shows_what_hangs_on_each(city):
    street(city)
    client = Client()
    client.force_login(make_user("mayor", city.dishub), backend="allauth.account.auth_backends.AuthenticationBackend")
    text = b"".join(client.get(reverse("city:export", args=["jaringan", "csv"]))).decode("utf-8-sig")
    assert [line.split(";")[8] for line in text.splitlines()[1:]] == ["3", "3"]


def test_things_of_other_opds_are_counted_but_not_named(city):
    street(city)
    client = Client()
    user = make_user("opd_officer", city.dishub)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(reverse("city:feeder", args=["FO-01"])).content.decode()
    assert "MB-3" in page and "MB-1" not in page and "MB-4" not in page
    assert "2 lainnya tidak ditampilkan" in page


def test_states_are_shown_as_they_are_believed(city):
    street(city)
    assert queries.states_of(["MB-2", "MB-1", "tidak-ada"]) == {"MB-2": "down", "MB-1": "unknown"}
