"""The register of recorders: where they are, who keeps them, whether they answer, which cameras they hold."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages as notices
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
from satukota.city.models import Duty, Opd, Person

from ..forms import offer_owners
from ..models import Recorder
from ..recordings import access as reach
from ..recordings import holding, register
from ..recordings.words import offset_words, said_of


class RecorderForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Nama"), max_length=80)
    owner = Choose(Opd.objects.none(), label=gettext_lazy("Pemilik"))
    kind = forms.ChoiceField(label=gettext_lazy("Cara mengambil"), choices=Recorder.Kind)
    address = forms.CharField(
        label=gettext_lazy("Alamat ONVIF"), max_length=200, required=False,
        help_text=gettext_lazy("http://10.64.1.5/onvif/device_service; tidak perlu bila diambil petugas."),
    )  # fmt: skip
    username = forms.CharField(label=gettext_lazy("Pengguna perekam"), max_length=80, required=False)
    password = forms.CharField(
        label=gettext_lazy("Sandi perekam baru"), max_length=120, required=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=gettext_lazy("Kosong: sandi yang tersimpan tetap dipakai. Sandi tidak pernah ditampilkan."),
    )  # fmt: skip
    custodian = Choose(Person.objects.none(), label=gettext_lazy("Penanggung jawab"), required=False)
    custodian_office = forms.CharField(
        label=gettext_lazy("Jabatan atau kantornya"), max_length=160, required=False,
        help_text=gettext_lazy("Seperti pada surat: kepada siapa rekaman diminta."),
    )  # fmt: skip
    retention_days = forms.IntegerField(
        label=gettext_lazy("Masa simpan yang dinyatakan (hari)"), required=False, min_value=1,
        max_value=register.LONGEST_RETENTION,
    )  # fmt: skip

    def __init__(self, *args: Any, user: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        owners = access.visible(Opd.objects.order_by("name"), user, "recordings.manage", owner="pk")
        offer_owners(self, owners)
        people: Any = self.fields["custodian"]
        held = Duty.objects.filter(opd__in=owners).values("person")
        people.queryset = Person.objects.filter(pk__in=held) | Person.objects.filter(pk=self.initial.get("custodian"))


FIELDS = ("name", "kind", "address", "username", "custodian_office", "retention_days")


def _crumbs(*more: tuple[str, str]) -> list[tuple[str, str]]:
    return [(_("Kamera"), reverse("cameras:list")), *more]


@require_GET
@needs("recordings.view")
def recorders(request: HttpRequest) -> HttpResponse:
    rows = list(reach.recorders(request.user).prefetch_related("cameras"))
    told = {
        "rows": [(row, said_of(row.fault) if row.fault else None, len(row.cameras.all())) for row in rows],
        "may_manage": _may_manage(request.user), "crumbs": _crumbs(),
    }  # fmt: skip
    return render(request, "cameras/recorders.html", told)


def _may_manage(user: Any) -> bool:
    scope = access.scope(user, "recordings.manage")
    return bool(scope) and scope.area_ids is None


@require_GET
@needs("recordings.view", find=reach.recorder_for, by="pk")
def recorder(request: HttpRequest, found: Recorder) -> HttpResponse:
    at = clock.now()
    rows = list(found.cameras.select_related("camera__target", "recorder").order_by("camera__target__code"))
    taken = {row.token for row in rows}
    told = {
        "recorder": found, "at": at, "offset": offset_words(found.clock_offset_ms),
        "fault": said_of(found.fault) if found.fault else None,
        "rows": [(row, holding.held(row, at), said_of(row.fault) if row.fault else None) for row in rows],
        "free": [(token, name) for token, name in found.offered if token not in taken],
        "may_manage": _may_manage(request.user) and access.may(request.user, "recordings.manage", found.owner_id),
        "may_technical": access.may(request.user, "cameras.technical", found.owner_id),
        "crumbs": _crumbs((_("Perekam"), reverse("cameras:recorders"))),
    }  # fmt: skip
    return render(request, "cameras/recorder.html", told)


@require_http_methods(["GET", "POST"])
@needs("recordings.manage")
def recorder_add(request: HttpRequest) -> HttpResponse:
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
@needs("recordings.manage", find=reach.recorder_for, by="pk")
def recorder_edit(request: HttpRequest, found: Recorder) -> HttpResponse:
    return _edit(request, found)


def _edit(request: HttpRequest, found: Recorder | None) -> HttpResponse:
    initial = {name: getattr(found, name) for name in FIELDS} if found else {}
    if found is not None:
        initial |= {"owner": found.owner_id, "custodian": found.custodian_id}
    form = RecorderForm(request.POST or None, initial=initial, user=request.user)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            saved = register.save_recorder(found, **form.cleaned_data, by=request.user, at=clock.now())
            notices.success(request, _("Perubahan disimpan."))
            return redirect("cameras:recorder", saved.pk)
    told = {
        "form": form, "title": _("Ubah perekam") if found else _("Daftarkan perekam"),
        "back": reverse("cameras:recorder", args=[found.pk]) if found else reverse("cameras:recorders"),
        "crumbs": _crumbs((_("Perekam"), reverse("cameras:recorders"))),
    }  # fmt: skip
    return render(request, "city/edit.html", told, status=422 if form.errors else 200)


@require_POST
@needs("recordings.manage", find=reach.recorder_for, by="pk")
def recorder_ask(request: HttpRequest, found: Recorder) -> HttpResponse:
    try:
        register.ask_now(found, by=request.user, at=clock.now())
        notices.info(request, _("Perekam ditanyai sebentar lagi; hasilnya muncul di halaman ini."))
    except UserError as refused:
        notices.error(request, f"{refused.text} {refused.fix}")
    return redirect("cameras:recorder", found.pk)
