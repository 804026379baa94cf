"""The page of one camera: who answers for it, what it is now, why we believe that, and what may be done."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.errors import Missing, UserError
from satukota.base.page_frame.filling import refusals_on
from satukota.city import access
from satukota.city import queries as city
from satukota.city.gates import needs
from satukota.rules import availability as rule
from satukota.rules.availability import Availability, Bin
from satukota.shared.incidents import queries as incidents
from satukota.shared.monitoring import actions as monitoring_actions
from satukota.shared.monitoring import queries as monitoring
from satukota.shared.monitoring.models import MaintenanceWindow

from .. import actions, queries, reference_actions
from ..forms import CameraForm, MaintenanceForm, RetireForm
from ..measured import own_error_rate
from ..models import Camera
from ..words import (
    PURPOSES,
    SENSITIVITY,
    cause_words,
    hours_words,
    measure_rows,
    reason_words,
    reference_words,
    trail_rows,
)
from .live import live_part, moves
from .recordings import recording_part

BINS = {1: 96, 30: 120, 365: 122}  # days → bars: quarter hours, six hours, three days


@require_GET
@needs("cameras.view", find=queries.camera_for, by="code")
def camera_page(request: HttpRequest, camera: Camera) -> HttpResponse:
    if access.may_on(request.user, "cameras.technical", camera.target):
        owner = camera.target.owner.code
        audit.viewed("cameras.technical_seen", by=request.user, at=clock.now(), on=camera, opd_code=owner)
    told = _now(request, camera) | {
        "crumbs": [(_("Kamera"), reverse("cameras:list"))],
        "references": _references(camera),
        "hours": hours_words(camera.target.required_hours),
        "purpose": PURPOSES.get(camera.purpose, camera.purpose),
        "sensitivity": SENSITIVITY.get(camera.sensitivity, camera.sensitivity),
        "error_rate": own_error_rate(),
        "maintenance_form": MaintenanceForm(),
        "retire_form": RetireForm(),
        "recording": recording_part(request.user, camera, clock.now()),
    }
    return render(request, "cameras/camera.html", told)


@require_GET
@needs("cameras.view", find=queries.camera_for, by="code")
def panel(request: HttpRequest, camera: Camera) -> HttpResponse:
    """The same, small enough for the map's drawer."""
    return render(request, "cameras/_panel.html", _now(request, camera, "map"))


def _now(request: HttpRequest, camera: Camera, place: str = "camera") -> dict[str, Any]:
    """What page and panel both say."""
    now, target = clock.now(), camera.target
    may = {
        name: access.may_on(request.user, permission, target)
        for name, permission in (
            ("edit", "cameras.edit"), ("technical", "cameras.technical"), ("reference", "cameras.reference"),
            ("maintain", "maintenance.declare"), ("handle", "incidents.handle"),
        )
    }  # fmt: skip
    reading, fault = queries.last_readings(camera)
    windows = queries.maintenance_of(camera, now)
    open_incidents = access.visible(incidents.for_target(camera.pk), request.user, "incidents.view")
    return {
        "camera": camera, "target": target, "at": now, "may": may,
        "words": cause_words(camera.cause_now), "peer_camera": getattr(camera, "peer_camera", None),
        "reading": reading,
        "trail": trail_rows(reading.trail) if reading else [],
        "measures": measure_rows(reading.measures) if reading else [],
        "picture": queries.picture_of(camera, now),
        "fault": fault,
        "windows": windows,
        "officer": target.officer or city.duty_officer(target.owner_id, now), "may_call": access.may_call(request.user),
        "open_incidents": open_incidents.exclude(state="closed")[:5],
        "days": list(BINS),
        "live": live_part(request.user, camera, place),
        "live_moves": moves(),
    }  # fmt: skip


@require_GET
@needs("cameras.view", find=queries.camera_for, by="code")
def availability(request: HttpRequest, camera: Camera, days: int) -> HttpResponse:
    """How much of the last 1, 30 or 365 days it worked, and the strip that shows it. Apart, for its statements."""
    if days not in BINS:
        raise Missing(_("Rentang ini tidak tersedia."), fix=_("Pilih 1, 30, atau 365 hari."))
    now = clock.now()
    since = now - timedelta(days=days)
    bins = monitoring.strip(camera.pk, since, now, BINS[days])
    known = _availability(camera, bins, since)
    told = {
        "name": _("24 jam") if days == 1 else _("%d hari") % days,
        "availability": known,
        "reason": reason_words(known.reason) if known.ratio is None else "",
        "bars": [bar_class(one) for one in bins],
        "since": since,
        "until": now,
    }
    return render(request, "cameras/_span.html", {"span": told})


def _availability(camera: Camera, bins: list[Bin], since: datetime) -> Availability:
    """Of a camera required always, the bins say it all; required hours need the mechanism's own calculation."""
    target = camera.target
    if target.required_hours:
        return monitoring.availability([camera.pk], since, clock.now())[camera.pk]
    counted = ("up_s", "degraded_s", "down_s", "unknown_s", "maintenance_s")
    sums = {name: sum(getattr(one, name) for one in bins) for name in counted}
    return rule.availability(rule.Parts(required_s=sum(sums.values()), **sums), target.watched_from)


def bar_class(one: Bin) -> str:
    """The worst of a bin, so that a minute's failure is seen in a bar of three days."""
    for state in ("down", "degraded", "unknown", "maintenance", "up"):
        if getattr(one, f"{state}_s"):
            return state
    return "unseen"


