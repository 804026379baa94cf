"""The page of one camera: what it says, what may be done, and that nobody else's camera exists."""

import json
import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from satukota.base import clock, secrets
from satukota.base.audit.models import AuditEntry
from satukota.base.evidence import actions as evidence
from satukota.shared.monitoring.models import MaintenanceWindow, Reading, StatusChange
from satukota.work.cameras import actions, measured
from satukota.work.cameras.models import Camera
from satukota.work.cameras.words import DAYS

from .make import City, make_camera, make_city, make_contract, make_link, make_place, signed_in

pytestmark = pytest.mark.django_db
JPEG = b"\xff\xd8\xff\xe0contoh\xff\xd9"


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.FILES_DIR = tmp_path
    return make_city()


def make_reading(camera: Camera, **fields) -> Reading:
    said = {"at": clock.now(), "verdict": "down", "cause": "frozen", "took_ms": 812, "measures": {"sharpness": 0.93},
            "trail": [{"step": "tcp", "ok": True, "ms": 3, "said": ""},
                      {"step": "truth", "ok": False, "ms": 40, "said": "identical"}]} | fields  # fmt: skip
    return Reading.objects.create(target=camera.target, **said)


def with_picture(camera: Camera, **fields) -> Reading:
    kept = evidence.keep(JPEG, media_type="image/jpeg", kind="incident_picture", source=camera.target.code,
                         taken_at=clock.now(), delete_on=date(2030, 1, 1))  # fmt: skip
    return make_reading(camera, picture=kept, **fields)


def test_the_page_says_who_answers_what_it_is_and_why(city: City) -> None:
    camera = make_camera(
        "MB-001", status="down", cause="frozen", state_since=clock.now(), last_reading_at=clock.now(),
        contract=make_contract(city), place=make_place(city), kelurahan=city.kelurahan, link=make_link(state="up"),
    )  # fmt: skip
    make_reading(camera)
    page = signed_in(city.who.operator).get("/pusat/kamera/MB-001/").content.decode()
    for said in ("Gambar membeku", "Langkah berikut", "Diskominfo Contoh", "PT Contoh", "Pasar Contoh",
                 "FO-07", "TCP", "812 ms", "Ketajaman dibanding acuan", "0,93"):  # fmt: skip
        assert said in page, said
    assert "Budi Contoh" not in page  # the vendor's contact opens on the contract's page, and that leaves a row
    assert "rtsp://" not in page  # the operator does not hold cameras.technical
    assert "10.64.1.1" in signed_in(city.who.engineer).get("/pusat/kamera/MB-001/").content.decode()


def test_our_own_error_rate_is_shown_as_measured_or_not_at_all(city: City, monkeypatch, tmp_path) -> None:
    make_camera("MB-001")
    client = signed_in(city.who.operator)
    told = json.loads(measured.FIGURES.read_text())
    page = client.get("/pusat/kamera/MB-001/").content.decode()
    assert "Seberapa sering pemeriksaan ini keliru" in page
    assert f"Salah sebut {told['filtered']['calm']['false_alarms']} kali" in page
    whole = client.get("/pusat/kamera/ketelitian").content.decode()
    for name, fault in told["filtered"]["faults"].items():
        assert f"{fault['found']} / {fault['tried']}" in whole, name
    measured.own_error_rate.cache_clear()
    monkeypatch.setattr(measured, "FIGURES", tmp_path / "none.json")
    assert "Seberapa sering" not in client.get("/pusat/kamera/MB-001/").content.decode()
    assert "Belum diukur" in client.get("/pusat/kamera/ketelitian").content.decode()
    measured.own_error_rate.cache_clear()


def test_a_camera_never_looked_at_claims_nothing(city: City) -> None:
    make_camera("MB-001")
    client = signed_in(city.who.operator)
    assert "Belum pernah diperiksa" in client.get("/pusat/kamera/MB-001/").content.decode()
    for days in (1, 30, 365):
        part = client.get(f"/pusat/kamera/MB-001/ketersediaan/{days}").content.decode()
        assert "belum dapat dihitung" in part
        assert "Belum pernah diperiksa dalam rentang ini" in part
    assert client.get("/pusat/kamera/MB-001/ketersediaan/7").status_code == 404


