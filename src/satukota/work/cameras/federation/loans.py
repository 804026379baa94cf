"""Our cameras lent to another installation: made and ended here, told to it on its asking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, UserError
from satukota.city import access
from satukota.shared.monitoring import queries as monitoring

from ..lending import terms
from ..lending.actions import check_terms
from ..models import Agreement, Camera, Loan, Peer, PeerCamera
from .telling import CameraTold, LendingTold, LoanTold

ENDED_TOLD = timedelta(days=30)  # an ended loan is still told for so long, so that the other side reads why


def make(
    *, number: str, peer: Peer, codes: Sequence[str], purposes: Sequence[str], hours: Sequence[Sequence[str]],
    areas: Sequence[str], starts_on: date, ends_on: date, counts: bool, by: Any, at: datetime,
) -> Loan:  # fmt: skip
    """Lend cameras of our own register. Raises NotAllowed, AlreadyDone, UserError."""
    access.require_everywhere(by, "agreements.manage")
    if peer.closed_at is not None:
        raise UserError(_("Hubungan dengan instalasi ini sudah ditutup."), fix=_("Gabungkan kembali dahulu."))
    wanted = sorted({code.strip() for code in codes if code.strip()})
    cameras = list(Camera.objects.filter(target__code__in=wanted, target__retired_on=None))
    if not wanted or len(cameras) != len(wanted):
        raise UserError(_("Ada kamera yang tidak dikenal."), fix=_("Tulis kode kamera dari daftar kamera."))
    ids = [camera.pk for camera in cameras]
    if Agreement.objects.filter(cameras__in=ids).exists() or PeerCamera.objects.filter(pk__in=ids).exists():
        raise UserError(
            _("Ada kamera yang dipinjam dari pihak lain; itu tidak boleh dipinjamkan lagi."),
            fix=_("Minta pemiliknya meminjamkannya langsung."),
        )
    check_terms(purposes, areas, starts_on, ends_on)
    try:
        with transaction.atomic():
            loan = Loan.objects.create(
                number=number.strip(), peer=peer, purposes=sorted(purposes), hours=[list(row) for row in hours],
                areas=sorted(areas), starts_on=starts_on, ends_on=ends_on, counts=counts, made_by=by, made_at=at,
            )  # fmt: skip
            loan.cameras.set(cameras)
            audit.record(
                "federation.lent", by=by, at=at, on=loan, opd_code=peer.opd.code,
                after={"number": loan.number, "cameras": wanted, "purposes": loan.purposes, "hours": loan.hours,
                       "areas": loan.areas, "until": ends_on},
            )  # fmt: skip
            _tell(peer)
    except IntegrityError as taken:
        raise AlreadyDone(_("Nomor perjanjian ini sudah tercatat."), fix=_("Periksa nomornya.")) from taken
    return loan


@transaction.atomic
def revoke(loan: Loan, *, why: str, by: Any, at: datetime) -> None:
    """From this moment nothing goes out: pictures on their way end within a second, and the other side is told.

    Raises NotAllowed, AlreadyDone, UserError.
    """
    access.require(by, "agreements.manage")
    if not why.strip():
        raise UserError(_("Alasan mengakhiri perjanjian belum ditulis."), fix=_("Tulis satu kalimat."))
    standing = Loan.objects.filter(pk=loan.pk, revoked_at=None)
    if not standing.update(revoked_at=at, revoked_by=by, revoked_why=why.strip()[:300]):
        raise AlreadyDone(_("Perjanjian ini sudah diakhiri."), fix=_("Muat ulang halaman."))
    audit.record("federation.lending_ended", by=by, at=at, on=loan, opd_code=loan.peer.opd.code, why=why)
    _tell(loan.peer)


def _tell(peer: Peer) -> None:
    from .tasks import say_changed

    transaction.on_commit(partial(say_changed.enqueue, peer.pk))


def told_to(peer: Peer, at: datetime) -> LendingTold:
    """What the peer may know: its loans, and of the cameras lent today what stands in our register. Four queries."""
    today = clock.local(at).date()
    loans = list(
        Loan.objects.filter(peer=peer).exclude(revoked_at__lt=at - ENDED_TOLD)
        .exclude(ends_on__lt=today - ENDED_TOLD).prefetch_related("cameras__target")
    )  # fmt: skip
    standing = {pk for pk in terms.in_force(at, Loan).filter(peer=peer).values_list("pk", flat=True)}
    lent = {camera.pk for loan in loans if loan.pk in standing for camera in loan.cameras.all()}
    rows = Camera.objects.filter(pk__in=lent, target__retired_on=None).select_related("target__kelurahan")
    known = rows.annotate(state_now=monitoring.state_now("target__"), cause_now=monitoring.cause_now("target__"))
    return LendingTold(
        at=at,
        time_zone=settings.TIME_ZONE,
        loans=[_loan(one) for one in loans],
        cameras=[_camera(one) for one in known],
    )


def _loan(loan: Loan) -> LoanTold:
    return LoanTold(
        number=loan.number, purposes=loan.purposes, hours=loan.hours, areas=loan.areas, starts_on=loan.starts_on,
        ends_on=loan.ends_on, counts=loan.counts, revoked_at=loan.revoked_at, revoked_why=loan.revoked_why,
        cameras=[camera.target.code for camera in loan.cameras.all()],
    )  # fmt: skip


def _camera(camera: Any) -> CameraTold:
    target = camera.target
    return CameraTold(
        code=target.code, name=target.name, kind=camera.kind, purpose=camera.purpose, lon=target.lon, lat=target.lat,
        kelurahan=target.kelurahan.code if target.kelurahan else "", bearing_deg=camera.bearing_deg,
        fov_deg=camera.fov_deg, range_m=camera.range_m, height_m=camera.height_m, width=camera.width,
        height=camera.height, state=camera.state_now, cause=camera.cause_now or "", looked_at=target.last_reading_at,
    )  # fmt: skip


def open_to(peer: Peer, camera_id: int, at: datetime) -> list[Loan]:
    """Loans to this peer under which the camera may be looked at now. One query."""
    return terms.allowed_now(Loan.objects.filter(peer=peer, peer__closed_at=None, cameras=camera_id), at)
