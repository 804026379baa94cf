"""Agreements with partners: what is lent, for what and when; made by the city, ended by either side in one click."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages as notices
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.base.page_frame.choosing import Choose
from satukota.base.page_frame.filling import refusals_on
from satukota.city import access
from satukota.city.gates import needs
from satukota.city.models import Kelurahan, Opd

from ..federation.looks import pseudonym
from ..hours import hours_text, parse_hours
from ..lending import actions, terms
from ..live.purposes import PURPOSES
from ..models import Agreement, WatchSession

LOOKS_SHOWN = 20


class TermsForm(forms.Form):
    """What is agreed about lent cameras, whoever lends."""

    number = forms.CharField(max_length=80, label=gettext_lazy("Nomor PKS"))
    codes = forms.CharField(
        max_length=4000, label=gettext_lazy("Kode kamera"), help_text=gettext_lazy("Dipisah koma atau baris.")
    )
    purposes = forms.MultipleChoiceField(
        choices=[(key, one.name) for key, one in PURPOSES.items()], label=gettext_lazy("Untuk keperluan"),
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    hours = forms.CharField(
        required=False, max_length=500, label=gettext_lazy("Jam"), widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Senin–Jumat 18.00–06.00. Kosong: setiap saat."),
    )  # fmt: skip
    areas = forms.ModelMultipleChoiceField(
        Kelurahan.objects.order_by("name"), required=False, label=gettext_lazy("Wilayah"), to_field_name="code",
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Kosong: seluruh kota. Selain itu hanya dibuka petugasnya dan hanya dihitung di sana."),
    )  # fmt: skip
    starts_on = forms.DateField(label=gettext_lazy("Mulai"), widget=forms.DateInput(attrs={"type": "date"}))
    ends_on = forms.DateField(label=gettext_lazy("Berakhir"), widget=forms.DateInput(attrs={"type": "date"}))
    counts = forms.BooleanField(required=False, initial=True, label=gettext_lazy("Dihitung dalam liputan"))

    def clean_codes(self) -> list[str]:
        return [code.strip() for code in self.cleaned_data["codes"].replace("\n", ",").split(",") if code.strip()]

    def clean_hours(self) -> list[list[str]]:
        try:
            return parse_hours(self.cleaned_data["hours"])
        except ValueError as problem:
            raise forms.ValidationError(str(problem)) from None

    def clean_areas(self) -> list[str]:
        return [area.code for area in self.cleaned_data["areas"]]


class AgreementForm(TermsForm):
    partner = Choose(Opd.objects.filter(kind=Opd.Kind.LAIN), label=gettext_lazy("Mitra"))
    field_order = ("number", "partner", "codes", "purposes", "hours", "areas", "starts_on", "ends_on", "counts")


def purpose_names(keys: Sequence[str]) -> list[str]:
    return [str(PURPOSES[key].name) for key in keys if key in PURPOSES]


def area_names(codes: Sequence[str]) -> list[str]:
    """Names where our register knows them, else the codes. At most one query."""
    known = dict(Kelurahan.objects.filter(code__in=codes).values_list("code", "name")) if codes else {}
    return [known.get(code, code) for code in codes]


def visible(user: Any, permission: str) -> QuerySet[Agreement]:
    """Agreements of the partners the hat reaches; a duty limited to an area reaches none."""
    reach = access.scope(user, permission)
    if not reach or reach.area_ids is not None:
        return Agreement.objects.none()
    rows = Agreement.objects.select_related("partner", "revoked_by", "peer")
    return rows if reach.opd_ids is None else rows.filter(partner__in=reach.opd_ids)


def agreement_for(user: Any, pk: int, permission: str) -> Agreement:
    found = visible(user, permission).filter(pk=pk).first()
    if found is None:
        raise access.not_found()
    return found


def _crumbs() -> list[tuple[str, str]]:
    return [(_("Kamera"), reverse("cameras:list")), (_("Mitra"), reverse("cameras:agreements"))]


@require_GET
@needs("agreements.view")
def agreements(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    standing = set(terms.in_force(now).values_list("pk", flat=True))
    rows = list(visible(request.user, "agreements.view").prefetch_related("cameras__target"))
    told = {
        "rows": [(row, row.pk in standing, [camera.target.code for camera in row.cameras.all()]) for row in rows],
        "may_manage": access.may(request.user, "agreements.manage"), "crumbs": _crumbs()[:1],
        "may_see_peers": access.may(request.user, "peers.view"),
    }  # fmt: skip
    return render(request, "cameras/agreements.html", told)


@require_http_methods(["GET", "POST"])
@needs("agreements.manage")
def agreement_add(request: HttpRequest) -> HttpResponse:
    form = AgreementForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made = actions.make(**form.cleaned_data, by=request.user, at=clock.now())
            return redirect("cameras:agreement", made.pk)
    told = {"form": form, "crumbs": _crumbs()}
    return render(request, "cameras/agreement_add.html", told, status=422 if form.errors else 200)


@require_GET
@needs("agreements.view", find=agreement_for, by="pk")
def agreement(request: HttpRequest, found: Agreement) -> HttpResponse:
    return _page(request, found)


def _page(request: HttpRequest, found: Agreement, problem: UserError | None = None) -> HttpResponse:
    now = clock.now()
    looks = WatchSession.objects.filter(camera__agreements=found, opened_at__isnull=False)
    told = {
        "agreement": found, "problem": problem, "is_open": bool(terms.allowed_now([found], now)),
        "stands": terms.in_force(now).filter(pk=found.pk).exists(), "hours": hours_text(found.hours),
        "purposes": purpose_names(found.purposes), "areas": area_names(found.areas),
        "cameras": [camera.target for camera in found.cameras.select_related("target")],
        "looks": [
            (look, PURPOSES[look.purpose].name if look.purpose in PURPOSES else "",
             pseudonym(found.peer, look.person_id) if found.peer else "")
            for look in looks.select_related("camera__target", "person").order_by("-opened_at")[:LOOKS_SHOWN]
        ],
        "may_revoke": access.may(request.user, "agreements.revoke", found.partner_id),
        "crumbs": _crumbs(),
    }  # fmt: skip
    return render(request, "cameras/agreement.html", told, status=problem.status if problem else 200)


@require_POST
@needs("agreements.revoke", find=agreement_for, by="pk")
def agreement_revoke(request: HttpRequest, found: Agreement) -> HttpResponse:
    try:
        actions.revoke(found, why=request.POST.get("why", "")[:300], by=request.user, at=clock.now())
    except UserError as refused:
        return _page(request, found, refused)
    notices.success(request, _("Perjanjian diakhiri. Gambar yang sedang dibuka ditutup dalam beberapa detik."))
    return redirect("cameras:agreement", found.pk)
