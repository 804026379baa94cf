"""Values as people read them."""

from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .registry import Told, Unit

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


def value_words(told: Told) -> str:
    value, unit = told.value, told.gauge.unit
    if value is None:
        return _("belum diketahui")
    if unit is Unit.SECONDS:
        return seconds_words(value)
    if unit is Unit.BYTES:
        return filesizeformat(value)
    if unit is Unit.RATIO:
        return f"{number_format(value * 100, 0)} %"
    if unit is Unit.YES:
        return _("ya") if value else _("tidak")
    return number_format(value, 0, force_grouping=True)


def seconds_words(seconds: float) -> str:
    """The largest fitting unit, whole: 42 detik, 3 jam, 12 hari; negative: already over."""
    if seconds < 0:
        return _("sudah lewat")
    if seconds < 2 * MINUTE_S:
        n = round(seconds)
        return ngettext("%d detik", "%d detik", n) % n
    if seconds < 2 * HOUR_S:
        n = round(seconds / MINUTE_S)
        return ngettext("%d menit", "%d menit", n) % n
    if seconds < 2 * DAY_S:
        n = round(seconds / HOUR_S)
        return ngettext("%d jam", "%d jam", n) % n
    n = round(seconds / DAY_S)
    return ngettext("%d hari", "%d hari", n) % n
