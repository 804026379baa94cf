"""What each watcher sees as a shape on the map, cut by what stands in the way. For staff: it tells where they look."""

import hashlib
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from satukota.shared.ground import queries as ground

from . import registry
from .measuring import AT_ONCE, TARGET_HEIGHT_M, scene, viewpoints_of
from .registry import Watcher

SHORT = 6  # decimals of a degree: 0.1 m


@dataclass(frozen=True)
class View:
    """`geometry` is a GeoJSON Polygon or MultiPolygon in degrees; None where nothing is in sight at that sharpness."""

    target_id: int
    code: str
    geometry: dict[str, Any] | None
    lacks: tuple[str, ...]


_kept: dict[tuple[bool, str], tuple[str, list[View]]] = {}
_lock = threading.Lock()


def key_of(watchers: list[Watcher], version: str) -> str:
    told = [version, *(f"{one.target_id}{one.code}{one.fingerprint}" for one in watchers)]
    return hashlib.blake2b("|".join(told).encode(), digest_size=12).hexdigest()


def views(*, night: bool = False, sharpness: str = "") -> tuple[str, list[View]]:
    """A mark that changes with any of the shapes, and every watcher's shape, kept until ground or register change.

    Raises KeyError for a sharpness nobody defined, UserError while no city is loaded. Some ten small queries.
    """
    from satukota.rules.coverage import PURPOSES

    px_per_m = PURPOSES[sharpness] if sharpness else 0.0
    watchers = registry.watchers()
    key = key_of(watchers, ground.version())
    with _lock:
        found = _kept.get((night, sharpness))
        if found is None or found[0] != key:
            found = _kept[night, sharpness] = key, _made(watchers, px_per_m, night)
    return f"{found[0]}-{'night' if night else 'day'}-{sharpness}", found[1]


def _made(watchers: list[Watcher], px_per_m: float, night: bool) -> list[View]:
    from satukota.rules import coverage as rules

    ways: list[list[Any]] = []
    lacks = []
    for one in watchers:
        try:
            ways.append(viewpoints_of(one))
            lacks.append(tuple(one.lacks))
        except ValueError:
            ways.append([])
            lacks.append((*one.lacks, "invalid"))
    every = [way for each in ways for way in each]
    shapes: list[Any] = []
    for start in range(0, len(every), AT_ONCE):
        some = every[start : start + AT_ONCE]
        shapes += list(rules.views(scene(), some, px_per_m=px_per_m, night=night, target_height_m=TARGET_HEIGHT_M))
    found, first = [], 0
    for one, each, lack in zip(watchers, ways, lacks, strict=True):
        found.append(View(one.target_id, one.code, _geometry(shapes[first : first + len(each)]), lack))
        first += len(each)
    return found


def _geometry(shapes: list[Any]) -> dict[str, Any] | None:
    import shapely
    from shapely.geometry import mapping

    whole = shapes[0] if len(shapes) == 1 else shapely.union_all(shapes)
    if whole.is_empty:
        return None
    plain = shapely.transform(ground.plane().shape_to_degrees(whole), lambda corners: np.round(corners, SHORT))
    if not shapely.is_valid(plain):  # rounding may let a ring touch itself
        plain = shapely.make_valid(plain, method="structure", keep_collapsed=False)
    return None if plain.is_empty else dict(mapping(shapely.orient_polygons(plain)))  # as RFC 7946 turns rings


def geojson(found: list[View], visible: set[int]) -> dict[str, Any]:
    """Those a person may see; one without a shape stays in the list, so that it is said why."""
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "id": view.target_id, "geometry": view.geometry,
             "properties": {"code": view.code, "lacks": list(view.lacks)}}
            for view in found if view.target_id in visible
        ],
    }  # fmt: skip


def lacking(visible: set[int]) -> list[Watcher]:
    """Watchers that see nothing until their place or direction is registered, by code. One query."""
    return sorted((one for one in registry.watchers() if one.lacks and one.target_id in visible), key=lambda w: w.code)
