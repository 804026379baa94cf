"""What is known about the watched. Every function says how many queries it makes, whatever the number of targets."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, CharField, Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from satukota.base import clock
from satukota.rules import availability as rule
from satukota.rules.availability import Availability, Bin, Interval, Parts

from . import registry
from . import words as mechanism_words
from .groups import Recent, all_of, edges_of, hours_ago, pieces_of, recent, together_by, whole_hours
from .history import NOTHING, History, states_before
from .models import (
    NO_UPLINK,
    PARENT_KINDS,
    MaintenanceWindow,
    StatusChange,
    Target,
    UplinkOutage,
    Verdict,
)
from .parents import Family
from .rollups import rolled_to, totals_at_all
from .words import Words

__all__ = [
    "Recent", "RootDown", "active_windows", "all_of", "availabilities", "availability", "availability_of_all",
    "behind", "cause_now", "counts_by_state", "hours_ago", "in_maintenance", "recent", "roots_down",
    "state_now", "states_at", "status_history", "strip", "together_by", "uplink_is_lost", "with_hanging",
    "words",
]  # fmt: skip


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
    done = rolled_to()
    now = rule.seconds(clock.now())
    asked = [(min(rule.seconds(lo), now), min(rule.seconds(hi), now)) for lo, hi in spans]
    wholes = [whole_hours(lo, hi, done) for lo, hi in asked]
    own = pieces_of([edges_of(span, whole) for span, whole in zip(asked, wholes, strict=True)])
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


def availability_of_all(targets: QuerySet[Target], since: datetime, until: datetime) -> Availability:
    """Availability of all the targets together; queries as `together_by`."""
    return all_of(together_by(targets, [(since, until)])[0].values())


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


def state_now(path: str = "") -> Case:
    """What may be claimed of a target now: unknown while our own line hides it, whatever was judged before.

    For annotations; `path` leads from the rows to their target, as "target__". Every face asks this.
    """
    hidden = When(**{f"{path}pending_cause": NO_UPLINK}, then=Value(str(Verdict.UNKNOWN)))
    return Case(hidden, default=F(f"{path}state"), output_field=CharField())


def cause_now(path: str = "") -> Case:
    """Why it is what `state_now` says."""
    hidden = When(**{f"{path}pending_cause": NO_UPLINK}, then=Value(NO_UPLINK))
    return Case(hidden, default=F(f"{path}cause"), output_field=CharField())


def counts_by_state(targets: QuerySet[Target]) -> dict[str, int]:
    """How many of `targets` are what, as `state_now` sees them. One query."""
    rows = targets.order_by().annotate(state_now=state_now()).values("state_now").annotate(n=Count("pk"))
    return {state: 0 for state in Verdict.values} | {row["state_now"]: row["n"] for row in rows}


def with_hanging(feeders: QuerySet[Target]) -> QuerySet[Target]:
    """Links and power with `state_now`, `hangs` (targets directly behind them) and `hangs_down` of those.

    Counted per feeder by subqueries: joins would multiply what hangs on the one side with what hangs on the other.
    """
    behind_it = Target.objects.filter(Q(link=OuterRef("pk")) | Q(power=OuterRef("pk"))).order_by()
    down = behind_it.filter(state=Verdict.DOWN).exclude(pending_cause=NO_UPLINK)

    def counted(rows: QuerySet[Target]) -> Coalesce:
        one = rows.annotate(one=Value(1)).values("one").annotate(n=Count("pk")).values("n")
        return Coalesce(Subquery(one), 0, output_field=IntegerField())

    return feeders.annotate(state_now=state_now(), hangs=counted(behind_it), hangs_down=counted(down))


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
