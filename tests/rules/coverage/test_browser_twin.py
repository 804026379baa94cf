"""sight.js in the machine's Node draws what the kernel draws."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely import affinity

from satukota.rules.coverage import Scene, Viewpoint, areas_m2, views

ROOT = Path(__file__).resolve().parents[3]
MODULE = ROOT / "src/satukota/faces/command_centre/static/command_centre/sight.js"
ASK = """
import { readFileSync } from "node:fs";
import { sight } from "./sight.mjs";
const asked = JSON.parse(readFileSync(process.argv[2], "utf8"));
console.log(JSON.stringify(asked.map(({ edges, eye }) => sight(Float64Array.from(edges), eye))));
"""


def rings(tmp_path: Path, asked: list[dict[str, object]]) -> list[list[list[float]]]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node on this machine")
    (tmp_path / "sight.mjs").write_text(MODULE.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "ask.mjs").write_text(ASK, encoding="utf-8")
    (tmp_path / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    done = subprocess.run([node, "ask.mjs", "asked.json"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def question(scene: Scene, eye: Viewpoint) -> dict[str, object]:
    edges = scene.edges_around(eye.x, eye.y, eye.range_m, height_m=eye.height_m)
    at = {"x": eye.x, "y": eye.y, "bearing": eye.bearing_deg or 0, "fov": eye.fov_deg, "range": eye.range_m}
    return {"edges": edges.ravel().tolist(), "eye": at}


def crowd(seed: int) -> tuple[Scene, Viewpoint]:
    rng = np.random.default_rng(seed)
    houses = []
    for _ in range(rng.integers(0, 25)):
        x, y, w, h = *rng.integers(-50, 50, 2), *rng.integers(2, 14, 2)
        house = shapely.box(x, y, x + w, y + h)
        houses.append(affinity.rotate(house, rng.uniform(0, 180)) if rng.random() < 0.5 else house)
    x, y = rng.uniform(-20, 20, 2)
    if houses and seed % 5 == 0:
        corners = shapely.get_coordinates(houses[0])
        x, y = corners[0] if seed % 2 else (corners[0] + corners[1]) / 2
    fov = float(rng.choice([360, 90, 180, 270, rng.uniform(5, 360)]))
    return Scene(houses), Viewpoint(float(x), float(y), float(rng.uniform(0, 360)), fov, float(rng.uniform(10, 90)))


def test_the_browser_draws_what_the_kernel_draws(tmp_path: Path) -> None:
    drawn = [crowd(seed) for seed in range(200)]
    drawn = [(scene, eye) for scene, eye in drawn if not on_a_wall_within_another(scene, eye)]
    assert len(drawn) > 150
    for (scene, eye), ring in zip(drawn, rings(tmp_path, [question(*pair) for pair in drawn]), strict=True):
        want = views(scene, [eye])[0]
        got = shapely.make_valid(shapely.Polygon(ring)) if ring else shapely.Polygon()
        area = areas_m2(scene, [eye])[0]
        assert got.symmetric_difference(want).area <= 1e-6 * max(area, 1.0)


def on_a_wall_within_another(scene: Scene, eye: Viewpoint) -> bool:
    """The browser is not told which edges are whose: on a wall that lies inside another house it cannot tell."""
    foot = shapely.Point(eye.x, eye.y)
    on = shapely.distance(shapely.boundary(scene.footprints), foot) < 1e-6
    return bool(on.any() and (shapely.contains(scene.footprints, foot) & ~on).any())


def test_what_cannot_look_draws_nothing(tmp_path: Path) -> None:
    good = {"x": 0, "y": 0, "bearing": 0, "fov": 90, "range": 60}
    wrong = [{**good, key: value} for key, value in (("fov", 0), ("fov", -90), ("fov", 361), ("range", 0), ("x", None))]
    drawn = rings(tmp_path, [{"edges": [], "eye": eye} for eye in [*wrong, good]])
    assert drawn[:-1] == [[]] * len(wrong)
    assert shapely.Polygon(drawn[-1]).area == pytest.approx(np.pi * 900, rel=1e-3)
