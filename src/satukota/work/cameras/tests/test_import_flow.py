"""From a file to the register: previewed, applied whole or not at all, whoever interferes and whatever dies."""

import csv
import io
import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from python_calamine import CalamineWorkbook

from satukota.base import clock, secrets
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import AlreadyDone, UserError
from satukota.shared.monitoring.models import Target
from satukota.work.cameras.importing import actions, spool
from satukota.work.cameras.importing import plan as planning
from satukota.work.cameras.models import Camera, CameraImport

from .make import City, make_camera, make_city, make_contract, make_link, make_place, signed_in

pytestmark = pytest.mark.django_db
PAGE = "/pusat/kamera/impor/"
HEAD = "Kode;Nama;Lintang;Bujur;Kelurahan;Alamat RTSP;Pengguna;Sandi\n"


@pytest.fixture
def city(settings, tmp_path: Path) -> City:
    settings.FILES_DIR = tmp_path
    return make_city()


def start(city: City, text: str | bytes, name: str = "kamera.csv", owner=None) -> CameraImport:
    content = text.encode() if isinstance(text, str) else text
    return actions.start(name, [content], len(content), owner=owner or city.diskominfo, by=city.who.engineer,
                         at=clock.now())  # fmt: skip


def approve(batch: CameraImport, city: City) -> CameraImport:
    batch.refresh_from_db()
    actions.approve(batch, by=city.who.engineer, at=clock.now())
    batch.refresh_from_db()
    return batch


def counts(batch: CameraImport) -> tuple[int, int, int, int]:
    return batch.rows_new, batch.rows_changed, batch.rows_same, batch.rows_refused


def complaints(batch: CameraImport, number: int | None = None) -> str:
    rows = batch.rows.all() if number is None else batch.rows.filter(number=number)
    return " | ".join(f"{each['column']}: {each['text']}" for row in rows for each in row.complaints)


def test_new_changed_same_and_refused_are_told_apart_and_applied_together(city: City) -> None:
    make_camera("MB-001", name="Lama", kelurahan=city.kelurahan)
    make_camera("MB-002", name="Tetap", address="rtsp://10.0.0.2:554/")
    changed, same = "MB-001;Baru;;;Loktuan;;;\n", "MB-002;Tetap;;;;rtsp://10.0.0.2/;;\n"
    batch = start(city, HEAD + changed + same + "MB-003;Tiga;0,13;117,48;;;;\nMB-004;;;;;;;\n")
    assert (batch.state, counts(batch)) == ("preview", (1, 1, 1, 1))
    assert batch.rows.get(number=2).changes["name"] == ["Lama", "Baru"]
    assert Camera.objects.count() == 2  # a preview writes nothing
    assert approve(batch, city).state == "applied"
    assert Target.objects.get(code="MB-001").kelurahan == city.other_kelurahan
    assert Target.objects.get(code="MB-003").owner == city.diskominfo
    assert not Target.objects.filter(code="MB-004").exists()
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.after["new"], entry.after["changed"]) == ("cameras.imported", 1, 1)


def test_every_column_arrives(city: City) -> None:
    make_place(city)
    link, contract = make_link(), make_contract(city)
    batch = start(city, (
        "Kode;Nama;Koordinat;Kelurahan;Tempat;Alamat ONVIF;Jenis;Guna;Arah;Sudut;Jangkauan;Tinggi;Resolusi;Kodek;FPS;"
        "Merek;Model;Nomor seri;Sambungan;Kontrak;Publik;Kepekaan;Dipasang;Biaya;Papan\n"
        "MB-1;Simpang;0,1328; ;Pasar Contoh;http://10.0.0.1/onvif/device_service;PTZ;lalu lintas;135,5;90;60;6;"
        "1280x720;H.265;15;Contoh;C-1;S-1;fo-07;K-01/CONTOH;ya;tinggi;30/04/2026;Rp50.000.000;tidak\n"
    ).replace("0,1328; ;Pasar", '"0,1328; 117,4801";Apiapi;Pasar'))  # fmt: skip
    assert counts(batch) == (1, 0, 0, 0), complaints(batch)
    approve(batch, city)
    camera = Camera.objects.select_related("target").get()
    target = camera.target
    assert (target.lat, target.lon, target.kelurahan) == (0.1328, 117.4801, city.kelurahan)
    assert (target.link, target.contract, target.is_public, target.place.name) == (link, contract, True, "Pasar Contoh")
    assert (camera.kind, camera.purpose, camera.bearing_deg, camera.codec) == ("ptz", "traffic", 135.5, "hevc")
    assert (camera.width, camera.height, camera.fps, camera.height_m) == (1280, 720, 15, 6)
    assert (camera.sensitivity, camera.cost_rp, camera.sign_installed) == ("tinggi", 50_000_000, False)
    assert (camera.installed_on.isoformat(), camera.serial_number) == ("2026-04-30", "S-1")
    assert camera.onvif_address == "http://10.0.0.1:80/onvif/device_service"


