"""What a vendor owes for a month: outages, repair times, availability and penalties. Pure; rupiah are whole numbers.

Everything is exact: seconds are integers, shares and rates fractions. A sum is rounded down to the rupiah, once for
each outage and once for each rule, so what is printed adds up and never exceeds what was agreed.

Where two things are true of one second, the first of these counts: not required, maintenance, unknown, excused (the
cause lies outside the contract, or a dispute was granted), the state seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from .availability import (
    DEGRADED,
    DOWN,
    UP,
    Interval,
    Intervals,
    Parts,
    Span,
    Week,
    joined,
    length,
    measure,
    required,
    within,
    without,
)

SHORTFALL, LATE_REPAIR = "availability", "late_repair"
KINDS = (SHORTFALL, LATE_REPAIR)
HOUR_S = 3600


@dataclass(frozen=True)
class Rule:
    """One agreed penalty: `rate` of `base_rp` for each step beyond what was promised.

    A step is so many percentage points of availability (SHORTFALL) or so many hours of repair (LATE_REPAIR).
    Raises ValueError for what cannot have been agreed.
    """

    key: str
    kind: str
    rate: Fraction
    base_rp: int
    step: Fraction
    counts_started: bool = True  # a step that was begun counts; else only whole ones
    cap_rp: int | None = None  # a month

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no kind of penalty: {self.kind!r}")
        if not 0 <= self.rate <= 1 or self.base_rp < 0 or self.step <= 0 or (self.cap_rp or 0) < 0:
            raise ValueError("a rate is 0 to 1, a step above 0, rupiah are not negative")

    def steps(self, beyond: Fraction) -> int:
        """Steps in so many percentage points or hours beyond the promise."""
        if beyond <= 0:
            return 0
        return ceil(beyond / self.step) if self.counts_started else floor(beyond / self.step)

    def rupiah(self, steps: int) -> int:
        return floor(self.rate * self.base_rp * steps)


@dataclass(frozen=True)
class Thing:
    """One watched thing within the month. `carried_s`: counted seconds, before the month, of the outage it began in."""

    key: str
    week: Week
    watched: Interval | None  # None: nobody ever looked
    spans: tuple[Span, ...]
    maintenance: Intervals
    excused: Intervals
    carried_s: int = 0


@dataclass(frozen=True)
class Facts:
    """What is known of a contract over one month, and what was agreed."""

    since: int
    until: int
    zone: tzinfo
    things: Sequence[Thing]
    blind: Intervals  # we could not see
    promised: Fraction | None  # availability, 0 to 1
    repair_s: int | None
    degraded_counts: bool  # what works badly counts as not available
    rules: Sequence[Rule]


class Outage(NamedTuple):
    """From the first bad second to the last. `is_repaired`: it was seen to work again within the month."""

    key: str
    start: int
    end: int
    state: str  # the worst
    is_repaired: bool
    counted_s: int  # within the month
    before_s: int  # counted before the month
    maintenance_s: int
    unknown_s: int
    excused_s: int
    free_s: int  # not required


class ThingFigures(NamedTuple):
    """`parts.unknown_s` includes `excused_s`."""

    key: str
    parts: Parts
    excused_s: int
    outages: tuple[Outage, ...]


class Item(NamedTuple):
    outage: int  # its place among the figures' outages
    steps: int
    rp: int


class Charge(NamedTuple):
    """What one rule comes to. `why_none`: not_promised, not_computable, no_base, or empty."""

    rule: str
    steps: int
    before_cap_rp: int
    rp: int
    items: tuple[Item, ...]
    why_none: str = ""


class Figures(NamedTuple):
    parts: Parts  # of all things together; unknown_s includes excused_s
    excused_s: int
    ratio: Fraction | None
    reason: str  # why there is no ratio: no_things, never_seen, not_required, all_maintenance, all_excused, all_unknown
    things: tuple[ThingFigures, ...]
    outages: tuple[Outage, ...]  # by start, then by key
    repaired: int
    mean_repair_s: int | None  # floored
    charges: tuple[Charge, ...]
    total_rp: int


def reckon(facts: Facts) -> Figures:
    things = tuple(_of_thing(thing, facts) for thing in facts.things)
    parts, excused = Parts(), 0
    for thing in things:
        parts, excused = parts + thing.parts, excused + thing.excused_s
    outages = tuple(sorted((one for thing in things for one in thing.outages), key=lambda one: (one.start, one.key)))
    counted = parts.required_s - parts.maintenance_s - parts.unknown_s
    ratio = Fraction(parts.up_s, counted) if counted > 0 else None
    repairs = [one.before_s + one.counted_s for one in outages if one.is_repaired and one.before_s + one.counted_s]
    charges = tuple(_charge(rule, facts, ratio, outages) for rule in facts.rules)
    return Figures(
        parts, excused, ratio, "" if ratio is not None else _reason(facts, parts, excused), things, outages,
        len(repairs), sum(repairs) // len(repairs) if repairs else None, charges, sum(one.rp for one in charges),
    )  # fmt: skip


def counted_in(spans: Iterable[Interval], thing: Thing, facts: Facts) -> int:
    """Seconds of `spans` that count against the vendor."""
    return length(within(joined(spans), _open_time(thing, facts)))


def _seen_time(thing: Thing, facts: Facts) -> Interval | None:
    if thing.watched is None:
        return None
    start, end = max(facts.since, thing.watched[0]), min(facts.until, thing.watched[1])
    return (start, end) if start < end else None


def _required(thing: Thing, facts: Facts) -> Intervals:
    seen = _seen_time(thing, facts)
    return required(thing.week, *seen, facts.zone) if seen else []


def _open_time(thing: Thing, facts: Facts) -> Intervals:
    """Required time in which a failure counts."""
    left = without(_required(thing, facts), joined(thing.maintenance))
    return without(without(left, joined(facts.blind)), joined(thing.excused))


def _states(thing: Thing, facts: Facts) -> list[Span]:
    """The spans in which it was watched; what works badly is up where that was agreed."""
    seen = _seen_time(thing, facts)
    if seen is None:
        return []
    clipped = (Span(max(one.start, seen[0]), min(one.end, seen[1]), one.state) for one in thing.spans)
    eased = (one._replace(state=UP) if one.state == DEGRADED and not facts.degraded_counts else one for one in clipped)
    return sorted(one for one in eased if one.start < one.end)


def _of_thing(thing: Thing, facts: Facts) -> ThingFigures:
    hours, states = _required(thing, facts), _states(thing, facts)
    blind = joined(facts.blind)
    parts = measure(states, required=hours, maintenance=thing.maintenance, unknown=[*blind, *thing.excused])
    unknown_s = measure(states, required=hours, maintenance=thing.maintenance, unknown=blind).unknown_s
    return ThingFigures(thing.key, parts, parts.unknown_s - unknown_s, tuple(_outages(thing, facts, states, hours)))


def _outages(thing: Thing, facts: Facts, states: list[Span], hours: Intervals) -> list[Outage]:
    """Runs of bad spans. A stretch nobody knows of does not end one; only being seen to work does."""
    found: list[Outage] = []
    run: list[Span] = []
    for span in states:
        if span.state in (DOWN, DEGRADED):
            run.append(span)
        elif span.state == UP and run:
            found.append(_outage(thing, facts, run, hours, is_repaired=True))
            run = []
    return [*found, _outage(thing, facts, run, hours, is_repaired=False)] if run else found


def _outage(thing: Thing, facts: Facts, run: list[Span], hours: Intervals, *, is_repaired: bool) -> Outage:
    whole = joined((span.start, span.end) for span in run)
    seen = _seen_time(thing, facts)
    began_before = seen is not None and run[0].start == seen[0] == facts.since
    owed = within(whole, hours)
    after_work = without(owed, joined(thing.maintenance))
    after_blind = without(after_work, joined(facts.blind))
    counted = without(after_blind, joined(thing.excused))
    return Outage(
        thing.key, run[0].start, run[-1].end, DOWN if any(span.state == DOWN for span in run) else DEGRADED,
        is_repaired, length(counted), thing.carried_s if began_before else 0,
        maintenance_s=length(owed) - length(after_work), unknown_s=length(after_work) - length(after_blind),
        excused_s=length(after_blind) - length(counted), free_s=length(whole) - length(owed),
    )  # fmt: skip


def _reason(facts: Facts, parts: Parts, excused: int) -> str:
    if not facts.things:
        return "no_things"
    if all(_seen_time(thing, facts) is None for thing in facts.things):
        return "never_seen"
    if parts.required_s == 0:
        return "not_required"
    if excused:
        return "all_excused"
    return "all_unknown" if parts.unknown_s else "all_maintenance"


def _charge(rule: Rule, facts: Facts, ratio: Fraction | None, outages: Sequence[Outage]) -> Charge:
    promised = facts.promised if rule.kind == SHORTFALL else facts.repair_s
    if promised is None:
        return Charge(rule.key, 0, 0, 0, (), "not_promised")
    if rule.base_rp == 0:
        return Charge(rule.key, 0, 0, 0, (), "no_base")
    if rule.kind == LATE_REPAIR:
        return _late(rule, facts.repair_s or 0, outages)
    if ratio is None:
        return Charge(rule.key, 0, 0, 0, (), "not_computable")
    steps = rule.steps(((facts.promised or Fraction(0)) - ratio) * 100)
    return _capped(rule, steps, rule.rupiah(steps), ())


def _late(rule: Rule, repair_s: int, outages: Sequence[Outage]) -> Charge:
    """Steps an outage had already reached before the month were charged there."""

    def steps(counted_s: int) -> int:
        return rule.steps(Fraction(counted_s - repair_s, HOUR_S))

    items = []
    for place, one in enumerate(outages):
        fresh = steps(one.before_s + one.counted_s) - steps(one.before_s)
        if fresh:
            items.append(Item(place, fresh, rule.rupiah(fresh)))
    return _capped(rule, sum(item.steps for item in items), sum(item.rp for item in items), tuple(items))


def _capped(rule: Rule, steps: int, rp: int, items: tuple[Item, ...]) -> Charge:
    return Charge(rule.key, steps, rp, rp if rule.cap_rp is None else min(rp, rule.cap_rp), items)
