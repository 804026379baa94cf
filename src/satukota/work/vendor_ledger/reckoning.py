"""Facts → figures, both plain JSON, and the hash over both. The same facts always come to the same figures."""

import hashlib
from collections.abc import Mapping
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from satukota.base.audit import form
from satukota.rules import penalties
from satukota.rules.availability import Interval, Span, joined, read_week
from satukota.rules.penalties import HOUR_S, Rule, Thing

Facts = Mapping[str, Any]


def figures_of(facts: Facts) -> dict[str, Any]:
    """What rules/penalties.py makes of the facts. A month without terms has no figures: it has no facts either."""
    found = penalties.reckon(_read(facts))
    charged = {item.outage: (item.steps, item.rp) for charge in found.charges for item in charge.items}
    return {
        "form": 1, "parts": found.parts._asdict(), "excused_s": found.excused_s,
        "ratio": None if found.ratio is None else str(found.ratio), "reason": found.reason,
        "repaired": found.repaired, "mean_repair_s": found.mean_repair_s, "total_rp": found.total_rp,
        "things": [{"code": one.key, "parts": one.parts._asdict(), "excused_s": one.excused_s,
                    "outages": len(one.outages)} for one in found.things],
        "outages": [one._asdict() | dict(zip(("steps", "rp"), charged.get(place, (0, 0)), strict=True))
                    for place, one in enumerate(found.outages)],
        "charges": [{"rule": one.rule, "steps": one.steps, "before_cap_rp": one.before_cap_rp, "rp": one.rp,
                     "why_none": one.why_none} for one in found.charges],
    }  # fmt: skip


def sealed(facts: Facts, figures: Facts) -> str:
    """SHA-256 over the canonical JSON of both (RFC 8785): what is printed on the letter.

    They hold texts, whole numbers, claims and nothing else, which every writer of JSON writes alike.
    """
    return hashlib.sha256(form.canonical({"facts": facts, "figures": figures})).hexdigest()


def ratio_of(figures: Facts) -> Fraction | None:
    return None if figures["ratio"] is None else Fraction(figures["ratio"])


def _read(facts: Facts) -> penalties.Facts:
    contract = facts["contract"]
    promised, hours = contract["promised"], contract["repair_hours"]
    return penalties.Facts(
        since=facts["since"], until=facts["until"], zone=ZoneInfo(facts["zone"]),
        things=[_thing(thing) for thing in facts["things"]], blind=_intervals(facts["blind"]),
        promised=None if promised is None else Fraction(promised),
        repair_s=None if hours is None else int(Fraction(hours) * HOUR_S),
        degraded_counts=contract["degraded_counts"], rules=[_rule(rule) for rule in facts["rules"]],
    )  # fmt: skip


def _thing(thing: Facts) -> Thing:
    return Thing(
        key=thing["code"], week=read_week(thing["week"]),
        watched=(thing["watched"][0], thing["watched"][1]) if thing["watched"] else None,
        spans=tuple(Span(*span) for span in thing["spans"]), maintenance=_intervals(thing["maintenance"]),
        excused=_intervals(thing["excused"]), carried_s=thing["carried_s"],
    )  # fmt: skip


def _intervals(rows: Any) -> list[Interval]:
    return joined((row[0], row[1]) for row in rows)


def _rule(rule: Facts) -> Rule:
    return Rule(
        key=rule["key"], kind=rule["kind"], rate=Fraction(rule["rate"]), base_rp=rule["base_rp"],
        step=Fraction(rule["step"]), counts_started=rule["counts_started"], cap_rp=rule["cap_rp"],
    )  # fmt: skip