def test_an_empty_cell_changes_nothing(city: City) -> None:
    make_camera("MB-001", name="Lama", bearing_deg=90, username="pemantau")
    batch = start(city, "Kode;Nama;Arah;Pengguna;Papan\nMB-001;;-;;\n")
    assert counts(batch) == (0, 0, 1, 0)


@pytest.mark.parametrize(("row", "column", "said"), [
    ("MB-1;A;117,48;0,13;;;;", "lat", "117,48 tampak seperti bujur; tertukar?"),
    ("MB-1;A;0,13;;;;;", "lon", "berdua"), ("MB-1;A;5;117,48;;;;", "lat", "di luar Kota Contoh"),
    ("MB-1;A;-0,13;117,48;;;;", "lat", "minus"), ("MB-1;A;nan;117,48;;;;", "lat", "angka biasa"),
    ("MB-1;A;0,13;117,48;Antah Berantah;;;", "kelurahan", "tidak ada di register"),
    ("MB-1;A;0,13;117,48;Lok Tuang;;;", "kelurahan", "maksud Anda Lok Tuan"),
    ("MB-1;A;;;;http://10.0.0.1/;;", "address", "Yang dapat dipakai"),
    ("MB-1;A;;;;rtsp://10.0.0.1/$(reboot);;", "address", "tanda"),
    ("MB-1;A;;;;rtsp://127.0.0.1:8000/;;", "address", "Satukota sendiri"),
    ("MB-1;A;;;;rtsp://169.254.169.254/;;", "address", "khusus"), ("MB-1;A;;;;rtsp:///x;;", "address", "tidak dapat"),
    (";A;;;;;;", "code", "belum diisi"), ("MB 1/x;A;;;;;;", "code", "huruf, angka"),
    ("impor;A;;;;;;", "code", "halaman"), ("../etc;A;;;;;;", "code", "huruf"), ("MB-1;;;;;;;", "name", "wajib"),
    ("MB-1;" + "x" * 200 + ";;;;;;", "name", "160"),
])  # fmt: skip
def test_each_complaint_names_its_cell_and_what_to_do(city: City, row: str, column: str, said: str) -> None:
    batch = start(city, HEAD + row + "\n")
    assert counts(batch) == (0, 0, 0, 1)
    (complaint,) = [each for each in batch.rows.get().complaints if not each["note"]]
    assert complaint["column"] == column
    assert said in complaint["text"]


@pytest.mark.parametrize(("cell", "said"), [
    ("arah;360", "kurang dari 360"), ("sudut;-90", "lebih dari 0"), ("sudut;0", "lebih dari 0"),
    ("jangkauan;inf", "angka biasa"), ("jangkauan;9e9", "bukan angka"), ("jangkauan;99999", "paling banyak"),
    ("lebar_px;12,5", "bilangan bulat"), ("lebar_px;0", "antara"), ("fps;0", "lebih dari 0"), ("jenis;drone", "pilih"),
    ("guna;memata-matai", "keamanan"), ("kepekaan;sangat", "rendah"), ("publik;mungkin", "ya atau tidak"),
    ("dipasang;kemarin", "tanggal"), ("dipasang;01/01/1800", "1800"), ("sambungan;FO-99", "register sambungan"),
    ("biaya;mahal", "bukan angka"), ("kodek;mpeg4", "h264"), ("resolusi;besar", "1280x720"),
])  # fmt: skip
def test_figures_and_words_that_cannot_be(city: City, cell: str, said: str) -> None:
    heading, value = cell.split(";")
    batch = start(city, f"kode;nama;{heading}\nMB-1;A;{value}\n")
    assert counts(batch) == (0, 0, 0, 1)
    assert said in complaints(batch)


