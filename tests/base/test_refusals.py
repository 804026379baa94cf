"""Who asks for what they may not have is in the log, by account and view; where they asked is not."""

import logging

import pytest
from django.test import Client

from satukota.city.tests.make import make_city, make_feeder, make_user

pytestmark = pytest.mark.django_db


def test_a_refusal_names_account_and_view_and_no_address(caplog: pytest.LogCaptureFixture) -> None:
    city = make_city()
    engineer = make_user("engineer", city.diskominfo)
    theirs = make_feeder(city.dishub, "FO-RAHASIA")
    client = Client()
    client.force_login(engineer, backend="allauth.account.auth_backends.AuthenticationBackend")
    with caplog.at_level(logging.WARNING, "satukota.refused"):
        assert client.get("/pusat/audit/").status_code == 404
        assert client.get(f"/pusat/register/ubah/jaringan/{theirs.code}/").status_code == 404
        assert client.get("/pusat/register/opd/").status_code == 200
    told = [record.getMessage() for record in caplog.records if record.name == "satukota.refused"]
    assert told == [
        f"refused command_centre:audit to account {engineer.pk}: not allowed",
        f"refused city:edit_feeder to account {engineer.pk}: missing or out of reach",
    ]


def test_the_health_check_asks_nothing_of_the_database_whoever_asks(client: Client, django_assert_num_queries) -> None:
    client.force_login(make_user("engineer", make_city().diskominfo),
                       backend="allauth.account.auth_backends.AuthenticationBackend")  # fmt: skip
    with django_assert_num_queries(0):
        answer = client.get("/sehat")
    assert answer.status_code == 200 and answer["Content-Type"] == "text/plain; charset=utf-8"


def test_signing_out_clears_what_the_browser_kept(client: Client) -> None:
    client.force_login(make_user("engineer", make_city().diskominfo),
                       backend="allauth.account.auth_backends.AuthenticationBackend")  # fmt: skip
    assert client.post("/akun/logout/")["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in client.get("/akun/login/")
