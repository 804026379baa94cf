"""Whether an ID token is one: signed by the provider's key, for us, of now, and the answer to this very question.

OpenID Connect Core 1.0, 3.1.3.7 (ID token validation) and 15.5.2 (nonce from a secret of the session).
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import jwt
from allauth.socialaccount.providers.oauth2.client import OAuth2Error

SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
NEEDED = ["iss", "sub", "aud", "exp", "iat", "nonce"]
LEEWAY_S = 30  # how far the clocks of two servers may differ


class TokenRefused(OAuth2Error):
    """The text names what was wrong and repeats nothing of the token."""


def nonce_of(verifier: str) -> str:
    """What the ID token must repeat: a hash of the PKCE verifier, which only this session knows."""
    return base64.urlsafe_b64encode(hashlib.sha256(f"nonce:{verifier}".encode()).digest()).rstrip(b"=").decode()


def claims_of(token: str, keys: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """What a good ID token says. `keys`: the provider's JWK set. Raises TokenRefused for any other."""
    try:
        told: dict[str, Any] = jwt.decode(
            token, key=_key(token, keys), algorithms=SIGNED_BY, issuer=issuer, audience=client_id, leeway=LEEWAY_S,
            options={"require": NEEDED},
        )  # fmt: skip
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, AttributeError) as problem:
        raise TokenRefused(f"no good ID token ({type(problem).__name__})") from problem
    is_for_many = isinstance(told["aud"], list) and len(told["aud"]) > 1
    if told.get("azp", None if is_for_many else client_id) != client_id:
        raise TokenRefused("the ID token was given to somebody else (azp)")
    if not nonce or not hmac.compare_digest(str(told["nonce"]).encode(), nonce.encode()):
        raise TokenRefused("the ID token answers another question (nonce)")
    return told


def _key(token: str, keys: Mapping[str, Any]) -> jwt.PyJWK:
    """The key the token names; without a name, the only one there is. Raises KeyError, PyJWTError."""
    found = [key for key in jwt.PyJWKSet.from_dict(dict(keys)).keys if key.public_key_use in (None, "sig")]
    name = jwt.get_unverified_header(token).get("kid")
    named = [key for key in found if key.key_id == name] if name is not None else found
    if len(named) != 1:
        raise KeyError(f"{len(named)} keys called {name!r}")
    return named[0]
