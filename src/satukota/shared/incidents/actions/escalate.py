"""When nobody answers, the next level is told: duty officer → supervisor → head of the OPD."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, UserError
from satukota.base.languages import in_city_language
from satukota.city import queries as registers
from satukota.rules import severity
from satukota.shared.monitoring import queries as monitoring

from .. import opening, telling
from ..access import incident_to
from ..line import in_line, write
from ..models import Incident
from .checks import checked_text, live_or_said

AT_MOST = 200  # incidents one sweep escalates; the next takes the rest


@in_line()
def escalate(number: str, *, why: str, by: Any, at: datetime) -> Incident:
    """Tell the next level now, with the reason. Raises UserError at the top level."""
    incident = incident_to(by, number, "incidents.handle")
    live_or_said(incident)
    why = checked_text(why, _("Alasan eskalasi"), longest=1000)
    if incident.escalation >= severity.TOP_LEVEL:
        raise UserError(
            _("Insiden ini sudah dieskalasi sampai tingkat tertinggi: %s.") % level_words(incident.escalation),
            fix=_("Hubungi langsung lewat telepon; nomornya ada di register orang."),
        )
    if not _raise_level(incident, why=why, by=by, at=at):
        raise AlreadyDone(_("Insiden ini baru saja dieskalasi orang lain."))
    return incident


def escalate_overdue(at: datetime) -> int:
    """Escalate what waited too long; called by the runner's clock. Held back while the root is under maintenance."""
    overdue = opening.live().filter(escalate_at__lte=at).order_by("escalate_at")
    rows = list(overdue.values_list("pk", "root_id")[:AT_MOST])
    covered = monitoring.in_maintenance([root for _pk, root in rows if root], at) if rows else set()
    done = 0
    for pk, root_id in rows:
        if root_id in covered:
            continue
        with in_line():
            incident = opening.live().filter(pk=pk, escalate_at__lte=at).first()  # may have been taken meanwhile
            if incident is not None:
                done += _raise_level(incident, why=_("belum ada tindakan sampai batas waktu"), by=None, at=at)
    return done


def level_words(level: int) -> str:
    return {0: _("petugas jaga"), 1: _("supervisor"), 2: _("kepala OPD")}[level]


@in_city_language
def _raise_level(incident: Incident, *, why: str, by: Any, at: datetime) -> bool:
    """Conditional update, so two writers escalate once."""
    level = incident.escalation + 1
    is_taken = incident.state == Incident.State.HANDLED
    until = severity.escalates_at(incident.severity, is_taken=is_taken, level=level, since=at)
    same = Incident.objects.filter(pk=incident.pk, escalation=incident.escalation, state__in=opening.LIVE)
    if not same.update(escalation=level, escalate_at=until):
        return False
    incident.refresh_from_db()
    people = _people_at(level, incident.owner_id, at)
    lead = _("Dieskalasi ke %(level)s: %(why)s.") % {"level": level_words(level), "why": why.rstrip(".")}
    telling.tell_failure(incident, f"incident_escalated_{level}", people, at=at, lead=lead)
    who = ", ".join(user.display_name for user in people) or _("tidak ada orang terdaftar di tingkat ini")
    after = f"{level_words(level)}: {who}"
    write(incident, "escalated", by=by, at=at, text=why, before=level_words(level - 1), after=after)
    audit.record(
        "incidents.escalated", on=incident, by=by, at=at, opd_code=incident.owner.code, why=why, before=level - 1,
        after=level,
    )  # fmt: skip
    telling.publish(incident, "escalated", at)
    return True


def _people_at(level: int, opd_id: int, at: datetime) -> list[Any]:
    if level == 1:
        return registers.people_with("incidents.assign", opd_id, at)
    head = registers.heads_of([opd_id], at).get(opd_id)
    user = head.person.user if head else None
    return [user] if user is not None and user.is_active else []
