"""Other exact engines on the workload of bench_coverage.py: each gives the same 66 regions and their union."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from benchmarks import coverage_workload as workload

Camera = tuple[float, float, float]
Answer = dict[str, float] | None

NPM = "visibility-polygon@1.1.0"
ASK_NPM = """
const fs = require("fs"), vp = require("visibility-polygon");
const asked = JSON.parse(fs.readFileSync("asked.json", "utf8"));
const one = ({ at, houses, box }) => {
  const outlines = [...houses, box];
  return vp.compute(at, vp.convertToSegments(outlines));
};
asked.forEach(one);
const spent = [];
let regions;
for (let k = 0; k < 3; k++) {
  const began = performance.now();
  regions = asked.map(one);
  spent.push(performance.now() - began);
}
spent.sort((a, b) => a - b);
console.log(JSON.stringify({ ms: spent[1], regions }));
"""


def edge_shadows(houses: list[Any], cameras: list[Camera]) -> Answer:
    """Sector minus the union of edge shadows, in shapely."""
    array = np.array(houses)
    tree = shapely.STRtree(array)
    return _timed(lambda: [workload.edge_shadows(array, tree, camera) for camera in cameras])


def visilibity(houses: list[Any], cameras: list[Camera]) -> Answer:
    """PyPI visilibity: visibility polygon in a box with the near houses as holes, cut to the sector."""
    if importlib.util.find_spec("visilibity") is None:
        return None
    array = np.array(houses)
    tree = shapely.STRtree(array)
    return _timed(lambda: [_visilibity_view(array, tree, camera) for camera in cameras])


def npm_visibility_polygon(houses: list[Any], cameras: list[Camera]) -> Answer:
    """npm visibility-polygon in Node; cut to the sector and joined by shapely, which is added to its time."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    array = np.array(houses)
    tree = shapely.STRtree(array)
    with tempfile.TemporaryDirectory() as folder:
        fetched = subprocess.run([npm, "install", "--silent", "--no-audit", "--no-fund", NPM], cwd=folder)
        if fetched.returncode:
            return None
        (Path(folder) / "asked.json").write_text(json.dumps([_asked(array, tree, camera) for camera in cameras]))
        done = subprocess.run([node, "-e", ASK_NPM], cwd=folder, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    cut = _timed(
        lambda: [
            shapely.make_valid(shapely.Polygon(ring)).intersection(_sector(camera))
            for ring, camera in zip(said["regions"], cameras, strict=True)
        ]
    )
    return {**cut, "regions_ms": cut["regions_ms"] + said["ms"], "whole_ms": cut["whole_ms"] + said["ms"]}


def _timed(regions_of: Callable[[], list[Any]]) -> dict[str, float]:
    """Medians of three runs."""
    alone, whole = [], []
    for _ in range(3):
        began = time.perf_counter()
        regions = regions_of()
        alone.append((time.perf_counter() - began) * 1000)
        joined = shapely.union_all(regions)
        whole.append((time.perf_counter() - began) * 1000)
    sum_m2 = float(shapely.area(regions).sum())
    return {
        "regions_ms": sorted(alone)[1],
        "whole_ms": sorted(whole)[1],
        "sum_m2": sum_m2,
        "union_m2": float(joined.area),
    }


def _sector(camera: Camera) -> Any:
    return workload.edge_shadows(np.empty(0, dtype=object), shapely.STRtree([]), camera)


def _box(camera: Camera) -> Any:
    x, y, _ = camera
    return shapely.box(x - 100, y - 100, x + 100, y + 100)


def _near(array: np.ndarray, tree: shapely.STRtree, camera: Camera) -> np.ndarray:
    """Houses the sector meets; each lies within the box."""
    return array[tree.query(_sector(camera), predicate="intersects")]


def _asked(array: np.ndarray, tree: shapely.STRtree, camera: Camera) -> dict[str, Any]:
    near = [shapely.get_coordinates(house)[:-1].tolist() for house in _near(array, tree, camera)]
    return {"at": camera[:2], "houses": near, "box": shapely.get_coordinates(_box(camera))[:-1].tolist()}


def _visilibity_view(array: np.ndarray, tree: shapely.STRtree, camera: Camera) -> Any:
    import visilibity as vis

    rings = [shapely.get_coordinates(_box(camera))[:-1]]
    rings += [shapely.get_coordinates(shapely.normalize(house))[:-1] for house in _near(array, tree, camera)]
    outlines = []
    for number, corners in enumerate(rings):
        ccw = shapely.LinearRing(corners).is_ccw
        turned = corners if ccw == (number == 0) else corners[::-1]
        outlines.append(vis.Polygon([vis.Point(float(x), float(y)) for x, y in turned]))
    seen = vis.Visibility_Polygon(vis.Point(camera[0], camera[1]), vis.Environment(outlines), 1e-9)
    ring = [(seen[k].x(), seen[k].y()) for k in range(seen.n())]
    return shapely.make_valid(shapely.Polygon(ring)).intersection(_sector(camera))


PEERS: dict[str, Callable[[list[Any], list[Camera]], Answer]] = {
    "shapely edge shadows": edge_shadows,
    "visilibity": visilibity,
    "npm visibility-polygon": npm_visibility_polygon,
}
