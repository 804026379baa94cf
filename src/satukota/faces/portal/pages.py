from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from satukota.base import clock
from satukota.city.gates import for_everyone

from . import queries


@require_GET
@for_everyone("figures the city answers for, without a person or a place that is not public")
@cache_control(max_age=15)
def status(request: HttpRequest) -> HttpResponse:
    """How many of the city's eyes are open now. For everyone, without an account, without a script."""
    return render(request, "portal/status.html", {"status": queries.status(clock.now())})
