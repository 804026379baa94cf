"""Looks become readings, standings and status changes: one transaction a batch, all of it or nothing.

What is stored: the reading, what the probe remembers and keeps, the target's standing, and a status change with its
root and its announcement. A look whose claim was lost (the lease ended, another runner took over) is dropped whole.
"""

import logging
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from satukota.base.feed import actions as feed
from satukota.base.feed.models import FeedEntry

from . import registry, schedule, thresholds
from .models import NO_UPLINK, PARENT_KINDS, ProbeMemory, Reading, StatusChange, Target, Verdict
from .parents import Family, wake_relatives
from .queries import active_windows, words
from .registry import Look
from .thresholds import Rules, Standing

log = logging.getLogger(__name__)

MOST_MEMORY = 8192  # bytes a probe may remember per target
REGROUP = timedelta(minutes=3)  # children that fell so shortly before their parent fell because of it
STANDING = (
    "state", "state_since", "cause", "pending", "pending_cause", "pending_count", "falls", "fell_at",
    "is_unreachable", "last_reading_at", "last_up_at", "watched_from", "next_due_at",
)  # fmt: skip


@dataclass
class Done:
    """A look that ended at `at`, under the claim `token` ("" when it was not claimed: a look outside the runner)."""

    target_id: int
    token: str
    look: Look
    at: datetime


@dataclass
class Stored:
    """One look on its way into the database."""

    target: Target
    look: Look
    reading: Reading
    was: str
    was_cause: str


@dataclass
class Outcome:
    """What a batch did."""

    readings: int = 0
    dropped: int = 0  # claim lost
    changes: list[StatusChange] = field(default_factory=list)


def store(batch: Sequence[Done], *, uplink_lost: bool, runner: str) -> Outcome:
    """Store a batch. Database errors and errors of probes and listeners come through; nothing is stored then."""
    with transaction.atomic():
        rows = [_stored(target, done, uplink_lost, runner) for target, done in _still_ours(batch)]
        Reading.objects.bulk_create([row.reading for row in rows])
        _remember(rows)
        _let_probes_keep(rows)
        _save_standings([row.target for row in rows])
        outcome = Outcome(len(rows), len(batch) - len(rows))
        _follow_up(rows, outcome)
    return outcome


def _still_ours(batch: Sequence[Done]) -> list[tuple[Target, Done]]:
    """The looks with their targets, locked; without those whose claim has gone to another runner."""
    ids = {done.target_id for done in batch}
    rows = Target.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    targets, ours = {row.pk: row for row in rows}, []
    for done in batch:
        target = targets.get(done.target_id)
        if target is not None and done.token in ("", target.claimed_by):
            ours.append((target, done))
            del targets[done.target_id]  # one look each: the claim is used up
    return ours


def _stored(target: Target, done: Done, uplink_lost: bool, runner: str) -> Stored:
    """Apply one look to the target in memory and make its reading."""
    look, was, was_cause = done.look, target.state, target.cause
    verdict, cause = str(look.verdict), look.cause[:40]
    if verdict not in Verdict.values:
        verdict, cause = str(Verdict.UNKNOWN), "look_failed"
    if uplink_lost and verdict != Verdict.UP:
        verdict, cause = str(Verdict.UNKNOWN), NO_UPLINK
    at = thresholds.moment_of(done.at, target.last_reading_at, target.state_since)
    rules = Rules(target.failures_needed, target.successes_needed)
    standing = thresholds.step(standing_of(target), rules, verdict, cause, at, sure=look.sure)
    _apply(target, standing, verdict, look, at)
    soon = thresholds.is_waiting_for_proof(standing, verdict)
    target.next_due_at = schedule.next_due_after_look(target.pk, target.interval_s, done.at, soon=soon)
    reading = Reading(
        target=target, at=at, verdict=verdict, cause=cause, took_ms=min(max(int(look.took_ms), 0), 2**31 - 1),
        measures=storable(look.measures), trail=storable([step.as_json() for step in look.trail]), runner=runner[:60],
    )  # fmt: skip
    return Stored(target, look, reading, was, was_cause)


def standing_of(target: Target) -> Standing:
    return Standing(
        target.state, target.state_since, target.cause, target.pending, target.pending_cause, target.pending_count,
        target.falls, target.fell_at,
    )  # fmt: skip


def _apply(target: Target, standing: Standing, verdict: str, look: Look, at: datetime) -> None:
    target.state, target.state_since, target.cause = standing.state, standing.since, standing.cause
    target.pending, target.pending_cause = standing.pending, standing.pending_cause
    target.pending_count = standing.pending_count
    target.falls, target.fell_at = standing.falls, standing.fell_at
    target.is_unreachable = look.unreachable and verdict == Verdict.DOWN
    target.last_reading_at = at
    target.last_up_at = at if verdict == Verdict.UP else target.last_up_at
    target.watched_from = target.watched_from or at


