"""Streets and places become points with weight and needed sharpness; what a city decides counts from its day on."""

import time
from datetime import timedelta

import numpy as np
import pytest
import shapely

from satukota.base import clock
from satukota.base.errors import NotAllowed, UserError
from satukota.city.models import Kelurahan, Place, Rt
from satukota.city.tests.make import make_user
from satukota.rules.coverage import PURPOSES
from satukota.shared.ground import actions, demand, kinds, queries
from satukota.shared.ground.models import DemandKind, Population

from .make import METRE, house, make_city, make_ground, spot

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def city():
    return make_city()


def of(found: demand.Demand, code: str) -> np.ndarray:
    return np.flatnonzero(found.kind == [kind.code for kind in found.kinds].index(code))


def test_the_needed_sharpness_is_the_standards():
    assert kinds.PURPOSES == PURPOSES
    assert all(kind.purpose in PURPOSES for kind in kinds.defaults())


def test_a_street_becomes_a_point_every_ten_metres():
    make_ground(streets=[("residential", [spot(0, 0), spot(100, 0)]), ("primary", [spot(0, 50), spot(4, 50)])])
    found = queries.demand()
    homes, road = of(found, "people"), of(found, "road")
    assert len(homes) == 10 and len(road) == 1  # a short street still counts once
    steps = np.diff(np.sort(found.xy[homes, 0]))
    assert steps == pytest.approx(10, abs=0.1)
    assert (found.needed[homes] == 25).all() and (found.weight[road] == 2).all()
    assert len(set(found.street_id.tolist())) == 2 and (found.rt_id == demand.NONE).all()


def test_a_place_of_the_register_weighs_by_its_stake_and_is_not_counted_twice(city):
    lon, lat = spot(0, 0)
    Place.objects.create(code="sd", name="SD", kind="school", kelurahan=city.kelurahan, lon=lon, lat=lat, stake=4)
    make_ground(
        places=[("school", spot(20, 0)), ("school", spot(300, 0))], streets=[("path", [spot(0, 5), spot(9, 5)])]
    )
    found = queries.demand()
    schools = of(found, "school")
    assert sorted(found.weight[schools].tolist()) == [30.0, 60.0]
    assert sorted(found.place_id[schools].tolist()) == [demand.NONE, Place.objects.get(code="sd").pk]
    assert found.street_id[schools].max() > 0  # the path passes it


def test_what_lies_inside_a_building_is_looked_for_at_its_nearest_wall(city):
    make_ground(buildings=[house()], places=[("school", spot(5, 8)), ("school", spot(300, 0))])
    found = queries.demand()
    before = queries.plane().to_metres(np.array([spot(5, 8), spot(300, 0)]))
    inside, outside = found.xy[of(found, "school")]
    walls = queries.buildings().polygons[0]
    assert shapely.distance(walls, shapely.points(inside)) == pytest.approx(demand.DOOR_M, abs=0.01)
    assert np.hypot(*(inside - before[0])) < 4  # the nearest wall, not the one across
    assert np.allclose(outside, before[1])
    assert np.allclose(queries.plane().to_metres(found.lonlat), found.xy, atol=1e-3)


def test_people_make_a_street_heavier_without_changing_the_city(city):
    other = Kelurahan.objects.get(name="Belimbing")
    far = (other.lon, other.lat)
    make_ground(streets=[
        ("residential", [spot(0, 0), spot(200, 0)]), ("residential", [far, (far[0] + 200 * METRE, far[1])]),
    ])  # fmt: skip
    for area, people in ((city.kelurahan, 9000), (other, 3000)):
        Population.objects.create(kelurahan=area, people=people, counted_on="2026-01-01", source="uji")
    found = queries.demand()
    weight = {pk: found.weight[found.kelurahan_id == pk].sum() for pk in (city.kelurahan.pk, other.pk)}
    assert weight[city.kelurahan.pk] == pytest.approx(3 * weight[other.pk])
    assert found.weight.mean() == pytest.approx(1.0)


def test_a_crowded_neighbourhood_weighs_more_than_the_rest_of_its_kelurahan(city):
    crowded = Rt.objects.create(
        kelurahan=city.kelurahan, number="001", area=shapely.geometry.mapping(house(0, -50, 100))
    )
    make_ground(streets=[("residential", [spot(0, 0), spot(300, 0)])])
    for rt, people in ((None, 900), (crowded, 600)):
        Population.objects.create(kelurahan=city.kelurahan, rt=rt, people=people, counted_on="2026-01-01", source="uji")
    found = queries.demand()
    inside = found.rt_id == crowded.pk
    assert (inside.sum(), len(found)) == (10, 30)
    assert found.weight[inside] == pytest.approx(2.0) and found.weight[~inside] == pytest.approx(0.5)


