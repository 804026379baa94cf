"""`/metrik`: the figures for Prometheus. They name no person and no place, but say how loaded we are."""

import hmac
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from satukota.base.errors import Missing
from satukota.base.health import metrics
from satukota.city.gates import for_everyone


@for_everyone("asked for with a token of its own, or from this machine")
def metrics_page(request: HttpRequest) -> HttpResponse:
    if not _is_allowed(request):
        raise Missing("")
    return HttpResponse(metrics.exposition(), content_type=metrics.CONTENT_TYPE)


def _is_allowed(request: HttpRequest) -> bool:
    """With a token set, only the token counts: behind a proxy on this machine every request comes from here."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    try:
        is_here = ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
    return is_here and "X-Forwarded-For" not in request.headers
