"""Publishing to the live feed. Readers go by id, so ids must appear in commit order."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from satukota.base.line import hold_line

from .models import FeedEntry

KEPT = timedelta(days=2)


@transaction.atomic
def publish(
    topic: str, subject: str, payload: dict[str, Any], *, opd_id: int | None, at: datetime, area_id: int | None = None
) -> FeedEntry:
    """Append one entry in the caller's transaction. Who serves an area only gets what lies in it.

    PostgreSQL hands out ids before commit: two writers could show id 8 before id 7 and a reader would miss 7. Holding
    the line until commit keeps ids in commit order.
    """
    entry = FeedEntry(at=at, topic=topic, subject=subject, opd_id=opd_id, area_id=area_id, payload=payload)
    return publish_all([entry])[0]


@transaction.atomic
def publish_all(entries: Iterable[FeedEntry]) -> list[FeedEntry]:
    """The same for many at once, in their order; nothing for none."""
    rows = list(entries)
    if rows:
        hold_line()
        FeedEntry.objects.bulk_create(rows)
    return rows


def forget_old(at: datetime) -> int:
    """Delete entries nobody can sensibly resume from; the screen then loads afresh. The newest is always kept."""
    newest = FeedEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
    return FeedEntry.objects.filter(at__lt=at - KEPT).exclude(pk=newest).delete()[0]
