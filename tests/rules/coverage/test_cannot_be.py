"""What cannot be, and what is only odd: each with its answer."""

import subprocess
import sys
from math import inf, nan, pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from satukota.rules.coverage import Patrol, Plane, Preset, Scene, Viewpoint, areas_m2, inside, sees, union, views

ROOT = Path(__file__).resolve().parents[3]
HOUSE = shapely.box(10, -5, 20, 5)
GOOD: dict[str, Any] = {"x": 0.0, "y": 0.0, "bearing_deg": 90.0, "fov_deg": 90.0, "range_m": 60.0}


def eye(**other: Any) -> Viewpoint:
    return Viewpoint(**{**GOOD, **other})


@pytest.mark.parametrize("wrong", [
    {"fov_deg": 0}, {"fov_deg": -90}, {"fov_deg": 361}, {"fov_deg": nan}, {"fov_deg": None}, {"range_m": 0},
    {"range_m": -1}, {"range_m": inf}, {"range_m": nan}, {"range_m": 1e6}, {"x": nan}, {"y": inf}, {"x": "12"},
    {"bearing_deg": nan}, {"bearing_deg": None}, {"height_m": -1}, {"height_m": None}, {"width_px": 0},
    {"tilt_deg": 30.0}, {"vertical_fov_deg": 30.0}, {"tilt_deg": 91.0, "vertical_fov_deg": 30.0},
    {"tilt_deg": 0.0, "vertical_fov_deg": 0.0}, {"light_m": -1.0}, {"fov_deg": True},
])  # fmt: skip
def test_a_viewpoint_that_cannot_look_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="got|without bearing_deg|belong together"):
        eye(**wrong)


def test_without_a_bearing_only_a_whole_circle_is_calculated() -> None:
    assert areas_m2(Scene([]), [eye(bearing_deg=None, fov_deg=360)])[0] == pytest.approx(pi * 3600, rel=2e-4)


def test_a_whole_circle_and_the_narrowest_view() -> None:
    whole, narrow = areas_m2(Scene([HOUSE]), [eye(fov_deg=360), eye(fov_deg=1e-3, bearing_deg=270)])
    assert whole == pytest.approx(views(Scene([HOUSE]), [eye(fov_deg=360)])[0].area)
    assert narrow == pytest.approx(pi * 3600 * 1e-3 / 360, rel=1e-6)


def test_in_a_building_nothing_is_seen_and_it_is_said() -> None:
    scene = Scene([shapely.box(100, 100, 101, 101), HOUSE, shapely.box(12, -3, 18, 3)], [None, 9.0, 2.0])
    eyes = [eye(x=15.0), eye(x=10.0), eye(x=0.0), eye(x=15.0, height_m=12.0)]
    assert inside(scene, eyes).tolist() == [1, -1, -1, -1]
    regions = views(scene, eyes)
    assert regions[0].is_empty
    assert areas_m2(scene, eyes)[0] == 0
    assert sees(scene, eyes[:1], [(15, 0), (25, 0)]).points.tolist() == []
    assert regions[3].area > 0  # from a mast on the roof


def test_in_a_courtyard_the_courtyard_is_seen() -> None:
    ring = shapely.box(-20, -20, 20, 20).difference(shapely.box(-5, -5, 5, 5))
    assert areas_m2(Scene([ring]), [eye(fov_deg=360)])[0] == pytest.approx(100)
    assert inside(Scene([ring]), [eye()]).tolist() == [-1]


@pytest.mark.parametrize(("x", "y", "share"), [(10.0, 0.0, 0.5), (10.0, -5.0, 0.75), (20.0, 5.0, 0.75)])
def test_on_a_wall_and_on_a_corner_one_sees_outwards(x: float, y: float, share: float) -> None:
    seen = areas_m2(Scene([HOUSE]), [eye(x=x, y=y, fov_deg=360, bearing_deg=17.0, range_m=4)])[0]
    assert seen == pytest.approx(share * pi * 16, rel=3e-4)


def test_between_two_houses_that_touch_nothing_is_seen() -> None:
    pair = Scene([shapely.box(0, -5, 10, 5), shapely.box(-10, -5, 0, 5)])
    assert areas_m2(pair, [eye(fov_deg=360)])[0] == 0
    region = views(pair, [eye(y=5.0, fov_deg=360, range_m=3)])[0]
    assert region.is_valid
    assert region.area == pytest.approx(pi * 4.5, rel=3e-4)


