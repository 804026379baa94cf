"""Where a camera could hang, and what it would see from there in each direction and with each lens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from satukota.base.errors import UserError
from satukota.city.models import Feeder, Place
from satukota.rules.coverage.purposes import scene_width
from satukota.shared.coverage import measuring
from satukota.shared.ground import queries as ground

from ..models import PartnerOffer
from .asking import Asked

Array = np.ndarray
DIRECTIONS = 8
NEAR_M = 120.0  # a place from which no unseen point is this near is no candidate
CELL_M = 12.0  # of candidates this near to each other the best equipped stays
CORNER_CELL_M = 60.0  # one corner of a building per so much, and only where nothing else stands
FORBIDDEN_M = 60.0  # around a forbidden place
PRIVATE_M = 15.0  # yard around a place that is private
AT_ONCE = 64  # sites looked from at once: bounds the memory
MOST_OPTIONS = 400_000  # in one problem; with more sites fewer ways of each are kept
LENGTHENED = 1.3  # a cable runs along streets, not as the crow flies
OFFER_LIGHT_M = 30.0  # of a partner's camera, as of a city's whose register does not say
RANK = {"pole": 2, "lamp": 1, "signal": 1, "mast": 1, "junction": 3, "corner": 4}


@dataclass(frozen=True)
class Lens:
    fov_deg: float
    width_px: int
    range_m: float
    light_m: float  # how far its own infrared shows people: what makers of such cameras commonly promise

    def reach_m(self, *, night: bool) -> float:
        return min(self.range_m, self.light_m) if night else self.range_m


LENSES = {
    "wide": Lens(90.0, 2560, 100.0, 40.0), "normal": Lens(60.0, 2560, 170.0, 60.0),
    "tele": Lens(30.0, 2560, 300.0, 100.0), "round": Lens(360.0, 8192, 95.0, 30.0),
}  # fmt: skip


@dataclass(frozen=True)
class Sites:
    """n places for a camera; `xy` (n, 2) metres, `link_m` (n,) of cable to the nearest link (0: it is there)."""

    xy: Array
    kind: list[str]
    code: list[str]
    height_m: Array
    has_power: Array
    link_m: Array

    def __len__(self) -> int:
        return len(self.xy)

    def at(self, chosen: Array) -> Sites:
        picked = chosen.tolist()
        return Sites(self.xy[chosen], [self.kind[n] for n in picked], [self.code[n] for n in picked],
                     self.height_m[chosen], self.has_power[chosen], self.link_m[chosen])  # fmt: skip


@dataclass(frozen=True)
class Ways:
    """o ways to look: CSR of the points each sees sharply enough, and where, how, with what."""

    indptr: Array
    points: Array
    site: Array
    lens: Array  # index into the list of lenses asked for; -1: as the partner's camera is
    bearing_deg: Array


class Stopped(Exception):
    """Somebody asked to stop before there was anything to keep."""


def sites_for(asked: Asked, wanted_xy: Array, wanted_weight: Array) -> Sites:
    """Places near to what is unseen, at most `asked.most_sites`, those with the most around them. Raises UserError."""
    found = _every_site(wanted_xy)
    found = found.at(np.flatnonzero(~forbidden(asked, found.xy)))
    around = _around(found.xy, wanted_xy, wanted_weight)
    found, around = found.at(np.flatnonzero(around > 0)), around[around > 0]
    keep = _one_a_cell(found)
    found, around = found.at(keep), around[keep]
    best = np.sort(np.argsort(-around, kind="stable")[: asked.most_sites])
    return found.at(best)


def _every_site(wanted_xy: Array) -> Sites:
    stand = ground.structures()
    links = _feeders("link")
    corners = _corners(stand.xy, wanted_xy)
    xy = np.concatenate([stand.xy, corners])
    kind = [*stand.kinds.tolist(), *["corner"] * len(corners)]
    code = [*stand.codes.tolist(), *(f"SB-{n:05}" for n in range(1, len(corners) + 1))]
    near_link = np.concatenate([stand.has_link == 1, np.zeros(len(corners), bool)])
    power = np.concatenate([stand.has_power == 1, np.ones(len(corners), bool)])  # a house has power
    links = np.concatenate([links, stand.xy[stand.has_link == 1]])
    height = np.array([4.0 if each == "corner" else 6.0 for each in kind])
    return Sites(xy, kind, code, height, power, np.where(near_link, 0.0, link_m(xy, links)))


def _feeders(kind: str) -> Array:
    rows = Feeder.objects.filter(kind=kind, ended_on=None).exclude(lon=None).values_list("lon", "lat")
    return ground.plane().to_metres(np.array(list(rows), float).reshape(-1, 2))


UNKNOWN_LINK_M = 1_000.0  # where no link is registered at all


def link_m(xy: Array, links: Array) -> Array:
    """Metres of cable to the nearest link."""
    if not len(links) or not len(xy):
        return np.full(len(xy), UNKNOWN_LINK_M)
    tree = shapely.STRtree(shapely.points(links))
    _which, found = tree.query_nearest(shapely.points(xy), return_distance=True, all_matches=False)
    return found * LENGTHENED


def known_links() -> Array:
    """Where a new cable can begin, (k, 2) metres."""
    stand = ground.structures()
    return np.concatenate([_feeders("link"), stand.xy[stand.has_link == 1]])


def _corners(stand_xy: Array, wanted_xy: Array) -> Array:
    """Corners of buildings near to what is unseen and far from every pole, a little outside the wall: (k, 2)."""
    walls = ground.buildings().polygons
    if not len(walls) or not len(wanted_xy):
        return np.empty((0, 2))
    xy, which = shapely.get_coordinates(shapely.convex_hull(walls), return_index=True)
    middle = shapely.get_coordinates(shapely.centroid(walls))[which]
    outwards = xy - middle
    xy = xy + 0.4 * outwards / np.maximum(np.hypot(*outwards.T), 1e-6)[:, None]
    near = shapely.STRtree(shapely.points(xy)).query(shapely.points(wanted_xy), predicate="dwithin", distance=20.0)[1]
    xy = xy[np.unique(near)]
    if len(stand_xy) and len(xy):
        taken = shapely.STRtree(shapely.points(xy)).query(
            shapely.points(stand_xy), predicate="dwithin", distance=CORNER_CELL_M / 2
        )[1]
        xy = np.delete(xy, np.unique(taken), axis=0)
    return xy[np.sort(np.unique(np.floor(xy / CORNER_CELL_M), axis=0, return_index=True)[1])]


def forbidden(asked: Asked, xy: Array) -> Array:
    """Which of these places (n, 2) are near a forbidden place or in a forbidden area: (n,) bool."""
    no = np.zeros(len(xy), bool)
    rows = list(Place.objects.filter(pk__in=asked.forbidden_places).values_list("lon", "lat"))
    if rows and len(xy):
        for spot in ground.plane().to_metres(np.array(rows, float)):
            no |= np.hypot(*(xy - spot).T) <= FORBIDDEN_M
    for area in polygons(asked.forbidden_areas):
        no |= shapely.intersects_xy(area, xy[:, 0], xy[:, 1])
    return no


def polygons(rings: Sequence[Any]) -> list[Any]:
    """Rings of [lon, lat] as polygons in metres. Raises UserError for what is no area."""
    found = []
    for ring in rings:
        try:
            area = ground.plane().shape_to_metres(shapely.Polygon(ring))
        except (ValueError, TypeError, shapely.errors.GEOSException) as problem:
            raise UserError(_("Ada daerah yang bukan bidang."), fix=_("Gambar paling sedikit tiga titik.")) from problem
        found.append(shapely.make_valid(area))
    return found


def _around(xy: Array, wanted_xy: Array, weight: Array) -> Array:
    """Weight of what is unseen within NEAR_M of each place."""
    sums = np.zeros(len(xy))
    if len(xy) and len(wanted_xy):
        tree = shapely.STRtree(shapely.points(wanted_xy))
        for first in range(0, len(xy), 4096):
            part = shapely.points(xy[first : first + 4096])
            site, point = tree.query(part, predicate="dwithin", distance=NEAR_M)
            sums[first : first + 4096] = np.bincount(site, weight[point], len(part))
    return sums


def _one_a_cell(sites: Sites) -> Array:
    """Of places in one cell: what has a link and power first, then the kind that costs least."""
    rank = np.array([RANK.get(kind, 5) for kind in sites.kind]) - 10 * (sites.link_m == 0) - 5 * sites.has_power
    order = np.lexsort((np.arange(len(sites)), rank))
    first = np.unique(np.floor(sites.xy[order] / CELL_M), axis=0, return_index=True)[1]
    return np.sort(order[first])


def private_points(asked: Asked) -> Array:
    """Points nobody may be recognised at: (p, 2) metres."""
    rows = list(Place.objects.filter(kind__in=asked.private_kinds).values_list("lon", "lat"))
    middles = ground.plane().to_metres(np.array(rows, float).reshape(-1, 2))
    turn = np.radians(np.arange(0, 360, 45))
    ring = np.concatenate([[[0.0, 0.0]], PRIVATE_M * np.column_stack([np.sin(turn), np.cos(turn)])])
    found = [(middles[:, None, :] + ring[None, :, :]).reshape(-1, 2)]
    for area in polygons(asked.private_areas):
        west, south, east, north = area.bounds
        x, y = np.meshgrid(np.arange(west, east + 8, 8.0), np.arange(south, north + 8, 8.0))
        grid = np.column_stack([x.ravel(), y.ravel()])
        found.append(grid[shapely.intersects_xy(area, grid[:, 0], grid[:, 1])])
    return np.concatenate(found)


def look(
    sites: Sites, asked: Asked, xy: Array, needed: Array, worth: Array, *,
    tell: Callable[[int, int], None] = lambda _done, _all: None, stop: Callable[[], bool] = lambda: False,
) -> Ways:  # fmt: skip
    """Every way to look from every site: one look all round each, cut into directions and lenses. Raises Stopped.

    A sector seen from a place is what is seen all round from there, where the bearing is within the sector and the
    sharpness of its lens is enough; so the geometry is asked once a site, not once a way.
    """
    private = private_points(asked)
    every = np.concatenate([xy, private])
    ways_kept = max(3, MOST_OPTIONS // max(1, len(sites)))
    held = _Held()
    for first in range(0, len(sites), AT_ONCE):
        if stop():
            raise Stopped
        some = sites.at(np.arange(first, min(first + AT_ONCE, len(sites))))
        for n, seen in enumerate(all_round(some, every, asked.lenses)):
            held.add(first + n, _cut(some.xy[n], float(some.height_m[n]), seen, asked, every, len(xy), needed), worth,
                     ways_kept)  # fmt: skip
        tell(min(first + AT_ONCE, len(sites)), len(sites))
    return held.ways()


def all_round(sites: Sites, xy: Array, lenses: Sequence[str]) -> list[Array]:
    """What is in sight all round from each site, whatever the sharpness: point numbers."""
    from satukota.rules.coverage import Viewpoint, sees

    reach = max(LENSES[lens].range_m for lens in lenses)
    eyes = [
        Viewpoint(float(x), float(y), bearing_deg=None, fov_deg=360.0, range_m=reach, height_m=float(height))
        for (x, y), height in zip(sites.xy, sites.height_m, strict=True)
    ]
    seen = sees(measuring.scene(), eyes, xy, target_height_m=measuring.TARGET_HEIGHT_M)
    return [seen.points[seen.indptr[n] : seen.indptr[n + 1]] for n in range(len(eyes))]


def _cut(
    at: Array, height_m: float, seen: Array, asked: Asked, every: Array, public: int, needed: Array
) -> list[tuple[int, float, Array]]:
    """(lens, bearing, points) of each way from one site that sees something and nothing private too sharply."""
    away = every[seen] - at
    flat = np.hypot(*away.T)
    slant = np.hypot(flat, height_m)
    bearing = np.degrees(np.arctan2(away[:, 0], away[:, 1]))
    is_private = seen >= public
    least = np.where(is_private, asked.private_px, needed[np.minimum(seen, public - 1)] if public else 0.0)
    found = []
    for n, name in enumerate(asked.lenses):
        lens = LENSES[name]
        # At night it is enough to see nothing private by day: what is dark then is lit in the morning.
        far = np.where(is_private, lens.range_m, lens.reach_m(night=asked.is_night))
        sharp = (flat <= far) & (lens.width_px >= least * slant * scene_width(lens.fov_deg))
        turns = 1 if lens.fov_deg >= 360 else DIRECTIONS
        for turn in range(turns):
            ahead = turn * 360.0 / turns
            inside = sharp & (np.abs((bearing - ahead + 180) % 360 - 180) <= lens.fov_deg / 2)
            if inside.any() and not (inside & is_private).any():
                found.append((n, ahead, seen[inside]))
    return found


class _Held:
    """Ways as they are found; only the most worthy of each site are kept."""

    def __init__(self) -> None:
        self.points: list[Array] = []
        self.site: list[int] = []
        self.lens: list[int] = []
        self.bearing: list[float] = []

    def add(self, site: int, found: list[tuple[int, float, Array]], worth: Array, most: int) -> None:
        value = [float(worth[points].sum()) for _lens, _bearing, points in found]
        order = sorted((n for n in range(len(found)) if value[n] > 0), key=lambda n: -value[n])[:most]
        for n in order:
            lens, bearing, points = found[n]
            self.points.append(points[worth[points] > 0].astype(np.int32))
            self.site.append(site)
            self.lens.append(lens)
            self.bearing.append(bearing)

    def ways(self) -> Ways:
        lengths = [len(points) for points in self.points]
        return Ways(
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            np.concatenate([np.empty(0, np.int32), *self.points]), np.array(self.site, np.int64),
            np.array(self.lens, np.int64), np.array(self.bearing, float),
        )  # fmt: skip


def offers(asked: Asked) -> list[PartnerOffer]:
    return list(PartnerOffer.objects.filter(ended_on=None).order_by("pk")) if asked.use_partners else []


def seen_by_offer(offer: PartnerOffer, xy: Array, needed: Array, *, night: bool = False) -> Array:
    """Points a partner's camera sees sharply enough, as it hangs."""
    from satukota.rules.coverage import Viewpoint, sees

    (x, y) = ground.plane().to_metres([[offer.lon, offer.lat]])[0]
    eye = Viewpoint(float(x), float(y), bearing_deg=offer.bearing_deg, fov_deg=offer.fov_deg, range_m=offer.range_m,
                    height_m=offer.height_m, width_px=offer.width_px, light_m=OFFER_LIGHT_M)  # fmt: skip
    seen = sees(measuring.scene(), [eye], xy, target_height_m=measuring.TARGET_HEIGHT_M, night=night)
    return seen.points[seen.px_per_m >= needed[seen.points]]
