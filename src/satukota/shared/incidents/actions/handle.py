"""From opened by a person to closed with its cause."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, Missing, NotAllowed, UserError
from satukota.city import access as city_access
from satukota.city.models import Kelurahan, Opd, Person, Place
from satukota.rules import severity as rules
from satukota.shared.monitoring.models import StatusChange, Target, Verdict

from .. import opening, telling
from ..access import incident_to
from ..line import in_line, write
from ..models import Incident
from ..words import cause_words
from .checks import checked_text, live_or_said

NOTE_LONGEST = 4000
CAUSE_LONGEST = 200


@in_line()
def open_by_person(
    *, title: str, severity: int, owner_id: int, place_id: int | None, kelurahan_id: int | None, target_id: int | None,
    text: str, by: Any, at: datetime,
) -> Incident:  # fmt: skip
    """Open an incident by hand, about a watched thing, a place, or neither.

    With a target its owner, place and kelurahan are taken from it. Raises UserError, AlreadyDone, Missing.
    """
    title = checked_text(title, _("Judul"), longest=200)
    text = checked_text(text, _("Keterangan"), longest=NOTE_LONGEST, may_be_empty=True)
    if severity not in Incident.Severity.values:
        raise UserError(_("Tingkat kegentingan tidak dikenal."), fix=_("Pilih salah satu dari daftar."))
    root, place, kelurahan = _where(by, target_id, place_id, kelurahan_id)
    owner = Opd.objects.filter(pk=root.owner_id if root else owner_id).first()
    if owner is None:
        raise UserError(_("OPD pemilik belum dipilih."), fix=_("Pilih OPD yang bertanggung jawab."))
    city_access.require(by, "incidents.open", owner.pk, kelurahan.pk if kelurahan else None)
    incident = _create(title, severity, root, owner, place, kelurahan, by, at)
    if root is not None and root.state in (Verdict.DOWN, Verdict.DEGRADED):
        change = StatusChange.objects.filter(target=root).select_related("target").first()
        if change is not None and change.now == root.state:
            opening.join(incident, [change], at)
    opening.settle(incident, at, quietly=True)
    opening.announce_opened(incident, at, by=by, text=text)
    return incident


def _where(
    by: Any, target_id: int | None, place_id: int | None, kelurahan_id: int | None
) -> tuple[Target | None, Place | None, Kelurahan | None]:
    root: Target | None = None
    if target_id is not None:
        root = city_access.one(Target.objects.filter(retired_on=None), by, "monitoring.view", pk=target_id)
        taken = opening.live().filter(root=root).first()
        if taken is not None:
            fix = _("Buka %s dan tulis catatan di sana.") % taken.number
            raise AlreadyDone(_("Sudah ada insiden terbuka untuk %s.") % root.code, fix=fix)
        place_id, kelurahan_id = root.place_id or place_id, root.kelurahan_id or kelurahan_id
    place = Place.objects.filter(pk=place_id).first() if place_id else None
    if place_id and place is None:
        raise Missing(_("Tempat itu tidak ditemukan."), fix=_("Pilih tempat dari daftar."))
    if place is not None and (root is None or not kelurahan_id):
        kelurahan_id = place.kelurahan_id  # the place says where it is: another kelurahan cannot be claimed for it
    kelurahan = Kelurahan.objects.filter(pk=kelurahan_id).first() if kelurahan_id else None
    return root, place, kelurahan


def _create(
    title: str, severity: int, root: Target | None, owner: Opd, place: Place | None, kelurahan: Kelurahan | None,
    by: Any, at: datetime,
) -> Incident:  # fmt: skip
    kind, cause = (root.kind, root.cause) if root else ("report", "")
    incident, is_new = opening.create(
        at, title=title, kind=kind, cause=cause, severity=severity, severity_reason=_("ditetapkan pelapor"), root=root,
        owner=owner, place=place, kelurahan=kelurahan, opened_by=by, sop=opening.sop_for(kind, cause, at),
        assigned_to=opening.registers.duty_officer(owner.pk, at),
        escalate_at=rules.escalates_at(severity, is_taken=False, level=0, since=at),
    )  # fmt: skip
    if not is_new:
        raise AlreadyDone(_("Sudah ada insiden terbuka untuk penyebab ini: %s.") % incident.number)
    return incident


@in_line()
def take(number: str, *, by: Any, at: datetime) -> Incident:
    """Take responsibility: received → handled. The second of two people is told who was first (AlreadyDone)."""
    incident = incident_to(by, number, "incidents.handle")
    live_or_said(incident)
    me = _person_of(by)
    until = rules.escalates_at(incident.severity, is_taken=True, level=incident.escalation, since=at)
    waiting = Incident.objects.filter(pk=incident.pk, state=Incident.State.RECEIVED, merged_into=None)
    if not waiting.update(state=Incident.State.HANDLED, handled_at=at, assigned_to=me, escalate_at=until):
        who = incident.assigned_to.name if incident.assigned_to else _("petugas lain")
        raise AlreadyDone(_("Insiden ini sudah diambil %s.") % who, fix=_("Minta diserahkan kepada Anda bila perlu."))
    before = incident.assigned_to.name if incident.assigned_to else ""
    incident.refresh_from_db()
    write(incident, "taken", by=by, at=at, before=before, after=me.name)
    audit.record("incidents.taken", on=incident, by=by, at=at, opd_code=incident.owner.code, before=before, after=me)
    telling.publish(incident, "taken", at)
    return incident


@in_line()
def assign(number: str, *, person_id: int, by: Any, at: datetime) -> Incident:
    """Give it to a person. A lead may always; others only hand over what is theirs. The person is told."""
    incident = incident_to(by, number, "incidents.handle")
    live_or_said(incident)
    me = _person_of(by)
    if incident.assigned_to_id != me.pk and not city_access.may_on(by, "incidents.assign", incident):
        fix = _("Ambil dulu bila belum ada yang menangani, atau minta supervisor menyerahkannya.")
        raise NotAllowed(_("Insiden ini bukan tugas Anda."), fix=fix)
    person = Person.objects.select_related("user").filter(pk=person_id, duties__isnull=False).distinct().first()
    if person is None:
        raise Missing(_("Orang itu tidak ditemukan."), fix=_("Pilih petugas dari daftar."))
    moved = Incident.objects.filter(pk=incident.pk, state__in=opening.LIVE).exclude(assigned_to=person)
    if not moved.update(assigned_to=person):
        raise AlreadyDone(_("Insiden ini sudah di tangan %s.") % person.name)
    before = incident.assigned_to.name if incident.assigned_to else ""
    incident.refresh_from_db()
    write(incident, "assigned", by=by, at=at, before=before, after=person.name)
    audit.record(
        "incidents.assigned", on=incident, by=by, at=at, opd_code=incident.owner.code, before=before, after=person
    )
    telling.tell_assigned(incident, person, at)
    telling.publish(incident, "assigned", at)
    return incident


@in_line()
def add_note(number: str, *, text: str, by: Any, at: datetime) -> Incident:
    """Write on the timeline; possible in every state, also after closing."""
    incident = incident_to(by, number, "incidents.note")
    text = checked_text(text, _("Catatan"), longest=NOTE_LONGEST)
    write(incident, "note", by=by, at=at, text=text)
    audit.record("incidents.noted", on=incident, by=by, at=at, opd_code=incident.owner.code, after=text[:200])
    telling.publish(incident, "note", at)
    return incident


@in_line()
def recover(number: str, *, why: str, by: Any, at: datetime) -> Incident:
    """A person says it is over; only where no measured thing says otherwise."""
    incident = incident_to(by, number, "incidents.handle")
    live_or_said(incident)
    why = checked_text(why, _("Keterangan pemulihan"), longest=NOTE_LONGEST)
    down = incident.members.filter(recovered_at=None).select_related("target")
    first = down.first()
    if first is not None:
        said = cause_words(first.target.kind, first.cause)
        raise UserError(
            _("%(code)s masih bermasalah menurut pengukuran: %(cause)s.") % {"code": first.target.code, "cause": said},
            fix=_("Insiden pulih sendiri begitu pengukuran menyatakan semuanya berfungsi lagi."),
        )
    opening.mark_recovered(incident, by=by, at=at, why=why)
    return incident


@in_line()
def close(number: str, *, cause_text: str, by: Any, at: datetime) -> Incident:
    """Recovered → closed, with what it was. Raises AlreadyDone for the second of two people."""
    incident = incident_to(by, number, "incidents.close")
    cause_text = checked_text(cause_text, _("Penyebab"), longest=CAUSE_LONGEST)
    if incident.merged_into is not None or incident.state in opening.LIVE:
        live_or_said(incident)
        raise UserError(
            _("Insiden ini belum pulih, jadi belum dapat ditutup."),
            fix=_("Tunggu sampai pengukuran menyatakan pulih. Serahkan atau eskalasikan bila macet."),
        )
    recovered = Incident.objects.filter(pk=incident.pk, state=Incident.State.RECOVERED)
    if not recovered.update(state=Incident.State.CLOSED, closed_at=at, closed_cause=cause_text, escalate_at=None):
        raise AlreadyDone(_("Insiden ini sudah ditutup: %s.") % incident.closed_cause)
    incident.refresh_from_db()
    write(incident, "closed", by=by, at=at, after=cause_text)
    audit.record("incidents.closed", on=incident, by=by, at=at, opd_code=incident.owner.code, after=cause_text)
    telling.publish(incident, "closed", at)
    return incident


@in_line()
def reopen(number: str, *, why: str, by: Any, at: datetime) -> Incident:
    """Recovered or closed → live again, with a reason; everybody is told afresh."""
    incident = incident_to(by, number, "incidents.close")
    why = checked_text(why, _("Alasan"), longest=NOTE_LONGEST)
    if incident.merged_into is None and incident.state in opening.LIVE:
        raise AlreadyDone(_("Insiden ini masih terbuka."))
    if incident.merged_into is not None:
        live_or_said(incident)
    rival = opening.live().filter(root=incident.root).first() if incident.root_id else None
    if rival is not None:
        fix = _("Lanjutkan di %s.") % rival.number
        raise UserError(_("Sudah ada insiden baru untuk penyebab yang sama: %s.") % rival.number, fix=fix)
    opening.reopen(incident, by=by, at=at, why=why)
    return incident


def _person_of(user: Any) -> Person:
    """Who acts; whoever reached this far holds a duty, so there is a person behind the account."""
    return Person.objects.get(user=user)
