"""The video wall: many live pictures at once, for a desk, a room, a second screen."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from satukota.base import clock
from satukota.city.gates import needs
from satukota.shared.incidents import queries as incidents
from satukota.shared.incidents.models import Incident

from .. import queries
from ..live import near, walls
from ..live.actions import is_protected
from ..live.purposes import PURPOSES
from ..models import Camera, WallLayout
from .live import live_part, moves

FOUND = 20
NEAR_SHOWN = 2


@require_GET
@needs("cameras.watch")
def wall(request: HttpRequest) -> HttpResponse:
    saved = list(walls.layouts(request.user))
    asked = [row for row in saved if str(row.pk) == request.GET.get("susunan")]
    chosen = next(iter(asked or [row for row in saved if row.person_id == request.user.pk]), None)
    told = {
        "wall": True, "layouts": saved, "chosen": chosen, "purposes": PURPOSES, "tiles": walls.TILES,
        "setup": {
            "layouts": [_layout(row) for row in saved], "chosen": chosen.pk if chosen else None,
            "cameras": _usual(request.user) if chosen is None else [],
        },
    }  # fmt: skip
    return render(request, "cameras/video_wall.html", told)


def _layout(row: WallLayout) -> dict[str, Any]:
    return {
        "pk": row.pk, "name": row.name, "room": row.room, "tiles": row.tiles, "places": row.places,
        "cameras": row.cameras,
        "tour": row.tour_s, "follows": row.follows,
    }  # fmt: skip


def _usual(user: Any) -> list[str]:
    """For a wall nobody has set up yet: working cameras in the order of their codes."""
    rows = queries.cameras(user, "cameras.watch").filter(target__retired_on=None, state_now__in=near.WORKING)
    return list(rows.order_by("target__code").values_list("target__code", flat=True)[:16])


@require_GET
@needs("cameras.watch")
def tiles(request: HttpRequest) -> HttpResponse:
    """JSON: the named cameras (`kode`, comma between them), or those that match `q`; only those one may watch."""
    rows = queries.cameras(request.user, "cameras.watch").annotate(is_lent=queries.IS_LENT)
    rows = rows.select_related("target", "live").filter(target__retired_on=None)
    codes = [code for code in request.GET.get("kode", "").replace("\x00", "").split(",") if code][: walls.MOST_CAMERAS]
    text = request.GET.get("q", "").replace("\x00", "").strip()[:60]
    if codes:
        rows = rows.filter(target__code__in=codes)
    else:
        rows = rows.filter(Q(target__code__icontains=text) | Q(target__name__icontains=text))
        rows = rows.order_by("target__code")[:FOUND]
    return JsonResponse({"cameras": [_tile(row) for row in rows]})


def _tile(camera: Camera) -> dict[str, Any]:
    code = camera.target.code
    return {
        "code": code, "name": camera.target.name, "state": camera.state_now, "protected": is_protected(camera),
        "ask": reverse("cameras:live_ticket", args=[code]), "page": reverse("cameras:camera", args=[code]),
    }  # fmt: skip


def _followed(user: Any, number: str, permission: str) -> Incident:
    return incidents.incident_for(user, number)


@require_GET
@needs("cameras.watch", find=_followed, by="number")
def near_incident(request: HttpRequest, incident: Incident) -> HttpResponse:
    """JSON: codes of the nearest working cameras, nearest first."""
    count = min(_whole(request.GET.get("petak", "")) or 4, walls.MOST_TILES)
    return JsonResponse({"codes": near.working_cameras_near(request.user, incident, count)})


@require_GET
@needs("cameras.watch", find=_followed, by="number")
def near_boxes(request: HttpRequest, incident: Incident) -> HttpResponse:
    """The nearest working cameras as boxes to open, for the page of the incident."""
    codes = near.working_cameras_near(request.user, incident, NEAR_SHOWN)
    known = near.tiles_for(request.user, codes)
    boxes = [live_part(request.user, known[code], "incident", incident.number) for code in codes if code in known]
    return render(request, "cameras/_near.html", {"boxes": boxes, "live_moves": moves()})


@require_POST
@needs("cameras.watch")
def save(request: HttpRequest) -> HttpResponse:
    said = request.POST
    wanted = walls.Wall(
        name=said.get("name", ""), room=said.get("room", ""), tiles=_whole(said.get("tiles", "")),
        cameras=[code[:40] for code in said.get("cameras", "").replace("\x00", "").split(",") if code],
        tour_s=_whole(said.get("tour", "")), follows=said.get("follows") == "1",
        places=_places(said.get("places", "")),
    )  # fmt: skip
    row = walls.save(wanted, by=request.user, at=clock.now())
    return JsonResponse(_layout(row))


def _places(text: str) -> list[list[int]]:
    """x,y,width,height of each tile, ; between tiles. What is no such number becomes one that is refused."""
    parts = text[:400].split(";") if text else []
    return [[_whole(number) if number.isdigit() else -1 for number in part.split(",")] for part in parts]


@require_POST
@needs("cameras.watch")
def remove(request: HttpRequest) -> HttpResponse:
    walls.remove(_whole(request.POST.get("pk", "")), by=request.user, at=clock.now())
    return JsonResponse({"ok": True})


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
