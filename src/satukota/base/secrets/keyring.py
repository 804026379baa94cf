"""Secrets at rest (camera passwords): sealed with Fernet, opened only where they are used.

The first key seals, all keys open, so a key can be rotated while the system runs. Keys come from
SATUKOTA_SECRET_KEYS (comma separated, urlsafe base64 of 32 bytes, newest first).
"""

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class Unsealable(Exception):
    """The sealed value was made with a key this installation does not have."""


@lru_cache(maxsize=1)
def _keyring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def seal(plain: str) -> str:
    """Encrypted text, safe to store; empty stays empty."""
    return _keyring(tuple(settings.SECRET_KEYS)).encrypt(plain.encode()).decode() if plain else ""


def unseal(sealed: str) -> str:
    """The plain text again. Raises Unsealable."""
    if not sealed:
        return ""
    try:
        return _keyring(tuple(settings.SECRET_KEYS)).decrypt(sealed.encode()).decode()
    except InvalidToken as problem:
        raise Unsealable("sealed with an unknown key") from problem
