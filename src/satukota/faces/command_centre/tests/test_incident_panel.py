"""The work panel: what is known, what may be done, with and without JavaScript."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from satukota.base import clock
from satukota.base.evidence import actions as evidence
from satukota.shared.incidents import actions
from satukota.shared.incidents.models import Incident, Sop
from satukota.shared.incidents.tests.make import (
    NIGHT,
    acts,
    make_city,
    make_place,
    make_sop,
    make_street,
    make_target,
    minutes,
    only,
    turns,
)
from satukota.shared.monitoring.models import Reading
from satukota.work.cameras.models import Camera

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def city(monkeypatch, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    monkeypatch.setattr(clock, "now", lambda: NIGHT + minutes(3))
    return make_city()


@pytest.fixture
def number(city):
    make_sop("camera", "black")
    turns(make_target(city, "MB-001", place=make_place(city)), "down", "black", at=NIGHT)
    return only().number


@pytest.fixture
def panel(client, city, number):
    def get(who="operator", number=number, headers=None, **asked):
        client.force_login(getattr(city.who, who))
        return client.get(reverse("command_centre:incident", args=[number]), asked, headers=headers)

    return get


@pytest.fixture
def act(client, city, number):
    def post(act, who="operator", number=number, headers=None, **typed):
        client.force_login(getattr(city.who, who))
        return client.post(reverse("command_centre:incident_act", args=[number, act]), typed, headers=headers)

    return post


def test_the_panel_says_what_is_wrong_why_it_is_grave_and_what_may_be_done(panel, number):
    text = panel().content.decode()
    assert "MB-001" in text and "tidak berfungsi" in text and number in text
    assert "Sedang" in text and "Diterima" in text and "Engineer Contoh" in text and "Simpang Contoh" in text
    assert "Langkah 1" in text and "Ambil" in text and "Eskalasi" in text
    assert "Tutup insiden" not in text and "Gabung" not in text, "not yet recovered; an operator does not merge"
    assert "Gabung" in panel("supervisor").content.decode()
    assert "Pulih" not in text.split("<main")[1]


def test_who_may_only_read_gets_no_buttons(panel):
    text = panel("auditor").content.decode().split("<main")[1].split("</main>")[0]
    assert "/lakukan/" not in text and text.count("<form") == text.count("inc-tick") == text.count("disabled")
    assert "Anda dapat membaca insiden ini" in text


def test_a_wrong_opd_a_wrong_number_and_a_wrong_act_look_the_same(panel, act, client, city):
    assert panel("dishub").status_code == 404
    assert panel(number="INS-2026-999999").status_code == 404
    assert act("ambil", who="dishub").status_code == 404 and only().state == "received"
    assert act("ambil", who="auditor").status_code == 404
    assert act("meledak").status_code == 404
    assert client.get(reverse("command_centre:incident_act", args=[only().number, "ambil"])).status_code == 405


def test_without_javascript_an_act_comes_back_to_the_page(act, panel):
    answer = act("ambil")
    assert answer.status_code == 302
    text = panel().content.decode()
    assert "Ditangani" in text and "Operator Contoh" in text and "sekarang tugas Anda" in text


def test_with_htmx_an_act_brings_the_panel_and_the_title(act):
    answer = act("ambil", headers=HTMX)
    text = answer.content.decode()
    assert answer.status_code == 200 and "<html" not in text and 'id="panel"' in text and "hx-swap-oob" in text


def test_the_second_to_take_it_is_told_who_was_first(act):
    act("ambil")
    answer = act("ambil", who="second", headers=HTMX)
    assert answer.status_code == 409 and "sudah diambil Operator Contoh" in answer.content.decode()


def test_a_note_of_100_kb_is_refused_with_a_sentence(act):
    answer = act("catat", text="a" * 100_000, headers=HTMX)
    assert answer.status_code == 422 and "terlalu panjang" in answer.content.decode()
    assert "note" not in acts(only())


EVIL = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg/onload=alert(1)>']
ANYWHERE = [{"lon": "117.5", "lat": "0.15"}, {"lon": "nan", "lat": "x"}, {"lon": "9e99", "lat": "1"}]


@pytest.mark.parametrize("evil", EVIL)
def test_what_people_type_is_shown_as_text(act, panel, evil):
    act("catat", text=evil)
    act("eskalasi", why=evil)
    act("serahkan", person_id=evil)
    text = panel().content.decode()
    assert evil not in text and "&lt;" in text


def test_a_refused_form_keeps_what_was_typed(act):
    answer = act("gabung", who="supervisor", into=only().number, why="Satu tiang yang sama")
    assert answer.status_code == 422 and "Satu tiang yang sama" in answer.content.decode()
    answer = act("gabung", who="supervisor", into="INS-2026-000099", why="Satu tiang yang sama")
    assert answer.status_code == 422 and "INS-2026-000099" in answer.content.decode()


def test_from_taken_to_closed_in_the_browsers_way(act, panel, city):
    act("ambil")
    assert act("tutup", cause_text="Listrik padam").status_code == 422
    turns(only().root, "up", at=NIGHT + minutes(2))
    incident = Incident.objects.get()
    assert "Tutup insiden" in panel().content.decode()
    act("tutup", cause_text="Listrik padam")
    incident.refresh_from_db()
    assert (incident.state, incident.closed_cause) == ("closed", "Listrik padam")
    act("buka-kembali", why="Mati lagi")
    act("pulih", why="Dicek di tempat")
    incident.refresh_from_db()
    assert incident.state == "recovered" and "Listrik padam" in panel().content.decode()


def test_merging_and_taking_apart_from_the_page(act, panel, city):
    turns(make_target(city, "MB-002"), "down", "black", at=NIGHT)
    one, two = Incident.objects.order_by("pk")
    act("gabung", who="supervisor", into=two.number.lower(), why="Satu tiang")
    text = panel("supervisor").content.decode()
    assert "digabung ke" in text and two.number in text and "Pisahkan lagi" in text
    act("pisah", who="supervisor")
    one.refresh_from_db()
    assert one.merged_into is None and one.members.count() == 1


def test_steps_are_ticked_from_the_page_and_the_second_hears_who_did(client, city, number):
    client.force_login(city.who.operator)
    address = reverse("command_centre:incident_step", args=[number, 0])
    text = client.post(address, {"done": "1"}, headers=HTMX).content.decode()
    assert 'aria-checked="true"' in text and "Operator Contoh" in text
    assert client.post(address, {"done": "1"}, headers=HTMX).status_code == 409
    assert 'aria-checked="true"' not in client.post(address, {"done": "0"}, headers=HTMX).content.decode()
    assert client.post(reverse("command_centre:incident_step", args=[number, 99]), {"done": "1"}).status_code == 422


def test_the_picture_of_the_fault_stands_beside_the_last_good_and_the_newest(panel, city):
    camera = make_target(city, "MB-005")
    kept = evidence.keep(
        b"jpeg", media_type="image/jpeg", kind="incident_picture", source="MB-005", taken_at=NIGHT, delete_on=None
    )
    trail = [{"step": "tcp", "ok": True, "said": ""}, {"step": "picture", "ok": False, "said": "<hitam>"}]
    reading = Reading.objects.create(target=camera, at=NIGHT, verdict="down", cause="black", picture=kept, trail=trail)
    Camera.objects.create(target=camera, last_good_at=NIGHT - minutes(1), last_seen_at=NIGHT)
    turns(camera, "down", "black", at=NIGHT)
    incident = Incident.objects.get(root=camera)
    text = panel(number=incident.number).content.decode()
    assert reverse("cameras:evidence_picture", args=[reading.pk]) in text
    assert reverse("cameras:slot", args=["MB-005", "last_good"]) in text
    assert reverse("cameras:slot", args=["MB-005", "latest"]) in text
    assert "&lt;hitam&gt;" in text and "Saat gangguan" in text


def test_fourteen_members_with_their_state_and_one_chosen(panel, city):
    link, _none = make_street(city, 0)
    turns(link, "down", "tcp_timeout", at=NIGHT)
    for n in range(14):
        turns(make_target(city, f"KA-{n:02d}", link=link), "down", "tcp_timeout", at=NIGHT, root=link)
    incident = Incident.objects.get(root=link)
    text = panel(number=incident.number, anggota="KA-09").content.decode()
    assert text.count('data-label="Kembali"') == 15 and "KA-09 Contoh KA-09</h2>" in text
    assert panel(number=incident.number, anggota="<x>").status_code == 200


def test_members_of_other_opds_are_counted_not_named(panel, city):
    link, _none = make_street(city, 0)
    mine = make_target(city, "DH-01", owner=city.dishub, link=link)
    turns(link, "down", "tcp_timeout", at=NIGHT)
    turns(mine, "down", "tcp_timeout", at=NIGHT, root=link)
    incident = Incident.objects.get(root=link)
    text = panel("dishub", number=incident.number).content.decode()
    assert "DH-01" in text and "1 perangkat lagi tidak ditampilkan" in text


def test_the_panel_takes_few_statements_whatever_the_number_of_members(client, city, number):
    link, cameras = make_street(city, 0)
    turns(link, "down", "tcp_timeout", at=NIGHT)
    for n in range(40):
        turns(make_target(city, f"XX-{n:03d}", link=link), "down", "tcp_timeout", at=NIGHT, root=link)
    client.force_login(city.who.supervisor)
    address = reverse("command_centre:incident", args=[Incident.objects.get(root=link).number])
    client.get(address)
    with CaptureQueriesContext(connection) as statements:
        client.get(address, headers=HTMX)
    print(len(statements))
    assert len(statements) <= 20, [each["sql"][:100] for each in statements]


def test_a_person_opens_one_from_a_camera_and_from_a_place(client, city):
    client.force_login(city.who.operator)
    make_target(city, "MB-050", owner=city.dishub)
    address = reverse("command_centre:incident_open")
    assert 'value="MB-050"' in client.get(address, {"kamera": "MB-050"}).content.decode()
    answer = client.post(address, {"title": "Tertutup spanduk", "severity": "2", "target": "mb-050"})
    incident = Incident.objects.get(title="Tertutup spanduk")
    assert answer.url.endswith(f"/{incident.number}/") and incident.owner == city.dishub
    place = make_place(city, "Taman Contoh")
    client.post(address, {"title": "Pohon tumbang", "severity": "3", "place": place.pk, "owner": city.dishub.pk})
    assert Incident.objects.get(title="Pohon tumbang").kelurahan == city.kelurahan


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"title": "x", "severity": "2"}, "belum dipilih"),
        ({"title": "x", "severity": "2", "target": "TIDAK-ADA"}, "tidak ditemukan"),
        ({"title": "x" * 300, "severity": "2"}, "200"),
        ({"title": "x", "severity": "7"}, "7"),
        ({}, ""),
    ],
)
def test_what_is_wrong_when_opening_is_said_and_nothing_is_opened(client, city, typed, said):
    client.force_login(city.who.operator)
    answer = client.post(reverse("command_centre:incident_open"), typed)
    assert answer.status_code == 422 or (not typed and answer.status_code == 200)
    assert said in answer.content.decode() and Incident.objects.count() == 0


@pytest.mark.parametrize("position", ANYWHERE)
def test_opening_from_a_point_on_the_map_survives_any_point(client, city, position):
    client.force_login(city.who.operator)
    assert client.get(reverse("command_centre:incident_open"), position).status_code == 200


def test_sops_are_listed_read_and_written_anew(client, city, number):
    client.force_login(city.who.supervisor)
    first = Sop.objects.get()
    assert first.title in client.get(reverse("command_centre:sops")).content.decode()
    assert "Langkah 1" in client.get(reverse("command_centre:sop", args=[first.pk])).content.decode()
    write = reverse("command_centre:sop_write")
    assert "Tulis versi 2" in client.get(write, {"kind": "camera", "cause": "black"}).content.decode()
    typed = {
        "kind": "camera", "cause": "black", "title": "Kamera hitam", "legal_basis": "SK Kadis",
        "text": ["Lihat acuan", "", "Telepon PLN"], "role": ["operator", "", ""], "minutes": ["2", "", ""],
    }  # fmt: skip
    answer = client.post(write, typed)
    new = Sop.objects.get(version=2)
    assert answer.status_code == 302 and [step["text"] for step in new.steps] == ["Lihat acuan", "Telepon PLN"]
    refused = client.post(write, typed | {"minutes": ["dua", "", ""]})
    assert refused.status_code == 422 and "bukan angka" in refused.content.decode()
    assert "Telepon PLN" in client.get(reverse("command_centre:sop", args=[new.pk])).content.decode()
    assert client.get(reverse("command_centre:sop", args=[99999])).status_code == 404
    actions.take(number, by=city.who.operator, at=NIGHT)
    assert Incident.objects.get(number=number).sop == first
    client.force_login(city.who.operator)
    assert client.get(write).status_code == 404 and client.post(write, typed).status_code == 404
