"""Who may see and do what with blind spots and plans. A wrong OPD gets the same answer as what does not exist."""

from typing import Any

from satukota.city import access

from .models import BlindSpot, PartnerOffer, Plan

SPOT_RELATED = ("owner", "kelurahan", "target__owner", "plan_camera__plan")


def spot_for(user: Any, number: str, permission: str = "coverage.view") -> BlindSpot:
    """Raises Missing."""
    found: BlindSpot = access.one(BlindSpot.objects.select_related(*SPOT_RELATED), user, permission, number=number)
    return found


def plan_for(user: Any, pk: int, permission: str = "coverage.view") -> Plan:
    """Raises Missing."""
    found: Plan = access.one(Plan.objects.select_related("owner", "made_by", "came_from"), user, permission, pk=pk)
    return found


def offer_for(user: Any, pk: int, permission: str = "coverage.plan") -> PartnerOffer:
    """Raises Missing."""
    found: PartnerOffer = access.one(PartnerOffer.objects.filter(ended_on=None), user, permission, pk=pk)
    return found
