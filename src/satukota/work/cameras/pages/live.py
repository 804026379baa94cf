"""Live pictures on pages: a ticket for the hub, keeping a picture, turning the camera."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.evidence import actions as evidence
from satukota.base.page_frame.context import by_the_same_name
from satukota.base.page_frame.templatetags.frame import wita
from satukota.city import access
from satukota.city.gates import needs

from .. import queries
from ..federation import PEER_KIND
from ..live import actions, bookmarks, steering
from ..live.purposes import PURPOSES
from ..models import Camera, CameraBookmark
from .pictures import _jpeg, _no_picture


def live_part(user: Any, camera: Camera, place: str = "camera", incident: str = "") -> dict[str, Any] | None:
    """What the box of live pictures needs on a page; None for who may not watch this camera."""
    if camera.target.retired_on is not None or not access.may_on(user, "cameras.watch", camera.target):
        return None
    return {
        "code": camera.target.code, "name": camera.target.name, "place": place, "incident": incident,
        "protected": actions.is_protected(camera), "purposes": PURPOSES,
        "keeps": camera.target.kind != PEER_KIND,  # another installation's pictures are not kept here
        "steer": camera.kind == Camera.Kind.PTZ and bool(camera.onvif_address)
                 and access.may_on(user, "cameras.steer", camera.target),
    }  # fmt: skip


def moves() -> list[tuple[str, str, str]]:
    """(pan tilt zoom, sign, words) of the buttons that turn a camera."""
    return [
        ("-0.5 0 0", "←", _("ke kiri")), ("0.5 0 0", "→", _("ke kanan")), ("0 0.5 0", "↑", _("ke atas")),
        ("0 -0.5 0", "↓", _("ke bawah")), ("0 0 0.5", "+", _("perbesar")), ("0 0 -0.5", "−", _("perkecil")),
    ]  # fmt: skip


@require_POST
@needs("cameras.watch", find=queries.camera_for, by="code")
def ticket(request: HttpRequest, camera: Camera) -> HttpResponse:
    """JSON: where the hub is and a ticket for it; the problem's JSON where a purpose is missing or a limit reached."""
    said = request.POST
    purpose, note, incident = said.get("purpose", "")[:30], said.get("note", "")[:300], said.get("incident", "")[:20]
    why = actions.Why(said.get("place", "camera"), purpose, note, incident)
    token = actions.ask_to_watch(
        camera, why, stream=said.get("stream", "main"), session_key=request.session.session_key or "",
        by=request.user, at=clock.now(),
    )  # fmt: skip
    return JsonResponse({"url": by_the_same_name(request, settings.LIVE_URL), "ticket": token})


@require_POST
@needs("cameras.watch", find=queries.camera_for, by="code")
def keep_picture(request: HttpRequest, camera: Camera) -> HttpResponse:
    """Keep the picture of now with a note. JSON: where it is."""
    note, incident = request.POST.get("note", ""), request.POST.get("incident", "")[:20]
    row = bookmarks.bookmark(camera, note=note, incident_number=incident, by=request.user, at=clock.now())
    picture = reverse("cameras:bookmark_picture", args=[row.pk])
    return JsonResponse({"url": picture, "at": wita(row.at), "text": _("Gambar disimpan.")})


def _bookmark(user: Any, pk: int, permission: str) -> CameraBookmark:
    things = CameraBookmark.objects.select_related("picture", "camera__target__owner")
    return access.one(things, user, permission, owner="camera__target__owner", pk=pk)


@require_GET
@needs("cameras.watch", find=_bookmark, by="pk")
def bookmark_picture(request: HttpRequest, row: CameraBookmark) -> HttpResponse:
    """Looking at a kept picture is written down."""
    try:
        if row.picture is None:
            raise _no_picture()
        content = evidence.content_of(row.picture)
    except evidence.FileGone:
        raise _no_picture() from None
    audit.viewed(
        "cameras.kept_picture_seen", by=request.user, at=clock.now(), on=row.camera,
        opd_code=row.camera.target.owner.code, chosen={"sha256": row.picture.sha256},
    )  # fmt: skip
    return _jpeg(request, content)


@require_GET
@needs("cameras.steer", find=queries.camera_for, by="code")
def presets(request: HttpRequest, camera: Camera) -> HttpResponse:
    """JSON: the directions the camera remembers."""
    found = steering.presets(camera)
    return JsonResponse({"presets": [{"token": one.token, "name": one.name} for one in found]})


@require_POST
@needs("cameras.steer", find=queries.camera_for, by="code")
def steer(request: HttpRequest, camera: Camera) -> HttpResponse:
    """Move for a moment, stop, or go to a preset."""
    said = request.POST
    if said.get("preset"):
        steering.go_to(camera, said["preset"][:64], by=request.user, at=clock.now())
    else:
        pan, tilt, zoom = (_speed(said.get(name, "")) for name in ("pan", "tilt", "zoom"))
        steering.move(camera, pan, tilt, zoom, by=request.user, at=clock.now())
    return JsonResponse({"ok": True})


def _speed(text: str) -> float:
    """-1 to 1; 0 for anything else."""
    try:
        value = float(text[:8] or 0)
    except ValueError:
        return 0.0
    return value if -1 <= value <= 1 else 0.0
