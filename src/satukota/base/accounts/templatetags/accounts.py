"""What the pages of accounts ask of the request: whether passkeys can work under the name it came by."""

from typing import Any

from django import template
from django.conf import settings

from ..local import can_hold_passkeys, is_local

register = template.Library()


@register.simple_tag(takes_context=True)
def passkeys_work(context: dict[str, Any]) -> bool:
    return can_hold_passkeys(context["request"])


@register.simple_tag(takes_context=True)
def named_address(context: dict[str, Any]) -> str:
    """On this very machine the same installation under its name; empty elsewhere, where we cannot know it."""
    if not is_local(context["request"]) or "localhost" not in settings.ALLOWED_HOSTS:
        return ""
    return f"http://localhost:{context['request'].get_port()}"
