"""Making and ending agreements."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, UserError
from satukota.city import access
from satukota.city.models import Kelurahan, Opd

from ..live.purposes import PURPOSES
from ..models import Agreement, Camera, PeerCamera


def make(
    *, number: str, partner: Opd, codes: Sequence[str], purposes: Sequence[str], hours: Sequence[Sequence[str]],
    starts_on: date, ends_on: date, counts: bool, areas: Sequence[str] = (), by: Any, at: datetime,
) -> Agreement:  # fmt: skip
    """An agreement about cameras the partner owns. Raises NotAllowed, UserError."""
    access.require_everywhere(by, "agreements.manage")
    wanted = sorted({code.strip() for code in codes if code.strip()})
    cameras = list(Camera.objects.filter(target__code__in=wanted, target__owner=partner, target__retired_on=None))
    if not wanted or len(cameras) != len(wanted):
        raise UserError(
            _("Ada kamera yang tidak dikenal atau bukan milik %s.") % partner.short_name,
            fix=_("Daftarkan kameranya dengan mitra sebagai pemilik, lalu tulis kodenya."),
        )
    if PeerCamera.objects.filter(pk__in=[camera.pk for camera in cameras]).exists():
        raise UserError(
            _("Kamera instalasi mitra mengikuti perjanjian yang dibuat di sana."),
            fix=_("Minta instalasi itu mengubah perjanjiannya."),
        )
    check_terms(purposes, areas, starts_on, ends_on)
    try:
        with transaction.atomic():
            agreement = Agreement.objects.create(
                number=number.strip(), partner=partner, purposes=sorted(purposes), hours=[list(row) for row in hours],
                areas=sorted(areas), starts_on=starts_on, ends_on=ends_on, counts=counts, made_by=by, made_at=at,
            )  # fmt: skip
            agreement.cameras.set(cameras)
            audit.record(
                "cameras.agreement_made", by=by, at=at, on=agreement, opd_code=partner.code,
                after={"number": agreement.number, "cameras": wanted, "purposes": agreement.purposes,
                       "hours": agreement.hours, "areas": agreement.areas, "until": ends_on},
            )  # fmt: skip
    except IntegrityError as taken:
        raise AlreadyDone(_("Nomor perjanjian ini sudah tercatat."), fix=_("Periksa nomornya.")) from taken
    return agreement


def check_terms(purposes: Sequence[str], areas: Sequence[str], starts_on: date, ends_on: date) -> None:
    """What nobody can agree on, whoever lends. Raises UserError."""
    if not purposes or set(purposes) - PURPOSES.keys():
        raise UserError(_("Keperluan belum dipilih."), fix=_("Pilih untuk apa kameranya boleh dibuka."))
    if set(areas) - set(Kelurahan.objects.values_list("code", flat=True)):
        raise UserError(_("Ada kelurahan yang tidak dikenal."), fix=_("Pilih dari daftar kelurahan."))
    if ends_on < starts_on:
        raise UserError(_("Perjanjian berakhir sebelum mulai."), fix=_("Periksa tanggalnya."))


@transaction.atomic
def revoke(agreement: Agreement, *, why: str, by: Any, at: datetime) -> None:
    """From this moment nobody but the partner looks: open pictures are closed by the hub's next check, seconds later.

    The partner may, and the city's supervisors. Raises NotAllowed, AlreadyDone, UserError.
    """
    access.require(by, "agreements.revoke", agreement.partner_id)
    if not why.strip():
        raise UserError(_("Alasan mengakhiri perjanjian belum ditulis."), fix=_("Tulis satu kalimat."))
    standing = Agreement.objects.filter(pk=agreement.pk, revoked_at=None)
    if not standing.update(revoked_at=at, revoked_by=by, revoked_why=why.strip()[:300]):
        raise AlreadyDone(_("Perjanjian ini sudah diakhiri."), fix=_("Muat ulang halaman."))
    audit.record("cameras.agreement_revoked", by=by, at=at, on=agreement, opd_code=agreement.partner.code, why=why)
