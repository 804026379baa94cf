"""Asking for older footage of a camera: from when to when, for which purpose; by the machine or of a person."""

from __future__ import annotations

import secrets as randomness
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, UserError
from satukota.base.jobs import once
from satukota.base.line import hold_line
from satukota.city import access, calendar
from satukota.shared.incidents import queries as incidents

from ..lending import terms
from ..live.purposes import PURPOSES
from ..models import Camera, RecordedCamera, Recorder, Retrieval
from . import reminding

SHORTEST = timedelta(seconds=1)
LONGEST_BY_HAND = timedelta(hours=24)
OFFICE_CLOSES = time(16, 0)  # a term in working days ends when the office does
State, Way = Retrieval.State, Retrieval.Way
OPEN = (State.ASKED, State.PULLING, State.ACKNOWLEDGED)


@dataclass(frozen=True)
class Wish:
    """What a person asks for. `by_hand`: of the keeper, although a recorder could be asked."""

    since: datetime
    until: datetime
    purpose: str
    note: str = ""
    incident_number: str = ""
    by_hand: bool = False
    addressee: str = ""
    key: str = ""
    """the same form sent twice is one request"""


def ask(camera: Camera, wish: Wish, *, by: Any, at: datetime) -> Retrieval:
    """Raises NotAllowed, AlreadyDone with the number of a request that covers this one, UserError."""
    access.require(by, "recordings.ask", camera.target.owner_id, camera.target.kelurahan_id)
    row = RecordedCamera.objects.select_related("recorder").filter(camera=camera).first()
    recorder = row.recorder if row else None
    is_answering = recorder is not None and recorder.kind == Recorder.Kind.ONVIF
    way = str(Way.REPLAY if is_answering and not wish.by_hand else Way.HAND)
    _check_span(wish, way, at)
    incident = incidents.incident_for(by, wish.incident_number) if wish.incident_number else None
    _check_purpose(camera, wish, incident, by, at)
    _check_kept(wish, row, at)
    with transaction.atomic():
        hold_line()
        if not once.is_first(wish.key, f"cameras.recording_asked|{camera.pk}", by=by, at=at):
            raise AlreadyDone(_("Permintaan ini sudah dikirim."), fix=_("Lihat daftar permintaan rekaman."))
        _check_covered(camera, wish, way)
        asked = Retrieval.objects.create(
            number=_next_number(at), camera=camera, recorder=recorder, way=way, since=wish.since, until=wish.until,
            purpose=wish.purpose, note=wish.note.strip()[:300], incident=incident, asked_by=by, asked_at=at,
            addressee=addressee_of(camera, recorder, wish) if way == Way.HAND else "",
            gone_at=_gone_at(recorder, wish.until),
        )  # fmt: skip
        if way == Way.REPLAY:
            start(asked)
        else:
            asked.due_at = due_at(at, asked.gone_at)
            asked.save(update_fields=["due_at"])
            reminding.tell_asked(asked, at)
        audit.record(
            "cameras.recording_asked", by=by, at=at, on=asked, opd_code=camera.target.owner.code,
            after={"number": asked.number, "camera": camera.target.code, "since": wish.since, "until": wish.until,
                   "purpose": wish.purpose, "way": way, "note": asked.note, "incident": wish.incident_number},
        )  # fmt: skip
    return asked


def start(asked: Retrieval) -> None:
    """Let a worker pull it, in the caller's transaction; an older run may not write any more."""
    from . import tasks

    asked.run, asked.state, asked.fault, asked.progress = randomness.token_hex(16), State.ASKED, "", 0
    asked.save(update_fields=["run", "state", "fault", "progress"])
    tasks.pull_recording.enqueue(asked.pk, asked.run)


def due_at(at: datetime, gone_at: datetime | None) -> datetime:
    """The end of the last working day of the term, or before the footage is gone."""
    last = calendar.add_working_days(clock.local(at).date(), settings.RECORDING_DUE_DAYS)
    due = datetime.combine(last, OFFICE_CLOSES, tzinfo=clock.local_zone())
    return min(due, gone_at) if gone_at is not None else due


def longest(way: str) -> timedelta:
    return timedelta(minutes=settings.RECORDING_MINUTES) if way == Way.REPLAY else LONGEST_BY_HAND


