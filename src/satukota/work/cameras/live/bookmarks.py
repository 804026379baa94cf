"""Pictures taken out of the live stream, with a note: taken by us from the stream, never from the browser."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.errors import UserError
from satukota.base.evidence import actions as evidence
from satukota.city import access
from satukota.shared.incidents import queries as incidents

from ..models import Camera, CameraBookmark, PeerCamera, WatchSession
from . import hub_client
from .still import NoStill, jpeg_of

RECENT = timedelta(minutes=2)


def bookmark(camera: Camera, *, note: str, incident_number: str, by: Any, at: datetime) -> CameraBookmark:
    """Keep the newest key picture of the stream the person watches, with its hash, source and moment.

    Raises NotAllowed, UserError.
    """
    access.require(by, "cameras.watch", camera.target.owner_id, camera.target.kelurahan_id)
    if PeerCamera.objects.filter(pk=camera.pk).exists():
        raise UserError(
            _("Gambar kamera instalasi mitra tidak disimpan di sini."), fix=_("Minta gambarnya kepada pemiliknya.")
        )
    watched = WatchSession.objects.filter(camera=camera, person=by, ended_at=None, last_seen_at__gte=at - RECENT)
    key = asyncio.run(hub_client.last_key(camera.pk)) if watched.exists() else None
    if key is None:
        raise UserError(
            _("Tidak ada gambar langsung kamera ini yang sedang terbuka."),
            fix=_("Buka gambar langsungnya, lalu ulangi."),
        )
    try:
        picture = jpeg_of(key.codec, key.content)
    except NoStill:
        raise UserError(_("Gambar ini tidak dapat disimpan."), fix=_("Coba lagi sebentar lagi.")) from None
    return _keep(camera, picture, datetime.fromtimestamp(key.at, UTC), note, incident_number, by, at)


@transaction.atomic
def _keep(
    camera: Camera, picture: bytes, taken_at: datetime, note: str, incident_number: str, by: Any, at: datetime
) -> CameraBookmark:  # fmt: skip
    incident = incidents.incident_for(by, incident_number) if incident_number else None
    file = evidence.keep(
        picture, media_type="image/jpeg", kind="live_picture", source=camera.target.code, taken_at=taken_at,
        delete_on=clock.local(at).date() + timedelta(days=settings.PICTURE_DAYS),
    )  # fmt: skip
    row = CameraBookmark.objects.create(
        camera=camera, at=taken_at, note=note.strip()[:300], picture=file, by=by, incident=incident
    )
    audit.record(
        "cameras.picture_kept", by=by, at=at, on=camera, opd_code=camera.target.owner.code,
        after={"sha256": file.sha256, "note": row.note, "incident": incident_number},
    )  # fmt: skip
    return row
