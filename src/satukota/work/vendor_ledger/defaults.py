"""The penalty a contract usually carries, offered where somebody writes down the first rule.

One thousandth of the contract's value for each day of delay: Perpres 16/2018 art. 79, as practice quotes it. Nobody
here has read the article against the contract, so the rule says it is not verified until somebody does.
"""

from decimal import Decimal
from typing import Any

from .models import PenaltyRule

LATE_RATE, LATE_STEP_HOURS = Decimal("0.001"), Decimal(24)
LATE_SOURCE = "Perpres 16/2018 Pasal 79: 1/1000 per hari; cocokkan dengan pasal denda kontrak"


def late_repair() -> dict[str, Any]:
    return {
        "kind": PenaltyRule.Kind.LATE_REPAIR, "rate": LATE_RATE, "step": LATE_STEP_HOURS,
        "base": PenaltyRule.Base.VALUE, "counts_started": True, "source": LATE_SOURCE, "is_verified": False,
    }  # fmt: skip
