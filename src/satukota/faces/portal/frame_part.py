"""The sections of the citizens' pages."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _


def frame_part(request: HttpRequest) -> dict[str, Any]:
    """No query; none of it made until a public page asks."""
    return {"public_nav": SimpleLazyObject(lambda: sections(request.path))}


def sections(path: str) -> list[tuple[str, str, bool]]:
    """(words, address, whether it is the one shown)."""
    rows = [
        (_("Mata kota"), "portal:status"), (_("Yang terlihat"), "portal:coverage"),
        (_("Kamera publik"), "public_cameras"), (_("Siapa menonton"), "watch_counts"),
        (_("Jejak"), "portal:trail"), (_("Periksa surat"), "documents:check"),
    ]  # fmt: skip
    return [(words, address, path == address) for words, address in ((text, reverse(name)) for text, name in rows)]
