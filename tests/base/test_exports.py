"""Lists as files: readable in a spreadsheet, harmless in it, and never cut off unsaid."""

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import RequestFactory
from python_calamine import CalamineWorkbook

from satukota.base import exports
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import UserError
from satukota.base.exports import Column, table_response

pytestmark = pytest.mark.django_db
COLUMNS = (Column("kode", "Kode"), Column("nama", "Nama", "name.short"), Column("angka", "Angka", lambda row: row["n"]))
EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"]


def row(kode="A", short="Nama", n=1, **more):
    return {"kode": kode, "name": {"short": short}, "n": n, "lon": 117.5, "lat": 0.1, **more}


def asking(query: str = "") -> HttpRequest:
    request = RequestFactory().get(f"/daftar{query}")
    request.user = AnonymousUser()
    return request


def body(rows, fmt, columns=COLUMNS, **paths) -> bytes:
    return b"".join(table_response(asking(), "Daftar uji", columns, rows, fmt, **paths).streaming_content)


def cells(rows) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body(rows, "csv").decode("utf-8-sig")), delimiter=";"))


def sheet(rows) -> list[list]:
    return CalamineWorkbook.from_filelike(io.BytesIO(body(rows, "xlsx"))).get_sheet_by_index(0).to_python()


def test_csv_opens_in_an_indonesian_spreadsheet():
    content = body([row(n=1.5)], "csv")
    assert content.startswith(b"\xef\xbb\xbf") and b"Kode;Nama;Angka\r\n" in content and b";1,5\r\n" in content


@pytest.mark.parametrize("evil", EVIL)
def test_no_cell_is_a_formula(evil):
    assert cells([row(short=evil)])[1][1] == f"'{evil}"
    assert sheet([row(short=evil)])[1][1].startswith("'")


def test_a_negative_number_stays_a_number():
    assert cells([row(n=-5), row(n=-0.25), row(n=Decimal("-1.50"))])[1:] == [
        ["A", "Nama", "-5"], ["A", "Nama", "-0,25"], ["A", "Nama", "-1,50"]]  # fmt: skip
    assert sheet([row(n=-5)])[1][2] == -5


def test_quotes_semicolons_and_lines_stay_in_their_cell():
    text = 'a;b"c\nd'
    assert cells([row(short=text)])[1][1] == text


def test_moments_are_in_the_citys_time_and_nothing_is_empty():
    assert cells([row(n=datetime(2026, 11, 22, 16, 30, tzinfo=UTC))])[1][2] == "2026-11-23 00:30:00"
    assert cells([row(n=date(2026, 1, 2)), row(n=None), row(n=True), row(n=["a", "b"])])[1:] == [
        ["A", "Nama", "2026-01-02"], ["A", "Nama", ""], ["A", "Nama", "ya"], ["A", "Nama", "a, b"]]  # fmt: skip


def test_xlsx_holds_dates_as_dates_and_long_text_within_a_cell():
    found = sheet([row(n=date(2026, 1, 2), short="x" * 40_000)])
    assert found[0] == ["Kode", "Nama", "Angka"]
    assert found[1][2] == date(2026, 1, 2) and len(found[1][1]) == exports.CELL_MAX


def test_geojson_has_a_point_for_whatever_has_a_position():
    found = json.loads(body([row(), row(kode="B", lon=None)], "geojson"))
    first, second = found["features"]
    assert first["geometry"] == {"type": "Point", "coordinates": [117.5, 0.1]} and second["geometry"] is None
    assert first["properties"] == {"kode": "A", "nama": "Nama", "angka": 1}


def test_geojson_of_nothing_is_an_empty_collection_and_text_is_not_guarded():
    assert json.loads(body([], "geojson"))["features"] == []
    assert json.loads(body([row(short="=1")], "geojson"))["features"][0]["properties"]["nama"] == "=1"


def test_the_position_may_lie_deeper():
    found = json.loads(body([row(a={"x": 1, "y": 2})], "geojson", COLUMNS, lon="a.x", lat="a.y"))
    assert found["features"][0]["geometry"]["coordinates"] == [1, 2]


def test_too_many_rows_are_refused_whole():
    with pytest.raises(UserError) as problem:
        table_response(asking(), "x", COLUMNS, range(exports.MAX_ROWS + 1), "csv")
    assert "100001" in problem.value.text


@pytest.mark.parametrize("fmt", ["", "exe", "../csv", "CSV"])
def test_an_unknown_format_is_refused(fmt):
    with pytest.raises(UserError):
        table_response(asking(), "x", COLUMNS, [], fmt)


def test_the_file_name_is_safe():
    head = table_response(asking(), '../"x\r\nSet-Cookie: a', COLUMNS, [], "csv")["Content-Disposition"]
    assert head.startswith('attachment; filename="') and "\n" not in head and "/" not in head


def test_who_takes_rows_away_is_written_down_with_filter_number_and_purpose():
    query = "?opd=dishub&keadaan=down&keadaan=up&q=&keperluan=LHP+12"
    table_response(asking(query), "Daftar uji", COLUMNS, [row(), row()], "csv")
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.purpose, entry.after["rows"]) == ("exports.taken", "LHP 12", 2)
    assert entry.after["chosen"]["filter"] == {"opd": "dishub", "keadaan": ["down", "up"]}


def test_what_is_refused_is_not_written_down_as_taken():
    with pytest.raises(UserError):
        table_response(asking(), "Daftar uji", COLUMNS, [row()], "exe")
    assert not AuditEntry.objects.exists()