def _references(camera: Camera) -> list[dict[str, Any]]:
    rows = reference_actions.references_for(camera)
    return [{"row": row, "words": reference_words(row.mode, row.hour_bin)} for row in rows]


@require_GET
@needs("cameras.view", find=queries.camera_for, by="code")
def records(request: HttpRequest, camera: Camera) -> HttpResponse:
    """The record of the camera: incidents, status changes, declared work, the last readings."""
    told = {
        "camera": camera, "target": camera.target,
        "incidents": access.visible(incidents.for_target(camera.pk), request.user, "incidents.view")[:20],
        "changes": [(change, cause_words(change.cause)) for change in monitoring.status_history(camera.pk, 30)],
        "works": MaintenanceWindow.objects.filter(target=camera.pk).select_related("declared_by")[:10],
        "bookmarks": camera.bookmarks.select_related("by", "incident")[:12]
                     if access.may_on(request.user, "cameras.watch", camera.target) else [],
        "readings": [(reading, cause_words(reading.cause)) for reading in queries.recent_readings(camera)],
        "at": clock.now(),
    }  # fmt: skip
    return render(request, "cameras/_records.html", told)


@require_GET
@needs("cameras.view")
def error_rate(request: HttpRequest) -> HttpResponse:
    """How often our judging is wrong, fault by fault."""
    told = {"grounds": own_error_rate(), "crumbs": [(_("Kamera"), reverse("cameras:list"))]}
    return render(request, "cameras/error_rate.html", told)


@require_http_methods(["GET", "POST"])
@needs("cameras.edit", find=queries.camera_for, by="code")
def edit(request: HttpRequest, camera: Camera) -> HttpResponse:
    code = camera.target.code
    form = CameraForm(camera, request.POST or None)
    if form.is_valid():
        with refusals_on(form):
            changed = actions.edit_camera(
                camera.pk, form.values(), password=form.cleaned_data["password"] or None, was=form.seen_values(),
                by=request.user, at=clock.now(),
            )  # fmt: skip
            messages.success(request, _("Perubahan disimpan.") if changed else _("Tidak ada yang berubah."))
            return redirect("cameras:camera", code)
    told = {
        "camera": camera, "target": camera.target, "form": form, "sections": form.sections(),
        "crumbs": [(_("Kamera"), reverse("cameras:list")), (code, reverse("cameras:camera", args=[code]))],
    }  # fmt: skip
    return render(request, "cameras/edit.html", told, status=422 if form.errors else 200)


@require_POST
@needs("incidents.handle", find=queries.camera_for, by="code")
def look(request: HttpRequest, camera: Camera) -> HttpResponse:
    actions.look_now(camera, by=request.user, at=clock.now())
    messages.info(request, _("Pemeriksaan diminta; hasilnya muncul setelah kamera dilihat."))
    return redirect("cameras:camera", camera.target.code)


@require_POST
@needs("cameras.reference", find=queries.camera_for, by="code")
def accept_reference(request: HttpRequest, camera: Camera) -> HttpResponse:
    """Make the newest picture the reference, or let go of all references after the camera was moved on purpose."""
    if "reset" in request.POST:
        why = request.POST.get("reason", "")[:300]
        reference_actions.reset_references(camera, why=why, by=request.user, at=clock.now())
        messages.success(request, _("Semua acuan dilepas; kamera belum terverifikasi sampai ada acuan baru."))
    else:
        reference_actions.accept_reference(camera, by=request.user, at=clock.now())
        messages.success(request, _("Gambar terakhir dijadikan acuan baru."))
    return redirect("cameras:camera", camera.target.code)


@require_POST
@needs("maintenance.declare", find=queries.camera_for, by="code")
def maintenance(request: HttpRequest, camera: Camera) -> HttpResponse:
    """Declare work that begins now, or end a declared one."""
    now, code = clock.now(), camera.target.code
    if "end" in request.POST:
        window = MaintenanceWindow.objects.filter(target=camera.pk, pk=_whole(request.POST["end"])).first()
        if window is None:
            raise Missing(_("Pemeliharaan ini tidak ditemukan."), fix=_("Muat ulang halaman kamera."))
        monitoring_actions.end_maintenance(window.pk, by=request.user, at=now)
        messages.success(request, _("Pemeliharaan diakhiri."))
        return redirect("cameras:camera", code)
    form = MaintenanceForm(request.POST)
    if not form.is_valid():
        raise UserError(_("Pemeliharaan belum lengkap."), fix=_("Pilih lamanya dan tulis pekerjaannya."))
    monitoring_actions.declare_maintenance(
        camera.pk, starts_at=now, ends_at=form.ends_at(now), reason=form.cleaned_data["reason"], by=request.user, at=now
    )
    messages.success(request, _("Pemeliharaan dicatat dan akan berakhir sendiri."))
    return redirect("cameras:camera", code)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@require_POST
@needs("cameras.edit", find=queries.camera_for, by="code")
def retire(request: HttpRequest, camera: Camera) -> HttpResponse:
    """Take out of service, or bring back."""
    if "back" in request.POST:
        actions.bring_back_camera(camera.pk, by=request.user, at=clock.now())
        messages.success(request, _("Kamera aktif kembali."))
    else:
        actions.retire_camera(camera.pk, reason=request.POST.get("reason", "")[:300], by=request.user, at=clock.now())
        messages.success(request, _("Kamera dihentikan; riwayatnya tetap ada."))
    return redirect("cameras:camera", camera.target.code)
