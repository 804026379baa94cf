"""How grave a failure is and how long it may wait, from what is at stake. City policy as data, not law.

Source: proposal of this project from the domain reference (what is at stake at the place decides), to be confirmed by
the city's own decree; until then every figure here is "kebijakan kota, dapat diubah".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

SOURCE = "kebijakan kota, dapat diubah"

LOW, NORMAL, HIGH, CRITICAL = 1, 2, 3, 4
STAKE_HIGH, STAKE_VITAL = 3, 4  # city.Place.Stake
FEEDERS = frozenset({"link", "power"})  # kinds whose failure takes others with it
MANY, VERY_MANY = 3, 10  # things gone at once that make a failure grave, and critical

# Minutes an incident may wait before the next level is told: (severity, taken by somebody?) → minutes.
WAIT_MIN: dict[tuple[int, bool], int] = {
    (CRITICAL, False): 5,
    (CRITICAL, True): 30,
    (HIGH, False): 15,
    (HIGH, True): 120,
    (NORMAL, False): 60,
    (NORMAL, True): 480,
    (LOW, False): 480,
    (LOW, True): 4320,
}
TOP_LEVEL = 2  # 0 duty officer of the owner, 1 supervisor, 2 head of the owner


@dataclass(frozen=True)
class AtStake:
    """What a failure touches. `stake` is the highest of all places touched, None when no place is known."""

    is_down: bool  # False: it works, but badly (degraded)
    kind: str  # kind of the root target
    stake: int | None = None
    members: int = 1  # things found down because of it
    dependents: int = 0  # things that hang on the root, found down or not yet


@dataclass(frozen=True)
class Judged:
    """`reasons` are codes, gravest first; words belong to who shows them."""

    level: int
    reasons: tuple[str, ...]


def judge(at_stake: AtStake) -> Judged:
    """Severity 1..4. Degraded is work and never more than normal; down is an alarm and never less than normal."""
    if not at_stake.is_down:
        vital = at_stake.stake is not None and at_stake.stake >= STAKE_HIGH
        return Judged(NORMAL, ("works_badly", "stake_high")) if vital else Judged(LOW, ("works_badly",))
    gone = max(at_stake.members, at_stake.dependents if at_stake.kind in FEEDERS else 0)
    found = [(NORMAL, "down")]
    if at_stake.stake is not None and at_stake.stake >= STAKE_HIGH:
        vital = at_stake.stake >= STAKE_VITAL
        found.append((CRITICAL, "stake_vital") if vital else (HIGH, "stake_high"))
    if gone >= MANY:
        found.append((CRITICAL, "very_many") if gone >= VERY_MANY else (HIGH, "many"))
    level = max(weight for weight, _ in found)
    ranked = sorted(found, key=lambda pair: -pair[0])
    return Judged(level, tuple(code for weight, code in ranked if weight == level or code != "down"))


def escalates_at(severity: int, *, is_taken: bool, level: int, since: datetime) -> datetime | None:
    """When the next level is told if nothing happens; None at the top. `since`: opening, taking or last escalation."""
    if level >= TOP_LEVEL:
        return None
    return since + timedelta(minutes=WAIT_MIN[severity, is_taken])
