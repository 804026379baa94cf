"""The view "Coba kamera" paints in the browser is the one the server counts with, past low and high houses."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely import affinity

from satukota.rules.coverage import PURPOSES, Scene, Viewpoint, sees, views

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = ROOT / "src/satukota/faces/command_centre/static/command_centre"
ASK = """
import { readFileSync } from "node:fs";
import { reach, sees, toDegrees, toMetres, viewOf } from "./trial-view.js";
const asked = JSON.parse(readFileSync("asked.json", "utf8"));
console.log(JSON.stringify(asked.map(({ ground, eye, points, px }) => {
  const view = viewOf(ground, eye);
  const back = toMetres(ground, ...toDegrees(ground, 123, -45));
  return { seen: points.map(([x, y]) => sees(view, x, y)), reaches: px.map((one) => reach(eye, one)), back };
})));
"""
CLEAR_M = 0.01  # a point so near to the border of a view may fall on either side: the browser has millimetres


def crowd(seed: int) -> tuple[Scene, Viewpoint]:
    """Houses from 2 m to 12 m around a camera on a pole of 4 m to 9 m."""
    rng = np.random.default_rng(seed)
    houses, heights = [], []
    for _ in range(rng.integers(1, 40)):
        x, y, w, h = *rng.uniform(-90, 90, 2), *rng.uniform(4, 18, 2)
        house = affinity.rotate(shapely.box(x, y, x + w, y + h), rng.uniform(0, 180))
        if seed % 3 == 0:
            house = house.difference(house.centroid.buffer(2, quad_segs=2))  # a courtyard
        houses.append(house)
        heights.append(round(float(rng.uniform(2, 12)), 1))
    x, y = rng.uniform(-20, 20, 2)
    eye = Viewpoint(
        float(x), float(y), float(rng.uniform(0, 360)), float(rng.choice([60, 110, 200, 360])),
        float(rng.uniform(30, 120)), height_m=float(rng.choice([4.0, 6.5, 9.0])), width_px=1920,
    )  # fmt: skip
    return Scene(houses, heights), eye


def ground(scene: Scene) -> dict[str, Any]:
    buildings = []
    for outline, height in zip(shapely.orient_polygons(scene.footprints), scene.heights_m, strict=True):
        rings = [shapely.get_coordinates(ring).round(3).ravel().tolist() for ring in shapely.get_rings(outline)]
        buildings.append([float(height), rings])
    turn = [[111_000.0, 12.0], [-9.0, 110_500.0]]
    return {"origin": [117.5, 0.12], "metres": turn, "radius": 250, "buildings": buildings}


def question(scene: Scene, eye: Viewpoint, points: np.ndarray) -> dict[str, Any]:
    told = {"x": eye.x, "y": eye.y, "bearing": eye.bearing_deg, "fov": eye.fov_deg, "range": eye.range_m}
    return {
        "ground": ground(scene), "eye": told | {"height": eye.height_m, "width": eye.width_px},
        "points": points.tolist(), "px": list(PURPOSES.values()),
    }  # fmt: skip


def asked(tmp_path: Path, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node on this machine")
    for name in ("sight.js", "trial-view.js"):
        (tmp_path / name).write_text((SCRIPTS / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    (tmp_path / "ask.js").write_text(ASK, encoding="utf-8")
    (tmp_path / "asked.json").write_text(json.dumps(questions), encoding="utf-8")
    done = subprocess.run([node, "ask.js"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_the_browser_and_the_server_see_the_same_ground(tmp_path: Path) -> None:
    drawn = [crowd(seed) for seed in range(60)]
    spots = [np.random.default_rng(1000 + n).uniform(-120, 120, (400, 2)) for n in range(len(drawn))]
    questions = [question(*pair, points) for pair, points in zip(drawn, spots, strict=True)]
    told, compared, in_sight, low = asked(tmp_path, questions), 0, 0, 0
    for (scene, eye), points, answer in zip(drawn, spots, told, strict=True):
        region = views(scene, [eye])[0]
        clear = shapely.distance(shapely.boundary(region), shapely.points(points)) > CLEAR_M
        want = np.zeros(len(points), bool)
        want[sees(scene, [eye], points).points] = True
        assert (np.array(answer["seen"])[clear] == want[clear]).all()
        assert answer["reaches"] == pytest.approx([eye.reach_m(px) for px in PURPOSES.values()])
        assert answer["back"] == pytest.approx([123, -45])
        compared, in_sight = compared + int(clear.sum()), in_sight + int(want.sum())
        low += int((scene.heights_m < eye.height_m).sum())
    assert compared > 20_000 and in_sight > 2_000 and low > 200