def test_a_code_twice_in_the_file_refuses_both_and_names_the_rows(city: City) -> None:
    batch = start(city, HEAD + "MB-1;A;;;;;;\nMB-2;B;;;;;;\nmb-1;C;;;;;;\n")
    assert counts(batch) == (1, 0, 0, 2)
    assert "baris 4" in complaints(batch, 2)
    assert "baris 2" in complaints(batch, 4)
    assert batch.rows.get(number=2).cells == {"name": "A", "code": "MB-1"}


def test_a_code_of_another_office_or_of_a_link_is_refused_in_the_same_words(city: City) -> None:
    make_camera("DH-001", owner=city.dishub, name="Rahasia Dishub")
    make_link("FO-07")
    batch = start(city, HEAD + "DH-001;A;;;;;;\nFO-07;B;;;;;;\n")
    assert counts(batch) == (0, 0, 0, 2)
    first, second = (row.complaints[0]["text"] for row in batch.rows.all())
    assert first.replace("DH-001", "") == second.replace("FO-07", "")
    assert "Dishub" not in complaints(batch)


def test_another_spelling_of_a_code_is_not_a_second_camera(city: City) -> None:
    make_camera("MB-001")
    batch = start(city, HEAD + "mb-001;A;;;;;;\n")
    assert "“mb-001” sudah ada sebagai MB-001" in complaints(batch).replace("“MB-001”", "MB-001")


def everywhere(city: City, batch: CameraImport, tmp_path: Path, client) -> str:
    """Everything stored or shown of an import, as text."""
    stored = json.dumps([list(model.objects.values()) for model in (Target, Camera, CameraImport, AuditEntry)]
                        + [list(batch.rows.values())], default=str)  # fmt: skip
    pages = [client.get(f"{PAGE}{batch.pk}/{query}").content.decode() for query in ("", "?fate=refused", "?fate=new")]
    report = b"".join(client.get(f"{PAGE}{batch.pk}/ditolak.xlsx").streaming_content)
    sheet = str(CalamineWorkbook.from_filelike(io.BytesIO(report)).get_sheet_by_index(0).to_python())
    files = " ".join(path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file())
    return stored + "".join(pages) + sheet + files


def test_a_password_is_sealed_and_shown_nowhere_again(city: City, tmp_path: Path, caplog) -> None:
    text = HEAD + ("MB-1;A;;;;rtsp://admin:Rahasia%2D77@10.0.0.1/ch1;;\nMB-2;B;;;;rtsp://10.0.0.2/;pemantau;Rahasia-77\n"
                   "MB-3;C;9;9;;rtsp://10.0.0.3/;u;Rahasia-77\nMB-4;D;;;;rtsp://x:Rahasia-77@;;\n"
                   "MB-5;E;;;;rtsp://10.0.0.5/?password=Rahasia-77;;\nMB-6;F;;;;rtsp://admin:Rahasia-77%4010.0.0.6/;;\n"
                   "MB-7;G;;;;rtsp://Rahasia-77 @ 10.0.0.7/;;" + "Rahasia-77" * 30 + "\n")  # fmt: skip
    client = signed_in(city.who.engineer)
    batch = start(city, text)
    assert counts(batch) == (2, 0, 0, 5)
    assert "Rahasia" not in everywhere(city, batch, tmp_path, client)
    assert batch.rows.get(number=2).password_sealed
    approve(batch, city)
    assert "Rahasia" not in everywhere(city, batch, tmp_path, client)
    assert "Rahasia" not in caplog.text
    first, second = ("MB-1", "admin", "rtsp://10.0.0.1:554/ch1"), ("MB-2", "pemantau", "rtsp://10.0.0.2:554/")
    for code, user, address in (first, second):
        camera = Camera.objects.select_related("target").get(target__code=code)
        assert (camera.username, secrets.unseal(camera.password_sealed)) == (user, "Rahasia-77")
        assert camera.target.address == address
    assert not batch.rows.exclude(password_sealed="").exists()
    assert start(city, HEAD + "MB-2;B;;;;;;Rahasia-77\n").rows_same == 1
    again = start(city, HEAD + "MB-2;B;;;;;;Lain-88\n")
    assert again.rows.get().changes == {"password": ["", "diganti"]}


