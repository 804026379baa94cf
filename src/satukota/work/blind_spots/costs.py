"""What a point costs by its parts: the city's own dated prices, and where it has none yet, our beginning."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.errors import UserError
from satukota.city import access

from .models import CostItem

FILE = Path(__file__).with_name("costs.toml")
DEAREST_RP = 100_000_000_000
RADIO_FARTHEST_M = 5_000.0  # beyond it no pair of radios is assumed to hold


@dataclass(frozen=True)
class Price:
    code: str
    name: str
    unit: str
    amount_rp: int
    source: str
    yearly: bool = False
    valid_from: date | None = None  # None: the default


@cache
def defaults() -> tuple[Price, ...]:
    content = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return tuple(
        Price(**row, source=content["yearly_source" if row.get("yearly") else "source"]) for row in content["item"]
    )


def prices_on(day: date) -> dict[str, Price]:
    """Every price as it holds that day, in the order of the file. One query."""
    found = {price.code: price for price in defaults()}
    for row in CostItem.objects.filter(valid_from__lte=day).order_by("valid_from"):
        if row.code in found:
            was = found[row.code]
            found[row.code] = Price(was.code, was.name, was.unit, row.amount_rp, row.source, was.yearly, row.valid_from)
    return found


@transaction.atomic
def decide(code: str, *, amount_rp: int, source: str, by: Any, at: datetime) -> CostItem:
    """What one part costs from today on. Raises UserError, NotAllowed."""
    access.require(by, "coverage.plan")
    today = clock.local(at).date()
    prices = prices_on(today)
    if code not in prices:
        raise UserError(_("Harga ini tidak dikenal."), fix=_("Pilih dari daftar."))
    if not 0 <= amount_rp <= DEAREST_RP:
        raise UserError(_("Harga harus antara Rp0 dan Rp100 miliar."), fix=_("Periksa jumlah nolnya."))
    if not source.strip():
        raise UserError(_("Sebutkan dasar harga ini."), fix=_("Tulis kontrak, survei harga, atau HSPK-nya."))
    row, _new = CostItem.objects.update_or_create(
        code=code, valid_from=today, defaults={"amount_rp": amount_rp, "source": source.strip()[:200]}
    )
    audit.record(
        "blind_spots.price_decided", on=row, by=by, at=at, before=prices[code].amount_rp, after=amount_rp, why=source
    )
    return row


def parts_of(
    site_kind: str, lens: str, *, has_power: bool, link_m: float, prices: dict[str, Price]
) -> dict[str, int]:  # fmt: skip
    """How many of which part a new camera takes; `link_m` 0 where a link is there already.

    A junction, or a place chosen by hand, has nothing to fix a camera to: it takes a pole. Of fibre and a pair of
    radios the cheaper one is taken.
    """
    takes: Counter[str] = Counter({"arm": 1, CAMERA_OF.get(lens, "camera_fixed"): 1, "cabinet": 1, "work": 1})
    if site_kind in ("junction", "hand"):
        takes["pole"] = 1
    if not has_power:
        takes["power"] = 1
    metres = round(link_m)
    if metres:
        fibre_rp, radio_rp = metres * prices["fibre_m"].amount_rp, prices["radio"].amount_rp
        if radio_rp < fibre_rp and link_m <= RADIO_FARTHEST_M:
            takes["radio"] = 1
        else:
            takes["fibre_m"] = metres
    takes.update({"link_year": 1, "power_year": 1, "upkeep_year": 1})
    return dict(takes)


def sums(parts: dict[str, int], prices: dict[str, Price]) -> tuple[int, int]:
    """Once, and every year."""
    once = sum(number * prices[code].amount_rp for code, number in parts.items() if not prices[code].yearly)
    yearly = sum(number * prices[code].amount_rp for code, number in parts.items() if prices[code].yearly)
    return once, yearly


def ordinary_point_rp(prices: dict[str, Price]) -> int:
    """A new pole with one fixed camera, 200 m of fibre and its own power: what the press calls a point."""
    takes = {"pole": 1, "arm": 1, "camera_fixed": 1, "cabinet": 1, "power": 1, "work": 1, "fibre_m": 200}
    return sums(takes, prices)[0]


CAMERA_OF = {"wide": "camera_fixed", "normal": "camera_fixed", "tele": "camera_tele", "round": "camera_round"}
