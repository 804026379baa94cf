"""The hand-over, signed first by who leaves and then by who comes. What was signed cannot change."""

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, UserError
from satukota.city.models import Person

from .. import access, queries, sheet
from ..models import HandOver, Shift

EARLY = timedelta(hours=1)  # before the end of the shift
NOTES_MOST = 4000


@transaction.atomic
def sign_out(shift_id: int, *, notes: str, seen: str, by: Any, at: datetime) -> HandOver:
    """Who leaves signs what is true now and their notes. `seen`: hash of the facts their screen showed.

    Raises UserError when they did not sit there, it is too early, or the facts changed since; AlreadyDone.
    """
    shift, me = access.shift_for(by, shift_id, "shifts.view"), _sitter(by, shift_id, _("menyerahkan"))
    if at < shift.ends_at - EARLY:
        raise UserError(_("Serah terima dapat ditandatangani sejam sebelum giliran berakhir."), fix=_("Tunggu dahulu."))
    if HandOver.objects.filter(shift=shift).exists():
        raise AlreadyDone(_("Giliran ini sudah diserahkan."), fix=_("Muat ulang halaman."))
    notes = notes.replace("\x00", "").strip()
    if len(notes) > NOTES_MOST:
        raise UserError(_("Catatan lebih dari %d huruf.") % NOTES_MOST, fix=_("Persingkat; catat pada insidennya."))
    content = sheet.content_of(shift, at)
    if sheet.hash_of(shift, content, "") != seen:
        raise UserError(_("Keadaan berubah sejak halaman ini dibuka."),
                        fix=_("Baca lagi isinya, lalu tanda tangani; catatan Anda masih ada."))  # fmt: skip
    try:
        with transaction.atomic():
            row = HandOver.objects.create(
                shift=shift, content=content, notes=notes, sha256=sheet.hash_of(shift, content, notes),
                signed_out_by=me, signed_out_at=at,
            )  # fmt: skip
    except IntegrityError as problem:
        raise AlreadyDone(_("Giliran ini sudah diserahkan."), fix=_("Muat ulang halaman.")) from problem
    _write(row, "shifts.signed_out", by, at)
    return row


@transaction.atomic
def sign_in(shift_id: int, *, by: Any, at: datetime) -> HandOver:
    """Who comes takes over what was signed. UserError: not of the next shift, the same person, not signed yet."""
    shift = access.shift_for(by, shift_id, "shifts.view")
    row = HandOver.objects.select_for_update().filter(shift=shift).first()
    if row is None:
        raise UserError(_("Lembar ini belum ditandatangani yang menyerahkan."), fix=_("Minta ia menandatanganinya."))
    after = queries.next_shift(shift)
    if after is None:
        raise UserError(_("Giliran berikutnya belum disusun."), fix=_("Minta supervisor menyusun jadwalnya."))
    me = _sitter(by, after.pk, _("menerima"))
    if me.pk == row.signed_out_by_id:
        raise UserError(_("Yang menyerahkan tidak dapat menerima dari dirinya sendiri."),
                        fix=_("Minta petugas lain atau supervisor giliran berikutnya."))  # fmt: skip
    if not sheet.is_whole(shift, row.content, row.notes, row.sha256):
        raise UserError(_("Isi lembar ini tidak cocok dengan sidiknya."), fix=_("Jangan tanda tangani; lapor admin."))
    waiting = HandOver.objects.filter(pk=row.pk, signed_in_at=None)
    if not waiting.update(signed_in_by=me, signed_in_at=at):
        raise AlreadyDone(_("Serah terima ini sudah diterima."), fix=_("Muat ulang halaman."))
    row.signed_in_by, row.signed_in_at = me, at
    _write(row, "shifts.signed_in", by, at)
    return row


def _sitter(by: Any, shift_id: int, does: str) -> Person:
    """The person of the account, when they sit in that shift or answer for it."""
    me = access.person_of(by)
    shift = Shift.objects.get(pk=shift_id)
    if me is None or (me.pk != shift.supervisor_id and not shift.sittings.filter(person=me).exists()):
        raise UserError(
            _("Hanya petugas atau supervisor giliran itu yang dapat %s.") % does, fix=_("Periksa susunan gilirannya.")
        )
    return me


def _write(row: HandOver, act: str, by: Any, at: datetime) -> None:
    audit.record(act, on=row, by=by, at=at, opd_code=row.shift.rota.opd.code, after={"sha256": row.sha256})