def test_availability_is_the_same_from_the_strip_as_from_the_mechanism(city: City) -> None:
    now = clock.now()
    since, seen = now - timedelta(hours=6), now - timedelta(days=9)
    camera = make_camera("MB-001", status="up", state_since=since, watched_from=seen)
    always = camera.target.required_hours
    for at, was, state in ((12, "up", "down"), (6, "down", "up")):
        StatusChange.objects.create(target=camera.target, at=now - timedelta(hours=at), was=was, now=state)
    client = signed_in(city.who.operator)
    assert "75,00 %" in client.get("/pusat/kamera/MB-001/ketersediaan/1").content.decode()
    assert always == []
    camera.target.required_hours = [[day, "00:00", "24:00"] for day in DAYS]
    camera.target.save()
    part = client.get("/pusat/kamera/MB-001/ketersediaan/1").content.decode()
    assert "75,00 %" in part
    assert part.count('class="down"') in (24, 25)


def test_the_record_below_is_loaded_apart(city: City) -> None:
    camera = make_camera("MB-001", status="down", cause="frozen", watched_from=clock.now() - timedelta(days=2))
    for n in range(60):
        make_reading(camera, at=clock.now() - timedelta(seconds=30 * n))
    answer = signed_in(city.who.operator).get("/pusat/kamera/MB-001/catatan")
    page = answer.content.decode()
    assert "50 bacaan terakhir" in page


@pytest.mark.parametrize("path", ["", "panel", "catatan", "ketersediaan/1", "ketersediaan/365"])
def test_page_and_panel_keep_their_statements(city: City, path: str) -> None:
    camera = make_camera("MB-001", status="down", cause="frozen", link=make_link(), watched_from=clock.now())
    for n in range(60):
        make_reading(camera, at=clock.now() - timedelta(seconds=30 * n))
    client = signed_in(city.who.engineer)
    client.get(f"/pusat/kamera/MB-001/{path}")  # the first request of a session writes down that it is used
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"/pusat/kamera/MB-001/{path}").status_code == 200
    shown = [
        q["sql"] for q in captured if "audit_" not in q["sql"] and "pg_advisory" not in q["sql"]
    ]  # technical data costs an audit row more
    assert len(shown) <= 12, "\n".join(sql[:120] for sql in shown)


PATHS = ["", "panel", "catatan", "ketersediaan/1", "ubah", "gambar/latest.jpg", "gambar/last_good.jpg"]
POSTS = ["ubah", "periksa", "acuan", "pemeliharaan", "berhenti"]


@pytest.mark.parametrize("path", PATHS)
def test_another_offices_camera_is_as_missing_as_none(city: City, path: str) -> None:
    make_camera("MB-001")
    evidence.put_slot("camera/MB-001/latest", JPEG)
    evidence.put_slot("camera/MB-001/last_good", JPEG)
    client = signed_in(city.who.dishub_engineer)
    theirs, none = client.get(f"/pusat/kamera/MB-001/{path}"), client.get(f"/pusat/kamera/XX-999/{path}")
    assert theirs.status_code == none.status_code == 404
    assert without_tokens(theirs.content, b"MB-001") == without_tokens(none.content, b"XX-999")


def without_tokens(page: bytes, code: bytes) -> bytes:
    return re.sub(rb'(csrfmiddlewaretoken" value=)"\w+"', rb"\1", page).replace(code, b"")


@pytest.mark.parametrize("path", POSTS)
def test_nothing_is_done_to_another_offices_camera(city: City, path: str) -> None:
    make_camera("MB-001")
    data = {"reason": "x", "hours": "1", "name": "lain"}
    assert signed_in(city.who.dishub_engineer).post(f"/pusat/kamera/MB-001/{path}", data).status_code == 404
    assert Camera.objects.get().target.retired_on is None
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(("path", "user"), [
    ("ubah", "operator"), ("acuan", "operator"), ("pemeliharaan", "operator"), ("berhenti", "supervisor"),
    ("periksa", "auditor"), ("ubah", "auditor"),
])  # fmt: skip
def test_an_act_needs_its_own_permission(city: City, path: str, user: str) -> None:
    make_camera("MB-001")
    answer = signed_in(getattr(city.who, user)).post(f"/pusat/kamera/MB-001/{path}", {"reason": "x", "hours": "1"})
    assert answer.status_code == 404


