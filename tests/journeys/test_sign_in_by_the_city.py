"""The city's single sign-on, against an OpenID Connect provider that this test starts on 127.0.0.1.

The whole authorisation code flow with PKCE runs: our page → provider → our callback → token and user-info requests over
real sockets. Only the browser's part is done by two HTTP clients.
"""

import base64
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from allauth.socialaccount.internal import statekit
from django.test import Client
from werkzeug.serving import make_server

from satukota.base import clock
from satukota.base.accounts import invitations
from satukota.base.accounts.models import Invitation, User
from satukota.base.audit.models import AuditEntry
from satukota.project import env

os.environ.setdefault("AUTHLIB_INSECURE_TRANSPORT", "1")  # the provider speaks plain HTTP, on loopback only
oidc_provider_mock = pytest.importorskip("oidc_provider_mock")

pytestmark = [pytest.mark.django_db, pytest.mark.second_factor]
SUBJECT = "8f0c-siti"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def asked() -> list[tuple[str, dict[str, str]]]:
    """What the strict provider was asked: path and parameters, from query and body."""
    return []


@pytest.fixture
def strict_provider(asked: list[tuple[str, dict[str, str]]]) -> Iterator[str]:
    """The same provider, which writes down what it is asked and gives no token without the verifier (RFC 7636, 4.6)."""
    app = oidc_provider_mock.app()

    @app.before_request
    def watch() -> tuple[dict[str, str], int] | None:
        from flask import request

        asked.append((request.path, request.values.to_dict()))
        if request.path != "/oauth2/token":
            return None
        challenge = next(told["code_challenge"] for path, told in asked if path == "/oauth2/authorize")
        return None if s256(request.form.get("code_verifier", "")) == challenge else ({"error": "invalid_grant"}, 400)

    with serving(app) as address:
        yield address


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The WSGI application on a free port of this machine; its address."""
    server = make_server("localhost", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()


def s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def sign_on(provider: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    use(provider, settings, monkeypatch)
    return provider


def use(provider: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our settings, read as an installation's are."""
    monkeypatch.setenv("SATUKOTA_OIDC_ISSUER", provider)
    monkeypatch.setenv("SATUKOTA_OIDC_CLIENT_ID", "satukota")
    monkeypatch.setenv("SATUKOTA_OIDC_CLIENT_SECRET", "rahasia-uji")
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": env.single_sign_on()}


def is_known_there(provider: str, **claims: Any) -> None:
    httpx.put(f"{provider}/users/{quote(SUBJECT)}", json=claims).raise_for_status()


def go_there_and_back(client: Client, change: dict[str, str] | None = None, away: Any = None) -> Any:
    """Press the button (unless pressed: `away`), sign in at the provider, follow it home. Our callback's answer."""
    away = away or client.post("/akun/oidc/kota/login/")
    assert away.status_code == 302, away
    asked = parse_qs(urlsplit(away["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["response_type"] == ["code"]
    consent = httpx.post(away["Location"], data={"sub": SUBJECT})
    home = urlsplit(consent.headers["location"])
    assert home.path == "/akun/oidc/kota/login/callback/"
    query = {name: values[0] for name, values in parse_qs(home.query).items()} | (change or {})
    return client.get(home.path, query)


def invite(**more: Any) -> User:
    return invitations.invite(username="siti", full_name="Siti Contoh", by=None, at=clock.now(), **more)[0].user


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_an_invited_person_gets_in_by_their_verified_address_and_is_bound(client: Client, sign_on: str) -> None:
    user = invite(email="siti@kota.example")
    is_known_there(sign_on, email="siti@kota.example", email_verified=True)
    go_there_and_back(client)
    user.refresh_from_db()
    assert client.session["_auth_user_id"] == str(user.pk)
    assert (user.is_active, user.sso_subject) == (True, SUBJECT) and Invitation.objects.get().used_at
    assert client.get("/pusat/")["Location"] == "/akun/pengaman/"  # a second factor is still owed
    is_known_there(sign_on, email="kini-lain@kota.example", email_verified=True)
    again = Client()
    go_there_and_back(again)
    assert is_in(again)  # known by who they are, not by their address
    acts = set(AuditEntry.objects.values_list("act", flat=True))
    assert {"accounts.sso_bound", "accounts.invitation_accepted", "accounts.signed_in"} <= acts


def test_a_stated_subject_needs_no_address(client: Client, sign_on: str) -> None:
    invite(sso_subject=SUBJECT)
    is_known_there(sign_on)
    go_there_and_back(client)
    assert is_in(client)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"email": "orang-lain@kota.example", "email_verified": True},
        {"email": "siti@kota.example", "email_verified": False},
        {"email": "siti@kota.example"},
        {"email": "siti@kota.example", "email_verified": "yes"},
        {"preferred_username": "siti", "name": "Siti Contoh"},
    ],
)
def test_who_was_not_invited_gets_a_sentence_and_no_account(client: Client, sign_on: str, claims: dict) -> None:
    invite(email="siti@kota.example")
    is_known_there(sign_on, **claims)
    answer = go_there_and_back(client)
    assert answer.status_code == 403 and "belum diundang" in answer.content.decode()
    assert not is_in(client) and User.objects.count() == 1 and not User.objects.get().is_active


