"""What citizens may know of the cameras: how many work, where roughly, and since when. No position, no address."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from satukota.city.models import Kelurahan
from satukota.shared.monitoring import queries as monitoring
from satukota.shared.monitoring.models import Target, UplinkOutage, Verdict
from satukota.work.cameras.words import reason_words

DAYS_SHOWN = 30


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
    reason_24h: str
    areas: list[AreaStatus]
    days: list[tuple[datetime, float | None]]  # start of each local day, availability or None when not observed
    own_line_lost: bool

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
    """The public status of all cameras in service; a fixed number of queries."""
    rows = list(Target.objects.filter(kind="camera", retired_on=None).values_list("pk", "state", "kelurahan_id"))
    ids = [row[0] for row in rows]
    by_state = {state: 0 for state in Verdict.values}
    for _pk, state, _area in rows:
        by_state[state] += 1
    recent = monitoring.recent(ids, at, DAYS_SHOWN)
    areas = []
    for area in Kelurahan.objects.order_by("name"):
        here = [(pk, state) for pk, state, area_id in rows if area_id == area.pk]
        if here:
            working = sum(state in (Verdict.UP, Verdict.DEGRADED) for _pk, state in here)
            together = monitoring.together([recent.last_day[pk] for pk, _state in here])
            areas.append(AreaStatus(area.code, area.name, len(here), working, together.ratio))
    day = monitoring.together(recent.last_day.values())
    return Status(
        at, by_state, day.ratio, recent.whole.ratio, reason_words(day.reason), areas, recent.days,
        UplinkOutage.objects.filter(back_at=None).exists(),
    )  # fmt: skip
