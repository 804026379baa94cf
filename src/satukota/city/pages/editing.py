"""The forms of the registers. Each: may the person do this to this row, read the form, act, go to the row."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from satukota.base import clock
from satukota.base.page_frame.filling import refusals_on

from .. import access, actions, forms
from ..gates import needs
from ..models import Contract, Feeder, Opd, Person, Place
from . import contacts, registers, serving
from .listing import Listing

Act = Callable[..., Any]
both = require_http_methods(["GET", "POST"])


def fill(
    request: HttpRequest, form_class: type[forms.RegisterForm], act: Act, *, title: str,
    of: Listing | tuple[str, str], back: str, initial: dict[str, Any] | None = None,
    go: Callable[[Any], str] | None = None, danger: str = "",
    confirm: Callable[[forms.RegisterForm], list[str]] | None = None,
) -> HttpResponse:  # fmt: skip
    """Show the form, or do `act` with its values and go on; a complaint keeps what was typed.

    `of` is the list it belongs to, or the words and address of a page of another shape.

    With `confirm` a valid form is shown once more, with sentences of what it will do, and acts when sent again.
    """
    form = form_class(request.POST or None, request.FILES or None, user=request.user, initial=initial or {})
    asks: list[str] = []
    if request.method == "POST" and form.is_valid():
        asks = confirm(form) if confirm and "sure" not in request.POST else []
    if request.method == "POST" and form.is_valid() and not asks:
        with refusals_on(form):
            row = act(**form.values(), by=request.user, at=clock.now())
            messages.success(request, _("Tersimpan."))
            return redirect(go(row) if go else back)
    here = of if isinstance(of, tuple) else (str(of.label), _list_url(of))
    crumbs = [(_("Register"), reverse("city:home")), here]
    told = {"form": form, "title": title, "back": back, "danger": danger, "asks": asks, "crumbs": crumbs}
    return render(request, "city/edit.html", told, status=422 if form.errors else 200)


def _list_url(of: Listing) -> str:
    return reverse("city:list", args=[of.key])


def opd_url(row: Opd) -> str:
    return reverse("city:opd", args=[row.code])


def person_url(row: Person) -> str:
    return reverse("city:person", args=[row.pk])


def place_url(row: Place) -> str:
    return reverse("city:place", args=[row.code])


def feeder_url(row: Feeder) -> str:
    return reverse("city:feeder", args=[row.code])


def contract_url(row: Contract) -> str:
    return reverse("city:contract", args=[row.pk])


def opd_to_edit(user: Any, code: str, permission: str) -> Opd:
    return access.to_edit(Opd.objects.all(), user, permission, owner="pk", code=code)


def feeder_to_edit(user: Any, code: str, permission: str) -> Feeder:
    return access.to_edit(Feeder.objects.all(), user, permission, code=code)


def place_to_edit(user: Any, code: str, permission: str) -> Place:
    return access.place_to_edit(user, Place.objects.all(), code=code)


def contract_to_edit(user: Any, pk: int, permission: str) -> Contract:
    return access.to_edit(Contract.objects.all(), user, permission, owner="opd", pk=pk)


@both
@needs("registers.edit")
def add_opd(request: HttpRequest) -> HttpResponse:
    return fill(request, forms.OpdNew, actions.add_opd, title=_("Daftarkan OPD"), of=registers.OPD,
                 back=_list_url(registers.OPD), initial={"valid_from": registers.today()}, go=opd_url)  # fmt: skip


@both
@needs("registers.edit", find=opd_to_edit, by="code")
def edit_opd(request: HttpRequest, row: Opd) -> HttpResponse:
    now = {name: getattr(row, name) for name in ("name", "short_name", "kind", "parent_id", "source")}
    return fill(request, forms.OpdEdit, partial(actions.edit_opd, row.pk), title=_("Ubah %(opd)s") % {"opd": row},
                 of=registers.OPD, back=opd_url(row), initial=now, go=opd_url)  # fmt: skip


@both
@needs("registers.edit", find=opd_to_edit, by="code")
def end_opd(request: HttpRequest, row: Opd) -> HttpResponse:
    held = row.duties.filter(to_on=None).count()
    danger = _("%(opd)s tidak lagi dapat memiliki apa pun sesudah hari itu. %(n)d tugas di dalamnya ikut berakhir.")
    return fill(request, forms.Ending, partial(actions.end_opd, row.pk), title=_("Akhiri %(opd)s") % {"opd": row},
                 of=registers.OPD, back=opd_url(row), initial={"on": registers.today()},
                 danger=danger % {"opd": row, "n": held})  # fmt: skip


@both
@needs("people.edit")
def add_person(request: HttpRequest) -> HttpResponse:
    return fill(request, forms.PersonForm, actions.add_person, title=_("Daftarkan orang"), of=serving.PEOPLE,
                 back=_list_url(serving.PEOPLE), go=person_url)  # fmt: skip


@both
@needs("people.edit", find=access.person_to_edit, by="pk")
def edit_person(request: HttpRequest, row: Person) -> HttpResponse:
    if request.method == "GET":
        contacts.seen(row.phone, on=row, by=request.user)
    return fill(request, forms.PersonEdit, partial(actions.edit_person, row.pk),
                 title=_("Ubah data %(person)s") % {"person": row}, of=serving.PEOPLE, back=person_url(row),
                 initial={"name": row.name, "phone": row.phone.open()})  # fmt: skip


@both
@needs("registers.edit")
def add_place(request: HttpRequest) -> HttpResponse:
    return fill(request, forms.PlaceNew, actions.add_place, title=_("Daftarkan tempat"), of=registers.PLACES,
                 back=_list_url(registers.PLACES), initial={"stake": Place.Stake.NORMAL}, go=place_url)  # fmt: skip


@both
@needs("registers.edit", find=place_to_edit, by="code")
def edit_place(request: HttpRequest, row: Place) -> HttpResponse:
    names = ("name", "kind", "lon", "lat", "kelurahan_id", "stake", "stake_reason")
    return fill(request, forms.PlaceEdit, partial(actions.edit_place, row.pk),
                 title=_("Ubah %(place)s") % {"place": row}, of=registers.PLACES, back=place_url(row),
                 initial={name: getattr(row, name) for name in names})  # fmt: skip


@both
@needs("registers.edit")
def add_feeder(request: HttpRequest) -> HttpResponse:
    return fill(request, forms.FeederNew, actions.add_feeder, title=_("Daftarkan sambungan atau listrik"),
                 of=registers.FEEDERS, back=_list_url(registers.FEEDERS), go=feeder_url)  # fmt: skip


@both
@needs("registers.edit", find=feeder_to_edit, by="code")
def edit_feeder(request: HttpRequest, row: Feeder) -> HttpResponse:
    names = ("name", "medium", "provider", "upstream_id", "lon", "lat", "probe_address")
    return fill(request, forms.FeederEdit, partial(actions.edit_feeder, row.pk),
                 title=_("Ubah %(feeder)s") % {"feeder": row}, of=registers.FEEDERS, back=feeder_url(row),
                 initial={name: getattr(row, name) for name in names})  # fmt: skip


@both
@needs("registers.edit", find=feeder_to_edit, by="code")
def end_feeder(request: HttpRequest, row: Feeder) -> HttpResponse:
    danger = _("%(feeder)s tidak lagi dipantau sejak hari ini dan tidak dapat dipilih sebagai hulu. Riwayatnya tetap.")
    return fill(request, forms.EndingToday, partial(actions.end_feeder, row.pk),
                 title=_("Akhiri %(feeder)s") % {"feeder": row}, of=registers.FEEDERS, back=feeder_url(row),
                 danger=danger % {"feeder": row})  # fmt: skip


@both
@needs("registers.edit")
def add_contract(request: HttpRequest) -> HttpResponse:
    return fill(request, forms.ContractNew, actions.add_contract, title=_("Daftarkan kontrak"),
                 of=registers.CONTRACTS, back=_list_url(registers.CONTRACTS), go=contract_url)  # fmt: skip


@both
@needs("registers.edit", find=contract_to_edit, by="pk")
def edit_contract(request: HttpRequest, row: Contract) -> HttpResponse:
    names = ("vendor", "subject", "starts_on", "ends_on", "repair_hours")
    if request.method == "GET":
        contacts.seen(row.vendor_contact, on=row, by=request.user, opd_code=row.opd.code)
    now = {name: getattr(row, name) for name in names} | {"vendor_contact": row.vendor_contact.open()}
    if row.required_availability is not None:
        now["required_availability"] = round(row.required_availability * 100, 4)
    return fill(request, forms.ContractEdit, partial(actions.edit_contract, row.pk),
                 title=_("Ubah kontrak %(number)s") % {"number": row.number}, of=registers.CONTRACTS,
                 back=contract_url(row), initial=now)  # fmt: skip
