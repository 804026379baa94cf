"""What the sample contracts are worth and which penalties they carry: invented, and said to be. Months are measured."""

from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from satukota.city.models import Contract
from satukota.work.vendor_ledger import defaults
from satukota.work.vendor_ledger.models import PenaltyRule, Terms

from . import facts

MONTHS = 12
SHORTFALL_RATE = Decimal("0.01")


def add(at: datetime) -> int:
    """Terms and rules of the sample contracts that have none yet; how many contracts."""
    there = set(Terms.objects.values_list("contract__number", flat=True))
    worth = {row["number"]: row["value_rp"] for row in facts.city()["contracts"] if row["number"] not in there}
    contracts = list(Contract.objects.filter(number__in=worth))
    Terms.objects.bulk_create(
        Terms(contract=contract, value_rp=worth[contract.number], monthly_rp=worth[contract.number] // MONTHS,
              source=_("contoh, bukan kontrak kota"), set_at=at)
        for contract in contracts
    )  # fmt: skip
    PenaltyRule.objects.bulk_create(rule for contract in contracts for rule in _rules(contract, contract.starts_on, at))
    return len(contracts)


def _rules(contract: Contract, since: date, at: datetime) -> list[PenaltyRule]:
    late = PenaltyRule(contract=contract, valid_from=since, made_at=at, **defaults.late_repair())
    short = PenaltyRule(
        contract=contract, kind=PenaltyRule.Kind.SHORTFALL, rate=SHORTFALL_RATE, step=Decimal(1),
        base=PenaltyRule.Base.MONTHLY, cap_rp=contract.terms.monthly_rp, valid_from=since, made_at=at,
        source=_("contoh, bukan pasal kontrak"),
    )  # fmt: skip
    return [late, short]
