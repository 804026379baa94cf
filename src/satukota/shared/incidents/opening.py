"""One live incident per root cause: found, reopened or opened, and kept true as members come and go.

Everything here runs inside `line.in_line()`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.languages import in_city_language
from satukota.city import queries as registers
from satukota.rules import severity
from satukota.shared.monitoring import queries as monitoring
from satukota.shared.monitoring.models import StatusChange, Target, Verdict

from . import telling, words
from .line import write, write_all
from .models import Entry, Incident, Member, Sop

LIVE = (Incident.State.RECEIVED, Incident.State.HANDLED)
OPEN = (*LIVE, Incident.State.RECOVERED)
FLAP = timedelta(minutes=10)  # down again so soon after recovery is the same incident
TRIES = 5


def live() -> Any:
    return Incident.objects.filter(state__in=LIVE, merged_into=None).select_related(
        "root", "owner", "place", "kelurahan", "assigned_to"
    )


def sop_for(kind: str, cause: str, at: datetime) -> Sop | None:
    """The newest version in force for the cause, else for the kind, else for anything. One query."""
    fits = Q(kind=kind, cause=cause) | Q(kind=kind, cause="") | Q(kind="", cause="")
    return (
        Sop.objects.filter(fits, active_from__lte=at)
        .order_by(F("kind").desc(), F("cause").desc(), "-version").first()
    )  # fmt: skip


def next_number(at: datetime) -> str:
    """INS-<year>-<six digits>: the one after the highest. The line is held, and the column is unique."""
    start = f"INS-{clock.local(at).year}-"
    last = Incident.objects.filter(number__startswith=start).order_by("-number").values_list("number", flat=True)[:1]
    return f"{start}{int(last[0].removeprefix(start)) + 1 if last else 1:06d}"


def create(at: datetime, **fields: Any) -> tuple[Incident, bool]:
    """A new incident and True, or the live one of the same root and False when another writer was first."""
    for _try in range(TRIES):
        try:
            with transaction.atomic():
                return Incident.objects.create(number=next_number(at), opened_at=at, **fields), True
        except IntegrityError:
            first = live().filter(root=fields["root"]).first() if fields.get("root") else None
            if first is not None:
                return first, False
    raise RuntimeError(f"no free incident number after {TRIES} tries")


def open_for(root: Target, *, cause: str, is_work: bool, at: datetime) -> tuple[Incident, bool]:
    """Open the incident of a root cause, or find it opened by another writer (False). `settle` it after joining."""
    return create(
        at,
        root=root,
        title=words.title_of(root, cause, is_work=is_work, others=0, others_down=0),
        kind=root.kind,
        cause=cause,
        is_work=is_work,
        severity=severity.LOW,
        owner_id=root.owner_id,
        place_id=root.place_id,
        kelurahan_id=root.kelurahan_id,
        assigned_to=registers.duty_officer(root.owner_id, at),
        sop=sop_for(root.kind, cause, at),
    )


@in_city_language
def announce_opened(incident: Incident, at: datetime, *, by: Any = None, text: str = "") -> None:
    """Timeline, audit, messages and feed of an opening, once severity and title are settled."""
    write(incident, "opened", by=by, at=at, text=text, after=words.severity_words(incident.severity))
    if incident.assigned_to is not None:
        write(incident, "assigned", by=None, at=at, after=incident.assigned_to.name, text=_("petugas jaga OPD pemilik"))
    audit.record(
        "incidents.opened", on=incident, by=by, at=at, opd_code=incident.owner.code, why=incident.severity_reason,
        after={"title": incident.title, "severity": incident.severity},
    )  # fmt: skip
    telling.tell_opened(incident, at)
    telling.publish(incident, "opened", at)


@in_city_language
def reopen(incident: Incident, *, by: Any, at: datetime, why: str) -> None:
    """Live again as a new episode; whoever must know is told afresh. The caller has claimed the row's right to it."""
    before = incident.get_state_display()
    incident.state = Incident.State.HANDLED if incident.handled_at else Incident.State.RECEIVED
    incident.episode += 1
    incident.also_told = []
    incident.recovered_at = incident.closed_at = None
    incident.escalation = 0
    incident.escalate_at = _escalate_at(incident, at)
    incident.save(
        update_fields=["state", "episode", "also_told", "recovered_at", "closed_at", "escalation", "escalate_at"]
    )
    write(incident, "reopened", by=by, at=at, text=why, before=before, after=incident.get_state_display())
    audit.record("incidents.reopened", on=incident, by=by, at=at, opd_code=incident.owner.code, why=why)
    telling.tell_opened(incident, at)
    telling.publish(incident, "reopened", at)


