"""Public cameras: what citizens see, and the list in which the city decides it and sees where its signs are missing."""

from django import forms
from django.contrib import messages as notices
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.city import access
from satukota.city.gates import for_everyone, needs

from .. import public
from ..models import Camera, PublicView
from ..queries import camera_for, cameras

SERVED_AGAIN_S = 10  # how long a browser may show the same file; a withdrawn camera is gone from screens after it


class PublishForm(forms.Form):
    ground = forms.CharField(max_length=300, required=False)
    delay_s = forms.IntegerField(required=False, min_value=0, max_value=public.LONGEST_DELAY_S)


@require_GET
@for_everyone("pictures the city decided to show, late and small")
def public_cameras(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    standing = PublicView.objects.filter(ended_at=None, camera__target__retired_on=None)
    views = list(standing.select_related("camera__target__kelurahan").order_by("camera__target__name"))
    return render(request, "cameras/public.html", {"views": views, "at": now, "signs": _signs()})


@require_GET
@for_everyone("pictures the city decided to show, late and small")
def public_picture(request: HttpRequest, code: str) -> HttpResponse:
    found = public.picture(code, clock.now())
    if found is None:
        raise Http404
    content, taken_at = found
    answer = HttpResponse(content, content_type="image/jpeg")
    answer["Cache-Control"] = f"public, max-age={SERVED_AGAIN_S}"
    answer["Last-Modified"] = http_date(taken_at.timestamp())
    answer["X-Taken-At"] = taken_at.isoformat()
    return answer


def _signs() -> dict[str, int]:
    """How many places of cameras tell people so. One query."""
    known = list(Camera.objects.filter(target__retired_on=None).values_list("sign_installed", flat=True))
    return {"yes": known.count(True), "no": known.count(False), "unknown": known.count(None), "total": len(known)}


@require_GET
@needs("cameras.publish")
def publishing(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, problem: UserError | None = None) -> HttpResponse:
    standing = Prefetch("public_views", PublicView.objects.filter(ended_at=None), to_attr="standing")
    rows = cameras(request.user).filter(target__retired_on=None).select_related("target").prefetch_related(standing)
    told = {
        "rows": [(row, row.standing[0] if row.standing else None) for row in rows.order_by("target__code")],
        "signs": _signs(), "problem": problem, "crumbs": [(_("Kamera"), reverse("cameras:list"))],
    }  # fmt: skip
    return render(request, "cameras/publishing.html", told, status=problem.status if problem else 200)


@require_POST
@needs("cameras.publish", find=camera_for, by="code")
def publish(request: HttpRequest, camera: Camera) -> HttpResponse:
    """Make public, or take back when it is."""
    form = PublishForm(request.POST)
    if not form.is_valid():
        return _page(request, UserError(_("Tunda tidak terbaca."), fix=_("0–3600 detik.")))
    ground, now = form.cleaned_data["ground"], clock.now()
    try:
        if PublicView.objects.filter(camera=camera, ended_at=None).exists():
            public.withdraw(camera, why=ground, by=request.user, at=now)
            notices.success(request, _("%s tidak lagi publik.") % camera.target.code)
        else:
            delay = form.cleaned_data["delay_s"]
            public.publish(camera, ground=ground, delay_s=60 if delay is None else delay, by=request.user, at=now)
            notices.success(request, _("%s menjadi publik.") % camera.target.code)
    except UserError as refused:
        if refused.status == 404:
            raise access.not_found() from None
        return _page(request, refused)
    return redirect("cameras:publishing")