def test_an_address_of_two_accounts_opens_neither(client: Client, sign_on: str) -> None:
    invite(email="siti@kota.example")
    invitations.invite(username="budi", full_name="Budi", email="Siti@kota.example", by=None, at=clock.now())
    is_known_there(sign_on, email="siti@kota.example", email_verified=True)
    assert go_there_and_back(client).status_code == 403 and not is_in(client)


def test_a_closed_account_stays_closed(client: Client, sign_on: str) -> None:
    user = invite(sso_subject=SUBJECT)
    Invitation.objects.update(revoked_at=clock.now())
    is_known_there(sign_on)
    assert go_there_and_back(client)["Location"] == "/akun/inactive/"
    user.refresh_from_db()
    assert not is_in(client) and not user.is_active


def test_an_invitation_run_out_is_not_accepted_there_either(client: Client, sign_on: str) -> None:
    invite(sso_subject=SUBJECT)
    Invitation.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    is_known_there(sign_on)
    go_there_and_back(client)
    assert not is_in(client)


def test_a_forged_state_or_code_is_refused(client: Client, sign_on: str) -> None:
    invite(sso_subject=SUBJECT)
    is_known_there(sign_on)
    for change in ({"state": "x" * 16}, {"code": "tiruan"}):
        visitor = Client()
        answer = go_there_and_back(visitor, change)
        assert "Belum berhasil masuk" in answer.content.decode() and not is_in(visitor)


def test_the_code_is_worth_nothing_without_the_verifier_only_we_know(
    client: Client, strict_provider: str, asked: list, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PKCE as the provider sees it: S256 of the verifier goes out with the browser, the verifier from us alone."""
    use(strict_provider, settings, monkeypatch)
    invite(sso_subject=SUBJECT)
    is_known_there(strict_provider)
    go_there_and_back(client)
    assert is_in(client)
    authorize = next(told for path, told in asked if path == "/oauth2/authorize")
    token = next(told for path, told in asked if path == "/oauth2/token")
    assert authorize["code_challenge_method"] == "S256" and "code_verifier" not in authorize
    assert authorize["code_challenge"] == s256(token["code_verifier"]) and len(token["code_verifier"]) >= 43
    asked.clear()
    thief = Client()
    monkeypatch.setattr(statekit, "unstash_state", _with_another_verifier(statekit.unstash_state))
    answer = go_there_and_back(thief)
    assert "Belum berhasil masuk" in answer.content.decode() and not is_in(thief)
    assert [path for path, _told in asked].count("/oauth2/token") == 1


def _with_another_verifier(unstash: Any) -> Any:
    def other(*args: Any, **more: Any) -> Any:
        state = unstash(*args, **more)
        return state | {"pkce_code_verifier": "x" * 64} if state else state

    return other


def test_an_answer_is_not_taken_twice_nor_in_another_browser(client: Client, sign_on: str) -> None:
    invite(sso_subject=SUBJECT)
    is_known_there(sign_on)
    home = go_there_and_back(client).wsgi_request.get_full_path()
    for visitor in (Client(), client):
        visitor.logout()
        visitor.get(home)
        assert not is_in(visitor)


@pytest.mark.parametrize(
    ("trusted", "claims", "enough"),
    [
        (True, {"amr": ["pwd", "mfa"]}, True),
        (True, {"acr": "phr"}, True),
        (True, {"amr": ["pwd"]}, False),
        (True, {"amr": "mfa"}, False),
        (True, {}, False),
        (False, {"amr": ["mfa"]}, False),
    ],
)
def test_a_second_factor_shown_there_counts_only_when_told_and_trusted(
    client: Client, sign_on: str, settings: Any, trusted: bool, claims: dict, enough: bool
) -> None:
    settings.OIDC_TRUSTS_MFA = trusted
    invite(sso_subject=SUBJECT)
    is_known_there(sign_on, **claims)
    go_there_and_back(client)
    assert (client.get("/akun/").status_code == 200) is enough


def test_without_settings_there_is_no_button_and_no_page(client: Client) -> None:
    assert "oidc" not in client.get("/akun/login/").content.decode()
    assert client.get("/akun/oidc/kota/login/").status_code == 404


@pytest.mark.parametrize("issuer", ["http://kota.example", "ftp://localhost", "kota.example"])
def test_an_issuer_without_tls_stops_the_start(monkeypatch: pytest.MonkeyPatch, issuer: str) -> None:
    monkeypatch.setenv("SATUKOTA_OIDC_ISSUER", issuer)
    with pytest.raises(env.UnclearSetting):
        env.single_sign_on()
