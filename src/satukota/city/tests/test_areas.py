"""Schematic areas, and where a point lies."""

import math

import pytest
import shapely
from django.db import connection
from django.test.utils import CaptureQueriesContext

from satukota.city import areas, queries
from satukota.city.models import Kelurahan

from .make import make_city

SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]}
NEXT = {"type": "Polygon", "coordinates": [[[1.9, 0], [4, 0], [4, 2], [1.9, 2], [1.9, 0]]]}


@pytest.mark.django_db
def test_schematic_areas_hold_their_centroids_and_say_that_they_are_schematic():
    make_city()
    for row in Kelurahan.objects.all():
        assert queries.kelurahan_of(row.lon, row.lat) == row
        assert (row.is_schematic, row.area_source) == (True, "skematik")


@pytest.mark.django_db
def test_schematic_areas_leave_no_gap_and_do_not_overlap():
    make_city()
    shapes = [shapely.geometry.shape(row.area) for row in Kelurahan.objects.all()]
    together = shapely.union_all(shapes)
    assert all(shape.is_valid for shape in shapes) and together.geom_type == "Polygon"
    assert sum(shape.area for shape in shapes) == pytest.approx(together.area, rel=1e-6)


@pytest.mark.django_db
def test_the_sea_the_pole_and_no_number_lie_nowhere():
    make_city()
    for lon, lat in [(117.62, 0.10), (0.0, 90.0), (math.nan, 0.1), (math.inf, math.inf), (0.13, 117.49)]:
        assert queries.kelurahan_of(lon, lat) is None


@pytest.mark.django_db
def test_many_points_cost_one_query():
    make_city()
    queries.area_index()
    with CaptureQueriesContext(connection) as statements:
        found = queries.kelurahan_of_many([(117.49004, 0.13087), (117.62, 0.1)] * 1000)
    assert len(statements) == 1
    assert [row and row.name for row in found[:2]] == ["Api-Api", None]


def test_a_point_in_two_areas_goes_to_the_first_in_order():
    index = areas.AreaIndex([("a", SQUARE), ("b", NEXT)])
    assert index.at_many([(1.95, 1), (2.0, 1), (3, 1), (1.8, 1), (5, 1)]) == ["a", "a", "b", "a", None]
    assert areas.AreaIndex([("b", NEXT), ("a", SQUARE)]).at(1.95, 1) == "b"


def test_an_index_of_nothing_finds_nothing():
    assert areas.AreaIndex([]).at_many([(1.0, 1.0)]) == [None]
    assert areas.AreaIndex([("a", SQUARE)]).at_many([]) == []
