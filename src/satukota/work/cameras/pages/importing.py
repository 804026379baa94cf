"""Importing cameras: choose a file, see what it would do, apply it whole."""

from typing import IO, Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from satukota.base import clock
from satukota.base.errors import Missing, UserError
from satukota.city import access
from satukota.city import queries as city
from satukota.city.gates import needs
from satukota.city.models import Opd

from ..forms import OnvifForm, UploadForm
from ..importing import actions, spool
from ..importing.labels import Labels
from ..models import CameraImport

PAGE_SIZE = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _owners(request: HttpRequest) -> QuerySet[Opd]:
    """Offices whose cameras the person may import."""
    today = clock.local(clock.now()).date()
    return access.visible(city.opds_on(today), request.user, "cameras.import", owner="pk")


def _batch(user: Any, pk: int, permission: str) -> CameraImport:
    return access.one(CameraImport.objects.select_related("owner", "started_by"), user, permission, pk=pk)


@require_http_methods(["GET", "POST"])
@needs("cameras.import")
def imports(request: HttpRequest) -> HttpResponse:
    """Past imports, and the two ways to begin one."""
    owners = _owners(request)
    form = UploadForm(owners, request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            batch = actions.start(
                file.name or "berkas", file.chunks(), file.size or 0, owner=form.cleaned_data["owner"],
                by=request.user, at=clock.now(),
            )  # fmt: skip
            return redirect("cameras:import_batch", batch.pk)
        except UserError as problem:
            form.add_error("file", f"{problem.text} {problem.fix}".strip())
    return _show_imports(request, owners, form, OnvifForm(owners))


def _show_imports(request: HttpRequest, owners: QuerySet[Opd], form: UploadForm, onvif_form: OnvifForm) -> HttpResponse:
    past = access.visible(CameraImport.objects.select_related("owner", "started_by"), request.user, "cameras.import")
    told = {
        "form": form, "onvif_form": onvif_form, "past": past[:30], "owners": owners,
        "crumbs": [(_("Kamera"), reverse("cameras:list"))],
    }  # fmt: skip
    return render(request, "cameras/import.html", told, status=422 if form.errors or onvif_form.errors else 200)


@require_POST
@needs("cameras.import")
def onvif(request: HttpRequest) -> HttpResponse:
    """Ask the named addresses what they are, and preview the answers as any other import."""
    from ..importing import devices

    owners = _owners(request)
    form = OnvifForm(owners, request.POST)
    if form.is_valid():
        try:
            batch = devices.start(**form.cleaned_data, by=request.user, at=clock.now())
            return redirect("cameras:import_batch", batch.pk)
        except UserError as problem:
            form.add_error("addresses", f"{problem.text} {problem.fix}".strip())
    return _show_imports(request, owners, UploadForm(owners), form)


def _file(content: IO[bytes], name: str) -> FileResponse:
    return FileResponse(content, as_attachment=True, filename=name, content_type=XLSX)


@require_GET
@needs("cameras.import")
def template(request: HttpRequest, form: str) -> HttpResponseBase:
    from ..importing import report

    if form == "xlsx":
        return _file(report.template_xlsx(), "templat-kamera.xlsx")
    if form != "csv":
        raise Missing(_("Templat ini tidak ada."), fix=_("Pilih CSV atau XLSX."))
    answer = HttpResponse(report.template_csv(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="templat-kamera.csv"'
    return answer


class _Counted(Paginator):
    """The batch knows how many rows of each fate it has."""

    def __init__(self, things: Any, count: int) -> None:
        super().__init__(things, PAGE_SIZE)
        self._count = count

    @cached_property
    def count(self) -> int:
        return self._count


@require_GET
@needs("cameras.import", find=_batch, by="pk")
def batch(request: HttpRequest, one: CameraImport) -> HttpResponse:
    """The preview: how many rows of which fate, and each with what it would change or why it is refused."""
    counts = {"new": one.rows_new, "changed": one.rows_changed, "same": one.rows_same, "refused": one.rows_refused}
    fate = request.GET.get("fate", "")
    rows = one.rows.order_by("number")
    rows = rows.filter(fate=fate) if fate in counts else rows
    page = _Counted(rows, counts.get(fate, sum(counts.values()))).get_page(request.GET.get("page"))
    labels = Labels(page.object_list)
    page.object_list = [labels.row(row) for row in page.object_list]
    told = {
        "batch": one, "page": page, "fate": fate if fate in counts else "", "progress": spool.progress(one.pk),
        "tabs": [(key, name, counts[key]) for key, name in (
            ("refused", _("Ditolak")), ("new", _("Baru")), ("changed", _("Berubah")), ("same", _("Sama")))],
        "writes": one.rows_new + one.rows_changed,
        "columns": labels.columns(one.read_as.get("columns", [])),
        "crumbs": [(_("Kamera"), reverse("cameras:list")), (_("Impor"), reverse("cameras:import"))],
    }  # fmt: skip
    return render(request, "cameras/batch.html", told)


@require_GET
@needs("cameras.import", find=_batch, by="pk")
def progress(request: HttpRequest, one: CameraImport) -> HttpResponse:
    """How far the worker is; when it is done, htmx is told to load the page anew."""
    if one.state not in ("reading", "applying"):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "cameras/_progress.html", {"batch": one, "progress": spool.progress(one.pk)})


@require_GET
@needs("cameras.import", find=_batch, by="pk")
def refused(request: HttpRequest, one: CameraImport) -> HttpResponseBase:
    from ..importing import report

    return _file(report.refused_xlsx(one), f"ditolak-{one.pk}.xlsx")


@require_POST
@needs("cameras.import", find=_batch, by="pk")
def act(request: HttpRequest, one: CameraImport, act: str) -> HttpResponse:
    """Apply, cancel, stop or resume."""
    if act == "terapkan":
        actions.approve(one, by=request.user, at=clock.now())
        one.refresh_from_db()
        if one.state == CameraImport.State.APPLIED:
            messages.success(request, _("Impor diterapkan."))
    elif act == "batalkan":
        actions.cancel(one)
        messages.info(request, _("Impor dibatalkan; register tidak berubah."))
    elif act == "berhenti":
        actions.stop(one)
    elif act == "lanjutkan":
        actions.resume(one)
    else:
        raise Missing(_("Perintah ini tidak ada."), fix=_("Muat ulang halaman impor."))
    return redirect("cameras:import_batch", one.pk)
