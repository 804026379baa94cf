"""Two charts of the portal as plain SVG: a phone without JavaScript sees them too, and each has its table."""

from datetime import datetime

from django import template
from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from satukota.shared.coverage.queries import LastDay

register = template.Library()

WIDTH, HEIGHT, LEFT, TOP = 600, 150, 40, 8


@register.simple_tag
def share_bar(part: int, whole: int) -> SafeString:
    return format_html(
        '<svg class="meter" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="back" width="100" height="8"/><rect class="good" width="{}" height="8"/></svg>',
        f"{100 * part / whole if whole else 0:.1f}",
    )


@register.simple_tag
def ratio_bar(ratio: float) -> SafeString:
    return share_bar(round(1000 * ratio), 1000)


@register.simple_tag
def area_seen(day: LastDay | None, kelurahan_id: int) -> float | None:
    """The share of one kelurahan over the last day; None where nothing was observed."""
    return day.areas.get(kelurahan_id) if day else None


@register.simple_tag
def day_chart(days: list[tuple[datetime, float | None]]) -> SafeString:
    """One bar a day; a day not observed is an empty frame, never a zero."""
    step = (WIDTH - LEFT) / max(1, len(days))
    deep = HEIGHT - TOP - 24
    bars = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>',
        (
            (
                "none" if ratio is None else "good", f"{LEFT + index * step + 1:.1f}",
                f"{TOP + deep * (1 - (1 if ratio is None else max(ratio, 0.01))):.1f}", f"{step - 2:.1f}",
                f"{deep * (1 if ratio is None else max(ratio, 0.01)):.1f}",
                f"{formats.date_format(day, 'j M')}: " + (_("belum diamati") if ratio is None else f"{ratio:.1%}"),
            )
            for index, (day, ratio) in enumerate(days)
        ),
    )  # fmt: skip
    lines = format_html_join(
        "", '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="0" y="{}">{}</text>',
        (
            (LEFT, WIDTH, y, y, y + 4, label)
            for y, label in ((TOP, "100 %"), (TOP + deep / 2, "50 %"), (TOP + deep, "0"))
        ),
    )  # fmt: skip
    ends = format_html(
        '<text x="{}" y="{}">{}</text><text x="{}" y="{}" text-anchor="end">{}</text>',
        LEFT, HEIGHT - 6, formats.date_format(days[0][0], "j M"), WIDTH, HEIGHT - 6,
        formats.date_format(days[-1][0], "j M"),
    ) if days else ""  # fmt: skip
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>', WIDTH, HEIGHT,
        _("Bagian per hari, 30 hari terakhir; angkanya ada di tabel di bawah."), lines, bars, ends,
    )  # fmt: skip
