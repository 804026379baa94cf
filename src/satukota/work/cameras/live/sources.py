"""Where live view finds a camera's streams, and whether looking asks for a purpose."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from satukota.base import addresses
from satukota.base.audit import actions as audit
from satukota.city import access

from ..models import Camera, LiveSource


@transaction.atomic
def set_source(
    camera: Camera, *, main_address: str, sub_address: str, is_protected: bool, by: Any, at: datetime
) -> LiveSource:  # fmt: skip
    """Raises NotAllowed, and UserError for an address that cannot be one. Empty: the address that is checked."""
    access.require(by, "cameras.edit", camera.target.owner_id, camera.target.kelurahan_id)
    main, sub = (
        str(addresses.check_address(text, schemes=("rtsp",))) if text.strip() else ""
        for text in (main_address, sub_address)
    )
    before = LiveSource.objects.filter(pk=camera.pk).first()
    row, _made = LiveSource.objects.update_or_create(
        pk=camera.pk, defaults={"main_address": main, "sub_address": sub, "is_protected": is_protected}
    )
    audit.record(
        "cameras.live_source_set", by=by, at=at, on=camera, opd_code=camera.target.owner.code,
        before=_told(before) if before else None, after=_told(row),
    )  # fmt: skip
    return row


def _told(row: LiveSource) -> dict[str, Any]:
    return {"main": row.main_address, "sub": row.sub_address, "protected": row.is_protected}
