"""Every look has its reason and its row; those who answer for the cameras read it, the public counts it."""

from datetime import timedelta
from typing import Any

import pytest

from satukota.base import clock
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import Missing, NotAllowed
from satukota.city.models import Duty
from satukota.work.cameras import queries
from satukota.work.cameras.live import actions, near, purposes
from satukota.work.cameras.live.actions import PurposeNeeded, TooManyLooks, Why
from satukota.work.cameras.models import LiveSource, WallLayout, WatchSession

from . import make

pytestmark = pytest.mark.django_db
PATROL = Why(purpose="patrol")


@pytest.fixture
def city() -> make.City:
    return make.make_city()


def watch(user: Any, code: str = "MB-001", why: Why = PATROL, at: Any = None) -> WatchSession:
    """Ask and come in, as page and hub do."""
    at = at or clock.now()
    camera = queries.camera_for(user, code, "cameras.watch")
    ticket = actions.ask_to_watch(camera, why, stream="main", session_key="s", by=user, at=at)
    entry = actions.come_in(ticket, by=user, session_key="s", at=at)
    assert entry is not None
    return WatchSession.objects.get(pk=entry.watch_id)


def test_a_protected_camera_asks_what_for(city):
    make.make_camera(sensitivity="tinggi")
    for why in (Why(), Why(purpose="bosan"), Why(purpose="incident"), Why(purpose="law", note="  ")):
        with pytest.raises(PurposeNeeded):
            watch(city.who.operator, why=why)
    with pytest.raises(Missing):
        watch(city.who.operator, why=Why(purpose="incident", incident_number="INS-2026-999999"))
    row = watch(city.who.operator, why=Why(purpose="law", note="Surat B/12 contoh"))
    assert row.was_protected and row.hat
    entry = AuditEntry.objects.get(act="cameras.watched")
    assert "aparat" in entry.purpose and entry.after["chosen"]["note"] == "Surat B/12 contoh"


def test_a_camera_nobody_protects_is_logged_without_a_question(city):
    make.make_camera()
    row = watch(city.who.operator, why=Why(place="wall"))
    assert (row.was_protected, row.place, row.times) == (False, "wall", 1)
    assert not AuditEntry.objects.filter(act="cameras.watched").exists()


def test_live_view_can_protect_a_camera_apart_from_how_sensitive_its_checks_are(city):
    camera = make.make_camera(sensitivity="rendah")
    LiveSource.objects.create(camera=camera, is_protected=True)
    with pytest.raises(PurposeNeeded):
        watch(city.who.operator, why=Why())


def test_opened_again_within_minutes_the_row_goes_on(city):
    make.make_camera()
    start = clock.now()
    first = watch(city.who.operator, at=start)
    actions.end_watching(first.pk, start + timedelta(seconds=20))
    second = watch(city.who.operator, at=start + timedelta(minutes=2))
    actions.end_watching(second.pk, start + timedelta(minutes=3))
    actions.end_watching(second.pk, start + timedelta(minutes=9))  # twice is once
    row = WatchSession.objects.get()
    assert (row.pk, row.times, row.watched_s) == (first.pk, 2, 80)
    watch(city.who.operator, at=start + timedelta(minutes=30))
    assert WatchSession.objects.count() == 2


def test_a_row_whose_authority_was_taken_away_never_goes_on(city):
    make.make_camera()
    first = watch(city.who.operator)
    actions.end_watching(first.pk, clock.now(), why="revoked")
    assert watch(city.who.operator).pk != first.pk


def test_one_account_cannot_sweep_the_protected_cameras(city, monkeypatch):
    limit = purposes.Limit(cameras_an_hour=2, at_once=9, per_area_an_hour=9)
    monkeypatch.setitem(purposes.LIMITS, "operator", limit)
    for number in range(3):
        make.make_camera(f"MB-{number}", sensitivity="tinggi")
    watch(city.who.operator, "MB-0")
    watch(city.who.operator, "MB-1")
    with pytest.raises(TooManyLooks):
        watch(city.who.operator, "MB-2")
    watch(city.who.operator, "MB-1")  # the same camera again is no sweep
    watch(city.who.supervisor, "MB-2")
    watch(city.who.operator, "MB-2", at=clock.now() + timedelta(hours=2))


