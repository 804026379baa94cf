"""Reading shifts: who sits now, who comes next, what was not handed over, which rests were too short."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.page_frame.templatetags.frame import span_words
from satukota.city.models import Person
from satukota.rules.rota import Span, short_rests

from . import access
from .models import HandOver, Leave, Shift, Sitting, Swap

LATE = timedelta(minutes=30)  # after the change of shift
LOOKED_BACK = timedelta(days=7)


def running(shifts: QuerySet[Shift], at: datetime) -> QuerySet[Shift]:
    return shifts.filter(starts_at__lte=at, ends_at__gt=at)


def on_duty(user: Any, at: datetime) -> list[Person]:
    """Operators who sit now at the desks the person may see. One query."""
    now = running(access.shifts(user), at)
    return list(Person.objects.filter(sittings__shift__in=now).distinct().order_by("name"))


def next_shift(shift: Shift) -> Shift | None:
    return Shift.objects.filter(rota=shift.rota_id, starts_at__gte=shift.ends_at).order_by("starts_at").first()


def not_handed_over(user: Any, at: datetime, permission: str = "shifts.view") -> list[Shift]:
    """Shifts of the last week that ended half an hour ago or longer and lack a signature. Two queries."""
    ended = Q(ends_at__lte=at - LATE, ends_at__gt=at - LOOKED_BACK)
    unsigned = Q(hand_over=None) | Q(hand_over__signed_in_at=None)
    rows = access.shifts(user, permission).filter(ended & unsigned)
    return list(rows.prefetch_related("operators").select_related("hand_over").order_by("-ends_at"))


def hand_overs(user: Any) -> QuerySet[HandOver]:
    rows = HandOver.objects.filter(shift__in=access.shifts(user))
    return rows.select_related("shift__rota", "signed_out_by", "signed_in_by").order_by("-signed_out_at")


def open_swaps(user: Any) -> QuerySet[Swap]:
    """Asked of or by the person behind the account, not answered, for shifts to come."""
    me = access.person_of(user)
    rows = Swap.objects.filter(Q(asked=me) | Q(asker=me), state=Swap.State.ASKED) if me else Swap.objects.none()
    return rows.select_related("shift__rota", "in_return", "asker", "asked").filter(shift__starts_at__gt=clock.now())


def warned(shifts: Sequence[Shift]) -> Sequence[Shift]:
    """Hangs `people` and `warnings` on each shift: too few, on leave, too short a rest. Three queries."""
    if not shifts:
        return shifts
    rows = list(Sitting.objects.filter(shift__in=shifts).select_related("person").order_by("person__name"))
    by_shift: dict[int, list[Person]] = {}
    for row in rows:
        by_shift.setdefault(row.shift_id, []).append(row.person)
    rests, leaves = _rests({row.person_id for row in rows}, shifts), _leaves({row.person_id for row in rows})
    for shift in shifts:
        shift.people = by_shift.get(shift.pk, [])
        shift.warnings = _warnings(shift, rests, leaves)
    return shifts


def _rests(people: set[int], shifts: Sequence[Shift]) -> dict[int, dict[datetime, timedelta]]:
    """Person → start of a shift → rest before it, where too short; looks a day beyond both ends."""
    first, last = (min(row.starts_at for row in shifts), max(row.ends_at for row in shifts))
    near = Sitting.objects.filter(
        person__in=people, shift__ends_at__gt=first - timedelta(days=1), shift__starts_at__lt=last + timedelta(days=1)
    )
    spans: dict[int, list[Span]] = {}
    for person, start, end in near.values_list("person", "shift__starts_at", "shift__ends_at"):
        spans.setdefault(person, []).append(Span(start, end))
    return {person: short_rests(worked) for person, worked in spans.items()}


def _leaves(people: set[int]) -> dict[int, list[Leave]]:
    found: dict[int, list[Leave]] = {}
    for leave in Leave.objects.filter(person__in=people):
        found.setdefault(leave.person_id, []).append(leave)
    return found


def _warnings(
    shift: Shift, rests: dict[int, dict[datetime, timedelta]], leaves: dict[int, list[Leave]]
) -> list[str]:  # fmt: skip
    told = []
    missing = shift.rota.per_shift - len(shift.people)
    if missing > 0:
        told.append(_("kurang %d petugas") % missing)
    for person in shift.people:
        rest = rests.get(person.pk, {}).get(shift.starts_at)
        if rest is not None and rest < timedelta():
            told.append(_("%s bertugas di dua giliran sekaligus") % person)
        elif rest is not None:
            told.append(_("%(person)s hanya beristirahat %(rest)s")
                        % {"person": person, "rest": span_words(rest.total_seconds())})  # fmt: skip
        if any(_meets(leave, shift) for leave in leaves.get(person.pk, [])):
            told.append(_("%s sedang cuti") % person)
    return told


def _meets(leave: Leave, shift: Shift) -> bool:
    zone = clock.local_zone()
    start = datetime.combine(leave.from_on, time(), zone)
    return start < shift.ends_at and shift.starts_at < datetime.combine(leave.to_on + timedelta(1), time(), zone)


def upcoming(user: Any, at: datetime, days: int = 14) -> list[Shift]:
    """Shifts that run or begin within `days`, with people and warnings."""
    rows = access.shifts(user).filter(ends_at__gt=at, starts_at__lt=at + timedelta(days=days), rota__ended_on=None)
    return list(warned(list(rows.order_by("starts_at", F("rota__name")))))


def offers(shift: Shift, me: Person, at: datetime, most: int = 20) -> list[tuple[Person, list[Shift]]]:
    """With whom `me` can swap: the other operators of the desk, their coming shifts without me. Two queries."""
    others = shift.rota.members.filter(seat="operator", person__user__isnull=False).exclude(person=me)
    mine = Sitting.objects.filter(person=me).values("shift")
    coming = Sitting.objects.filter(shift__rota=shift.rota_id, shift__starts_at__gt=at).exclude(shift__in=mine)
    theirs: dict[int, list[Shift]] = {}
    for sitting in coming.select_related("shift").order_by("shift__starts_at"):
        theirs.setdefault(sitting.person_id, []).append(sitting.shift)
    return [(one.person, theirs.get(one.person_id, [])[:most]) for one in others.select_related("person")]
