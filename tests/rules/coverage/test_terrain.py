"""Ground that rises hides what lies behind it: against a plain recount, and GDAL and GRASS by option.

COVERAGE_RASTER=1 runs gdal_viewshed and GRASS r.viewshed; docs/coverage-geometry.md has the agreement.
"""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import shapely

from satukota.rules.coverage import Scene, Terrain, Viewpoint, areas_m2, sees, views

raster = pytest.mark.skipif(not os.environ.get("COVERAGE_RASTER"), reason="only with COVERAGE_RASTER=1")
WEST, NORTH = 500_000.0, 20_000.0
TARGET_M = 1.0  # of what is looked for: above the ground, the line ends clear of it


def hills(seed: int, *, step_m: float = 5.0, size: int = 80, most_m: float = 25.0) -> Terrain:
    """Smooth ground of a few round hills."""
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[:size, :size]
    heights = np.full((size, size), 10.0)
    for _hill in range(12):
        y, x, wide = rng.uniform(0, size), rng.uniform(0, size), rng.uniform(4, 12)
        heights += rng.uniform(0.2, 1.0) * most_m * np.exp(-((row - y) ** 2 + (column - x) ** 2) / (2 * wide**2))
    return Terrain(WEST, NORTH, step_m, heights.astype(np.float32))


def plain_height(ground: Terrain, x: float, y: float) -> float:
    """Bilinear between the middles of cells, in the slowest words."""
    column, row = (x - ground.west) / ground.step_m - 0.5, (ground.north - y) / ground.step_m - 0.5
    i, j = min(int(row), len(ground.heights) - 2), min(int(column), ground.heights.shape[1] - 2)
    down, right = row - i, column - j
    four = ground.heights[i : i + 2, j : j + 2].astype(float)
    return float(np.array([1 - down, down]) @ four @ np.array([1 - right, right]))


def plainly_hidden(ground: Terrain, eye: Viewpoint, spot: np.ndarray, looks: int = 2000) -> float:
    """How far (m) the ground rises above the line of sight at most; below 0: in sight."""
    z0 = plain_height(ground, eye.x, eye.y) + eye.height_m
    z1 = plain_height(ground, *spot) + TARGET_M
    share = np.linspace(0, 1, looks)[1:-1]
    line = z0 + share * (z1 - z0)
    rise = [plain_height(ground, eye.x + t * (spot[0] - eye.x), eye.y + t * (spot[1] - eye.y)) for t in share]
    return float((np.array(rise) - line).max())


def test_points_are_hidden_where_a_plain_recount_finds_ground_above_the_line() -> None:
    rng = np.random.default_rng(5)
    wrong = asked = hidden = 0
    for seed in range(4):
        ground = hills(seed)
        x, y = np.array([WEST, NORTH]) + rng.uniform(100, 300, 2) * (1, -1)
        eye = Viewpoint(float(x), float(y), None, 360, 180, height_m=5.0)
        spots = np.array([eye.x, eye.y]) + rng.uniform(-120, 120, (60, 2))
        spots = spots[(np.abs(spots - (WEST + 200, NORTH - 200)) < 190).all(axis=1)]
        found = set(sees(Scene([], terrain=ground), [eye], spots, target_height_m=TARGET_M).points.tolist())
        flat = set(sees(Scene([]), [eye], spots, target_height_m=TARGET_M).points.tolist())
        for n in sorted(flat):
            rise = plainly_hidden(ground, eye, spots[n], 400)
            if abs(rise) > 0.05:  # what nearly grazes may be judged either way
                asked += 1
                hidden += rise > 0
                wrong += (n in found) != (rise < 0)
    assert asked > 120 and hidden > 30 and wrong == 0


