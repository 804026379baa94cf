"""Small pieces of the incident panel."""

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from satukota.shared.incidents.models import Incident
from satukota.work.cameras.words import step_name

register = template.Library()
register.filter(step_name)


@register.simple_tag
def act_to(incident: Incident, act: str) -> SafeString:
    """Attributes of a form that does `act`: a plain post, or through htmx a post that brings the panel back."""
    address = reverse("command_centre:incident_act", args=[incident.number, act])
    return format_html('method="post" action="{0}" hx-post="{0}" hx-target="#panel" hx-swap="outerHTML"', address)
