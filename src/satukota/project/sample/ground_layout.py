"""An invented town around the sample cameras: streets, houses, poles and spots of trouble. The same every time.

Nothing here is Bontang's: streets are drawn from the bearings of the sample cameras and the lines between their places,
houses are rows of rectangles along them. Metres are of a flat plane around the sample; near the equator that is right
to a few millimetres per street.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import shapely

SEED = 6474
PATCH_M = 190.0  # streets of houses so far around each place
LANES_M, CROSS_M = 62.0, 118.0  # between lanes, and between the streets that cross them
FRONT_M = 15.0  # of one house along its lane
CLEAR_M = 4.6  # between a wall and the middle of a street
CAMERA_CLEAR_M = 3.0
POLE_STEP_M, POLE_OFF_M = 45.0, 3.4
LONGEST_LINK_M = 7000.0
LARGE_TRIES = 9
DEGREE_M = 111_195.0  # of latitude, mean


@dataclass(frozen=True)
class Spot:
    """A place or a camera of the sample: degrees; a camera's bearing and street."""

    lon: float
    lat: float
    kind: str = ""
    bearing_deg: float = 0.0
    street: str = ""


@dataclass(frozen=True)
class Layout:
    """Shapes in degrees. Every sequence belongs to the one before it, item by item."""

    lines: np.ndarray  # shapely LineString, between two junctions each
    line_names: list[str]
    line_kinds: list[str]
    outlines: np.ndarray  # shapely Polygon
    heights_m: np.ndarray
    heights_from: list[str]
    uses: list[str]
    poles: np.ndarray  # (k, 2) lon lat
    on_main_road: np.ndarray  # (k,) bool
    trouble: list[tuple[str, float, float, float]]  # kind of demand, lon, lat, times


@lru_cache(maxsize=2)
def make(places: tuple[Spot, ...], cameras: tuple[Spot, ...], land_wkb: bytes) -> Layout:
    """The town on `land` (degrees). About half a second, once per process."""
    chance = np.random.default_rng(SEED)
    origin = np.array([places[0].lon, places[0].lat])
    scale = DEGREE_M * np.array([np.cos(np.radians(origin[1])), 1.0])
    land = shapely.transform(shapely.from_wkb(land_wkb), lambda xy: (xy - origin) * scale)
    shapely.prepare(land)
    here, eyes = (_metres(spots, origin, scale) for spots in (places, cameras))
    roads = [*_arms(here, eyes, cameras), *_links(here, cameras, eyes), *_lanes(here, land, chance)]
    lines, names, kinds = _noded(roads, land)
    outlines, heights, froms, uses = _buildings(lines, kinds, here, places, eyes, land, chance)
    poles, main = _poles(lines, kinds, outlines, land)

    def degrees(xy: np.ndarray) -> np.ndarray:
        return np.round(xy / scale + origin, 7)

    trouble = [(kind, *degrees(xy).tolist(), times) for kind, xy, times in _trouble(here, places, chance)]
    return Layout(
        shapely.transform(lines, degrees), names, kinds, shapely.transform(outlines, degrees), heights, froms, uses,
        degrees(poles), main, trouble,
    )  # fmt: skip