@in_city_language
def join(incident: Incident, changes: Sequence[StatusChange], at: datetime) -> list[StatusChange]:
    """Make the targets of the changes members that are not well; returns the changes that are news to the incident.

    A fixed number of queries, however many join.
    """
    known = {member.target_id: member for member in
             incident.members.filter(target__in=[change.target_id for change in changes])}  # fmt: skip
    news, fresh, again, lines = [], [], [], []
    for change in changes:
        is_down, said = change.now == Verdict.DOWN, words.cause_words(change.target.kind, change.cause)
        member = known.get(change.target_id)
        if member is None:
            fresh.append(Member(incident=incident, target=change.target, down_at=change.at, cause=change.cause,
                                is_down=is_down, change=change))  # fmt: skip
            lines.append(Entry(act="member_joined", at=at, text=str(change.target), after=said))
        elif member.recovered_at is None and (member.cause, member.is_down) == (change.cause, is_down):
            continue
        else:
            act = "member_changed" if member.recovered_at is None else "member_down_again"
            before = words.cause_words(change.target.kind, member.cause)
            lines.append(Entry(act=act, at=at, text=str(change.target), before=before, after=said))
            member.cause, member.is_down, member.change, member.recovered_at = change.cause, is_down, change, None
            again.append(member)
        news.append(change)
    Member.objects.bulk_create(fresh)
    Member.objects.bulk_update(again, ["cause", "is_down", "change", "recovered_at"], batch_size=200)
    write_all(incident, lines)
    return news


@in_city_language
def settle(incident: Incident, at: datetime, *, quietly: bool = False) -> None:
    """Make title and severity true again. The machine only ever raises severity; `quietly` writes no timeline line."""
    was = incident.severity
    if incident.root is not None and incident.opened_by_id is None:
        others, others_down = _others(incident)
        incident.title = words.title_of(
            incident.root, incident.cause, is_work=incident.is_work, others=others,
            others_down=others_down if incident.state in LIVE else others,
        )  # fmt: skip
        if was < severity.CRITICAL or not incident.severity_reason:
            _judge(incident)
    if incident.severity > was or incident.escalate_at is None:
        earlier = [moment for moment in (incident.escalate_at, _escalate_at(incident, at)) if moment]
        incident.escalate_at = min(earlier, default=None) if incident.state in LIVE else None
    incident.save(update_fields=["title", "severity", "severity_reason", "escalate_at"])
    if incident.severity > was and not quietly:
        write(
            incident, "severity_raised", by=None, at=at, text=incident.severity_reason,
            before=words.severity_words(was), after=words.severity_words(incident.severity),
        )  # fmt: skip


def _others(incident: Incident) -> tuple[int, int]:
    """Members beside the root, and those of them not yet back. One query."""
    rows = incident.members.exclude(target=incident.root)
    counted = rows.aggregate(every=Count("pk"), down=Count("pk", filter=Q(recovered_at=None)))
    return counted["every"], counted["down"]