def storable(value: Any) -> Any:
    """The value as both databases can hold it as JSON: no NaN, no infinity, no NUL, no foreign types."""
    if isinstance(value, dict):
        return {str(key).replace("\x00", ""): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    if value is None or isinstance(value, bool | int):
        return value
    try:
        number = float(value) if not isinstance(value, str) else None  # numpy's too
    except (TypeError, ValueError):
        number = None
    if number is not None:
        return number if math.isfinite(number) else None
    return str(value).replace("\x00", "")[:500]


def _remember(rows: Sequence[Stored]) -> None:
    kept = []
    for row in rows:
        if row.look.memory is None:
            continue
        if len(row.look.memory) > MOST_MEMORY:
            log.warning("%s remembers %d bytes, at most %d are kept", row.target, len(row.look.memory), MOST_MEMORY)
            continue
        kept.append(ProbeMemory(target=row.target, content=row.look.memory, kept_at=row.reading.at))
    if kept:
        ProbeMemory.objects.bulk_create(
            kept, update_conflicts=True, unique_fields=["target"], update_fields=["content", "kept_at"]
        )


def _let_probes_keep(rows: Sequence[Stored]) -> None:
    by_kind: dict[str, list[tuple[Target, Reading, Look]]] = defaultdict(list)
    for row in rows:
        by_kind[row.target.kind].append((row.target, row.reading, row.look))
    for kind, kept in by_kind.items():
        probe = registry.probe_for(kind)
        if probe is not None:
            probe.keep(kept)


def _save_standings(targets: Sequence[Target]) -> None:
    """One statement prepared once and run per row: ten times cheaper than bulk_update's CASE for hundreds of rows."""
    if not targets:
        return
    meta, quote, adapt = Target._meta, connection.ops.quote_name, connection.ops.adapt_datetimefield_value
    fields = [meta.get_field(name) for name in STANDING]
    assignments = ", ".join(f"{quote(one.column)} = %s" for one in fields)
    sql = (
        f"UPDATE {quote(meta.db_table)} SET {assignments}, claimed_by = '', lease_until = NULL WHERE {quote('id')} = %s"
    )

    def value(target: Target, name: str) -> Any:
        raw = getattr(target, name)
        return adapt(raw) if isinstance(raw, datetime) else raw

    with connection.cursor() as cursor:
        cursor.executemany(sql, [[*(value(target, name) for name in STANDING), target.pk] for target in targets])


def _follow_up(rows: Sequence[Stored], outcome: Outcome) -> None:
    """Status changes, parents before children, and extra looks where nobody answered."""
    changed = [row for row in rows if row.target.state != row.was]
    fresh_cause = [row for row in rows if row.target.state == row.was and row.target.cause != row.was_cause]
    silent = [row for row in rows if row.target.is_unreachable and row.target.pending_count == 1]
    silent += [row for row in changed if row.target.is_unreachable]
    if not (changed or fresh_cause or silent):
        return
    family = Family.load()
    for row in changed:
        family.learn(row.target)
    windows = active_windows(max(row.reading.at for row in rows))
    changed.sort(key=lambda row: (row.target.kind not in PARENT_KINDS, family.depth(row.target)))
    outcome.changes = announce([_change(row, family, windows) for row in changed], family)
    feed.publish_all(
        _told(row.target, row.was, None, is_in_maintenance(row.target, family, windows), row.reading.at)
        for row in fresh_cause
    )
    if silent:
        wake_relatives([row.target for row in silent], family, max(row.reading.at for row in silent))


def is_in_maintenance(target: Target, family: Family, windows: set[int]) -> bool:
    return bool(windows & {target.pk, *family.above(target.link_id, target.power_id)}) if windows else False


def _change(row: Stored, family: Family, windows: set[int]) -> StatusChange:
    target, at = row.target, row.reading.at
    explained = target.state == Verdict.DOWN and (target.is_unreachable or target.kind in PARENT_KINDS)
    return StatusChange(
        target=target, at=at, was=row.was, now=target.state, cause=target.cause, reading=row.reading,
        root_id=family.root_of(target.link_id, target.power_id) if explained else None,
        in_maintenance=is_in_maintenance(target, family, windows),
    )  # fmt: skip


def announce(changes: list[StatusChange], family: Family) -> list[StatusChange]:
    """Store the changes, tell the listeners, publish them; in the caller's transaction. Parents come first."""
    for change in changes:
        if change.target.kind in PARENT_KINDS and change.now == Verdict.DOWN:
            _explain_children(change, family)
    StatusChange.objects.bulk_create(changes)
    if changes:
        registry.announce(changes)
    feed.publish_all(
        _told(change.target, change.was, family.code(change.root_id), change.in_maintenance, change.at)
        for change in changes
    )
    return changes


def _explain_children(change: StatusChange, family: Family) -> None:
    """Children that fell silent just before their parent was found down have it as their root from now on."""
    parents = family.at_or_below(change.target_id)
    recent = StatusChange.objects.filter(
        root=None, now=Verdict.DOWN, at__gte=change.at - REGROUP, target__state=Verdict.DOWN,
        target__is_unreachable=True,
    ).exclude(target=change.target_id).select_related("target")  # fmt: skip
    explained = [
        child.pk for child in recent if {child.target.link_id, child.target.power_id} & parents
    ]  # fmt: skip
    if explained:
        root = change.root_id or change.target_id
        StatusChange.objects.filter(pk__in=explained).update(root=root)


def _told(target: Target, was: str, root: str | None, maintenance: bool, at: datetime) -> FeedEntry:
    payload = {
        "id": target.pk, "code": target.code, "kind": target.kind, "state": target.state, "was": was,
        "cause": target.cause, "title": str(words(target, target.cause).title) if target.cause else "",
        "since": target.state_since.isoformat() if target.state_since else None, "lon": target.lon, "lat": target.lat,
        "root": root, "maintenance": maintenance,
    }  # fmt: skip
    return FeedEntry(
        at=at, topic="status_changed", subject=target.code, payload=payload, opd_id=target.owner_id,
        area_id=target.kelurahan_id,
    )  # fmt: skip
