"""Footage that was asked for: the work list with its clocks, one request with what may be done, its letter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.contrib import messages as notices
from django.core.paginator import Paginator
from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from satukota.base import clock
from satukota.base.errors import Missing, UserError
from satukota.base.evidence import actions as evidence
from satukota.base.exports import Column, table_response
from satukota.base.page_frame.templatetags.frame import span_words
from satukota.city import access, calendar
from satukota.city.gates import needs, needs_for

from ..live.purposes import PURPOSES
from ..models import Retrieval
from ..recordings import access as reach
from ..recordings import handing_over
from ..recordings.asking import OPEN
from ..recordings.words import said_of
from .recordings import moment_field

PAGE_SIZE = 50
MOST_UPLOAD = 64 * 1024 * 1024  # what one form can carry
LATE = "late"
State, Way = Retrieval.State, Retrieval.Way
EXPORTED = [
    Column("number", gettext_lazy("Nomor")), Column("camera", gettext_lazy("Kamera"), "camera.target.code"),
    Column("owner", gettext_lazy("OPD"), "camera.target.owner.short_name"), Column("since", gettext_lazy("Dari")),
    Column("until", gettext_lazy("Sampai")), Column("way", gettext_lazy("Cara"), lambda row: row.get_way_display()),
    Column("purpose", gettext_lazy("Keperluan"), lambda row: purpose_name(row.purpose)),
    Column("incident", gettext_lazy("Insiden"), lambda row: row.incident.number if row.incident else ""),
    Column("asked_at", gettext_lazy("Diminta")), Column("asked_by", gettext_lazy("Oleh"), "asked_by.display_name"),
    Column("state", gettext_lazy("Keadaan"), lambda row: row.get_state_display()),
    Column("due_at", gettext_lazy("Jatuh tempo")), Column("closed_at", gettext_lazy("Selesai")),
    Column("reason", gettext_lazy("Alasan")),
    Column("exhibit", gettext_lazy("Bukti"), lambda row: row.exhibit.number if row.exhibit else ""),
]  # fmt: skip


def purpose_name(code: str) -> str:
    known = PURPOSES.get(code)
    return str(known.name) if known else code


@dataclass(frozen=True)
class Clock:
    text: str
    is_late: bool


def clock_of(row: Retrieval, at: datetime) -> Clock | None:
    """What is left until it is due, in working days while there are any; None for what does not wait."""
    if row.due_at is None or row.way != Way.HAND or row.state not in handing_over.WAITING:
        return None
    left = (row.due_at - at).total_seconds()
    if left <= 0:
        return Clock(_("terlambat %s") % span_words(-left), True)
    due = clock.local(row.due_at)
    days = calendar.working_days_between(clock.local(at).date(), due.date())
    if days >= 1:
        return Clock(_("%(n)d hari kerja lagi (%(day)s)") % {"n": days, "day": f"{due:%d-%m %H.%M}"}, False)
    return Clock(_("%s lagi") % span_words(left), False)


class DeliverForm(forms.Form):
    file = forms.FileField(label=gettext_lazy("Berkas (MP4, JPEG, PNG, PDF)"), allow_empty_file=True)
    since = moment_field(gettext_lazy("Rekaman dari"), required=False)
    until = moment_field(gettext_lazy("Sampai"), required=False)
    offset_s = forms.FloatField(
        label=gettext_lazy("Selisih jam perekam (detik)"), required=False, min_value=-86_400, max_value=86_400,
        help_text=gettext_lazy("Jam perekam dikurangi waktu sebenarnya. Kosong: tidak diukur."),
    )  # fmt: skip
    note = forms.CharField(label=gettext_lazy("Keterangan"), max_length=200, required=False)


def _listed(request: HttpRequest, at: datetime) -> tuple[QuerySet[Retrieval], dict[str, str]]:
    """Soonest clock first, then the newest. Values in the address that cannot be are dropped."""
    asked = {name: request.GET.get(name, "").replace("\x00", "").strip()[:80] for name in ("state", "way", "q")}
    rows = reach.retrievals(request.user)
    waits = Q(way=Way.HAND, state__in=handing_over.WAITING)
    if asked["state"] in State.values:
        rows = rows.filter(state=asked["state"])
    elif asked["state"] == LATE:
        rows = rows.filter(waits, due_at__lte=at)
    if asked["way"] in Way.values:
        rows = rows.filter(way=asked["way"])
    if asked["q"]:
        words = ("number", "camera__target__code", "camera__target__name", "incident__number", "addressee", "note")
        rows = rows.filter(Q(*((f"{name}__icontains", asked["q"]) for name in words), _connector=Q.OR))
    first = Case(When(state__in=OPEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    due = Case(When(waits, then=F("due_at")), default=None)
    return rows.order_by(first, due.asc(nulls_last=True), "-number"), asked


@require_GET
@needs("recordings.view")
def retrievals(request: HttpRequest) -> HttpResponse:
    at = clock.now()
    rows, asked = _listed(request, at)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    told = {
        "page": page, "rows": [(row, clock_of(row, at), purpose_name(row.purpose)) for row in page.object_list],
        "asked": asked, "states": [*State.choices, (LATE, _("terlambat"))], "ways": Way.choices,
        "crumbs": [(_("Kamera"), reverse("cameras:list"))],
    }  # fmt: skip
    return render(request, "cameras/retrievals.html", told)


@require_GET
@needs("recordings.view")
def retrievals_export(request: HttpRequest, fmt: str) -> HttpResponseBase:
    return table_response(request, _("permintaan rekaman"), EXPORTED, _listed(request, clock.now())[0], fmt)


@require_GET
@needs("recordings.view", find=reach.retrieval_for, by="number")
def retrieval(request: HttpRequest, found: Retrieval) -> HttpResponse:
    return _page(request, found)


@require_GET
@needs("recordings.view", find=reach.retrieval_for, by="number")
def retrieval_progress(request: HttpRequest, found: Retrieval) -> HttpResponse:
    """The part of the page that changes while a worker pulls; once it is done the page is loaded anew."""
    answer = render(request, "cameras/_retrieval_progress.html", {"asked": found})
    if found.state not in (State.ASKED, State.PULLING):
        answer["HX-Refresh"] = "true"
    return answer


def _page(
    request: HttpRequest, found: Retrieval, problem: UserError | None = None, form: DeliverForm | None = None
) -> HttpResponse:  # fmt: skip
    at, user, target = clock.now(), request.user, found.camera.target
    may = {name: access.may_on(user, f"recordings.{name}", target) for name in ("ask", "answer")}
    is_by_hand = found.way == Way.HAND
    told = {
        "asked": found, "target": target, "clock": clock_of(found, at), "purpose": purpose_name(found.purpose),
        "fault": said_of(found.fault) if found.state == State.FAILED else None, "problem": problem, "may": may,
        "waits": is_by_hand and found.state in handing_over.WAITING,
        "form": form or DeliverForm() if may["answer"] and is_by_hand else None,
        "can_deliver": is_by_hand and found.state in (*handing_over.WAITING, State.DELIVERED),
        "holes": [(_moment(a), _moment(b), b - a) for a, b in found.holes],
        "may_see_exhibit": access.may(user, "evidence.view"),
        "crumbs": [(_("Kamera"), reverse("cameras:list")), (_("Permintaan rekaman"), reverse("cameras:retrievals"))],
    }  # fmt: skip
    status = problem.status if problem else 422 if form and form.errors else 200
    return render(request, "cameras/retrieval.html", told, status=status)


def _moment(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, clock.local_zone())


ACTS = {
    "terima": "recordings.answer", "serahkan": "recordings.answer", "tolak": "recordings.answer",
    "ulang": "recordings.ask", "petugas": "recordings.ask", "surat": "recordings.ask",
}  # fmt: skip


@require_POST
@needs_for("act", ACTS, find=reach.retrieval_for, by="number")
def retrieval_act(request: HttpRequest, found: Retrieval, act: str) -> HttpResponse:
    by, at = request.user, clock.now()
    if act == "serahkan":
        return _deliver(request, found)
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "terima": (lambda: handing_over.acknowledge(found, who=request.POST.get("text", "")[:120], by=by, at=at),
                   _("Penerimaan dicatat.")),
        "tolak": (lambda: handing_over.refuse(found, reason=request.POST.get("reason", "")[:300], by=by, at=at),
                  _("Penolakan dicatat dan dikabarkan kepada peminta.")),
        "ulang": (lambda: handing_over.try_again(found, by=by, at=at), _("Rekaman ditarik lagi.")),
        "petugas": (lambda: handing_over.ask_the_keeper(found, by=by, at=at), _("Diminta kepada petugasnya.")),
        "surat": (lambda: handing_over.write_letter(found, by=by, at=at), _("Surat dibuat dan ditandatangani.")),
    }  # fmt: skip
    do, said = acts[act]
    return _done(request, found, do, said)


def _deliver(request: HttpRequest, found: Retrieval) -> HttpResponse:
    form = DeliverForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, found, form=form)
    given = form.cleaned_data
    file = given.pop("file")
    if file.size > MOST_UPLOAD:
        too_large = UserError(_("Berkas lebih besar dari 64 MB."), fix=_("Minta petugas membaginya."))
        return _page(request, found, too_large, form)
    return _done(
        request, found,
        lambda: handing_over.deliver(found, file.read(), **given, by=request.user, at=clock.now()),
        _("Berkas disimpan sebagai barang bukti."), form,
    )  # fmt: skip


def _done(
    request: HttpRequest, found: Retrieval, act: Callable[[], object], said: str, form: DeliverForm | None = None
) -> HttpResponse:  # fmt: skip
    try:
        act()
    except UserError as refused:
        if refused.status == 404:
            raise
        found.refresh_from_db()
        return _page(request, found, refused, form)
    notices.success(request, said)
    return redirect("cameras:retrieval", found.number)


@require_GET
@needs("recordings.view", find=reach.retrieval_for, by="number")
def retrieval_letter(request: HttpRequest, found: Retrieval) -> HttpResponse:
    try:
        content = evidence.content_of(found.letter.file) if found.letter else None
    except evidence.FileGone:
        content = None
    if content is None:
        raise Missing(_("Surat permintaan ini belum dibuat."), fix=_("Buat dahulu di halaman permintaannya."))
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{found.number}.pdf"'
    answer["Cache-Control"] = "private, no-store"
    return answer
