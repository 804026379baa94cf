"""A plan's answer in the city's words: totals, areas, purposes, and of each camera what it adds and why it is there."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from satukota.base import clock
from satukota.city import queries as city
from satukota.city.models import Kelurahan, Place
from satukota.rules.siting import Plan as Answer
from satukota.rules.siting import next_best, reasons

from .. import costs
from ..models import Plan, PlanCamera
from .asking import Asked
from .instance import Instance, as_prices

Array = np.ndarray
NEXT_RP = 10_000_000
LIMITS = {
    "budget": gettext_lazy("anggaran"), "yearly": gettext_lazy("anggaran tahunan"),
    "most": gettext_lazy("jumlah kamera"),
    "must": gettext_lazy("kamera yang dipasang dengan tangan"), "never": gettext_lazy("tempat terlarang"),
}  # fmt: skip


def summary(made: Instance, asked: Asked, answer: Answer) -> dict[str, Any]:
    """JSON: what the plan comes to. Sums of weight are of points seen at least once, as sharply as they need."""
    before = made.already > 0
    after = before.copy()
    for option in answer.chosen:
        after[made.reached_by(option)] = True
    problem = made.problem(asked)
    more = next_best(problem, answer, NEXT_RP) if not answer.infeasible else []
    return {
        "cameras": len(answer.chosen), "cost_rp": answer.cost_rp, "yearly_rp": answer.yearly_rp,
        "value": answer.value, "before": float(made.weights[before].sum()),
        "after": float(made.weights[after].sum()), "whole": float(made.weights.sum()),
        "upper_bound": answer.upper_bound if isfinite(answer.upper_bound) else None,
        "gap": answer.gap if isfinite(answer.gap) else None,
        "proven": answer.proven, "curve": [[int(cost), float(value)] for cost, value in answer.curve],
        "by_kelurahan": _by(made.kelurahan, made.kelurahan_ids, made.weights, before, after),
        "by_purpose": _by_purpose(made, before, after), "short": list(answer.short),
        "infeasible": list(answer.infeasible), "seed": answer.seed, "rounds": answer.rounds,
        "took_s": round(answer.took_s, 2), "options": made.options, "sites": len(made.site_kind),
        "points": len(made.weights), "next": [_next(made, *row) for row in more[:3]],
    }  # fmt: skip


def _by(ids: Array, keys: list[int], weights: Array, before: Array, after: Array) -> list[dict[str, Any]]:
    rows = [(key, ids == key) for key in keys]
    return [
        {"id": key, "whole": float(weights[mine].sum()), "before": float(weights[mine & before].sum()),
         "after": float(weights[mine & after].sum())}
        for key, mine in rows
    ]  # fmt: skip


def _by_purpose(made: Instance, before: Array, after: Array) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for n, purpose in enumerate(made.purposes):
        mine = made.kind == n
        row = found.setdefault(purpose, {"purpose": purpose, "whole": 0.0, "before": 0.0, "after": 0.0})
        for name, chosen in (("whole", mine), ("before", mine & before), ("after", mine & after)):
            row[name] += float(made.weights[chosen].sum())
    return [row for row in found.values() if row["whole"] > 0]


def _next(made: Instance, option: int, gain: float, cost_rp: int) -> dict[str, Any]:
    site = int(made.site[option])
    return {"site": made.site_code[site], "kind": made.site_kind[site], "gain": float(gain), "cost_rp": int(cost_rp)}


def cameras(made: Instance, asked: Asked, answer: Answer, plan: Plan) -> list[PlanCamera]:
    """The chosen options in their order, unsaved; each with the points it added at its turn."""
    problem = made.problem(asked)
    prices = as_prices(made.prices, costs.prices_on(clock.local(clock.now()).date()))
    views = made.already.copy()
    places = [tuple(made.site_lonlat[int(made.site[option])].tolist()) for option in answer.chosen]
    areas = city.kelurahan_of_many(places) if places else []
    found = []
    for n, reason in enumerate(reasons(problem, answer)):
        option, site = reason.option, int(made.site[reason.option])
        reached = np.unique(made.reached_by(option))
        added = reached[views[reached] < made.wanted[reached]]
        views[reached] += 1
        fov, reach, width = made.view[option].tolist()
        found.append(PlanCamera(
            plan=plan, position=n + 1, option=option, site_kind=made.site_kind[site], site_code=made.site_code[site],
            lens=made.lens[option], kelurahan=areas[n], lon=places[n][0], lat=places[n][1],
            bearing_deg=float(made.bearing_deg[option]), fov_deg=fov, range_m=reach,
            height_m=float(made.site_height_m[site]), width_px=int(width), cost_rp=int(made.cost_rp[option]),
            yearly_rp=int(made.yearly_rp[option]), quantities=_parts(made, option, prices), gain=reason.gain,
            loss=reason.loss, alone=reason.points, why=_why(made, added), points=_rows(made, added),
        ))  # fmt: skip
    return found


def _parts(made: Instance, option: int, prices: dict[str, costs.Price]) -> dict[str, int]:
    site = int(made.site[option])
    if made.lens[option] == "partner":
        return {"partner": 1}
    return costs.parts_of(made.site_kind[site], made.lens[option], has_power=bool(made.site_power[site]),
                          link_m=float(made.site_link_m[site]), prices=prices)  # fmt: skip


def _why(made: Instance, points: Array) -> list[dict[str, Any]]:
    kinds, where = np.unique(made.kind[points], return_inverse=True)
    weights = np.bincount(where, made.weights[points], len(kinds))
    return [
        {"kind": made.kinds[kinds[n]], "name": made.kind_names[kinds[n]], "points": int((where == n).sum()),
         "weight": round(float(weights[n]), 2)}
        for n in np.argsort(-weights, kind="stable")
    ]  # fmt: skip


def _rows(made: Instance, points: Array) -> list[list[Any]]:
    return [
        [round(lon, 7), round(lat, 7), weight, needed, made.kinds[kind]]
        for (lon, lat), weight, needed, kind in zip(
            made.lonlat[points].tolist(), made.weights[points].tolist(), made.needed[points].tolist(),
            made.kind[points].tolist(), strict=True)
    ]  # fmt: skip


def words_of(codes: list[str], made: Instance) -> str:
    """Why no plan exists, or what it falls short of, as sentences."""
    return " ".join(_sentence(code, made) for code in codes)


def _sentence(code: str, made: Instance) -> str:
    parts = code.split("+")
    limits = _(" dan ").join(str(LIMITS[part]) for part in parts if part in LIMITS and part != "must")
    floors = [part for part in parts if part.startswith("floor:")]
    if floors:
        names = ", ".join(_area(int(number), made) for number in floors[0][6:].split(",") if number)
        if limits:
            return _("%(areas)s tidak dapat mencapai bagian minimalnya karena batas %(limits)s.") % {
                "areas": names, "limits": limits,
            }  # fmt: skip
        return _("%s tidak dapat mencapai bagian minimalnya dari calon tempat mana pun.") % names
    if any(part.startswith("site:") for part in parts):
        return _("Dua kamera wajib berada di tempat yang sama.")
    if limits:
        return _("Kamera yang wajib saja sudah melampaui batas %s.") % limits
    return _("Batas-batasnya tidak dapat dipenuhi bersama (%s).") % code


def _area(number: int, made: Instance) -> str:
    if number < len(made.kelurahan_ids):
        found = Kelurahan.objects.filter(pk=made.kelurahan_ids[number]).values_list("name", flat=True).first()
        return _("Kelurahan %s") % found
    place = made.must_ids[number - len(made.kelurahan_ids)]
    return str(Place.objects.filter(pk=place).values_list("name", flat=True).first())
