"""A camera of a plan moved by hand: what the plan comes to then, at once."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import cache
from typing import Any

from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.base.evidence import actions as evidence
from satukota.rules.siting import Plan as Answer
from satukota.rules.siting import again
from satukota.shared.ground import queries as ground

from .. import costs
from ..models import Plan
from . import building, results
from .asking import Asked, Move
from .instance import Instance, as_prices
from .running import slot

SECONDS = 0.6
KEPT = 3  # questions in memory: some 10 MB each for a city
_kept: dict[tuple[int, str], Instance] = {}
_lock = threading.Lock()


def replan(plan: Plan, moves: tuple[Move, ...]) -> dict[str, Any]:
    """The plan near this one with these cameras where they were put. Nothing is stored.

    Raises UserError when the ground has been replaced since, or no plan holds with them.
    """
    if plan.state not in (Plan.State.DONE, Plan.State.STOPPED) or not plan.result:
        raise UserError(_("Rencana ini belum selesai dihitung."), fix=_("Tunggu sampai selesai."))
    if plan.ground_version != ground.version():
        raise UserError(_("Lahan berganti sejak rencana ini dihitung."), fix=_("Hitung ulang rencananya."))
    asked = replace(Asked.of(plan.asked), moves=moves)
    asked.check()
    first = _question(plan)
    prices = as_prices(first.prices, costs.prices_on(clock.local(clock.now()).date()))
    made = first.with_options(building.moved(asked, first, prices))
    made = replace(made, never=sorted({*made.never, *(move.of for move in moves if 0 <= move.of < first.options)}))
    if set(made.never) & set(made.must):
        made = replace(made, must=[option for option in made.must if option not in made.never])
    old = [row.option for row in plan.cameras.all() if row.option not in made.never]
    start = Answer(chosen=tuple(dict.fromkeys([*old, *made.must])))
    answer = again(made.problem(asked), start, seed=asked.seed, seconds=SECONDS)
    if answer.infeasible:
        raise UserError(results.words_of(list(answer.infeasible), made), fix=_("Taruh di tempat lain."))
    return {
        "summary": results.summary(made, asked, answer),
        "short": results.words_of(list(answer.short), made),
        "cameras": [as_feature(row) for row in results.cameras(made, asked, answer, plan)],
    }


def make_ready() -> None:
    """Load the compiled loops beside the page that will need them; asks nothing of the database."""
    threading.Thread(target=_load, name="siting", daemon=True).start()


@cache
def _load() -> None:
    from satukota.rules.siting.solve import make_ready as loops

    loops()


def as_feature(row: Any) -> dict[str, Any]:
    """A planned camera for the map and for GeoJSON."""
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [row.lon, row.lat]},
        "properties": {
            "position": row.position, "option": row.option, "site": row.site_code, "kind": row.site_kind,
            "lens": row.lens, "bearing": row.bearing_deg, "fov": row.fov_deg, "range_m": row.range_m,
            "cost_rp": row.cost_rp, "yearly_rp": row.yearly_rp, "gain": row.gain, "loss": row.loss,
        },
    }  # fmt: skip


def _question(plan: Plan) -> Instance:
    key = (plan.pk, plan.run)
    with _lock:
        found = _kept.get(key)
    if found is None:
        content = evidence.slot_content(slot(plan.pk))
        if content is None:
            raise UserError(_("Bahan hitung rencana ini tidak ada lagi."), fix=_("Hitung ulang rencananya."))
        found = Instance.of(content)
        with _lock:
            while len(_kept) >= KEPT:
                _kept.pop(next(iter(_kept)))
            _kept[key] = found
    return found
