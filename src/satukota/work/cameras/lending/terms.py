"""What an agreement allows at a moment. A camera that was ever lent is watched by others only while one is in force."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Q, QuerySet

from satukota.base import clock
from satukota.city.access import Scope
from satukota.city.models import Kelurahan
from satukota.rules.availability import Week, read_week, required, seconds

from ..models import Agreement, Loan

Terms = TypeVar("Terms", Agreement, Loan)
Areas = frozenset[str] | None  # codes of kelurahan; None: everywhere


def in_force(at: datetime, kind: type[Terms] = Agreement) -> QuerySet[Terms]:
    """Signed, of today, not revoked; the hours are asked by `is_open`."""
    today = clock.local(at).date()
    return kind.objects.filter(Q(revoked_at=None) | Q(revoked_at__gt=at), starts_on__lte=today, ends_on__gte=today)


def is_open(agreement: Agreement | Loan, at: datetime) -> bool:
    """Whether `at` lies in its hours of the day."""
    here = clock.local(at).tzinfo
    assert here is not None
    return bool(required(read_week(agreement.hours), seconds(at), seconds(at) + 1, here))


def lent(camera_ids: Collection[int]) -> dict[int, list[Agreement]]:
    """Camera → its agreements, past ones too; cameras never lent are not in it. One query."""
    found: dict[int, list[Agreement]] = defaultdict(list)
    rows = Agreement.cameras.through.objects.filter(camera_id__in=camera_ids).select_related("agreement__partner")
    for row in rows.order_by("agreement__starts_on"):
        found[row.camera_id].append(row.agreement)
    return dict(found)


def allowed_now(agreements: Iterable[Terms], at: datetime) -> list[Terms]:
    """Those of them in force and open now."""
    today = clock.local(at).date()
    return [
        one for one in agreements
        if (one.revoked_at is None or one.revoked_at > at) and one.starts_on <= today <= one.ends_on
        and is_open(one, at)
    ]  # fmt: skip


def areas_of(reach: Scope) -> Areas:
    """Where a duty serves. At most one query."""
    if reach.area_ids is None:
        return None
    return frozenset(Kelurahan.objects.filter(pk__in=reach.area_ids).values_list("code", flat=True))


def is_about(agreement: Agreement | Loan, areas: Areas) -> bool:
    """Whether it is about any of the areas a duty serves; a duty of the whole city serves them all."""
    return areas is None or not agreement.areas or not areas.isdisjoint(agreement.areas)


def closed_to(camera_ids: Collection[int], opd_id: int | None, at: datetime, areas: Areas = None) -> set[int]:
    """Those of the cameras that people of this OPD and area may not watch now: another's, lent once, and no agreement
    about their areas open today."""
    return {
        pk for pk, agreements in lent(camera_ids).items()
        if all(one.partner_id != opd_id for one in agreements)
        and not any(is_about(one, areas) for one in allowed_now(agreements, at))
    }  # fmt: skip


def hidden_from(opd_id: int | None, areas: Areas, at: datetime) -> set[int]:
    """Lent cameras a duty limited to areas does not see at all: no standing agreement is about these. Two queries."""
    if areas is None:
        return set()
    lent_to: dict[int, bool] = {}
    rows = in_force(at).exclude(partner=opd_id).exclude(areas=[]).values_list("pk", "areas")
    limited = {pk: not areas.isdisjoint(codes) for pk, codes in rows}
    if not limited:
        return set()
    pairs = Agreement.cameras.through.objects.filter(agreement__in=in_force(at)).values_list("camera", "agreement")
    for camera_id, agreement_id in pairs:
        lent_to[camera_id] = lent_to.get(camera_id, False) or limited.get(agreement_id, True)
    return {camera_id for camera_id, is_seen in lent_to.items() if not is_seen}


def coverage_terms(at: datetime) -> tuple[dict[int, dict[str, Any]], set[int]]:
    """(camera → hours and areas (ids) in which it counts, cameras that do not count now). Three queries.

    Of several agreements about different areas the one that began first counts alone: together they would count in
    the hours of one the areas of the other.
    """
    counted: dict[int, tuple[list[str], Week]] = {}
    ever = set(Agreement.cameras.through.objects.values_list("camera_id", flat=True))
    rows = in_force(at).filter(counts=True).order_by("starts_on", "pk").prefetch_related("cameras")
    for agreement in rows:
        week = read_week(agreement.hours)
        for camera in agreement.cameras.all():
            areas, hours = counted.get(camera.pk, (agreement.areas, None))
            if areas == agreement.areas:
                counted[camera.pk] = (areas, week if hours is None else _together(hours, week))
    ids = dict(Kelurahan.objects.values_list("code", "pk")) if any(areas for areas, _week in counted.values()) else {}
    return {
        pk: {"hours": week, "areas": frozenset(ids[code] for code in areas if code in ids) if areas else None}
        for pk, (areas, week) in counted.items()
    }, ever - counted.keys()  # fmt: skip


def _together(one: Week, other: Week) -> Week:
    """An empty week is always."""
    return (*one, *other) if one and other else ()
