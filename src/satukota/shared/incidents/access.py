"""Who may see and do what with incidents. A wrong OPD gets the same answer as a number that does not exist."""

from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from satukota.base.errors import Missing
from satukota.city import access

from .models import Incident, Member


def visible(user: Any, permission: str = "incidents.view") -> QuerySet[Incident]:
    """Incidents within reach of the person's hat, and those that took down something within it."""
    reach = access.scope(user, permission)
    if reach.everywhere:
        return Incident.objects.all()
    if not reach:
        return Incident.objects.none()
    touched = Member.objects.filter(access.within(reach, Member, "target__owner"), incident=OuterRef("pk"))
    return Incident.objects.filter(access.within(reach, Incident, "owner") | Exists(touched))


def incident_for(user: Any, number: str, permission: str = "incidents.view") -> Incident:
    """For reading, with `members_all`, `members_down` and `has_folded`: others were merged into it. Raises Missing."""
    rows = visible(user, permission).select_related(
        "root", "owner", "place", "kelurahan", "assigned_to__user", "opened_by", "sop", "merged_into"
    )
    members = Member.objects.filter(incident=OuterRef("pk"))
    rows = rows.annotate(
        members_all=_count(members), members_down=_count(members.filter(recovered_at=None)),
        has_folded=Exists(Incident.objects.filter(merged_into=OuterRef("pk"))),
    )  # fmt: skip
    return _one(rows, number)


def incident_to(user: Any, number: str, permission: str) -> Incident:
    """For acting: only incidents whose owner is within reach of the permission. Raises Missing."""
    rows = access.visible(Incident.objects.select_related("root", "owner", "place", "kelurahan"), user, permission)
    return _one(rows.select_related("assigned_to__user", "merged_into", "sop"), number)


def _count(rows: QuerySet[Member]) -> Coalesce:
    counted = rows.order_by().values("incident").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


def _one(rows: QuerySet[Incident], number: str) -> Incident:
    incident = rows.filter(number=number).first() if "\0" not in number else None
    if incident is None:
        raise Missing(_("Insiden ini tidak ditemukan."), fix=_("Periksa nomornya atau kembali ke daftar insiden."))
    return incident
