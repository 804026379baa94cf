"""Files as people send them: what is taken, what is mended, what is refused, and that a refusal changes nothing."""

import json
import zipfile
from pathlib import Path

import pytest
import shapely
from django.conf import settings
from django.core.management import CommandError, call_command

from satukota.base.audit.models import AuditEntry
from satukota.base.errors import UserError
from satukota.base.geofiles import files, reading
from satukota.city.models import Kota
from satukota.shared.ground import footprints, importing, osm, queries
from satukota.shared.ground.models import Building, DemandPlace, GroundSource, Street, Structure

from .make import NOW, file_of, house, make_city, make_ground, spot

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]  # what is judged here is files
LIECHTENSTEIN = settings.ROOT.parent / "shared" / "data" / "geo" / "liechtenstein.osm.pbf"
BOW_TIE = shapely.Polygon([spot(200, 0), spot(220, 20), spot(220, 0), spot(200, 20)])


@pytest.fixture(autouse=True)
def city():
    return make_city()


def take(kind: str, path: Path, **more) -> GroundSource:
    return importing.run(kind, path, **{"by": None, "at": NOW, **more})


def why(kind: str, path: Path) -> str:
    """What a refusal says; nothing changed."""
    if not GroundSource.objects.exists():
        make_ground(buildings=[house(900, 900)])
    with pytest.raises(UserError) as problem:
        take(kind, path)
    assert Building.objects.count() == 1 and GroundSource.objects.count() == 1
    return f"{problem.value.text} {problem.value.fix}"


def test_buildings_come_with_heights_mended_once_each_and_the_rest_is_told(tmp_path):
    shapes = [house(0), house(20), house(40), house(60), BOW_TIE, house(0), shapely.Polygon([spot(0, 90)] * 4)]
    path = file_of(tmp_path / "b.geojson", shapes, tinggi=["4,5 m", None, "nol", None, None, "9", None],
                   lantai=[None, "3", None, None, None, None, None])  # fmt: skip
    source = take("buildings", path, licence="CC BY 4.0", attribution="Dinas Contoh")
    rows = {row.key: (row.height_m, row.height_from) for row in Building.objects.all()}
    assert rows == {"1": (4.5, "measured"), "2": (9.0, "levels"), "3": (6.0, "assumed"), "4": (6.0, "assumed"),
                    "5": (6.0, "assumed")}  # fmt: skip
    assert source.report["mended"] == 1 and sum(source.report["left_out"].values()) == 2
    assert source.sha256 == files.sha256_of(path) and queries.attributions() == ["Dinas Contoh · CC BY 4.0"]
    assert shapely.is_valid(queries.buildings().polygons).all()
    assert AuditEntry.objects.filter(act="ground.imported").count() == 1


def test_metres_are_turned_and_what_lies_elsewhere_is_counted(tmp_path):
    path = file_of(tmp_path / "b.gpkg", [house(0), shapely.box(114.0, -1.0, 114.001, -0.999)], crs="EPSG:32650")
    source = take("buildings", path)
    assert source.report["elsewhere"] == 1 and any("EPSG:32650" in note for note in source.report["notes"])
    shape = shapely.from_wkb(bytes(Building.objects.get().outline))
    assert shape.symmetric_difference(house(0)).area < house(0).area * 1e-3


