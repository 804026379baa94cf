"""The command centre's own pages: who may open them, what they say, and that they cost a fixed number of statements."""

from datetime import timedelta

import pytest
from django.test import Client

from satukota.base import clock
from satukota.base.accounts.models import User
from satukota.base.audit import actions as audit
from satukota.base.messages import actions as messages
from satukota.city.tests.make import City, make_city, make_user
from satukota.shared.monitoring.models import StatusChange, Target
from satukota.work.cameras.models import Camera

pytestmark = pytest.mark.django_db
STAFF_PAGES = ["/pusat/", "/pusat/angka", "/pusat/kini", "/pusat/dinding/", "/pusat/jaringan/", "/pusat/cari?q=MB"]
API = ["/api/v1/map/areas", "/api/v1/map/cameras", "/api/v1/map/feeders"]


def make_target(city: City, code: str, state: str = "up", owner: str = "diskominfo", **fields) -> Target:
    target = Target.objects.create(
        kind="camera", code=code, name=f"Jalan Contoh {code}", owner=getattr(city, owner), kelurahan=city.kelurahan,
        lon=117.49, lat=0.13, state=state, state_since=clock.now(), watched_from=clock.now() - timedelta(hours=2),
        address="rtsp://127.0.0.1/rahasia", **fields,
    )  # fmt: skip
    Camera.objects.create(target=target, bearing_deg=90, fov_deg=90, range_m=50)
    return target


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def bontang() -> City:
    return make_city()


@pytest.mark.parametrize("path", STAFF_PAGES)
def test_a_visitor_is_sent_to_the_login(client, path):
    answer = client.get(path)
    assert answer.status_code == 302 and answer.url.startswith("/akun/login/")


@pytest.mark.parametrize("path", [*STAFF_PAGES, *API])
def test_someone_without_a_duty_finds_nothing(bontang, path):
    assert signed_in(User.objects.create(username="tanpa-tugas")).get(path).status_code == 404


@pytest.mark.parametrize("path", API)
def test_the_api_tells_a_visitor_to_sign_in_and_nothing_else(client, path):
    answer = client.get(path)
    assert answer.status_code == 401 and answer.json()["error"]["code"] == "perlu_masuk"


@pytest.mark.parametrize("path", [*STAFF_PAGES, *API])
def test_an_operator_opens_every_page(bontang, path):
    make_target(bontang, "MB-001")
    assert signed_in(make_user("operator", bontang.diskominfo)).get(path).status_code == 200


def test_an_officer_sees_the_cameras_of_their_own_opd_only(bontang):
    make_target(bontang, "MB-001", owner="diskominfo")
    make_target(bontang, "MB-002", owner="dishub")
    officer = signed_in(make_user("opd_officer", bontang.dishub))
    codes = [each["properties"]["code"] for each in officer.get("/api/v1/map/cameras").json()["features"]]
    assert codes == ["MB-002"]
    assert "MB-001" not in officer.get("/pusat/cari?q=Jalan").content.decode()


@pytest.mark.parametrize("path", ["/pusat/", "/pusat/jaringan/", "/pusat/angka", "/pusat/kini"])
def test_a_page_costs_the_same_however_many_cameras(bontang, django_assert_max_num_queries, path):
    for number in range(40):
        make_target(bontang, f"MB-{number:03}", state="down" if number % 3 else "up")
    client = signed_in(make_user("operator", bontang.diskominfo))
    client.get(path)  # the session is written down as used, once in a while
    with django_assert_max_num_queries(13):
        assert client.get(path).status_code == 200


def test_the_map_turns_back_to_what_was_believed_then(bontang):
    target, now = make_target(bontang, "MB-001", state="down"), clock.now()
    StatusChange.objects.create(target=target, at=now - timedelta(hours=2), was="unknown", now="up")
    StatusChange.objects.create(target=target, at=now - timedelta(hours=1), was="up", now="down", cause="black")
    client = signed_in(make_user("operator", bontang.diskominfo))

    def believed(hours: float) -> str:
        at = (now - timedelta(hours=hours)).isoformat()
        return client.get("/api/v1/map/states", {"at": at}).json()["MB-001"]

    assert [believed(3), believed(1.5), believed(0.5)] == ["unknown", "up", "down"]


@pytest.mark.parametrize("at", ["", "kemarin", "2026-11-22T00:00:00", "1900-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_an_unclear_moment_gets_a_sentence(bontang, at):
    answer = signed_in(make_user("operator", bontang.diskominfo)).get("/api/v1/map/states", {"at": at})
    assert answer.status_code == 422 and answer.json()["error"]["text"]


def test_names_cannot_carry_markup(bontang):
    target = make_target(bontang, "MB-001")
    Target.objects.filter(pk=target.pk).update(name="<script>alert(1)</script>")
    page = signed_in(make_user("operator", bontang.diskominfo)).get("/pusat/cari?q=MB").content.decode()
    assert "<script>alert" not in page


@pytest.mark.parametrize("q", ["", "a", "%", "'; DROP TABLE", "x" * 5000])
def test_a_search_for_nonsense_answers_with_a_page(bontang, q):
    assert signed_in(make_user("operator", bontang.diskominfo)).get("/pusat/cari", {"q": q}).status_code == 200


def test_the_audit_log_is_for_the_auditor(bontang):
    audit.record("test.act", by=None, at=clock.now(), why="uji")
    assert signed_in(make_user("operator", bontang.diskominfo)).get("/pusat/audit/").status_code == 404
    assert "test.act" in signed_in(make_user("auditor", bontang.diskominfo)).get("/pusat/audit/").content.decode()


def test_messages_are_ones_own_and_marked_read(bontang):
    mine, other = make_user("operator", bontang.diskominfo), make_user("operator", bontang.diskominfo)
    messages.tell([mine, other], kind="incident_opened", about="INS-1", subject="Kamera mati", body="x", path="/pusat/",
                  at=clock.now())  # fmt: skip
    client = signed_in(mine)
    assert "Kamera mati" in client.get("/pusat/pesan/").content.decode()
    client.post("/pusat/pesan/")
    assert messages.unread(mine).count() == 0 and messages.unread(other).count() == 1


def test_the_dark_choice_stays_and_leads_nowhere_else(bontang):
    user = make_user("operator", bontang.diskominfo)
    answer = signed_in(user).post("/pusat/tampilan", {"next": "https://jahat.example/"})
    user.refresh_from_db()
    assert user.show_dark and answer.url == "/pusat/"
