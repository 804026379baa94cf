"""Ed25519 (RFC 8032) over the canonical bytes of a seal. Keys are 64 hexadecimal digits: the seed, the public key."""

import secrets

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .form import Content, canonical


def new_key() -> str:
    return secrets.token_hex(32)


def public_key(key: str) -> str:
    """Raises ValueError when `key` is no seed of 32 bytes in hexadecimal digits."""
    return _private(key).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def sign(content: Content, key: str) -> str:
    """128 hexadecimal digits."""
    return _private(key).sign(canonical(content)).hex()


def is_signed(content: Content, signature: str, public: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), canonical(content))
    except (InvalidSignature, ValueError):
        return False
    return True


def _private(key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key))
