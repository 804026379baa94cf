"""The exact bytes of a row, a seal and their hashes. No Django, no settings: whoever holds an export can run this.

docs/audit.md states the same for strangers, with test vectors. Two forms exist:

* form 1, rows from before days were sealed: OLD_FIELDS, `json.dumps` with its default separators;
* form 2: RFC 8785 (JSON canonicalisation) of the fields in FIELDS. `storable` narrows every value, when it is
  recorded, to what Python's `json.dumps`, PostgreSQL's jsonb and RFC 8785 all write alike.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

Content: TypeAlias = Mapping[str, Any]

NOTHING = "0" * 64  # what the first row of all continues
SEAL_FORM = 1  # the value of "seal": a seal is never taken for a row
OLD_FIELDS = (
    "number", "at", "act", "actor_id", "actor_name", "hat", "on_kind", "on_id", "on_label", "opd_code", "why",
    "before", "after", "previous_hash",
)  # fmt: skip
FIELDS = ("form", "day", "purpose", *OLD_FIELDS)
SEAL_FIELDS = (
    "seal", "day", "first_number", "last_number", "count", "root", "last_hash", "previous_root", "sealed_at",
    "public_key",
)  # fmt: skip
LARGEST = 2**53 - 1  # beyond it JSON numbers stop being exact
STRANGE = "\ufffd"

_compact = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)
_spaced = json.JSONEncoder(ensure_ascii=False, sort_keys=True, check_circular=False)


def canonical(content: Content) -> bytes:
    """The bytes that are hashed and signed: form 2 of a row, or a seal."""
    return _compact.encode(content).encode()


def hash_of(content: Content) -> str:
    """SHA-256 of a row's content in its own form, 64 hexadecimal digits. Raises ValueError for what has no bytes."""
    text = _compact.encode(content) if "form" in content else _spaced.encode(content)
    return hashlib.sha256(text.encode()).hexdigest()


def hash_of_seal(content: Content) -> str:
    """What the first row of the next day continues."""
    return hashlib.sha256(canonical(content)).hexdigest()


def moment(at: datetime) -> str:
    """2026-11-22T06:05:00.000000Z: always UTC, always six digits."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def old_moment(at: datetime) -> str:
    """As form 1 wrote it: no fraction when it is zero."""
    return at.astimezone(UTC).isoformat()


def text(value: object) -> str:
    """A text every database can hold: NUL and lone surrogates become U+FFFD."""
    clean = str(value).replace("\x00", STRANGE)
    if clean.isascii():
        return clean
    return "".join(STRANGE if "\ud800" <= letter <= "\udfff" else letter for letter in clean)


def storable(value: Any) -> Any:
    """The value as plain JSON that comes back from either database with the same canonical bytes.

    Moments and days become text; so do numbers that JSON, jsonb or RFC 8785 would write differently: beyond ±(2⁵³−1),
    fractions below 0.0001, infinities. Keys lose characters beyond U+FFFF, whose order the standards disagree on.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if -LARGEST <= value <= LARGEST else str(int(value))
    if isinstance(value, float):
        return _number(float(value))
    if isinstance(value, datetime):
        return moment(value) if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {_key(key): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((storable(item) for item in value), key=str)
    return text(value)


def _number(value: float) -> int | float | str:
    if value.is_integer() and abs(value) <= LARGEST:
        return int(value)
    return value if 1e-4 <= abs(value) <= LARGEST else repr(value)


def _key(key: object) -> str:
    return "".join(letter if letter <= "\uffff" else STRANGE for letter in text(key))
