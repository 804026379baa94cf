"""The ground as arrays in metres, kept in this process until it changes; asked by coverage and by siting."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from django.db.models import Count, Max, Sum
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.city.models import Kelurahan, Kota, Place, Rt

from .models import Building, DemandKind, GroundSource, Obstacle, Population, Street, Structure, Terrain

if TYPE_CHECKING:
    from satukota.rules.coverage import Plane
    from satukota.rules.coverage import Terrain as RisingGround

    from .demand import Demand

Box = tuple[float, float, float, float]  # metres on the plane: west, south, east, north
Made = TypeVar("Made")
_kept: dict[str, tuple[str, Any]] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Buildings:
    """n footprints in one order: `polygons` (n,) shapely in metres, `heights_m` (n,), `assumed` (n,) bool."""

    ids: np.ndarray
    polygons: np.ndarray
    heights_m: np.ndarray
    assumed: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def at(self, chosen: np.ndarray) -> Buildings:
        return Buildings(*(each[chosen] for each in (self.ids, self.polygons, self.heights_m, self.assumed)))


@dataclass(frozen=True)
class Streets:
    """n stretches: `lines` (n,) shapely LineString in metres, `names` and `kinds` (n,) str."""

    ids: np.ndarray
    lines: np.ndarray
    names: np.ndarray
    kinds: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def at(self, chosen: np.ndarray) -> Streets:
        return Streets(*(each[chosen] for each in (self.ids, self.lines, self.names, self.kinds)))


@dataclass(frozen=True)
class Structures:
    """n spots: `xy` (n, 2) metres; `has_power`, `has_link` (n,) int8, -1 where nobody knows."""

    ids: np.ndarray
    xy: np.ndarray
    kinds: np.ndarray
    codes: np.ndarray
    owners: np.ndarray
    has_power: np.ndarray
    has_link: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def at(self, chosen: np.ndarray) -> Structures:
        every = (self.ids, self.xy, self.kinds, self.codes, self.owners, self.has_power, self.has_link)
        return Structures(*(each[chosen] for each in every))


def plane() -> Plane:
    """The city's own metres. Raises UserError while no city is loaded."""
    from satukota.rules.coverage import Plane

    kota = Kota.objects.first()
    if kota is None:
        raise UserError(_("Register kota masih kosong."), fix=_("Muat dahulu profil kota: load_profile bontang."))
    return Plane.of(kota.lon, kota.lat)


POINTS_MADE = 3  # raised when the same ground gives other points, or they are stored otherwise: measured again


def version() -> str:
    """Changes with the ground, with what is wanted to be seen, and with areas and places. Seven small queries."""
    facts = (
        POINTS_MADE,
        clock.local(clock.now()).date(),  # kinds of demand hold from a day on
        list(Kota.objects.values_list("lon", "lat")),
        list(GroundSource.objects.filter(is_current=True).order_by("pk").values_list("pk", "sha256", "taken_at")),
        list(DemandKind.objects.order_by("pk").values_list("pk", "weight", "purpose", "basis", "classes")),
        list(Kelurahan.objects.exclude(area=None).order_by("pk").values_list("pk", "area_source")),
        list(Place.objects.order_by("pk").values_list("pk", "kind", "lon", "lat", "stake")),
        Rt.objects.exclude(area=None).aggregate(Count("pk"), Max("pk"), Sum("lon"), Sum("lat")),
        Population.objects.aggregate(Count("pk"), Max("pk"), Sum("people")),
    )
    return hashlib.blake2b(repr(facts).encode(), digest_size=12).hexdigest()


def buildings(box: Box | None = None) -> Buildings:
    """All footprints, or those that touch `box`, in the order of their ids."""
    found, tree = building_index()
    return found if box is None else found.at(_touching(tree, box))


def building_index() -> tuple[Buildings, Any]:
    """All footprints and their STRtree."""
    return kept("buildings", _read_buildings)


def streets(box: Box | None = None) -> Streets:
    found, tree = kept("streets", _read_streets)
    return found if box is None else found.at(_touching(tree, box))


@dataclass(frozen=True)
class Standing:
    """All that hides, buildings first: `polygons` (n,) shapely in metres, `heights_m` (n,)."""

    polygons: np.ndarray
    heights_m: np.ndarray

    def __len__(self) -> int:
        return len(self.polygons)