def test_limits_of_an_area(city, monkeypatch):
    monkeypatch.setitem(purposes.LIMITS, "operator", purposes.Limit(99, 99, per_area_an_hour=1))
    for code, area in (("A", city.kelurahan), ("B", city.kelurahan), ("C", city.other_kelurahan)):
        make.make_camera(code, sensitivity="tinggi", kelurahan=area)
    watch(city.who.operator, "A")
    with pytest.raises(TooManyLooks):
        watch(city.who.operator, "B")
    watch(city.who.operator, "C")


def test_who_may_not_watch_gets_the_answer_for_a_missing_camera(city):
    make.make_camera()
    make.make_camera("MB-002", owner=city.dishub)
    for user, code in ((city.who.auditor, "MB-001"), (city.who.dishub, "MB-002"), (city.who.engineer, "MB-002")):
        with pytest.raises((NotAllowed, Missing)):
            watch(user, code)
        assert make.signed_in(user).post(f"/pusat/kamera/{code}/langsung/tiket").status_code == 404


def test_an_old_ticket_opens_nothing(city):
    camera = make.make_camera()
    user = city.who.operator
    ticket = actions.ask_to_watch(camera, PATROL, stream="main", session_key="s", by=user, at=clock.now())
    assert actions.come_in(ticket, by=user, session_key="lain", at=clock.now()) is None
    WatchSession.objects.update(ticket="")
    assert actions.come_in(ticket, by=user, session_key="s", at=clock.now()) is None


def test_the_page_gives_a_ticket_or_the_question_as_json(city):
    make.make_camera(sensitivity="tinggi")
    client = make.signed_in(city.who.operator, accept="application/json")
    asked = client.post("/pusat/kamera/MB-001/langsung/tiket", {"purpose": "x\0"})
    assert asked.status_code in (400, 422)
    asked = client.post("/pusat/kamera/MB-001/langsung/tiket")
    assert asked.status_code == 422 and asked.json()["error"]["code"] == "keperluan_belum_disebut"
    given = client.post("/pusat/kamera/MB-001/langsung/tiket", {"purpose": "patrol"}).json()
    assert given["ticket"] and given["url"].startswith("ws://")
    page = client.get("/pusat/kamera/MB-001/").content.decode()
    assert "data-live-purpose" in page


def test_owner_and_protection_officer_read_the_log_and_nobody_else(city):
    make.make_camera(sensitivity="tinggi")
    make.make_camera("MB-002", owner=city.dishub)
    watch(city.who.operator, why=Why(purpose="crowd", note="Pasar malam contoh"))
    watch(city.who.operator, "MB-002")
    seen = make.signed_in(city.who.auditor).get("/pusat/kamera/menonton/").content.decode()
    assert "Operator" in seen and "Pasar malam contoh" in seen and "MB-002" in seen
    head = city.who.dishub
    Duty.objects.filter(person__user=head).update(role="kepala_opd")
    owners = make.signed_in(head).get("/pusat/kamera/menonton/").content.decode()
    assert "MB-002" in owners and "Pasar malam contoh" not in owners
    assert make.signed_in(city.who.operator).get("/pusat/kamera/menonton/").status_code == 404
    assert AuditEntry.objects.filter(act="cameras.watch_log_seen").count() == 2


def test_the_public_counts_purposes_without_names(city, client):
    make.make_camera(sensitivity="tinggi")
    watch(city.who.operator, why=Why(purpose="disaster"))
    page = client.get("/kamera/ditonton/").content.decode()
    assert "banjir" in page and "Operator" not in page and "MB-001" not in page
    told = client.get("/kamera/ditonton.json").json()["protected_cameras_opened"]
    assert [(row["purpose"], row["looks"]) for row in told] == [("disaster", 1)]


