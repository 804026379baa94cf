"""The facts of contracts over a month as plain JSON, from what monitoring and the registers know now.

Figures are only ever computed from such facts (reckoning.py), so a month whose facts were kept comes to the same
figures when readings, status changes or the registers are no longer what they were.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q

from satukota.base.errors import UserError
from satukota.city.models import Contract
from satukota.rules import penalties
from satukota.rules.availability import DEGRADED, DOWN, UP, Interval, joined, moment, seconds, within
from satukota.shared.incidents.models import Member
from satukota.shared.monitoring.history import History
from satukota.shared.monitoring.models import StatusChange, Target

from .models import Dispute, PenaltyRule, Statement
from .months import Month, Span, midnight, span_of

FORM = 1
BAD = (DOWN, DEGRADED)
Facts = dict[str, Any]
Change = dict[str, Any]  # at, was, now, cause, root (code), root_contract, change (id)


def facts_of(contract: Contract, month: Month, at: datetime) -> Facts:
    """Raises UserError for a month to come, one outside the contract, and a contract without terms."""
    span_of(contract, month, at)
    return gather([contract], month, at)[contract.pk]


def gather(contracts: Sequence[Contract], month: Month, at: datetime) -> dict[int, Facts]:
    """By contract; those the month does not concern, or without terms, are left out. At most 20 queries for any number.

    `contracts` come with `opd` and `terms` selected.
    """
    spans = _spans(contracts, month, at)
    if not spans:
        return {}
    lo, hi = min(span.since for span in spans.values()), max(span.until for span in spans.values())
    in_use = Q(retired_on=None) | Q(retired_on__gt=month.first)
    targets = list(Target.objects.filter(in_use, contract__in=spans).order_by("code"))
    ids = [target.pk for target in targets]
    history = History(ids, [(lo, hi)])
    changes = _changes(ids, lo, hi)
    earlier = _Earlier(history, lo, hi, changes)
    incidents, excuses, rules = _incidents(ids, lo, hi), _granted(spans, month), _rules(spans)
    by_contract: dict[int, list[Target]] = defaultdict(list)
    for target in targets:
        by_contract[target.contract_id or 0].append(target)
    found = {}
    for contract in (one for one in contracts if one.pk in spans):
        span = spans[contract.pk]
        told = _contract(contract, month, span) | {"rules": rules[contract.pk]}
        told["blind"] = _clipped(history.outages, span)
        told["things"] = [
            _thing(target, contract, span, history, (lo, hi), changes[target.pk], earlier, excuses[contract.pk])
            | {"incidents": incidents[target.pk]}
            for target in by_contract[contract.pk]
        ]
        found[contract.pk] = told
    return found


def _spans(contracts: Iterable[Contract], month: Month, at: datetime) -> dict[int, Span]:
    spans = {}
    for contract in contracts:
        if hasattr(contract, "terms"):
            try:
                spans[contract.pk] = span_of(contract, month, at)
            except UserError:
                continue
    return spans


def _contract(contract: Contract, month: Month, span: Span) -> Facts:
    terms = contract.terms
    return {
        "form": FORM, "month": str(month), "since": span.since, "until": span.until, "is_over": span.is_over,
        "zone": settings.TIME_ZONE,
        "contract": {
            "number": contract.number, "vendor": contract.vendor, "subject": contract.subject,
            "opd": contract.opd.name, "starts_on": contract.starts_on.isoformat(),
            "ends_on": contract.ends_on.isoformat(), "promised": _decimal(contract.required_availability),
            "repair_hours": _decimal(contract.repair_hours), "value_rp": terms.value_rp,
            "monthly_rp": terms.monthly_rp, "degraded_counts": terms.degraded_counts,
            "excuses_outside": terms.excuses_outside, "source": terms.source, "first_on": span.first_on.isoformat(),
        },
    }  # fmt: skip


def _decimal(number: float | None) -> str | None:
    """0.95 as it was typed, not as the float is."""
    return None if number is None else str(Decimal(repr(number)))


def _rules(spans: Mapping[int, Span]) -> dict[int, list[Facts]]:
    """The rules in force on the first day of each contract's part of the month. One query."""
    found: dict[int, list[Facts]] = defaultdict(list)
    for rule in PenaltyRule.objects.filter(contract__in=spans).select_related("contract__terms").order_by("kind", "pk"):
        day = spans[rule.contract_id].first_on
        if rule.valid_from <= day and (rule.valid_to is None or day <= rule.valid_to):
            found[rule.contract_id].append(_rule(rule))
    return found


