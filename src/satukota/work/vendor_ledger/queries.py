"""Reading the ledger. Each function names its number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from satukota.city.models import Contract

from . import access
from .gathering import Facts, gather
from .models import Dispute, PenaltyRule, Statement
from .months import Month, of
from .reckoning import figures_of, sealed


@dataclass
class Cell:
    """One contract's month. `state`: live, draft, closed, missing (nobody drafted it), outside or no_terms."""

    month: Month
    state: str
    ratio: float | None = None
    total_rp: int | None = None
    reason: str = ""
    version: int = 0


@dataclass
class Row:
    contract: Contract
    cells: list[Cell]
    rules: int = 0
    unverified: int = 0
    disputes: int = 0


def table(user: Any, months: Sequence[Month], at: datetime) -> list[Row]:
    """Contracts the person may see, each with its months; the running month is computed now. About 25 queries."""
    contracts = list(access.contracts(user))
    ids = [contract.pk for contract in contracts]
    known: dict[tuple[int, Any], Statement] = {}
    rows = Statement.objects.filter(contract__in=ids, month__in=[month.first for month in months])
    for row in rows.order_by("version").defer("facts"):  # the newest version last
        known[row.contract_id, row.month] = row
    running = gather(contracts, of(at), at)
    rules, disputes = _rules(ids), _open_disputes(ids)
    return [
        Row(contract, [_cell(contract, month, known.get((contract.pk, month.first)), running, at) for month in months],
            *rules.get(contract.pk, (0, 0)), disputes.get(contract.pk, 0))
        for contract in contracts
    ]  # fmt: skip


def _cell(contract: Contract, month: Month, row: Statement | None, running: dict[int, Facts], at: datetime) -> Cell:
    if row is not None:
        return Cell(month, str(row.state), row.ratio, row.total_rp, row.figures["reason"], row.version)
    if contract.starts_on >= month.after.first or contract.ends_on < month.first:
        return Cell(month, "outside")
    if not hasattr(contract, "terms"):
        return Cell(month, "no_terms")
    if month == of(at) and contract.pk in running:
        figures = figures_of(running[contract.pk])
        ratio = figures["ratio"]
        return Cell(month, "live", ratio and _float(ratio), figures["total_rp"], figures["reason"])
    return Cell(month, "missing")


def _float(ratio: str) -> float:
    over, _slash, under = ratio.partition("/")
    return int(over) / int(under or 1)


def _rules(ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Rules without an end, and how many of them nobody verified. One query."""
    found: dict[int, tuple[int, int]] = {}
    rows = PenaltyRule.objects.filter(contract__in=ids, valid_to=None).order_by()
    for contract, is_verified in rows.values_list("contract_id", "is_verified"):
        every, unverified = found.get(contract, (0, 0))
        found[contract] = (every + 1, unverified + (not is_verified))
    return found


def _open_disputes(ids: Sequence[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for pk in Dispute.objects.filter(contract__in=ids, decision="").order_by().values_list("contract_id", flat=True):
        found[pk] = found.get(pk, 0) + 1
    return found


def versions(contract: Contract, month: Month) -> list[Statement]:
    """Newest first. One query."""
    rows = Statement.objects.filter(contract=contract, month=month.first).order_by("-version")
    return list(rows.select_related("prepared_by", "closed_by", "letter__file", "contract__opd"))


def disputes_of(contract: Contract, month: Month) -> QuerySet[Dispute]:
    people = ("recorded_by", "answered_by", "decided_by")
    return Dispute.objects.filter(contract=contract, month=month.first).select_related(*people)


@dataclass
class Check:
    """A frozen month computed again."""

    is_same: bool  # the frozen facts still come to the frozen figures and hash
    differs_now: list[str] = field(default_factory=list)  # codes of things monitoring tells differently today


def check(statement: Statement, now: Facts | None) -> Check:
    """Compute a statement again from its own facts, and compare them with `now`, what would be gathered today.

    No query. None: it can no longer be gathered.
    """
    figures = figures_of(statement.facts)
    same = figures == statement.figures and sealed(statement.facts, figures) == statement.sha256
    same = same and (statement.letter is None or statement.letter.content_sha256 == statement.sha256)
    if now is None:
        return Check(same)
    today = {thing["code"]: _measured(thing) for thing in now["things"]}
    frozen = {thing["code"]: _measured(thing) for thing in statement.facts["things"]}
    return Check(same, sorted(code for code in today.keys() | frozen.keys() if today.get(code) != frozen.get(code)))


def _measured(thing: Facts) -> tuple[Any, ...]:
    return thing["watched"], thing["week"], thing["spans"], thing["maintenance"]
