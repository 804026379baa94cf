"""Who may see and do what: a contract belongs to its OPD. A wrong one gets the same answer as none."""

from typing import Any

from django.db.models import QuerySet

from satukota.city import access
from satukota.city.models import Contract

from .models import Dispute, PenaltyRule, Statement

VIEW, MANAGE = "ledger.view", "ledger.manage"


def contracts(user: Any, permission: str = VIEW) -> QuerySet[Contract]:
    return access.visible(Contract.objects.select_related("opd", "terms"), user, permission, owner="opd")


def contract_for(user: Any, pk: int, permission: str = VIEW) -> Contract:
    """For reading. Raises Missing."""
    return access.existing(contracts(user, permission), pk=pk)


def ledger_to_keep(user: Any, pk: int, permission: str = MANAGE) -> Contract:
    """For writing: who serves an area only does not, since a contract lies in none. Raises Missing."""
    return access.to_edit(Contract.objects.select_related("opd", "terms"), user, permission, owner="opd", pk=pk)


def rule_to_end(user: Any, pk: int, permission: str = MANAGE) -> PenaltyRule:
    rows = PenaltyRule.objects.select_related("contract__opd")
    return access.to_edit(rows, user, permission, owner="contract__opd", pk=pk)


def statement_to_keep(user: Any, pk: int, permission: str = MANAGE) -> Statement:
    rows = Statement.objects.select_related("contract__opd", "contract__terms", "letter")
    return access.to_edit(rows, user, permission, owner="contract__opd", pk=pk)


def statement_for(user: Any, pk: int, permission: str = VIEW) -> Statement:
    rows = Statement.objects.select_related("contract__opd", "contract__terms", "letter__file")
    return access.one(rows, user, permission, owner="contract__opd", pk=pk)


def dispute_to_settle(user: Any, pk: int, permission: str = MANAGE) -> Dispute:
    rows = Dispute.objects.select_related("contract__opd", "recorded_by", "answered_by")
    return access.to_edit(rows, user, permission, owner="contract__opd", pk=pk)
