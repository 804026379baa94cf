"""Telephone numbers, contacts of vendors and NIK: masked until somebody asks, and who asked is on the audit log."""

from typing import Any

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.page_frame.filling import refusals_on
from satukota.base.secrets.sealed import Sealed

from .. import access, actions, forms
from ..gates import needs
from ..models import Person

SEEN = "city.contacts_seen"


def seen(contact: Sealed, *, on: Model, by: Any, opd_code: str = "") -> str:
    """The whole contact, once it is written down who sees it; nothing is written for an empty one."""
    if contact:
        audit.viewed(SEEN, by=by, at=clock.now(), on=on, opd_code=opd_code, rows=1)
    return contact.open()


@require_GET
@needs("registers.view")
def phone(request: HttpRequest, pk: int) -> HttpResponse:
    """The number of one person, for a page that shows it masked; whole for who may call."""
    person = access.existing(Person.objects.all(), pk=pk)
    whole = seen(person.phone, on=person, by=request.user) if access.may_call(request.user) else ""
    response = render(request, "city/_phone.html", {"person": person, "whole": whole})
    add_never_cache_headers(response)
    return response


@require_http_methods(["GET", "POST"])
@needs("people.edit", find=access.person_to_edit, by="pk")
def open_nik(request: HttpRequest, person: Person) -> HttpResponse:
    """The NIK of one person, shown once for a stated purpose."""
    form = forms.NikOpened(request.POST or None, user=request.user)
    told: dict[str, Any] = {"form": form, "title": _("Lihat NIK %(person)s") % {"person": person},
                            "back": reverse("city:person", args=[person.pk]), "crumbs": _crumbs()}  # fmt: skip
    if request.method == "POST" and form.is_valid():
        told["nik"] = actions.open_nik(person.pk, **form.values(), by=request.user, at=clock.now())
    response = render(request, "city/nik.html", told, status=422 if form.errors else 200)
    add_never_cache_headers(response)
    return response


@require_http_methods(["GET", "POST"])
@needs("people.edit")
def find_nik(request: HttpRequest) -> HttpResponse:
    """Sent in the body: a NIK in an address would stay in logs and histories."""
    form = forms.NikSearch(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            return redirect("city:person", actions.find_by_nik(**form.values(), by=request.user, at=clock.now()).pk)
    told = {"form": form, "title": _("Cari orang menurut NIK"), "back": reverse("city:list", args=["orang"]),
            "crumbs": _crumbs()}  # fmt: skip
    return render(request, "city/nik.html", told, status=422 if form.errors else 200)


def _crumbs() -> list[tuple[str, str]]:
    return [(_("Register"), reverse("city:home")), (_("Orang"), reverse("city:list", args=["orang"]))]