def test_the_uploaded_file_waits_only_encrypted_and_is_gone_when_read(city: City, tmp_path: Path) -> None:
    rows = "".join(f"MB-{n};A;;;;;;Rahasia-77\n" for n in range(actions.AT_ONCE + 1))
    batch = start(city, HEAD + rows)
    assert batch.state == "reading"
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    assert not any(b"Rahasia" in content or b"MB-1" in content for content in kept)
    actions.read(batch.pk, batch.run)
    batch.refresh_from_db()
    assert (batch.state, batch.rows_new) == ("preview", actions.AT_ONCE + 1)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_somebody_changing_the_register_meanwhile_stops_it_whole_and_shows_the_new_preview(city: City) -> None:
    make_camera("MB-001", name="Lama")
    batch = start(city, HEAD + "MB-001;Baru;;;;;;\nMB-002;Dua;;;;;;\nMB-003;Tiga;;;;;;\n")
    Target.objects.filter(code="MB-001").update(name="Diubah orang")
    make_camera("MB-003", owner=city.dishub)
    approve(batch, city)
    assert batch.state == "preview"
    assert "Register berubah" in batch.problem
    assert not Target.objects.filter(code="MB-002").exists()  # nothing of it, not even the good rows
    assert counts(batch) == (1, 1, 0, 1)
    assert batch.rows.get(code="MB-001").changes == {"name": ["Diubah orang", "Baru"]}
    assert approve(batch, city).state == "applied"
    assert Target.objects.get(code="MB-001").name == "Baru"


def test_an_import_that_breaks_in_the_middle_has_written_nothing(city: City, monkeypatch) -> None:
    monkeypatch.setattr(actions, "CHUNK", 2)
    batch = start(city, HEAD + "".join(f"MB-{n};A;;;;;;\n" for n in range(6)))
    wrote = actions._write
    calls: list[int] = []

    def failing(*args) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("power cut")
        wrote(*args)

    monkeypatch.setattr(actions, "_write", failing)
    with pytest.raises(RuntimeError), transaction.atomic():
        approve(batch, city)
    assert len(calls) == 3
    assert not Camera.objects.exists()
    assert not AuditEntry.objects.exists()
    batch.refresh_from_db()


def test_more_cameras_than_one_transaction_should_hold_are_not_applied(city: City, monkeypatch) -> None:
    monkeypatch.setattr(actions, "MOST_WRITTEN", 1)
    batch = start(city, HEAD + "MB-1;A;;;;;;\nMB-2;A;;;;;;\n")
    with pytest.raises(UserError, match="paling banyak 1 kamera"):
        approve(batch, city)
    assert (batch.state, Camera.objects.count()) == ("preview", 0)


def test_applying_twice_writes_once(city: City) -> None:
    batch = start(city, HEAD + "MB-1;A;;;;;;\n")
    approve(batch, city)
    with pytest.raises(AlreadyDone):
        approve(batch, city)
    actions.apply(batch.pk, batch.run)  # the task comes a second time
    assert (Camera.objects.count(), AuditEntry.objects.count()) == (1, 1)
    with pytest.raises(AlreadyDone):
        actions.cancel(batch)


def test_a_run_that_was_replaced_writes_nothing_more(city: City) -> None:
    batch = start(city, HEAD + "".join(f"MB-{n};A;;;;;;\n" for n in range(actions.AT_ONCE + 1)))
    old = batch.run
    CameraImport.objects.filter(pk=batch.pk).update(run="newer")
    actions.read(batch.pk, old)
    assert batch.rows.count() == 0
    with pytest.raises(actions.Superseded):
        actions._store(batch, old, [])


def quiet_for_long(batch: CameraImport) -> None:
    """The worker's last sign of life lies two minutes back."""
    import os
    import time

    mark = spool._path(batch.pk, "progress")
    os.utime(mark, (time.time() - 120, time.time() - 120))


