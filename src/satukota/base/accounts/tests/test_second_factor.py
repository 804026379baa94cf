"""Between a password and the work stands a second factor."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from satukota.base.accounts.models import FactorSecret
from satukota.base.audit.models import AuditEntry

from .make import code_now, enrol_app, make_account, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.second_factor]
STAFF = ["/pusat/", "/pusat/insiden/", "/pusat/register/", "/pusat/kamera/", "/akun/", "/akun/password/change/"]


def acts() -> list[str]:
    return list(AuditEntry.objects.order_by("number").values_list("act", flat=True))


@pytest.mark.parametrize("path", STAFF)
def test_a_password_alone_opens_the_enrolment_page_only(client: Client, path: str) -> None:
    make_account()
    sign_in(client)
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, "/akun/pengaman/")
    assert client.get("/akun/pengaman/").status_code == 200


def test_a_fragment_is_told_where_to_go(client: Client) -> None:
    make_account()
    sign_in(client)
    answer = client.get("/pusat/kini", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/akun/pengaman/")


def test_the_api_and_the_portal_see_nobody(client: Client) -> None:
    make_account()
    sign_in(client)
    anonymous = Client()
    for path in ("/api/v1/cameras", "/api/v1/status", "/"):
        assert client.get(path).status_code == anonymous.get(path).status_code


def test_an_app_is_added_shown_its_codes_once_and_asked_for_at_the_next_sign_in(
    client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    user = make_account()
    sign_in(client)
    with django_capture_on_commit_callbacks(execute=True):
        secret = enrol_app(client)
    codes = client.get("/akun/2fa/recovery-codes/").context["unused_codes"]
    assert len(codes) == 10 and "****" not in codes
    assert set(client.get("/akun/2fa/recovery-codes/").context["unused_codes"]) == {"****"}
    assert client.get("/akun/").status_code == 200

    other = Client()
    assert sign_in(other)["Location"] == "/akun/2fa/authenticate/"
    assert other.get("/akun/").status_code == 302  # the password alone has signed nobody in
    assert "_auth_user_id" not in other.session
    spent = other.post("/akun/2fa/authenticate/", {"code": codes[0]})
    assert spent.status_code == 302 and other.session["_auth_user_id"] == str(user.pk)

    third = Client()
    sign_in(third)
    assert "tidak cocok" in third.post("/akun/2fa/authenticate/", {"code": codes[0]}).content.decode()  # used up
    assert secret not in str(list(Authenticator.objects.values("data")))  # sealed, in a column of its own
    assert FactorSecret.objects.filter(user=user).count() == 2
    assert [act for act in acts() if act != "accounts.signed_in"] == [
        "accounts.factor_added", "accounts.factor_added", "accounts.factor_used", "accounts.factor_failed",
    ]  # fmt: skip


def test_a_code_works_once(client: Client) -> None:
    make_account()
    sign_in(client)
    code = code_now(enrol_app(client), 0)
    first, second = Client(), Client()
    for visitor in (first, second):
        sign_in(visitor)
        visitor.post("/akun/2fa/authenticate/", {"code": code})
    assert "_auth_user_id" in first.session and "_auth_user_id" not in second.session


def test_removing_the_last_factor_closes_the_pages_again_and_ends_other_sessions(client: Client) -> None:
    user = make_account()
    sign_in(client)
    secret = enrol_app(client)
    other = Client()
    other.force_login(user)
    other.get("/akun/")
    client.post("/akun/2fa/totp/deactivate/")
    assert not Authenticator.objects.filter(user=user).exists() and not FactorSecret.objects.filter(user=user).exists()
    assert client.get("/pusat/")["Location"] == "/akun/pengaman/"
    assert "accounts.factor_removed" in acts() and secret


def test_wrong_codes_wait_as_wrong_passwords_do(client: Client) -> None:
    make_account()
    sign_in(client)
    secret = enrol_app(client)
    other = Client()
    sign_in(other)
    for _ in range(5):
        other.post("/akun/2fa/authenticate/", {"code": "000000"})
    page = other.post("/akun/2fa/authenticate/", {"code": code_now(secret)})
    assert "Terlalu banyak percobaan" in page.content.decode() and "_auth_user_id" not in other.session


def test_the_city_may_ask_for_none(client: Client, settings: Any) -> None:
    settings.MFA = "optional"
    make_account()
    sign_in(client)
    assert client.get("/akun/").status_code == 200


@pytest.mark.parametrize(
    ("extra", "let_in"),
    [
        ({"SERVER_NAME": "127.0.0.1"}, True),
        ({"SERVER_NAME": "localhost"}, True),
        ({"SERVER_NAME": "127.0.0.1", "REMOTE_ADDR": "10.1.2.3"}, False),
        ({"SERVER_NAME": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "10.1.2.3"}, False),
        ({"SERVER_NAME": "kota.example"}, False),
    ],
)
def test_sample_people_need_none_at_this_machine_and_get_in_nowhere_else(
    client: Client, settings: Any, extra: dict[str, str], let_in: bool
) -> None:
    settings.SAMPLE, settings.ALLOWED_HOSTS = True, ["*"]
    user = make_account("operator", is_sample=True)
    client.force_login(user)
    answer = client.get("/akun/", **extra)
    assert (answer.status_code == 200) is let_in
    assert ("_auth_user_id" in client.session) is let_in
    assert (sign_in(Client(), "operator", **extra)["Location"] == "/pusat/mulai") is let_in


def test_sample_people_stay_out_of_a_real_city(client: Client, settings: Any) -> None:
    settings.SAMPLE = False
    make_account("operator", is_sample=True)
    assert sign_in(client, "operator", SERVER_NAME="127.0.0.1")["Location"] == "/akun/inactive/"
    assert "_auth_user_id" not in client.session
