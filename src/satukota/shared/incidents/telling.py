"""Who is told what about an incident, and what the live feed hears of it.

The promise: whoever was told of a failure is told of its recovery, also when the incident was merged, un-merged,
reassigned, escalated or put under maintenance in between. `Incident.also_told` carries those told under another number.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from satukota.base.feed import actions as feed
from satukota.base.languages import in_city_language
from satukota.base.messages import actions as messages
from satukota.city import queries as registers
from satukota.city.models import Person
from satukota.rules import severity as rules

from .models import Incident, Member
from .words import severity_words

FAILURE_KINDS = (
    "incident_opened", "incident_worsened", "incident_assigned", "incident_escalated_1", "incident_escalated_2",
)  # fmt: skip


def path_of(number: str) -> str:
    return f"/pusat/insiden/{number}/"


def about(incident: Incident) -> str:
    """Names one episode, so a reopened incident tells everybody afresh."""
    return f"{incident.number}#{incident.episode}"


def first_audience(incident: Incident, at: datetime) -> list[Any]:
    """Users told of a new incident. Work (something works badly) reaches the duty officer only, if there is one."""
    officer = registers.duty_officer(incident.owner_id, at)
    if incident.is_work and officer is not None and officer.user is not None:
        return [officer.user]
    watching = list(registers.people_with("incidents.close", incident.owner_id, area_id=incident.kelurahan_id))
    return _each_once([officer.user if officer else None, *watching])


def officers_of_members(incident: Incident, at: datetime) -> list[Any]:
    """Duty officers of other OPDs whose things are down because of it."""
    owners = set(Member.objects.filter(incident=incident).values_list("target__owner_id", flat=True))
    found = [registers.duty_officer(owner, at) for owner in sorted(owners - {incident.owner_id})]
    return _each_once(officer.user for officer in found if officer)


@in_city_language
def tell_failure(incident: Incident, kind: str, people: Iterable[Any], *, at: datetime, lead: str) -> None:
    """Queue one message per person; `lead` says what happened in one sentence."""
    grave = severity_words(incident.severity)
    messages.tell(
        people, kind=kind, about=about(incident), subject=f"[{grave}] {incident.title}",
        body=_body(incident, lead), path=path_of(incident.number), at=at, urgency=_urgency(incident),
    )  # fmt: skip


def tell_opened(incident: Incident, at: datetime) -> None:
    tell_opened_to(incident, first_audience(incident, at), at)


def tell_opened_to(incident: Incident, people: Iterable[Any], at: datetime) -> None:
    tell_failure(incident, "incident_opened", people, at=at, lead=_("Insiden baru dibuka."))


def tell_assigned(incident: Incident, person: Person, at: datetime) -> None:
    if person.user is not None and person.user.is_active:
        tell_failure(incident, "incident_assigned", [person.user], at=at, lead=_("Insiden ini diserahkan kepada Anda."))


def told_ids(incident: Incident) -> set[int]:
    """Ids of everyone told of this failure, under this number or another."""
    return messages.told_of(about(incident), FAILURE_KINDS) | set(incident.also_told)


@in_city_language
def tell_recovered(incident: Incident, at: datetime) -> int:
    """Tell everyone who was told of the failure, once an episode; returns how many."""
    people = list(get_user_model().objects.filter(pk__in=told_ids(incident), is_active=True).order_by("pk"))
    messages.tell(
        people, kind="incident_recovered", about=about(incident), subject=_("[Pulih] %s") % incident.title,
        body=_body(incident, _("Semua yang terdampak sudah berfungsi lagi.")), path=path_of(incident.number), at=at,
        urgency=_urgency(incident), answers=FAILURE_KINDS,
    )  # fmt: skip
    return len(people)


def _urgency(incident: Incident) -> int:
    """Only what is of low severity may wait for the end of somebody's quiet hours."""
    if incident.severity <= rules.LOW:
        return messages.Urgency.LOW
    return messages.Urgency.URGENT if incident.severity >= rules.CRITICAL else messages.Urgency.NORMAL


def publish(incident: Incident, act: str, at: datetime) -> None:
    """Tell the screens. `members` counts what is still down."""
    feed.publish(
        "incident_changed", incident.number,
        {
            "number": incident.number, "title": incident.title, "severity": incident.severity,
            "state": incident.state, "act": act, "at": at.isoformat(),
            "members": Member.objects.filter(incident=incident, recovered_at=None).count(),
            "kelurahan": incident.kelurahan.name if incident.kelurahan else "",
            "place": incident.place.name if incident.place else "",
        },
        opd_id=incident.owner_id, area_id=incident.kelurahan_id, at=at,
    )  # fmt: skip


def _body(incident: Incident, lead: str) -> str:
    lines = [
        lead,
        incident.title,
        _("Nomor: %s") % incident.number,
        _("Tingkat: %(severity)s (%(reason)s)")
        % {"severity": severity_words(incident.severity), "reason": incident.severity_reason or "-"},
    ]
    if incident.place:
        lines.append(_("Tempat: %s") % incident.place.name)
    return "\n".join(lines)


def _each_once(people: Iterable[Any]) -> list[Any]:
    return list({user.pk: user for user in people if user is not None and user.is_active}.values())
