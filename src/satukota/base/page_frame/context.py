from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from satukota.base import clock

from .templatetags.frame import zone_name

# Upper bands add what the frame of a signed-in person needs (navigation, city, unread messages) without base knowing.
_parts: list[Callable[[HttpRequest], dict[str, Any]]] = []


def add_part(part: Callable[[HttpRequest], dict[str, Any]]) -> None:
    if part not in _parts:
        _parts.append(part)


def feed_url(request: HttpRequest) -> str:
    """Where this page finds the feed."""
    return by_the_same_name(request, settings.FEED_URL)


def by_the_same_name(request: HttpRequest, url: str) -> str:
    """Cookies and passkeys belong to a name: who came by localhost stays there."""
    came_by = request.get_host().partition(":")[0]
    return url.replace("//127.0.0.1:", "//localhost:") if came_by == "localhost" else url


def page_frame(request: HttpRequest) -> dict[str, Any]:
    """What every page's frame needs; each registered part answers for itself."""
    told: dict[str, Any] = {
        "FEED_URL": feed_url(request),
        "SAMPLE": settings.SAMPLE,
        "TIME_ZONE": settings.TIME_ZONE,
        "zone": zone_name(clock.now()),
    }
    for part in _parts:
        told |= part(request)
    return told
