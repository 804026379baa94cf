"""What is known about the watched. Every function says how many queries it makes, whatever the number of targets."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from satukota.base import clock
from satukota.rules import availability as rule
from satukota.rules.availability import Availability, Bin, Interval, Parts

from . import registry
from . import words as mechanism_words
from .history import History, states_before
from .models import (
    NO_UPLINK,
    PARENT_KINDS,
    HourlyRollup,
    MaintenanceWindow,
    StatusChange,
    Target,
    UplinkOutage,
    Verdict,
)
from .parents import Family
from .rollups import COLUMNS, HOUR, rolled_to, totals_at
from .words import Words

HOUR_S = 3600


def availability(target_ids: Sequence[int], since: datetime, until: datetime) -> dict[int, Availability]:
    """Availability of each target between two moments, nothing after now; unknown ids are left out.

    Finished hours come from the running totals, the rest from the status changes. At most 12 queries.
    """
    lo, hi = rule.seconds(since), min(rule.seconds(until), rule.seconds(clock.now()))
    if lo >= hi or not target_ids:
        hi = lo = min(lo, hi)
    whole = _whole_hours(lo, hi)
    edges = [(lo, whole[0]), (whole[1], hi)] if whole else [(lo, hi)]
    edges = [edge for edge in edges if edge[0] < edge[1]]
    history = History(target_ids, edges or [(lo, lo + 1)])
    first = totals_at(target_ids, rule.moment(whole[0])) if whole else {}
    last = totals_at(target_ids, rule.moment(whole[1])) if whole else {}
    result = {}
    for pk, thing in history.things.items():
        parts = last.get(pk, Parts()) - first.get(pk, Parts())
        for edge in edges:
            parts += history.parts(pk, *edge)
        seen = thing.watched_from if thing.watched and thing.watched[0] < hi else None
        result[pk] = rule.availability(parts, seen)
    return result


def _whole_hours(lo: int, hi: int) -> Interval | None:
    """The finished hours between two moments that are in the totals, as seconds; None when there are none."""
    done = rolled_to()
    if done is None:
        return None
    start, end = -(-lo // HOUR_S) * HOUR_S, min(hi, rule.seconds(done)) // HOUR_S * HOUR_S
    return (start, end) if start < end else None


def together(each: Iterable[Availability]) -> Availability:
    """Many as one: seconds added up, so the ratio weighs every required second alike."""
    names = [field.name for field in fields(Parts)]
    parts, seen = Parts(), []
    for one in each:
        parts += Parts(*(getattr(one, name) for name in names))
        if one.observed_since is not None:
            seen.append(one.observed_since)
    return rule.availability(parts, min(seen, default=None))


def availability_of_all(target_ids: Sequence[int], since: datetime, until: datetime) -> Availability:
    """Availability of all the targets together; queries as `availability`."""
    return together(availability(target_ids, since, until).values())


def days_of_all(target_ids: Sequence[int], at: datetime, days: int) -> list[tuple[datetime, float | None]]:
    """The last `days` local days up to `at`: start of day and availability of all targets together, oldest first.

    For targets in service. Days in the totals take one query together; those that are not (today, at night also
    yesterday) take the queries of `availability` each. The zone's days must begin on a whole hour of UTC.
    """
    today = clock.local(at).replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    done = rolled_to()
    ends = [start + timedelta(days=1) for start in starts]
    totals = _sums_at(target_ids, [*starts, *ends]) if done else {}
    result: list[tuple[datetime, float | None]] = []
    for start, end in zip(starts, ends, strict=True):
        if done and end <= done:
            parts = totals.get(end, Parts()) - totals.get(start, Parts())
            result.append((start, rule.availability(parts, start).ratio))
        else:
            result.append((start, availability_of_all(target_ids, start, min(end, at)).ratio))
    return result


def _sums_at(target_ids: Sequence[int], moments: Iterable[datetime]) -> dict[datetime, Parts]:
    """Totals of all the targets together at each moment. One query."""
    rows = HourlyRollup.objects.filter(target__in=target_ids, target__retired_on=None)
    rows = rows.filter(hour__in={moment - HOUR for moment in moments}).order_by().values("hour")
    sums = rows.annotate(**{f"sum_{name}": Sum(name) for name in COLUMNS})
    return {row["hour"] + HOUR: Parts(*(row[f"sum_{name}"] for name in COLUMNS)) for row in sums}


def strip(target_id: int, since: datetime, until: datetime, bins: int) -> list[Bin]:
    """What one target was, in `bins` equal cells; empty when there is no such target. At most 6 queries."""
    lo, hi, now = rule.seconds(since), rule.seconds(until), rule.seconds(clock.now())
    history = History([target_id], [(lo, max(hi, lo + 1))])
    thing = history.things.get(target_id)
    if thing is None:
        return []
    watched = (thing.watched[0], min(thing.watched[1], now)) if thing.watched else None
    return rule.strip(
        history.spans(target_id, lo, hi), since=lo, until=hi, bins=bins, watched=watched,
        maintenance=history.maintenance(target_id), unknown=history.outages,
    )  # fmt: skip


def states_at(target_ids: Sequence[int], moment: datetime) -> dict[int, str]:
    """What each target was believed to be at a moment; unknown before its first look. Two queries."""
    things = list(
        Target.objects.filter(pk__in=target_ids).order_by().values_list("pk", "state", "state_since", "watched_from")
    )
    later = [pk for pk, _state, since, _seen in things if since is not None and since > moment]
    then = states_before(later, moment + timedelta(microseconds=1)) if later else {}
    return {
        pk: then.get(pk, state) if seen is not None and seen <= moment else str(Verdict.UNKNOWN)
        for pk, state, _since, seen in things
    }


def counts_by_state(targets: QuerySet[Target]) -> dict[str, int]:
    """How many of `targets` are what. Those we cannot see because our own line is down count as unknown. One query."""
    out_of_sight = Q(pending_cause=NO_UPLINK)
    rows = targets.order_by().values("state").annotate(n=Count("pk"), hidden=Count("pk", filter=out_of_sight))
    counts = {state: 0 for state in Verdict.values}
    for row in rows:
        counts[row["state"]] += row["n"] - row["hidden"]
        counts[Verdict.UNKNOWN] += row["hidden"]
    return counts


@dataclass(frozen=True)
class RootDown:
    """A failed link or power supply that nothing above it explains."""

    target: Target
    down_behind: int  # targets behind it that are down too


def roots_down() -> list[RootDown]:
    """Failed parents, those with most behind them first. Three queries."""
    family = Family.load()
    down = Target.objects.filter(state=Verdict.DOWN, retired_on=None)
    failed = {target.pk: target for target in down.filter(kind__in=PARENT_KINDS)}
    tops = [pk for pk, target in failed.items() if family.root_of(target.link_id, target.power_id) is None]
    behind_top: Counter[int] = Counter()
    for link, power in down.order_by().values_list("link_id", "power_id"):
        behind_top.update(pk for pk in set(family.above(link, power)) if pk in failed)
    found = [RootDown(failed[pk], behind_top[pk]) for pk in tops]
    return sorted(found, key=lambda root: (-root.down_behind, root.target.code))


def status_history(target_id: int, limit: int = 50) -> QuerySet[StatusChange]:
    """Newest first. One query."""
    return StatusChange.objects.filter(target=target_id).select_related("root")[:limit]


def uplink_is_lost(at: datetime) -> bool:
    """Was our own line down at that moment? One query."""
    lost = UplinkOutage.objects.filter(why=UplinkOutage.Why.UPLINK, lost_at__lte=at)
    return lost.filter(Q(back_at=None) | Q(back_at__gt=at)).exists()


def in_maintenance(target_ids: Sequence[int], at: datetime) -> set[int]:
    """Which of the targets are under declared work, themselves or through what they hang on. At most three queries."""
    active = active_windows(at)
    if not active:
        return set()
    family = Family.load()
    rows = Target.objects.filter(pk__in=target_ids).order_by().values_list("pk", "link_id", "power_id")
    return {pk for pk, link, power in rows if active & {pk, *family.above(link, power)}}


def active_windows(at: datetime) -> set[int]:
    """Ids of targets with a window of their own at that moment. One query."""
    windows = MaintenanceWindow.objects.filter(starts_at__lte=at, ends_at__gt=at).order_by()
    return set(windows.values_list("target_id", flat=True))


def behind(target: Target) -> QuerySet[Target]:
    """Everything that hangs on a link or power supply, at any depth, without itself. One query before the result's."""
    if target.kind not in PARENT_KINDS:
        return Target.objects.none()
    parents = Family.load().at_or_below(target.pk)
    return Target.objects.filter(Q(link__in=parents) | Q(power__in=parents)).exclude(pk=target.pk)


def words(target: Target | str, cause: str) -> Words:
    """A cause in words, from the probe of the kind or the mechanism; its code when neither knows it. No query."""
    kind = target if isinstance(target, str) else target.kind
    probe = registry.probe_for(kind)
    found = (probe.words(cause) if probe else None) or mechanism_words.general(cause)
    return found or Words(cause.replace("_", " "), _("Lihat jejak pemeriksaannya."))
