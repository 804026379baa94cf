"""Real boundaries in place of schematic ones, from files as people send them."""

import json
import os
from pathlib import Path

import pytest
import shapely
from django.conf import settings
from django.core.management import CommandError, call_command

from satukota.base.audit.models import AuditEntry
from satukota.base.errors import NotAllowed, UserError
from satukota.city import actions, boundaries, queries
from satukota.city.models import Kelurahan, Place

from .make import NOW, make_city, make_user

pytestmark = pytest.mark.django_db
API_API = "64.74.01.1006"
REAL = settings.ROOT.parent / "shared" / "data" / "geo" / "bontang_kelurahan.geojson"
RING = [[117.480, 0.125], [117.500, 0.125], [117.500, 0.137], [117.480, 0.137], [117.480, 0.125]]
BOW_TIE = [[117.480, 0.125], [117.500, 0.137], [117.500, 0.125], [117.480, 0.137], [117.480, 0.125]]


def feature(ring=RING, code=API_API, **properties):
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": {"kode": code, **properties}, "geometry": geometry}


def file_of(path: Path, *features, **more) -> Path:
    path = path / "batas.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features), **more}))
    return path


def take(path: Path, **more):
    return actions.import_boundaries(path, **{"by": None, "at": NOW, **more})


def why(path: Path) -> str:
    """The complaint about the only feature of the file."""
    with pytest.raises(UserError) as problem:
        take(path)
    assert Kelurahan.objects.filter(is_schematic=False).count() == 0
    return f"{problem.value.text} {problem.value.fix}"


@pytest.fixture(autouse=True)
def city():
    return make_city()


def test_an_area_is_taken_with_its_source_and_no_longer_schematic(tmp_path):
    report = take(file_of(tmp_path, feature()), source="BIG 2026")
    row = Kelurahan.objects.get(code=API_API)
    assert report.taken == [API_API] and len(report.missing) == 14
    assert row.is_schematic is False and row.area_source.startswith("BIG 2026 · ")
    assert queries.kelurahan_of(117.4805, 0.1255) == row  # a corner the schematic area did not reach
    assert AuditEntry.objects.get(act="city.boundaries_imported").after["taken"] == [API_API]


def test_taking_the_same_file_twice_gives_the_same_areas(tmp_path):
    path = file_of(tmp_path, feature())
    take(path)
    first = Kelurahan.objects.get(code=API_API).area
    take(path)
    assert Kelurahan.objects.get(code=API_API).area == first


def test_a_self_crossing_ring_is_mended_and_said(tmp_path):
    report = take(file_of(tmp_path, feature(BOW_TIE)))
    shape = shapely.geometry.shape(Kelurahan.objects.get(code=API_API).area)
    assert report.mended == [API_API]
    assert shape.is_valid and shape.geom_type == "MultiPolygon"


def test_a_code_without_dots_or_as_a_number_is_the_same_code(tmp_path):
    assert take(file_of(tmp_path, feature(code=6474011006))).taken == [API_API]
    assert boundaries.code_of(feature(code="6474011006")) == API_API


def test_places_that_now_lie_elsewhere_are_told_and_left_alone(tmp_path, city):
    place = Place.objects.create(code="x", name="Titik", kind="park", kelurahan=Kelurahan.objects.get(name="Kanaan"),
                                 lon=117.49, lat=0.13)  # fmt: skip
    assert take(file_of(tmp_path, feature())).places_elsewhere == ["x"]
    place.refresh_from_db()
    assert place.kelurahan.name == "Kanaan"


def test_one_bad_feature_does_not_hold_back_the_good_ones(tmp_path):
    stray = feature([[10, 50], [11, 50], [11, 51], [10, 50]], code="64.74.01.1001")
    other_city = feature(code="64.72.01.1001")
    report = take(file_of(tmp_path, stray, feature(), other_city, {"type": "Feature"}, None, 7))
    assert report.taken == [API_API] and report.elsewhere == 1
    assert [row.why for row in report.refused][0] == "letaknya di luar kota ini"
    assert len(report.refused) == 4


