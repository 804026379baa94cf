"""Shares of coverage as a bar."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from satukota.base.page_frame.templatetags.frame import percent
from satukota.shared.coverage.board import Share
from satukota.shared.coverage.words import STATES

register = template.Library()


@register.simple_tag
def coverage_bar(share: Share) -> SafeString | str:
    """Seen, not known, lost; what is left is blind. The figures stand in its label."""
    if share.seen is None:
        return ""
    parts, left = [], 0.0
    for name in ("seen", "doubted", "lost", "blind"):
        width = 100 * (getattr(share, name) or 0)
        parts.append((name, f"{left:.3f}", f"{width:.3f}"))
        left += width
    label = ", ".join(
        f"{STATES[name]} {percent(getattr(share, name))}" for name in ("seen", "doubted", "lost", "blind")
    )
    bars = format_html_join("", '<rect class="cov-{}" x="{}" y="0" width="{}" height="8"/>', parts)
    return format_html(
        '<svg class="cov-bar" role="img" aria-label="{}" viewBox="0 0 100 8" preserveAspectRatio="none">{}</svg>',
        label, bars,
    )  # fmt: skip