def _check_span(wish: Wish, way: str, at: datetime) -> None:
    if wish.until <= wish.since:
        raise UserError(_("Waktu berakhir tidak sesudah waktu mulai."), fix=_("Tukar atau betulkan keduanya."))
    if wish.until > at:
        raise UserError(_("Waktu itu belum lewat."), fix=_("Pilih waktu yang sudah terjadi."))
    if wish.until - wish.since < SHORTEST:
        raise UserError(_("Rentangnya kurang dari satu detik."), fix=_("Beri beberapa detik sebelum dan sesudahnya."))
    most = longest(way)
    if wish.until - wish.since > most:
        raise UserError(
            _("Rentang yang diminta lebih panjang dari %d menit.") % (most.total_seconds() // 60),
            fix=_("Minta bagian yang diperlukan saja, atau bagi menjadi beberapa permintaan."),
        )


def _check_purpose(camera: Camera, wish: Wish, incident: Any, by: Any, at: datetime) -> None:
    """Footage is asked for with a purpose, whatever camera; a partner's only as its agreement allows."""
    purpose = PURPOSES.get(wish.purpose)
    if purpose is None:
        raise UserError(_("Keperluan belum dipilih."), fix=_("Pilih untuk apa rekaman ini diminta."))
    if purpose.needs_incident and incident is None:
        raise UserError(_("Keperluan ini menyangkut insiden."), fix=_("Isi nomor insidennya."))
    if purpose.needs_note and not wish.note.strip():
        raise UserError(_("Keperluan ini perlu keterangan."), fix=_("Tulis keterangannya dalam satu kalimat."))
    agreements = terms.lent([camera.pk]).get(camera.pk, [])
    hat = access.hat_of(by)
    if not agreements or (hat and any(one.partner_id == hat.opd_id for one in agreements)):
        return
    in_force = set(terms.in_force(at).filter(pk__in=[one.pk for one in agreements]).values_list("pk", flat=True))
    if not any(wish.purpose in one.purposes for one in agreements if one.pk in in_force):
        raise UserError(
            _("Perjanjian dengan mitra tidak membolehkan permintaan ini."), fix=_("Minta langsung kepada mitra.")
        )


def _check_kept(wish: Wish, row: RecordedCamera | None, at: datetime) -> None:
    """What is surely gone is not asked for; what the recorder said itself weighs more than what was stated."""
    if row is None:
        return
    days = row.recorder.retention_days
    oldest = row.earliest_at or (at - timedelta(days=days) if days else None)
    if oldest is not None and wish.until <= oldest:
        raise UserError(
            _("Rekaman saat itu sudah tidak disimpan; yang tertua dari %s.") % f"{clock.local(oldest):%d-%m-%Y %H.%M}",
            fix=_("Bila sudah pernah diambil, cari di halaman Bukti."),
        )


def _check_covered(camera: Camera, wish: Wish, way: str) -> None:
    """A request that stands, or footage that was delivered and is still kept, is not asked for again."""
    same = Retrieval.objects.filter(camera=camera, since__lte=wish.since, until__gte=wish.until)
    open_one = same.filter(state__in=OPEN, way=way).order_by("pk").first()
    kept = same.filter(state=State.DELIVERED, exhibit__files__file__deleted_at=None).order_by("-pk").first()
    if found := open_one or kept:
        raise AlreadyDone(_("Rekaman itu sudah diminta dengan nomor %s.") % found.number, fix=_("Buka permintaan itu."))


def addressee_of(camera: Camera, recorder: Recorder | None, wish: Wish) -> str:
    known = ""
    if recorder is not None:
        person = recorder.custodian.name if recorder.custodian else ""
        known = ", ".join(part for part in (person, recorder.custodian_office) if part)
    return (wish.addressee.strip() or known or camera.target.owner.name)[:200]


def _gone_at(recorder: Recorder | None, until: datetime) -> datetime | None:
    days = recorder.retention_days if recorder else None
    return until + timedelta(days=days) if days else None


def _next_number(at: datetime) -> str:
    """PR-<year>-<six digits>: the one after the highest. The line is held, and the column is unique."""
    start = f"PR-{clock.local(at).year}-"
    numbers = Retrieval.objects.filter(number__startswith=start).order_by("-number").values_list("number", flat=True)
    last = numbers.first()
    return f"{start}{int(last.removeprefix(start)) + 1 if last else 1:06}"
