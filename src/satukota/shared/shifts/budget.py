"""How much a desk asks of its people: incidents opened per operator and hour, against what one can answer.

Budget: EEMUA Publication 191, on average no more than one alarm per ten minutes per operator in normal running, so six
an hour (quoted in public summaries; the publication itself was not read). Each desk has its own figure.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import Coalesce

from satukota.city import access
from satukota.shared.incidents import access as incidents
from satukota.shared.incidents.models import Incident
from satukota.shared.monitoring.models import StatusChange, Target, Verdict

from .models import Rota, Shift

HOUR = timedelta(hours=1)
DAYS_MOST = 31
TOP = 10


@dataclass
class Hour:
    start: datetime
    shift: Shift | None = None
    operators: int = 0
    opened: int = 0  # incidents that ask somebody to act
    shown: int = 0  # changes for the worse that the screens showed
    budget: float = 0

    @property
    def per_operator(self) -> float | None:
        """None while nobody sat there."""
        return self.opened / self.operators if self.operators else None

    @property
    def is_over(self) -> bool:
        """Above budget, or something opened with nobody there."""
        return self.opened > self.budget * self.operators


@dataclass
class Load:
    """A stretch of hours of one desk, oldest first."""

    hours: list[Hour] = field(default_factory=list)

    @property
    def staffed(self) -> list[Hour]:
        return [hour for hour in self.hours if hour.operators]

    @property
    def per_operator_hour(self) -> float | None:
        worked = sum(hour.operators for hour in self.hours)
        return sum(hour.opened for hour in self.staffed) / worked if worked else None

    @property
    def over(self) -> int:
        return sum(hour.is_over for hour in self.hours)

    @property
    def worst(self) -> Hour | None:
        return max(self.staffed, key=lambda hour: hour.per_operator or 0, default=None)


def load_of(user: Any, rota: Rota, since: datetime, until: datetime) -> Load:
    """Whole clock hours from the one holding `since` to the one holding `until`. Four queries, whatever the span."""
    first = since.replace(minute=0, second=0, microsecond=0)
    hours = {start: Hour(start, budget=rota.alarm_budget) for start in _starts(first, until)}
    for shift in rota.shifts.filter(starts_at__lt=until, ends_at__gt=first).annotate(seats=Count("sittings")):
        for hour in hours.values():
            if shift.starts_at <= hour.start < shift.ends_at:
                hour.shift, hour.operators = shift, shift.seats
    opened = incidents.visible(user, "shifts.view").filter(opened_at__gte=first, opened_at__lte=until, is_work=False)
    for start, number in _by_hour(opened.values_list("opened_at", flat=True)).items():
        hours[start].opened = number
    for start, number in _by_hour(_shown(user, first, until).values_list("at", flat=True)).items():
        hours[start].shown = number
    return Load(list(hours.values()))


def _starts(first: datetime, until: datetime) -> Iterator[datetime]:
    while first <= until:
        yield first
        first += HOUR


def _by_hour(moments: Any) -> Counter[datetime]:
    return Counter(moment.replace(minute=0, second=0, microsecond=0) for moment in moments.iterator(2_000))


def _shown(user: Any, since: datetime, until: datetime) -> Any:
    """Changes to worse that nobody had announced as work."""
    worse = Q(now__in=[Verdict.DOWN, Verdict.DEGRADED], in_maintenance=False, at__gte=since, at__lte=until)
    return access.visible(StatusChange.objects.filter(worse), user, "shifts.view", owner="target__owner")


@dataclass(frozen=True)
class BadActor:
    target: Target
    changes: int
    share: float  # of all changes for the worse in the span
    incidents: int


def bad_actors(user: Any, since: datetime, until: datetime, most: int = TOP) -> list[BadActor]:
    """What made most of the noise, root causes before what they took down. Four queries."""
    shown = _shown(user, since, until).order_by()
    rows = shown.annotate(source=Coalesce("root", "target")).values("source").annotate(n=Count("pk"))
    top = list(rows.order_by("-n", "source")[:most])
    every = shown.count()
    ids = [row["source"] for row in top]
    targets = Target.objects.select_related("owner").in_bulk(ids)
    opened = Incident.objects.filter(root__in=ids, opened_at__gte=since, opened_at__lte=until)
    counted = dict(opened.order_by().values_list("root").annotate(n=Count("pk")))
    return [BadActor(targets[row["source"]], row["n"], row["n"] / every, counted.get(row["source"], 0)) for row in top]