def test_the_second_of_two_features_with_one_code_is_refused(tmp_path):
    report = take(file_of(tmp_path, feature(), feature(BOW_TIE)))
    assert report.taken == [API_API] and report.mended == [] and "sudah ada" in report.refused[0].why


def test_swapped_coordinates_are_named(tmp_path):
    assert "tertukar" in why(file_of(tmp_path, feature([[lat, lon] for lon, lat in RING])))


def test_metres_are_named(tmp_path):
    metres = [[500_000 + 1000 * lon, 10_000 + 1000 * lat] for lon, lat in RING]
    assert "meter" in why(file_of(tmp_path, feature(metres)))


def test_another_projection_is_refused(tmp_path):
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32650"}}
    assert "WGS 84" in why(file_of(tmp_path, feature(), crs=crs))
    wgs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    assert take(file_of(tmp_path, feature(), crs=wgs)).taken == [API_API]


@pytest.mark.parametrize("code", ["", None, "64.74", "64.74.01.9999", "API-API", "6474010006<script>", [], {}, True])
def test_a_wrong_code_is_not_guessed(tmp_path, code):
    assert "Tidak ada batas yang dapat dipakai" in why(file_of(tmp_path, feature(code=code)))


@pytest.mark.parametrize(
    "geometry",
    [
        None, "POLYGON", {"type": "Point", "coordinates": [117.49, 0.13]}, {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[]]}, {"type": "Polygon", "coordinates": [RING[:2]]},
        {"type": "Polygon", "coordinates": [[[117.49, 0.13]] * 5]}, {"type": "Polygon", "coordinates": RING},
        {"type": "Polygon", "coordinates": [[["117", "0.1"]] * 4]},
        {"type": "Polygon", "coordinates": [[[True, 0]] * 4]},
        {"type": "Polygon", "coordinates": [[[10**400, 0.13], *RING]]},
        {"type": "Polygon", "coordinates": [[[float("nan"), 0.13], *RING]]},
        {"type": "MultiPolygon", "coordinates": [RING]},
    ],
)  # fmt: skip
def test_a_geometry_that_is_no_area_is_refused_with_a_reason(tmp_path, geometry):
    assert API_API in why(file_of(tmp_path, {**feature(), "geometry": geometry}))


