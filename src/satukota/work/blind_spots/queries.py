"""Reading the register and the plans. Each function names its number of queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from satukota.city import access
from satukota.city.models import Kelurahan, Opd
from satukota.shared.coverage import registry

from . import sight
from .models import BlindSpot, Finding, Plan, PlanCamera
from .states import OPEN

SORTS = {"stake": ("-stake", "pk"), "found": ("-found_at", "pk"), "number": ("number",), "kelurahan": (
    "kelurahan__name", "-stake", "pk")}  # fmt: skip


@dataclass(frozen=True)
class Filters:
    """What the address of the list says."""

    text: str = ""
    state: str = "open"  # open, one state, or all
    kelurahan: str = ""
    opd: str = ""
    sort: str = "stake"

    @classmethod
    def of(cls, told: Mapping[str, str]) -> Filters:
        state = told.get("state", "open")
        sort = told.get("sort", "stake")
        return cls(
            told.get("q", "").strip().replace("\0", "")[:80],
            state if state in ("open", "all", *BlindSpot.State.values) else "open",
            _number(told.get("kelurahan", "")), _number(told.get("opd", "")), sort if sort in SORTS else "stake",
        )  # fmt: skip


def _number(text: str) -> str:
    return text if text.isascii() and text.isdecimal() and len(text) < 12 else ""


def visible(user: Any) -> QuerySet[BlindSpot]:
    return access.visible(BlindSpot.objects.all(), user, "coverage.view")


def spots_for(user: Any, filters: Filters) -> QuerySet[BlindSpot]:
    """With `stake`: what of a spot's weight is out of reach of every watcher in service."""
    rows = (
        visible(user).annotate(stake=F("weight") * (1.0 - F("in_reach"))).select_related("owner", "kelurahan", "target")
    )
    if filters.state == "open":
        rows = rows.filter(state__in=OPEN)
    elif filters.state != "all":
        rows = rows.filter(state=filters.state)
    if filters.kelurahan:
        rows = rows.filter(kelurahan=filters.kelurahan)
    if filters.opd:
        rows = rows.filter(owner=filters.opd)
    if filters.text:
        rows = rows.filter(Q(number__icontains=filters.text) | Q(title__icontains=filters.text))
    return rows.order_by(*SORTS[filters.sort])


def counts(user: Any) -> dict[str, int]:
    """By state. One query."""
    found = dict(visible(user).order_by().values_list("state").annotate(n=Count("pk")))
    return {state: found.get(state, 0) for state in BlindSpot.State.values}


def finding() -> Finding | None:
    return Finding.objects.filter(pk=1).first()


def choices(user: Any) -> dict[str, list[tuple[int, str]]]:
    """Kelurahan and offices that have spots the person sees. Two queries."""
    mine = visible(user).order_by()
    return {
        "kelurahan": list(Kelurahan.objects.filter(pk__in=mine.values("kelurahan")).order_by("name")
                          .values_list("pk", "name")),
        "opd": list(Opd.objects.filter(pk__in=mine.values("owner")).order_by("short_name")
                    .values_list("pk", "short_name")),
    }  # fmt: skip


def as_features(spots: list[BlindSpot]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [spot.lon, spot.lat]},
         "properties": {"number": spot.number, "title": spot.title, "state": spot.state,
                        "words": str(spot.get_state_display()), "weight": round(spot.weight, 2),
                        "share": spot.city_share, "in_reach": spot.in_reach}}
        for spot in spots
    ]}  # fmt: skip


def points_of(spot: BlindSpot) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": row[:2]},
         "properties": {"weight": row[sight.WEIGHT], "kind": row[sight.KIND]}}
        for row in spot.points
    ]}  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """What a plan promised of one camera, and what the camera that was put there sees."""

    camera: PlanCamera
    spot: BlindSpot
    planned: float
    measured: float | None  # weight of its points the linked target sees; None: nothing is linked
    works: bool | None


def measured(plan: Plan) -> list[Measured]:
    """Planned and measured gain side by side, for cameras that have a spot. Few queries."""
    spots = list(BlindSpot.objects.filter(plan_camera__plan=plan).select_related("plan_camera", "target", "kelurahan"))
    rows = [spot for spot in spots if spot.plan_camera is not None]
    watchers = registry.watchers()
    linked = [one for one in watchers if one.target_id in {spot.target_id for spot in rows}]
    spread = sight.Spread.of([spot.plan_camera.points for spot in rows if spot.plan_camera])
    views = sight.views(spread, linked) if linked else {}
    found = []
    for n, spot in enumerate(rows):
        if spot.plan_camera is None:
            continue
        seen = None
        if spot.target_id is not None:
            best = sight.best(spread, views, {spot.target_id})
            seen = spread.share(n, best) * float(spread.weight[spread.start[n] : spread.start[n + 1]].sum())
        works = None if spot.target is None else spot.target.shown_state == "up"
        found.append(Measured(spot.plan_camera, spot, _worth(spot.plan_camera), seen, works))
    return sorted(found, key=lambda one: one.camera.position)


def _worth(camera: PlanCamera) -> float:
    return sum(float(row[sight.WEIGHT]) for row in camera.points)
