"""Days off, a year at a time: what was decreed, what the city added, and what is only guessed."""

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from satukota.base import exports
from satukota.base.errors import Missing

from .. import access, actions, calendar, forms
from ..actions.holidays import COLUMNS, KINDS
from ..gates import needs
from ..models import Holiday
from . import listing
from .editing import both, fill
from .registers import today

EXPORTED = (
    exports.Column("tanggal", gettext_lazy("Tanggal"), "date"), exports.Column("nama", gettext_lazy("Nama"), "name"),
    exports.Column("jenis", gettext_lazy("Jenis"), "kind_words"),
    exports.Column("sumber", gettext_lazy("Sumber"), "source"),
    exports.Column("perkiraan", gettext_lazy("Perkiraan"), "is_guess"),
)  # fmt: skip


def _asked_year(request: HttpRequest) -> calendar.Year:
    """The year of the address, else this one. What is no year counts as not asked for."""
    text = request.GET.get("tahun", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) == 4 else today().year
    if not calendar.FIRST_YEAR <= number <= calendar.LAST_YEAR:
        number = today().year
    return calendar.year(number)


@require_GET
@needs("registers.view")
def holidays(request: HttpRequest) -> HttpResponse:
    year = _asked_year(request)
    told = {
        "year": year,
        "today": today(),
        "guesses": sum(day.is_guess for day in year.days),
        "lists": listing.lists(),
        "may_edit": access.scope(request.user, "holidays.edit").everywhere,
        "crumbs": [(_("Register"), reverse("city:home"))],
    }
    return render(request, "city/holidays.html", told)


@require_GET
@needs("registers.view")
def holidays_export(request: HttpRequest, form: str) -> HttpResponseBase:
    if form not in ("csv", "xlsx"):
        raise Missing(_("Halaman atau data ini tidak ditemukan."), fix=_("Unduh sebagai CSV atau XLSX."))
    year = _asked_year(request)
    return exports.table_response(request, f"hari-libur-{year.number}", EXPORTED, year.days, form)


def _url(year: int) -> str:
    return f"{reverse('city:holidays')}?tahun={year}"


@both
@needs("holidays.edit")
def settle_holidays(request: HttpRequest) -> HttpResponse:
    """The year's list as it is known, to be put right against the decree and then decided."""
    year = _asked_year(request)
    initial = {"year": year.number, "decree": year.decree, "days": _as_lines(year)}
    return fill(
        request, forms.HolidayYearForm, actions.settle_year, title=_("Tetapkan hari libur %d") % year.number,
        of=(_("Hari libur"), reverse("city:holidays")), back=_url(year.number), initial=initial,
        go=lambda row: _url(row.year),
    )  # fmt: skip


def _as_lines(year: calendar.Year) -> str:
    words = {kind: word for word, kind in KINDS.items()}
    lines = [f"{day.date};{day.name};{words[day.kind]}" for day in year.days if day.kind in words]
    return "\n".join([";".join(COLUMNS), *lines])


@both
@needs("holidays.edit")
def add_holiday(request: HttpRequest) -> HttpResponse:
    initial: dict[str, Any] = {"date": today(), "kind": Holiday.Kind.LOCAL}
    return fill(
        request, forms.HolidayForm, actions.add_holiday, title=_("Tambahkan satu hari"),
        of=(_("Hari libur"), reverse("city:holidays")), back=reverse("city:holidays"), initial=initial,
        go=lambda row: _url(row.date.year),
    )  # fmt: skip


def holiday_to_remove(user: Any, pk: int, permission: str) -> Holiday:
    """Days off concern the whole city: under a duty limited to an area there is nothing to remove."""
    access.require_everywhere(user, permission)
    return access.existing(Holiday.objects.all(), pk=pk)


@both
@needs("holidays.edit", find=holiday_to_remove, by="pk")
def remove_holiday(request: HttpRequest, row: Holiday) -> HttpResponse:
    danger = _("Hari ini tidak lagi tercatat. Bila tahunnya belum ditetapkan, perkiraan pustaka berlaku kembali.")
    return fill(
        request, forms.Reason, partial(actions.remove_holiday, row.pk), title=_("Hapus %s") % row, danger=danger,
        of=(_("Hari libur"), reverse("city:holidays")), back=_url(row.date.year), go=lambda gone: _url(gone.date.year),
    )  # fmt: skip