def test_an_area_of_too_many_corners_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(boundaries, "MAX_CORNERS", 4)
    assert "titik sudut" in why(file_of(tmp_path, feature()))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "bukan GeoJSON"), (b"\xff\xfe\x00", "bukan GeoJSON"), (b"\n <!DOCTYPE html><html>", "halaman web"),
        (b'{"type":"FeatureCollection","features":[', "bukan GeoJSON"), (b"[" * 100_000, "bukan GeoJSON"),
        (b"[1, 2]", "tidak berisi daftar wilayah"), (b'{"type":"Topology"}', "tidak berisi daftar wilayah"),
        (b'{"type":"FeatureCollection","features":[]}', "tidak berisi daftar wilayah"),
        (b'{"type":"FeatureCollection","features":{"a":1}}', "tidak berisi daftar wilayah"),
        (b"null", "tidak berisi daftar wilayah"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_boundary_file_says_what_it_is(tmp_path, content, said):
    path = tmp_path / "batas.geojson"
    path.write_bytes(content)
    assert said in why(path)


def test_a_file_of_200_mb_is_refused_unread(tmp_path):
    path = tmp_path / "besar.geojson"
    with path.open("wb") as sparse:
        os.truncate(sparse.fileno(), 200 * 1024 * 1024)
    assert "terlalu besar: 200 MB" in why(path)


def test_a_missing_file_or_a_folder_is_a_sentence(tmp_path):
    assert "tidak dapat dibaca" in why(tmp_path / "tidak-ada.geojson")
    assert "tidak dapat dibaca" in why(tmp_path)


def test_only_who_keeps_the_whole_register_may_import(tmp_path, city):
    path = file_of(tmp_path, feature())
    with pytest.raises(NotAllowed):
        take(path, by=make_user("engineer", city.diskominfo))
    assert take(path, by=make_user("register_admin", city.diskominfo)).taken


def test_the_command_tells_what_was_taken_and_what_not(tmp_path, capsys):
    call_command("import_boundaries", str(file_of(tmp_path, feature(), feature(code="64.72.01.1001"))))
    told = capsys.readouterr().out
    assert "Diambil: 1 kelurahan." in told and "Dilewati: 1 wilayah kota lain." in told
    with pytest.raises(CommandError, match="tidak dapat dibaca"):
        call_command("import_boundaries", str(tmp_path / "tidak-ada"))


@pytest.mark.skipif(not REAL.exists(), reason=f"real boundaries are not beside the checkout: {REAL.name}")
def test_the_real_boundaries_of_bontang_are_all_taken():
    report = take(REAL, source="cahyadsn/wilayah_boundaries")
    assert len(report.taken) == 15 and report.refused == [] and report.missing == []
    for row in Kelurahan.objects.all():
        assert queries.kelurahan_of(row.lon, row.lat) == row
    assert queries.kelurahan_of(117.60, 0.10) is None


def layer_of(path: Path, codes: dict, crs: str = "EPSG:4326", ring=RING) -> Path:
    """A file as QGIS writes it: the name's ending says which form."""
    import numpy as np
    import pyogrio
    import pyproj

    change = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    shape = shapely.transform(shapely.Polygon(ring), lambda xy: np.column_stack(change.transform(*xy.T)))
    shapes = shapely.to_wkb(np.array([shape] * len(codes), object))
    driver = {".gpkg": "GPKG", ".shp": "ESRI Shapefile"}[path.suffix]
    pyogrio.raw.write(
        path, shapes, [np.array(list(codes), object)], ["KODE"], crs=crs, geometry_type="Polygon", driver=driver
    )
    return path


def test_a_geopackage_in_metres_is_taken_where_it_lies(tmp_path):
    report = take(layer_of(tmp_path / "batas.gpkg", {API_API: 1, "64.74.01": 1, "64.74": 1}, "EPSG:32650"))
    assert report.taken == [API_API] and report.other_levels == 2
    row = Kelurahan.objects.get(code=API_API)
    assert shapely.geometry.shape(row.area).symmetric_difference(shapely.Polygon(RING)).area < 1e-9


def test_a_zipped_shapefile_is_taken(tmp_path):
    import zipfile

    layer_of(tmp_path / "batas.shp", {API_API: 1})
    with zipfile.ZipFile(tmp_path / "batas.zip", "w") as archive:
        for part in tmp_path.glob("batas.*"):
            if part.suffix != ".zip":
                archive.write(part, f"folder/{part.name}")
    assert take(tmp_path / "batas.zip").taken == [API_API]


def test_a_geopackage_of_another_city_says_where_it_lies(tmp_path):
    elsewhere = [[lon - 3, lat] for lon, lat in RING]
    assert "114.490" in why(layer_of(tmp_path / "batas.gpkg", {API_API: 1}, ring=elsewhere))


def test_kecamatan_and_city_have_the_edges_of_their_kelurahan(tmp_path):
    if REAL.exists():
        take(REAL)
    outlines = queries.outlines()
    assert set(outlines) == {"64.74", "64.74.01", "64.74.02", "64.74.03"}
    parts = [shapely.geometry.shape(area) for area in Kelurahan.objects.values_list("area", flat=True)]
    whole = shapely.union_all(parts)
    assert shapely.area(shapely.symmetric_difference(outlines["64.74"], whole)) < whole.area * 1e-4
    assert sum(outlines[f"64.74.0{n}"].area for n in (1, 2, 3)) == pytest.approx(outlines["64.74"].area, rel=1e-3)
