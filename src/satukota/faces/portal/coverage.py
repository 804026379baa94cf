"""How much of the city its cameras see: shares of whole kelurahan for everyone, and nothing of where a camera looks."""

from datetime import datetime, time, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from satukota.base import clock
from satukota.city.gates import for_everyone
from satukota.shared.coverage import queries
from satukota.shared.coverage.queries import KOTA, NOW

DAYS = 30


@require_GET
@for_everyone("shares of whole neighbourhoods, without a camera's place or direction")
@cache_control(max_age=15)
def coverage(request: HttpRequest) -> HttpResponse:
    """A dozen queries, however many cameras and streets."""
    now = clock.now()
    day = queries.state().day
    with queries.answered(NOW, now) as found:
        whole, areas = queries.shares_in(found, KOTA, now), queries.areas_in(found)
    told = {
        "at": now, "whole": whole, "day": day, "seen_24h": day.kota if day else None, "areas": areas,
        "days": _days(now),
    }  # fmt: skip
    return render(request, "portal/coverage.html", told)


def _days(now: datetime) -> list[tuple[datetime, float | None]]:
    """Start of each ended local day and the share seen on it, oldest first; None where it was not observed."""
    today = clock.local(now).date()
    first = today - timedelta(days=DAYS)
    seen = dict(queries.history(KOTA, first, today).values_list("on", "seen"))
    days = [first + timedelta(days=number) for number in range(DAYS)]
    return [(datetime.combine(day, time(), clock.local_zone()), seen.get(day)) for day in days]
