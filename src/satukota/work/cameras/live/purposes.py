"""Why a protected camera may be opened, and how much a role may open: data a city changes here, with its reasons.

Ground: UU 27/2022 art. 16 (2) b: personal data is processed for a stated purpose; Permenkominfo on CCTV leaves the list
to the controller. Limits keep a single account from sweeping the city's protected cameras; they are no quota to fill.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Purpose:
    name: Promise
    needs_incident: bool = False
    needs_note: bool = False


PURPOSES: dict[str, Purpose] = {
    "incident": Purpose(_("Menangani insiden"), needs_incident=True),
    "patrol": Purpose(_("Patroli rutin pusat komando")),
    "report": Purpose(_("Menanggapi laporan atau panggilan 112"), needs_note=True),
    "crowd": Purpose(_("Mengawasi keramaian atau acara"), needs_note=True),
    "disaster": Purpose(_("Mengawasi banjir atau bencana")),
    "repair": Purpose(_("Memeriksa kamera setelah perbaikan")),
    "law": Purpose(_("Permintaan aparat penegak hukum"), needs_note=True),
}


@dataclass(frozen=True)
class Limit:
    """Of one person under one role; protected cameras only."""

    cameras_an_hour: int
    at_once: int
    per_area_an_hour: int
    """cameras of one kelurahan"""


USUAL = Limit(cameras_an_hour=12, at_once=4, per_area_an_hour=6)
LIMITS: dict[str, Limit] = {
    "operator": Limit(cameras_an_hour=40, at_once=16, per_area_an_hour=16),
    "supervisor": Limit(cameras_an_hour=60, at_once=16, per_area_an_hour=24),
}
MOST_OPEN = 64
"""screens one person may have open at once, protected or not: four walls of sixteen"""


def limit_of(role: str) -> Limit:
    return LIMITS.get(role, USUAL)
