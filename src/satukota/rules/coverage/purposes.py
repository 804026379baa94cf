"""How sharp a picture must be for what it is watched for: EN 62676-4, in pixels per metre at the thing looked at.

The standard's operational bands for monitoring, detection, observation, recognition and identification. What a lens
gives at a distance is its picture's width in pixels over the width of the scene at that distance.
"""

from __future__ import annotations

from math import isfinite, pi, radians, tan

PURPOSES: dict[str, float] = {"monitor": 12.5, "detect": 25.0, "observe": 62.5, "recognise": 125.0, "identify": 250.0}
WIDEST_FLAT_DEG = 90.0


def scene_width(fov_deg: float) -> float:
    """Width of the scene in the picture, per metre of distance.

    2 tan(fov/2), a flat picture, up to 90 degrees. Wider lenses bend the picture, and several sensors share a full
    circle: what exceeds 90 degrees adds its arc. Without a jump at 90 degrees, and a little severer than a picture
    of equal angles: 14 % at 180 degrees, 7 % at 360.
    """
    flat = min(fov_deg, WIDEST_FLAT_DEG)
    return 2 * tan(radians(flat) / 2) + pi * (fov_deg - flat) / 180


def px_per_m_at(distance_m: float, fov_deg: float, width_px: float) -> float:
    """Sharpness at a distance along the line of sight; infinite at distance 0."""
    return width_px / (distance_m * scene_width(fov_deg)) if distance_m > 0 else float("inf")


def distance_for(px_per_m: float, fov_deg: float, width_px: float) -> float:
    """The farthest distance along the line of sight that still gives `px_per_m`; infinite where none is asked."""
    return width_px / (px_per_m * scene_width(fov_deg)) if px_per_m > 0 else float("inf")


def purpose_at(px_per_m: float) -> str | None:
    """The most demanding purpose this sharpness serves; None below monitoring."""
    if not isfinite(px_per_m) and not px_per_m > 0:
        return None
    served = [name for name, needed in PURPOSES.items() if px_per_m >= needed]
    return served[-1] if served else None
