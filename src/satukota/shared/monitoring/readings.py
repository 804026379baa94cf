"""Single readings are kept for days. Status changes and hourly totals outlive them."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from satukota.base.keeping import retention

from .models import Reading

RULE = retention.Rule(
    "monitoring.readings", _("hasil pemeriksaan satu per satu; jumlah per jam tetap ada"),
    lambda: settings.READING_DAYS, _("keputusan rancangan; belum ditetapkan kota"), "SATUKOTA_READING_DAYS",
    lambda before, at: retention.by_age(Reading.objects.all(), "at", before), every_h=1,
)  # fmt: skip


def forget_old_readings(at: datetime, most: int = retention.MOST) -> int:
    """Delete readings older than READING_DAYS, oldest first, at most `most` in one go, without a receipt."""
    return retention.by_age(Reading.objects.all(), "at", at - timedelta(days=settings.READING_DAYS), most).number
