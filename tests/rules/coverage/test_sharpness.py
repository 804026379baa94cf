"""Sharpness, reach, the ring a tilted lens sees, points in sight, patrols, and the plane."""

from math import inf, sqrt

import numpy as np
import pytest
import shapely

from satukota.rules.coverage import (
    PURPOSES,
    Patrol,
    Plane,
    Preset,
    Scene,
    Viewpoint,
    areas_m2,
    purpose_at,
    px_per_m_at,
    sees,
    views,
    watched,
)
from satukota.rules.coverage.purposes import scene_width

FULL_HD = Viewpoint(0, 0, 90.0, 90.0, 200.0, height_m=4.0, width_px=1920, light_m=30.0)


def test_the_bands_of_the_standard() -> None:
    assert PURPOSES == {"monitor": 12.5, "detect": 25.0, "observe": 62.5, "recognise": 125.0, "identify": 250.0}
    assert px_per_m_at(10, 90, 1920) == pytest.approx(96)  # 20 m of scene in 1,920 pixels
    assert [purpose_at(value) for value in (250, 249.9, 12.5, 12.4, 0, float("nan"), inf)] == [
        "identify", "recognise", "monitor", None, None, None, "identify",
    ]  # fmt: skip


def test_the_scene_widens_without_a_jump() -> None:
    widths = [scene_width(fov) for fov in np.linspace(1, 360, 720)]
    steps = np.diff(widths)
    assert (steps > 0).all()
    assert steps.max() < 0.02


@pytest.mark.parametrize("purpose", PURPOSES)
def test_where_the_reach_ends_the_sharpness_is_what_was_asked(purpose: str) -> None:
    needed = PURPOSES[purpose]
    reach = FULL_HD.reach_m(needed, target_height_m=1.6)
    assert px_per_m_at(sqrt(reach**2 + 2.4**2), 90, 1920) == pytest.approx(needed)


def test_reach_by_day_by_night_and_never() -> None:
    assert FULL_HD.reach_m() == 200
    assert FULL_HD.reach_m(night=True) == 30
    assert FULL_HD.reach_m(12.5, night=True) == 30
    assert FULL_HD.reach_m(250) == 0  # 3.84 m, and the lens is 4 m above the ground
    assert Viewpoint(0, 0, 0, 90, 60).reach_m(12.5) == 0  # nobody knows its picture
    assert Viewpoint(0, 0, 0, 90, 60).reach_m(night=True) == 60
    assert views(Scene([]), [FULL_HD], px_per_m=250)[0].is_empty


@pytest.mark.parametrize(("tilt", "opening", "target", "near", "far"), [
    (45.0, 40.0, 0.0, 4 / np.tan(np.radians(65)), 4 / np.tan(np.radians(25))),
    (10.0, 40.0, 0.0, 4 / np.tan(np.radians(30)), inf),
    (80.0, 40.0, 0.0, 0.0, 4 / np.tan(np.radians(60))),
    (-30.0, 20.0, 0.0, inf, inf),
    (-30.0, 20.0, 10.0, 6 / np.tan(np.radians(40)), 6 / np.tan(np.radians(20))),
    (0.0, 20.0, 4.0, 0.0, inf),
    (30.0, 20.0, 4.0, inf, inf),
])  # fmt: skip
def test_the_ring_a_tilted_lens_sees(tilt: float, opening: float, target: float, near: float, far: float) -> None:
    eye = Viewpoint(0, 0, 0, 90, 100, tilt_deg=tilt, vertical_fov_deg=opening)
    assert eye.ring_m(target) == pytest.approx((near, far))
    seen = areas_m2(Scene([]), [eye], target_height_m=target)[0]
    expected = 0 if near > 100 else np.pi / 4 * (min(far, 100) ** 2 - near**2)
    assert seen == pytest.approx(expected, rel=2e-4)


