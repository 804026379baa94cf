from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from satukota.base import clock
from satukota.base.audit import offline, signing, stored
from satukota.base.audit import queries as audit
from satukota.city.gates import for_everyone

from . import queries

SEALS_A_PAGE = 100


@require_GET
@for_everyone("figures the city answers for, without a person or a place that is not public")
@cache_control(max_age=15)
def status(request: HttpRequest) -> HttpResponse:
    """How many of the city's eyes are open now. For everyone, without an account, without a script."""
    return render(request, "portal/status.html", {"status": queries.status(clock.now())})


@require_GET
@for_everyone("hashes that prove the audit log was not changed, and say nothing of what was done")
@cache_control(max_age=60)
def trail(request: HttpRequest) -> HttpResponse:
    """The seal of each ended day of the audit log, one line a day to copy or print."""
    seals = audit.seals(SEALS_A_PAGE + 1, _before(request))
    told = {
        "seals": seals[:SEALS_A_PAGE],
        "older": seals[SEALS_A_PAGE - 1].first_number if len(seals) > SEALS_A_PAGE else None,
        "lines": [_line(seal) for seal in seals[:7]],
        "public_key": signing.public_key(settings.AUDIT_KEY),
    }
    return render(request, "portal/trail.html", told)


@require_GET
@for_everyone("hashes that prove the audit log was not changed, and say nothing of what was done")
@cache_control(max_age=60)
def trail_json(request: HttpRequest) -> JsonResponse:
    """Every seal with its signature, newest first, a thousand at once; `?before=` the last one's first_number."""
    seals = [
        stored.content_of_seal(seal) | {"signature": seal.signature} for seal in audit.seals(1000, _before(request))
    ]
    return JsonResponse({"public_key": signing.public_key(settings.AUDIT_KEY), "seals": seals})


@require_GET
@for_everyone("hashes that prove the audit log was not changed, and say nothing of what was done")
@cache_control(max_age=60)
def trail_text(request: HttpRequest) -> HttpResponse:
    """One line a day, oldest first, as `satukota audit verify --roots` reads them."""
    lines = [_line(seal) for seal in reversed(audit.seals(100_000))]
    return HttpResponse("".join(f"{line}\n" for line in lines), content_type="text/plain; charset=utf-8")


def _line(seal: audit.DaySeal) -> str:
    return offline.public_line(seal.day.isoformat(), seal.first_number, seal.last_number, seal.root)


def _before(request: HttpRequest) -> int | None:
    text = request.GET.get("before", "")
    return int(text) if text.isdecimal() and len(text) < 16 else None