def test_a_ridge_hides_the_valley_behind_it_and_flat_or_unknown_ground_nothing() -> None:
    heights = np.zeros((40, 40), np.float32)
    heights[:, 20] = 8.0  # a dam 8 m high, 100 m east of the western border
    eye, spots = Viewpoint(WEST + 50, NORTH - 100, 90, 90, 140, height_m=5.0), [(WEST + 150.0, NORTH - 100.0)]
    dam = Terrain(WEST, NORTH, 5.0, heights)
    assert sees(Scene([]), [eye], spots).points.tolist() == [0]
    assert sees(Scene([], terrain=dam), [eye], spots).points.tolist() == []
    flat, behind = areas_m2(Scene([]), [eye])[0], areas_m2(Scene([], terrain=dam), [eye])[0]
    assert behind < 0.6 * flat
    for level in (np.zeros((40, 40), np.float32), np.full((40, 40), np.nan, np.float32)):
        ground = Terrain(WEST, NORTH, 5.0, level)
        assert areas_m2(Scene([], terrain=ground), [eye])[0] == pytest.approx(flat, rel=1e-9)
    away = Viewpoint(WEST + 5_000, NORTH, 90, 90, 100)
    assert areas_m2(Scene([], terrain=dam), [away])[0] == pytest.approx(areas_m2(Scene([]), [away])[0])


def test_a_slope_that_only_leans_hides_nothing_and_buildings_still_do() -> None:
    row, column = np.mgrid[:60, :60]
    ground = Terrain(WEST, NORTH, 2.0, (0.15 * column - 0.08 * row).astype(np.float32))
    eye, house = (
        Viewpoint(WEST + 60, NORTH - 60, 90, 120, 40),
        shapely.box(WEST + 70, NORTH - 62, WEST + 75, NORTH - 58),
    )
    (open_,) = areas_m2(Scene([], terrain=ground), [eye])
    assert open_ == pytest.approx(areas_m2(Scene([]), [eye])[0], rel=1e-6)
    (region,) = views(Scene([house], terrain=ground), [eye])
    assert region.is_valid and region.area < open_ - 50 and not region.contains(shapely.Point(WEST + 85, NORTH - 60))


def test_views_are_valid_agree_with_points_up_to_a_cell_and_come_out_the_same_twice() -> None:
    ground = hills(9)
    eye = Viewpoint(WEST + 200, NORTH - 200, None, 360, 150, height_m=5.0)
    scene = Scene([], terrain=ground)
    (region,), (again,) = views(scene, [eye]), views(scene, [eye])
    assert region.is_valid and region.equals_exact(again, 0)
    rng = np.random.default_rng(2)
    spots = np.array([eye.x, eye.y]) + rng.uniform(-140, 140, (500, 2))
    seen = np.isin(np.arange(len(spots)), sees(scene, [eye], spots).points)
    shape = shapely.contains_xy(region, spots)
    near = shapely.distance(region.boundary, shapely.points(spots)) <= ground.step_m * 1.5
    assert (seen == shape)[~near].all() and (seen == shape).mean() > 0.9


@pytest.mark.parametrize("wrong", [
    {"heights": np.zeros((3, 3))}, {"heights": np.zeros(9, np.float32)}, {"heights": np.zeros((1, 9), np.float32)},
    {"step_m": 0.0}, {"step_m": float("nan")}, {"step_m": 1e-5}, {"west": float("inf")},
])  # fmt: skip
def test_what_is_no_raster_is_refused(wrong: dict) -> None:
    told = {"west": WEST, "north": NORTH, "step_m": 5.0, "heights": np.zeros((3, 3), np.float32)} | wrong
    with pytest.raises(ValueError, match=r"heights|step_m|west"):
        Terrain(**told)


def _cells(ground: Terrain, eye: Viewpoint) -> tuple[np.ndarray, np.ndarray]:
    """Middles of all cells within range, and whether we see them."""
    rows, columns = ground.heights.shape
    x = ground.west + (np.arange(columns) + 0.5) * ground.step_m
    y = ground.north - (np.arange(rows) + 0.5) * ground.step_m
    middles = np.column_stack([np.tile(x, rows), np.repeat(y, columns)])
    inside = np.hypot(*(middles - (eye.x, eye.y)).T) < eye.range_m - ground.step_m
    seen = np.isin(np.arange(len(middles)), sees(Scene([], terrain=ground), [eye], middles).points)
    return inside, seen


