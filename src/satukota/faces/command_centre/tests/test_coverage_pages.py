"""Liputan: page, panel, street, file and API; who may open them, what they say and what they keep to themselves."""

import pytest
from django.test import Client

from satukota.base.accounts.models import User
from satukota.city.models import Opd
from satukota.city.tests.make import make_user
from satukota.shared.coverage import history
from satukota.shared.coverage.tests.make import Town, measured, town
from satukota.shared.monitoring.models import Target
from satukota.shared.monitoring.tests.make import down, make_opd, make_target, stored

from .test_pages import signed_in

PAGES = ["/pusat/liputan/", "/pusat/liputan/?dinding=1", "/pusat/liputan/angka", "/pusat/liputan/unduh?bentuk=csv"]
API = ["shares", "views", "segments", "month", "lost", "what-if?down=A", "segments?box=117,0,118,1&time=night"]


@pytest.fixture
def here(db):
    with town() as made:
        made.office = make_opd()
        made.other = make_opd("dishub")
        camera = made.camera("A", 0, kind="camera")
        Target.objects.update(kelurahan=made.west)
        made.camera("B", 150)
        Target.objects.filter(pk=camera.pk).update(kind="camera")
        yield made


def operator(here: Town) -> Client:
    return signed_in(make_user("operator", Opd.objects.get(code="diskominfo")))


@pytest.mark.parametrize("path", PAGES)
def test_a_visitor_signs_in_first_and_who_holds_no_duty_finds_nothing(here, client, path):
    assert client.get(path).status_code == 302
    assert signed_in(User.objects.create(username="tanpa-tugas")).get(path).status_code == 404


@pytest.mark.parametrize("path", [*PAGES, *(f"/api/v1/coverage/{name}" for name in API)])
def test_before_and_after_the_measuring_every_address_answers(here, path):
    staff = operator(here)
    assert staff.get(path).status_code == 200
    measured()
    assert staff.get(path).status_code == 200


@pytest.mark.parametrize("name", API)
def test_what_cameras_see_is_not_for_visitors(here, client, name):
    assert client.get(f"/api/v1/coverage/{name}").status_code == 401


def test_the_panel_says_what_is_seen_what_is_lost_and_because_of_whom(here):
    staff = operator(here)
    measured()
    assert "66,7" in staff.get("/pusat/liputan/angka").content.decode()
    stored(down(sure=True), Target.objects.get(code="A"), at=history.clock.now())
    text = staff.get("/pusat/liputan/angka").content.decode()
    assert "33,3" in text and "Jalan Contoh" in text and "/pusat/kamera/A/" in text
    assert "1 dari 2 kamera berfungsi" in text


def test_without_ground_the_page_teaches_what_to_import(db):
    with town(ground=False) as made:
        make_opd()
        made.camera("A", 0)
        staff = operator(made)
        assert "belum dihitung" in staff.get("/pusat/liputan/angka").content.decode()
        measured()
        text = staff.get("/pusat/liputan/angka").content.decode()
        assert "satukota import osm" in text and "%" not in text.split("cov-how")[0]


def test_a_camera_without_bearing_is_named_with_what_it_lacks(here):
    here.turn("B", bearing_deg=None)
    measured()
    text = operator(here).get("/pusat/liputan/angka").content.decode()
    assert "1 kamera belum dapat dihitung" in text and "arah belum dicatat" in text


def test_what_if_is_told_beside_what_is(here):
    link = make_target("FO-1", "link")
    Target.objects.filter(code="A").update(link=link)
    measured()
    staff = operator(here)
    assert "terlihat bila FO-1 mati; kini 66,7" in staff.get("/pusat/liputan/angka?mati=FO-1").content.decode()
    told = staff.get("/api/v1/coverage/what-if?down=FO-1").json()
    assert told["before"]["seen"] > told["after"]["seen"] and told["streets"] == [here.street.pk]
    assert staff.get("/api/v1/coverage/what-if?down=FO-9").status_code == 404


@pytest.mark.parametrize(
    "query", ["waktu=besok&tajam=sekali&mati=tidak-ada", "waktu=month", "waktu=night&tajam=identify"]
)
def test_an_address_nobody_made_still_opens(here, query):
    measured()
    assert operator(here).get(f"/pusat/liputan/angka?{query}").status_code == 200


