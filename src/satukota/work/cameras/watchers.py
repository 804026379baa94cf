"""Cameras as watchers of the ground: what the register says of their place and lens, and what is assumed where it is
silent (docs/coverage.md says so to people)."""

from satukota.base import clock
from satukota.rules.reach import LONGEST_RANGE_M
from satukota.shared.coverage.registry import Watcher

from .lending import terms
from .models import Camera

HEIGHT_M = 4.0  # where no mounting height is registered: an arm on a street pole
LIGHT_M = 30.0  # how far a camera's own infrared reaches; the register has no figure of its own yet
# Degraded by one of these, a camera may not see as registered: its view is partly covered, or has too few pixels.
DOUBTFUL = frozenset({"blocked", "wrong_resolution"})

COLUMNS = (
    "target_id", "target__code", "target__name", "target__lon", "target__lat", "height_m", "bearing_deg", "fov_deg",
    "range_m", "width", "target__owner_id", "target__kelurahan_id",
)  # fmt: skip


def watchers() -> list[Watcher]:
    """Every camera in service, by target; a partner's only while its agreement lets it count. Three queries."""
    hours, not_counted = terms.coverage_terms(clock.now())
    rows = Camera.objects.filter(target__retired_on=None).order_by("target_id").values_list(*COLUMNS)
    return [
        Watcher(
            target_id=pk, code=code, title=name, kind="camera", lon=lon, lat=lat,
            height_m=HEIGHT_M if height is None else height, bearing_deg=bearing, fov_deg=fov,
            range_m=_range(reach, fov, width), width_px=width, light_m=LIGHT_M, owner_id=owner, kelurahan_id=kelurahan,
            partner=pk in hours, hours=hours.get(pk, ()),
        )
        for pk, code, name, lon, lat, height, bearing, fov, reach, width, owner, kelurahan in rows
        if pk not in not_counted
    ]  # fmt: skip


def _range(range_m: float | None, fov_deg: float | None, width_px: int | None) -> float | None:
    """As registered; else as far as its picture is still sharp enough to monitor anything."""
    if range_m is not None or fov_deg is None or not width_px:
        return range_m
    from satukota.rules.coverage.purposes import PURPOSES, distance_for  # loads what geometry needs

    return min(LONGEST_RANGE_M, distance_for(PURPOSES["monitor"], fov_deg, width_px))
