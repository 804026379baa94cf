"""Who looks at what: a due target is claimed by a conditional update, with a lease.

Works on SQLite and PostgreSQL alike: two runners may read the same due ids, but the update repeats the condition, so
each row goes to one of them. Every batch has a token of its own; what is written later must still carry it. What a
killed runner held is given back by the next one that starts on the same machine, elsewhere when the lease ends.
"""

import itertools
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db.models import F, Min, Q, QuerySet

from satukota.base.jobs import places

from .models import Target

LONGEST_LEASE = timedelta(minutes=15)  # a lease further ahead was given by a clock that has gone backwards since
MARGIN_S = 30.0  # on top of a probe's time limit: waiting for a place, and for the writer


class Claimer:
    """Claims for one runner. Tokens start with `prefix`, which no other runner has: it says where the runner lives."""

    def __init__(self) -> None:
        self.prefix = f"{places.my_name()}-"
        self._numbers = itertools.count(1)

    def claim(
        self, at: datetime, limit: int, *, lease_s: float, kinds: Collection[str] | None = None,
        but_not: Collection[str] = (),
    ) -> list[Target]:  # fmt: skip
        """At most `limit` due targets, longest overdue first, now ours until the lease ends. Three statements."""
        due = due_at(at).exclude(kind__in=but_not)
        if kinds is not None:
            due = due.filter(kind__in=kinds)
        ids = list(due.order_by(F("next_due_at").asc(nulls_first=True)).values_list("pk", flat=True)[:limit])
        if not ids:
            return []
        token = f"{self.prefix}{next(self._numbers)}"
        lease = min(timedelta(seconds=lease_s), LONGEST_LEASE)
        if not due_at(at).filter(pk__in=ids).update(claimed_by=token, lease_until=at + lease):
            return []
        return list(Target.objects.filter(pk__in=ids, claimed_by=token))

    def release_all(self) -> int:
        """Give back what is claimed and not looked at; it stays due, so another runner takes it at once."""
        mine = Target.objects.filter(claimed_by__startswith=self.prefix)
        return mine.update(claimed_by="", lease_until=None)


def release_the_dead() -> int:
    """Give back what runners of this machine hold whose process is gone for certain. Returns how many targets."""
    held = Target.objects.exclude(claimed_by="").order_by().values_list("claimed_by", flat=True).distinct()
    dead = [token for token in held if places.is_surely_gone(token)]
    return Target.objects.filter(claimed_by__in=dead).update(claimed_by="", lease_until=None) if dead else 0


def due_at(at: datetime) -> QuerySet[Target]:
    """Targets to look at now that nobody holds."""
    free = Q(lease_until=None) | Q(lease_until__lte=at) | Q(lease_until__gt=at + LONGEST_LEASE)
    return Target.objects.filter(free, Q(next_due_at=None) | Q(next_due_at__lte=at), retired_on=None)


def look_now(target_ids: Sequence[int], at: datetime) -> int:
    """Make targets due at once. Returns how many."""
    return Target.objects.filter(pk__in=list(target_ids), retired_on=None).update(next_due_at=at)


def mend_future(at: datetime) -> int:
    """Targets due further ahead than their interval allows (the clock went backwards) are due now."""
    mended = 0
    intervals = Target.objects.filter(retired_on=None).order_by().values_list("interval_s", flat=True).distinct()
    for interval_s in intervals:
        limit = at + timedelta(seconds=1.5 * interval_s + 1)
        mended += Target.objects.filter(interval_s=interval_s, retired_on=None, next_due_at__gt=limit).update(
            next_due_at=at
        )
    return mended


def behind_s(at: datetime) -> float:
    """How late the most overdue target is that nobody is looking at."""
    oldest = due_at(at).aggregate(oldest=Min("next_due_at"))["oldest"]
    return max(0.0, (at - oldest).total_seconds()) if oldest else 0.0
