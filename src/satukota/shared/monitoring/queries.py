"""What is known about the watched. Every function says how many queries it makes, whatever the number of targets."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from satukota.base import clock
from satukota.rules import availability as rule
from satukota.rules.availability import Availability, Bin, Interval, Parts

from . import registry
from . import words as mechanism_words
from .history import NOTHING, History, states_before
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
from .rollups import COLUMNS, HOUR, rolled_to, totals_at_all
from .words import Words

HOUR_S = 3600


def availability(target_ids: Sequence[int], since: datetime, until: datetime) -> dict[int, Availability]:
    """Availability of each target between two moments; see `availabilities`."""
    return availabilities(target_ids, [(since, until)])[0]


def availabilities(
    target_ids: Sequence[int], spans: Sequence[tuple[datetime, datetime]]
) -> list[dict[int, Availability]]:
    """Availability of each target over each of several spans, nothing after now; unknown ids are left out.

    Finished hours come from the running totals, the rest from the status changes, read once for all the spans. Eight
    queries, two more for each whole hour at which some of the targets have no totals.
    """
    return _availabilities(target_ids, spans, rolled_to())


def _availabilities(
    target_ids: Sequence[int], spans: Sequence[tuple[datetime, datetime]], done: datetime | None
) -> list[dict[int, Availability]]:
    now = rule.seconds(clock.now())
    asked = [(min(rule.seconds(lo), now), min(rule.seconds(hi), now)) for lo, hi in spans]
    wholes = [_whole_hours(lo, hi, done) for lo, hi in asked]
    edges = [_edges(span, whole) for span, whole in zip(asked, wholes, strict=True)]
    cuts = sorted({moment for pieces in edges for edge in pieces for moment in edge})
    own = [[(lo, hi) for lo, hi in pairwise(cuts) if any(a <= lo and hi <= b for a, b in each)] for each in edges]
    pieces = sorted({piece for each in own for piece in each})
    history = History(target_ids, pieces or [(now - 1, now)])
    totals = totals_at_all(target_ids, {rule.moment(second) for whole in wholes if whole for second in whole})
    ends = [tuple(totals[rule.moment(second)] for second in whole) if whole else ({}, {}) for whole in wholes]
    return [
        {
            pk: rule.availability(
                _since_to(first, last, pk) + _within(history, pk, mine),
                thing.watched_from if thing.watched and thing.watched[0] < span[1] else None,
            )
            for pk, thing in history.things.items()
        }
        for span, (first, last), mine in zip(asked, ends, own, strict=True)
    ]


def _edges(span: Interval, whole: Interval | None) -> list[Interval]:
    """What of the span is not in finished hours."""
    parts = [(span[0], whole[0]), (whole[1], span[1])] if whole else [span]
    return [(lo, hi) for lo, hi in parts if lo < hi]


def _since_to(first: Mapping[int, Parts], last: Mapping[int, Parts], pk: int) -> Parts:
    till, before = last.get(pk), first.get(pk)
    if till is None:
        return NOTHING
    return till if before is None else till - before


def _within(history: History, pk: int, own: Sequence[Interval]) -> Parts:
    parts = Parts()
    for lo, hi in own:
        parts += history.parts(pk, lo, hi)
    return parts


def _whole_hours(lo: int, hi: int, done: datetime | None) -> Interval | None:
    """The finished hours between two moments that are in the totals, as seconds; None when there are none."""
    if done is None:
        return None
    start, end = -(-lo // HOUR_S) * HOUR_S, min(hi, rule.seconds(done)) // HOUR_S * HOUR_S
    return (start, end) if start < end else None


def together(each: Iterable[Availability]) -> Availability:
    """Many as one: seconds added up, so the ratio weighs every required second alike."""
    parts, seen = Parts(), []
    for one in each:
        parts += Parts(one.required_s, one.up_s, one.degraded_s, one.down_s, one.unknown_s, one.maintenance_s)
        if one.observed_since is not None:
            seen.append(one.observed_since)
    return rule.availability(parts, min(seen, default=None))


def availability_of_all(target_ids: Sequence[int], since: datetime, until: datetime) -> Availability:
    """Availability of all the targets together; queries as `availability`."""
    return together(availability(target_ids, since, until).values())


@dataclass(frozen=True)
class Recent:
    """How targets did lately; for a page that tells all of it."""

    last_day: dict[int, Availability]  # each, over 24 hours
    whole: Availability  # all together, over the days
    days: list[tuple[datetime, float | None]]  # start of each local day, all together; None: not observed


def recent(target_ids: Sequence[int], at: datetime, days: int) -> Recent:
    """The last 24 hours and the last `days` local days up to `at`, for targets in service. Nine queries.

    Days in the totals are summed by the database; those that are not (today, at night also yesterday) are measured.
    The zone's days must begin on a whole hour of UTC.
    """
    today, done = clock.local(at).replace(hour=0, minute=0, second=0, microsecond=0), rolled_to()
    starts = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    each = [(start, start + timedelta(days=1)) for start in starts]
    rolled = [(lo, hi) for lo, hi in each if done and hi <= done]
    rest = [(lo, min(hi, at)) for lo, hi in each[len(rolled) :]]
    spans = [(at - timedelta(hours=24), at), (at - timedelta(days=days), at), *rest]
    last_day, whole, *measured = _availabilities(target_ids, spans, done)
    totals = _sums_at(target_ids, {moment for day in rolled for moment in day}) if rolled else {}
    ratios = {lo: together(known.values()).ratio for (lo, _hi), known in zip(rest, measured, strict=True)}
    for lo, hi in rolled:
        ratios[lo] = rule.availability(totals.get(hi, Parts()) - totals.get(lo, Parts()), lo).ratio
    return Recent(last_day, together(whole.values()), [(lo, ratios.get(lo)) for lo in starts])


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
    just_after = moment + timedelta(microseconds=1)
    then = states_before({just_after: later})[just_after]
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
