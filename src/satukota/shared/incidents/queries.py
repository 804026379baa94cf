"""Reading incidents. Each function names its number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When

from . import access
from .models import Entry, Incident, Member, Sop
from .opening import LIVE, OPEN

incident_for = access.incident_for


def open_now(user: Any) -> QuerySet[Incident]:
    """Live incidents the person may see, as the work list counts them: for badges, figures, map and wall."""
    return access.visible(user).filter(state__in=LIVE, merged_into=None)


def worklist(user: Any) -> QuerySet[Incident]:
    """All incidents the person may see, without those folded into others. Soonest clock first, closed ones last."""
    return (
        access.visible(user)
        .filter(merged_into=None)
        .select_related("owner", "place", "kelurahan", "assigned_to", "root")
        .order_by(_rank(), F("escalate_at").asc(nulls_last=True), "-severity", "-opened_at")
    )


def _rank() -> Case:
    """Live before recovered before closed."""
    live, recovered = When(state__in=LIVE, then=Value(0)), When(state=Incident.State.RECOVERED, then=Value(1))
    return Case(live, recovered, default=Value(2), output_field=IntegerField())


def for_target(target_id: int) -> QuerySet[Incident]:
    """Incidents the target caused or was a member of, newest first; the caller checks who may see. One query."""
    mine = Member.objects.filter(target_id=target_id).values("incident")
    return Incident.objects.filter(Q(root_id=target_id) | Q(pk__in=mine), merged_into=None).order_by("-opened_at")


@dataclass(frozen=True)
class Kpis:
    """Counts of what the person may see now."""

    live: int
    critical: int
    untaken: int
    overdue: int
    recovered: int  # waiting to be closed with their cause
    opened_24h: int


def kpis(user: Any, at: datetime) -> Kpis:
    """One query."""
    rows = access.visible(user).filter(merged_into=None)
    recent = at - timedelta(hours=24)
    rows = rows.filter(Q(state__in=OPEN) | Q(opened_at__gte=recent))
    live = Q(state__in=LIVE)
    counted = rows.aggregate(
        live=Count("pk", filter=live),
        critical=Count("pk", filter=live & Q(severity=Incident.Severity.CRITICAL)),
        untaken=Count("pk", filter=Q(state=Incident.State.RECEIVED)),
        overdue=Count("pk", filter=live & (Q(escalate_at__lte=at) | Q(escalation__gt=0))),
        recovered=Count("pk", filter=Q(state=Incident.State.RECOVERED)),
        opened_24h=Count("pk", filter=Q(opened_at__gte=recent)),
    )
    return Kpis(**counted)


def down_counts(incidents: Iterable[Incident]) -> dict[int, tuple[int, int]]:
    """Incident id → (members still down, members at all). One query for a page of rows."""
    rows = (
        Member.objects.filter(incident__in=[incident.pk for incident in incidents])
        .values("incident").annotate(down=Count("pk", filter=Q(recovered_at=None)), every=Count("pk")).order_by()
    )  # fmt: skip
    return {row["incident"]: (row["down"], row["every"]) for row in rows}


def members_of(incident: Incident) -> QuerySet[Member]:
    """Still down first, longest down first."""
    return (
        incident.members.select_related("target__place", "target__owner", "change__reading__picture", "came_from")
        .order_by(F("recovered_at").desc(nulls_first=True), "down_at", "pk")
    )  # fmt: skip


def timeline_of(incident: Incident) -> QuerySet[Entry]:
    """Newest first."""
    return incident.timeline.select_related("by").order_by("-at", "-pk")


@dataclass(frozen=True)
class StepNow:
    """One SOP step with whether, by whom and when it was done."""

    index: int
    text: str
    role: str
    minutes: int
    by: Any = None
    at: datetime | None = None


def steps_of(incident: Incident) -> list[StepNow]:
    """Steps of the version the incident began with, in order. One query."""
    if incident.sop is None:
        return []
    done = {step.step: step for step in incident.steps_done.select_related("by")}
    return [
        StepNow(
            index, step["text"], step.get("role", ""), step.get("minutes", 0),
            by=done[index].by if index in done else None, at=done[index].at if index in done else None,
        )
        for index, step in enumerate(incident.sop.steps)
    ]  # fmt: skip


def merge_candidates(user: Any, incident: Incident, limit: int = 50) -> list[Incident]:
    """Other live incidents the person may merge with: same kelurahan or kind first, then newest. One query."""
    near = Case(
        When(kelurahan=incident.kelurahan_id, kelurahan__isnull=False, then=Value(0)),
        When(kind=incident.kind, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    rows = access.visible(user, "incidents.merge").filter(state__in=LIVE, merged_into=None).exclude(pk=incident.pk)
    return list(rows.order_by(near, "-opened_at")[:limit])


def usual_causes(kind: str, limit: int = 8) -> list[str]:
    """What incidents of this kind were most often closed with. One query."""
    closed = Incident.objects.filter(kind=kind, state=Incident.State.CLOSED).exclude(closed_cause="")
    counted = closed.values("closed_cause").annotate(n=Count("pk")).order_by("-n", "closed_cause")
    return [row["closed_cause"] for row in counted[:limit]]


def sops_in_force(at: datetime) -> list[Sop]:
    """The newest version of each (kind, cause). One query."""
    newest: dict[tuple[str, str], Sop] = {}
    for sop in Sop.objects.filter(active_from__lte=at).order_by("kind", "cause", "version"):
        newest[sop.kind, sop.cause] = sop
    return list(newest.values())