def test_a_killed_reading_can_be_resumed_and_reads_everything_once(city: City) -> None:
    batch = start(city, HEAD + "".join(f"MB-{n};A;;;;;;\n" for n in range(actions.AT_ONCE + 1)))
    actions._store(batch, batch.run, planning.plan([actions.TypedRow(2, "MB-0", {"name": "A"})], city.diskominfo))
    with pytest.raises(UserError, match="masih berjalan"):
        actions.resume(batch)
    quiet_for_long(batch)
    page = signed_in(city.who.engineer).get(f"{PAGE}{batch.pk}/").content.decode()
    assert "Lanjutkan" in page
    actions.resume(batch)
    with pytest.raises(UserError):
        actions.resume(batch)  # a second press with the page as it was
    batch.refresh_from_db()
    actions.read(batch.pk, batch.run)
    batch.refresh_from_db()
    assert (batch.state, batch.rows.count(), batch.rows_total) == ("preview", actions.AT_ONCE + 1, actions.AT_ONCE + 1)


def test_a_killed_application_can_be_resumed(city: City) -> None:
    batch = start(city, HEAD + "MB-1;A;;;;;;\n")
    CameraImport.objects.filter(pk=batch.pk).update(state="applying", run="dead")
    spool.tell(batch.pk, 0, 1)
    quiet_for_long(batch)
    batch.refresh_from_db()
    actions.resume(batch)
    batch.refresh_from_db()
    actions.apply(batch.pk, batch.run)
    batch.refresh_from_db()
    assert batch.state == "applied"


def test_reading_can_be_stopped_and_leaves_nothing(city: City, tmp_path: Path) -> None:
    batch = start(city, HEAD + "".join(f"MB-{n};A;;;;;;\n" for n in range(actions.AT_ONCE + 1)))
    actions.stop(batch)
    actions.read(batch.pk, batch.run)
    batch.refresh_from_db()
    assert (batch.state, batch.rows.count()) == ("cancelled", 0)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_applying_can_be_stopped_and_has_written_nothing(city: City) -> None:
    batch = start(city, HEAD + "MB-1;A;;;;;;\n")
    CameraImport.objects.filter(pk=batch.pk).update(state="applying", run="r")
    spool.ask_to_stop(batch.pk)
    actions.apply(batch.pk, "r")
    batch.refresh_from_db()
    assert (batch.state, Camera.objects.count()) == ("preview", 0)
    assert "dihentikan" in batch.problem


def test_a_file_that_proves_broken_late_fails_with_its_sentence_and_leaves_no_rows(city: City) -> None:
    batch = start(city, HEAD + "".join(f"MB-{n};A;;;;;;\n" for n in range(1500)) + 'MB-x;"' + "x" * 30_000)
    assert batch.state == "failed"
    assert "kutip" in batch.problem
    assert batch.rows.count() == 0


def test_only_headings_is_said(city: City) -> None:
    assert "tidak ada baris" in start(city, HEAD).problem


def test_geojson_and_a_resend_of_our_own_export(city: City) -> None:
    feature = {"type": "Feature", "properties": {"kode": "MB-1", "nama": "A", "arah": 10},
               "geometry": {"type": "Point", "coordinates": [117.48, 0.13, 4]}}  # fmt: skip
    batch = start(city, json.dumps({"type": "FeatureCollection", "features": [feature]}), "kamera.geojson")
    assert (batch.source, counts(batch)) == ("geojson", (1, 0, 0, 0))
    approve(batch, city)
    client = signed_in(city.who.engineer)
    for form in ("csv", "xlsx", "geojson"):
        content = b"".join(client.get(f"/pusat/kamera/ekspor.{form}").streaming_content)
        again = start(city, content, f"kamera.{form}")
        assert (form, counts(again)) == (form, (0, 0, 1, 0)), complaints(again)
        assert again.read_as.get("ignored", []) == []


def test_the_refused_rows_come_back_mended_and_are_taken(city: City) -> None:
    batch = start(city, HEAD + "MB-1;=1+1;117,48;0,13;;rtsp://10.0.0.1/;u;Rahasia-77\nMB-2;B;;;;;;\n")
    client = signed_in(city.who.engineer)
    content = b"".join(client.get(f"{PAGE}{batch.pk}/ditolak.xlsx").streaming_content)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert rows[0][:3] == ["Catatan impor", "Kode", "Nama"]
    assert "tertukar" in rows[1][0]
    assert len(rows) == 2
    rows[1][3], rows[1][4] = rows[1][4], rows[1][3]
    mended = io.StringIO()
    csv.writer(mended, delimiter=";").writerows(rows)
    again = start(city, mended.getvalue())
    assert counts(again) == (1, 0, 0, 0), complaints(again)
    approve(again, city)
    assert Target.objects.get().name == "=1+1"