def test_pictures_are_private_and_checked_again_with_an_etag(city: City) -> None:
    make_camera("MB-001")
    client = signed_in(city.who.operator)
    assert client.get("/pusat/kamera/MB-001/gambar/latest.jpg").status_code == 404
    evidence.put_slot("camera/MB-001/latest", JPEG)
    answer = client.get("/pusat/kamera/MB-001/gambar/latest.jpg")
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, JPEG, "image/jpeg")
    assert "private" in answer["Cache-Control"]
    again = client.get("/pusat/kamera/MB-001/gambar/latest.jpg", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    for slot in ("..", "other", "latest%2f..%2fx"):
        assert client.get(f"/pusat/kamera/MB-001/gambar/{slot}.jpg").status_code == 404


def test_looking_at_evidence_is_written_down_and_kept_from_others(city: City) -> None:
    reading = with_picture(make_camera("MB-001"))
    path = f"/pusat/kamera/bacaan/{reading.pk}.jpg"
    assert signed_in(city.who.operator).get(path).content == JPEG
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.actor_name) == ("cameras.evidence_seen", "Operator Contoh")
    assert entry.after["reading"] == reading.pk
    assert signed_in(city.who.dishub).get(path).status_code == 404
    assert AuditEntry.objects.count() == 1
    for pk in (reading.pk + 1, "9" * 30):
        assert signed_in(city.who.operator).get(f"/pusat/kamera/bacaan/{pk}.jpg").status_code == 404


def test_evidence_past_its_date_is_gone_and_says_so(city: City) -> None:
    reading = with_picture(make_camera("MB-001"))
    evidence.delete_due(date(2031, 1, 1), clock.now())
    answer = signed_in(city.who.operator).get(f"/pusat/kamera/bacaan/{reading.pk}.jpg")
    assert answer.status_code == 404
    assert "sudah dihapus" in answer.content.decode()


def test_look_now_makes_the_camera_due(city: City) -> None:
    camera = make_camera("MB-001", next_due_at=clock.now() + timedelta(hours=1))
    signed_in(city.who.operator).post("/pusat/kamera/MB-001/periksa")
    camera.target.refresh_from_db()
    assert camera.target.next_due_at <= clock.now()
    assert AuditEntry.objects.get().act == "cameras.look_asked"


def test_maintenance_begins_and_ends_on_the_page(city: City) -> None:
    make_camera("MB-001")
    client = signed_in(city.who.engineer)
    client.post("/pusat/kamera/MB-001/pemeliharaan", {"hours": "2", "reason": "Bersihkan lensa"})
    window = MaintenanceWindow.objects.get()
    assert window.ends_at - window.starts_at == timedelta(hours=2)
    assert "Bersihkan lensa" in client.get("/pusat/kamera/MB-001/").content.decode()
    make_camera("MB-002")
    assert client.post("/pusat/kamera/MB-002/pemeliharaan", {"end": window.pk}).status_code == 404
    assert client.post("/pusat/kamera/MB-001/pemeliharaan", {"end": "9" * 40}).status_code == 404
    client.post("/pusat/kamera/MB-001/pemeliharaan", {"end": window.pk})
    window.refresh_from_db()
    assert window.ends_at <= clock.now()
    assert client.post("/pusat/kamera/MB-001/pemeliharaan", {"hours": "99999", "reason": "x"}).status_code == 422


def filled(client, code: str = "MB-001", **changes: str) -> dict[str, str]:
    """What the browser would send back from the edit form, with changes."""
    form = client.get(f"/pusat/kamera/{code}/ubah").context["form"]
    sent = {field.html_name: field.value() for field in form}
    sent["seen"] = form["seen"].value() if isinstance(form["seen"].value(), str) else json.dumps(form["seen"].value())
    return {name: "" if value is None else value for name, value in sent.items() if value is not False} | changes


