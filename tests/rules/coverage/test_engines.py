"""Other exact engines on the workload: visilibity where it is installed; npm and CGAL when asked for.

COVERAGE_ENGINES=1 fetches npm visibility-polygon into a temporary folder, and compiles views.cpp against CGAL
(libcgal-dev, g++; half a minute).
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from benchmarks import coverage_peers as peers
from benchmarks import coverage_workload as workload
from satukota.rules.coverage import Scene, Viewpoint, union, views

asked = pytest.mark.skipif(not os.environ.get("COVERAGE_ENGINES"), reason="only with COVERAGE_ENGINES=1")
Rows = tuple[list[Any], list[tuple[float, float, float]]]


@pytest.fixture(scope="module")
def rows() -> Rows:
    return workload.rows_of_houses()


def ours(rows: Rows, count: int) -> np.ndarray:
    return views(Scene(rows[0]), [workload.viewpoint(camera) for camera in rows[1][:count]])


def test_visilibity_sees_the_same(rows: Rows) -> None:
    answer = peers.visilibity(rows[0], rows[1][:8])
    if answer is None:
        pytest.skip("visilibity is not installed")
    regions = ours(rows, 8)
    assert answer["sum_m2"] == pytest.approx(shapely.area(regions).sum(), abs=1e-3)
    assert answer["union_m2"] == pytest.approx(union(regions).area, abs=1e-3)


@asked
def test_npm_visibility_polygon_sees_the_same(rows: Rows) -> None:
    answer = peers.npm_visibility_polygon(*rows)
    if answer is None:
        pytest.skip("npm visibility-polygon cannot be had: no Node, no npm or no network")
    regions = ours(rows, 66)
    assert answer["sum_m2"] == pytest.approx(shapely.area(regions).sum(), abs=1e-3)
    assert answer["union_m2"] == pytest.approx(union(regions).area, abs=1e-3)


@asked
def test_cgal_sees_the_same(rows: Rows, tmp_path: Path) -> None:
    if shutil.which("g++") is None or not Path("/usr/include/CGAL").is_dir():
        pytest.skip("no g++ or no CGAL headers (libcgal-dev)")
    program = tmp_path / "views"
    source = Path(__file__).with_name("views.cpp")
    subprocess.run(["g++", "-O2", "-std=c++17", source, "-o", program, "-lgmp", "-lmpfr"], check=True)
    houses, cameras = rows
    rings = [shapely.get_coordinates(house)[:-1] for house in [*houses, shapely.box(-200, -200, 1800, 1800)]]
    lines = [
        str(len(rings)),
        *(f"{len(ring)} " + " ".join(f"{value!r}" for value in ring.ravel().tolist()) for ring in rings),
    ]
    lines += [str(len(cameras)), *(f"{x!r} {y!r}" for x, y, _ in cameras)]
    done = subprocess.run([program], input="\n".join(lines), capture_output=True, text=True, check=True)
    eyes = [Viewpoint(x, y, None, 360, 60) for x, y, _ in cameras]
    for line, region, eye in zip(done.stdout.splitlines(), views(Scene(houses), eyes), eyes, strict=True):
        corners = np.array(line.split(), dtype=float).reshape(-1, 2)
        turn = np.radians(90 - 180 + 360 * np.arange(256) / 256)
        disc = shapely.Polygon(np.column_stack([eye.x + 60 * np.cos(turn), eye.y + 60 * np.sin(turn)]))
        want = shapely.make_valid(shapely.Polygon(corners)).intersection(disc)
        assert region.symmetric_difference(want).area < 1e-5
