"""The register of what is unseen: list, map, one spot with what may be done with it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from satukota.base import clock, exports
from satukota.base.audit import actions as audit
from satukota.base.errors import Missing
from satukota.base.evidence import actions as evidence
from satukota.city import access as city_access
from satukota.city import queries as city
from satukota.city.gates import needs, needs_for

from .. import access, queries
from ..actions import acts, finding
from ..models import BlindSpot, SpotEntry
from ..states import ACTS, open_to
from ..words import ACTS as ACT_WORDS
from ..words import PURPOSES

PAGE_SIZE = 50
ON_MAP = 2000


@require_GET
@needs("coverage.view")
def spot_list(request: HttpRequest) -> HttpResponse:
    filters = queries.Filters.of(request.GET)
    found = queries.spots_for(request.user, filters)
    counted = queries.counts(request.user)
    told = {
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")), "filters": filters,
        "view": "map" if request.GET.get("view") == "map" else "table", "choices": queries.choices(request.user),
        "states": [(value, str(name), counted[value]) for value, name in BlindSpot.State.choices],
        "open": sum(counted[state] for state in ACTS["serahkan"].begins), "finding": queries.finding(),
        "may_plan": city_access.may(request.user, "coverage.plan"), "export_forms": exports.FORMATS,
        "sorts": [("stake", _("Taruhan terbesar")), ("found", _("Baru ditemukan")), ("number", _("Nomor")),
                  ("kelurahan", _("Kelurahan"))],
    }  # fmt: skip
    return render(request, "blind_spots/list.html", told)


@require_GET
@needs("coverage.view")
def features(request: HttpRequest) -> JsonResponse:
    """The rows of the list for the map."""
    found = queries.spots_for(request.user, queries.Filters.of(request.GET))[:ON_MAP]
    return JsonResponse(queries.as_features(list(found)))


@require_GET
@needs("coverage.view")
def export(request: HttpRequest, form: str) -> HttpResponseBase:
    rows = queries.spots_for(request.user, queries.Filters.of(request.GET))
    return exports.table_response(request, "titik-buta", COLUMNS, rows, form)


@require_POST
@needs("coverage.plan")
def search(request: HttpRequest) -> HttpResponse:
    finding.ask(by=request.user, at=clock.now())
    messages.success(request, _("Pencarian dimulai; hasilnya muncul di sini."))
    return redirect("blind_spots:list")


@require_GET
@needs("coverage.view", find=access.spot_for, by="number")
def spot_page(request: HttpRequest, spot: BlindSpot) -> HttpResponse:
    return render(request, "blind_spots/spot.html", _context(request, spot))


def _context(request: HttpRequest, spot: BlindSpot) -> dict[str, Any]:
    may = city_access.may_on(request.user, "coverage.plan", spot)
    lines = [
        (line, str(ACT_WORDS.get(line.act, line.act)))
        for line in spot.timeline.select_related("by", "file").order_by("-at", "-pk")
    ]
    return {
        "spot": spot, "acts": open_to(spot) if may else [], "lines": lines,
        "proofs": spot.proofs.select_related("target", "by"), "points": queries.points_of(spot),
        "reasons": [row | {"words": PURPOSES.get(row["purpose"], row["purpose"])} for row in spot.reasons],
        "opds": city.opds_on(clock.local(clock.now()).date()) if may else [],
        "crumbs": [(_("Titik buta"), reverse("blind_spots:list"))],
    }  # fmt: skip


@require_POST
@needs_for("act", dict.fromkeys(ACTS, "coverage.plan"), find=access.spot_for, by="number")
def act(request: HttpRequest, spot: BlindSpot, act: str) -> HttpResponse:
    upload = request.FILES.get("file")
    opd = request.POST.get("opd", "")
    done = acts.do(
        spot.number, act, by=request.user, at=clock.now(), text=request.POST.get("text", ""),
        target_code=request.POST.get("target", "")[:60], opd_id=int(opd) if opd.isascii() and opd.isdecimal() else None,
        file=upload.read(acts.LARGEST_FILE + 1) if upload is not None else b"",
    )  # fmt: skip
    if act in ("uji", "tutup") and done.state == BlindSpot.State.INSTALLED:
        messages.warning(request, _("Belum cukup terlihat, atau kameranya tidak berfungsi. Angkanya ada di bukti."))
    else:
        messages.success(request, _("Tersimpan: %s.") % done.get_state_display())
    return redirect("blind_spots:spot", spot.number)


def entry_for(user: Any, pk: int, permission: str) -> SpotEntry:
    """The line of a timeline that carries a file. Raises Missing."""
    found: SpotEntry = city_access.one(
        SpotEntry.objects.exclude(file=None).select_related("file", "spot__owner"), user, permission,
        owner="spot__owner", pk=pk,
    )  # fmt: skip
    return found


@require_GET
@needs("coverage.view", find=entry_for, by="pk")
def file(request: HttpRequest, entry: SpotEntry) -> HttpResponse:
    if entry.file is None:
        raise Missing(_("Berkas ini tidak ada."))
    audit.viewed("blind_spots.file_seen", by=request.user, at=clock.now(), on=entry.spot,
                 opd_code=entry.spot.owner.code)  # fmt: skip
    try:
        content = evidence.content_of(entry.file)
    except evidence.FileGone as problem:
        raise Missing(_("Berkas ini sudah dihapus.")) from problem
    answer = HttpResponse(content, content_type=entry.file.media_type)
    name = {"image/jpeg": "jpg", "image/png": "png"}.get(entry.file.media_type, "pdf")
    answer["Content-Disposition"] = f'inline; filename="{entry.spot.number}-{entry.pk}.{name}"'
    return answer


COLUMNS = (
    exports.Column("nomor", "Nomor", "number"),
    exports.Column("tempat", "Tempat", "title"),
    exports.Column("kelurahan", "Kelurahan", "kelurahan.name"),
    exports.Column("opd", "OPD", "owner.short_name"),
    exports.Column("keadaan", "Keadaan", lambda row: str(row.get_state_display())),
    exports.Column("bobot", "Bobot", "weight"),
    exports.Column("bagian_kota", "Bagian bobot kota", "city_share"),
    exports.Column("penduduk", "Penduduk", "people"),
    exports.Column("dalam_pandangan", "Dalam pandangan kamera", "in_reach"),
    exports.Column("sebab", "Sebab", lambda row: "; ".join(f"{one['name']} ({one['points']})" for one in row.reasons)),
    exports.Column("ditemukan", "Ditemukan", "found_at"),
    exports.Column("kamera", "Kamera", "target.code"),
    exports.Column("lintang", "Lintang", "lat"),
    exports.Column("bujur", "Bujur", "lon"),
)
