"""The incident work list and work panel: parse, call, show. Every form works without JavaScript too."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages as notices
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as __
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from satukota.base import clock
from satukota.base.errors import Missing, UserError
from satukota.base.exports import Column, table_response
from satukota.base.jobs import once
from satukota.base.page_frame.filling import refusals_on
from satukota.city import access
from satukota.city import queries as registers
from satukota.city.gates import needs, needs_for
from satukota.city.models import Kelurahan, Opd
from satukota.shared.incidents import actions, queries, words
from satukota.shared.incidents.access import incident_to
from satukota.shared.incidents.models import Incident
from satukota.shared.monitoring.models import Target

from . import incident_panel
from .incident_forms import IncidentFilter, OpenForm

PAGE_SIZE = 50
EXPORTED = [
    Column("number", __("Nomor")), Column("title", __("Judul")),
    Column("severity", __("Tingkat"), lambda row: row.get_severity_display()),
    Column("severity_reason", __("Alasan tingkat")),
    Column("state", __("Keadaan"), lambda row: row.get_state_display()),
    Column("kind", __("Jenis"), lambda row: words.kind_words(row.kind)),
    Column("cause", __("Sebab terukur"), lambda row: words.cause_words(row.kind, row.cause)),
    Column("owner", __("OPD"), "owner.short_name"), Column("place", __("Tempat"), "place.name"),
    Column("kelurahan", __("Kelurahan"), "kelurahan.name"), Column("assigned_to", __("Petugas"), "assigned_to.name"),
    Column("opened_at", __("Dibuka")), Column("handled_at", __("Ditangani")), Column("recovered_at", __("Pulih")),
    Column("closed_at", __("Ditutup")), Column("closed_cause", __("Penyebab")),
    Column("escalation", __("Tingkat eskalasi")),
]  # fmt: skip


@require_GET
@needs("incidents.view")
def incidents(request: HttpRequest) -> HttpResponse:
    """The work list, soonest clock first; the filters are the query string."""
    now = clock.now()
    form = IncidentFilter(request.GET)
    page = Paginator(form.narrow(queries.worklist(request.user)), PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    counts = queries.down_counts(page.object_list)
    told: dict[str, Any] = {
        "page": page,
        "rows": [(row, *counts.get(row.pk, (0, 0)), incident_panel.clock_of(row, now)) for row in page.object_list],
        "kpis": queries.kpis(request.user, now),
        "form": form,
    }
    if request.headers.get("HX-Request"):
        return render(request, "command_centre/incidents/_list.html", told)
    told["opds"] = list(access.visible(Opd.objects.all(), request.user, "incidents.view", owner="pk"))
    told["kelurahan"] = list(Kelurahan.objects.order_by("name").values_list("code", "name"))
    told["may_open"] = access.may(request.user, "incidents.open")
    return render(request, "command_centre/incidents/list.html", told)


@require_GET
@needs("incidents.view")
def incidents_export(request: HttpRequest, fmt: str) -> HttpResponseBase:
    """Exactly the rows the filters show, all pages."""
    rows = IncidentFilter(request.GET).narrow(queries.worklist(request.user))
    return table_response(request, _("insiden"), EXPORTED, rows, fmt, lon="root.lon", lat="root.lat")


@require_GET
@needs("incidents.view", find=queries.incident_for, by="number")
def incident(request: HttpRequest, found: Incident) -> HttpResponse:
    return _panel(request, found)


def _panel(
    request: HttpRequest, found: Incident, *, problem: UserError | None = None, typed: dict[str, str] | None = None
) -> HttpResponse:
    """The whole page, or only the work panel when htmx asks; a problem keeps what was typed."""
    told = incident_panel.told_of(request.user, found, clock.now(), request.GET)
    told |= {"problem": problem, "typed": typed or {}}
    told["may_watch"] = access.may(request.user, "cameras.watch")
    told["crumbs"] = [(_("Insiden"), reverse("command_centre:incidents"))]
    part = "_panel" if request.headers.get("HX-Request") else "panel"
    return render(request, f"command_centre/incidents/{part}.html", told, status=problem.status if problem else 200)


def _take(number: str, typed: dict[str, str], **who: Any) -> str:
    actions.take(number, **who)
    return _("Insiden ini sekarang tugas Anda.")


def _assign(number: str, typed: dict[str, str], **who: Any) -> str:
    person = typed.get("person_id", "")
    if not person.isdecimal() or len(person) > 18:
        raise UserError(_("Petugas belum dipilih."), fix=_("Pilih nama dari daftar."))
    found = actions.assign(number, person_id=int(person), **who)
    return _("Diserahkan kepada %s dan sudah diberitahukan.") % found.assigned_to


def _note(number: str, typed: dict[str, str], **who: Any) -> str:
    actions.add_note(number, text=typed.get("text", ""), **who)
    return _("Catatan disimpan.")


def _escalate(number: str, typed: dict[str, str], **who: Any) -> str:
    actions.escalate(number, why=typed.get("why", ""), **who)
    return _("Dieskalasi dan sudah diberitahukan.")


def _recover(number: str, typed: dict[str, str], **who: Any) -> str:
    actions.recover(number, why=typed.get("why", ""), **who)
    return _("Dinyatakan pulih; semua yang diberi tahu gangguannya juga diberi tahu pulihnya.")


def _close(number: str, typed: dict[str, str], **who: Any) -> str:
    actions.close(number, cause_text=typed.get("cause_text", ""), **who)
    return _("Insiden ditutup.")


def _reopen(number: str, typed: dict[str, str], **who: Any) -> str:
    actions.reopen(number, why=typed.get("why", ""), **who)
    return _("Insiden dibuka kembali.")


def _merge(number: str, typed: dict[str, str], **who: Any) -> str:
    into = actions.merge(number, typed.get("into", "").strip().upper(), why=typed.get("why", ""), **who)
    return _("Digabung ke %s.") % into.number


def _unmerge(number: str, typed: dict[str, str], **who: Any) -> str:
    actions.unmerge(number, **who)
    return _("Dipisahkan lagi; anggotanya kembali ke insiden ini.")


ACTS: dict[str, tuple[Callable[..., str], str]] = {  # as the address names it → what it does, what it needs
    "ambil": (_take, "incidents.handle"), "serahkan": (_assign, "incidents.handle"),
    "catat": (_note, "incidents.note"), "eskalasi": (_escalate, "incidents.handle"),
    "pulih": (_recover, "incidents.handle"), "tutup": (_close, "incidents.close"),
    "buka-kembali": (_reopen, "incidents.close"), "gabung": (_merge, "incidents.merge"),
    "pisah": (_unmerge, "incidents.merge"),
}  # fmt: skip


@require_POST
@needs_for("act", {act: needed for act, (_do, needed) in ACTS.items()}, find=incident_to, by="number")
def incident_act(request: HttpRequest, found: Incident, act: str) -> HttpResponse:
    """One act on one incident; the page comes back with what it did, or with the sentence why not."""
    typed = {key: str(value) for key, value in request.POST.items()}

    def do() -> str:
        return ACTS[act][0](found.number, typed, by=request.user, at=clock.now())

    return _done(request, found.number, do, typed | {"act": act})


@require_POST
@needs("incidents.handle", find=incident_to, by="number")
def incident_step(request: HttpRequest, found: Incident, step: int) -> HttpResponse:
    """Tick (done=1) or untick a step of the SOP."""
    number, is_done = found.number, request.POST.get("done") == "1"

    def tick() -> str:
        if is_done:
            actions.do_step(number, step, by=request.user, at=clock.now())
            return _("Langkah ditandai selesai.")
        actions.undo_step(number, step, by=request.user, at=clock.now())
        return _("Tanda selesai dibatalkan.")

    return _done(request, number, tick, {})


def _done(request: HttpRequest, number: str, act: Callable[[], str], typed: dict[str, str]) -> HttpResponse:
    """Do the act; sent again under the same key it is only acknowledged again."""
    try:
        with transaction.atomic():
            if once.is_first(once.key_in(request), request.path, by=request.user, at=clock.now()):
                said = act()
            else:
                said = _("Sudah tersimpan; tidak ditulis dua kali.")
    except Missing:
        raise
    except UserError as problem:
        found = queries.incident_for(request.user, number)
        return _panel(request, found, problem=problem, typed=typed)
    notices.success(request, said)
    if request.headers.get("HX-Request"):
        return _panel(request, queries.incident_for(request.user, number))
    return redirect("command_centre:incident", number)


@require_http_methods(["GET", "POST"])
@needs("incidents.open")
def incident_open(request: HttpRequest) -> HttpResponse:
    """Opened by a person, from the map (?lon=&lat=), from a camera (?kamera=CODE) or from the list."""
    owners = access.visible(Opd.objects.filter(valid_to=None), request.user, "incidents.open", owner="pk")
    form = OpenForm(request.POST or None, owners=owners, initial=_known_from(request))
    if form.is_valid():
        with refusals_on(form):
            found = actions.open_by_person(**_fields(form, request), by=request.user, at=clock.now())
            return redirect("command_centre:incident", found.number)
    told = {"form": form, "crumbs": [(_("Insiden"), reverse("command_centre:incidents"))]}
    return render(request, "command_centre/incidents/open.html", told, status=422 if form.errors else 200)


def _known_from(request: HttpRequest) -> dict[str, Any]:
    known: dict[str, Any] = {"target": request.GET.get("kamera", "")[:40], "place": request.GET.get("tempat", "")[:18]}
    if not known["place"].isdecimal():
        known.pop("place")
    try:
        lon, lat = float(request.GET.get("lon", "")), float(request.GET.get("lat", ""))
        known["kelurahan"] = registers.kelurahan_of(lon, lat) if abs(lon) <= 180 and abs(lat) <= 90 else None
    except ValueError:
        pass  # no position given: the person chooses
    return known


def _fields(form: OpenForm, request: HttpRequest) -> dict[str, Any]:
    typed = form.cleaned_data
    target_id = None
    if code := typed["target"].strip():
        things = access.visible(Target.objects.filter(retired_on=None), request.user, "monitoring.view")
        target_id = things.filter(code__iexact=code).values_list("pk", flat=True).first()
        if target_id is None:
            raise UserError(_("Perangkat %s tidak ditemukan.") % code, fix=_("Periksa kodenya atau kosongkan."))
    elif typed["owner"] is None:
        raise UserError(_("OPD yang bertanggung jawab belum dipilih."), fix=_("Pilih satu dari daftar."))
    return {
        "title": typed["title"], "severity": typed["severity"], "text": typed["text"], "target_id": target_id,
        "owner_id": typed["owner"].pk if typed["owner"] else 0,
        "place_id": typed["place"].pk if typed["place"] else None,
        "kelurahan_id": typed["kelurahan"].pk if typed["kelurahan"] else None,
    }  # fmt: skip
