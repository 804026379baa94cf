"""Walls, trees and rising ground: from files of people to what hides."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from django.test import Client
from django.urls import reverse
from rasterio.transform import from_origin

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.city.tests.make import make_user
from satukota.rules.coverage import Scene, Viewpoint, sees
from satukota.shared.ground import importing, queries, report
from satukota.shared.ground.models import GroundSource, Obstacle, Terrain

from .make import file_of, house, make_city, spot

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def city(settings, tmp_path):
    settings.VAR = tmp_path
    return make_city()


def take(kind: str, path: Path) -> GroundSource:
    return importing.run(kind, path, by=None, at=clock.now())


def raster(path: Path, heights: np.ndarray, *, epsg: int | None = 32650, **more: Any) -> Path:
    """Cells of 10 m, the middle one on `spot(0, 0)`."""
    (x, y) = queries.plane().to_metres([spot(0, 0)])[0]
    rows, columns = heights.shape
    told = {"driver": "GTiff", "dtype": "float32", "nodata": -9999.0,
            "transform": from_origin(x - 5 * columns, y + 5 * rows, 10, 10)} | more  # fmt: skip
    with rasterio.open(path, "w", width=columns, height=rows, count=1, crs=epsg and f"EPSG:{epsg}", **told) as out:
        out.write(np.where(np.isnan(heights), -9999.0, heights).astype(told["dtype"]), 1)
    return path


def hidden(away_m: float = 80.0) -> bool:
    """Whether a camera at the middle of the city, 4 m high, does not see a spot so far to the east."""
    eye, seen_spot = queries.plane().to_metres([spot(0, 0), spot(away_m, 0)])
    viewpoint = Viewpoint(float(eye[0]), float(eye[1]), 90, 60, 120, height_m=4.0)
    standing = queries.standing()
    scene = Scene(list(standing.polygons), standing.heights_m.tolist(), terrain=queries.terrain())
    return not len(sees(scene, [viewpoint], [seen_spot]).points)


def test_walls_and_trees_of_every_shape_hide_what_is_behind_them(tmp_path):
    assert not hidden()
    wall = shapely.LineString([spot(40, -30), spot(40, 30)])
    source = take("obstacles", file_of(tmp_path / "t.geojson", [wall], jenis=["Tembok"], tinggi=["2,0 m"]))
    row = Obstacle.objects.get()
    assert (row.kind, row.height_m, row.height_from) == ("wall", 2.0, "measured")
    assert hidden(79) and not hidden(84)  # half as high as the camera: its shadow ends twice as far
    tree = file_of(tmp_path / "p.gpkg", [shapely.Point(spot(40, 0))], natural=["tree"], radius=[5.0])
    source = take("obstacles", tree)
    (shape,) = queries.standing().polygons
    assert shape.area == pytest.approx(np.pi * 25, rel=0.03) and hidden() and Obstacle.objects.get().height_m == 8.0
    assert any("diandaikan" in line for line in report.sentences(source.report))


def test_the_page_says_how_well_the_ground_is_known(tmp_path, city):
    client = Client()
    client.force_login(make_user("engineer", city.diskominfo))
    assert "datar" in client.get(reverse("ground:home")).content.decode()
    take("terrain", raster(tmp_path / "t.tif", ridge()))
    assert "tiap 10,0 m" in client.get(reverse("ground:home")).content.decode()


def test_what_is_neither_wall_nor_tree_is_told_and_areas_are_taken_as_they_are(tmp_path):
    shapes = [house(0), house(30), house(60), house(0)]
    path = file_of(tmp_path / "t.geojson", shapes, kind=["pohon", "danau", "tembok", "pohon"])
    source = take("obstacles", path)
    assert source.report["taken"] == {"obstacles": 2} and sum(source.report["left_out"].values()) == 2
    assert {row.kind for row in Obstacle.objects.all()} == {"tree", "wall"}
    lake = file_of(tmp_path / "d.geojson", [house(0)], kind=["danau"])
    with pytest.raises(UserError, match="Tidak ada baris"):
        take("obstacles", lake)
    assert Obstacle.objects.count() == 2


def ridge(height_m: float = 12.0) -> np.ndarray:
    heights = np.full((41, 41), 5.0)
    heights[:, 24] += height_m  # 40 m east of the middle
    return heights


@pytest.mark.parametrize("name", ["t.tif", "t.asc"])
def test_rising_ground_from_a_raster_hides_and_an_import_without_it_leaves_it(tmp_path, name):
    assert queries.terrain() is None and not hidden()
    more = {} if name.endswith("tif") else {"driver": "AAIGrid"}
    path = raster(tmp_path / name, ridge(), epsg=32650 if more == {} else None, **more)
    source = take("terrain", path)
    ground, (eye,) = queries.terrain(), queries.plane().to_metres([spot(0, 0)])
    assert ground.step_m == pytest.approx(10) and ground.at(np.array([eye]))[0] == pytest.approx(5.0, abs=0.06)
    assert ground.heights.max() == pytest.approx(17.0, abs=0.6) and hidden()
    assert any("17" in line and "10.0 m" in line for line in report.sentences(source.report))
    take("obstacles", file_of(tmp_path / "p.geojson", [house(200)], kind=["pohon"]))
    assert Terrain.objects.count() == 1 and hidden()


def test_a_raster_in_degrees_is_brought_to_the_plane_and_unknown_cells_stay_unknown(tmp_path):
    west, north = spot(-200, 200)
    step = 10 / 111_195
    heights = ridge()[:40, :40]
    heights[:10] = np.nan
    path = raster(tmp_path / "d.tif", heights, epsg=4326, transform=from_origin(west, north, step, step))
    source = take("terrain", path)
    found = queries.terrain()
    assert found.step_m == pytest.approx(10, rel=0.02) and hidden()
    assert np.isnan(found.heights).mean() == pytest.approx(0.25, abs=0.05)
    assert any("tanpa ketinggian" in line for line in report.sentences(source.report))


@pytest.mark.parametrize(("change", "said"), [
    ({"transform": from_origin(900_000.0, 9_000_000.0, 10, 10)}, "tidak menyentuh"),
    ({"transform": from_origin(900_000.0, 9_000_000.0, 10, 10), "epsg": None}, "tidak menyebut sistem"),
    ({"heights": np.full((41, 41), 50_000.0)}, "ketinggian yang mungkin"),
    ({"transform": from_origin(490_000.0, 30_000.0, 100_000, 100_000)}, "terlalu kasar"),
])  # fmt: skip
def test_a_raster_that_cannot_be_this_citys_is_refused_in_words(tmp_path, change, said):
    told = {"heights": ridge()} | change
    with pytest.raises(UserError) as problem:
        take("terrain", raster(tmp_path / "t.tif", told.pop("heights"), **told))
    assert said in problem.value.text and problem.value.fix
    assert not GroundSource.objects.exists()


def test_a_raster_is_no_map_of_walls_nor_a_map_a_raster_and_a_broken_one_ends_with_a_sentence(tmp_path):
    good = raster(tmp_path / "t.tif", ridge())
    with pytest.raises(UserError, match="bukan untuk impor ini"):
        take("obstacles", good)
    with pytest.raises(UserError, match="bukan untuk impor ini"):
        take("terrain", file_of(tmp_path / "p.geojson", [house(0)], kind=["pohon"]))
    for content in (good.read_bytes()[:300], b"II*\0" + b"x" * 400, b"ncols 3\nnrows x\n1 2 3"):
        (tmp_path / "broken.tif").write_bytes(content)
        with pytest.raises(UserError, match="tidak dapat dibaca"):
            take("terrain", tmp_path / "broken.tif")


def test_a_raster_larger_than_a_city_needs_is_made_coarser_and_says_so(tmp_path, monkeypatch):
    from satukota.base.geofiles import rasters

    monkeypatch.setattr(rasters, "MOST_CELLS", 400)
    source = take("terrain", raster(tmp_path / "t.tif", ridge()))
    row = Terrain.objects.get()
    assert row.rows * row.columns <= 500 and row.step_m > 19
    assert any("lebih kasar" in line for line in report.sentences(source.report))
