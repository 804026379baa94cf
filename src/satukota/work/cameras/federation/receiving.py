"""What another installation lends us, as it tells it: agreements, cameras in our register, and how they are."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.errors import UserError
from satukota.city import queries as city
from satukota.city.models import Kelurahan

from ..lending import terms
from ..models import Agreement, Camera, Peer, PeerCamera
from . import EVERY_S, PEER_KIND, asking, looks
from .telling import CameraTold, LendingTold, LoanTold, read

log = logging.getLogger(__name__)


def sync_all(at: datetime) -> int:
    """Ask every peer what it lends, and tell it what ours looked at. One that is silent does not hold up the others."""
    done = 0
    for peer in Peer.objects.filter(closed_at=None).select_related("opd"):
        try:
            sync(peer, at)
            done += 1
        except UserError as problem:
            log.info("%s did not answer: %s", peer.prefix, problem.text)
    return done


def sync(peer: Peer, at: datetime) -> None:
    """Raises UserError; how it went stands on the peer."""
    told = read(LendingTold, asking.ask(peer, "GET", "/loans", at=at))
    _check_clock(peer, told)
    take(peer, told, at)
    looks.tell(peer, at)


def _check_clock(peer: Peer, told: LendingTold) -> None:
    if told.time_zone == settings.TIME_ZONE or not any(loan.hours for loan in told.loans):
        return
    problem = UserError(
        _("Instalasi itu memakai zona waktu lain: jam dalam perjanjiannya tidak dapat diartikan di sini."),
        fix=_("Minta perjanjian tanpa jam; jamnya tetap dijaga di sana."), code="zona_waktu_lain",
    )  # fmt: skip
    Peer.objects.filter(pk=peer.pk).update(problem=problem.text[:300], problem_since=peer.problem_since or clock.now())
    raise problem


@transaction.atomic
def take(peer: Peer, told: LendingTold, at: datetime) -> None:
    """Make our rows as it was told. What is not told any more has ended."""
    Peer.objects.select_for_update().get(pk=peer.pk)  # two syncs at once would make things twice
    cameras = {one.code: _camera(peer, one, at) for one in told.cameras}
    ours = {one.number: one for one in Agreement.objects.filter(peer=peer)}
    for loan in told.loans:
        _agreement(peer, ours.pop(loan.number, None), loan, cameras, at)
    for gone in ours.values():
        if gone.revoked_at is None:
            _end(gone, at, _("tidak lagi disebut oleh pemiliknya"))
    put_away(peer, at)


def _agreement(
    peer: Peer, known: Agreement | None, loan: LoanTold, cameras: dict[str, Camera], at: datetime
) -> None:  # fmt: skip
    said: dict[str, Any] = {
        "purposes": sorted(loan.purposes), "hours": [list(row) for row in loan.hours], "areas": sorted(loan.areas),
        "starts_on": loan.starts_on, "ends_on": max(loan.ends_on, loan.starts_on), "counts": loan.counts,
    }  # fmt: skip
    if known is None:
        if loan.revoked_at is not None:
            return  # over before we heard of it
        known = Agreement.objects.create(
            number=loan.number, partner=peer.opd, peer=peer, made_by=peer.joined_by, made_at=at, **said
        )
        audit.record("federation.borrowed", by=None, at=at, on=known, opd_code=peer.opd.code, after=_plain(said))
    elif before := {name: getattr(known, name) for name, value in said.items() if getattr(known, name) != value}:
        Agreement.objects.filter(pk=known.pk).update(**said)
        after = {name: said[name] for name in before}
        audit.record("federation.terms_changed", by=None, at=at, on=known, opd_code=peer.opd.code,
                     before=_plain(before), after=_plain(after))  # fmt: skip
    if loan.revoked_at is not None and known.revoked_at is None:
        _end(known, at, loan.revoked_why)
    lent = [cameras[code] for code in loan.cameras if code in cameras]
    if known.revoked_at is None and {one.pk for one in lent} != set(known.cameras.values_list("pk", flat=True)):
        known.cameras.set(lent)


def _plain(said: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if hasattr(value, "isoformat") else value for name, value in said.items()}


def _end(agreement: Agreement, at: datetime, why: str) -> None:
    why = why.strip()[:300] or "—"
    Agreement.objects.filter(pk=agreement.pk).update(revoked_at=at, revoked_why=why)
    agreement.revoked_at = at
    audit.record("federation.borrowing_ended", by=None, at=at, on=agreement, opd_code=agreement.partner.code, why=why)


def put_away(peer: Peer, at: datetime) -> None:
    """Cameras of the peer that no standing agreement names are out of service; those named again are back."""
    from satukota.shared.monitoring.models import Target

    named = set(
        Agreement.cameras.through.objects.filter(agreement__in=terms.in_force(at).filter(peer=peer))
        .values_list("camera_id", flat=True)
    )  # fmt: skip
    theirs = Target.objects.filter(camera__peer_camera__peer=peer)
    theirs.filter(retired_on=None).exclude(pk__in=named).update(retired_on=clock.local(at).date())
    theirs.filter(pk__in=named, retired_on__isnull=False).update(retired_on=None, next_due_at=at)


def _camera(peer: Peer, told: CameraTold, at: datetime) -> Camera:
    from satukota.shared.monitoring.models import Target

    known = PeerCamera.objects.select_related("camera__target").filter(peer=peer, code=told.code).first()
    of_target = {
        "name": told.name, "lon": told.lon, "lat": told.lat, "kelurahan_id": _area_of(told), "owner_id": peer.opd_id,
    }  # fmt: skip
    of_camera = {
        "kind": told.kind if told.kind in Camera.Kind.values else Camera.Kind.FIXED, "purpose": told.purpose,
        "bearing_deg": told.bearing_deg, "fov_deg": told.fov_deg, "range_m": told.range_m, "height_m": told.height_m,
        "width": told.width, "height": told.height,
    }  # fmt: skip
    if known is None:
        target = Target.objects.create(
            kind=PEER_KIND, code=_free_code(peer, told.code), interval_s=EVERY_S, **of_target
        )
        camera = Camera.objects.create(target=target, **of_camera)
        known = PeerCamera(camera=camera, peer=peer, code=told.code)
    else:
        camera = known.camera
        _save(camera.target, of_target)
        _save(camera, of_camera)
    is_news = (known.state, known.cause) != (told.state, told.cause)
    known.state, known.cause, known.looked_at, known.told_at = told.state, told.cause, told.looked_at, at
    known.save()
    if is_news:
        Target.objects.filter(pk=camera.pk).update(next_due_at=at)
    return camera


def _save(row: Any, said: dict[str, Any]) -> None:
    changed = [name for name, value in said.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, said[name])
    if changed:
        row.save(update_fields=[name.removesuffix("_id") for name in changed])


def _area_of(told: CameraTold) -> int | None:
    """Kelurahan codes are the nation's: the same there and here. A neighbour's is none of ours."""
    pk = Kelurahan.objects.filter(code=told.kelurahan).values_list("pk", flat=True).first() if told.kelurahan else None
    if pk is None and told.lon is not None and told.lat is not None:
        found = city.kelurahan_of(told.lon, told.lat)
        pk = found.pk if found else None
    return pk


def _free_code(peer: Peer, code: str) -> str:
    from satukota.shared.monitoring.models import Target

    wanted = f"{peer.prefix}-{code}"[:40]
    taken: Iterable[int] = range(2, 1000)
    if not Target.objects.filter(code=wanted).exists():
        return wanted
    return next(
        free for number in taken
        if not Target.objects.filter(code=(free := f"{wanted[:36]}-{number}")).exists()
    )  # fmt: skip
