"""Other exact engines on the workload and on random scenes: visilibity where it is installed; npm and CGAL when asked.

COVERAGE_ENGINES=1 fetches npm visibility-polygon into a temporary folder, and compiles views.cpp against CGAL
(libcgal-dev, g++; half a minute). COVERAGE_SCENES=1000 draws a thousand scenes, each on a tile of its own of one plane,
so that an engine is asked once: houses that overlap, touch along walls, lie in each other and in line. The engines want
them apart: they get what the houses cover together, we get the houses.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely import affinity

from benchmarks import coverage_peers as peers
from benchmarks import coverage_workload as workload
from satukota.rules.coverage import Scene, Viewpoint, union, views
from tests.rules.coverage.judges import plain_view
from tests.rules.coverage.scenes import MANY

asked = pytest.mark.skipif(not os.environ.get("COVERAGE_ENGINES"), reason="only with COVERAGE_ENGINES=1")
Rows = tuple[list[Any], list[tuple[float, float, float]]]


TILE_M, ACROSS = 260.0, 40
APART_M = 0.05  # what stands nearer to each other is drawn again: the engines want no corners that touch


@pytest.fixture(scope="module")
def rows() -> Rows:
    return workload.rows_of_houses()


@dataclass(frozen=True)
class Drawn:
    houses: list[Any]  # as we get them
    apart: list[Any]  # what they cover, as the engines get it
    cameras: list[tuple[float, float, float]]


@cache
def drawn(count: int) -> Drawn:
    rng = np.random.default_rng(count)
    found = Drawn([], [], [])
    while len(found.cameras) < count:
        n = len(found.cameras)
        x, y = n % ACROSS * TILE_M, n // ACROSS * TILE_M
        houses = [_house(rng, x, y) for _house_of in range(rng.integers(2, 11))]
        covered = [shapely.Polygon(part.exterior) for part in shapely.get_parts(shapely.union_all(houses))]
        camera = (x + rng.uniform(-25, 25), y + rng.uniform(-25, 25), rng.uniform(0, 360))
        tree = shapely.STRtree(covered)
        near = [tree.query(one, predicate="dwithin", distance=APART_M) for one in covered]
        stands = shapely.distance(np.array(covered), shapely.Point(camera[:2])).min() < 0.3
        if stands or any(len(each) > 1 for each in near):
            continue
        found.houses.extend(houses)
        found.apart.extend(covered)
        found.cameras.append((float(camera[0]), float(camera[1]), float(camera[2])))
    return found


def _house(rng: np.random.Generator, x: float, y: float) -> Any:
    """On whole metres, so that walls touch and lie in line, or turned, so that they cross."""
    west, south = rng.integers(-40, 40, 2) + (x, y)
    wide, deep = rng.integers(2, 15, 2)
    house = shapely.box(west, south, west + wide, south + deep)
    return affinity.rotate(house, rng.uniform(0, 180)) if rng.random() < 0.4 else house


def ours(rows: Rows, count: int) -> np.ndarray:
    return views(Scene(rows[0]), [workload.viewpoint(camera) for camera in rows[1][:count]])


def agrees(answer: dict[str, float] | None, why_not: str, regions: np.ndarray) -> None:
    if answer is None:
        pytest.skip(why_not)
    assert answer["sum_m2"] == pytest.approx(shapely.area(regions).sum(), abs=1e-3)
    assert answer["union_m2"] == pytest.approx(union(regions).area, abs=1e-3)


def test_visilibity_sees_the_same(rows: Rows) -> None:
    agrees(peers.visilibity(rows[0], rows[1][:8]), "visilibity is not installed", ours(rows, 8))


def test_visilibity_sees_the_same_of_random_scenes() -> None:
    scenes = drawn(MANY)
    regions = ours((scenes.houses, scenes.cameras), MANY)
    agrees(peers.visilibity(scenes.apart, scenes.cameras), "visilibity is not installed", regions)


def test_edge_shadows_see_the_same_of_random_scenes() -> None:
    """By the plain judge, whose shadows reach past the view: those of the bench end 40 times as far as the wall."""
    scenes = drawn(MANY)
    tree, apart = shapely.STRtree(scenes.apart), np.array(scenes.apart)
    for camera, region in zip(scenes.cameras, ours((scenes.houses, scenes.cameras), MANY), strict=True):
        near = apart[tree.query(shapely.Point(camera[:2]), predicate="dwithin", distance=workload.RANGE_M)]
        want = plain_view(list(near), [None] * len(near), workload.viewpoint(camera))
        assert region.symmetric_difference(want).area < 1e-5


NO_NPM = "npm visibility-polygon cannot be had: no Node, no npm or no network"


@asked
def test_npm_visibility_polygon_sees_the_same(rows: Rows) -> None:
    agrees(peers.npm_visibility_polygon(*rows), NO_NPM, ours(rows, 66))


@asked
def test_npm_visibility_polygon_sees_the_same_of_random_scenes() -> None:
    scenes = drawn(MANY)
    regions = ours((scenes.houses, scenes.cameras), MANY)
    agrees(peers.npm_visibility_polygon(scenes.apart, scenes.cameras), NO_NPM, regions)


@asked
def test_cgal_sees_the_same(rows: Rows, tmp_path: Path) -> None:
    judge_by_cgal(rows[0], rows[0], rows[1], shapely.box(-200, -200, 1800, 1800), tmp_path)


@asked
def test_cgal_sees_the_same_of_random_scenes(tmp_path: Path) -> None:
    scenes = drawn(MANY)
    around = shapely.box(-200, -200, ACROSS * TILE_M, (MANY // ACROSS + 1) * TILE_M)
    judge_by_cgal(scenes.houses, scenes.apart, scenes.cameras, around, tmp_path)


def judge_by_cgal(houses: list[Any], apart: list[Any], cameras: Any, around: Any, tmp_path: Path) -> None:
    """All round from each camera, within 60 m."""
    if shutil.which("g++") is None or not Path("/usr/include/CGAL").is_dir():
        pytest.skip("no g++ or no CGAL headers (libcgal-dev)")
    program = tmp_path / "views"
    source = Path(__file__).with_name("views.cpp")
    subprocess.run(["g++", "-O2", "-std=c++17", source, "-o", program, "-lgmp", "-lmpfr"], check=True)
    rings = [shapely.get_coordinates(house)[:-1] for house in [*apart, around]]
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