def _judge(incident: Incident) -> None:
    """Severity from members and from what hangs on the root, found down or not yet. Three queries."""
    members = list(incident.members.values_list("target__place__stake", "target__place__name"))
    hanging: list[tuple[int | None, str | None]] = []
    if incident.root is not None and incident.kind in severity.FEEDERS:
        in_service = monitoring.behind(incident.root).filter(retired_on=None)
        hanging = list(in_service.values_list("place__stake", "place__name"))
    places = [(stake, name or "") for stake, name in members + hanging if stake is not None]
    if incident.place is not None:
        places.append((incident.place.stake, incident.place.name))
    stake, place = max(places, default=(None, ""), key=lambda pair: pair[0] or 0)
    judged = severity.judge(
        severity.AtStake(not incident.is_work, incident.kind, stake, members=len(members), dependents=len(hanging))
    )
    if judged.level > incident.severity or not incident.severity_reason:
        incident.severity = max(incident.severity, judged.level)
        incident.severity_reason = words.reason_of(judged, place=place, gone=max(len(members), len(hanging)))


def become(incident: Incident, root: Target, *, cause: str, at: datetime) -> None:
    """What looked like the failure of one thing turns out to be the failure of what it hangs on."""
    before = incident.title
    incident.root, incident.kind, incident.cause = root, root.kind, cause
    incident.owner_id, incident.place_id, incident.kelurahan_id = root.owner_id, root.place_id, root.kelurahan_id
    incident.severity_reason = ""  # judged afresh for the new root
    if incident.state == Incident.State.RECEIVED:
        incident.assigned_to = registers.duty_officer(root.owner_id, at)
    if not incident.steps_done.exists():
        incident.sop = sop_for(root.kind, cause, at)
    incident.save()
    incident.refresh_from_db()
    settle(incident, at, quietly=True)
    write(incident, "regrouped", by=None, at=at, before=before, after=incident.title)
    audit.record(
        "incidents.regrouped", on=incident, by=None, at=at, opd_code=incident.owner.code, before=before,
        after=incident.title,
    )  # fmt: skip


def children_opened_apart(root: Target, since: datetime) -> list[Incident]:
    """Live alarms opened by the machine since then whose root hangs on `root`; earliest first."""
    behind = monitoring.behind(root).values("pk")
    return list(
        live().filter(root__in=behind, opened_at__gte=since, opened_by=None, is_work=False)
        .order_by("opened_at", "pk")
    )  # fmt: skip


def work_opened_apart(root: Target, since: datetime) -> list[Incident]:
    """Lesser incidents nobody took yet, of things behind `root`: a dying line makes pictures stutter first."""
    behind = monitoring.behind(root).values("pk")
    waiting = live().filter(root__in=behind, opened_at__gte=since, opened_by=None, is_work=True)
    return list(waiting.filter(state=Incident.State.RECEIVED).order_by("opened_at", "pk"))


def recover_if_all_are_back(incident: Incident, at: datetime) -> bool:
    """RECOVERED once no member is down; what a person opened about something else waits for a person."""
    rows = list(incident.members.values_list("down_at", "recovered_at"))
    measured = incident.opened_by_id is None or any(down_at <= incident.opened_at for down_at, _back in rows)
    if not rows or not measured or any(back is None for _down, back in rows):
        settle(incident, at)
        return False
    return mark_recovered(incident, by=None, at=at, why="")


@in_city_language
def mark_recovered(incident: Incident, *, by: Any, at: datetime, why: str) -> bool:
    """False when it was not live any more. Everyone told of the failure is told."""
    waiting = Incident.objects.filter(pk=incident.pk, state__in=LIVE, merged_into=None)
    if not waiting.update(state=Incident.State.RECOVERED, recovered_at=at, escalate_at=None):
        return False
    incident.refresh_from_db()
    settle(incident, at)
    told = telling.tell_recovered(incident, at)
    write(incident, "recovered", by=by, at=at, text=why or _("diberitahukan kepada %d orang") % told)
    audit.record("incidents.recovered", on=incident, by=by, at=at, opd_code=incident.owner.code, why=why)
    telling.publish(incident, "recovered", at)
    return True


def _escalate_at(incident: Incident, since: datetime) -> datetime | None:
    is_taken = incident.state == Incident.State.HANDLED
    return severity.escalates_at(incident.severity, is_taken=is_taken, level=incident.escalation, since=since)
