"""What is done with exhibits. Every act is a line of custody and a row of the audit log, in one transaction."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.audit import form
from satukota.base.errors import AlreadyDone, NotAllowed, UserError
from satukota.base.line import hold_line

from . import actions, custody
from .models import CustodyEntry, Exhibit, ExhibitFile, Hold, StoredFile

Role = ExhibitFile.Role
ENDINGS = {
    "video/mp4": "mp4", "image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf", "text/plain": "txt",
}  # fmt: skip


@transaction.atomic
def open_exhibit(
    *, title: str, source: str, owner_code: str, about: str = "", keep_until: date | None = None, by: Any, at: datetime
) -> Exhibit:
    """A new exhibit without files yet. Raises UserError when it has no name."""
    if not title.strip():
        raise UserError(_("Barang bukti belum diberi nama."), fix=_("Tulis apa yang ditunjukkannya."))
    hold_line()
    exhibit = Exhibit.objects.create(
        number=_next_number(at), title=title.strip()[:160], about=about, source=source, owner_code=owner_code,
        keep_until=keep_until, opened_by=by, opened_at=at,
    )  # fmt: skip
    write(exhibit, "opened", by=by, at=at, text=exhibit.title)
    return exhibit


@transaction.atomic
def add_file(
    exhibit: Exhibit, content: bytes, *, media_type: str, role: str, captured_from: datetime, captured_to: datetime,
    clock_offset_ms: int | None, by: Any, at: datetime, note: str = "", made_from: ExhibitFile | None = None,
    areas: Sequence[dict[str, Any]] = (),
) -> ExhibitFile:  # fmt: skip
    """Keep the bytes under their SHA-256. Raises UserError for no bytes, an unknown kind or a span that ends before
    it begins.
    """
    if not content:
        raise UserError(_("Berkas bukti kosong."), fix=_("Ambil ulang rekamannya."))
    if media_type not in ENDINGS:
        raise UserError(_("Jenis berkas ini tidak disimpan sebagai bukti."), fix=_("MP4, JPEG, PNG, PDF atau teks."))
    if captured_to < captured_from:
        raise UserError(_("Rekaman berakhir sebelum mulai."), fix=_("Periksa jam peladen."))
    hold_line()
    stored = actions.keep(
        content, media_type=media_type, kind=actions.EXHIBIT, source=exhibit.source, taken_at=captured_from,
        delete_on=exhibit.keep_until,
    )  # fmt: skip
    if exhibit.holds.filter(lifted_at=None).exists():
        StoredFile.objects.filter(pk=stored.pk).update(on_hold=True)
    row = ExhibitFile.objects.create(
        exhibit=exhibit, file=stored, role=role, made_from=made_from, captured_from=captured_from,
        name=f"{exhibit.number}-{exhibit.files.count() + 1:02}.{ENDINGS[media_type]}", captured_to=captured_to,
        clock_offset_ms=clock_offset_ms, note=note[:300], areas=form.storable(list(areas)), added_by=by, added_at=at,
    )  # fmt: skip
    act = "redacted" if role == Role.REDACTED else "captured"
    write(exhibit, act, by=by, at=at, text=note, file=row.name, sha256=stored.sha256, size=stored.size,
          clock_offset_ms=clock_offset_ms, made_from=made_from.name if made_from else None)  # fmt: skip
    return row


@transaction.atomic
def viewed(row: ExhibitFile, *, purpose: str, by: Any, at: datetime) -> bytes:
    """The bytes, checked against their hash, once the look is written down. Raises UserError, actions.FileGone."""
    if not purpose.strip():
        raise UserError(_("Tujuan melihat bukti belum ditulis."), fix=_("Tulis untuk perkara atau keperluan apa."))
    content = actions.content_of(row.file)
    write(row.exhibit, "viewed", by=by, at=at, text=purpose.strip(), file=row.name)
    return content


@transaction.atomic
def check_redaction(row: ExhibitFile, *, is_good: bool, why: str = "", by: Any, at: datetime) -> ExhibitFile:
    """A person looked at the copy. Whoever drew the areas by hand does not check them.

    Raises NotAllowed, AlreadyDone, UserError when it is refused without saying why.
    """
    if row.role != Role.REDACTED:
        raise UserError(_("Hanya salinan tersamar yang diperiksa."), fix=_("Buat salinan tersamar lebih dahulu."))
    if row.added_by_id is not None and row.added_by_id == by.pk:
        raise NotAllowed(_("Penyamaran diperiksa oleh orang lain."), fix=_("Minta rekan memeriksanya."))
    if not is_good and not why.strip():
        raise UserError(_("Alasan menolak belum ditulis."), fix=_("Tulis apa yang masih terlihat."))
    waiting = ExhibitFile.objects.filter(pk=row.pk, checked_at=None, refused="")
    done = {"checked_by": by, "checked_at": at} if is_good else {"refused": why.strip()[:300]}
    if not waiting.update(**done):
        raise AlreadyDone(_("Salinan ini sudah diperiksa."), fix=_("Muat ulang halaman."))
    row.refresh_from_db()
    write(row.exhibit, "checked" if is_good else "refused", by=by, at=at, text=why.strip(), file=row.name)
    return row


@transaction.atomic
def hold(exhibit: Exhibit, *, reason: str, decree: str, by: Any, at: datetime) -> Hold:
    """Raises UserError without a reason and a letter."""
    if not (reason.strip() and decree.strip()):
        raise UserError(_("Penahanan perlu alasan dan nomor surat."), fix=_("Isi keduanya."))
    hold_line()
    standing = Hold.objects.create(
        exhibit=exhibit, reason=reason.strip(), decree=decree.strip(), placed_by=by, placed_at=at
    )
    _mark_held(exhibit, True)
    write(exhibit, "held", by=by, at=at, text=reason.strip(), decree=decree.strip())
    return standing


@transaction.atomic
def lift_hold(standing: Hold, *, why: str, by: Any, at: datetime) -> None:
    """The dates of the files count again. Raises AlreadyDone, UserError."""
    if not why.strip():
        raise UserError(_("Alasan mengakhiri penahanan belum ditulis."), fix=_("Tulis dasar pengakhirannya."))
    hold_line()
    if not Hold.objects.filter(pk=standing.pk, lifted_at=None).update(lifted_at=at, lifted_by=by):
        raise AlreadyDone(_("Penahanan ini sudah berakhir."), fix=_("Muat ulang halaman."))
    _mark_held(standing.exhibit, standing.exhibit.holds.filter(lifted_at=None).exists())
    write(standing.exhibit, "hold_lifted", by=by, at=at, text=why.strip(), decree=standing.decree)


@transaction.atomic
def note_deleted(stored: StoredFile, at: datetime) -> None:
    """The receipt on the line of custody: the content went on its date, its hash stays."""
    for row in ExhibitFile.objects.filter(file=stored).select_related("exhibit"):
        write(row.exhibit, "deleted", by=None, at=at, file=row.name, sha256=stored.sha256)


def write(exhibit: Exhibit, act: str, *, by: Any, at: datetime, text: str = "", **details: Any) -> CustodyEntry:
    """One more line, in the transaction of the caller; two acts at once stand one after another."""
    hold_line()
    last = exhibit.custody.order_by("-number").first()
    name = str(by) if by is not None else "Satukota"
    content = {
        "exhibit": exhibit.number, "number": last.number + 1 if last else 1, "at": form.moment(at), "act": act,
        "person": form.text(name)[:120], "hat": form.text(getattr(by, "current_hat", "") or "")[:120],
        "text": form.text(text)[:500],
        "details": form.storable({key: value for key, value in details.items() if value is not None}),
        "previous_hash": last.hash if last else form.NOTHING,
    }  # fmt: skip
    entry = CustodyEntry.objects.create(
        exhibit=exhibit, at=at, person=by, person_name=content["person"], hash=custody.hash_of(content),
        **{key: content[key] for key in ("number", "act", "hat", "text", "details", "previous_hash")},
    )  # fmt: skip
    audit.record(f"evidence.{act}", by=by, at=at, on=exhibit, opd_code=exhibit.owner_code, why=text,
                 after={"line": entry.number, "hash": entry.hash})  # fmt: skip
    return entry


def custody_of(exhibit: Exhibit) -> list[dict[str, Any]]:
    """The lines as they are hashed and go into a package, first to last."""
    return [
        {"exhibit": exhibit.number, "number": row.number, "at": form.moment(row.at), "act": row.act,
         "person": row.person_name, "hat": row.hat, "text": row.text, "details": row.details,
         "previous_hash": row.previous_hash, "hash": row.hash}
        for row in exhibit.custody.all()
    ]  # fmt: skip


def _mark_held(exhibit: Exhibit, is_held: bool) -> None:
    StoredFile.objects.filter(pk__in=exhibit.files.values("file")).update(on_hold=is_held)


def _next_number(at: datetime) -> str:
    """BE-<year>-<six digits>: the one after the highest. The line is held, and the column is unique."""
    start = f"BE-{clock.local(at).year}-"
    last = Exhibit.objects.filter(number__startswith=start).order_by("-number").values_list("number", flat=True).first()
    return f"{start}{int(last.removeprefix(start)) + 1 if last else 1:06}"
