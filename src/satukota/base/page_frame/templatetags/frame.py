"""Small pieces every page shares: icons, verdicts, moments in local time, figures."""

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import formats
from django.utils.dates import MONTHS_3
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from satukota.base import clock

register = template.Library()

ZONE_NAMES = {7: "WIB", 8: "WITA", 9: "WIT"}
MARKS = {"up": "●", "degraded": "▲", "down": "■", "unknown": "◇", "maintenance": "✚"}


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """One Tabler icon from the sprite; hidden from screen readers unless it has a label."""
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"/></svg>', label, _sprite(), name
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', _sprite(), name)


def _sprite() -> str:
    return static("vendor/icons.svg")


def verdict_words(state: str) -> str:
    return {
        "up": _("Berfungsi"),
        "degraded": _("Terganggu"),
        "down": _("Tidak berfungsi"),
        "unknown": _("Belum diketahui"),
        "maintenance": _("Pemeliharaan"),
    }.get(state, state)


@register.simple_tag
def verdict(state: str, words: str | int = "") -> SafeString:
    """A verdict by shape, word and colour, never by colour alone. `words` may be a count."""
    return format_html(
        '<span class="verdict verdict-{}"><span class="verdict-mark" aria-hidden="true">{}</span>{}</span>',
        state, MARKS.get(state, "◇"), verdict_words(state) if words == "" else words,
    )  # fmt: skip


@register.simple_tag
def severity(level: int, words: str) -> SafeString:
    return format_html('<span class="severity severity-{}">{}</span>', level, words)


def zone_name(moment: datetime) -> str:
    local = clock.local(moment)
    offset = local.utcoffset() or timedelta()
    return ZONE_NAMES.get(int(offset.total_seconds() // 3600), local.tzname() or "")


@register.filter
def wita(moment: datetime | None) -> str:
    """22 Nov 2026, 14.05 WITA (the zone of the city, by its own name)."""
    if moment is None:
        return "—"
    local = clock.local(moment)  # put together by hand: a list shows a hundred, and date_format takes ten times as long
    return f"{local.day} {MONTHS_3[local.month].title()} {local.year}, {local:%H.%M} {zone_name(local)}"


@register.filter
def clock_time(moment: datetime | None) -> str:
    return "—" if moment is None else f"{clock.local(moment):%H.%M}"


@register.filter
def clock_seconds(moment: datetime | None) -> str:
    return "—" if moment is None else f"{clock.local(moment):%H.%M.%S}"


@register.simple_tag
def ago(moment: datetime | None) -> SafeString | str:
    """How long ago, as a <time> the browser keeps current."""
    if moment is None:
        return _("belum pernah")
    return format_html(
        '<time datetime="{}" data-ago title="{}">{}</time>', moment.isoformat(), wita(moment),
        span_words((clock.now() - moment).total_seconds()),
    )  # fmt: skip


def span_words(seconds: float) -> str:
    """A span in its largest sensible unit: 40 detik, 12 menit, 3 jam 5 menit, 2 hari 4 jam."""
    s = max(0, int(seconds))
    if s < 60:
        return ngettext("%(n)d detik", "%(n)d detik", s) % {"n": s}
    if s < 3600:
        return _("%(n)d menit") % {"n": s // 60}
    if s < 86400:
        return _("%(h)d jam %(m)d menit") % {"h": s // 3600, "m": s % 3600 // 60}
    return _("%(d)d hari %(h)d jam") % {"d": s // 86400, "h": s % 86400 // 3600}


@register.filter
def span(value: timedelta | float | None) -> str:
    if value is None:
        return "—"
    return span_words(value.total_seconds() if isinstance(value, timedelta) else value)


@register.filter
def percent(ratio: float | None, digits: int = 1) -> str:
    """0.987 → 98,7 %. Never rounds a failure away: 99.96 % with one digit stays below 100."""
    if ratio is None:
        return "—"
    value = ratio * 100
    shown = round(value, digits)
    if shown >= 100 > value:
        shown = 100 - 10**-digits
    return f"{formats.number_format(shown, digits, use_l10n=True)} %"


@register.filter
def rupiah(amount: int | None) -> str:
    return "—" if amount is None else f"Rp{amount:,}".replace(",", ".")


@register.simple_tag(takes_context=True)
def query(context: Any, **changes: Any) -> str:
    """The current query string with some keys changed; None removes a key. Page goes back to 1 unless named."""
    params = context["request"].GET.copy()
    if "page" not in changes:
        params.pop("page", None)
    for key, value in changes.items():
        if value is None or value == "":
            params.pop(key, None)
        else:
            params[key] = value
    return f"?{params.urlencode()}" if params else "?"


@register.simple_tag
def current_language() -> str:
    return get_language() or "id"
