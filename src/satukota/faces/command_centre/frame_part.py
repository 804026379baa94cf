"""What the frame shows a signed-in person: where they can go, what waits for them, which city this is."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from satukota.base.messages import actions as messages
from satukota.city import access
from satukota.city import queries as registers
from satukota.city.models import Kota
from satukota.shared.incidents import queries as incidents


@dataclass
class NavItem:
    key: str
    text: str
    icon: str
    url: str
    count: int = 0
    also: str = ""  # where pages of this section lie, too
    here: bool = False

    def holds(self, path: str) -> bool:
        if self.key == "map":  # lies above all others
            return path == self.url
        return path.startswith((self.url, self.also or self.url))


@dataclass(frozen=True)
class CityName:
    name: str
    short: str


def frame_part(request: HttpRequest) -> dict[str, Any]:
    """Two small queries for staff, one for visitors, none until a template asks (JSON and fragments pay nothing)."""
    told: dict[str, Any] = {"city": SimpleLazyObject(_city)}
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        waiting = SimpleLazyObject(lambda: _waiting(user))
        told["nav"] = SimpleLazyObject(lambda: navigation(request, waiting["incidents"]))
        told["unread"] = SimpleLazyObject(lambda: waiting["messages"])
    return told


def _waiting(user: Any) -> dict[str, int]:
    """What waits for the person. One query."""
    return registers.counts({"incidents": incidents.open_now(user), "messages": messages.unread(user)})


def _city() -> CityName:
    kota = Kota.objects.first()
    name = kota.name if kota else ""
    return CityName(name, name.removeprefix("Kota ").removeprefix("Kabupaten "))


def navigation(request: HttpRequest, incidents_open: int = 0) -> list[NavItem]:
    """The pages this hat opens; no query of its own."""
    user = request.user
    items = [
        ("monitoring.view", NavItem("map", _("Peta"), "map-2", reverse("command_centre:map"))),
        ("incidents.view", NavItem("incidents", _("Insiden"), "alert-triangle", reverse("command_centre:incidents"),
                                   count=incidents_open)),
        ("cameras.view", NavItem("cameras", _("Kamera"), "device-cctv", reverse("cameras:list"))),
        ("coverage.view", NavItem("coverage", _("Liputan"), "eye", reverse("command_centre:coverage"))),
        ("coverage.view", NavItem("blind_spots", _("Titik buta"), "eye-off", reverse("blind_spots:list"),
                                  also=reverse("camera_plans:list"))),
        ("monitoring.view", NavItem("network", _("Jaringan"), "router", reverse("command_centre:network"))),
        ("registers.view", NavItem("register", _("Register"), "building", reverse("city:home"))),
        ("ledger.view", NavItem("ledger", _("Kontrak"), "report", reverse("vendor_ledger:list"))),
        ("evidence.view", NavItem("evidence", _("Bukti"), "file-import", reverse("command_centre:exhibits"))),
        ("shifts.view", NavItem("shifts", _("Giliran"), "clock", reverse("command_centre:shifts"))),
        ("monitoring.view", NavItem("wall", _("Dinding"), "photo", reverse("command_centre:wall"))),
        ("audit.view", NavItem("audit", _("Audit"), "shield-check", reverse("command_centre:audit"))),
        ("system.view", NavItem("health", _("Kesehatan"), "heartbeat", reverse("command_centre:health"))),
    ]  # fmt: skip
    shown = [item for permission, item in items if access.may(user, permission)]
    for item in shown:
        item.here = item.holds(request.path)
    return shown
