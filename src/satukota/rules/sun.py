"""Where the sun stands: day or night by astronomy, not by the clock.

Source: NOAA Solar Calculator, general equations (Meeus, Astronomical Algorithms, low precision): within 0.1 degrees
between 1950 and 2050 away from the poles. Refraction is left out; it matters only below one degree.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import asin, atan2, cos, degrees, floor, radians, sin

LIGHT_ABOVE_DEG = 6.0
"""above this a street in the open is lit by day, also under cloud"""
_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)


def elevation_deg(moment: datetime, lon: float, lat: float) -> float:
    """Height of the sun's centre above the horizon, degrees, without refraction.

    `moment` aware; `lon` east and `lat` north positive, degrees.
    """
    days = (moment - _J2000).total_seconds() / 86_400
    anomaly = radians(357.52911 + 0.98560028 * days)
    centre = 1.914602 * sin(anomaly) + 0.019993 * sin(2 * anomaly) + 0.000289 * sin(3 * anomaly)
    longitude = radians(280.46646 + 0.98564736 * days + centre - 0.00569)
    tilt = radians(23.439291 - 0.00000036 * days)
    declination = asin(sin(tilt) * sin(longitude))
    turned = (days - 0.5 - floor(days - 0.5)) * 360  # degrees since midnight UTC
    hour_angle = radians(turned + _equation_of_time_deg(days, longitude, tilt) + lon - 180)
    here = radians(lat)
    return degrees(asin(sin(here) * sin(declination) + cos(here) * cos(declination) * cos(hour_angle)))


def _equation_of_time_deg(days: float, longitude: float, tilt: float) -> float:
    """Sundial minus clock as an angle: mean longitude minus right ascension."""
    ascension = degrees(atan2(cos(tilt) * sin(longitude), cos(longitude)))
    mean = 280.46646 + 0.98564736 * days - 0.0057183
    return (mean - ascension + 180) % 360 - 180


def is_light(moment: datetime, lon: float, lat: float) -> bool:
    return elevation_deg(moment, lon, lat) > LIGHT_ABOVE_DEG
