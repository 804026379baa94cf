"""Files made to break what reads them, and pictures that are more than pictures."""

import io
import re
import zipfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.test import Client

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.base.evidence import actions as evidence
from satukota.city import boundaries
from satukota.work.cameras.importing import actions
from satukota.work.cameras.importing.files import Unreadable, open_table
from satukota.work.cameras.models import Camera, CameraImport
from satukota.work.cameras.reference_actions import reference_of
from satukota.work.cameras.tests.make import City, make_camera, make_city, signed_in

PLACE = b'"geometry":{"type":"Point","coordinates":[117.48,0.13]}'
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
LONG = "n" * 5000 + ".csv"
HTML = b"<!doctype html><script>alert(1)</script>"


@pytest.fixture
def city(db: None, settings, tmp_path: Path) -> City:
    settings.FILES_DIR = tmp_path
    return make_city()


def feature(properties: bytes, geometry: bytes = PLACE) -> bytes:
    inside = b'{"type":"Feature","properties":' + properties + b"," + geometry + b"}"
    return b'{"type":"FeatureCollection","features":[' + inside + b"]}"


def archive(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return out.getvalue()


def sent(city: City, content: bytes, name: str = "kamera.geojson") -> CameraImport:
    batch = actions.start(name, [content], len(content), owner=city.diskominfo, by=city.who.engineer, at=clock.now())
    batch.refresh_from_db()
    return batch


def nested(depth: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return opening * depth + closing * depth


def refusal(content: bytes) -> Unreadable:
    with pytest.raises(Unreadable) as problem:
        list(open_table(io.BytesIO(content), len(content)).rows)
    assert problem.value.text and problem.value.fix
    return problem.value


# Archives


def test_a_zip_of_zips_is_no_workbook():
    inner = archive(**{"a.csv": b"Kode;Nama\n" * 1000})
    for _level in range(10):
        inner = archive(**{f"{n}.zip": inner for n in range(3)})
    assert "XLSX" in refusal(inner).text


def test_a_workbook_that_carries_zips_unpacks_none_of_them():
    bomb = archive(**{"nol": b"\0" * 50_000_000})
    parts = {"[Content_Types].xml": b"<Types/>", **{f"xl/embeddings/{n}.zip": bomb for n in range(20)}}
    refusal(archive(**parts))  # there is no sheet in it; nothing was unpacked to learn that


def test_parts_with_names_that_lead_out_are_written_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    refusal(archive(**{"[Content_Types].xml": b"<Types/>", "../../keluar.txt": b"x", "/tmp/keluar-satukota.txt": b"x"}))
    assert list(tmp_path.parent.rglob("keluar*.txt")) == [] and not Path("/tmp/keluar-satukota.txt").exists()


# GeoJSON


@pytest.mark.parametrize("depth", [900, 1100, 200_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"1}")])
def test_deep_nesting_is_read_or_refused_in_words(city: City, depth: int, opening: bytes, closing: bytes):
    """Around the depth at which Python itself gives up, too."""
    deep = opening * depth + closing + closing.lstrip(b"1") * (depth - 1)
    place = b'"geometry":{"type":"Point","coordinates":' + deep + b"}"
    for content in (feature(b'{"Kode":"MB-1","Nama":' + deep + b"}"), feature(b'{"Kode":"MB-1"}', place)):
        batch = sent(city, content)
        assert batch.state in ("failed", "preview") and not batch.rows_new
        assert not Camera.objects.exists()


@pytest.mark.parametrize("value", [b"NaN", b"Infinity", b"-1e999", b'"\\ud800x"', b'"a\\u0000b"', b"9" * 4000, b"true",
                                   b'{"__proto__":{"x":1}}'])  # fmt: skip
@pytest.mark.parametrize("column", ["Kode", "Nama", "Tinggi", "Sandi"])
def test_a_value_no_database_takes_is_told_and_does_not_stop_the_worker(city: City, column: str, value: bytes):
    fields = {"Kode": b'"MB-1"', "Nama": b'"Contoh"'} | {column: value}
    content = feature(b"{" + b",".join(b'"%s":%s' % (name.encode(), cell) for name, cell in fields.items()) + b"}")
    try:
        batch = sent(city, content)
    except (DatabaseError, ValueError) as problem:  # what Django's drivers raise for text no database holds
        pytest.fail(f"{column}={value[:20]!r}: {problem!r}")
    assert batch.state in ("preview", "failed")
    if batch.state == "preview" and batch.rows_new:
        actions.approve(batch, by=city.who.engineer, at=clock.now())
        batch.refresh_from_db()
        assert batch.state == "applied"


@pytest.mark.parametrize("content", [
    nested(200_000), b'{"type":"FeatureCollection","features":[' + nested(200_000) + b"]}",
    feature(b'{"kode":"6474011001"}', b'"geometry":{"type":"Polygon","coordinates":' + nested(5_000) + b"}"),
    b"9" * 100_000, SVG, HTML,
])  # fmt: skip
def test_a_boundary_file_of_any_depth_is_refused_in_words(tmp_path: Path, content: bytes):
    path = tmp_path / "batas.geojson"
    path.write_bytes(content)
    with pytest.raises(UserError) as problem:
        boundaries.read_file(path, {"64.74.01.1001"}, (117.3, 0.0, 117.6, 0.3))
    assert problem.value.fix


def test_a_boundary_nested_deeper_than_a_polygon_is_refused_alone(tmp_path: Path):
    path = tmp_path / "batas.geojson"
    deep = b'"geometry":{"type":"Polygon","coordinates":' + nested(500) + b"}"
    path.write_bytes(feature(b'{"kode":"6474011001"}', deep))
    found = boundaries.read_file(path, {"64.74.01.1001"}, (117.3, 0.0, 117.6, 0.3))
    assert found.areas == {} and len(found.refused) == 1


# What is uploaded goes by its content, whatever it is called


@pytest.mark.parametrize("content", [SVG, HTML, b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe1 Exif", b"%PDF-1.7"])
@pytest.mark.parametrize(
    "name", ["kamera.csv", "kamera.xlsx", "../../../etc/cron.d/x", "a\0b.csv", "\u202evsc.exe", "n" * 5000]
)
def test_what_is_no_table_is_refused_under_any_name(city: City, name: str, content: bytes):
    client = signed_in(city.who.engineer)
    upload = SimpleUploadedFile(name, content, content_type="text/csv")
    answer = client.post("/pusat/kamera/impor/", {"owner": city.diskominfo.pk, "file": upload})
    assert answer.status_code == 422
    assert not CameraImport.objects.exists()


@pytest.mark.parametrize(
    "name", ["../../../etc/cron.d/x", "/etc/passwd", "..\\..\\x.csv", "a;b|c`d`.csv", "n" * 5000 + ".csv"]
)
def test_the_name_of_a_file_is_shown_and_leads_nowhere(city: City, tmp_path: Path, name: str):
    batch = sent(city, b"Kode;Nama\nMB-1;Contoh\n", name)
    kept = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*") if path.is_file()}
    assert batch.state == "preview" and kept <= {"imports"}
    page = signed_in(city.who.engineer).get(f"/pusat/kamera/impor/{batch.pk}/")
    assert page.status_code == 200


# Pictures: nobody uploads one; they come from cameras, as video, and are coded anew


def test_a_stored_picture_is_served_as_a_picture_and_nothing_else(city: City):
    """Also when something else was put into the store by whoever reached the disk: no browser runs it."""
    make_camera("MB-001")
    for content in (SVG, HTML, b"\xff\xd8\xff\xe0 contoh"):
        evidence.put_slot("camera/MB-001/latest", content)
        answer = signed_in(city.who.operator).get("/pusat/kamera/MB-001/gambar/latest.jpg")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "script-src" in answer.headers["Content-Security-Policy"] or "default-src 'self'" in (
            answer.headers["Content-Security-Policy"])  # fmt: skip
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_what_is_no_picture_makes_no_reference():
    for content in (SVG, HTML, b"", b"\xff\xd8\xff\xe1" + b"\xff\xff" + b"Exif\0\0" + b"A" * 65_000):
        with pytest.raises(UserError):
            reference_of(content, 0.0, 12)


def test_a_picture_is_coded_anew_without_what_was_hidden_in_it():
    """A reference is made from pixels: EXIF of any size does not come along."""
    import cv2
    import numpy as np

    _done, plain = cv2.imencode(".jpg", np.full((360, 640, 3), 90, np.uint8))
    hidden = (b"Exif\0\0" + b"RAHASIA" * 9_400)[:65_531]
    exif = (b"\xff\xe1" + (len(hidden) + 2).to_bytes(2, "big") + hidden) * 20
    bomb = plain.tobytes()[:2] + exif + plain.tobytes()[2:]
    assert b"RAHASIA" not in reference_of(bomb, 0.0, 12).to_bytes()


UPLOADS = {
    "base/documents/pages.py": "a PDF to compare: hashed and let go",
    "city/forms.py": "a table of RT, read by its content",
    "city/pages/editing.py": "hands the form above its file",
    "shared/ground/forms.py": "maps, read in a job",
    "shared/ground/pages.py": "as above",
    "work/blind_spots/pages/register.py": "a photo or a paper about a blind spot, known by its first bytes",
    "work/cameras/forms.py": "a table of cameras, read by its content",
    "work/cameras/pages/importing.py": "as above",
    "work/cameras/pages/retrievals.py": "footage that was handed over, known by its first bytes, kept as evidence",
}


def test_every_place_that_takes_a_file_is_known():
    """When somebody adds one: limits, judged by content, pictures through base.evidence.pictures, and a line here."""
    root = Path(__file__).resolve().parents[2] / "src" / "satukota"
    takes = re.compile(r"FileField\(|ImageField\(|request\.FILES")
    found = {f"{path.relative_to(root)}" for path in root.rglob("*.py") if "tests" not in path.parts
             and "migrations" not in path.parts and takes.search(path.read_text("utf-8"))}  # fmt: skip
    assert found == set(UPLOADS)


def test_template_and_export_say_they_are_files_to_keep(city: City):
    client: Client = signed_in(city.who.engineer)
    for url in ("impor/templat.csv", "impor/templat.xlsx", "ekspor.csv", "ekspor.xlsx", "ekspor.geojson"):
        answer = client.get(f"/pusat/kamera/{url}")
        assert answer.status_code == 200, url
        assert answer.headers["Content-Disposition"].startswith("attachment; filename="), url


def test_a_name_cannot_close_the_script_of_a_page(city: City):
    make_camera("MB-001", name="</script><script>alert(1)</script>")
    client = signed_in(city.who.operator)
    for url in ("/pusat/kamera/", "/pusat/kamera/MB-001/", "/pusat/"):
        assert b"</script><script>alert(1)" not in client.get(url).content
