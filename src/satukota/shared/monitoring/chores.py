"""What must be done from time to time, by one runner at a time: the row is claimed by a conditional update."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Q

from satukota.base.audit import actions as audit
from satukota.base.jobs.heart import beating
from satukota.base.keeping import retention

from . import registry
from .models import Chore, RunnerBeat
from .rollups import roll_up_due

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)  # a chore whose runner was killed starts again after this
BEAT_S = 20.0  # how often whoever is at a chore makes its lease last longer
DEAD = timedelta(days=1)  # runners silent for so long are forgotten


def forget_dead_runners(at: datetime) -> int:
    return RunnerBeat.objects.filter(beat_at__lt=at - DEAD).delete()[0]


OURS: registry.Chores = {
    "monitoring.roll_up": (60, roll_up_due),
    "monitoring.forget_dead_runners": (3600, forget_dead_runners),
    "audit.seal_ended_days": (60, audit.seal_ended_days),
    "keeping.delete_by_rules": (600, retention.run_due),
}


def all_chores() -> registry.Chores:
    return OURS | registry.chores()


def claim(name: str, by: str, at: datetime) -> bool:
    """True for exactly one runner when the chore is due and nobody is at it."""
    if not Chore.objects.filter(name=name).exists():
        Chore.objects.bulk_create([Chore(name=name, next_at=at)], ignore_conflicts=True)
    free = Q(lease_until=None) | Q(lease_until__lte=at) | Q(lease_until__gt=at + 2 * LEASE)
    due = Chore.objects.filter(free, name=name, next_at__lte=at)
    return bool(due.update(held_by=by, lease_until=at + LEASE))


def run_due(by: str, at: datetime) -> int:
    """Run every due chore this runner gets, one after the other; one that fails does not hold up the others."""
    every, started = all_chores(), time.monotonic()
    rows = {chore.name: chore for chore in Chore.objects.filter(name__in=every)}
    done = 0
    for name, (seconds, work) in every.items():
        at = at + timedelta(seconds=time.monotonic() - started)  # the one before may have taken long
        started, row = time.monotonic(), rows.get(name)
        ahead = timedelta(seconds=2 * seconds + 60)  # further ahead than it can be: the clock went backwards
        if row is not None and at < row.next_at <= at + ahead:
            continue
        if row is not None and row.next_at > at + ahead:
            Chore.objects.filter(pk=row.pk).update(next_at=at)
        if claim(name, by, at):
            _run(name, work, by, at, timedelta(seconds=seconds))
            done += 1
    return done


def _run(name: str, work: Callable[[datetime], object], by: str, at: datetime, every: timedelta) -> None:
    problem = ""
    began = time.monotonic()

    def hold() -> None:
        now = at + timedelta(seconds=time.monotonic() - began)
        Chore.objects.filter(name=name, held_by=by).update(lease_until=now + LEASE)

    try:
        with beating(hold, BEAT_S, name=f"chore-{name}"):
            work(at)
    except Exception as failure:
        log.exception("chore %s failed", name)
        problem = f"{type(failure).__name__}: {failure}"[:200]
    mine = Chore.objects.filter(name=name, held_by=by)
    mine.update(next_at=at + every, held_by="", lease_until=None, problem=problem)
