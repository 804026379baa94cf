"""Siting on real streets: poles along them, eight directions each, what buildings leave in sight, real distances in the
cost. The streets and buildings are those of Liechtenstein (OpenStreetMap, ODbL), from the folder beside the checkout.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import shapely
from scipy.spatial import cKDTree

from satukota.rules.coverage import Plane, Scene, Viewpoint, sees
from satukota.rules.siting import Problem

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "geo"
WEIGHT = {"primary": 6, "secondary": 5, "pedestrian": 5, "tertiary": 4, "residential": 3, "unclassified": 2}
POINT_EVERY_M, POLE_EVERY_M, POLE_BESIDE_M = 10.0, 60.0, 3.0
DIRECTIONS, FOV_DEG, RANGE_M = 8, 90.0, 60.0
POLE_RP, CABLE_RP_PER_M, LONGEST_CABLE_M = 50_000_000, 100_000, 400.0
BUDGET_RP, YEARLY_BUDGET_RP = 66 * POLE_RP, 66 * 4_000_000
AREAS, FLOOR = 6, 0.01


def there() -> bool:
    return (FOLDER / "liechtenstein_streets.parquet").exists()


def streets_problem(*, plain: bool = False) -> Problem:
    """About 4,500 poles x 8 directions. plain: one budget only; else a yearly one, floors and two views on main roads
    as well."""
    streets, kinds, scene = _ground()
    points, kind = _along(streets, kinds, POINT_EVERY_M)
    poles = _poles(streets, kinds, scene)
    eyes = [
        Viewpoint(x, y, bearing_deg=45.0 * turn, fov_deg=FOV_DEG, range_m=RANGE_M)
        for x, y in poles
        for turn in range(DIRECTIONS)
    ]
    seen = sees(scene, eyes, points)
    cable_m = cKDTree(points[np.isin(kind, ["primary", "secondary"])]).query(poles)[0].clip(0, LONGEST_CABLE_M)
    cost = POLE_RP + (cable_m * CABLE_RP_PER_M).round(-5).astype(np.int64)
    cost = np.repeat(cost, DIRECTIONS)
    north = points[:, 1]
    bands = np.searchsorted(np.quantile(north, np.linspace(0, 1, AREAS + 1)[1:-1]), north)
    known = {} if plain else {
        "yearly_rp": cost // 16, "yearly_budget_rp": YEARLY_BUDGET_RP, "area": bands, "floor": np.full(AREAS, FLOOR),
        "needs": np.where(kind == "primary", 2, 1),
    }  # fmt: skip
    return Problem(
        seen.indptr,
        seen.points,
        np.array([WEIGHT[each] for each in kind], float),
        cost_rp=cost,
        budget_rp=BUDGET_RP,
        site=np.repeat(np.arange(len(poles)), DIRECTIONS),
        **known,
    )


def _ground() -> tuple[np.ndarray, np.ndarray, Scene]:
    table = parquet.read_table(FOLDER / "liechtenstein_streets.parquet")
    kinds = np.array(table.column("highway").to_pylist())
    lines = shapely.from_wkb(table.column("geometry").to_pylist())
    wanted = np.isin(kinds, list(WEIGHT))
    lon, lat = shapely.get_coordinates(shapely.centroid(lines[0]))[0]
    plane = Plane.of(lon, lat)
    buildings = shapely.from_wkb(
        parquet.read_table(FOLDER / "liechtenstein_buildings.parquet").column("geometry").to_pylist()
    )
    streets = np.array([plane.shape_to_metres(line) for line in lines[wanted]])
    return streets, kinds[wanted], Scene([plane.shape_to_metres(building) for building in buildings])


def _along(streets: np.ndarray, kinds: np.ndarray, every_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Points on the streets, and the kind of street each is on."""
    counts = np.maximum(1, (shapely.length(streets) // every_m).astype(int))
    of = np.repeat(np.arange(len(streets)), counts)
    rank = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
    at = shapely.line_interpolate_point(streets[of], (rank + 0.5) / counts[of], normalized=True)
    return shapely.get_coordinates(at), kinds[of]


def _poles(streets: np.ndarray, kinds: np.ndarray, scene: Scene) -> np.ndarray:
    """Places beside the streets, no two within 15 m."""
    places, _ = _along(streets, kinds, POLE_EVERY_M)
    places = places + POLE_BESIDE_M
    keep = np.ones(len(places), bool)
    for one, other in sorted(cKDTree(places).query_pairs(15.0)):
        if keep[one]:
            keep[other] = False
    return places[keep]
