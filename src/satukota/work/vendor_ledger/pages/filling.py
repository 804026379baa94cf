"""A form of the ledger: show it, or do the act and go on; a complaint keeps what was typed."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from satukota.base import clock
from satukota.base.page_frame.filling import refusals_on
from satukota.city.forms import RegisterForm
from satukota.city.models import Contract

from ..months import Month

both = require_http_methods(["GET", "POST"])


def contract_url(contract: Contract) -> str:
    return reverse("vendor_ledger:contract", args=[contract.pk])


def month_url(contract: Contract, month: Month) -> str:
    return reverse("vendor_ledger:month", args=[contract.pk, str(month)])


def crumbs(contract: Contract | None = None, month: Month | None = None) -> list[tuple[str, str]]:
    """Where a page lies: the ledger, the contract, the month."""
    found = [(_("Kontrak penyedia"), reverse("vendor_ledger:list"))]
    if contract is not None:
        found.append((contract.number, contract_url(contract)))
    if contract is not None and month is not None:
        found.append((month.words, month_url(contract, month)))
    return found


def fill(
    request: HttpRequest, form: RegisterForm, act: Callable[..., Any], *, title: str, back: str,
    place: list[tuple[str, str]], danger: str = "",
) -> HttpResponse:  # fmt: skip
    """`place` are the crumbs; after the act the person is back where they came from."""
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            act(**form.values(), by=request.user, at=clock.now())
            messages.success(request, _("Tersimpan."))
            return redirect(back)
    told = {"form": form, "title": title, "back": back, "danger": danger, "crumbs": place}
    return render(request, "city/edit.html", told, status=422 if form.errors else 200)