def test_editing_changes_only_what_was_changed_and_says_before_and_after(city: City) -> None:
    make_camera("MB-001", lon=117.48, lat=0.13)
    client = signed_in(city.who.engineer)
    sent = filled(client, bearing_deg="90", required_hours="Senin-Jumat 06.00-22.00")
    answer = client.post("/pusat/kamera/MB-001/ubah", sent)
    assert answer.status_code == 302, answer.context["form"].errors
    camera = Camera.objects.select_related("target").get()
    assert camera.bearing_deg == 90
    assert camera.target.required_hours[0] == ["mon", "06:00", "22:00"]
    entry = AuditEntry.objects.get()
    assert entry.before == {"bearing_deg": None, "required_hours": []}
    assert set(entry.after) == {"bearing_deg", "required_hours"}


def test_a_new_password_is_sealed_and_never_shown_or_logged(city: City, caplog) -> None:
    camera = make_camera("MB-001", login_refused_at=clock.now(), username="pemantau")
    client = signed_in(city.who.engineer)
    client.post("/pusat/kamera/MB-001/ubah", filled(client, password="Rahasia-77"))
    camera.refresh_from_db()
    assert secrets.unseal(camera.password_sealed) == "Rahasia-77"
    assert camera.login_refused_at is None
    pages = client.get("/pusat/kamera/MB-001/").content + client.get("/pusat/kamera/MB-001/ubah").content
    assert b"Rahasia-77" not in pages
    assert camera.password_sealed.stored.encode() not in pages
    entry = AuditEntry.objects.get(act="cameras.edited")
    assert "Rahasia-77" not in f"{entry.before}{entry.after}{entry.why}"
    assert "Rahasia-77" not in caplog.text


