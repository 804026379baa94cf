"""Files as offices send them, and files no office would: each is read, or refused with a sentence."""

import io
import json
import zipfile

import pytest
import xlsxwriter

from satukota.work.cameras.importing.files import RawRow, Unreadable, open_table
from satukota.work.cameras.importing.files import headings as headings_module

HEAD = "Kode;Nama;Lintang;Bujur\n"


def rows_of(content: bytes) -> list[RawRow]:
    return list(open_table(io.BytesIO(content), len(content)).rows)


def refusal(content: bytes) -> str:
    with pytest.raises(Unreadable) as problem:
        rows_of(content)
    assert problem.value.fix
    return problem.value.text


def xlsx(rows: list[list[object]], **options: object) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True} | options)
    sheet = book.add_worksheet()
    for line, row in enumerate(rows):
        for place, cell in enumerate(row):
            if cell is not None:
                sheet.write(line, place, cell)
    book.close()
    return out.getvalue()


def collection(*features: object, **more: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", **more, "features": list(features)}).encode()


def point(*where: object, **properties: object) -> dict:
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Point", "coordinates": list(where)}}


NAME = "Simpang Ñandú"
CSV = f"Kode;Nama;Lintang;Bujur\r\nMB-1;{NAME};0,13;117,48\r\n"


@pytest.mark.parametrize(("encoding", "said"), [
    ("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
    ("utf-16-be", "utf-16-be"), ("cp1252", "cp1252"),
])  # fmt: skip
def test_every_usual_encoding_is_found_by_itself(encoding: str, said: str) -> None:
    content = CSV.encode(encoding)
    table = open_table(io.BytesIO(content), len(content))
    (row,) = table.rows
    assert row.cells == {"code": "MB-1", "name": NAME, "lat": "0,13", "lon": "117,48"}
    assert table.read_as["encoding"] == said


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_every_usual_separator_is_found_by_itself(separator: str) -> None:
    text = 'Kode;Nama;Lintang\nMB-1;"Pasar; depan, kiri | kanan";0.13\n'.replace(";", separator, 2)
    head, rest = text.split("\n", 1)
    line = f'MB-1{separator}"Pasar; depan, kiri | kanan"{separator}0.13\n'
    (row,) = rows_of(f"{head.replace(';', separator)}\n{line}".encode())
    assert row.cells["name"] == "Pasar; depan, kiri | kanan"
    assert rest


def test_excel_says_its_separator_in_the_first_line() -> None:
    (row,) = rows_of(b"sep=;\r\nKode;Nama\r\nMB-1;Satu, dua\r\n")
    assert (row.number, row.cells["name"]) == (3, "Satu, dua")


def test_titles_blank_lines_and_two_rows_of_headings() -> None:
    text = "DAFTAR CCTV 2026;;;;\n;;;;\nNo;Kode;Nama;Koordinat;\n;;;Lintang;Bujur\n\n1;MB-1;Simpang;0,13;117,48\n;;;;\n"
    (row,) = rows_of(text.encode())
    assert row.number == 6
    assert row.cells == {"code": "MB-1", "name": "Simpang", "lat": "0,13", "lon": "117,48"}


def test_line_numbers_are_those_of_the_spreadsheet_also_after_a_cell_of_two_lines() -> None:
    rows = rows_of((HEAD + 'MB-1;"dua\nbaris";;\nMB-2;x;;\n').encode())
    assert [(row.number, row.cells["code"]) for row in rows] == [(2, "MB-1"), (4, "MB-2")]


def test_a_row_with_more_cells_than_headings_is_complained_about() -> None:
    good, long = rows_of((HEAD + "MB-1;a;;;;\nMB-2;a;b;c;d;e\n").encode())
    assert not good.problems
    assert "6" in long.problems[0]


@pytest.mark.parametrize(("content", "said"), [
    (b"", "kosong"), (b"\n\n\n", "kode"), (b"\x00\x01\x02\x03" * 10, "teks"), (b"%PDF-1.7", "PDF"),
    (b"\xd0\xcf\x11\xe0" + b"x" * 50, "XLS"), (b"<!doctype html><html>", "HTML"), (b"\x1f\x8b\x08", "gzip"),
    (b"\xff\xd8\xff\xe0", "gambar"), (b"Nama;Lintang\nx;1\n", "kode"), (b"hello world", "kode"),
    (b'Kode;Nama\nMB-1;"tidak ditutup\n' + b"x;y\n" * 9000, "kutip"), (b"{}", "FeatureCollection"),
    (b"PK\x03\x04 not a zip", "XLSX"), (b"Kode" + b";x" * 600 + b"\nMB-1" + b";y" * 600, "500 kolom"),
    (b"\xef\xbb\xbf", "kosong"), (b"Kode\nMB-1\nMB-\x00\n", "teks"),
])  # fmt: skip
def test_what_is_no_table_is_named(content: bytes, said: str) -> None:
    assert said in refusal(content)


def test_a_file_that_is_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(Unreadable, match="64 MB"):
        open_table(io.BytesIO(b"Kode\n"), 65 * 1024 * 1024)


def test_more_rows_than_a_city_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headings_module, "MAX_ROWS", 10)
    assert "lebih dari" in refusal(b"Kode;Nama\n" + b"MB-1;x\n" * 11)


def test_xlsx_keeps_types_and_reads_only_the_first_sheet() -> None:
    content = xlsx([["Daftar kamera"], [], ["Kode", "Nama", "Lintang", "Tinggi"], ["MB-1", "A", 0.13, 6], [None, None],
                    [12, "B", "0,14", True]])  # fmt: skip
    first, second = rows_of(content)
    assert (first.number, first.cells) == (4, {"code": "MB-1", "name": "A", "lat": 0.13, "height_m": 6.0})
    assert (second.number, second.cells["code"], second.cells["lat"]) == (6, 12.0, "0,14")


def test_a_formula_counts_with_its_value() -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Kode", "Nama", "Tinggi"])
    sheet.write_string(1, 0, "MB-1")
    sheet.write_formula(1, 1, '="a"&"b"', None, "ab")
    sheet.write_formula(1, 2, "=1/0", None, "#DIV/0!")
    book.close()
    (row,) = rows_of(out.getvalue())
    assert row.cells["name"] == "ab"
    assert row.cells["height_m"] is None  # a formula that failed has no value


def zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_a_bomb_in_an_archive_is_measured_and_not_opened() -> None:
    bomb = zipped({"[Content_Types].xml": b"<x/>", "xl/worksheets/sheet1.xml": b"0" * (30 << 20)})
    assert len(bomb) < 100_000
    assert "terlalu besar" in refusal(bomb)


def test_an_archive_whose_directory_lies_about_its_sizes_is_not_believed() -> None:
    bomb = bytearray(zipped({"[Content_Types].xml": b"<x/>", "xl/worksheets/sheet1.xml": b"0" * (3 << 20)}))
    where = bomb.rindex(b"PK\x01\x02")
    bomb[where + 24 : where + 28] = (1000).to_bytes(4, "little")  # claimed size, unpacked
    assert refusal(bytes(bomb))


def test_one_cell_in_the_far_corner_makes_no_grid_of_billions() -> None:
    sheet = (b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
             b'<c r="A1" t="inlineStr"><is><t>Kode</t></is></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c>'
             b"</row></sheetData></worksheet>")  # fmt: skip
    good = io.BytesIO(xlsx([["Kode", "Nama"], ["MB-1", "x"]]))
    with zipfile.ZipFile(good) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert "terlalu jauh" in refusal(zipped(parts | {"xl/worksheets/sheet1.xml": sheet}))


def test_a_broken_or_locked_workbook_is_refused_in_words() -> None:
    good = xlsx([["Kode", "Nama"], ["MB-1", "x"]])
    assert refusal(good[: len(good) // 2])
    assert refusal(zipped({"word/document.xml": b"<x/>", "[Content_Types].xml": b"<x/>"}))
    assert refusal(zipped({"a.txt": b"x"}))


def test_geojson_points_come_one_by_one_with_height_left_out() -> None:
    rows = rows_of(collection(point(117.48, 0.13, 5.0, kode="MB-1", nama="A", arah=90), point(117.5, 0.1, kode="MB-2")))
    assert rows[0].cells == {"code": "MB-1", "name": "A", "bearing_deg": 90, "lon": 117.48, "lat": 0.13}
    assert rows[1].number == 2


def test_geojson_with_small_pieces_is_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from satukota.work.cameras.importing.files import geojson

    features = [point(117.4 + n / 1000, 0.13, kode=f"MB-{n}", nama='kurung ] } " dan, koma') for n in range(200)]
    whole = rows_of(collection(*features))
    monkeypatch.setattr(geojson, "PIECE", 7)
    assert rows_of(collection(*features)) == whole
    assert len(whole) == 200


@pytest.mark.parametrize(("geometry", "said"), [
    ({"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [5, 6], [1, 2]]]}, "Polygon"),
    ({"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}, "MultiPoint"),
    ({"type": "Point", "coordinates": ["117,48", "0,13"]}, "dua angka"), ({"type": "Point", "coordinates": []}, "dua"),
    ({"type": "Point", "coordinates": [1]}, "dua angka"), ({"type": "Point", "coordinates": [True, 1]}, "dua angka"),
    ({"type": "GeometryCollection", "geometries": []}, "GeometryCollection"), (5, "None"), ({"type": 7}, "7"),
    ({"type": "Point", "coordinates": [1, 2, 3, 4, 5]}, "dua angka"),
])  # fmt: skip
def test_a_shape_that_is_no_point_is_complained_about(geometry: object, said: str) -> None:
    (row,) = rows_of(collection({"type": "Feature", "properties": {"kode": "MB-1"}, "geometry": geometry}))
    assert said in row.problems[0]


def test_geojson_without_geometry_or_properties_is_a_row_without_them() -> None:
    rows = rows_of(collection({"type": "Feature", "properties": None, "geometry": None}, 7, point(1, 2)))
    assert [bool(row.problems) for row in rows] == [False, True, False]


@pytest.mark.parametrize(("name", "taken"), [
    ("urn:ogc:def:crs:OGC:1.3:CRS84", True), ("EPSG:4326", True), ("urn:ogc:def:crs:EPSG::4326", True),
    ("urn:ogc:def:crs:EPSG::32650", False), ("EPSG:3857", False), ("", False),
])  # fmt: skip
def test_another_coordinate_system_is_refused(name: str, taken: bool) -> None:
    content = collection(point(117.48, 0.13, kode="MB-1"), crs={"type": "name", "properties": {"name": name}})
    if taken:
        assert len(rows_of(content)) == 1
    else:
        assert "sistem koordinat" in refusal(content)


@pytest.mark.parametrize("content", [
    collection(point(1, 2, kode="x"))[:-20], b'{"type":"FeatureCollection","features":[', b'{"features":[{]}',
    b'{"type":"Feature","features":[]}', b'{"type":"FeatureCollection","features":[]}',
    b'{"type":"FeatureCollection","features":[' + b"[" * 100_000, b'{"type":"FeatureCollection","features":[1,,2]}',
    b'{"type":"FeatureCollection","features":["' + b"x" * 3_000_000, collection(point(1, 2)) + b"trailing",
    b'{"a":"' + b"x" * 3_000_000 + b'"}', b'{"type":"FeatureCollection","features":[' + b"9" * 6000 + b"]}",
    '{"type":"FeatureCollection","features":[{"a":"é"}]}'.encode("cp1252"),
], ids=range(12))  # fmt: skip
def test_broken_json_is_refused_in_words(content: bytes) -> None:
    assert refusal(content)
