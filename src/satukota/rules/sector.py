"""What a camera can see at most, before buildings are asked: a circular sector.

Positions are (lon, lat) in WGS 84. Distances are metres on a sphere; over the range of a camera (hundreds of metres)
that differs from the ellipsoid by less than 0.6 %.
"""

from math import asin, atan2, cos, degrees, isfinite, radians, sin

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
LONGEST_RANGE_M = 20_000.0  # farther than any camera on a pole sees; beyond it the register is wrong
STEP_DEG = 6.0  # arc between two corners: a disc of 60 corners loses 0.2 % of its area

Position = tuple[float, float]


def destination(start: Position, bearing_deg: float, distance_m: float) -> Position:
    """Where one arrives going `distance_m` from `start`, `bearing_deg` clockwise from north."""
    lon, lat = map(radians, start)
    angle, bearing = distance_m / EARTH_RADIUS_M, radians(bearing_deg)
    to_lat = asin(sin(lat) * cos(angle) + cos(lat) * sin(angle) * cos(bearing))
    to_lon = lon + atan2(sin(bearing) * sin(angle) * cos(lat), cos(angle) - sin(lat) * sin(to_lat))
    return (degrees(to_lon) + 540) % 360 - 180, degrees(to_lat)


def distance_m(one: Position, other: Position) -> float:
    """Great-circle distance in metres (haversine)."""
    lon1, lat1, lon2, lat2 = map(radians, (*one, *other))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, half**0.5))


def sector(position: Position, bearing_deg: float | None, fov_deg: float | None, range_m: float) -> list[Position]:
    """The closed ring (first corner = last, counter-clockwise as GeoJSON asks) of what the camera may see.

    A missing bearing or angle, or an angle of 360, is a disc: what is not registered is not narrowed down.
    Raises ValueError for a range, angle or position that cannot be.
    """
    lon, lat = position
    if not (isfinite(lon) and isfinite(lat) and -180 <= lon <= 180 and -90 < lat < 90):
        raise ValueError(f"not a position: {position!r}")
    if not 0 < range_m <= LONGEST_RANGE_M:
        raise ValueError(f"range_m is above 0 and at most {LONGEST_RANGE_M:.0f}, got {range_m!r}")
    if fov_deg is not None and not 0 < fov_deg <= 360:
        raise ValueError(f"fov_deg is above 0 and at most 360, got {fov_deg!r}")
    if bearing_deg is not None and not isfinite(bearing_deg):
        raise ValueError(f"bearing_deg is a number, got {bearing_deg!r}")
    if bearing_deg is None or fov_deg is None or fov_deg == 360:
        corners = round(360 / STEP_DEG)
        ring = [destination(position, -corner * STEP_DEG, range_m) for corner in range(corners)]
    else:
        arcs = max(1, -int(-fov_deg // STEP_DEG))
        right = bearing_deg + fov_deg / 2
        arc = [destination(position, right - fov_deg * part / arcs, range_m) for part in range(arcs + 1)]
        ring = [position, *arc]
    return [*ring, ring[0]]
