"""Who watched what, and how often for which purpose: for owners, the data protection officer, and the public."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import ExtractYear
from django.utils.translation import gettext_lazy

from satukota.base import clock
from satukota.base.keeping import retention
from satukota.city import access

from ..models import WatchSession
from .purposes import PURPOSES

DAYS = (1, 7, 30, 365)
RULE = retention.Rule(
    "cameras.watches", gettext_lazy("catatan menonton kamera yang tidak dilindungi"), lambda: 365,
    gettext_lazy("keputusan rancangan; belum ditetapkan kota"), "work/cameras/live/looks.py",
    lambda before, at: retention.by_age(WatchSession.objects.filter(was_protected=False), "asked_at", before),
)  # fmt: skip


@dataclass(frozen=True)
class LookFilters:
    """What the URL asks of the log. Values that cannot be are dropped."""

    days: int = 7
    purpose: str = ""
    protected: bool = False
    text: str = ""

    @classmethod
    def of(cls, params: Mapping[str, str]) -> LookFilters:
        days = params.get("days", "")
        purpose = params.get("purpose", "")
        return cls(
            days=int(days) if days in {str(one) for one in DAYS} else 7,
            purpose=purpose if purpose in PURPOSES else "",
            protected=params.get("protected", "") == "1",
            text=params.get("q", "").replace("\x00", "").strip()[:80],
        )


def looks(user: Any, filters: LookFilters, at: datetime) -> QuerySet[WatchSession]:
    """At cameras of the OPDs the person answers for, newest first."""
    rows = WatchSession.objects.filter(times__gt=0, asked_at__gte=at - timedelta(days=filters.days))
    rows = access.visible(rows, user, "cameras.watch_log", owner="camera__target__owner")
    if filters.purpose:
        rows = rows.filter(purpose=filters.purpose)
    if filters.protected:
        rows = rows.filter(was_protected=True)
    if filters.text:
        words = ("camera__target__code", "camera__target__name", "person__first_name", "person__last_name", "hat",
                 "incident__number")  # fmt: skip
        rows = rows.filter(Q(*((f"{name}__icontains", filters.text) for name in words), _connector=Q.OR))
    return rows.select_related("camera__target__owner", "person", "incident").order_by("-asked_at", "-pk")


def by_purpose(rows: QuerySet[WatchSession]) -> list[dict[str, Any]]:
    """[{purpose, looks, cameras, people, seconds}], most looks first. One query."""
    counted = rows.order_by().values("purpose").annotate(
        looks=Sum("times"), cameras=Count("camera", distinct=True), people=Count("person", distinct=True),
        seconds=Sum("watched_s"),
    )  # fmt: skip
    return sorted(counted, key=lambda row: -row["looks"])


@dataclass(frozen=True)
class YearOfPurpose:
    """What the public is told: how often, never who or where."""

    year: int
    purpose: str
    looks: int
    hours: float


def public_counts(today: date) -> list[YearOfPurpose]:
    """Openings of protected cameras per year of the city's calendar and purpose, newest year first. One query."""
    counted = (
        WatchSession.objects.filter(was_protected=True, times__gt=0, asked_at__year__gte=today.year - 10)
        .annotate(year=ExtractYear("asked_at", tzinfo=clock.local_zone()))
        .values("year", "purpose").annotate(looks=Sum("times"), seconds=Sum("watched_s"))
        .order_by("-year", "-looks", "purpose")
    )  # fmt: skip
    return [YearOfPurpose(row["year"], row["purpose"], row["looks"], row["seconds"] / 3600) for row in counted]
