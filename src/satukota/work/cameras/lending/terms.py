"""What an agreement allows at a moment. A camera that was ever lent is watched by others only while one is in force."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from satukota.base import clock
from satukota.rules.availability import Week, read_week, required, seconds

from ..models import Agreement


def in_force(at: datetime) -> QuerySet[Agreement]:
    """Signed, of today, not revoked; the hours are asked by `is_open`."""
    today = clock.local(at).date()
    return Agreement.objects.filter(Q(revoked_at=None) | Q(revoked_at__gt=at), starts_on__lte=today, ends_on__gte=today)


def is_open(agreement: Agreement, at: datetime) -> bool:
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


def allowed_now(agreements: Iterable[Agreement], at: datetime) -> list[Agreement]:
    """Those of them in force and open now."""
    today = clock.local(at).date()
    return [
        one for one in agreements
        if (one.revoked_at is None or one.revoked_at > at) and one.starts_on <= today <= one.ends_on
        and is_open(one, at)
    ]  # fmt: skip


def closed_to(camera_ids: Collection[int], opd_id: int | None, at: datetime) -> set[int]:
    """Those of the cameras that people of this OPD may not watch now: another's, lent once, no agreement today."""
    return {
        pk for pk, agreements in lent(camera_ids).items()
        if all(one.partner_id != opd_id for one in agreements) and not allowed_now(agreements, at)
    }  # fmt: skip


def coverage_terms(at: datetime) -> tuple[dict[int, Week], set[int]]:
    """(camera → hours in which it counts, cameras that do not count now). Two queries."""
    hours: dict[int, Week] = {}
    ever = set(Agreement.cameras.through.objects.values_list("camera_id", flat=True))
    for agreement in in_force(at).filter(counts=True).prefetch_related("cameras"):
        for camera in agreement.cameras.all():
            week = read_week(agreement.hours)
            hours[camera.pk] = () if not week or hours.get(camera.pk) == () else (*hours.get(camera.pk, ()), *week)
    return hours, ever - hours.keys()
