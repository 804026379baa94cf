"""A request to the keeper of a recorder: taken note of, delivered as a file that becomes evidence, or refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.documents import actions as documents
from satukota.base.documents.models import SignedDocument
from satukota.base.errors import AlreadyDone, UserError
from satukota.base.evidence import exhibits
from satukota.base.evidence.models import ExhibitFile
from satukota.base.line import hold_line
from satukota.city import access

from ..live.purposes import PURPOSES
from ..models import Retrieval
from . import asking, reminding
from .delivering import open_exhibit

State, Way = Retrieval.State, Retrieval.Way
WAITING = (State.ASKED, State.ACKNOWLEDGED)
TEMPLATE = "work/cameras/typst/retrieval.typ"
Role = ExhibitFile.Role


@transaction.atomic
def acknowledge(asked: Retrieval, *, who: str, by: Any, at: datetime) -> None:
    """The keeper has it. Raises NotAllowed, AlreadyDone, UserError."""
    _require(asked, by)
    if not who.strip():
        raise UserError(_("Nama penerima belum ditulis."), fix=_("Tulis siapa yang menerima permintaan ini."))
    waiting = Retrieval.objects.filter(pk=asked.pk, way=Way.HAND, state=State.ASKED)
    if not waiting.update(state=State.ACKNOWLEDGED, acknowledged_by=who.strip()[:120], acknowledged_at=at):
        raise _settled()
    _record("cameras.recording_acknowledged", asked, by, at, after={"who": who.strip()[:120]})


@transaction.atomic
def refuse(asked: Retrieval, *, reason: str, by: Any, at: datetime) -> None:
    """Raises NotAllowed, AlreadyDone, UserError."""
    _require(asked, by)
    if not reason.strip():
        raise UserError(_("Alasan menolak belum ditulis."), fix=_("Tulis alasan petugas."))
    asked.reason = reason.strip()[:300]
    waiting = Retrieval.objects.filter(pk=asked.pk, way=Way.HAND, state__in=WAITING)
    if not waiting.update(state=State.REFUSED, reason=asked.reason, closed_at=at):
        raise _settled()
    _record("cameras.recording_refused", asked, by, at, why=asked.reason)
    reminding.tell_refused(asked, at)


@transaction.atomic
def deliver(
    asked: Retrieval, content: bytes, *, since: datetime | None, until: datetime | None, offset_s: float | None,
    note: str, by: Any, at: datetime,
) -> ExhibitFile:  # fmt: skip
    """A file from the keeper, or one more of them: kept as evidence as it came. Raises NotAllowed, UserError."""
    _require(asked, by)
    hold_line()
    asked = Retrieval.objects.select_for_update(of=("self",)).select_related("camera__target__owner").get(pk=asked.pk)
    if asked.way != Way.HAND or asked.state not in (*WAITING, State.DELIVERED):
        raise _settled()
    media_type = media_type_of(content)
    if not media_type:
        raise UserError(_("Berkas ini bukan rekaman MP4, gambar, atau PDF."), fix=_("Minta petugas mengekspor MP4."))
    exhibit = asked.exhibit or open_exhibit(asked, at)
    role = {"video/mp4": Role.ORIGINAL, "application/pdf": Role.DOCUMENT}.get(media_type, Role.STILL)
    row = exhibits.add_file(
        exhibit, content, media_type=media_type, role=role, captured_from=since or asked.since,
        captured_to=until or asked.until, clock_offset_ms=None if offset_s is None else round(offset_s * 1000),
        by=by, at=at, note=f"{_('Diserahkan %s.') % asked.addressee} {note.strip()}".strip(),
    )  # fmt: skip
    if asked.state != State.DELIVERED:
        Retrieval.objects.filter(pk=asked.pk).update(state=State.DELIVERED, exhibit=exhibit, closed_at=at)
        reminding.tell_delivered(asked, exhibit.number, at)
    _record("cameras.recording_delivered", asked, by, at, after={"exhibit": exhibit.number, "file": row.name,
                                                                 "sha256": row.file.sha256})  # fmt: skip
    return row


@transaction.atomic
def try_again(asked: Retrieval, *, by: Any, at: datetime) -> None:
    """Pull once more what failed. Raises NotAllowed, AlreadyDone."""
    access.require(by, "recordings.ask", asked.camera.target.owner_id, asked.camera.target.kelurahan_id)
    if not Retrieval.objects.filter(pk=asked.pk, state=State.FAILED).update(state=State.ASKED):
        raise _settled()
    asked.refresh_from_db()
    asking.start(asked)
    _record("cameras.recording_tried_again", asked, by, at)


@transaction.atomic
def ask_the_keeper(asked: Retrieval, *, by: Any, at: datetime) -> None:
    """What cannot be pulled is asked of the keeper, under the same number. Raises NotAllowed, AlreadyDone."""
    access.require(by, "recordings.ask", asked.camera.target.owner_id, asked.camera.target.kelurahan_id)
    failed = Retrieval.objects.filter(pk=asked.pk, state=State.FAILED)
    due, wish = asking.due_at(at, asked.gone_at), asking.Wish(asked.since, asked.until, asked.purpose)
    addressee = asking.addressee_of(asked.camera, asked.recorder, wish)
    if not failed.update(state=State.ASKED, way=Way.HAND, due_at=due, addressee=addressee, run="", reminded=0):
        raise _settled()
    asked.refresh_from_db()
    _record("cameras.recording_asked_by_hand", asked, by, at, after={"due": due})
    reminding.tell_asked(asked, at)


@transaction.atomic
def write_letter(asked: Retrieval, *, by: Any, at: datetime) -> SignedDocument:
    """The request on paper, signed; written once. Raises NotAllowed, AlreadyDone, UserError."""
    access.require(by, "recordings.ask", asked.camera.target.owner_id, asked.camera.target.kelurahan_id)
    if asked.way != Way.HAND or asked.due_at is None:
        raise UserError(_("Rekaman ini ditarik dari perekam; tidak perlu surat."), fix=_("Tunggu sampai selesai."))
    if Retrieval.objects.filter(pk=asked.pk, letter__isnull=False).exists():
        raise AlreadyDone(_("Suratnya sudah dibuat."), fix=_("Unduh surat itu."))
    hat = access.hat_of(by)
    office = hat.opd.name if hat else asked.camera.target.owner.name  # who asks, not whose camera it is
    start, end, due = clock.local(asked.since), clock.local(asked.until), clock.local(asked.due_at)
    data = {
        "office": {"name": office}, "addressee": asked.addressee,
        "camera": f"{asked.camera.target.code} {asked.camera.target.name}",
        "span": f"{start:%d-%m-%Y %H.%M.%S} – {end:%d-%m-%Y %H.%M.%S} ({start:%Z})",
        "purpose": str(PURPOSES[asked.purpose].name), "note": asked.note,
        "incident": asked.incident.number if asked.incident else "", "due": f"{due:%d-%m-%Y %H.%M} ({due:%Z})",
        "asked_by": asked.asked_by.display_name,
        "gone": f"{clock.local(asked.gone_at):%d-%m-%Y}" if asked.gone_at else "",
    }  # fmt: skip
    letter = documents.issue(TEMPLATE, data, kind="recording_request", title="Permintaan rekaman kamera",
                             number=asked.number, by=by, at=at)  # fmt: skip
    Retrieval.objects.filter(pk=asked.pk).update(letter=letter)
    return letter


def media_type_of(content: bytes) -> str:
    """By how the file begins, whatever it is called; "" for what is not kept as evidence."""
    if content[4:8] == b"ftyp":
        return "video/mp4"
    starts = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"%PDF-", "application/pdf"))
    return next((kind for start, kind in starts if content.startswith(start)), "")


def _require(asked: Retrieval, by: Any) -> None:
    access.require(by, "recordings.answer", asked.camera.target.owner_id, asked.camera.target.kelurahan_id)


def _settled() -> AlreadyDone:
    return AlreadyDone(_("Permintaan ini sudah tidak menunggu."), fix=_("Muat ulang halaman."))


def _record(act: str, asked: Retrieval, by: Any, at: datetime, **said: Any) -> None:
    audit.record(act, by=by, at=at, on=asked, opd_code=asked.camera.target.owner.code, **said)