def standing(box: Box | None = None) -> Standing:
    """Buildings, walls and trees; those that touch `box`."""
    houses, others = buildings(box), kept("obstacles", _read_obstacles)
    if box is not None:
        chosen = _touching(others[1], box)
        rest = Standing(others[0].polygons[chosen], others[0].heights_m[chosen])
    else:
        rest = others[0]
    return Standing(
        np.concatenate([houses.polygons, rest.polygons]), np.concatenate([houses.heights_m, rest.heights_m])
    )


def terrain() -> RisingGround | None:
    """The ground's heights on the plane; None where it counts as flat."""
    found: RisingGround | None = kept("terrain", _read_terrain)
    return found


def structures(box: Box | None = None) -> Structures:
    """Poles and junctions; those in `box`."""
    found = kept("structures", _read_structures)
    if box is None:
        return found
    west, south, east, north = box
    x, y = found.xy[:, 0], found.xy[:, 1]
    return found.at(np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north)))


def demand() -> Demand:
    """The points somebody should look at. The first call after a change calculates them."""
    from . import demand as calculation

    return kept("demand", calculation.calculate)


def attributions() -> list[str]:
    """What the map must say: each current source with its licence. One query."""
    rows = GroundSource.objects.filter(is_current=True).order_by("kind")
    return [" · ".join(filter(None, (row.attribution or row.file_name, row.licence))) for row in rows]


def kept(name: str, make: Callable[[], Made]) -> Made:
    """`make()` once per version and process."""
    now = version()
    with _lock:
        found = _kept.get(name)
    if found is None or found[0] != now:
        found = now, make()
        with _lock:
            _kept[name] = found
    return found[1]


def _read_buildings() -> tuple[Buildings, Any]:
    import shapely

    rows = list(Building.objects.order_by("pk").values_list("pk", "outline", "height_m", "height_from"))
    shapes = _in_metres([row[1] for row in rows])
    found = Buildings(
        np.fromiter((row[0] for row in rows), np.int64, len(rows)), shapes,
        np.fromiter((row[2] for row in rows), np.float64, len(rows)),
        np.fromiter((row[3] == Building.HeightFrom.ASSUMED for row in rows), bool, len(rows)),
    )  # fmt: skip
    return found, shapely.STRtree(shapes)


def _read_obstacles() -> tuple[Standing, Any]:
    import shapely

    rows = list(Obstacle.objects.order_by("pk").values_list("outline", "height_m"))
    shapes = _in_metres([row[0] for row in rows])
    return Standing(shapes, np.fromiter((row[1] for row in rows), np.float64, len(rows))), shapely.STRtree(shapes)


def _read_terrain() -> RisingGround | None:
    from satukota.rules.coverage import Terrain as RisingGround

    from .obstacles import heights_of

    row = Terrain.objects.filter(source__is_current=True, epsg=plane().epsg).first()
    return None if row is None else RisingGround(row.west, row.north, row.step_m, heights_of(row))


def _read_streets() -> tuple[Streets, Any]:
    import shapely

    rows = list(Street.objects.order_by("pk").values_list("pk", "line", "name", "kind"))
    lines = _in_metres([row[1] for row in rows])
    ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    found = Streets(ids, lines, np.array([row[2] for row in rows], str), np.array([row[3] for row in rows], str))
    return found, shapely.STRtree(lines)


def _read_structures() -> Structures:
    columns = ("pk", "lon", "lat", "kind", "code", "owner", "has_power", "has_link")
    rows = list(Structure.objects.order_by("pk").values_list(*columns))
    ids, lon, lat, kinds, codes, owners, power, link = zip(*rows, strict=True) if rows else ((),) * 8
    lonlat = np.column_stack([np.array(lon, float), np.array(lat, float)])
    known = [np.array([-1 if each is None else int(each) for each in values], np.int8) for values in (power, link)]
    words = [np.array(values, str) for values in (kinds, codes, owners)]
    return Structures(np.array(ids, np.int64), plane().to_metres(lonlat), *words, *known)


def forget() -> None:
    """Nothing is kept any more: tests are many cities, whose rows may be numbered alike."""
    with _lock:
        _kept.clear()


def _in_metres(stored: list[Any]) -> np.ndarray:
    """Stored WKB (n,) in degrees as shapes (n,) on the plane."""
    import shapely

    shapes = shapely.from_wkb(np.array([bytes(each) for each in stored], object))
    return shapely.transform(shapes, plane().to_metres) if len(shapes) else np.empty(0, object)


def _touching(tree: Any, box: Box) -> np.ndarray:
    import shapely

    return np.sort(tree.query(shapely.box(*box), predicate="intersects"))
