"""Places nobody sees, the plans that change it, and what things cost."""

from .plans import CostItem, PartnerOffer, Plan, PlanCamera
from .register import BlindSpot, Finding, Proof, SpotEntry

__all__ = ["BlindSpot", "CostItem", "Finding", "PartnerOffer", "Plan", "PlanCamera", "Proof", "SpotEntry"]
