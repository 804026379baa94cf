"""What the map, the wall and the figures over them read. Each function names its number of queries."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from satukota.base.feed.models import FeedEntry
from satukota.city import access
from satukota.city.models import Kelurahan, Kota, Person
from satukota.shared.incidents.models import Incident
from satukota.shared.monitoring import queries as monitoring
from satukota.shared.monitoring.models import RunnerBeat, Target, UplinkOutage, Verdict, Witness
from satukota.work.cameras.models import Camera
from satukota.work.cameras.words import reason_words

OPEN = (Incident.State.RECEIVED, Incident.State.HANDLED)
RUNNER_SILENT = timedelta(seconds=60)


@dataclass(frozen=True)
class Figures:
    """The figures over the map, each from rows the person may see."""

    at: datetime
    total: int
    by_state: dict[str, int]
    view_m2: float  # area of all simple range sectors (schematic: buildings are not subtracted yet)
    seen_m2: float  # of those, behind cameras that work
    incidents_open: int
    incidents_critical: int
    availability: float | None
    availability_reason: str
    not_verified: int

    @property
    def seen_share(self) -> float | None:
        return self.seen_m2 / self.view_m2 if self.view_m2 else None


def cameras_of(user: Any) -> QuerySet[Target]:
    return access.visible(Target.objects.filter(kind="camera", retired_on=None), user, "cameras.view")


def figures(user: Any, at: datetime) -> Figures:
    """Six queries at most, whatever the number of cameras."""
    rows = list(
        Camera.objects.filter(target__in=cameras_of(user)).values_list(
            "target_id", "target__state", "target__cause", "fov_deg", "range_m"
        )
    )
    by_state = {state: 0 for state in Verdict.values}
    view = seen = 0.0
    not_verified = 0
    for _id, state, cause, fov, reach in rows:
        by_state[state] += 1
        not_verified += state == Verdict.UNKNOWN and cause != "no_uplink"
        area = math.radians(fov or 0) / 2 * (reach or 0) ** 2
        view += area
        seen += area if state in (Verdict.UP, Verdict.DEGRADED) else 0.0
    whole = monitoring.availability_of_all([row[0] for row in rows], at - timedelta(hours=24), at)
    open_now = access.visible(Incident.objects.filter(state__in=OPEN, merged_into=None), user, "incidents.view")
    counted = open_now.aggregate(every=Count("pk"), critical=Count("pk", filter=Q(severity=4)))
    return Figures(
        at, len(rows), by_state, view, seen, counted["every"], counted["critical"], whole.ratio,
        reason_words(whole.reason), not_verified,
    )  # fmt: skip


def newest_feed_id() -> int:
    """Read BEFORE the data of a page: what changes in between is then repeated, never lost."""
    return FeedEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def areas() -> dict[str, Any]:
    """The kelurahan as GeoJSON, with whether their shape is only schematic. One query."""
    shapes = Kelurahan.objects.exclude(area=None).select_related("kecamatan")
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": index,
                "geometry": each.area,
                "properties": {
                    "code": each.code, "name": each.name, "kecamatan": each.kecamatan.name, "source": each.area_source,
                    "schematic": each.is_schematic, "lon": each.lon, "lat": each.lat,
                },
            }
            for index, each in enumerate(shapes)
        ],
    }  # fmt: skip


def bounds() -> list[float]:
    """West, south, east, north of the land, degrees; of the whole city when no area is known yet."""
    points = list(Kelurahan.objects.values_list("lon", "lat"))
    if points:
        lons, lats = zip(*points, strict=True)
        return [min(lons) - 0.03, min(lats) - 0.025, max(lons) + 0.03, max(lats) + 0.025]
    kota = Kota.objects.first()
    return [kota.west, kota.south, kota.east, kota.north] if kota else [117.38, 0.01, 117.64, 0.2]


def feeders_on_map(user: Any) -> dict[str, Any]:
    """Links and power as points, with how much hangs on each. One query."""
    things = access.visible(
        Target.objects.filter(kind__in=("link", "power"), retired_on=None).exclude(lon=None), user, "monitoring.view"
    ).annotate(on_link=Count("behind_link", distinct=True), on_power=Count("behind_power", distinct=True))
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [each.lon, each.lat]},
                "properties": {"code": each.code, "name": each.name, "kind": each.kind, "state": each.state,
                               "hangs": each.on_link + each.on_power},
            }
            for each in things
        ],
    }  # fmt: skip


@dataclass(frozen=True)
class WatchHealth:
    """Whether the watching itself can be trusted now."""

    runners: list[RunnerBeat] = field(default_factory=list)
    witnesses: list[Witness] = field(default_factory=list)
    outage: UplinkOutage | None = None
    is_silent: bool = True


def watch_health(at: datetime) -> WatchHealth:
    """Three queries."""
    runners = list(RunnerBeat.objects.filter(beat_at__gt=at - timedelta(days=1)).order_by("-beat_at"))
    return WatchHealth(
        runners=runners,
        witnesses=list(Witness.objects.order_by("name")),
        outage=UplinkOutage.objects.filter(back_at=None).order_by("-lost_at").first(),
        is_silent=not runners or runners[0].beat_at < at - RUNNER_SILENT,
    )


def open_incidents(user: Any, limit: int = 30) -> list[Incident]:
    """The gravest and newest first; two queries."""
    rows = access.visible(Incident.objects.filter(state__in=OPEN, merged_into=None), user, "incidents.view")
    return list(
        rows.select_related("kelurahan", "place", "root", "assigned_to", "owner")
        .annotate(down_now=Count("members", filter=Q(members__recovered_at=None)))
        .order_by("-severity", "-opened_at")[:limit]
    )


def states_at(user: Any, moment: datetime) -> dict[str, str]:
    """Code → state as it was believed at `moment`: the map turned back in time. Two queries."""
    watched = {pk: code for pk, code in cameras_of(user).values_list("pk", "code")}
    latest = {pk: "unknown" for pk in watched} | monitoring.states_at(list(watched), moment)
    return {watched[pk]: state for pk, state in latest.items()}


def phone_of(user: Any) -> str:
    """The number of the person behind an account, opened for a message to them; empty when there is none."""
    person = Person.objects.filter(user=user).first()
    return person.phone.open() if person is not None and person.phone else ""