def test_walls_are_saved_per_person_and_per_room(city):
    make.make_camera(status="up")
    mine = make.signed_in(city.who.operator, accept="application/json")
    said = {"name": "Malam", "tiles": "9", "cameras": "MB-001,MB-777", "tour": "3", "follows": "1"}
    own = mine.post("/pusat/dinding/video/simpan", said).json()
    assert (own["tiles"], own["tour"], own["follows"]) == (9, 5, True)
    room = mine.post("/pusat/dinding/video/simpan", said | {"room": "Ruang komando"}).json()
    again = mine.post("/pusat/dinding/video/simpan", said | {"tiles": "4"}).json()
    assert again["pk"] == own["pk"] and WallLayout.objects.count() == 2
    theirs = make.signed_in(city.who.supervisor, accept="application/json")
    seen = theirs.get("/pusat/dinding/video/").content.decode()
    assert "Ruang komando" in seen and f'"pk": {own["pk"]},' not in seen
    assert theirs.post("/pusat/dinding/video/hapus", {"pk": own["pk"]}).status_code == 404
    assert theirs.post("/pusat/dinding/video/hapus", {"pk": room["pk"]}).status_code == 200
    for bad in ({"tiles": "5"}, {"name": " "}, {"tiles": "9" * 30}, {"cameras": ",".join(["x"] * 200)}):
        assert mine.post("/pusat/dinding/video/simpan", said | bad).status_code == 422
    assert make.signed_in(city.who.auditor).get("/pusat/dinding/video/").status_code == 404


def test_a_free_wall_keeps_its_places_and_no_impossible_ones(city):
    mine = make.signed_in(city.who.operator, accept="application/json")
    said = {
        "name": "Banjir",
        "room": "Ruang komando",
        "tiles": "3",
        "cameras": "",
        "places": "0,0,8,12;8,0,4,6;8,6,4,6",
    }
    saved = mine.post("/pusat/dinding/video/simpan", said).json()
    assert (saved["tiles"], saved["places"]) == (3, [[0, 0, 8, 12], [8, 0, 4, 6], [8, 6, 4, 6]])
    page = make.signed_in(city.who.supervisor).get(f"/pusat/dinding/video/?susunan={saved['pk']}").content.decode()
    assert "[[0, 0, 8, 12], [8, 0, 4, 6], [8, 6, 4, 6]]" in page
    for bad in (
        "0,0,8,12;7,0,4,6", "0,0,13,4", "0,0,1,4", "-1,0,4,4", "0,0,4", "0,0,4,x", ";", "0,0,4,4;" * 9,
        ";".join(f"{x},{y},2,2" for y in range(0, 12, 2) for x in range(0, 12, 2)),
    ):  # fmt: skip
        assert mine.post("/pusat/dinding/video/simpan", said | {"places": bad}).status_code == 422, bad
    again = mine.post("/pusat/dinding/video/simpan", said | {"tiles": "4", "places": ""}).json()
    assert (again["pk"], again["tiles"], again["places"]) == (saved["pk"], 4, [])


def test_a_wall_is_told_only_of_cameras_one_may_watch(city):
    make.make_camera()
    make.make_camera("MB-002", owner=city.dishub)
    client = make.signed_in(city.who.engineer)
    told = client.get("/pusat/dinding/video/kamera?kode=MB-001,MB-002,").json()["cameras"]
    assert [camera["code"] for camera in told] == ["MB-001"]
    assert [camera["code"] for camera in client.get("/pusat/dinding/video/kamera?q=mb").json()["cameras"]] == ["MB-001"]


def test_following_an_incident_opens_the_nearest_that_work(city):
    from satukota.shared.incidents import actions as incidents

    place = make.make_place(city)
    for code, lon, state in (("JAUH", 117.6, "up"), ("DEKAT", 117.481, "degraded"), ("MATI", 117.48, "down")):
        make.make_camera(code, lon=lon, lat=0.13, status=state)
    incident = incidents.open_by_person(
        title="Contoh", severity=2, owner_id=city.diskominfo.pk, place_id=place.pk, kelurahan_id=city.kelurahan.pk,
        target_id=None, text="", by=city.who.operator, at=clock.now(),
    )  # fmt: skip
    assert near.working_cameras_near(city.who.operator, incident, 4) == ["DEKAT", "JAUH"]
    client = make.signed_in(city.who.operator)
    assert client.get(f"/pusat/dinding/video/dekat/{incident.number}?petak=1").json() == {"codes": ["DEKAT"]}
    assert client.get("/pusat/dinding/video/dekat/INS-0").status_code == 404


def test_a_wall_of_many_cameras_costs_the_same_as_one(city, django_assert_max_num_queries):
    for number in range(16):
        make.make_camera(f"MB-{number:03}")
    client = make.signed_in(city.who.operator)
    client.get("/pusat/dinding/video/kamera?q=mb")
    with django_assert_max_num_queries(6):
        assert len(client.get("/pusat/dinding/video/kamera?q=mb").json()["cameras"]) == 16
