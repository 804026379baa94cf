"""Where live view finds a camera's streams, whether looking asks for a purpose, and how long it is remembered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from satukota.base.audit import actions as audit
from satukota.city import access

from ..models import Camera, LiveSource

FIELDS = ("main_address", "sub_address", "is_protected", "buffer_minutes")


def settings_of(camera: Camera) -> dict[str, Any]:
    """What holds now, by `FIELDS`. One query."""
    source = LiveSource.objects.filter(camera=camera).first() or LiveSource(camera=camera)
    return {name: getattr(source, name) for name in FIELDS}


@transaction.atomic
def change_settings(camera: Camera, said: dict[str, Any], *, by: Any, at: datetime) -> bool:
    """False when nothing changed. An empty address is the one that is checked. Raises NotAllowed."""
    access.require(by, "cameras.edit", camera.target.owner_id, camera.target.kelurahan_id)
    before = settings_of(camera)
    if before == said:
        return False
    LiveSource.objects.update_or_create(camera=camera, defaults=said)
    audit.record(
        "cameras.live_settings", by=by, at=at, on=camera, opd_code=camera.target.owner.code, before=before, after=said
    )
    return True
