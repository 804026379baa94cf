"""ID tokens that are none, handed out by a real OpenID Connect provider which this test bends in one point at a time.

The provider signs with its own key; what is changed is changed between it and us, as a thief of its answers would.
"""

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from satukota.base.accounts.models import User
from satukota.base.accounts.openid import tokens

from .test_sign_in_by_the_city import SUBJECT, go_there_and_back, invite, is_in, is_known_there, serving, use

oidc_provider_mock = pytest.importorskip("oidc_provider_mock")
pytestmark = [pytest.mark.django_db, pytest.mark.second_factor]

OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
Bend = Callable[[str, dict[str, Any], Any], dict[str, Any]]  # (path, what is answered, the provider's key) → answered


@pytest.fixture(scope="module")
def bent() -> Iterator[SimpleNamespace]:
    """A provider; `bend` is what happens to each JSON it answers."""
    app = oidc_provider_mock.app(require_nonce=True)
    state = SimpleNamespace(bend=None, elsewhere="")

    @app.after_request
    def change(response: Any) -> Any:
        from flask import json, request
        from oidc_provider_mock._storage import storage

        if state.elsewhere and request.path.endswith(state.elsewhere) and "lagi" not in request.args:
            response.status_code, response.headers["Location"] = 307, f"{request.url}?lagi=1"
        if state.bend is not None and response.is_json:
            key = storage.jwk.as_dict(is_private=True)
            response.set_data(json.dumps(state.bend(request.path, response.get_json(), key)))
        return response

    with serving(app) as state.address:
        yield state