@pytest.mark.parametrize("query", ["time=besok", "sharpness=x", "box=1,2,3", "box=nan,0,1,1", "street=1;2", "down=,"])
def test_bad_questions_get_a_sentence(here, query):
    answer = operator(here).get(f"/api/v1/coverage/segments?{query}")
    assert answer.status_code in (422, 200) and (answer.status_code == 200) == query.startswith("down")
    if answer.status_code == 422:
        assert answer.json()["error"]["fix"]


def test_a_street_tells_who_sees_it_and_hides_what_is_not_ones_own(here):
    measured()
    path = f"/pusat/liputan/jalan?id={here.street.pk}"
    text = operator(here).get(path).content.decode()
    assert "A</b>" in text and "B</b>" in text and "10 dari 30 titik" in text
    stranger = signed_in(make_user("opd_officer", Opd.objects.get(code="dishub")))
    text = stranger.get(path).content.decode()
    assert "A</b>" not in text and "2 kamera lain di luar wewenang Anda" in text
    told = stranger.get(f"/api/v1/coverage/street?id={here.street.pk}").json()
    assert told["looks"] == [] and told["others"] == 2
    assert stranger.get("/api/v1/coverage/views").json()["features"] == []
    assert stranger.get("/api/v1/coverage/what-if?down=A").status_code == 404
    assert stranger.get("/pusat/liputan/jalan?id=99999999").status_code == 404
    assert stranger.get("/pusat/liputan/jalan?id=x").status_code == 404


def test_cameras_of_a_kelurahan_are_those_one_may_see(here):
    path = f"/pusat/liputan/kamera?kelurahan={here.west.code}"
    assert "/pusat/kamera/A/" in operator(here).get(path).content.decode()
    stranger = signed_in(make_user("opd_officer", Opd.objects.get(code="dishub")))
    assert "/pusat/kamera/A/" not in stranger.get(path).content.decode()
    assert stranger.get("/pusat/liputan/kamera?kelurahan=x").status_code == 404


def test_views_are_sent_once_and_again_when_they_changed(here):
    staff = operator(here)
    first = staff.get("/api/v1/coverage/views")
    assert [each["properties"]["code"] for each in first.json()["features"]] == ["A", "B"]
    assert "private" in first["Cache-Control"]
    again = staff.get("/api/v1/coverage/views", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304 and not again.content
    here.turn("A", bearing_deg=10.0)
    assert staff.get("/api/v1/coverage/views", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_citizens_get_shares_and_nothing_of_cameras(here, client):
    assert "Belum dapat dihitung" in client.get("/liputan/").content.decode()
    measured()
    assert history.store_last_day(history.clock.now())
    page = client.get("/liputan/").content.decode()
    assert "66,7" in page and "Barat" in page
    told = client.get("/api/v1/coverage")
    assert told.json()["kota"]["seen"] == pytest.approx(2 / 3, abs=1e-5)
    for text in (page, told.content.decode()):
        assert "Contoh A" not in text and "117.5" not in text and "Jalan Contoh" not in text
    assert client.get("/api/v1/coverage/history").json() == []
    assert client.get("/api/v1/coverage/history?area=64.74.01.9999").status_code == 404
    assert client.get("/api/v1/coverage/history?since=2020-01-01&until=2010-01-01").status_code == 422
    assert client.get("/api/v1/coverage/history?until=0001-01-01").status_code == 200


def test_the_file_holds_what_the_list_shows(here):
    measured()
    text = b"".join(operator(here).get("/pusat/liputan/unduh?bentuk=csv").streaming_content).decode("utf-8-sig")
    assert text.splitlines()[1].startswith("64.74.01.1001;Barat;66,66")


@pytest.mark.parametrize("path", ["/pusat/liputan/", "/pusat/liputan/angka", "/liputan/"])
def test_a_page_costs_the_same_however_many_cameras(here, django_assert_max_num_queries, path):
    for number in range(20):
        here.camera(f"C{number:03}", number * 10)
    measured()
    staff = operator(here)
    staff.get(path)
    with django_assert_max_num_queries(12):
        staff.get(path)
