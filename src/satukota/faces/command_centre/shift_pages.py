"""Who sits when: the plan, one shift, swaps and leave. Parse, call, show."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.base.page_frame.filling import refusals_on
from satukota.city import access as city
from satukota.city.gates import needs
from satukota.shared.shifts import access, actions, queries
from satukota.shared.shifts.models import Leave, Rota, RotaMember, Shift, Swap

from .shift_forms import LeaveForm, RotaForm, RotaNew, SeatForm, SwapForm, WeeksForm

DAYS = 14
ANSWERS: dict[str, Callable[..., Swap]] = {
    "terima": actions.agree, "tolak": actions.decline, "tarik": actions.withdraw,
}  # fmt: skip


@require_GET
@needs("shifts.view")
def shifts(request: HttpRequest) -> HttpResponse:
    """Who sits now and in the next two weeks; for a supervisor also what was not handed over."""
    now = clock.now()
    rows = queries.upcoming(request.user, now, DAYS)
    may_plan = city.may(request.user, "shifts.plan")
    told = {
        "now": [row for row in rows if row.starts_at <= now],
        "rows": rows,
        "rotas": list(access.rotas(request.user).filter(ended_on=None)),
        "late": queries.not_handed_over(request.user, now, "shifts.plan") if may_plan else [],
        "swaps": list(queries.open_swaps(request.user)),
        "me": access.person_of(request.user),
        "may_plan": may_plan,
        "weeks_most": actions.WEEKS_MOST,
    }
    return render(request, "command_centre/shifts/plan.html", told)


def crumbs() -> list[tuple[str, str]]:
    return [(_("Giliran"), reverse("command_centre:shifts"))]


def attempt(request: HttpRequest, act: Callable[[], Any], done: str) -> bool:
    """Do it and say so; or say why not. What may not be seen stays unseen."""
    try:
        act()
    except UserError as problem:
        if problem.status == 404:
            raise
        notices.error(request, f"{problem.text} {problem.fix}".strip())
        return False
    notices.success(request, done)
    return True


def _form_page(
    request: HttpRequest, form: Any, act: Callable[..., Any], title: str, lead: str = "", **more: Any
) -> HttpResponse:  # fmt: skip
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            act(**form.values(), by=request.user, at=clock.now())
            notices.success(request, _("Tersimpan."))
            return redirect("command_centre:shifts")
    told = {"form": form, "title": title, "lead": lead, "crumbs": crumbs(), **more}
    return render(request, "command_centre/shifts/form.html", told, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@needs("shifts.plan")
def rota_new(request: HttpRequest) -> HttpResponse:
    initial = {"per_shift": 1, "alarm_budget": 6}
    form = RotaNew(request.POST or None, user=request.user, initial=initial)
    return _form_page(request, form, actions.add_rota, _("Buat jadwal giliran"))


@require_http_methods(["GET", "POST"])
@needs("shifts.plan", find=access.rota_for, by="pk")
def rota_edit(request: HttpRequest, rota: Rota) -> HttpResponse:
    seats = {"operators": RotaMember.Seat.OPERATOR, "supervisors": RotaMember.Seat.SUPERVISOR}
    initial: dict[str, Any] = {name: getattr(rota, name) for name in ("name", "pattern", "per_shift", "alarm_budget")}
    for name, seat_name in seats.items():
        initial[name] = list(rota.members.filter(seat=seat_name).values_list("person", flat=True))
    form = RotaForm(request.POST or None, user=request.user, initial=initial)
    return _form_page(
        request, form, partial(actions.edit_rota, rota.pk), _("Ubah %s") % rota,
        _("Giliran yang sudah disusun tidak ikut berubah; perubahan berlaku bagi yang disusun sesudah ini."),
    )  # fmt: skip


@require_POST
@needs("shifts.plan", find=access.rota_for, by="pk")
def plan(request: HttpRequest, rota: Rota) -> HttpResponse:
    form = WeeksForm(request.POST)
    weeks = form.cleaned_data["weeks"] if form.is_valid() else 0
    attempt(request, lambda: actions.plan_ahead(rota.pk, weeks=weeks, by=request.user, at=clock.now()),
            _("Giliran %(rota)s disusun %(n)d minggu ke depan.") % {"rota": rota, "n": weeks})  # fmt: skip
    return redirect("command_centre:shifts")


@require_http_methods(["GET", "POST"])
@needs("shifts.plan")
def leave(request: HttpRequest) -> HttpResponse:
    rotas = access.rotas(request.user, "shifts.plan")
    today = clock.local(clock.now()).date()
    form = LeaveForm(request.POST or None, user=request.user, rotas=rotas, initial={"from_on": today, "to_on": today})
    mine = RotaMember.objects.filter(rota__in=rotas).values("person")
    leaves = Leave.objects.filter(to_on__gte=today, person__in=mine).select_related("person")
    lead = _("Yang cuti tidak ikut disusun; giliran yang sudah disusun ditandai.")
    return _form_page(request, form, actions.note_leave, _("Catat cuti petugas"), lead, leaves=leaves)


@require_GET
@needs("shifts.view", find=access.shift_for, by="pk")
def shift(request: HttpRequest, row: Shift) -> HttpResponse:
    now, me = clock.now(), access.person_of(request.user)
    queries.warned([row])
    sits = me in row.people
    told = {
        "shift": row,
        "is_over": row.ends_at <= now,
        "may_plan": city.may(request.user, "shifts.plan") and row.ends_at > now,
        "may_swap": sits and row.starts_at > now,
        "members": [one.person for one in row.rota.members.select_related("person")],
        "others": queries.offers(row, me, now) if me is not None and sits else [],
        "crumbs": crumbs(),
    }
    return render(request, "command_centre/shifts/shift.html", told)


@require_POST
@needs("shifts.plan", find=access.shift_for, by="pk")
def seat(request: HttpRequest, row: Shift) -> HttpResponse:
    form = SeatForm(request.POST)
    if form.is_valid():
        people = [person.pk for person in form.cleaned_data["people"]]
        why = form.cleaned_data["why"]
        attempt(request, lambda: actions.seat(row.pk, people=people, why=why, by=request.user, at=clock.now()),
                _("Susunan petugas diganti."))  # fmt: skip
    else:
        notices.error(request, _("Sebutkan sebab penggantiannya dan pilih petugas dari daftar."))
    return redirect("command_centre:shift", row.pk)


@require_POST
@needs("shifts.view", find=access.shift_for, by="pk")
def ask_swap(request: HttpRequest, row: Shift) -> HttpResponse:
    form = SwapForm(request.POST)
    if form.is_valid():
        asked, back = form.cleaned_data["asked"], form.cleaned_data["in_return"]
        attempt(request, lambda: actions.ask_swap(row.pk, asked_id=asked, in_return_id=back, by=request.user,
                                                  at=clock.now()),
                _("Permintaan dikirim; susunan berubah setelah disetujui."))  # fmt: skip
    else:
        notices.error(request, _("Pilih dengan siapa bertukar."))
    return redirect("command_centre:shift", row.pk)


@require_POST
@needs("shifts.view", find=access.swap_for, by="pk")
def answer_swap(request: HttpRequest, swap: Swap, act: str) -> HttpResponse:
    if act not in ANSWERS:
        raise city.not_found()
    attempt(request, lambda: ANSWERS[act](swap.pk, by=request.user, at=clock.now()), _("Jawaban dicatat."))
    return redirect("command_centre:shifts")
