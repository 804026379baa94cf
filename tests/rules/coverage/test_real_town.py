"""Liechtenstein's 17,717 real footprints: all taken, seen exactly; over low ones as GDAL sees it on a raster.

The data lie in the folder `shared` beside the checkout; skipped where it is absent. COVERAGE_RASTER=1 runs
gdal_viewshed; docs/coverage-geometry.md has the agreement.
"""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from satukota.rules.coverage import Plane, Scene, Viewpoint, areas_m2, inside, views
from tests.rules.coverage.judges import plain_view

ROOT = Path(__file__).resolve().parents[3]
FOOTPRINTS = ROOT.parent / "shared/data/geo/liechtenstein_buildings.parquet"
raster = pytest.mark.skipif(not os.environ.get("COVERAGE_RASTER"), reason="only with COVERAGE_RASTER=1")


@cache
def town() -> np.ndarray:
    if not FOOTPRINTS.is_file():
        pytest.skip("no shared/data/geo beside the checkout")
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow reads the footprints here")
    table = parquet.read_table(FOOTPRINTS, columns=["geometry"])
    return Plane.of(9.5, 47.1).shape_to_metres(shapely.from_wkb(table["geometry"].to_pylist()))


def eyes_in(footprints: np.ndarray, count: int, **other: Any) -> list[Viewpoint]:
    """Beside buildings, two metres from a wall."""
    rng = np.random.default_rng(17)
    corners = shapely.get_coordinates(shapely.get_exterior_ring(shapely.convex_hull(footprints)))
    chosen = corners[rng.choice(len(corners), count)] + rng.uniform(-2, 2, (count, 2))
    return [Viewpoint(x, y, rng.uniform(0, 360), 90, 60, **other) for x, y in chosen.tolist()]


def test_a_real_town_is_taken_whole_and_seen_exactly() -> None:
    footprints = town()
    scene = Scene(list(footprints))
    assert len(footprints) == 17_717
    assert len(scene) + sum(not left.mended for left in scene.left_out) == len(footprints)
    assert {left.why for left in scene.left_out} <= {"duplicate"}
    eyes = eyes_in(footprints, 25)
    regions, shut = views(scene, eyes), inside(scene, eyes)
    assert shapely.is_valid(regions).all()
    tree = shapely.STRtree(footprints)
    for eye, region, body in zip(eyes, regions, shut, strict=True):
        assert region.is_empty or body < 0
        near = footprints[tree.query(shapely.Point(eye.x, eye.y).buffer(60))]
        want = plain_view(list(near), [None] * len(near), eye)
        assert region.symmetric_difference(want).area < 1e-4


@raster
def test_gdal_sees_the_same_ground_over_low_houses(tmp_path: Path) -> None:
    if shutil.which("gdal_viewshed") is None or shutil.which("gdal_rasterize") is None:
        pytest.skip("no gdal_viewshed (gdal-bin)")
    rng = np.random.default_rng(3)
    houses = [
        shapely.box(x, y, x + 8, y + 8) for x in range(-60, 60, 20) for y in range(-60, 60, 20) if abs(x) + abs(y) > 20
    ]
    heights = rng.choice([2.0, 3.0, 5.0], len(houses)).tolist()
    eye = Viewpoint(0.125, 0.125, None, 360, 55, height_m=6.0)
    cells = gdal_viewshed(tmp_path, houses, heights, eye, 0.25)
    ground = shapely.union_all(houses)
    spots = shapely.points(cells[0], cells[1])
    on_ground = ~shapely.intersects(ground.buffer(0.5), spots) & (np.hypot(cells[0], cells[1]) < 54)
    want = shapely.intersects(views(Scene(houses, heights), [eye])[0], spots)
    agree = (want == cells[2])[on_ground].mean()
    print(f"gdal_viewshed agrees on {agree:.4%} of {on_ground.sum()} ground cells of 0.25 m")
    assert agree > 0.97
    assert areas_m2(Scene(houses, heights), [eye])[0] < areas_m2(Scene([]), [eye])[0]


def gdal_viewshed(folder: Path, houses: list[Any], heights: list[float], eye: Viewpoint, cell: float) -> Any:
    """x, y and seen (n,) of all cells of a raster around the eye."""
    shapes = [
        {"type": "Feature", "properties": {"h": height}, "geometry": json.loads(shapely.to_geojson(house))}
        for house, height in zip(houses, heights, strict=True)
    ]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32650"}}
    (folder / "houses.json").write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": shapes}))
    box = ["-te", "-70", "-70", "70", "70", "-tr", str(cell), str(cell)]
    subprocess.run(
        ["gdal_rasterize", "-q", "-a", "h", "-init", "0", *box, "houses.json", "h.tif"], cwd=folder, check=True
    )
    look = ["-ox", str(eye.x), "-oy", str(eye.y), "-oz", str(eye.height_m), "-tz", "0", "-md", "60", "-cc", "0"]
    subprocess.run(["gdal_viewshed", "-q", *look, "h.tif", "seen.tif"], cwd=folder, check=True)
    subprocess.run(["gdal_translate", "-q", "-of", "XYZ", "seen.tif", "seen.xyz"], cwd=folder, check=True)
    table = np.loadtxt(folder / "seen.xyz")
    return table[:, 0], table[:, 1], table[:, 2] > 0
