"""What the work asks of operators: chart, table by hour, and the noisiest things."""

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from satukota.base import clock
from satukota.base.errors import Missing
from satukota.base.exports import Column, table_response
from satukota.city.gates import needs
from satukota.shared.shifts import access, budget
from satukota.shared.shifts.models import Rota

from .shift_pages import crumbs

SPANS = {"1": gettext_lazy("24 jam"), "7": gettext_lazy("7 hari"), "30": gettext_lazy("30 hari")}
TABLED = 200  # hours on the page, newest first; the file has all of them
EXPORTED = [
    Column("jam", gettext_lazy("Jam"), "start"), Column("giliran", gettext_lazy("Giliran mulai"), "shift.starts_at"),
    Column("operator", gettext_lazy("Operator"), "operators"),
    Column("insiden", gettext_lazy("Insiden dibuka"), "opened"),
    Column("tampil", gettext_lazy("Perubahan buruk tampil"), "shown"),
    Column("per_operator", gettext_lazy("Insiden per operator"), "per_operator"),
    Column("anggaran", gettext_lazy("Anggaran per operator"), "budget"),
    Column("lewat", gettext_lazy("Lewat anggaran"), "is_over"),
]  # fmt: skip


def _asked(request: HttpRequest) -> tuple[list[Rota], Rota | None, str, datetime]:
    """Desks within reach, the chosen one, the span and its beginning. What is not known counts as not chosen."""
    rotas = list(access.rotas(request.user))
    chosen = next((row for row in rotas if str(row.pk) == request.GET.get("jadwal")), rotas[0] if rotas else None)
    days = request.GET.get("hari", "")
    days = days if days in SPANS else "7"
    return rotas, chosen, days, clock.now() - timedelta(days=int(days))


@require_GET
@needs("shifts.view")
def load(request: HttpRequest) -> HttpResponse:
    rotas, rota, days, since = _asked(request)
    now = clock.now()
    found = budget.load_of(request.user, rota, since, now) if rota else budget.Load()
    told = {
        "rotas": rotas, "rota": rota, "days": days, "spans": SPANS.items(), "load": found,
        "hours": found.hours[: -TABLED - 1 : -1], "tabled": TABLED, "chart": _chart(found),
        "noisy": budget.bad_actors(request.user, since, now), "crumbs": crumbs(),
    }  # fmt: skip
    return render(request, "command_centre/shifts/load.html", told)


def _chart(found: budget.Load) -> list[list[float | None]]:
    """Columns as uPlot takes them: moments in seconds, incidents per operator, the budget."""
    return [
        [hour.start.timestamp() for hour in found.hours], [hour.per_operator for hour in found.hours],
        [hour.budget for hour in found.hours],
    ]  # fmt: skip


@require_GET
@needs("shifts.view")
def load_export(request: HttpRequest, form: str) -> HttpResponseBase:
    _rotas, rota, days, since = _asked(request)
    if form not in ("csv", "xlsx"):
        raise Missing(_("Halaman atau data ini tidak ditemukan."), fix=_("Unduh sebagai CSV atau XLSX."))
    hours = budget.load_of(request.user, rota, since, clock.now()).hours if rota else []
    return table_response(request, f"beban-{rota or 'alarm'}-{days}-hari", EXPORTED, hours, form)
