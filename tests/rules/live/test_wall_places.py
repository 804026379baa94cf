"""What the wall's script lets a person arrange is what the server keeps: the same rules, asked of both."""

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from satukota.work.cameras.live.walls import MOST_TILES, are_places

SCRIPT = Path(__file__).resolve().parents[3] / "src/satukota/work/cameras/static/cameras/wall-places.js"
ASK = """
import { readFileSync } from "node:fs";
import { fits, freePlace, equalPlaces, stepped } from "./wall-places.js";
const { walls, keys } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const walked = [];
let places = [[0, 0, 2, 2]];
for (let next; (next = freePlace(places)); ) places = [...places, next];
let wall = equalPlaces(9).slice(0, 5);
for (const [at, key, sizing] of keys) { wall = wall.with(at, stepped(wall, at, key, sizing)); walked.push(wall); }
console.log(JSON.stringify({
  fit: walls.map((wall) => wall.every((place, at) => fits(wall, at, place))),
  equal: [1, 4, 9, 16].map(equalPlaces), grown: places, walked }));
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    node = shutil.which("node")
    if not node:
        pytest.skip("no Node on this machine")
    rng, folder = random.Random(5), tmp_path_factory.mktemp("wall")
    walls = [
        [[rng.randint(a, b) for a, b in ((-1, 10), (-1, 10), (1, 7), (1, 7))] for _ in range(rng.randint(1, 4))]
        for _ in range(2_000)
    ]  # fmt: skip
    arrows = ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown")
    asked = {
        "walls": walls,
        "keys": [[rng.randrange(5), rng.choice(arrows), rng.random() < 0.5] for _ in range(500)],
    }
    shutil.copy(SCRIPT, folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "ask.mjs").write_text(ASK)
    (folder / "asked.json").write_text(json.dumps(asked))
    done = subprocess.run([node, "ask.mjs", "asked.json"], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return asked, json.loads(done.stdout)


def test_both_sides_agree_which_places_may_be(told):
    asked, said = told
    ours = [are_places(wall) for wall in asked["walls"]]
    assert ours == said["fit"] and 100 < sum(ours) < 1_900


def test_equal_and_added_tiles_are_places(told):
    _asked, said = told
    assert [len(wall) for wall in said["equal"]] == [1, 4, 9, 16]
    assert all(are_places(wall) for wall in said["equal"])
    assert are_places(said["grown"]) and 9 <= len(said["grown"]) <= MOST_TILES


def test_whatever_keys_are_pressed_the_wall_can_be_saved(told):
    _asked, said = told
    assert all(are_places(wall) for wall in said["walked"])
    assert len({json.dumps(wall) for wall in said["walked"]}) > 100
