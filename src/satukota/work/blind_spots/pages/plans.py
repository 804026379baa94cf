"""Plans of where to look next: ask, watch the search, read the answer, move cameras by hand, compare, apply."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.base.page_frame.filling import refusals_on
from satukota.city import access as city_access
from satukota.city import queries as city
from satukota.city.gates import needs, needs_for
from satukota.city.models import Kelurahan, Opd
from satukota.shared.ground import queries as ground
from satukota.shared.ground.kinds import kinds_on

from .. import access, costs, queries
from ..actions import planning
from ..forms import OfferForm, PlanForm, PriceForm
from ..models import PartnerOffer, Plan
from ..siting import dragging
from ..siting.asking import Asked, Move
from ..words import LENS_WORDS, PURPOSES, SITES, TIME_WORDS, gap_words

SHOWN = 50
COMPARED = 3
MOST_JSON = 100_000
ACTS = ("hitung", "hentikan", "terapkan")


def _owners(request: HttpRequest) -> QuerySet[Opd]:
    today = clock.local(clock.now()).date()
    return city_access.visible(city.opds_on(today), request.user, "coverage.plan", owner="pk")


@require_GET
@needs("coverage.view")
def plan_list(request: HttpRequest) -> HttpResponse:
    plans = [(plan, _gap(plan)) for plan in access.plans(request.user)[:SHOWN]]
    told = {
        "plans": plans, "may_plan": city_access.may(request.user, "coverage.plan"),
        "ordinary_rp": costs.ordinary_point_rp(costs.prices_on(clock.local(clock.now()).date())),
        "crumbs": [(_("Titik buta"), reverse("blind_spots:list"))],
    }  # fmt: skip
    return render(request, "blind_spots/plans.html", told)


@require_http_methods(["GET", "POST"])
@needs("coverage.plan")
def new(request: HttpRequest) -> HttpResponse:
    kinds = kinds_on(clock.local(clock.now()).date())
    owners = _owners(request)
    form = PlanForm(owners, kinds, request.POST or None, initial={"owner": owners.first()})
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            plan = planning.ask(
                name=form.cleaned_data["name"], owner_id=form.cleaned_data["owner"].pk, asked=form.asked(),
                by=request.user, at=clock.now(),
            )  # fmt: skip
            return redirect("camera_plans:plan", plan.pk)
    told = {"form": form, "crumbs": _crumbs()}
    return render(request, "blind_spots/plan_new.html", told, status=422 if form.errors else 200)


def _crumbs() -> list[tuple[str, str]]:
    return [(_("Titik buta"), reverse("blind_spots:list")), (_("Rencana kamera"), reverse("camera_plans:list"))]


@require_GET
@needs("coverage.view", find=access.plan_for, by="pk")
def plan_page(request: HttpRequest, plan: Plan) -> HttpResponse:
    cameras = list(plan.cameras.select_related("kelurahan"))
    may_plan = city_access.may(request.user, "coverage.plan", plan.owner_id)
    if cameras and may_plan:
        dragging.make_ready()
    told = {
        "plan": plan, "cameras": [(row, _site(row.site_kind), _lens(row.lens)) for row in cameras],
        "result": plan.result, "gap": _gap(plan), "areas": areas_of(plan), "purposes": _purposes(plan),
        "measured": queries.measured(plan) if plan.applied_at else [], "limits": limits_of(plan),
        "is_stale": bool(plan.ground_version) and plan.ground_version != ground.version(),
        "may_plan": may_plan,
        "features": {"type": "FeatureCollection", "features": [dragging.as_feature(row) for row in cameras]},
        "crumbs": _crumbs(),
    }  # fmt: skip
    return render(request, "blind_spots/plan.html", told)


def _site(kind: str) -> str:
    return str(SITES.get(kind, kind))


def _lens(lens: str) -> str:
    return str(LENS_WORDS.get(lens, _("milik mitra")))


def _gap(plan: Plan) -> str:
    """The bound in words; empty while there is no answer."""
    if not plan.result or plan.result.get("infeasible") or not plan.result.get("cameras"):
        return ""
    return gap_words(plan.result["gap"], proven=plan.result["proven"])


def areas_of(plan: Plan) -> list[dict[str, Any]]:
    names = dict(Kelurahan.objects.values_list("pk", "name"))
    return [_shares(row) | {"name": names.get(row["id"], "—")} for row in plan.result.get("by_kelurahan", [])]


def _purposes(plan: Plan) -> list[dict[str, Any]]:
    rows = plan.result.get("by_purpose", [])
    return [_shares(row) | {"name": str(PURPOSES.get(row["purpose"], row["purpose"]))} for row in rows]


def _shares(row: dict[str, Any]) -> dict[str, Any]:
    whole = row["whole"] or None
    before, after = (row[name] / whole if whole else None for name in ("before", "after"))
    return {"before": before, "after": after, "gain": row["after"] - row["before"]}


def limits_of(plan: Plan) -> list[tuple[str, str]]:
    """What the plan was asked, in words: those limits that were given."""
    asked = Asked.of(plan.asked)
    rupiah = lambda n: f"Rp{n:,}".replace(",", ".")  # noqa: E731
    given: list[tuple[str, Any]] = [
        (_("Anggaran"), None if asked.budget_rp is None else rupiah(asked.budget_rp)),
        (_("Anggaran tahunan"), None if asked.yearly_budget_rp is None else rupiah(asked.yearly_budget_rp)),
        (_("Paling banyak kamera"), asked.most),
        (_("Waktu"), TIME_WORDS["night"] if asked.is_night else None),
        (_("Jenis kamera"), ", ".join(_lens(lens) for lens in asked.lenses)),
        (_("Lantai tiap kelurahan"), f"{asked.floor:.0%}" if asked.floor else None),
        (_("Pandangan di tempat kritis"), asked.k if asked.k > 1 else None),
        (_("Tempat wajib terlihat"), len(asked.must_places) or None),
        (_("Tempat dan daerah terlarang"), len(asked.forbidden_places) + len(asked.forbidden_areas) or None),
        (_("Privasi"), _private(asked)),
        (_("Dipindah dengan tangan"), len(asked.moves) or None),
        (_("Kamera yang ada"), _("tetap") if asked.keep_existing else _("dianggap tidak ada")),
        (_("Benih acak"), asked.seed),
    ]
    return [(name, str(value)) for name, value in given if value is not None]


def _private(asked: Asked) -> str | None:
    if not asked.private_kinds and not asked.private_areas:
        return None
    return _("%(n)d jenis halaman dan %(m)d daerah, paling tajam %(px)g piksel/m") % {
        "n": len(asked.private_kinds), "m": len(asked.private_areas), "px": asked.private_px,
    }  # fmt: skip


@require_GET
@needs("coverage.view", find=access.plan_for, by="pk")
def progress(request: HttpRequest, plan: Plan) -> HttpResponse:
    """How far the search is; when it is done, htmx is told to load the page anew."""
    if not plan.is_under_way:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "blind_spots/_progress.html", {
        "plan": plan, "result": plan.result, "gap": _gap(plan),
        "may_plan": city_access.may(request.user, "coverage.plan", plan.owner_id),
    })  # fmt: skip


@require_POST
@needs_for("act", dict.fromkeys(ACTS, "coverage.plan"), find=access.plan_for, by="pk")
def act(request: HttpRequest, plan: Plan, act: str) -> HttpResponse:
    if act == "hitung":
        planning.run_again(plan.pk, by=request.user, at=clock.now())
    elif act == "hentikan":
        planning.stop(plan.pk, by=request.user, at=clock.now())
    else:
        linked, made = planning.apply(plan.pk, by=request.user, at=clock.now())
        messages.success(request, _("%(a)d titik buta di register kini direncanakan, %(b)d titik baru dicatat.") % {
            "a": linked, "b": made})  # fmt: skip
    return redirect("camera_plans:plan", plan.pk)


@require_POST
@needs("coverage.plan", find=access.plan_for, by="pk")
def replan(request: HttpRequest, plan: Plan) -> JsonResponse:
    """What the plan comes to with cameras where they were put: JSON {"moves": [...]}; nothing is stored."""
    return JsonResponse(dragging.replan(plan, _moves(request)))


@require_POST
@needs("coverage.plan", find=access.plan_for, by="pk")
def save_moved(request: HttpRequest, plan: Plan) -> HttpResponse:
    """The same question with the cameras where they were put, as a plan of its own."""
    moves = [{**vars_of(move), "of": -1} for move in _moves(request)]
    if not moves:
        raise UserError(_("Belum ada kamera yang dipindah."), fix=_("Seret kamera di peta, lalu simpan."))
    asked = Asked.of(plan.asked | {"moves": [*plan.asked.get("moves", []), *moves]})
    name = _("%s (dipindah)") % plan.name[:100]
    made = planning.ask(name=name, owner_id=plan.owner_id, asked=asked, by=request.user, at=clock.now(), came_from=plan)
    return redirect("camera_plans:plan", made.pk)


def vars_of(move: Move) -> dict[str, Any]:
    return {name: getattr(move, name) for name in Move.__dataclass_fields__}


def _moves(request: HttpRequest) -> tuple[Move, ...]:
    """From the body (JSON), or from the field `moves` of a form. Raises UserError."""
    text = request.POST.get("moves") or request.body.decode(errors="replace")
    try:
        told = json.loads(text[:MOST_JSON])["moves"]
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise UserError(_("Permintaan ini tidak dapat dibaca."), fix=_("Muat ulang halaman rencananya.")) from problem
    if not isinstance(told, list):
        raise UserError(_("Permintaan ini tidak dapat dibaca."), fix=_("Muat ulang halaman rencananya."))
    return Asked.of({"moves": told}).moves


@require_GET
@needs("coverage.view")
def compare(request: HttpRequest) -> HttpResponse:
    """Two or three plans side by side."""
    ids = [
        int(text) for text in request.GET.getlist("rencana") if text.isascii() and text.isdecimal() and len(text) < 16
    ][:COMPARED]
    known = {plan.pk: plan for plan in access.plans(request.user).filter(pk__in=ids)}
    chosen = [known[pk] for pk in dict.fromkeys(ids) if pk in known and known[pk].result]
    if len(chosen) < 2:
        raise UserError(_("Pilih dua atau tiga rencana yang sudah dihitung."), fix=_("Centang rencananya di daftar."))
    areas = [areas_of(plan) for plan in chosen]
    purposes = {row["name"]: row for plan in chosen for row in _purposes(plan)}
    told = {
        "plans": [(plan, _gap(plan), limits_of(plan)) for plan in chosen],
        "areas": [(rows[0]["name"], rows[0]["before"], [row["after"] for row in rows])
                  for rows in zip(*areas, strict=False)],
        "purposes": [(name, [next((row["after"] for row in _purposes(plan) if row["name"] == name), None)
                             for plan in chosen]) for name in purposes],
        "curves": [{"name": plan.name, "curve": plan.result["curve"]} for plan in chosen],
        "crumbs": _crumbs(),
    }  # fmt: skip
    return render(request, "blind_spots/compare.html", told)


@require_http_methods(["GET", "POST"])
@needs("coverage.plan")
def prices(request: HttpRequest) -> HttpResponse:
    form = PriceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        costs.decide(**form.cleaned_data, by=request.user, at=clock.now())
        messages.success(request, _("Harga berlaku mulai hari ini; rencana berikutnya memakainya."))
        return redirect("camera_plans:prices")
    known = costs.prices_on(clock.local(clock.now()).date())
    told = {"prices": known.values(), "form": form, "ordinary_rp": costs.ordinary_point_rp(known), "crumbs": _crumbs()}
    return render(request, "blind_spots/prices.html", told, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@needs("coverage.plan")
def offers(request: HttpRequest) -> HttpResponse:
    form = OfferForm(_owners(request), request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        owner = told.pop("owner")
        try:
            planning.offer(by=request.user, at=clock.now(), owner_id=owner.pk, **told)
            return redirect("camera_plans:offers")
        except UserError as problem:
            form.add_error("code", f"{problem.text} {problem.fix}")
    context = {"offers": access.offers(request.user), "form": form, "crumbs": _crumbs()}
    return render(request, "blind_spots/offers.html", context, status=422 if form.errors else 200)


@require_POST
@needs("coverage.plan", find=access.offer_for, by="pk")
def end_offer(request: HttpRequest, offer: PartnerOffer) -> HttpResponse:
    planning.end_offer(offer.pk, by=request.user, at=clock.now())
    return redirect("camera_plans:offers")