def test_the_templates_can_be_sent_back_as_they_are(city: City) -> None:
    client = signed_in(city.who.engineer)
    for form in ("csv", "xlsx"):
        answer = client.get(f"{PAGE}templat.{form}")
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        batch = start(city, content, f"templat.{form}")
        assert counts(batch) == (1, 0, 0, 0), complaints(batch)
        assert batch.read_as.get("ignored", []) == []
    assert client.get(f"{PAGE}templat.exe").status_code == 404


def upload(client, text: bytes, owner, name: str = "kamera.csv"):
    return client.post(PAGE, {"owner": owner.pk, "file": SimpleUploadedFile(name, text)}, follow=True)


def test_the_whole_way_through_the_pages(city: City) -> None:
    client = signed_in(city.who.engineer)
    assert "Belum pernah ada impor" in client.get(PAGE).content.decode()
    text = HEAD + "MB-1;<script>x</script>;;;;;;\nMB-2;B;117,48;0,13;;;;\n"
    preview = upload(client, text.encode(), city.diskominfo)
    page = preview.content.decode()
    assert "1 baru, 0 berubah, 1 ditolak" in page
    assert "<script>x" not in page
    assert "tertukar" in page
    batch = CameraImport.objects.get()
    done = client.post(f"{PAGE}{batch.pk}/terapkan", follow=True)
    assert "1 kamera ditambahkan" in done.content.decode()
    assert client.post(f"{PAGE}{batch.pk}/terapkan").status_code == 422 or Camera.objects.count() == 1
    assert client.post(f"{PAGE}{batch.pk}/meledak").status_code == 404
    assert client.get(f"{PAGE}{batch.pk}/kemajuan").headers["HX-Refresh"] == "true"


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4", b"Nama;x\n1;2\n", b"\x00" * 100])
def test_a_file_that_is_no_table_is_answered_on_the_form(city: City, content: bytes) -> None:
    answer = upload(signed_in(city.who.engineer), content, city.diskominfo)
    assert answer.status_code == 422 or CameraImport.objects.get().state == "failed"


def test_imports_belong_to_their_office(city: City) -> None:
    batch = start(city, HEAD + "MB-1;A;;;;;;\n")
    other = signed_in(city.who.dishub_engineer)
    for path in ("", "kemajuan", "ditolak.xlsx"):
        assert other.get(f"{PAGE}{batch.pk}/{path}").status_code == 404
    for act in ("terapkan", "batalkan", "berhenti", "lanjutkan"):
        assert other.post(f"{PAGE}{batch.pk}/{act}").status_code == 404
    sent = {"owner": city.diskominfo.pk, "file": SimpleUploadedFile("a.csv", b"Kode\nX\n")}
    assert other.post(PAGE, sent).status_code == 422
    assert signed_in(city.who.operator).get(PAGE).status_code == 404
    assert "kamera.csv" not in other.get(PAGE).content.decode()
    batch.refresh_from_db()
    assert batch.state == "preview"


def test_a_cancelled_preview_keeps_no_rows(city: City) -> None:
    batch = start(city, HEAD + "MB-1;A;;;;;;Rahasia-77\n")
    actions.cancel(batch)
    batch.refresh_from_db()
    assert (batch.state, batch.rows.count()) == ("cancelled", 0)


def test_the_pages_take_twelve_statements(city: City) -> None:
    for n in range(60):
        make_camera(f"MB-{n:03d}", kelurahan=city.kelurahan)
    batch = start(city, HEAD + "".join(f"MB-{n:03d};Lain {n};;;Loktuan;;;\n" for n in range(60)))
    client = signed_in(city.who.engineer)
    for path in (PAGE, f"{PAGE}{batch.pk}/"):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        assert len(captured) <= 12, "\n".join(query["sql"][:150] for query in captured)
