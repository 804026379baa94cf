"""Pages on ground: what is known of the city's streets and buildings, whence, and why a spot should be seen."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from satukota.base import clock, exports
from satukota.base.errors import Missing, UserError
from satukota.base.page_frame.filling import refusals_on
from satukota.city import access
from satukota.city.gates import needs

from . import actions, queries, report, tiles, uploads
from .forms import KindForm, UploadForm
from .kinds import Kind, kinds_on
from .models import Building, DemandPlace, GroundSource, GroundUpload, Obstacle, Population, Street, Structure, Terrain
from .words import BASES, PURPOSES

PAGE_SIZE = 50
TILE_TYPE = "application/vnd.mapbox-vector-tile"
COLUMNS = (
    exports.Column("kind", gettext_lazy("Jenis")), exports.Column("name", gettext_lazy("Nama")),
    exports.Column("times", gettext_lazy("Kali bobot")), exports.Column("lat", gettext_lazy("Lintang")),
    exports.Column("lon", gettext_lazy("Bujur")), exports.Column("source", gettext_lazy("Sumber"), "source.file_name"),
)  # fmt: skip


def _crumbs(*more: tuple[str, str]) -> list[tuple[str, str]]:
    return [(_("Register"), reverse("city:home")), *more]


def _home_crumb() -> tuple[str, str]:
    return _("Lahan"), reverse("ground:home")


@require_GET
@needs("registers.view")
def home(request: HttpRequest) -> HttpResponse:
    """What is there, and every source it came from."""
    figures = [
        (Street.objects.count(), _("ruas jalan")), (Building.objects.count(), _("bangunan")),
        (Structure.objects.exclude(kind=Structure.Kind.JUNCTION).count(), _("tiang")),
        (Structure.objects.filter(kind=Structure.Kind.JUNCTION).count(), _("persimpangan")),
        (DemandPlace.objects.count(), _("tempat kebutuhan")),
        (Obstacle.objects.count(), _("tembok dan pohon")), (_ground_words(), _("ketinggian tanah")),
    ]  # fmt: skip
    told = {
        "figures": figures, "sources": GroundSource.objects.select_related("taken_by")[:PAGE_SIZE],
        "may_import": access.may(request.user, "ground.import"), "crumbs": _crumbs(),
        "people": Population.objects.filter(rt=None).order_by("-counted_on").select_related("kelurahan")[:100],
    }  # fmt: skip
    return render(request, "ground/home.html", told)


def _ground_words() -> str:
    """How closely the ground's heights are known. One query."""
    step_m = Terrain.objects.values_list("step_m", flat=True).first()
    return _("datar") if step_m is None else _("tiap %(step)s m") % {"step": number_format(step_m, 1)}


@require_GET
@needs("registers.view")
def source(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.existing(GroundSource.objects.select_related("taken_by"), pk=pk)
    told = {"source": found, "lines": report.sentences(found.report), "crumbs": _crumbs(_home_crumb())}
    return render(request, "ground/source.html", told)


@require_http_methods(["GET", "POST"])
@needs("ground.import")
def imports(request: HttpRequest) -> HttpResponse:
    """Choose a file; it is checked before anything changes."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        upload = uploads.begin(
            asked["kind"], asked["file"].name or "berkas", asked["file"].chunks(), licence=asked["licence"],
            attribution=asked["attribution"], by=request.user, at=clock.now(),
        )  # fmt: skip
        return redirect("ground:upload", upload.pk)
    told = {
        "form": form, "past": GroundUpload.objects.select_related("started_by")[:20],
        "crumbs": _crumbs(_home_crumb()),
    }  # fmt: skip
    return render(request, "ground/import.html", told, status=422 if form.errors else 200)


@require_GET
@needs("ground.import")
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is, and what it would change; asked again by the page while a worker has it."""
    found = _upload(pk)
    is_waiting = found.state in (GroundUpload.State.CHECKING, GroundUpload.State.STORING)
    told = {
        "upload": found, "is_waiting": is_waiting, "lines": report.sentences(found.report),
        "crumbs": _crumbs(_home_crumb(), (_("Impor"), reverse("ground:import"))),
    }  # fmt: skip
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204) if is_waiting else HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "ground/upload.html", told)


def _upload(pk: int) -> GroundUpload:
    return access.existing(GroundUpload.objects.select_related("started_by"), pk=pk)


@require_POST
@needs("ground.import")
def apply_upload(request: HttpRequest, pk: int) -> HttpResponse:
    uploads.approve(_upload(pk), by=request.user)
    return redirect("ground:upload", pk)


@require_POST
@needs("ground.import")
def cancel_upload(request: HttpRequest, pk: int) -> HttpResponse:
    uploads.cancel(_upload(pk), by=request.user)
    messages.info(request, _("Impor dibatalkan; tidak ada yang berubah."))
    return redirect("ground:import")


@dataclass(frozen=True)
class KindRow:
    kind: Kind
    basis: str
    purpose: str
    points: int
    share: float  # of the weight of the whole city


