"""Finished hours, kept for years. Each hour adds to the totals of the hour before, once; what was said stays said."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Case, Count, Max, Min, OuterRef, Q, Subquery, Value, When

from satukota.rules import availability as rule
from satukota.rules.availability import Parts

from .history import History, among
from .models import HourlyRollup, Reading, Target

HOUR = timedelta(hours=1)
SETTLE = timedelta(minutes=2)  # looks that ended within the hour are stored by then
AT_MOST = 48  # hours caught up in one go
COLUMNS = (
    "required_total_s", "up_total_s", "degraded_total_s", "down_total_s", "unknown_total_s", "maintenance_total_s",
)  # fmt: skip


def rolled_to() -> datetime | None:
    """End of the last finished hour that is in the totals. One query."""
    last = HourlyRollup.objects.aggregate(last=Max("hour"))["last"]
    return last + HOUR if last else None


def totals_at(ids: Collection[int], moment: datetime) -> dict[int, Parts]:
    """Totals up to `moment`; see `totals_at_all`."""
    return totals_at_all(ids, [moment])[moment]


def totals_at_all(ids: Collection[int], moments: Collection[datetime]) -> dict[datetime, dict[int, Parts]]:
    """Totals up to each whole hour: of that hour, or the last before it for what is watched no more.

    Missing ids had not been watched by then. One query, two more for a moment at which some are missing.
    """
    found: dict[datetime, dict[int, Parts]] = {moment: {} for moment in moments}
    order, wanted = list(moments), set(ids)
    if not order:
        return found
    which = Case(*(When(hour=moment - HOUR, then=Value(number)) for number, moment in enumerate(order)))
    rows = HourlyRollup.objects.filter(hour__in=[moment - HOUR for moment in order]).annotate(which=which).order_by()
    for number, pk, *sums in among(rows, "target", ids).values_list("which", "target_id", *COLUMNS):
        if pk in wanted:
            found[order[number]][pk] = Parts(*sums)
    for moment, known in found.items():
        if missing := [pk for pk in ids if pk not in known]:
            known |= last_totals(missing, moment)
    return found


def last_totals(ids: Collection[int], moment: datetime) -> dict[int, Parts]:
    """The newest totals before `moment` of targets that have none for the hour that ends there. Up to two queries."""
    newest = HourlyRollup.objects.filter(target=OuterRef("pk"), hour__lt=moment).order_by("-hour")
    earlier = Target.objects.filter(pk__in=ids, watched_from__lt=moment)
    last = [pk for (pk,) in earlier.annotate(last=Subquery(newest.values("pk")[:1])).values_list("last") if pk]
    rest = HourlyRollup.objects.filter(pk__in=last) if last else HourlyRollup.objects.none()
    return {row[0]: Parts(*row[1:]) for row in rest.values_list("target_id", *COLUMNS)}


@transaction.atomic
def roll_up(hour: datetime) -> int:
    """Add one finished clock hour (UTC) to the totals of everything watched in it. Twice adds nothing.

    Hours must come in order: see `roll_up_due`. Returns the rows written.
    """
    hour = hour.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    retired = Q(retired_on=None) | Q(retired_on__gte=(hour - timedelta(days=1)).date())
    watched = Target.objects.filter(retired, watched_from__lt=hour + HOUR).exclude(hours__hour=hour)
    ids = list(watched.order_by().values_list("pk", flat=True))
    if not ids:
        return 0
    lo, hi = rule.seconds(hour), rule.seconds(hour + HOUR)
    history, before = History(ids, [(lo, hi)]), totals_at(ids, hour)
    counted = Reading.objects.filter(at__gte=hour, at__lt=hour + HOUR).order_by().values("target")
    readings = {row["target"]: row["n"] for row in counted.annotate(n=Count("pk"))}
    read_before = dict(
        HourlyRollup.objects.filter(target__in=ids, hour=hour - HOUR).values_list("target_id", "readings_total")
    )
    rows = []
    for pk in ids:
        parts = before.get(pk, Parts()) + history.parts(pk, lo, hi)
        total = read_before.get(pk, 0) + readings.get(pk, 0)
        rows.append(HourlyRollup(
            target_id=pk, hour=hour, readings_total=total, **dict(zip(COLUMNS, parts, strict=True))
        ))  # fmt: skip
    HourlyRollup.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    return len(rows)


def roll_up_due(at: datetime) -> int:
    """Every finished hour that is not in the totals yet, oldest first, each in its own transaction. Returns hours."""
    hour = rolled_to() or _first_watched(None)
    done = 0
    while hour is not None and hour + HOUR + SETTLE <= at and done < AT_MOST:
        if roll_up(hour):
            hour, done = hour + HOUR, done + 1
        else:  # nothing was watched in it: go on where something is
            hour = _first_watched(hour + HOUR)
    return done


def _first_watched(since: datetime | None) -> datetime | None:
    """The hour in which a target was looked at for the first time, the first such one from `since`."""
    targets = Target.objects.all() if since is None else Target.objects.filter(watched_from__gte=since)
    first = targets.aggregate(first=Min("watched_from"))["first"]
    return first.astimezone(UTC).replace(minute=0, second=0, microsecond=0) if first else None
