"""Pages about watching: the log for those who answer for the cameras, yearly counts for everybody."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.city.gates import for_everyone, needs

from ..live import looks
from ..live.purposes import PURPOSES

PAGE_SIZE = 50


@require_GET
@needs("cameras.watch_log")
def watch_log(request: HttpRequest) -> HttpResponse:
    """Reading who watched whom is itself written down."""
    now, filters = clock.now(), looks.LookFilters.of(request.GET)
    rows = looks.looks(request.user, filters, now)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    audit.viewed(
        "cameras.watch_log_seen", by=request.user, at=now, rows=len(page.object_list),
        chosen={"days": filters.days, "purpose": filters.purpose, "text": filters.text},
    )  # fmt: skip
    told = {
        "page": page, "filters": filters, "days": looks.DAYS, "purposes": PURPOSES,
        "counts": [row | {"name": _purpose_name(row["purpose"])} for row in looks.by_purpose(rows)],
        "rows": [(row, _purpose_name(row.purpose)) for row in page.object_list],
        "crumbs": [(_("Kamera"), reverse("cameras:list"))],
    }  # fmt: skip
    return render(request, "cameras/watch_log.html", told)


def _purpose_name(code: str) -> str:
    known = PURPOSES.get(code)
    return str(known.name) if known else code or _("tanpa keperluan khusus")


@require_GET
@for_everyone("counts without names and places")
def public_counts(request: HttpRequest) -> HttpResponse:
    return render(request, "cameras/public_counts.html", {"counts": _counts(), "at": clock.now()})


@require_GET
@for_everyone("counts without names and places")
def public_counts_json(request: HttpRequest) -> HttpResponse:
    rows = [
        {"year": row.year, "purpose": row.purpose, "looks": row.looks, "hours": round(row.hours, 1)}
        for row, _name in _counts()
    ]
    return JsonResponse({"at": clock.now().isoformat(), "protected_cameras_opened": rows})


def _counts() -> list[tuple[looks.YearOfPurpose, str]]:
    found = looks.public_counts(clock.local(clock.now()).date())
    return [(row, _purpose_name(row.purpose)) for row in found]
