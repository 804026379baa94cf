"""The line of who had an exhibit in hand. No Django: who verifies a package runs the same code without a database."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from satukota.base.audit.form import NOTHING, canonical

FIELDS = ("exhibit", "number", "at", "act", "person", "hat", "text", "details", "previous_hash")


def hash_of(content: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON (RFC 8785) of FIELDS, 64 hexadecimal digits."""
    return hashlib.sha256(canonical({name: content[name] for name in FIELDS})).hexdigest()


def first_broken(lines: Sequence[Mapping[str, Any]], exhibit: str) -> int | None:
    """Position (from 1) of the first line that was changed, left out, added or moved; None when the line is whole."""
    previous = NOTHING
    for position, line in enumerate(lines, 1):
        told = (line.get("exhibit"), line.get("number"), line.get("previous_hash"))
        if told != (exhibit, position, previous) or any(name not in line for name in FIELDS):
            return position
        if hash_of(line) != line.get("hash"):
            return position
        previous = str(line["hash"])
    return None
