"""Requests between installations, signed and believed by standards: HTTP Message Signatures (RFC 9421) with Ed25519
over method, address and Content-Digest (RFC 9530). docs/decisions/0013 says why these.

Keys are 64 hexadecimal digits, as those of the audit log: the seed, the public key. No database here: whose key it is,
and whether a nonce was seen before, is the caller's to know.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)
from http_message_signatures.digests import ContentDigest
from http_message_signatures.exceptions import HTTPMessageSignaturesException

COVERED = ("@method", "@target-uri", "content-digest")
TAG = "satukota-federation"  # a signature made for another use is not believed here
LABEL = "sig1"
WINDOW = timedelta(seconds=60)  # how far the two clocks and the way may put `created` from our now
LONGEST_NONCE = 64


class Untrusted(Exception):
    """The request is not believed. `code`: unsigned, unknown_key, stale, altered, forged."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Message:
    """A request as its receiver knows it: `url` is the address under which it believes itself to be reached."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Proof:
    """What a good signature said of itself."""

    key_id: str
    nonce: str
    created: datetime


def public_of(key: str) -> str:
    """Raises ValueError when `key` is no seed of 32 bytes in hexadecimal digits."""
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key))
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def key_id_of(public: str) -> str:
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()


def fingerprint_of(public: str) -> str:
    """Four groups of four letters and digits (80 bits of SHA-256), to be read to each other over the telephone."""
    told = base64.b32encode(hashlib.sha256(bytes.fromhex(public)).digest()).decode()[:16]
    return "-".join(told[start : start + 4] for start in range(0, 16, 4))


def is_public_key(text: object) -> bool:
    if not isinstance(text, str) or len(text) != 64 or not set(text) <= set("0123456789abcdef"):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
    except ValueError:
        return False
    return True


def sign(message: Message, *, key: str, at: datetime) -> dict[str, str]:
    """The headers to send, those of `message` and the signature's."""
    signed = Message(message.method, message.url, dict(message.headers), message.body)
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=_Keys(private=key))
    signer.sign(
        signed, key_id=key_id_of(public_of(key)), created=at, nonce=secrets.token_urlsafe(18), label=LABEL, tag=TAG,
        covered_component_ids=COVERED, body=message.body,
    )  # fmt: skip
    return signed.headers


def verify(message: Message, *, find: Callable[[str], str], at: datetime) -> Proof:
    """Raises Untrusted. `find(key id)` gives the public key, or "" for one nobody knows.

    Whether the nonce was seen before is for the caller.
    """
    headers = {name.lower(): value for name, value in message.headers.items()}
    if "signature" not in headers or "signature-input" not in headers:
        raise Untrusted("unsigned")
    keys = _Keys(find=find)
    verifier = _Verifier(signature_algorithm=algorithms.ED25519, key_resolver=keys)
    try:
        found = verifier.verify(message, max_age=None, expect_tag=TAG, require_components=COVERED)
    except HTTPMessageSignaturesException:
        raise Untrusted("unknown_key" if keys.is_unknown else "forged") from None
    said = found[0].parameters
    created, nonce = said.get("created"), said.get("nonce")
    if len(found) != 1 or not isinstance(created, int) or not isinstance(nonce, str):
        raise Untrusted("forged")
    if not 0 < len(nonce) <= LONGEST_NONCE:
        raise Untrusted("forged")
    if abs(created - at.timestamp()) > WINDOW.total_seconds():
        raise Untrusted("stale")
    try:
        ContentDigest.verify(headers["content-digest"], message.body)  # covered, so it is there
    except HTTPMessageSignaturesException:
        raise Untrusted("altered") from None
    return Proof(str(said["keyid"]), nonce, datetime.fromtimestamp(created, UTC))


class _Verifier(HTTPMessageVerifier):
    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:
        """`verify` judges the moment, by the house's clock and with a word of its own."""


class _Keys(HTTPSignatureKeyResolver):
    def __init__(self, *, private: str = "", find: Callable[[str], str] | None = None) -> None:
        self._private, self._find = private, find
        self.is_unknown = False

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self._private))

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:
        public = self._find(key_id) if self._find is not None else ""
        self.is_unknown = not public
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)) if public else None