def test_a_low_wall_hides_the_ground_only_where_its_shadow_ends() -> None:
    wall = shapely.box(10, -100, 10.5, 100)
    eye = Viewpoint(0, 0, 90, 20, 60, height_m=4.0)
    held = sees(Scene([wall], [2.0]), [eye], [(9.9, 0), (10.2, 0), (10.6, 0), (20.9, 0), (21.1, 0), (59, 0)])
    assert held.points.tolist() == [0, 4, 5]  # 10.5 m x 4 / (4 - 2) = 21 m
    faces = sees(Scene([wall], [2.0]), [eye], [(10.6, 0), (12.5, 0), (12.7, 0)], target_height_m=1.6)
    assert faces.points.tolist() == [2]  # 10.5 m x (4 - 1.6) / (4 - 2) = 12.6 m
    assert sees(Scene([wall], [2.0]), [eye], [(10.6, 0)], target_height_m=2.5).points.tolist() == [0]


def test_seen_is_in_order_and_as_sharp_as_the_distance_says() -> None:
    rng = np.random.default_rng(2)
    houses = Scene([shapely.box(x, y, x + 6, y + 6) for x in range(-50, 50, 20) for y in range(-50, 50, 20)])
    eyes = [Viewpoint(*rng.uniform(-40, 40, 2), None, 360, 50, width_px=3840) for _ in range(5)]
    eyes.append(Viewpoint(0, 0, 0, 90, 50))
    spots = rng.uniform(-60, 60, (500, 2))
    seen = sees(houses, eyes, spots)
    assert seen.indptr.dtype == np.int64 and seen.points.dtype == np.int32 and seen.px_per_m.dtype == np.float32
    for number, eye in enumerate(eyes):
        own = slice(seen.indptr[number], seen.indptr[number + 1])
        assert (np.diff(seen.points[own]) > 0).all()
        away = np.hypot(np.hypot(*(spots[seen.points[own]] - (eye.x, eye.y)).T), 4.0)
        want = 3840 / (away * scene_width(360)) if eye.width_px else np.full(len(away), np.nan)
        np.testing.assert_allclose(seen.px_per_m[own], want, rtol=1e-6)


def test_a_patrol_sees_for_the_share_of_its_presets() -> None:
    turning = Patrol(
        Viewpoint(0, 0, 0, 60, 100, width_px=1920),
        (Preset(0, 60, 0.5), Preset(40, 60, 0.3), Preset(180, 20, 0.1, range_m=20)),
    )
    seen = watched(
        Scene([]), [turning, Patrol(FULL_HD, (Preset(90, 90, 1.0),))], [(0, 50), (20, 50), (0, -10), (0, -50)]
    )
    assert seen.indptr.tolist() == [0, 3, 3]
    assert seen.points.tolist() == [0, 1, 2]
    assert seen.share == pytest.approx([0.5, 0.8, 0.1])
    assert seen.px_per_m[2] == pytest.approx(px_per_m_at(sqrt(116), 20, 1920))


@pytest.mark.parametrize(("lon", "lat", "epsg"), [
    (117.48, 0.13, 32650), (117.48, -0.13, 32750), (9.52, 47.14, 32632), (180, 0, 32660), (-180, 0, 32601),
])  # fmt: skip
def test_the_plane_is_the_zone_of_the_place(lon: float, lat: float, epsg: int) -> None:
    plane = Plane.of(lon, lat)
    assert plane.epsg == epsg
    there = plane.to_metres([(lon, lat)])
    assert plane.to_degrees(there) == pytest.approx(np.array([(lon, lat)]), abs=1e-9)


def test_a_degree_on_the_plane_is_as_long_as_on_the_earth() -> None:
    one, other = Plane.of(117.0, 0.0).to_metres([(117.0, 0.0), (117.0, 0.01)])
    assert np.hypot(*(other - one)) == pytest.approx(0.9996 * 1105.74, rel=1e-4)  # scale in the middle of the zone
    house = shapely.box(117.48, 0.13, 117.481, 0.131)
    plane = Plane.of(117.48, 0.13)
    assert plane.shape_to_degrees(plane.shape_to_metres([house]))[0].equals_exact(house, 1e-9)
