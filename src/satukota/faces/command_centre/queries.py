"""What the map, the wall and the figures over them read. Each function names its number of queries."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from satukota.base.feed.models import FeedEntry
from satukota.city import access
from satukota.city.models import Kelurahan, Kota, Person
from satukota.shared.coverage import queries as coverage
from satukota.shared.coverage.queries import Stored
from satukota.shared.incidents import queries as incidents
from satukota.shared.incidents.models import Incident
from satukota.shared.monitoring import queries as monitoring
from satukota.shared.monitoring.models import NO_UPLINK, RunnerBeat, Target, UplinkOutage, Verdict, Witness
from satukota.work.cameras.models import Camera
from satukota.work.cameras.words import reason_words

RUNNER_SILENT = timedelta(seconds=60)


@dataclass(frozen=True)
class Figures:
    """The figures over the map, each from rows the person may see."""

    at: datetime
    total: int
    by_state: dict[str, int]
    coverage: Stored | None  # shares of what should be seen; None before the first measuring
    incidents_open: int
    incidents_critical: int
    availability: float | None
    availability_reason: str
    not_verified: int


def cameras_of(user: Any) -> QuerySet[Target]:
    return access.visible(Target.objects.filter(kind="camera", retired_on=None), user, "cameras.view")


def figures(user: Any, at: datetime) -> Figures:
    """A fixed number of queries, whatever the number of cameras; the availability of 24 hours from a whole hour on."""
    cameras = cameras_of(user)
    grouped = Camera.objects.filter(target__in=cameras.order_by()).order_by().annotate(
        state_now=monitoring.state_now("target__"), cause_now=monitoring.cause_now("target__")
    )  # fmt: skip
    by_state = {state: 0 for state in Verdict.values}
    not_verified = 0
    for state, cause, count in grouped.values_list("state_now", "cause_now").annotate(n=Count("pk")):
        by_state[state] += count
        not_verified += count if state == Verdict.UNKNOWN and cause != NO_UPLINK else 0
    whole = monitoring.availability_of_all(cameras, monitoring.hours_ago(at, 24), at)
    counted = incidents.kpis(user, at)
    return Figures(
        at, sum(by_state.values()), by_state, coverage.stored(), counted.live, counted.critical, whole.ratio,
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
    things = monitoring.with_hanging(
        access.visible(
            Target.objects.filter(kind__in=("link", "power"), retired_on=None).exclude(lon=None), user,
            "monitoring.view",
        )
    )  # fmt: skip
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [each.lon, each.lat]},
                "properties": {"code": each.code, "name": each.name, "kind": each.kind, "state": each.state_now,
                               "hangs": each.hangs},
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
    return list(
        incidents.open_now(user)
        .select_related("kelurahan", "place", "root", "assigned_to", "owner")
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
