"""Pictures of cameras, to whoever may see the camera, and to nobody's shared cache."""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.errors import Missing
from satukota.base.evidence import actions as evidence_store
from satukota.city import access
from satukota.city.gates import needs
from satukota.shared.monitoring.models import Reading

from .. import queries
from ..models import Camera, CameraReference

SLOTS = ("latest", "last_good")


def _reading(user: Any, pk: int, permission: str) -> Reading:
    things = Reading.objects.filter(target__kind="camera").select_related("picture", "target__owner")
    return access.one(things, user, permission, owner="target__owner", pk=pk)


def _reference(user: Any, pk: int, permission: str) -> CameraReference:
    things = CameraReference.objects.select_related("picture")
    return access.one(things, user, permission, owner="camera__target__owner", pk=pk)


@require_GET
@needs("cameras.view", find=queries.camera_for, by="code")
def slot(request: HttpRequest, camera: Camera, slot: str) -> HttpResponse:
    """The newest picture, or the newest good one."""
    content = evidence_store.slot_content(f"camera/{camera.target.code}/{slot}") if slot in SLOTS else None
    if content is None:
        raise _no_picture()
    return _jpeg(request, content)


@require_GET
@needs("cameras.view", find=_reading, by="pk")
def evidence(request: HttpRequest, reading: Reading) -> HttpResponse:
    """The picture kept with a reading because it shows a fault. Looking at it is written down."""
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
@needs("cameras.view", find=_reference, by="pk")
def reference(request: HttpRequest, row: CameraReference) -> HttpResponse:
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