def _rule(rule: PenaltyRule) -> Facts:
    terms = rule.contract.terms
    base = {"value": terms.value_rp, "monthly": terms.monthly_rp or 0, "fixed": rule.base_rp or 0}[rule.base]
    return {
        "key": str(rule.pk), "kind": rule.kind, "rate": str(rule.rate.normalize()), "base": rule.base, "base_rp": base,
        "step": str(rule.step.normalize()), "counts_started": rule.counts_started, "cap_rp": rule.cap_rp,
        "valid_from": rule.valid_from.isoformat(), "valid_to": rule.valid_to and rule.valid_to.isoformat(),
        "source": rule.source, "is_verified": rule.is_verified,
    }  # fmt: skip


def _clipped(intervals: Iterable[Interval], span: Span) -> list[list[int]]:
    return [list(one) for one in within(joined(intervals), [(span.since, span.until)])]


def _thing(
    target: Target, contract: Contract, span: Span, history: History, whole: Interval, changes: Sequence[Change],
    earlier: "_Earlier", granted: Mapping[str, list[list[Any]]],
) -> Facts:  # fmt: skip
    known = history.things[target.pk]
    states = history.spans(target.pk, *whole) if known.watched else []
    told = {
        "code": target.code, "name": target.name, "kind": target.kind, "week": [list(day) for day in known.week],
        "watched": list(known.watched) if known.watched else None,
        "spans": [[max(one.start, span.since), min(one.end, span.until), one.state] for one in states
                  if max(one.start, span.since) < min(one.end, span.until)],
        "maintenance": _clipped(history.maintenance(target.pk), span),
        "changes": [one for one in changes if span.since <= one["at"] < span.until],
    }  # fmt: skip
    begun = earlier.began(target.pk, contract) if span.since == whole[0] else None
    told |= {"began": begun, "carried_s": earlier.counted_s(target.pk, contract, begun)}
    before = earlier.last.get(target.pk)
    rooted = [*([before | {"at": span.since}] if before and begun is not None else []), *changes]
    told["before"] = before if begun is not None else None
    told["excused"] = _outside(rooted, contract, span) + granted.get(target.code, [])
    return told


def _outside(changes: Sequence[Change], contract: Contract, span: Span) -> list[list[Any]]:
    """Stretches whose root lies outside the contract: [start, end, "root:CODE"], where the contract excuses them."""
    if not contract.terms.excuses_outside:
        return []
    found = []
    for place, one in enumerate(changes):
        if one["now"] in BAD and one["root"] and one["root_contract"] != contract.number:
            end = changes[place + 1]["at"] if place + 1 < len(changes) else span.until
            start, end = max(one["at"], span.since), min(end, span.until)
            found += [[start, end, f"root:{one['root']}"]] if start < end else []
    return found


def _changes(ids: Sequence[int], lo: int, hi: int) -> dict[int, list[Change]]:
    """Status changes by target, oldest first. One query."""
    rows = StatusChange.objects.filter(target__in=ids, at__gte=moment(lo), at__lt=moment(hi))
    found: dict[int, list[Change]] = defaultdict(list)
    for row in rows.select_related("root__contract").order_by("at", "pk"):
        found[row.target_id].append(_change(row))
    return found


def _change(row: StatusChange) -> Change:
    root = row.root
    return {
        "at": seconds(row.at), "was": row.was, "now": row.now, "cause": row.cause, "change": row.pk,
        "root": root.code if root else "",
        "root_contract": root.contract.number if root and root.contract else "",
    }  # fmt: skip


