"""Cameras as watchers of the ground: what the register says of their place and lens, and what is assumed where it is
silent (docs/coverage.md says so to people)."""

from collections.abc import Sequence
from math import atan, degrees, radians, tan
from typing import Any

from satukota.base import clock
from satukota.rules.reach import LONGEST_RANGE_M
from satukota.shared.coverage.registry import Preset, Watcher

from .lending import terms
from .models import Camera

HEIGHT_M = 4.0  # where no mounting height is registered: an arm on a street pole
LIGHT_M = 30.0  # how far a camera's own infrared reaches, where the register does not say
SHAPE = 9 / 16  # height over width of a picture nobody registered
# Degraded by one of these, a camera may not see as registered: its view is partly covered, or has too few pixels.
DOUBTFUL = frozenset({"blocked", "wrong_resolution"})

COLUMNS = (
    "target_id", "target__code", "target__name", "target__lon", "target__lat", "target__owner_id",
    "target__kelurahan_id", "kind", "height_m", "bearing_deg", "fov_deg", "range_m", "tilt_deg", "light_m", "presets",
    "width", "height", "main_width",
)  # fmt: skip


def watchers() -> list[Watcher]:
    """Every camera in service, by target; a partner's only while its agreement lets it count. Three queries."""
    counted, not_counted = terms.coverage_terms(clock.now())
    rows = Camera.objects.filter(target__retired_on=None).order_by("target_id").values(*COLUMNS)
    return [
        _watcher(row, partner=row["target_id"] in counted, **counted.get(row["target_id"], {}))
        for row in rows
        if row["target_id"] not in not_counted
    ]


def _watcher(row: dict[str, Any], **agreement: Any) -> Watcher:
    shape = row["height"] / row["width"] if row["height"] and row["width"] else SHAPE
    width = max(row["width"] or 0, row["main_width"] or 0) or None
    turns = row["presets"] if row["kind"] == Camera.Kind.PTZ else []
    tilt, opening = _opening(row["tilt_deg"], row["fov_deg"], shape)
    return Watcher(
        target_id=row["target_id"], code=row["target__code"], title=row["target__name"], kind="camera",
        lon=row["target__lon"], lat=row["target__lat"],
        height_m=HEIGHT_M if row["height_m"] is None else row["height_m"], bearing_deg=row["bearing_deg"],
        fov_deg=row["fov_deg"], range_m=_range(row["range_m"], row["fov_deg"], width), width_px=width,
        light_m=LIGHT_M if row["light_m"] is None else row["light_m"], tilt_deg=tilt, vertical_fov_deg=opening,
        presets=_presets(turns, row["range_m"], width, shape), owner_id=row["target__owner_id"],
        kelurahan_id=row["target__kelurahan_id"], **agreement,
    )  # fmt: skip


def _presets(turns: Sequence[dict[str, Any]], range_m: float | None, width: int | None, shape: float) -> Any:
    found = []
    for one in turns:
        tilt, opening = _opening(one["tilt_deg"], one["fov_deg"], shape)
        reach = _range(range_m, one["fov_deg"], width)
        found.append(Preset(one["bearing_deg"], one["fov_deg"], one["share"], tilt, opening, reach))
    return tuple(found)


def _opening(tilt_deg: float | None, fov_deg: float | None, shape: float) -> tuple[float | None, float | None]:
    """Tilt and vertical opening of a picture so high for its width; none of them where one is not known.

    A flat picture up to 90 degrees; wider lenses bend it, and height and width open in proportion.
    """
    if tilt_deg is None or fov_deg is None:
        return None, None
    if fov_deg <= 90:
        return tilt_deg, 2 * degrees(atan(shape * tan(radians(fov_deg / 2))))
    return tilt_deg, min(180.0, fov_deg * shape)


def _range(range_m: float | None, fov_deg: float | None, width_px: int | None) -> float | None:
    """As registered; else as far as its picture is still sharp enough to monitor anything."""
    if range_m is not None or fov_deg is None or not width_px:
        return range_m
    from satukota.rules.coverage.purposes import PURPOSES, distance_for  # loads what geometry needs

    return min(LONGEST_RANGE_M, distance_for(PURPOSES["monitor"], fov_deg, width_px))
