"""Asking the hub on this machine: the newest key picture of a camera it pulls already."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from django.conf import settings

from .service import inner_token

WAIT_S = 1.5
MOST_BYTES = 12 * 1024 * 1024


@dataclass(frozen=True)
class HubKey:
    """The newest key picture of a stream that is pulled now, and how the stream goes."""

    codec: str
    content: bytes = field(repr=False)
    """Annex B"""
    size: tuple[int, int] | None
    at: float
    """arrival, epoch seconds"""
    seconds: list[float] = field(repr=False)
    """arrivals of the newest pictures"""
    key_seconds: list[float] = field(repr=False)
    clock_offset_s: float | None = None


def last_key(camera_id: int) -> HubKey | None:
    """None where the camera is not pulled, or the hub does not answer: then the camera itself is asked."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{settings.LIVE_PORT}/kunci/{camera_id}", headers={"X-Satukota-Live": inner_token()}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=WAIT_S) as answer:
            body = answer.read(MOST_BYTES)
    except (OSError, ValueError):
        return None
    return parsed(body)


def parsed(body: bytes) -> HubKey | None:
    head, _, content = body.partition(b"\n")
    try:
        told = json.loads(head)
        size = told["size"]
        return HubKey(
            str(told["codec"]), content, (int(size[0]), int(size[1])) if size else None, float(told["at"]),
            [float(at) for at in told["seconds"]], [float(at) for at in told["keys"]], told["clock_offset_s"],
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, IndexError):
        return None
