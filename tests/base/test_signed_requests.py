"""Requests between installations: the standard's own example, and what is not believed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms
from http_message_signatures.digests import ContentDigest

from satukota.base.signed_requests import (
    COVERED,
    TAG,
    Message,
    Untrusted,
    fingerprint_of,
    is_public_key,
    key_id_of,
    public_of,
    sign,
    verify,
)

AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
KEY, OTHER_KEY = "11" * 32, "22" * 32
PUBLIC = public_of(KEY)
URL = "https://kota.contoh/api/v1/federation/looks?x=1"
# RFC 9421, appendix B.1.4 (test-key-ed25519) and B.2.6
RFC_PRIVATE = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
"""
RFC_PUBLIC = b"""-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----
"""
RFC_SIGNATURE = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
RFC_HEADERS = {
    "Host": "example.com", "Date": "Tue, 20 Apr 2021 02:07:55 GMT", "Content-Type": "application/json",
    "Content-Length": "18",
}  # fmt: skip
RFC_BODY = b'{"hello": "world"}'
RFC_DIGEST = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"


class RfcKey(HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id: str) -> bytes:
        return RFC_PRIVATE

    def resolve_public_key(self, key_id: str) -> bytes:
        return RFC_PUBLIC


def test_the_library_makes_the_signature_of_the_standard():
    message = Message("POST", "https://example.com/foo?param=Value&Pet=dog", dict(RFC_HEADERS), RFC_BODY)
    HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=RfcKey()).sign(
        message, key_id="test-key-ed25519", created=datetime.fromtimestamp(1618884473, UTC), label="sig-b26",
        include_alg=False,
        covered_component_ids=("date", "@method", "@path", "@authority", "content-type", "content-length"),
    )  # fmt: skip
    assert message.headers["Signature"] == f"sig-b26=:{RFC_SIGNATURE}:"
    seed = load_pem_private_key(RFC_PRIVATE, None).private_bytes_raw().hex()  # type: ignore[union-attr]
    raw = load_pem_public_key(RFC_PUBLIC).public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert public_of(seed) == raw.hex()  # our form of the same key
    ContentDigest.verify(RFC_DIGEST, RFC_BODY)  # the digest of the same message, RFC 9530


def signed(**more: object) -> Message:
    said = {"method": "POST", "url": URL, "body": b'{"a":1}'} | more
    bare = Message(**said)  # type: ignore[arg-type]
    return Message(bare.method, bare.url, sign(bare, key=KEY, at=AT), bare.body)


def changed(message: Message, **more: object) -> Message:
    return Message(**({"method": message.method, "url": message.url, "headers": message.headers, "body": message.body}
                      | more))  # type: ignore[arg-type]  # fmt: skip


def known(key_id: str) -> str:
    return PUBLIC if key_id == key_id_of(PUBLIC) else ""


def refusal(message: Message, at: datetime = AT, find: Callable[[str], str] = known) -> str:
    with pytest.raises(Untrusted) as refused:
        verify(message, find=find, at=at)
    return refused.value.code


@pytest.mark.parametrize(("method", "body"), [("POST", b'{"a":1}'), ("GET", b"")])
def test_what_was_signed_is_believed_with_its_nonce(method, body):
    message = signed(method=method, body=body)
    proof = verify(message, find=known, at=AT + timedelta(seconds=59))
    assert proof.key_id == key_id_of(PUBLIC) and proof.nonce and proof.created == AT
    assert verify(signed(), find=known, at=AT).nonce != proof.nonce


def test_what_is_not_as_it_was_signed_is_refused():
    good = signed()
    assert refusal(changed(good, body=b'{"a":2}')) == "altered"
    assert refusal(changed(good, method="PUT")) == "forged"
    assert refusal(changed(good, url=URL.replace("kota.contoh", "kota-lain.contoh"))) == "forged"
    assert refusal(changed(good, url=URL + "&y=2")) == "forged"
    assert refusal(good, find=lambda key_id: public_of(OTHER_KEY)) == "forged"
    assert refusal(good, find=lambda key_id: "") == "unknown_key"
    assert refusal(good, at=AT + timedelta(seconds=61)) == "stale"
    assert refusal(good, at=AT - timedelta(seconds=61)) == "stale"
    another = sign(Message("POST", URL, {}, b"x"), key=KEY, at=AT)["Content-Digest"]
    assert refusal(changed(good, headers=good.headers | {"Content-Digest": another}, body=b"x")) == "forged"


@pytest.mark.parametrize("name", ["Signature", "Signature-Input"])
@pytest.mark.parametrize("value", ["", "x", "sig1=1", "sig1=:AA==:", "sig1=();tag=1", "é", "a=:AA==:, a=:AA==:"])
def test_headers_that_make_no_sense_are_unsigned(name, value):
    assert refusal(changed(signed(), headers=signed().headers | {name: value})) == "forged"
    assert refusal(Message("GET", URL)) == "unsigned"


def test_a_signature_over_less_or_for_another_use_is_refused():
    for covered, tag in ((COVERED[:2], TAG), (COVERED[1:], TAG), (COVERED, "another")):
        message = Message("POST", URL, {}, b"x")
        message.headers["Content-Digest"] = sign(message, key=KEY, at=AT)["Content-Digest"]
        HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=_Own()).sign(
            message, key_id=key_id_of(PUBLIC), created=AT, nonce="n", label="sig1", tag=tag,
            covered_component_ids=covered, use_existing_digest=True,
        )  # fmt: skip
        assert refusal(message) == "forged"


class _Own(HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(KEY))

    def resolve_public_key(self, key_id: str) -> None:
        return None


def test_keys_and_their_short_form():
    assert fingerprint_of(PUBLIC) != fingerprint_of(public_of(OTHER_KEY))
    assert len(fingerprint_of(PUBLIC)) == 19
    assert is_public_key(PUBLIC)
    for wrong in (None, 1, "", "zz" * 32, PUBLIC.upper(), PUBLIC[:-2]):
        assert not is_public_key(wrong)
