"""What is recorded of one camera: complete or not, the strip of its hours, its gaps; asking for older footage."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.base.jobs import once
from satukota.base.page_frame.choosing import Choose
from satukota.city import access
from satukota.city.gates import needs
from satukota.shared.incidents import queries as incidents

from .. import queries
from ..live.purposes import PURPOSES
from ..models import Camera, RecordedCamera, Recorder, Retrieval
from ..recordings import access as reach
from ..recordings import asking, holding, register
from ..recordings.measuring import MOST_DAYS
from ..recordings.words import offset_words, said_of

USUAL_DAYS = 14  # shown where nobody stated how long footage is kept
GAPS_SHOWN = 100
AROUND = timedelta(minutes=2), timedelta(minutes=3)  # of an incident
MOMENTS = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"]


def moment_field(label: Any, *, required: bool = True) -> forms.DateTimeField:
    """A moment of the city's clock, to the second."""
    widget = forms.DateTimeInput(format=MOMENTS[0], attrs={"type": "datetime-local", "step": "1"})
    return forms.DateTimeField(label=label, input_formats=MOMENTS, widget=widget, required=required)


class AskForm(forms.Form):
    since = moment_field(gettext_lazy("Dari"))
    until = moment_field(gettext_lazy("Sampai"))
    purpose = forms.ChoiceField(
        label=gettext_lazy("Keperluan"), choices=[("", "—"), *((key, one.name) for key, one in PURPOSES.items())]
    )
    incident = forms.CharField(label=gettext_lazy("Nomor insiden"), max_length=20, required=False)
    note = forms.CharField(label=gettext_lazy("Keterangan"), max_length=300, required=False)
    by_hand = forms.BooleanField(label=gettext_lazy("Minta kepada petugas, jangan ditarik"), required=False)
    addressee = forms.CharField(
        label=gettext_lazy("Kepada"), max_length=200, required=False,
        help_text=gettext_lazy("Kosong: penanggung jawab perekam, atau pemilik kamera."),
    )  # fmt: skip

    def __init__(self, *args: Any, can_pull: bool, **more: Any) -> None:
        super().__init__(*args, **more)
        if not can_pull:
            del self.fields["by_hand"]

    def wish(self, key: str) -> asking.Wish:
        said = self.cleaned_data
        return asking.Wish(
            said["since"], said["until"], said["purpose"], said["note"], said["incident"].strip(),
            bool(said.get("by_hand")), said["addressee"], key,
        )  # fmt: skip


