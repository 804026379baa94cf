"""A small town: one straight street of 300 m from west to east in two kelurahan, houses as asked for, and watchers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import shapely
from shapely.geometry import mapping

from satukota.city.models import Kecamatan, Kelurahan, Kota
from satukota.rules.coverage import Plane
from satukota.shared.coverage import board, measuring, registry
from satukota.shared.coverage.registry import Watcher
from satukota.shared.ground.models import Building, GroundSource, Street
from satukota.shared.monitoring.models import Target
from satukota.shared.monitoring.tests.make import NOON, make_target

WEST, SOUTH = 117.50, 0.12  # where the street begins


@dataclass
class Town:
    plane: Plane
    west: Kelurahan
    east: Kelurahan
    street: Street
    watchers: list[Watcher] = field(default_factory=list)

    def at(self, along_m: float, beside_m: float = 0.0) -> tuple[float, float]:
        """(lon, lat) of a spot so far along the street and to the north of it."""
        start = self.plane.to_metres([[WEST, SOUTH]])[0]
        lon, lat = self.plane.to_degrees([start + (along_m, beside_m)])[0]
        return float(lon), float(lat)

    def camera(self, code: str, along_m: float, **facts: Any) -> Target:
        """A watcher on the street that looks east, 100 m far and sharp enough there, and its target."""
        lon, lat = self.at(along_m)
        target = make_target(code, state=facts.pop("state", "up"), state_since=NOON, watched_from=NOON)
        known: dict[str, Any] = {
            "target_id": target.pk, "code": code, "title": f"Contoh {code}", "kind": "camera", "lon": lon, "lat": lat,
            "height_m": 4.0, "bearing_deg": 90.0, "fov_deg": 60.0, "range_m": 100.0, "width_px": 3840, "light_m": 30.0,
        }  # fmt: skip
        self.watchers.append(Watcher(**(known | facts)))
        return target

    def turn(self, code: str, **facts: Any) -> None:
        self.watchers = [replace(one, **facts) if one.code == code else one for one in self.watchers]

    def house(self, along_m: float, size_m: float = 10.0) -> Building:
        """Across the street: what lies behind it is hidden."""
        corners = [self.at(along_m + x, y) for x, y in ((0, -40), (size_m, -40), (size_m, 40), (0, 40))]
        return Building.objects.create(
            source=source("buildings"), key=f"h{along_m}", outline=shapely.to_wkb(shapely.Polygon(corners)),
            height_m=9.0, height_from="measured",
        )  # fmt: skip


def source(kind: str) -> GroundSource:
    found, _new = GroundSource.objects.get_or_create(
        kind=kind, is_current=True, defaults={"file_name": f"contoh-{kind}", "sha256": kind * 4, "taken_at": NOON}
    )
    return found


def new_version(kind: str) -> None:
    """The same rows as another file."""
    GroundSource.objects.filter(kind=kind).update(sha256=f"{GroundSource.objects.get(kind=kind).sha256}x"[-64:])


def _kelurahan(code: str, name: str, kecamatan: Kecamatan, ring: list[tuple[float, float]]) -> Kelurahan:
    area = mapping(shapely.Polygon(ring))
    return Kelurahan.objects.create(
        code=code, name=name, kecamatan=kecamatan, lon=ring[0][0], lat=ring[0][1], area=area, area_source="contoh"
    )


@contextmanager
def town(*, ground: bool = True) -> Iterator[Town]:
    """The town while the block runs; without ground nothing was imported yet. Needs the database."""
    Kota.objects.create(
        code="64.74", name="Kota Contoh", province="Contoh", lon=WEST, lat=SOUTH, west=117.3, south=0.0, east=117.7,
        north=0.3,
    )  # fmt: skip
    kecamatan = Kecamatan.objects.create(code="64.74.01", name="Contoh")
    plane = Plane.of(WEST, SOUTH)
    made = Town(plane, None, None, None)  # type: ignore[arg-type]
    box = [made.at(*corner) for corner in ((-50, -200), (150, -200), (150, 200), (-50, 200))]
    made.west = _kelurahan("64.74.01.1001", "Barat", kecamatan, box)
    box = [made.at(*corner) for corner in ((150, -200), (400, -200), (400, 200), (150, 200))]
    made.east = _kelurahan("64.74.01.1002", "Timur", kecamatan, box)
    if ground:
        line = shapely.LineString([made.at(0), made.at(300)])
        made.street = Street.objects.create(
            source=source("osm"), key="w1", name="Jalan Contoh", kind="residential", line=shapely.to_wkb(line)
        )
    board.forget()
    sources, registry._sources[:] = list(registry._sources), [registry.Source(lambda: made.watchers)]
    try:
        yield made
    finally:
        registry._sources[:] = sources
        board.forget()


def measured(at: datetime = NOON) -> measuring.Report:
    return measuring.measure(at)