def test_points_know_their_rt_and_what_lies_outside_the_city_does_not_count(city):
    Rt.objects.create(kelurahan=city.kelurahan, number="001", area=shapely.geometry.mapping(house(0, -20, 45)))
    sea = (117.60, 0.10)
    make_ground(streets=[("residential", [spot(0, 0), spot(100, 0)]), ("residential", [sea, (117.601, 0.10)])])
    found = queries.demand()
    assert len(found) == 10 and (found.rt_id >= 0).sum() in (4, 5)
    assert set(found.kelurahan_id.tolist()) == {city.kelurahan.pk}


def test_where_two_areas_overlap_the_lower_code_takes_the_point(city):
    lower = Kelurahan.objects.order_by("code").first()
    for row in (lower, city.kelurahan):
        row.area, row.area_source = shapely.geometry.mapping(house(-500, -500, 1000)), "uji"
        row.save()
    make_ground(streets=[("residential", [spot(0, 0), spot(100, 0)])])
    assert set(queries.demand().kelurahan_id.tolist()) == {lower.pk}


def test_ids_stay_when_other_ground_comes():
    make_ground(streets=[("residential", [spot(0, 0), spot(100, 0)])])
    first = queries.demand()
    make_ground(streets=[("primary", [spot(0, 30), spot(60, 30)]), ("residential", [spot(0, 0), spot(100, 0)])])
    second = queries.demand()
    assert set(first.ids.tolist()) < set(second.ids.tolist()) and len(set(second.ids.tolist())) == len(second)


def test_the_version_changes_with_everything_demand_rests_on(city):
    seen = {queries.version()}

    def changed() -> bool:
        before = len(seen)
        seen.add(queries.version())
        return len(seen) > before

    assert not changed()
    make_ground(streets=[("residential", [spot(0, 0), spot(100, 0)])])
    assert changed()
    actions.decide_kind("school", weight=5, purpose="identify", source="rapat", by=None, at=clock.now())
    assert changed()
    lon, lat = spot(0, 0)
    Place.objects.create(code="p", name="P", kind="market", kelurahan=city.kelurahan, lon=lon, lat=lat)
    assert changed()
    Place.objects.update(lon=lon + METRE)
    assert changed()


def test_a_decision_counts_from_its_day_and_leaves_the_old_one_in_the_table():
    make_ground(places=[("school", spot(0, 0))])
    row = actions.decide_kind("school", weight=7, purpose="identify", source="SK 1", by=None, at=clock.now())
    found = queries.demand()
    assert (found.weight.tolist(), found.needed.tolist()) == ([7.0], [250.0])
    earlier = row.valid_from - timedelta(days=1)
    assert {kind.code: kind.weight for kind in kinds.kinds_on(earlier)}["school"] == 30
    actions.decide_kind("school", weight=8, purpose="identify", source="SK 2", by=None, at=clock.now())
    assert DemandKind.objects.get().weight == 8  # twice on one day is one decision


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf"), 1e9])
def test_weights_nobody_can_mean_are_refused_in_words(weight):
    with pytest.raises(UserError) as problem:
        actions.decide_kind("school", weight=weight, purpose="observe", source="x", by=None, at=clock.now())
    assert "Bobot" in problem.value.text and not DemandKind.objects.exists()


def test_not_every_weight_may_be_nothing():
    *others, last = [kind.code for kind in kinds.defaults()]
    for code in others:
        actions.decide_kind(code, weight=0, purpose="detect", source="x", by=None, at=clock.now())
    with pytest.raises(UserError, match="nol"):
        actions.decide_kind(last, weight=0, purpose="detect", source="x", by=None, at=clock.now())
    assert len(queries.demand()) == 0


def test_deciding_needs_the_duty(city):
    lurah = make_user("lurah", city.diskominfo)
    with pytest.raises(NotAllowed):
        actions.decide_kind("school", weight=1, purpose="detect", source="x", by=lurah, at=clock.now())


def test_a_city_without_ground_has_no_points_and_does_not_break():
    found = queries.demand()
    assert len(found) == 0 and found.xy.shape == (0, 2) and len(queries.buildings((0, 0, 1, 1))) == 0


def test_a_box_takes_what_touches_it():
    make_ground(buildings=[house(0), house(100)], poles=[spot(5, 5)], streets=[("path", [spot(0, 0), spot(200, 0)])])
    x, y = queries.plane().to_metres([spot(5, 5)])[0]
    box = (x - 20, y - 20, x + 20, y + 20)
    assert (len(queries.buildings(box)), len(queries.structures(box)), len(queries.streets(box))) == (1, 1, 1)


def test_a_hundred_thousand_points_take_less_than_two_seconds_of_work():
    rows = [("residential", [spot(-1000, n), spot(1000, n)]) for n in range(-750, 750, 3)]
    make_ground(streets=rows)
    queries.streets()
    began = time.process_time()
    found = queries.demand()
    assert len(found) > 90_000 and time.process_time() - began < 2
    began = time.process_time()
    assert queries.demand() is found and time.process_time() - began < 0.1