def test_houses_that_touch_at_a_corner_leave_two_regions_from_there() -> None:
    region = views(Scene([shapely.box(0, 0, 5, 5), shapely.box(-5, -5, 0, 0)]), [eye(fov_deg=360, range_m=4)])[0]
    assert region.geom_type == "MultiPolygon"
    assert region.is_valid
    assert region.area == pytest.approx(pi * 8, rel=3e-4)


def test_odd_buildings_are_mended_or_left_out_and_said() -> None:
    bow = shapely.Polygon([(10, -5), (20, 5), (20, -5), (10, 5)])
    flat, dot = shapely.Polygon([(0, 9), (5, 9), (9, 9)]), shapely.Point(1, 1)
    broken = shapely.transform(HOUSE, lambda xy: np.where(xy > 19, inf, xy))
    scene = Scene([HOUSE, HOUSE, bow, flat, dot, broken, shapely.Polygon(), None, HOUSE], [None] * 8 + [3.0])
    said = {(left.index, left.why, left.mended) for left in scene.left_out}
    assert said == {
        (1, "duplicate", False), (2, "self_crossing", True), (3, "no_area", False), (4, "not_an_obstacle", False),
        (5, "not_finite", False), (6, "no_area", False), (7, "not_an_obstacle", False),
    }  # fmt: skip
    assert scene.source.tolist() == [0, 2, 8]
    assert shapely.is_valid(scene.footprints).all()
    assert areas_m2(scene, [eye()])[0] == pytest.approx(areas_m2(Scene([HOUSE]), [eye()])[0])


def test_a_height_that_cannot_be_hides_all_and_is_said() -> None:
    scene = Scene([HOUSE, shapely.box(0, 20, 5, 25)], [-3.0, nan])
    assert [(left.index, left.why) for left in scene.left_out] == [(0, "height")]
    assert np.isinf(scene.heights_m).all()
    with pytest.raises(ValueError, match="2 polygons, but 1 heights"):
        Scene([HOUSE, HOUSE], [1.0])


def test_degrees_for_metres_are_refused() -> None:
    plane = Plane.of(117.48, 0.13)
    house = shapely.box(117.48, 0.13, 117.4801, 0.1301)
    with pytest.raises(ValueError, match="look like degrees"):
        Scene([house, house])
    scene = Scene([plane.shape_to_metres(house)])
    with pytest.raises(ValueError, match="looks like degrees"):
        views(scene, [eye(x=117.48, y=0.13)])
    with pytest.raises(ValueError, match="wrong order"):
        Plane.of(0.13, 117.48)
    with pytest.raises(ValueError, match="wrong order"):
        plane.to_metres([(0.13, 117.48)])
    with pytest.raises(ValueError, match="wrong order"):
        plane.shape_to_metres(shapely.box(0.13, 1.0, 0.14, 1.1))


def test_nothing_asked_nothing_answered() -> None:
    empty = Scene([])
    assert len(views(empty, [])) == 0
    assert areas_m2(Scene([HOUSE]), []).tolist() == []
    assert sees(empty, [eye()], np.empty((0, 2))).indptr.tolist() == [0, 0]
    assert sees(empty, [], [(1, 1)]).indptr.tolist() == [0]
    assert union([]).is_empty
    assert union(views(Scene([HOUSE]), [eye(x=15.0)])).is_empty


@pytest.mark.parametrize("points", [[(1, nan)], [(1, 2, 3)], [1, 2]])
def test_points_that_are_no_points_are_refused(points: Any) -> None:
    with pytest.raises(ValueError, match="finite pairs"):
        sees(Scene([]), [eye()], points)


@pytest.mark.parametrize("asked", [{"px_per_m": -1.0}, {"px_per_m": nan}, {"target_height_m": nan},
                                   {"target_height_m": -1.0}])  # fmt: skip
def test_a_question_that_cannot_be_is_refused(asked: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        areas_m2(Scene([HOUSE]), [eye(width_px=1920)], **asked)


@pytest.mark.parametrize("shares", [[], [0.0], [-0.1], [0.6, 0.6], [nan]])
def test_presets_share_the_time_there_is(shares: list[float]) -> None:
    with pytest.raises(ValueError, match="at most 1"):
        Patrol(eye(), tuple(Preset(0.0, 60.0, share) for share in shares))


def test_asking_for_the_words_loads_no_compiler() -> None:
    code = "import sys, satukota.rules.coverage; sys.exit('numba' in sys.modules or 'pyproj' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "src")}).returncode == 0