@pytest.fixture
def provider(bent: SimpleNamespace, settings: Any, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    bent.bend, bent.elsewhere = None, ""
    use(bent.address, settings, monkeypatch)
    invite(sso_subject=SUBJECT)
    is_known_there(bent.address)
    return bent


def claiming(**changes: Any) -> Bend:
    """The token the provider made, with other claims (None: without them), signed by its own key."""

    def bend(path: str, told: dict[str, Any], key: Any) -> dict[str, Any]:
        if "id_token" not in told:
            return told
        claims = jwt.decode(told["id_token"], options={"verify_signature": False}) | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        return told | {"id_token": signed(claims, jwt.PyJWK(key, "RS256").key, jwt.get_unverified_header)(told)}

    return bend


def signed(claims: dict[str, Any], key: Any, header_of: Any, algorithm: str = "RS256") -> Callable[[Any], str]:
    def sign(told: dict[str, Any]) -> str:
        kid = header_of(told["id_token"]).get("kid")
        return jwt.encode(claims, key, algorithm, headers={"kid": kid} if kid else None)

    return sign


def signing(key: Any, algorithm: str) -> Bend:
    """The right claims under a signature that is not the provider's."""

    def bend(path: str, told: dict[str, Any], _key: Any) -> dict[str, Any]:
        if "id_token" not in told:
            return told
        claims = jwt.decode(told["id_token"], options={"verify_signature": False})
        return told | {"id_token": signed(claims, key, jwt.get_unverified_header, algorithm)(told)}

    return bend


def at(where: str, **changes: Any) -> Bend:
    """Other words at the addresses that end with `where` (None: without them)."""

    def bend(path: str, told: dict[str, Any], _key: Any) -> dict[str, Any]:
        found = told | changes if path.endswith(where) else told
        return {name: value for name, value in found.items() if value is not None}

    return bend


def test_the_bending_itself_changes_nothing(client: Client, provider: SimpleNamespace) -> None:
    provider.bend = claiming(preferred_username="siti")
    go_there_and_back(client)
    assert is_in(client)


NOW = int(time.time())
FORGED: dict[str, Bend] = {
    "another nonce": claiming(nonce="x" * 43),
    "no nonce": claiming(nonce=None),
    "another issuer": claiming(iss="https://penipu.example"),
    "no issuer": claiming(iss=None),
    "for another client": claiming(aud="aplikasi-lain"),
    "for two, given to the other": claiming(aud=["satukota", "aplikasi-lain"], azp="aplikasi-lain"),
    "for two, given to nobody named": claiming(aud=["satukota", "aplikasi-lain"]),
    "run out": claiming(exp=NOW - 3600),
    "never ends": claiming(exp=None),
    "of tomorrow": claiming(iat=NOW + 86_400),
    "another person than user-info says": claiming(sub="orang-lain"),
    "unsigned": signing(None, "none"),
    "signed by somebody else": signing(OTHER_KEY, "RS256"),
    "signed with a password": signing("x" * 64, "HS256"),
    "no token": at("/oauth2/token", id_token=None),
    "no text": at("/oauth2/token", id_token=["satu"]),
    "the provider has no keys": at("/jwks", keys=[]),
    "the provider's keys are none": at("/jwks", keys="kunci"),
    "the provider calls itself another": at("openid-configuration", issuer="https://penipu.example"),
    "the provider names no place for tokens": at("openid-configuration", token_endpoint=None),
}


@pytest.mark.parametrize("bend", FORGED.values(), ids=FORGED.keys())
def test_a_forged_answer_signs_nobody_in(client: Client, provider: SimpleNamespace, bend: Bend) -> None:
    away = client.post("/akun/oidc/kota/login/")  # asked in good faith; the answer is forged
    assert away.status_code == 302
    provider.bend = bend
    answer = go_there_and_back(client, away=away)
    assert "Belum berhasil masuk" in answer.content.decode() and not is_in(client)
    assert not User.objects.get().is_active


@pytest.mark.parametrize("where", ["/openid-configuration", "/oauth2/token", "/userinfo", "/jwks"])
def test_the_provider_sends_us_nowhere_else(client: Client, provider: SimpleNamespace, where: str) -> None:
    """A redirect would take code and secret along, to whoever is named."""
    away = client.post("/akun/oidc/kota/login/")
    provider.elsewhere = where
    answer = go_there_and_back(client, away=away)
    assert "Belum berhasil masuk" in answer.content.decode() and not is_in(client)


def test_a_token_of_another_sign_in_is_not_taken(client: Client, provider: SimpleNamespace) -> None:
    """Replayed: whole, signed, not run out, ours; but it answers another question."""
    kept: list[str] = []

    def replay(path: str, told: dict[str, Any], _key: Any) -> dict[str, Any]:
        if "id_token" in told:
            kept.append(told["id_token"])
            return told | {"id_token": kept[0]}
        return told

    provider.bend = replay
    go_there_and_back(client)
    assert is_in(client)
    thief = Client()
    go_there_and_back(thief)
    assert len(kept) == 2 and not is_in(thief)


def test_parameters_in_our_address_do_not_reach_the_provider(client: Client, provider: SimpleNamespace) -> None:
    away = client.post("/akun/oidc/kota/login/?auth_params=nonce%3Dtebakan%26prompt%3Dnone&scope=offline_access")
    assert "tebakan" not in away["Location"] and "prompt" not in away["Location"]
    assert "offline_access" not in away["Location"] and "nonce=" in away["Location"]


def test_a_provider_that_is_away_is_said_and_is_no_fault_of_ours(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use("http://localhost:9", settings, monkeypatch)
    answer = client.post("/akun/oidc/kota/login/")
    assert "Belum berhasil masuk" in answer.content.decode() and answer.status_code < 500
    assert client.get("/akun/oidc/lain/login/callback/").status_code == 404


def test_a_nonce_tells_nothing_of_the_verifier() -> None:
    """Both hashes of it go out with the browser, so they must differ."""
    from .test_sign_in_by_the_city import s256

    assert tokens.nonce_of("x" * 43) != s256("x" * 43) and tokens.nonce_of("x" * 43) != tokens.nonce_of("y" * 43)
