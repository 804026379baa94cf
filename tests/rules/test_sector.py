"""The range sector against what is known: distances on the sphere, areas of circles, and what cannot be."""

import math

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from satukota.rules.sector import EARTH_RADIUS_M, destination, distance_m, sector

BONTANG = (117.48, 0.13)
DEGREE_M = EARTH_RADIUS_M * math.pi / 180  # 111,195 m


def area_m2(ring: list[tuple[float, float]]) -> float:
    """On the plane that touches the Earth at the first corner; exact enough for hundreds of metres."""
    lon, lat = ring[0]
    scale = math.cos(math.radians(lat))
    return shapely.Polygon([((x - lon) * DEGREE_M * scale, (y - lat) * DEGREE_M) for x, y in ring]).area


@pytest.mark.parametrize(("bearing", "lon", "lat"), [
    (0, 0, 1), (90, 1, 0), (180, 0, -1), (270, -1, 0), (450, 1, 0), (-90, -1, 0),
])  # fmt: skip
def test_one_degree_from_the_equator_in_each_direction(bearing: float, lon: float, lat: float) -> None:
    assert destination((0, 0), bearing, DEGREE_M) == pytest.approx((lon, lat), abs=1e-9)


def test_known_distances() -> None:
    assert distance_m((0, 0), (0, 1)) == pytest.approx(111_195.08, abs=0.01)
    assert distance_m((116.8529, -1.2379), (117.5, 0.1333)) == pytest.approx(168_600, rel=0.001)  # Balikpapan–Bontang
    assert distance_m(BONTANG, BONTANG) == 0
    assert distance_m((0, 0), (180, 0)) == pytest.approx(math.pi * EARTH_RADIUS_M)


@given(st.floats(-179, 179), st.floats(-80, 80), st.floats(0, 360), st.floats(0.1, 20_000))
def test_going_and_measuring_agree(lon: float, lat: float, bearing: float, far: float) -> None:
    assert distance_m((lon, lat), destination((lon, lat), bearing, far)) == pytest.approx(far, rel=1e-4, abs=1e-3)


@pytest.mark.parametrize(("fov", "share"), [(360, 1.0), (180, 0.5), (90, 0.25), (60, 1 / 6), (1, 1 / 360)])
def test_the_area_is_that_of_a_piece_of_a_circle(fov: float, share: float) -> None:
    ring = sector(BONTANG, 45, fov, 60)
    assert area_m2(ring) == pytest.approx(math.pi * 60**2 * share, rel=0.003)


def test_a_sector_looks_where_the_camera_looks() -> None:
    shape = shapely.Polygon(sector(BONTANG, 90, 60, 100))
    for bearing, seen in ((90, True), (61, True), (119, True), (58, False), (122, False), (270, False)):
        assert shape.contains(shapely.Point(destination(BONTANG, bearing, 50))) is seen
    assert not shape.contains(shapely.Point(destination(BONTANG, 90, 101)))


def test_north_is_no_seam() -> None:
    shape = shapely.Polygon(sector(BONTANG, 350, 40, 100))
    for bearing in (331, 350, 359.9, 0.1, 9):
        assert shape.contains(shapely.Point(destination(BONTANG, bearing, 50)))


@pytest.mark.parametrize(("bearing", "fov"), [(None, 90), (90, None), (None, None), (10, 360)])
def test_what_is_not_registered_is_not_narrowed_down(bearing: float | None, fov: float | None) -> None:
    assert area_m2(sector(BONTANG, bearing, fov, 60)) == pytest.approx(math.pi * 60**2, rel=0.003)


@given(st.floats(-720, 720), st.floats(0.001, 360), st.floats(0.5, 20_000))
def test_every_ring_is_closed_valid_and_counter_clockwise(bearing: float, fov: float, far: float) -> None:
    ring = sector(BONTANG, bearing, fov, far)
    assert ring[0] == ring[-1]
    assert len(ring) >= 4
    shape = shapely.Polygon(ring)
    assert shape.is_valid
    assert shape.exterior.is_ccw


@pytest.mark.parametrize(("position", "bearing", "fov", "far"), [
    (BONTANG, 0, 90, 0), (BONTANG, 0, 90, -5), (BONTANG, 0, 90, math.inf), (BONTANG, 0, 90, math.nan),
    (BONTANG, 0, 90, 1e6), (BONTANG, 0, 0, 60), (BONTANG, 0, -90, 60), (BONTANG, 0, 361, 60),
    (BONTANG, 0, math.nan, 60),
    (BONTANG, math.nan, 90, 60), (BONTANG, math.inf, 90, 60), ((math.nan, 0), 0, 90, 60), ((0, 91), 0, 90, 60),
    ((181, 0), 0, 90, 60),
])  # fmt: skip
def test_what_cannot_be_is_refused(position: tuple[float, float], bearing: float, fov: float, far: float) -> None:
    with pytest.raises(ValueError, match="."):
        sector(position, bearing, fov, far)