def _metres(spots: Sequence[Spot], origin: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return (np.array([(spot.lon, spot.lat) for spot in spots]) - origin) * scale


Road = tuple[Any, str, str]  # line, name, kind


def _towards(bearing_deg: float) -> np.ndarray:
    angle = np.radians(bearing_deg)
    return np.array([np.sin(angle), np.cos(angle)])


def _arms(here: np.ndarray, eyes: np.ndarray, cameras: Sequence[Spot]) -> list[Road]:
    """A stretch of street from each place the way its cameras look, so that a camera looks along a street."""
    roads = []
    for eye, camera in zip(eyes, cameras, strict=True):
        middle = here[np.argmin(np.hypot(*(here - eye).T))]
        roads.append((_line(middle, middle + 130.0 * _towards(camera.bearing_deg)), camera.street, "tertiary"))
    return roads


def _links(here: np.ndarray, cameras: Sequence[Spot], eyes: np.ndarray) -> list[Road]:
    """Main roads between neighbouring places: the Gabriel graph, where nothing lies in the circle between two."""
    roads = []
    for a in range(len(here)):
        for b in range(a + 1, len(here)):
            middle, length = (here[a] + here[b]) / 2, float(np.hypot(*(here[a] - here[b])))
            nearer = np.hypot(*(here - middle).T) < length / 2 - 1
            if length < 1 or length > LONGEST_LINK_M or nearer.any():
                continue
            along = (here[b] - here[a]) / length
            bend = middle + 0.06 * length * np.array([-along[1], along[0]])
            name = cameras[int(np.argmin(np.hypot(*(eyes - here[a]).T)))].street
            roads.append((_line(here[a], bend, here[b]), name, "primary" if length > 900 else "secondary"))
    return roads


def _lanes(here: np.ndarray, land: Any, chance: np.random.Generator) -> list[Road]:
    """A grid of lanes around each place, turned its own way, as far as no other place is nearer."""
    roads: list[Road] = []
    cells = shapely.voronoi_polygons(shapely.multipoints(here), extend_to=land.envelope, ordered=True)
    for number, (middle, cell) in enumerate(zip(here, cells.geoms, strict=True)):
        block = shapely.intersection(shapely.intersection(cell, shapely.Point(middle).buffer(PATCH_M)), land)
        turn = chance.uniform(0, 90)
        for bearing, step in ((turn, LANES_M), (turn + 90.0, CROSS_M)):
            ahead, aside = _towards(bearing), _towards(bearing + 90.0)
            for lane, off in enumerate(np.arange(-PATCH_M + step / 2, PATCH_M, step)):
                foot = middle + off * aside
                line = shapely.intersection(_line(foot - 2 * PATCH_M * ahead, foot + 2 * PATCH_M * ahead), block)
                kind = "residential" if step == LANES_M else "living_street"
                roads += [
                    (part, f"Gang Contoh {number + 1}.{lane + 1}", kind)
                    for part in shapely.get_parts(line)
                    if part.length > 40
                ]
    return roads


def _line(*spots: np.ndarray) -> Any:
    return shapely.LineString(np.array(spots))


def _noded(roads: Sequence[Road], land: Any) -> tuple[np.ndarray, list[str], list[str]]:
    """Cut where roads meet; each piece keeps the name and kind of the road it was cut from, the greater one first."""
    whole = np.array([road[0] for road in roads], object)
    pieces = shapely.get_parts(shapely.node(shapely.multilinestrings(whole)))
    pieces = pieces[(shapely.length(pieces) > 4.0) & shapely.intersects(land, pieces)]
    middles = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    piece, road = shapely.STRtree(whole).query(middles, predicate="dwithin", distance=0.05)
    first = dict(zip(piece[::-1].tolist(), road[::-1].tolist(), strict=True))  # the earliest road stays
    kept = [n for n in range(len(pieces)) if n in first]
    return pieces[kept], [roads[first[n]][1] for n in kept], [roads[first[n]][2] for n in kept]


def _buildings(
    lines: np.ndarray, kinds: list[str], here: np.ndarray, places: Sequence[Spot], eyes: np.ndarray, land: Any,
    chance: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, list[str], list[str]]:  # fmt: skip
    """Large ones at the places, houses in rows along the streets; none on a street, a camera or another building."""
    large, large_uses = _large(here, places, chance)
    houses = _rows_of_houses(lines, shapely.multipoints(here), chance)
    outlines = np.concatenate([large, houses])
    free = _free(outlines, lines, eyes, land)
    shops = shapely.dwithin(shapely.centroid(houses), shapely.multipoints(here), 120.0)
    floors = np.where(chance.random(len(houses)) < np.where(shops, 0.75, 0.25), 2, 1)
    floors = floors + (shops & (chance.random(len(houses)) < 0.35))
    heights = np.concatenate([chance.uniform(7.5, 13.0, len(large)).round(1), 3.0 * floors])
    known = chance.random(len(outlines))
    froms = np.select([known < 0.1, known < 0.6], ["measured", "levels"], "assumed")
    uses = large_uses + np.where(shops, "retail", "house").tolist()
    heights = np.where(froms == "measured", heights + 0.4, heights).round(1)
    return outlines[free], heights[free], froms[free].tolist(), [uses[n] for n in np.flatnonzero(free)]


USES = {"market": "retail", "school": "school", "hospital": "hospital", "office": "government", "port": "warehouse"}


def _large(here: np.ndarray, places: Sequence[Spot], chance: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """Spots for buildings of some size around every place; most are not free and fall away."""
    middles, uses = [], []
    for middle, place in zip(here, places, strict=True):
        for nth, bearing in enumerate(chance.uniform(0, 360, LARGE_TRIES)):
            middles.append(middle + chance.uniform(25, 90) * _towards(bearing))
            uses.append("mosque" if nth % 3 == 2 else USES.get(place.kind, "public"))
    size = chance.uniform((13, 11), (24, 17), (len(middles), 2))
    return _rectangles(np.array(middles), size, chance.uniform(0, 180, len(middles))), uses


def _rows_of_houses(lines: np.ndarray, places: Any, chance: np.random.Generator) -> np.ndarray:
    """Rectangles on both sides of every street, facing it: most plots near the places, few along roads between."""
    counts = np.floor(shapely.length(lines) / FRONT_M).astype(int)
    line = np.repeat(np.arange(len(lines)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    along = (np.arange(len(line)) - first + 0.5) * FRONT_M
    spot, next_spot = (
        shapely.get_coordinates(shapely.line_interpolate_point(lines[line], along + d)) for d in (0.0, 0.5)
    )
    ahead = (next_spot - spot) / np.maximum(np.hypot(*(next_spot - spot).T), 1e-9)[:, None]
    built = np.where(shapely.dwithin(shapely.points(spot), places, PATCH_M), 0.68, 0.05)
    rows = []
    for side in (1.0, -1.0):
        size = chance.uniform((8.0, 7.5), (12.5, 12.0), (len(line), 2))
        off = CLEAR_M + chance.uniform(0.6, 3.5, len(line)) + size[:, 1] / 2
        middle = spot + side * off[:, None] * np.column_stack([-ahead[:, 1], ahead[:, 0]])
        turn = np.degrees(np.arctan2(ahead[:, 1], ahead[:, 0])) + chance.uniform(-3, 3, len(line))
        rows.append(_rectangles(middle, size, turn)[chance.random(len(line)) < built])
    return np.concatenate(rows)


def _rectangles(middles: np.ndarray, size: np.ndarray, turn_deg: np.ndarray) -> np.ndarray:
    """Middles (n, 2), width and depth (n, 2), counter-clockwise from east (n,)."""
    corner = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    local = corner[None] * size[:, None]
    cos, sin = np.cos(np.radians(turn_deg))[:, None], np.sin(np.radians(turn_deg))[:, None]
    turned = np.stack([local[..., 0] * cos - local[..., 1] * sin, local[..., 0] * sin + local[..., 1] * cos], axis=-1)
    return shapely.polygons(middles[:, None] + turned)


def _free(outlines: np.ndarray, lines: np.ndarray, eyes: np.ndarray, land: Any) -> np.ndarray:
    """(n,) bool: on land, off the streets and cameras, and clear of every earlier building that stays."""
    free = shapely.contains(land, outlines)
    tree = shapely.STRtree(outlines)
    free[tree.query(lines, predicate="dwithin", distance=CLEAR_M)[1]] = False
    free[tree.query(shapely.points(eyes), predicate="dwithin", distance=CAMERA_CLEAR_M)[1]] = False
    pairs = tree.query(outlines, predicate="dwithin", distance=0.4).T
    for earlier, later in pairs[(pairs[:, 0] < pairs[:, 1])][np.lexsort(pairs[pairs[:, 0] < pairs[:, 1]].T)].tolist():
        if free[earlier]:
            free[later] = False
    return free


def _poles(
    lines: np.ndarray, kinds: list[str], outlines: np.ndarray, land: Any
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    counts = np.floor(shapely.length(lines) / POLE_STEP_M).astype(int)
    line = np.repeat(np.arange(len(lines)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    nth = np.arange(len(line)) - first
    beside = np.where(nth % 2 == 0, POLE_OFF_M, -POLE_OFF_M)
    along = (nth + 0.5) * POLE_STEP_M
    spot, ahead = (shapely.get_coordinates(shapely.line_interpolate_point(lines[line], along + d)) for d in (0.0, 0.5))
    step = (ahead - spot) / np.maximum(np.hypot(*(ahead - spot).T), 1e-9)[:, None]
    poles = spot + beside[:, None] * np.column_stack([-step[:, 1], step[:, 0]])
    stands = shapely.contains_xy(land, poles[:, 0], poles[:, 1])
    stands[shapely.STRtree(shapely.points(poles)).query(outlines, predicate="intersects")[1]] = False
    main = np.isin(np.array(kinds)[line], ("primary", "secondary", "tertiary"))
    return poles[stands], main[stands]


def _trouble(
    here: np.ndarray, places: Sequence[Spot], chance: np.random.Generator
) -> list[tuple[str, np.ndarray, float]]:  # fmt: skip
    """Invented spots of crashes, crime reports, littering and floods, and mosques and schools nobody registered."""
    near = {"junction": ("crash", "crime"), "market": ("crime", "littering"), "waste": ("littering",),
            "riverbank": ("flood",), "bridge": ("flood", "crash"), "housing": ("flood", "worship"),
            "park": ("crowd", "crime"), "port": ("crime", "transport"), "school": ("crash",)}  # fmt: skip
    found = []
    for middle, place in zip(here, places, strict=True):
        for kind in (*near.get(place.kind, ()), "worship", "school"):
            spot = middle + chance.uniform(60, 190) * _towards(chance.uniform(0, 360))
            found.append((kind, spot, float(chance.integers(1, 6)) if kind in ("crash", "crime", "littering") else 1.0))
    return found