class _Earlier:
    """Outages that were already running when the month began: since when, and how much of them had counted."""

    def __init__(self, history: History, lo: int, hi: int, changes: Mapping[int, Sequence[Change]]) -> None:
        self.lo = lo
        running = [
            pk for pk, thing in history.things.items()
            if thing.watched and thing.watched[0] < lo and history.spans(pk, lo, hi)[0].state in BAD
        ]  # fmt: skip
        self._runs: dict[int, list[Change]] = {pk: [] for pk in running}
        rows = StatusChange.objects.filter(target__in=running, at__lt=moment(lo)).order_by("at", "pk")
        for row in rows.select_related("root__contract") if running else ():
            run = self._runs[row.target_id]
            if row.now == UP:
                run.clear()
            elif run or row.now in BAD:
                run.append(_change(row))
        self.last = {pk: run[-1] for pk, run in self._runs.items() if run}
        starts = [run[0]["at"] for run in self._runs.values() if run and run[0]["at"] < lo]
        self._from = min(starts, default=lo)
        self._history = History(list(self.last), [(self._from, lo)]) if self._from < lo else None

    def began(self, pk: int, contract: Contract) -> int | None:
        """When the outage began, not before the contract; None when none was running."""
        run = self._runs.get(pk)
        if not run:
            return None
        return max(run[0]["at"], midnight(contract.starts_on))

    def counted_s(self, pk: int, contract: Contract, begun: int | None) -> int:
        """Seconds before the month that counted against the vendor, by the same rules as within it."""
        if begun is None or self._history is None or begun >= self.lo:
            return 0
        known = self._history.things[pk]
        span = Span(begun, self.lo, contract.starts_on, True)
        bad = BAD if contract.terms.degraded_counts else (DOWN,)
        spans = [one for one in self._history.spans(pk, self._from, self.lo) if one.state in bad]
        excused = [(start, end) for start, end, _why in _outside(self._runs[pk], contract, span)]
        thing = penalties.Thing("", known.week, known.watched, (), self._history.maintenance(pk), joined(excused))
        facts = penalties.Facts(
            begun, self.lo, self._history.zone, (thing,), self._history.outages, None, None, True, ()
        )
        return penalties.counted_in([(max(one.start, begun), one.end) for one in spans], thing, facts)


def _incidents(ids: Sequence[int], lo: int, hi: int) -> dict[int, list[Facts]]:
    """Incidents each target was in, by number and the moment it went down. One query."""
    rows = Member.objects.filter(target__in=ids, down_at__lt=moment(hi))
    rows = rows.filter(Q(recovered_at=None) | Q(recovered_at__gte=moment(lo))).order_by("down_at", "pk")
    found: dict[int, list[Facts]] = defaultdict(list)
    for pk, number, down_at, back_at in rows.values_list("target_id", "incident__number", "down_at", "recovered_at"):
        found[pk].append({"number": number, "at": seconds(down_at), "until": back_at and seconds(back_at)})
    return found


def _granted(spans: Mapping[int, Span], month: Month) -> dict[int, dict[str, list[list[Any]]]]:
    """Outages excused by granted disputes: by contract and code, [start, end, "dispute:ID"]. One query."""
    rows = Dispute.objects.filter(contract__in=spans, month=month.first, decision=Dispute.Decision.GRANTED)
    found: dict[int, dict[str, list[list[Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows.exclude(outage_start=None).order_by("pk"):
        found[row.contract_id][row.thing].append([row.outage_start, row.outage_end, f"dispute:{row.pk}"])
    return found


def corrected(statement: Statement) -> Facts:
    """The facts of a closed statement with what was granted since and the terms and rules as they are written now.

    What was measured stays as it was frozen, whatever monitoring knows today.
    """
    frozen, month = statement.facts, Month(statement.month)
    contract = Contract.objects.select_related("opd", "terms").get(pk=statement.contract_id)
    first_on = date.fromisoformat(frozen["contract"]["first_on"])
    span = Span(frozen["since"], frozen["until"], first_on, True)
    granted = _granted({contract.pk: span}, month)[contract.pk]
    told = _contract(contract, month, span)
    told["contract"]["excuses_outside"] = frozen["contract"]["excuses_outside"]  # its effect was measured
    things = [
        thing | {"excused": [one for one in thing["excused"] if not one[2].startswith("dispute:")]
                 + granted.get(thing["code"], [])}
        for thing in frozen["things"]
    ]  # fmt: skip
    return frozen | told | {"rules": _rules({contract.pk: span})[contract.pk], "things": things}
