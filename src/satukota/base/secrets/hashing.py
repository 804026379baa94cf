"""Keyed hashes: a sealed value is found by exact search without opening any row.

HMAC-SHA256 with a key of its own: who has the table but not the key can neither read it nor try all phone numbers.
"""

import hashlib
import hmac
from collections.abc import Callable

from django.conf import settings


def _digits(plain: str) -> str:
    return "".join(filter(str.isdigit, plain))


def _phone(plain: str) -> str:
    """+62 812, 0812 and 812 are one number."""
    digits = _digits(plain)
    return "0" + digits.removeprefix("62").removeprefix("0") if digits else ""


NORMAL: dict[str, Callable[[str], str]] = {"phone": _phone, "nik": _digits}


def keyed_hash(kind: str, plain: str) -> str:
    """64 hexadecimal digits; empty for what is empty once normalised. Two kinds never share a hash."""
    normal = NORMAL[kind](plain)
    if not normal:
        return ""
    return hmac.new(settings.HASH_KEY.encode(), f"{kind}:{normal}".encode(), hashlib.sha256).hexdigest()
