"""The one place that tells the time, so tests can freeze it and screens agree on the zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.conf import settings


def now() -> datetime:
    """The moment, aware, in UTC. Tests freeze the clock by replacing this function."""
    return datetime.now(UTC)


def local_zone() -> ZoneInfo:
    """The city's own time zone (Bontang: Asia/Makassar, WITA, no daylight saving)."""
    return ZoneInfo(settings.TIME_ZONE)


def local(moment: datetime) -> datetime:
    return moment.astimezone(local_zone())