def test_a_refused_form_keeps_what_was_typed_but_not_the_password(city: City) -> None:
    make_camera("MB-001")
    client = signed_in(city.who.engineer)
    sent = filled(client, name="Simpang Baru", fov_deg="-5", password="Rahasia-77")
    answer = client.post("/pusat/kamera/MB-001/ubah", sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Simpang Baru" in page
    assert "Rahasia-77" not in page
    assert Camera.objects.get().target.name != "Simpang Baru"


@pytest.mark.parametrize(("field", "value", "said"), [
    ("fov_deg", "-5", "lebih dari 0"), ("fov_deg", "361", "360"), ("range_m", "inf", ""),
    ("range_m", "0", "lebih dari"),
    ("bearing_deg", "360", "kurang dari 360"), ("lat", "117.48", "tertukar"), ("lon", "0.13", "tertukar"),
    ("lat", "", "berdua"), ("lat", "5", "di luar Kota Contoh"), ("width", "0", "px"), ("name", "", ""),
    ("address", "rtsp://10.0.0.1/x?user=a&password=rahasia", "sandi"), ("address", "rtsp://10.0.0.1/;reboot", "tanda"),
    ("address", "http://10.0.0.1/", "Yang dapat dipakai"), ("address", "rtsp://127.0.0.1:8000/", ""),
    ("required_hours", "kapan saja", "Senin–Jumat"), ("sensitivity", "gila", ""), ("kelurahan", "999999", ""),
    ("onvif_address", "ftp://x", ""),
])  # fmt: skip
def test_what_cannot_be_is_refused_with_a_sentence_at_its_field(city: City, field: str, value: str, said: str) -> None:
    make_camera("MB-001", lon=117.48, lat=0.13)
    client = signed_in(city.who.engineer)
    answer = client.post("/pusat/kamera/MB-001/ubah", filled(client, **{field: value}))
    assert answer.status_code == 422
    assert "rahasia" not in answer.content.decode()
    assert said in " ".join(str(e) for errors in answer.context["form"].errors.values() for e in errors)
    assert not AuditEntry.objects.exists()


def test_a_login_inside_an_address_is_moved_and_never_shown_again(city: City) -> None:
    camera = make_camera("MB-001")
    client = signed_in(city.who.engineer)
    sent = filled(client, address="rtsp://pemantau:raha/s@ia@10.0.0.1/x", fov_deg="-1")
    refused = client.post("/pusat/kamera/MB-001/ubah", sent)
    assert "s@ia" not in refused.content.decode()
    assert client.post("/pusat/kamera/MB-001/ubah", sent | {"fov_deg": "90"}).status_code == 302
    camera = Camera.objects.select_related("target").get()
    assert camera.target.address == "rtsp://10.0.0.1:554/x"
    assert (camera.username, secrets.unseal(camera.password_sealed)) == ("pemantau", "raha/s@ia")
    assert "s@ia" not in json.dumps([AuditEntry.objects.get().before, AuditEntry.objects.get().after])


def test_two_people_editing_the_same_field_do_not_overwrite_each_other(city: City) -> None:
    make_camera("MB-001", bearing_deg=10)
    client = signed_in(city.who.engineer)
    mine = filled(client, bearing_deg="90")
    theirs = filled(client, bearing_deg="45")
    assert client.post("/pusat/kamera/MB-001/ubah", theirs).status_code == 302
    answer = client.post("/pusat/kamera/MB-001/ubah", mine)
    assert answer.status_code == 422
    assert "diubah orang lain" in answer.content.decode()
    assert Camera.objects.get().bearing_deg == 45


def test_live_settings_are_changed_on_one_page_that_the_camera_page_leads_to(city: City) -> None:
    camera, engineer = make_camera("MB-001"), signed_in(city.who.engineer)
    path = "/pusat/kamera/MB-001/langsung/setelan"
    assert f'href="{path}"' in engineer.get("/pusat/kamera/MB-001/").content.decode()
    said = {"main_address": "rtsp://10.20.0.4/utama", "sub_address": "", "is_protected": "on", "buffer_minutes": "5"}
    assert engineer.post(path, said).status_code == 302
    camera.refresh_from_db()
    assert (camera.live.is_protected, camera.live.buffer_minutes) == (True, 5)
    entry = AuditEntry.objects.get(act="cameras.live_settings")
    assert entry.before["buffer_minutes"] == 0 and entry.after["main_address"] == "rtsp://10.20.0.4:554/utama"
    for wrong in ({"main_address": "rtsp://127.0.0.1/"}, {"buffer_minutes": "61"}, {"buffer_minutes": ""}):
        assert engineer.post(path, said | wrong).status_code == 422
    assert engineer.post(path, said).status_code == 302
    assert AuditEntry.objects.filter(act="cameras.live_settings").count() == 1  # nothing changed, nothing written


def test_retiring_needs_a_reason_happens_once_and_can_be_taken_back(city: City) -> None:
    make_camera("MB-001")
    client = signed_in(city.who.engineer)
    assert client.post("/pusat/kamera/MB-001/berhenti", {"reason": " "}).status_code == 422
    assert client.post("/pusat/kamera/MB-001/berhenti", {"reason": "Tiang roboh"}).status_code == 302
    assert client.post("/pusat/kamera/MB-001/berhenti", {"reason": "Lagi"}).status_code == 409
    assert AuditEntry.objects.get().why == "Tiang roboh"
    assert "Dihentikan sejak" in client.get("/pusat/kamera/MB-001/").content.decode()
    assert client.post("/pusat/kamera/MB-001/periksa").status_code == 422
    client.post("/pusat/kamera/MB-001/berhenti", {"back": "1"})
    assert Camera.objects.get().target.retired_on is None


def test_names_and_answers_of_cameras_are_text_and_never_markup(city: City) -> None:
    evil = "<script>alert(1)</script>"
    camera = make_camera("MB-001", name=evil, maker=evil, model=evil, status="down", cause="frozen")
    make_reading(camera, trail=[{"step": evil, "ok": False, "ms": 1, "said": evil}], measures={evil: evil})
    client = signed_in(city.who.engineer)
    for path in ("", "panel", "catatan", "ubah"):
        assert evil not in client.get(f"/pusat/kamera/MB-001/{path}").content.decode()


def test_a_write_and_its_audit_row_stand_or_fall_together(city: City, monkeypatch) -> None:
    camera = make_camera("MB-001")
    monkeypatch.setattr(actions.audit, "record", lambda *args, **said: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        actions.retire_camera(camera.pk, reason="x", by=city.who.engineer, at=clock.now())
    assert Camera.objects.get().target.retired_on is None