@require_GET
@needs("registers.view")
def kinds(request: HttpRequest) -> HttpResponse:
    """Every kind of demand with what it comes to on today's ground."""
    purpose = request.GET.get("ketajaman", "")
    rows = [row for row in _kind_rows() if purpose not in PURPOSES or row.kind.purpose == purpose]
    told = {
        "rows": rows, "purpose": purpose, "purposes": PURPOSES.items(), "crumbs": _crumbs(_home_crumb()),
        "total": sum(row.points for row in rows),
        "may_edit": (may := access.may(request.user, "ground.import")), "may_import": may,
    }  # fmt: skip
    return render(request, "ground/kinds.html", told)


def _kind_rows() -> list[KindRow]:
    import numpy as np

    try:
        demand = queries.demand()
    except UserError:  # no city yet
        return []
    size = len(demand.kinds)
    points = np.bincount(demand.kind, minlength=size)
    weight = np.bincount(demand.kind, weights=demand.weight, minlength=size)
    share = weight / max(weight.sum(), 1e-9)
    return [
        KindRow(kind, str(BASES[kind.basis]), str(PURPOSES[kind.purpose]), int(points[n]), float(share[n]))
        for n, kind in enumerate(demand.kinds)
    ]


@require_http_methods(["GET", "POST"])
@needs("ground.import")
def kind(request: HttpRequest, code: str) -> HttpResponse:
    """Decide what a kind of demand weighs from today on."""
    known = {each.code: each for each in kinds_on(clock.local(clock.now()).date())}
    if code not in known:
        raise Missing(_("Halaman atau data ini tidak ditemukan."), fix=_("Periksa alamatnya atau kembali ke awal."))
    was = known[code]
    start = {"weight": was.weight, "purpose": was.purpose, "source": was.source if was.valid_from else ""}
    form = KindForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            actions.decide_kind(code, **form.cleaned_data, by=request.user, at=clock.now())
            messages.success(request, _("Bobot disimpan; hitungan cakupan memakainya mulai kini."))
            return redirect("ground:kinds")
    told = {"form": form, "kind": was, "back": reverse("ground:kinds"), "title": was.name,
            "crumbs": _crumbs(_home_crumb(), (_("Kebutuhan"), reverse("ground:kinds")))}  # fmt: skip
    return render(request, "ground/kind.html", told, status=422 if form.errors else 200)


def _matching(request: HttpRequest) -> tuple[QuerySet[DemandPlace], str, str]:
    """Places as the address filters them, the kind and the text asked for."""
    known = {each.code for each in kinds_on(clock.local(clock.now()).date())}
    chosen = request.GET.get("jenis", "")
    text = request.GET.get("q", "").replace("\0", "").strip()[:80]
    rows = DemandPlace.objects.select_related("source")
    rows = rows.filter(kind=chosen) if chosen in known else rows
    return (rows.filter(Q(name__icontains=text)) if text else rows), chosen if chosen in known else "", text


@require_GET
@needs("registers.view")
def places(request: HttpRequest) -> HttpResponse:
    rows, chosen, text = _matching(request)
    names = {each.code: each.name for each in kinds_on(clock.local(clock.now()).date())}
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    shown: list[Any] = list(page.object_list)
    for row in shown:
        row.kind_name = names.get(row.kind, row.kind)
    page.object_list = shown
    told = {"page": page, "chosen": chosen, "text": text, "kinds": names.items(), "forms": exports.FORMATS,
            "may_import": access.may(request.user, "ground.import"), "crumbs": _crumbs(_home_crumb())}  # fmt: skip
    return render(request, "ground/places.html", told)


@require_GET
@needs("registers.view")
def places_export(request: HttpRequest, form: str) -> HttpResponseBase:
    """The rows the list shows, all pages of them."""
    return exports.table_response(request, "tempat-kebutuhan", COLUMNS, _matching(request)[0], form)


@require_GET
@needs("monitoring.view")
def tile_index(request: HttpRequest) -> JsonResponse:
    """Where tiles are and what the map must say about them; no address when there are none."""
    tiles.ask_when_stale()
    found = tiles.archive()
    address = reverse("ground:tile", args=(found.mark, 0, 0, 0)) if found else ""
    return JsonResponse({
        "tiles": address.replace("/0/0/0.mvt", "/{z}/{x}/{y}.mvt"), "attribution": queries.attributions(),
        "least_zoom": tiles.LEAST_ZOOM, "most_zoom": tiles.MOST_ZOOM,
    })  # fmt: skip


@require_GET
@needs("monitoring.view")
def tile(request: HttpRequest, mark: str, z: int, x: int, y: int) -> HttpResponse:
    """One vector tile of streets and buildings. `mark` only makes the address new when the ground is."""
    content = tiles.tile(z, x, y)
    if content is None:
        answer = HttpResponse(status=204)
    elif "gzip" in request.headers.get("Accept-Encoding", ""):
        answer = HttpResponse(content, content_type=TILE_TYPE, headers={"Content-Encoding": "gzip"})
    else:
        answer = HttpResponse(tiles.plain(content), content_type=TILE_TYPE)
    answer.headers["Cache-Control"] = "private, max-age=86400"  # streets and houses: nobody's own
    answer.headers["Vary"] = "Accept-Encoding"
    return answer