def _as_grid(path: Path, ground: Terrain) -> None:
    rows, columns = ground.heights.shape
    head = (f"ncols {columns}\nnrows {rows}\nxllcorner {ground.west}\nyllcorner {ground.north - rows * ground.step_m}\n"
            f"cellsize {ground.step_m}\nNODATA_value -9999\n")  # fmt: skip
    path.write_text(head + "\n".join(" ".join(f"{h:.4f}" for h in row) for row in ground.heights))


@raster
def test_gdal_sees_the_same_cells(tmp_path: Path) -> None:
    if shutil.which("gdal_viewshed") is None:
        pytest.skip("gdal_viewshed is not here")
    same = asked = 0
    for seed in range(10):
        ground = hills(seed)
        eye = Viewpoint(WEST + 202.5, NORTH - 202.5, None, 360, 180, height_m=5.0)
        _as_grid(tmp_path / "ground.asc", ground)
        subprocess.run(
            ["gdal_viewshed", "-q", "-ox", str(eye.x), "-oy", str(eye.y), "-oz", "5", "-tz", "0", "-md", "180",
             "-cc", "0", str(tmp_path / "ground.asc"),
             str(tmp_path / "seen.tif")],
            check=True, capture_output=True,
        )  # fmt: skip
        theirs = _read(tmp_path / "seen.tif", ground) > 0
        inside, ours = _cells(ground, eye)
        same, asked = same + int((ours == theirs)[inside].sum()), asked + int(inside.sum())
    print(f"gdal_viewshed: {same / asked:.4f} of {asked} cells")
    assert same / asked > 0.95


def _read(path: Path, ground: Terrain) -> np.ndarray:
    """What an engine saw, on the cells of the ground (it may have cut its file to the range)."""
    rasterio = pytest.importorskip("rasterio")
    with rasterio.open(path) as found:
        values, (left, top) = found.read(1), (found.bounds.left, found.bounds.top)
    whole = np.zeros(ground.heights.shape)
    i, j = round((ground.north - top) / ground.step_m), round((left - ground.west) / ground.step_m)
    whole[i : i + values.shape[0], j : j + values.shape[1]] = values
    return whole.ravel()


@raster
def test_grass_sees_the_same_cells(tmp_path: Path) -> None:
    if shutil.which("grass") is None:
        pytest.skip("GRASS is not here")
    same = asked = 0
    for seed in range(4):
        ground = hills(seed)
        eye = Viewpoint(WEST + 202.5, NORTH - 202.5, None, 360, 180, height_m=5.0)
        _as_grid(tmp_path / "ground.asc", ground)
        (tmp_path / "seen.tif").unlink(missing_ok=True)
        words = (
            f"r.in.gdal -o input={tmp_path}/ground.asc output=ground --q && g.region raster=ground && "
            f"r.viewshed -b input=ground output=seen coordinates={eye.x},{eye.y} observer_elevation=5 "
            f"target_elevation=0 max_distance=180 --q && "
            f"r.out.gdal -f input=seen output={tmp_path}/seen.tif type=Byte --q --o"
        )
        subprocess.run(
            ["grass", "--tmp-location", "XY", "--exec", "bash", "-c", words], check=True, capture_output=True,
            env={**os.environ, "HOME": str(tmp_path)},
        )  # fmt: skip
        inside, ours = _cells(ground, eye)
        theirs = _read(tmp_path / "seen.tif", ground) > 0
        same, asked = same + int((ours == theirs)[inside].sum()), asked + int(inside.sum())
    print(f"r.viewshed: {same / asked:.4f} of {asked} cells")
    assert same / asked > 0.93