class AttachForm(forms.Form):
    recorder = Choose(Recorder.objects.none(), label=gettext_lazy("Perekam"), required=False)
    token = forms.CharField(
        label=gettext_lazy("Kanal (token ONVIF)"), max_length=64, required=False,
        widget=forms.TextInput({"list": "kanal", "autocomplete": "off"}),
    )  # fmt: skip

    def __init__(self, *args: Any, user: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        field: Any = self.fields["recorder"]
        field.queryset = reach.recorders(user, "recordings.manage")


def recording_part(user: Any, camera: Camera, at: datetime) -> dict[str, Any] | None:
    """For the camera's page: None for who may not see it. Four queries."""
    if not access.may_on(user, "recordings.view", camera.target):
        return None
    row = holding.row_of(camera)
    days = _days(row)
    strips = [holding.strip(row, at, n) for n in (1, days)] if row and row.known_to else []
    return {"held": holding.held(row, at), "row": row, "strips": strips, "days": days}


def _days(row: RecordedCamera | None) -> int:
    """How far back it is shown: as long as footage is said to be kept."""
    return min((row.recorder.retention_days if row else None) or USUAL_DAYS, MOST_DAYS)


@require_GET
@needs("recordings.view", find=queries.camera_for, by="code")
def recordings(request: HttpRequest, camera: Camera) -> HttpResponse:
    return _page(request, camera)


def _page(
    request: HttpRequest, camera: Camera, form: AskForm | None = None, problem: UserError | None = None,
    attach: AttachForm | None = None,
) -> HttpResponse:  # fmt: skip
    at, user = clock.now(), request.user
    row = holding.row_of(camera)
    days = _days(row)
    may = {name: access.may_on(user, f"recordings.{name}", camera.target) for name in ("ask", "manage")}
    asked = reach.retrievals(user).filter(camera=camera).order_by("-number")[:20]
    gaps = holding.gaps(row, at - timedelta(days=days), at) if row else []
    told = {
        "camera": camera, "target": camera.target, "row": row, "at": at, "days": days, "may": may, "problem": problem,
        "held": holding.held(row, at), "strip": holding.strip(row, at, days) if row and row.known_to else None,
        "gaps": [(gap, (gap.ended_at - gap.began_at).total_seconds()) for gap in gaps[:GAPS_SHOWN]],
        "offset": offset_words(row.recorder.clock_offset_ms) if row else "",
        "n_gaps": len(gaps), "fault": said_of(_fault(row)) if _fault(row) else None, "asked": list(asked),
        "form": form or (AskForm(initial=_around(request, user), can_pull=_can_pull(row)) if may["ask"] else None),
        "key": once.new_key(), "longest_min": int(asking.longest("replay").total_seconds() // 60),
        "attach": attach or (AttachForm(initial=_attached(row), user=user) if may["manage"] else None),
        "channels": _channels(user) if may["manage"] else [], "crumbs": _crumbs(camera),
    }  # fmt: skip
    errors = (form and form.errors) or (attach and attach.errors)
    return render(
        request, "cameras/recordings.html", told, status=problem.status if problem else 422 if errors else 200
    )


def _fault(row: RecordedCamera | None) -> str:
    return (row.recorder.fault or row.fault) if row else ""


def _channels(user: Any) -> list[tuple[str, str]]:
    """(token, words) of what recorders told they hold, for the list under the field. One query."""
    rows = reach.recorders(user, "recordings.manage").values_list("name", "offered")
    return [(token, f"{name} · {said}") for name, offered in rows for token, said in offered]


def _can_pull(row: RecordedCamera | None) -> bool:
    return row is not None and row.recorder.kind == Recorder.Kind.ONVIF


def _attached(row: RecordedCamera | None) -> dict[str, Any]:
    return {"recorder": row.recorder_id, "token": row.token} if row else {}


def _around(request: HttpRequest, user: Any) -> dict[str, Any]:
    """The form as it opens: around the incident one comes from."""
    number = request.GET.get("insiden", "")[:20]
    if not number:
        return {}
    try:
        found = incidents.incident_for(user, number)
    except UserError:
        return {}
    return {"since": clock.local(found.opened_at - AROUND[0]), "until": clock.local(found.opened_at + AROUND[1]),
            "incident": found.number, "purpose": "incident"}  # fmt: skip


def _crumbs(camera: Camera) -> list[tuple[str, str]]:
    code = camera.target.code
    return [(_("Kamera"), reverse("cameras:list")), (code, reverse("cameras:camera", args=[code]))]


@require_POST
@needs("recordings.ask", find=queries.camera_for, by="code")
def recording_ask(request: HttpRequest, camera: Camera) -> HttpResponse:
    form = AskForm(request.POST, can_pull=_can_pull(holding.row_of(camera)))
    if not form.is_valid():
        return _page(request, camera, form)
    try:
        asked = asking.ask(camera, form.wish(once.key_in(request)), by=request.user, at=clock.now())
    except UserError as refused:
        return _page(request, camera, form, refused)
    said = _("Permintaan %s dicatat; rekaman sedang ditarik.") if asked.way == Retrieval.Way.REPLAY else \
        _("Permintaan %s dicatat dan disampaikan kepada petugasnya.")  # fmt: skip
    notices.success(request, said % asked.number)
    return redirect("cameras:retrieval", asked.number)


@require_POST
@needs("recordings.manage", find=queries.camera_for, by="code")
def recording_attach(request: HttpRequest, camera: Camera) -> HttpResponse:
    form = AttachForm(request.POST, user=request.user)
    if not form.is_valid():
        return _page(request, camera, attach=form)
    said = form.cleaned_data
    try:
        register.attach(camera, said["recorder"], said["token"], by=request.user, at=clock.now())
    except UserError as refused:
        return _page(request, camera, problem=refused, attach=form)
    notices.success(request, _("Perubahan disimpan."))
    return redirect("cameras:recordings", camera.target.code)
