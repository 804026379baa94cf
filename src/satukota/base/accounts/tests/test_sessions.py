"""Where a person is signed in, ended from elsewhere; and the session itself."""

from importlib import import_module
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.test import Client

from satukota.base.accounts import sample_links, sessions
from satukota.base.audit.models import AuditEntry
from satukota.base.feed import stream

from .make import PASSWORD, make_account, sign_in

pytestmark = pytest.mark.django_db
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (PHONE, "Chrome di Android"),
        ("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/133.0", "Firefox di Windows"),
        ("Mozilla/5.0 (iPhone) AppleWebKit/605 Version/18 Safari/604", "Safari di iPhone"),
        ("curl/8", "perangkat tak dikenal"),
        ("", "perangkat tak dikenal"),
    ],
)
def test_devices_are_named_in_words(agent: str, words: str) -> None:
    assert sessions.device_words(agent) == words


def test_a_phone_is_signed_out_from_the_desk_at_its_next_request_and_in_the_feed(client: Client) -> None:
    user = make_account()
    phone = Client(headers={"user-agent": PHONE}, REMOTE_ADDR="10.0.0.7")
    sign_in(phone)
    sign_in(client)
    page = client.get("/akun/")
    place = next(place for place in page.context["places"] if not place.is_here)
    assert (place.device, place.address) == ("Chrome di Android", "10.0.0.7")
    cookie = f"sessionid={phone.session.session_key}"
    assert stream.visitor_of(cookie)[0] == user
    assert client.post(f"/akun/perangkat/{place.pk}/keluarkan").status_code == 302
    assert phone.get("/akun/").status_code == 302 and client.get("/akun/").status_code == 200
    assert stream.visitor_of(cookie)[0] is None
    entry = AuditEntry.objects.get(act="accounts.session_ended")
    assert entry.before == {"device": "Chrome di Android", "address": "10.0.0.7"}


@pytest.mark.second_factor
def test_the_feed_waits_for_the_second_factor_too(client: Client) -> None:
    make_account()
    sign_in(client)
    assert stream.visitor_of(f"sessionid={client.session.session_key}")[0] is None


def test_all_others_are_signed_out_and_the_password_ends_them_too(client: Client) -> None:
    make_account()
    others = [Client() for _ in range(3)]
    for other in (*others, client):
        sign_in(other)
    client.post("/akun/perangkat/keluarkan-lainnya")
    assert [other.get("/akun/").status_code for other in (*others, client)] == [302, 302, 302, 200]
    sign_in(others[0])
    new = "perahu-hujan-mangga-3"
    client.post("/akun/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert others[0].get("/akun/").status_code == 302 and client.get("/akun/").status_code == 200
    assert AuditEntry.objects.filter(act="accounts.password_changed").exists()


def test_nobody_ends_another_persons_session(client: Client) -> None:
    make_account("ani")
    victim = Client()
    sign_in(victim, "ani")
    pk = victim.get("/akun/").context["places"][0].pk
    make_account("budi")
    sign_in(client, "budi")
    assert client.post(f"/akun/perangkat/{pk}/keluarkan").status_code == 404
    assert client.post("/akun/perangkat/999999/keluarkan").status_code == 404
    assert client.get(f"/akun/perangkat/{pk}/keluarkan").status_code == 405
    assert victim.get("/akun/").status_code == 200


def test_a_session_planted_before_sign_in_is_not_the_one_after(client: Client) -> None:
    """Session fixation: the attacker knows the key the victim comes with."""
    make_account()
    planted = import_module(django_settings.SESSION_ENGINE).SessionStore()
    planted["planted"] = "1"
    planted.save()
    client.cookies["sessionid"] = planted.session_key
    sign_in(client)
    assert client.session.session_key != planted.session_key and "_auth_user_id" in client.session
    attacker = Client()
    attacker.cookies["sessionid"] = planted.session_key
    assert attacker.get("/akun/").status_code == 302
    invented = Client()
    invented.cookies["sessionid"] = "a" * 32
    sign_in(invented)
    assert invented.session.session_key != "a" * 32


def test_signing_in_needs_the_forms_own_token() -> None:
    make_account()
    strict = Client(enforce_csrf_checks=True)
    assert sign_in(strict).status_code == 403
    for path in ("/akun/logout/", "/akun/perangkat/keluarkan-lainnya", "/akun/undangan/", "/akun/2fa/webauthn/login/"):
        assert strict.post(path).status_code == 403, path


def test_the_cookie_is_closed_to_scripts_and_ends_with_the_browser(client: Client) -> None:
    make_account()
    cookie = sign_in(client).cookies["sessionid"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and not cookie["max-age"]
    assert "no-store" in client.get("/akun/")["Cache-Control"]


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_sign_in_sends_nobody_to_another_house(client: Client, elsewhere: str) -> None:
    make_account()
    answer = client.post("/akun/login/", {"login": "siti.aminah", "password": PASSWORD, "next": elsewhere})
    assert answer["Location"].startswith("/pusat/")


def test_a_reset_link_names_our_host_works_once_and_asks_for_the_factor_after(client: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    make_account(email="siti@contoh.example")
    assert (
        client.post("/akun/password/reset/", {"email": "siti@contoh.example"}, HTTP_HOST="evil.example").status_code
        == 400
    )
    assert not mail.outbox
    known = client.post("/akun/password/reset/", {"email": "siti@contoh.example"})
    unknown = Client(REMOTE_ADDR="10.0.0.5").post("/akun/password/reset/", {"email": "tidak@contoh.example"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    link = next(line for line in mail.outbox[0].body.splitlines() if line.startswith("http"))
    assert link.startswith("http://testserver/akun/password/reset/key/")
    form = client.get(link, follow=True)
    new = "perahu-hujan-mangga-3"
    done = client.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})
    assert done.status_code == 302 and "_auth_user_id" not in client.session
    assert "tidak berlaku lagi" in Client().get(link, follow=True).content.decode()
    assert "tidak berlaku lagi" in Client().get(link[:-3] + "xy/", follow=True).content.decode()


def test_a_sample_link_is_one_step_at_this_machine_and_no_page_elsewhere(client: Client, settings: Any) -> None:
    settings.SAMPLE, settings.ALLOWED_HOSTS = True, ["*"]
    user = make_account("operator", is_sample=True)
    real = make_account("siti")
    path = f"/akun/contoh/{sample_links.token_of('operator')}"
    for extra in ({"REMOTE_ADDR": "10.0.0.1"}, {"SERVER_NAME": "kota.example"}, {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}):
        assert client.get(path, **{"SERVER_NAME": "127.0.0.1"} | extra).status_code == 404
    for token in ("", "0" * 40, path[-40:][:-1], "é" * 40, sample_links.token_of("siti")):
        assert client.get(f"/akun/contoh/{token}", SERVER_NAME="127.0.0.1").status_code == 404
    settings.SAMPLE = False
    assert client.get(path, SERVER_NAME="127.0.0.1").status_code == 404
    settings.SAMPLE = True
    assert client.get(path, SERVER_NAME="127.0.0.1").status_code == 302
    assert client.session["_auth_user_id"] == str(user.pk) and real.pk
    before = sample_links.token_of("operator")
    settings.SECRET_KEY = "another installation has another key, long enough"
    assert sample_links.token_of("operator") != before
