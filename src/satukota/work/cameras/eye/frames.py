"""Messages between the prober and an eye: a JSON head and raw parts.

Not pickle: an eye decodes what strangers send, and a decoder that was taken over must not be able to run code in the
prober by answering.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any

HEAD = struct.Struct(">II")  # bytes of JSON, bytes of all parts
MAX_JSON = 256 * 1024
MAX_PARTS = 32 * 1024 * 1024


class BadMessage(ValueError):
    pass


def packed(facts: dict[str, Any], parts: Sequence[bytes] = ()) -> list[bytes]:
    text = json.dumps({**facts, "parts": [len(part) for part in parts]}).encode()
    return [HEAD.pack(len(text), sum(map(len, parts))), text, *parts]


def sizes(head: bytes) -> tuple[int, int]:
    """Raises BadMessage."""
    text, parts = HEAD.unpack(head)
    if text > MAX_JSON or parts > MAX_PARTS:
        raise BadMessage("message too large")
    return text, parts


def unpacked(body: bytes, text_size: int) -> tuple[dict[str, Any], list[bytes]]:
    """Raises BadMessage."""
    try:
        facts = json.loads(body[:text_size])
        lengths = [int(length) for length in facts.pop("parts")]
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise BadMessage("not a message") from problem
    if min(lengths, default=0) < 0 or sum(lengths) != len(body) - text_size:
        raise BadMessage("parts do not add up")
    parts, at = [], text_size
    for length in lengths:
        parts.append(body[at : at + length])
        at += length
    return facts, parts
