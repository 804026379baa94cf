"""Who of ours looked at a peer's cameras, told to the peer; and who of theirs looked at ours, as we were told."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from satukota.base.audit import actions as audit
from satukota.city.roles import ROLES

from ..live.purposes import PURPOSES
from ..models import Camera, Peer, PeerLook, ToldLook, WatchSession
from . import asking, loans
from .telling import MOST_LOOKS, LooksTold, LookTold, plain

_NOT_TOLD = (
    Q(told=None) | ~Q(told__times=F("times")) | Q(ended_at__isnull=False, told__ended_at=None)
    | Q(ended_at=None, told__ended_at__isnull=False)
)  # fmt: skip


def pseudonym(peer: Peer, person_id: int) -> str:
    """The same for the same person at the same peer; two peers cannot compare theirs."""
    told = f"peer person:{peer.prefix}:{peer.address}:{person_id}"
    return hmac.new(settings.HASH_KEY.encode(), told.encode(), hashlib.sha256).hexdigest()[:16]


def waiting(peer: Peer) -> QuerySet[WatchSession]:
    """Looks of ours the peer was not told, or not to their end."""
    rows = WatchSession.objects.filter(_NOT_TOLD, camera__peer_camera__peer=peer, opened_at__isnull=False)
    return rows.order_by("pk")


def tell(peer: Peer, at: datetime) -> int:
    """Tell what waits, as many as one request takes; how many. Raises UserError."""
    rows = list(waiting(peer).select_related("camera__peer_camera")[:MOST_LOOKS])
    if not rows:
        return 0
    asking.ask(peer, "POST", "/looks", plain(LooksTold(looks=[_told(peer, row) for row in rows])), at=at)
    ToldLook.objects.bulk_create(
        [ToldLook(watch=row, peer=peer, times=row.times, ended_at=row.ended_at, told_at=at) for row in rows],
        update_conflicts=True, unique_fields=["watch"], update_fields=["peer", "times", "ended_at", "told_at"],
    )  # fmt: skip
    return len(rows)


def _told(peer: Peer, row: WatchSession) -> LookTold:
    """Role and office as the hat said them; no name."""
    role = ROLES.get(row.role)
    office = row.hat.rpartition(" · ")[2]
    assert row.opened_at is not None  # asked for above
    return LookTold(
        number=row.pk, camera=row.camera.peer_camera.code, person=pseudonym(peer, row.person_id),
        role=str(role.name) if role else row.role, office=office[:120], purpose=row.purpose, opened_at=row.opened_at,
        ended_at=row.ended_at, watched_s=row.watched_s, times=row.times,
    )  # fmt: skip


@transaction.atomic
def hear(peer: Peer, told: LooksTold, at: datetime) -> dict[str, Any]:
    """Keep what the peer tells of its people's looks; what is no camera lent to it, ever, is not taken."""
    cameras = dict(
        Camera.objects.filter(loans__peer=peer, target__code__in={one.camera for one in told.looks})
        .values_list("target__code", "pk")
    )  # fmt: skip
    refused = []
    for one in told.looks:
        camera_id = cameras.get(one.camera)
        if camera_id is None:
            refused.append(one.number)
            continue
        _keep(peer, one, camera_id, at)
    return {"heard": len(told.looks) - len(refused), "refused": refused}


def _keep(peer: Peer, one: LookTold, camera_id: int, at: datetime) -> None:
    said = {
        "person": one.person, "role": one.role, "office": one.office, "purpose": one.purpose,
        "opened_at": one.opened_at, "ended_at": one.ended_at, "watched_s": one.watched_s, "times": one.times,
        "told_at": at,
    }  # fmt: skip
    known = PeerLook.objects.filter(peer=peer, number=one.number).first()
    if known is not None:
        PeerLook.objects.filter(pk=known.pk).update(**said)
        return
    allowed = any(one.purpose in loan.purposes for loan in loans.open_to(peer, camera_id, at))
    row = PeerLook.objects.create(peer=peer, number=one.number, camera_id=camera_id, within=allowed, **said)
    purpose = PURPOSES.get(one.purpose)
    audit.viewed(
        "federation.watched", by=None, at=at, on=row.camera, opd_code=peer.opd.code,
        purpose=str(purpose.name) if purpose else one.purpose,
        chosen={"peer": peer.name, "person": one.person, "role": one.role, "office": one.office},
    )  # fmt: skip
