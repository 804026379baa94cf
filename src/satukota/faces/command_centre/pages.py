"""The command centre's own pages: map, wall, network, search. Parse, call, show."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from satukota.base import clock
from satukota.city import access
from satukota.city.gates import for_the_signed_in, needs
from satukota.city.models import Place
from satukota.shared.incidents import access as incident_access
from satukota.shared.monitoring import queries as monitoring
from satukota.shared.monitoring.models import StatusChange, Target
from satukota.shared.shifts import queries as shifts

from . import queries
from .frame_part import navigation


@require_GET
@for_the_signed_in("leads on to the first page of the person's hat")
def start(request: HttpRequest) -> HttpResponse:
    """Where signing in and changing hats lead: the first page this hat opens, or a word on why there is none."""
    pages = navigation(request)
    return redirect(pages[0].url) if pages else render(request, "command_centre/no_duty.html")


@require_GET
@needs("monitoring.view")
def city_map(request: HttpRequest) -> HttpResponse:
    return render(request, "command_centre/map.html", _map_context(request) | {"chosen": request.GET.get("kamera", "")})


@require_GET
@needs("monitoring.view")
def wall(request: HttpRequest) -> HttpResponse:
    """The same map for a wall: dark, six figures readable from five metres, nothing scrolls, no mouse needed."""
    return render(request, "command_centre/wall.html", _map_context(request) | {"wall": True})


def _map_context(request: HttpRequest) -> dict[str, Any]:
    feed_from = queries.newest_feed_id()
    return {
        "feed_from": feed_from,
        "bounds": queries.bounds(),
        "open_incidents": queries.open_incidents(request.user),
        "changes": _recent_changes(request, 12),
    }


@require_GET
@needs("monitoring.view")
def figures(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    told = {"figures": queries.figures(request.user, now), "wall": "dinding" in request.GET,
            "on_duty": shifts.on_duty(request.user, now)}  # fmt: skip
    return render(request, "command_centre/_figures.html", told)


@require_GET
@needs("incidents.view")
def now_column(request: HttpRequest) -> HttpResponse:
    told = {"open_incidents": queries.open_incidents(request.user), "changes": _recent_changes(request, 12)}
    return render(request, "command_centre/_now.html", told)


def _recent_changes(request: HttpRequest, limit: int) -> list[StatusChange]:
    things = access.visible(
        StatusChange.objects.filter(target__retired_on=None).exclude(was="unknown", now="up"), request.user,
        "monitoring.view", owner="target__owner",
    )  # fmt: skip
    return list(things.select_related("target", "root").order_by("-at", "-pk")[:limit])


@require_GET
@needs("monitoring.view")
def search(request: HttpRequest) -> HttpResponse:
    """Cameras and other targets, places and incidents by code, number or name."""
    text = request.GET.get("q", "").strip()[:80]
    found: dict[str, Any] = {"q": text, "targets": [], "places": [], "incidents": []}
    if len(text) >= 2:
        by_name = Q(code__icontains=text) | Q(name__icontains=text)
        targets = Target.objects.filter(by_name | Q(place__name__icontains=text), retired_on=None)
        found["targets"] = list(
            access.visible(targets, request.user, "monitoring.view").select_related("kelurahan").order_by("code")[:30]
        )
        found["places"] = list(Place.objects.filter(by_name).select_related("kelurahan")[:20])
        seen = incident_access.visible(request.user).filter(Q(number__icontains=text) | Q(title__icontains=text))
        found["incidents"] = list(seen[:20])
        exact = next((t for t in found["targets"] if t.code.lower() == text.lower() and t.kind == "camera"), None)
        if exact:
            return redirect("cameras:camera", exact.code)
    return render(request, "command_centre/search.html", found)


@require_GET
@needs("monitoring.view")
def network(request: HttpRequest) -> HttpResponse:
    """Links, power, our own line and the runners that do the watching."""
    feeders = access.visible(
        Target.objects.filter(kind__in=("link", "power"), retired_on=None), request.user, "monitoring.view"
    )
    hanging = monitoring.with_hanging(feeders).select_related("owner", "kelurahan").order_by("kind", "code")
    told = {"feeders": hanging, "health": queries.watch_health(clock.now())}
    return render(request, "command_centre/network.html", told)


@require_POST
@for_the_signed_in("one's own choice of light or dark")
def dark(request: HttpRequest) -> HttpResponse:
    request.user.show_dark = not request.user.show_dark
    request.user.save(update_fields=["show_dark"])
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else "command_centre:map")
