"""What OpenStreetMap's tags mean here. Source: wiki.openstreetmap.org, pages Key:amenity, Key:highway, Key:power."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from .models import Structure

TAG = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')
_ROADS = frozenset({"motorway", "trunk", "primary", "secondary", "tertiary"})
_OTHERS = frozenset({
    "unclassified", "residential", "living_street", "service", "pedestrian", "road", "busway", "track", "footway",
    "path", "steps", "cycleway", "bridleway",
})  # fmt: skip
STREETS = _ROADS | {f"{road}_link" for road in _ROADS} | _OTHERS
KINDS = Structure.Kind
# (tag, values) → code of a kind of demand; the first that fits
PLACES: tuple[tuple[str, frozenset[str], str], ...] = (
    ("amenity", frozenset({"school", "kindergarten", "college", "university"}), "school"),
    ("amenity", frozenset({"marketplace"}), "market"),
    ("shop", frozenset({"mall", "supermarket", "department_store"}), "market"),
    ("amenity", frozenset({"place_of_worship"}), "worship"),
    ("amenity", frozenset({"hospital", "clinic", "doctors"}), "health"),
    ("amenity", frozenset({"bus_station", "ferry_terminal", "taxi"}), "transport"),
    ("highway", frozenset({"bus_stop"}), "transport"),
    ("amenity", frozenset({"townhall", "police", "fire_station", "courthouse", "community_centre"}), "office"),
    ("office", frozenset({"government"}), "office"),
    ("leisure", frozenset({"park", "stadium", "pitch", "sports_centre"}), "crowd"),
    ("tourism", frozenset({"attraction", "museum", "theme_park", "zoo"}), "crowd"),
    ("amenity", frozenset({"waste_disposal", "waste_transfer_station"}), "littering"),
    ("landuse", frozenset({"landfill"}), "littering"),
)
POLES: tuple[tuple[str, frozenset[str], Any], ...] = (
    ("highway", frozenset({"street_lamp"}), KINDS.LAMP),
    ("highway", frozenset({"traffic_signals"}), KINDS.SIGNAL),
    ("power", frozenset({"pole"}), KINDS.POLE),
    ("man_made", frozenset({"mast", "utility_pole", "communications_tower"}), KINDS.MAST),
)
PLACE_TAGS = ("amenity", "shop", "highway", "office", "leisure", "tourism", "landuse")
POLE_TAGS = ("highway", "power", "man_made")


@lru_cache(maxsize=4096)
def tags(text: str) -> dict[str, str]:
    """GDAL's `other_tags`: "key"=>"value","key"=>"value", quotes inside escaped by a backslash."""
    return {_plain(key): _plain(value) for key, value in TAG.findall(text)}


def _plain(text: str) -> str:
    return text.replace('\\"', '"').replace("\\\\", "\\")


def first_fit(found: dict[str, str], rules: tuple[tuple[str, frozenset[str], Any], ...]) -> str:
    """The first rule whose tag has one of its values; empty for none."""
    return str(next((means for tag, values, means in rules if found.get(tag) in values), ""))