def test_a_zipped_shapefile_of_poles(tmp_path):
    file_of(tmp_path / "tiang.shp", [shapely.Point(spot(n, 0)) for n in range(0, 50, 10)], KODE=list("ABCCE"),
            JENIS=["PJU", "tiang", "menara", "x", None], LISTRIK=["ya", "tidak", None, "1", "?"])  # fmt: skip
    with zipfile.ZipFile(tmp_path / "kiriman.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for part in tmp_path.glob("tiang.*"):
            archive.write(part, f"../../{part.name}")
    source = take("poles", tmp_path / "kiriman.zip")
    found = {row.code: (row.kind, row.has_power) for row in Structure.objects.all()}
    assert found == {"A": ("lamp", True), "B": ("pole", False), "C": ("mast", None), "E": ("pole", None)}
    assert list(source.report["examples"].values()) == [["C"]]


def test_places_of_need_by_code_or_name(tmp_path):
    path = file_of(tmp_path / "p.geojson", [shapely.Point(spot(n, 0)) for n in (0, 50, 100, 150)],
                   jenis=["crash", "Laporan kejahatan", "naga", "flood"], jumlah=["3", None, "1", "-2"])  # fmt: skip
    source = take("places", path)
    assert {(row.kind, row.times) for row in DemandPlace.objects.all()} == {("crash", 3.0), ("crime", 1.0)}
    assert sum(source.report["left_out"].values()) == 2


def test_swapped_coordinates_metres_called_degrees_and_no_projection_are_named(tmp_path):
    swapped = [shapely.transform(house(0), lambda xy: xy[:, ::-1])]
    assert "tertukar" in why("buildings", file_of(tmp_path / "a.geojson", swapped))
    metres = shapely.transform(house(0), lambda xy: (xy - 100) * 30_000)
    feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(metres)}
    (tmp_path / "b.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert "meter" in why("buildings", tmp_path / "b.geojson")
    assert "sistem koordinatnya" in why("buildings", file_of(tmp_path / "c.shp", [metres], crs=None))


def test_another_city_and_nothing_but_points_are_refused(tmp_path):
    elsewhere = [shapely.box(114.0, -1.0, 114.001, -0.999)]
    assert "114.0" in why("buildings", file_of(tmp_path / "a.geojson", elsewhere))
    points = file_of(tmp_path / "b.geojson", [shapely.Point(spot(0, 0))])
    assert "bukan poligon" in why("buildings", points)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.geojson", b"", "kosong"),
        ("a.gpkg", b"<!doctype html><title>404</title>", "halaman web"),
        ("a.parquet", b"PAR1" + b"\0" * 100, "GeoParquet"),
        ("a.shp", b"MZ" + b"\0" * 100, "bukan GeoJSON"),
        ("a.zip", b"PK\x03\x04" + b"\0" * 100, "rusak"),
        ("a.osm.pbf", b"\0\0\0\x0e\n\tOSMHeader\x18\x7f" + b"\0" * 200, "berbentuk"),
    ],
)
def test_what_is_not_what_its_name_says(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    assert said in why("buildings", tmp_path / name)


@pytest.mark.parametrize("content", [
    b'{"type":"FeatureCollection","features":[',
    b'{"type":"gdal_streamed_alg","command_line":"gdal vector pipeline ! read /etc/passwd"}',
    b"SQLite format 3\0" + b"\xff" * 5000,
])  # fmt: skip
def test_what_breaks_or_tricks_the_reader_ends_with_a_sentence(tmp_path, content):
    (tmp_path / "a.geojson").write_bytes(content)
    assert "rusak" in why("buildings", tmp_path / "a.geojson")


def test_an_archive_that_swells_is_not_opened(tmp_path):
    with zipfile.ZipFile(tmp_path / "bom.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for suffix in ("shp", "shx", "dbf"):
            archive.writestr(f"a.{suffix}", b"\0" * 12_000_000)
    assert "mengembang" in why("buildings", tmp_path / "bom.zip")


def test_half_a_shapefile_and_two_in_one_archive_are_named(tmp_path):
    file_of(tmp_path / "a.shp", [house(0)])
    (tmp_path / "a.shx").unlink()
    assert ".shx" in why("buildings", tmp_path / "a.shp")
    with zipfile.ZipFile(tmp_path / "dua.zip", "w") as archive:
        for name in ("a.shp", "b.shp"):
            archive.writestr(name, b"x")
    assert "2 Shapefile" in why("buildings", tmp_path / "dua.zip")


def test_more_rows_than_a_city_has_end_with_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MOST_ROWS", 5)
    path = file_of(tmp_path / "a.gpkg", [house(20 * n) for n in range(7)])
    assert "lebih dari 5 baris" in why("buildings", path)


def test_a_reader_without_memory_takes_nothing_along(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "LONGEST_S", 0.01)
    assert "terlalu berat" in why("buildings", file_of(tmp_path / "a.gpkg", [house(0)]))


def test_a_new_import_takes_the_place_of_the_former_and_its_report_stays(tmp_path):
    make_ground(kind="sample", buildings=[house(0), house(50)], streets=[("path", [spot(0, 0), spot(9, 0)])],
                poles=[spot(0, 0)], junctions=[spot(9, 0)])  # fmt: skip
    take("buildings", file_of(tmp_path / "a.geojson", [house(0)]))
    second = take("buildings", file_of(tmp_path / "b.geojson", [house(0), house(20), house(40)]))
    assert Building.objects.filter(source=second).count() == Building.objects.count() == 3
    assert Street.objects.count() == 1 and GroundSource.objects.get(kind="sample").is_current
    assert [row.is_current for row in GroundSource.objects.filter(kind="buildings").order_by("pk")] == [False, True]
    take("poles", file_of(tmp_path / "c.geojson", [shapely.Point(spot(1, 1))]))
    assert sorted(Structure.objects.values_list("kind", flat=True)) == ["junction", "pole"]


def test_only_the_formats_we_read_are_switched_on(tmp_path):
    import subprocess
    import sys

    from satukota.base.geofiles import reader

    code = "import pyogrio; print(','.join(sorted(pyogrio.list_drivers())))"
    done = subprocess.run([sys.executable, "-c", code], env={"GDAL_SKIP": reader.OFF}, capture_output=True, text=True)
    assert done.stdout.strip() == "ESRI Shapefile,GPKG,GeoJSON,MEM,OSM,SQLite"


def test_the_command_prints_its_report_or_its_sentence(tmp_path, capsys, settings):
    settings.VAR = tmp_path / "var"
    path = file_of(tmp_path / "a.geojson", [house(0), house(0)])
    call_command("import_buildings", str(path), "--check")
    assert "Hanya diperiksa" in capsys.readouterr().out and not Building.objects.exists()
    with pytest.raises(CommandError, match="tidak dapat dibaca"):
        call_command("import_poles", str(tmp_path / "tidak-ada"))


@pytest.mark.parametrize(("height", "storeys", "means"), [
    (12, None, (12.0, "measured")), ("12,5 m", None, (12.5, "measured")), ("-3", "2", (6.0, "levels")),
    (None, 4, (12.0, "levels")), ("9999", None, (6.0, "assumed")), (True, "abc", (6.0, "assumed")),
    (0, 0, (6.0, "assumed")), ("1e9", None, (6.0, "assumed")),
])  # fmt: skip
def test_heights_as_people_write_them(height, storeys, means):
    assert footprints.height_of(height, storeys) == means


def test_tags_with_quotes_and_arrows_inside():
    assert osm.tags('"name"=>"a \\"b\\" => c","height"=>"3"') == {"name": 'a "b" => c', "height": "3"}


def test_a_real_extract_of_osm(settings, tmp_path):
    if not LIECHTENSTEIN.exists():
        pytest.skip("shared/data/geo/liechtenstein.osm.pbf is not beside this checkout")
    Kota.objects.update(lon=9.55, lat=47.15, west=9.47, south=47.04, east=9.64, north=47.28)
    taken = importing.examine("osm", LIECHTENSTEIN)
    counts = {name: len(rows) for name, rows in taken.layers.items()}
    assert 17_600 < counts["buildings"] <= 17_717 and 8_200 < counts["streets"] <= 8_253
    assert counts["structures"] > 2_500 and counts["places"] > 400
    kinds = {row.kind for row in taken.layers["places"]}
    assert {"school", "worship", "market", "health", "transport"} <= kinds
    assert sum(row.height_from == "levels" for row in taken.layers["buildings"]) > 500
    assert len({row.key for row in taken.layers["buildings"]}) == counts["buildings"]
