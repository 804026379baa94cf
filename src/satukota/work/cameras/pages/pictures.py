"""Pictures of cameras, to whoever may see the camera, and to nobody's shared cache."""

import hashlib

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.errors import Missing
from satukota.base.evidence import actions as evidence_store
from satukota.city import access
from satukota.shared.monitoring.models import Reading

from .. import queries
from ..models import CameraReference

SLOTS = ("latest", "last_good")


@require_GET
@login_required
def slot(request: HttpRequest, code: str, slot: str) -> HttpResponse:
    """The newest picture, or the newest good one."""
    camera = queries.camera_for(request.user, code)
    content = evidence_store.slot_content(f"camera/{camera.target.code}/{slot}") if slot in SLOTS else None
    if content is None:
        raise _no_picture()
    return _jpeg(request, content)


@require_GET
@login_required
def evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """The picture kept with a reading because it shows a fault. Looking at it is written down."""
    things = Reading.objects.filter(target__kind="camera").select_related("picture", "target__owner")
    reading = access.one(things, request.user, "cameras.view", owner="target__owner", pk=pk)
    if reading.picture is None:
        raise _no_picture()
    etag = f'"{reading.picture.sha256}"'
    if request.headers.get("If-None-Match") == etag:
        return _private(HttpResponseNotModified(), etag)
    try:
        content = evidence_store.content_of(reading.picture)
    except evidence_store.FileGone:
        raise _no_picture() from None
    audit.record(
        "cameras.evidence_seen", by=request.user, at=clock.now(), on=reading.target,
        opd_code=reading.target.owner.code, after={"reading": reading.pk, "sha256": reading.picture.sha256},
    )  # fmt: skip
    return _jpeg(request, content)


@require_GET
@login_required
def reference(request: HttpRequest, pk: int) -> HttpResponse:
    things = CameraReference.objects.select_related("picture")
    row = access.one(things, request.user, "cameras.view", owner="camera__target__owner", pk=pk)
    try:
        if row.picture is None:
            raise _no_picture()
        return _jpeg(request, evidence_store.content_of(row.picture))
    except evidence_store.FileGone:
        raise _no_picture() from None


def _no_picture() -> Missing:
    return Missing(_("Gambar ini tidak ada atau sudah dihapus pada tanggalnya."), fix=_("Muat ulang halaman kamera."))


def _jpeg(request: HttpRequest, content: bytes) -> HttpResponse:
    etag = f'"{hashlib.sha256(content).hexdigest()}"'
    if request.headers.get("If-None-Match") == etag:
        return _private(HttpResponseNotModified(), etag)
    return _private(HttpResponse(content, content_type="image/jpeg"), etag)


def _private(answer: HttpResponse, etag: str) -> HttpResponse:
    """Kept by the person's own browser only, and asked about each time."""
    answer["ETag"] = etag
    answer["Cache-Control"] = "private, no-cache"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
