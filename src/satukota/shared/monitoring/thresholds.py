"""When looks become a status. Pure: one standing and one look in, the next standing out.

- A status changes when enough looks in a row agree: `failures_needed` to leave what it is, `successes_needed` to leave
  "down" or to come back up. A look that confirmed its finding within itself (`sure`) needs no second. The very first
  good look is believed at once: there is nothing yet to flap against.
- Looks that disagree with the present state but not on what is instead agree on the weaker claim: down and degraded
  make degraded, anything and unknown make unknown. Down and up contradict each other: counting starts again.
- "Unknown" neither confirms nor excuses: it can become the state itself, but it does not wipe out a bad look before it.
- A look that failed while our own line was lost (cause no_uplink) counts for nothing and makes the looks before it
  count for nothing: they may have failed for the same reason.
- Flapping: each time a thing leaves "up" again within QUIET of the last time, it must agree twice as often that it
  is back (at most MOST looks), so a thing that comes and goes is down until it is steady, and tells people once.
- A clock that went backwards: `at` is never before the last change or the last reading, so no span is negative.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .models import NO_UPLINK, Verdict

UP, DEGRADED, DOWN, UNKNOWN = str(Verdict.UP), str(Verdict.DEGRADED), str(Verdict.DOWN), str(Verdict.UNKNOWN)

QUIET = timedelta(minutes=30)
MOST = 20
WEAKER = {
    frozenset({UP, DEGRADED}): DEGRADED,
    frozenset({DOWN, DEGRADED}): DEGRADED,
    frozenset({DOWN, UNKNOWN}): UNKNOWN,
    frozenset({DEGRADED, UNKNOWN}): UNKNOWN,
}


@dataclass(frozen=True)
class Standing:
    """What is believed of one target, and what recent looks say instead."""

    state: str = UNKNOWN
    since: datetime | None = None  # None: no look has decided anything yet
    cause: str = ""
    pending: str = ""
    pending_cause: str = ""
    pending_count: int = 0
    falls: int = 0
    fell_at: datetime | None = None


@dataclass(frozen=True)
class Rules:
    failures_needed: int = 2
    successes_needed: int = 2


def moment_of(at: datetime, *earlier: datetime | None) -> datetime:
    """`at`, or the latest of `earlier` when the clock went backwards."""
    return max([at, *(moment for moment in earlier if moment is not None)])


def step(standing: Standing, rules: Rules, verdict: str, cause: str, at: datetime, *, sure: bool = False) -> Standing:
    """The standing after one look. The status has changed when `state` differs from before."""
    at = moment_of(at, standing.since)
    if verdict == UNKNOWN and cause == NO_UPLINK:
        return replace(standing, pending=UNKNOWN, pending_cause=NO_UPLINK, pending_count=0)
    if verdict == standing.state and standing.since is not None:
        return _confirmed(standing, rules, cause, sure)
    pending, count = _counted(standing, verdict)
    if standing.pending == pending and pending != verdict:
        cause = standing.pending_cause  # the weaker claim keeps the cause it was made with
    believed = sure and (verdict != UP or standing.falls < 2)  # a flapping thing has to prove itself over time
    if not believed and count < needed(standing, rules, pending):
        return replace(standing, pending=pending, pending_cause=cause, pending_count=count)
    return _changed(standing, verdict if believed else pending, cause, at)


def needed(standing: Standing, rules: Rules, to: str) -> int:
    """How many looks must agree before the state becomes `to`."""
    if to == UP and standing.since is None:
        return 1
    if to != UP and standing.state != DOWN:
        return max(1, rules.failures_needed)
    doubled = max(1, rules.successes_needed) << min(max(standing.falls - 1, 0), 10)
    return max(rules.successes_needed, min(doubled, MOST))


def is_waiting_for_proof(standing: Standing, verdict: str) -> bool:
    """A bad look that is not yet believed: look again soon, so that trouble is known within two checks."""
    return verdict != UP and standing.pending_count > 0 and verdict != standing.state


def _counted(standing: Standing, verdict: str) -> tuple[str, int]:
    if not standing.pending or standing.pending_count == 0 or standing.pending == standing.state:
        return verdict, 1
    if standing.pending == verdict:
        return verdict, standing.pending_count + 1
    weaker = WEAKER.get(frozenset({standing.pending, verdict}))
    if weaker is None or weaker == standing.state:
        return verdict, 1
    return weaker, standing.pending_count + 1


def _confirmed(standing: Standing, rules: Rules, cause: str, sure: bool) -> Standing:
    """The look agrees with the state. A cause that differs is taken over when looks agree on it."""
    if standing.state == UNKNOWN and standing.pending_count and standing.pending != UNKNOWN:
        return standing
    if cause == standing.cause:
        return replace(standing, pending="", pending_cause="", pending_count=0)
    again = standing.pending == standing.state and standing.pending_cause == cause
    count = standing.pending_count + 1 if again else 1
    if sure or count >= rules.failures_needed:
        return replace(standing, cause=cause, pending="", pending_cause="", pending_count=0)
    return replace(standing, pending=standing.state, pending_cause=cause, pending_count=count)


def _changed(standing: Standing, to: str, cause: str, at: datetime) -> Standing:
    falls, fell_at = standing.falls, standing.fell_at
    if to in (DOWN, DEGRADED) and standing.state in (UP, UNKNOWN):
        soon = fell_at is not None and at - fell_at < QUIET
        falls, fell_at = (falls + 1 if soon else 1), at
    return Standing(to, at, "" if to == UP else cause, falls=min(falls, 100), fell_at=fell_at)
