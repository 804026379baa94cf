"""Which cameras stand near something: for walls that follow incidents."""

from __future__ import annotations

from typing import Any

from satukota.shared.incidents.models import Incident
from satukota.shared.monitoring.models import Verdict

from .. import queries
from ..models import Camera

WORKING = (Verdict.UP, Verdict.DEGRADED)


def working_cameras_near(user: Any, incident: Incident, most: int) -> list[str]:
    """Codes of the nearest cameras that work and the person may watch, nearest first. One query."""
    where = next(
        ((one.lon, one.lat) for one in (incident.root, incident.place, incident.kelurahan)
         if one is not None and getattr(one, "lon", None) is not None), None,
    )  # fmt: skip
    if where is None:
        return []
    found = queries.cameras(user, "cameras.watch").filter(
        target__retired_on=None, target__lon__isnull=False, target__lat__isnull=False
    )
    known = found.values_list("target__code", "target__lon", "target__lat", "state_now")
    works = [(_square(where, (lon, lat)), code) for code, lon, lat, state in known if state in WORKING]
    return [code for _distance, code in sorted(works)[:most]]


def _square(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Grows with the distance; the city lies on the equator, where degrees are alike both ways."""
    return (here[0] - there[0]) ** 2 + (here[1] - there[1]) ** 2


def tiles_for(user: Any, codes: list[str]) -> dict[str, Camera]:
    """Those of the cameras the person may watch, by code. One query."""
    rows = queries.cameras(user, "cameras.watch").annotate(is_lent=queries.IS_LENT)
    rows = rows.select_related("target", "live").filter(target__code__in=codes)
    return {row.target.code: row for row in rows}
