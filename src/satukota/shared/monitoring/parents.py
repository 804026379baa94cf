"""What hangs on what: links and power supplies, what is behind them, and which failed one explains a failure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from .models import PARENT_KINDS, Target, Verdict

DEEPEST = 20  # levels; also ends a circle somebody registered by mistake
PAUSE = timedelta(seconds=2)  # a parent is looked at once its other children had time to answer


@dataclass
class Parent:
    """A link or power supply as far as grouping needs it."""

    pk: int
    code: str
    link_id: int | None
    power_id: int | None
    state: str
    since: datetime | None


class Family:
    """All links and power supplies of the city, read once per batch: one query, a few hundred rows."""

    def __init__(self, parents: Iterable[Parent]) -> None:
        self._parents = {parent.pk: parent for parent in parents}

    @classmethod
    def load(cls) -> "Family":
        rows = Target.objects.filter(kind__in=PARENT_KINDS).order_by()
        columns = ("pk", "code", "link_id", "power_id", "state", "state_since")
        return cls(Parent(*row) for row in rows.values_list(*columns))

    def learn(self, target: Target) -> None:
        """Take over the state of a parent that changed in this very batch."""
        if target.pk in self._parents:
            parent = self._parents[target.pk]
            parent.state, parent.since = target.state, target.state_since

    def code(self, pk: int | None) -> str | None:
        return self._parents[pk].code if pk in self._parents else None

    def above(self, link_id: int | None, power_id: int | None) -> list[int]:
        """Ids of everything a thing with these parents hangs on, nearest first."""
        found: list[int] = []
        level = [link_id, power_id]
        for _level in range(DEEPEST):
            level = [pk for pk in dict.fromkeys(level) if pk in self._parents and pk not in found]
            if not level:
                break
            found += [pk for pk in level if pk is not None]
            nearest = [self._parents[pk] for pk in level if pk is not None]
            level = [parent for one in nearest for parent in (one.link_id, one.power_id)]
        return found

    def root_of(self, link_id: int | None, power_id: int | None) -> int | None:
        """The top-most failed parent: down itself, and nothing above it is down. The longest down of several."""
        down = [pk for pk in self.above(link_id, power_id) if self._parents[pk].state == Verdict.DOWN]
        tops = [
            pk for pk in down
            if not any(self._parents[up].state == Verdict.DOWN for up in self._above_parent(pk) if up != pk)
        ]  # fmt: skip
        candidates = tops or down  # a circle has no top
        return min(candidates, key=self._age) if candidates else None

    def _above_parent(self, pk: int) -> list[int]:
        parent = self._parents[pk]
        return self.above(parent.link_id, parent.power_id)

    def _age(self, pk: int) -> tuple[float, int]:
        since = self._parents[pk].since
        return (since.timestamp() if since else 0.0, pk)

    def explains(self, pk: int, *, but_not: int) -> bool:
        """Is this parent, or one above it, down for a reason that does not lie with `but_not`?"""
        if pk not in self._parents or but_not in (pk, *self._above_parent(pk)):
            return False
        return any(self._parents[up].state == Verdict.DOWN for up in (pk, *self._above_parent(pk)))

    def depth(self, target: Target) -> int:
        return len(self.above(target.link_id, target.power_id))

    def at_or_below(self, pk: int) -> set[int]:
        """This parent and every parent behind it."""
        found = {pk}
        for _level in range(DEEPEST):
            more = {p.pk for p in self._parents.values() if {p.link_id, p.power_id} & found} - found
            if not more:
                break
            found |= more
        return found


def wake_relatives(silent: Iterable[Target], family: Family, at: datetime) -> int:
    """Nobody answered at `silent`: look at their siblings now and at what they hang on in a moment.

    What was looked at within PAUSE is left alone, so a whole street going dark makes one extra look each.
    """
    nearest = {pk for target in silent for pk in (target.link_id, target.power_id) if pk is not None}
    if not nearest:
        return 0
    parents = {up for target in silent for up in family.above(target.link_id, target.power_id)}
    siblings = Target.objects.filter(Q(link__in=nearest) | Q(power__in=nearest), retired_on=None, next_due_at__gt=at)
    woken = siblings.exclude(pk__in=parents).filter(last_reading_at__lt=at - PAUSE).update(next_due_at=at)
    soon = Target.objects.filter(pk__in=parents, retired_on=None, next_due_at__gt=at + PAUSE)
    return woken + soon.update(next_due_at=at + PAUSE)
