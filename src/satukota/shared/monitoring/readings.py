"""Single readings are kept for days. Status changes and hourly totals outlive them."""

from datetime import datetime, timedelta

from django.conf import settings

from .models import Reading

KEPT_DAYS = 14
CHUNK = 2000  # rows a transaction: the writer of new readings never waits long


def forget_old_readings(at: datetime, most: int = 200_000) -> int:
    """Delete readings older than READING_DAYS (default 14), oldest first, at most `most` in one go."""
    oldest = at - timedelta(days=getattr(settings, "READING_DAYS", KEPT_DAYS))
    gone = 0
    while gone < most:
        old = Reading.objects.filter(at__lt=oldest).order_by("at").values_list("pk", flat=True)
        ids = list(old[: min(CHUNK, most - gone)])
        if not ids:
            break
        Reading.objects.filter(pk__in=ids).delete()
        gone += len(ids)
    return gone
