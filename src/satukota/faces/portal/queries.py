"""What citizens may know of the cameras: how many work, where roughly, and since when. No position, no address."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from django.core.cache import caches
from django.db.models import Count

from satukota.city.models import Kelurahan
from satukota.shared.monitoring import queries as monitoring
from satukota.shared.monitoring.models import Target, UplinkOutage, Verdict
from satukota.work.cameras.words import reason_words

DAYS_SHOWN = 30
KEPT_S = 10
KEPT_AS = "portal.status"
_counting = Lock()


@dataclass(frozen=True)
class AreaStatus:
    code: str
    name: str
    total: int
    working: int
    availability_24h: float | None

    @property
    def not_working(self) -> int:
        return self.total - self.working


@dataclass(frozen=True)
class Status:
    at: datetime
    by_state: dict[str, int]
    availability_24h: float | None
    availability_30d: float | None
    why_none_24h: str  # code of the reason when there is no figure
    areas: list[AreaStatus]
    days: list[tuple[datetime, float | None]]  # start of each local day, availability or None when not observed
    own_line_lost: bool

    @property
    def reason_24h(self) -> str:
        """In the language of who reads, as the figures are kept for everybody."""
        return reason_words(self.why_none_24h)

    @property
    def total(self) -> int:
        return sum(self.by_state.values())

    @property
    def working(self) -> int:
        return self.by_state["up"] + self.by_state["degraded"]

    def as_json(self) -> dict[str, Any]:
        return {
            "at": self.at, "total": self.total, "working": self.working,
            "not_working": self.by_state["down"], "unknown": self.by_state["unknown"],
            "availability_24h": self.availability_24h, "availability_30d": self.availability_30d,
            "per_kelurahan": [
                {"code": a.code, "name": a.name, "total": a.total, "working": a.working,
                 "availability_24h": a.availability_24h} for a in self.areas
            ],
        }  # fmt: skip


def status(at: datetime) -> Status:
    """The public status, at most KEPT_S seconds old: `Status.at` says of when. However many ask, it is counted once."""
    kept = _kept(at)
    if kept is None:
        with _counting:  # who waited here finds what the first one counted
            kept = _kept(at)
            if kept is None:
                kept = count_status(at)
                caches["memory"].set(KEPT_AS, kept, KEPT_S)
    return kept


def _kept(at: datetime) -> Status | None:
    kept: Status | None = caches["memory"].get(KEPT_AS)
    return kept if kept is not None and abs((at - kept.at).total_seconds()) < KEPT_S else None


def count_status(at: datetime) -> Status:
    """The public status of all cameras in service; a fixed number of queries. Spans begin on a whole hour."""
    cameras = Target.objects.filter(kind="camera", retired_on=None)
    counted = cameras.order_by().annotate(state_now=monitoring.state_now()).values_list("kelurahan", "state_now")
    by_state: Counter[str] = Counter({state: 0 for state in Verdict.values})
    here: defaultdict[int | None, Counter[str]] = defaultdict(Counter)
    for area_id, state, count in counted.annotate(n=Count("pk")):
        by_state[state] += count
        here[area_id][state] += count
    recent = monitoring.recent(cameras, at, DAYS_SHOWN, "kelurahan")
    areas = [
        AreaStatus(
            area.code, area.name, here[area.pk].total(), here[area.pk]["up"] + here[area.pk]["degraded"],
            recent.last_day[area.pk].ratio,
        )
        for area in Kelurahan.objects.filter(pk__in=[pk for pk in here if pk is not None]).order_by("name")
    ]  # fmt: skip
    day = monitoring.all_of(recent.last_day.values())
    return Status(
        at, dict(by_state), day.ratio, recent.whole.ratio, day.reason, areas, recent.days,
        UplinkOutage.objects.filter(back_at=None).exists(),
    )  # fmt: skip
