"""Loads the invented ground of the sample city, once: whoever brings real ground keeps it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.city.models import Kelurahan
from satukota.shared.ground import actions, junctions
from satukota.shared.ground.kinds import defaults
from satukota.shared.ground.models import Building, DemandKind, DemandPlace, GroundSource, Population, Street, Structure

from . import facts

if TYPE_CHECKING:
    from .ground_layout import Layout, Spot

SEED = 64
DECIDED_ON = date(2026, 1, 2)
WANTED = {  # kind of demand → purpose, weight of one point
    "people": ("monitor", 0.05), "road": ("monitor", 0.3), "junction": ("monitor", 2.0), "school": ("monitor", 40.0),
    "market": ("monitor", 80.0), "worship": ("monitor", 10.0), "transport": ("monitor", 80.0),
    "health": ("monitor", 80.0), "office": ("monitor", 40.0), "crowd": ("monitor", 60.0),
    "settlement": ("monitor", 40.0), "flood": ("monitor", 40.0), "littering": ("detect", 6.0),
    "crash": ("detect", 6.0), "crime": ("detect", 6.0),
}  # fmt: skip
FEWEST, MOST = 4_000, 21_000  # people of one kelurahan; together about what the whole city is said to have


def add(at: datetime) -> dict[str, int]:
    """How many rows of each. Nothing where sample ground was loaded before, also when real ground replaced it."""
    if GroundSource.objects.filter(kind=GroundSource.Kind.SAMPLE).exists():
        return {}
    layout = _layout()
    layers = {
        "streets": _streets(layout), "buildings": _buildings(layout), "structures": _structures(layout),
        "places": _places(layout),
    }  # fmt: skip
    origin = actions.Origin(
        _("Kota contoh"), hashlib.sha256(layout.lines.tobytes()).hexdigest(), attribution=_("Lahan contoh, karangan"),
        report={"note": _("Jalan, bangunan, dan tiang ini karangan, bukan keadaan kota.")}, is_sample=True,
    )  # fmt: skip
    _source, stored = actions.replace(GroundSource.Kind.SAMPLE, layers, origin, by=None, at=at)
    return {
        "jalan": stored["streets"], "bangunan": stored["buildings"], "tiang dan simpang": stored["structures"],
        "tempat kebutuhan": stored["places"], "penduduk": _add_people(at), "keputusan kebutuhan": _decide(),
    }  # fmt: skip


def _decide() -> int:
    """What the invented council wants to be seen. Its cameras are small (640 px), so it asks that its public places and
    main junctions be watched, not that faces be known in every lane: the map then says how far it got with that."""
    known = {kind.code: kind for kind in defaults()}
    rows = [
        DemandKind(
            code=code, name=known[code].name, basis=known[code].basis, classes=list(known[code].classes),
            purpose=purpose, weight=weight, source=str(_("Kota contoh: keputusan karangan")), valid_from=DECIDED_ON,
        )
        for code, (purpose, weight) in WANTED.items()
    ]  # fmt: skip
    return len(DemandKind.objects.bulk_create(rows, ignore_conflicts=True))


def _layout() -> Layout:
    import shapely

    from . import ground_layout

    areas = [
        shapely.geometry.shape(area) for area in Kelurahan.objects.exclude(area=None).values_list("area", flat=True)
    ]
    return ground_layout.make(_spots("places"), _spots("cameras"), shapely.to_wkb(shapely.union_all(areas)))


def _spots(table: str) -> tuple[Spot, ...]:
    from .ground_layout import Spot

    return tuple(
        Spot(
            float(row["lon"]), float(row["lat"]), row["kind"], float(row.get("bearing_deg", 0.0)),
            row["name"].rpartition(", ")[2].partition(" arah ")[0],
        )
        for row in facts.table(table)
    )  # fmt: skip


def _streets(layout: Layout) -> Iterator[Street]:
    import shapely

    wkb = shapely.to_wkb(layout.lines)
    for n, (line, name, kind) in enumerate(zip(wkb, layout.line_names, layout.line_kinds, strict=True), 1):
        yield Street(key=f"contoh-{n}", name=f"{name} (contoh)", kind=kind, line=line)


def _buildings(layout: Layout) -> Iterator[Building]:
    import shapely

    wkb, rows = shapely.to_wkb(layout.outlines), (layout.heights_m.tolist(), layout.heights_from, layout.uses)
    for n, (outline, height, measured, use) in enumerate(zip(wkb, *rows, strict=True), 1):
        yield Building(key=f"contoh-{n}", outline=outline, height_m=height, height_from=measured, use=use)


def _structures(layout: Layout) -> Iterator[Structure]:
    kinds = np.where(layout.on_main_road, Structure.Kind.LAMP, Structure.Kind.POLE).tolist()
    for n, ((lon, lat), kind) in enumerate(zip(layout.poles.tolist(), kinds, strict=True), 1):
        is_lamp = kind == Structure.Kind.LAMP
        yield Structure(
            kind=kind, code=f"TC-{n:05}", owner="Dishub (contoh)" if is_lamp else "PLN (contoh)", has_power=True,
            has_link=is_lamp or (None if n % 3 else False), height_m=9.0 if is_lamp else 7.0, lon=lon, lat=lat,
        )  # fmt: skip
    for n, (lon, lat) in enumerate(junctions.of(layout.lines).tolist(), 1):
        yield Structure(kind=Structure.Kind.JUNCTION, code=f"SC-{n:05}", lon=lon, lat=lat)


def _places(layout: Layout) -> Iterator[DemandPlace]:
    for n, (kind, lon, lat, times) in enumerate(layout.trouble, 1):
        yield DemandPlace(
            key=f"contoh-{n}", kind=kind, name=_("Contoh %(n)d") % {"n": n}, times=times, lon=lon, lat=lat
        )


def _add_people(at: datetime) -> int:
    """Invented counts, said to be: how many live in each kelurahan was not found."""
    keys = list(Kelurahan.objects.filter(populations=None).order_by("code").values_list("pk", flat=True))
    people = np.random.default_rng(SEED).integers(FEWEST, MOST, len(keys)).tolist()
    day = clock.local(at).date().replace(month=1, day=1)
    return len(Population.objects.bulk_create(
        Population(kelurahan_id=key, people=number, counted_on=day, source=_("contoh, bukan data kota"), is_sample=True)
        for key, number in zip(keys, people, strict=True)
    ))  # fmt: skip
