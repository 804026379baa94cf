"""Who may see and do what with blind spots and plans. A wrong OPD gets the same answer as what does not exist."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from satukota.city import access

from .models import BlindSpot, PartnerOffer, Plan

Thing = TypeVar("Thing", bound=Model)
SPOT_RELATED = ("owner", "kelurahan", "target__owner", "plan_camera__plan")


def spot_for(user: Any, number: str, permission: str = "coverage.view") -> BlindSpot:
    """Raises Missing."""
    found: BlindSpot = access.one(BlindSpot.objects.select_related(*SPOT_RELATED), user, permission, number=number)
    return found


def plans(user: Any, permission: str = "coverage.view") -> QuerySet[Plan]:
    """Plans of the OPDs in reach. A plan is of the whole city: a duty limited to an area reaches none."""
    return _of_the_city(Plan.objects.select_related("owner", "made_by", "came_from"), user, permission)


def plan_for(user: Any, pk: int, permission: str = "coverage.view") -> Plan:
    """Raises Missing."""
    return access.existing(plans(user, permission), pk=pk)


def offers(user: Any, permission: str = "coverage.plan") -> QuerySet[PartnerOffer]:
    return _of_the_city(PartnerOffer.objects.filter(ended_on=None).select_related("owner"), user, permission)


def offer_for(user: Any, pk: int, permission: str = "coverage.plan") -> PartnerOffer:
    """Raises Missing."""
    return access.existing(offers(user, permission), pk=pk)


def _of_the_city(rows: QuerySet[Thing], user: Any, permission: str) -> QuerySet[Thing]:
    if access.scope(user, permission).area_ids is not None:
        return rows.none()
    return access.visible(rows, user, permission)
