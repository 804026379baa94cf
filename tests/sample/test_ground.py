"""The invented ground of the sample city: plausible, marked as invented, loaded once, giving way to real ground."""

import numpy as np
import pytest
import shapely
from django.conf import settings as django_settings
from django.db import transaction

from satukota.base import clock
from satukota.city import actions as city
from satukota.city.models import Kelurahan
from satukota.project import sample
from satukota.project.sample import facts, ground
from satukota.shared.ground import actions, queries
from satukota.shared.ground.models import Building, GroundSource, Population, Street


@pytest.fixture(scope="module", autouse=True)
def loaded(django_db_setup, django_db_blocker):
    """One load for the file; every test sees it and none changes it for the next."""
    with django_db_blocker.unblock():
        queries.forget()
        try:
            with transaction.atomic():
                was, django_settings.SAMPLE = django_settings.SAMPLE, True
                added = sample.load()
                yield added
                raise _Undo
        except _Undo:
            django_settings.SAMPLE = was


class _Undo(Exception):
    pass


pytestmark = pytest.mark.django_db


def test_there_are_streets_houses_poles_and_junctions(loaded):
    assert 3000 < loaded["bangunan"] < 7000 and loaded["jalan"] > 1000 and loaded["penduduk"] == 15
    found = queries.structures()
    assert {"pole", "lamp", "junction"} == set(found.kinds.tolist())
    assert len(queries.streets()) == loaded["jalan"] and len(queries.buildings()) == loaded["bangunan"]


def test_everything_says_that_it_is_invented(loaded):
    source = GroundSource.objects.get()
    assert source.is_sample and source.is_current and "contoh" in queries.attributions()[0].lower()
    assert all(name.endswith("(contoh)") for name in Street.objects.values_list("name", flat=True))
    assert not Population.objects.filter(is_sample=False).exists()


def test_buildings_are_apart_off_the_streets_and_off_the_cameras(loaded):
    found, streets = queries.buildings(), queries.streets()
    tree = shapely.STRtree(found.polygons)
    first, second = tree.query(found.polygons, predicate="intersects")
    assert (first == second).all()
    assert not tree.query(streets.lines, predicate="dwithin", distance=3.0).size
    lonlat = np.array([(float(row["lon"]), float(row["lat"])) for row in facts.table("cameras")])
    cameras = shapely.points(queries.plane().to_metres(lonlat))
    assert not tree.query(cameras, predicate="dwithin", distance=1.0).size
    assert shapely.is_valid(found.polygons).all() and (found.heights_m > 2).all() and found.assumed.any()


def test_every_camera_looks_along_a_street(loaded):
    lonlat = np.array([(float(row["lon"]), float(row["lat"])) for row in facts.table("cameras")])
    cameras = shapely.points(queries.plane().to_metres(lonlat))
    tree = shapely.STRtree(queries.streets().lines)
    near = tree.query(cameras, predicate="dwithin", distance=30.0)[0]
    assert set(near.tolist()) == set(range(len(cameras)))


def test_demand_lies_in_the_city_and_every_kind_has_some(loaded):
    demand = queries.demand()
    assert 10_000 < len(demand) < 40_000 and (demand.weight > 0).all()
    assert set(demand.kind.tolist()) == set(range(len(demand.kinds)))
    assert set(demand.kelurahan_id.tolist()) <= set(Kelurahan.objects.values_list("pk", flat=True))
    assert len(np.unique(demand.ids)) == len(demand)


def test_it_is_the_same_every_time(loaded):
    from satukota.project.sample import ground_layout

    once = ground._layout()
    ground_layout.make.cache_clear()
    again = ground._layout()
    assert shapely.equals(once.lines, again.lines).all() and shapely.equals(once.outlines, again.outlines).all()


def test_again_adds_nothing_also_after_real_ground_took_its_place(loaded):
    assert ground.add(clock.now()) == {}
    with transaction.atomic():
        row = Building(key="1", outline=shapely.to_wkb(shapely.box(117.48, 0.13, 117.4801, 0.1301)), height_m=4,
                       height_from="measured")  # fmt: skip
        origin = actions.Origin("kota.gpkg", "ab" * 32)
        actions.replace("buildings", {"buildings": [row]}, origin, by=None, at=clock.now())
        assert len(queries.buildings()) == 1 and len(queries.streets()) == loaded["jalan"]
        assert ground.add(clock.now()) == {} and Building.objects.count() == 1
        transaction.set_rollback(True)


def test_a_city_of_its_own_gets_none(loaded):
    assert city.load_profile("bontang", by=None, at=clock.now()).added["kelurahan"] == 0
    assert GroundSource.objects.count() == 1
