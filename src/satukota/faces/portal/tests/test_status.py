"""The public page: honest figures for everyone, and nothing that helps whoever wants to stay unseen."""

from datetime import UTC, datetime, timedelta

import pytest

from satukota.base import clock
from satukota.city.tests.make import make_city
from satukota.faces.command_centre.tests.test_pages import make_target
from satukota.faces.portal import queries

pytestmark = pytest.mark.django_db


def test_before_any_camera_is_registered_the_page_says_so(client):
    assert "Belum ada kamera" in client.get("/").content.decode()


def test_a_degraded_camera_still_works_and_an_unknown_one_is_not_claimed(client):
    bontang = make_city()
    for number, state in enumerate(["up", "up", "degraded", "down", "unknown"]):
        make_target(bontang, f"MB-{number:03}", state=state)
    told = client.get("/api/v1/status").json()
    assert (told["total"], told["working"], told["not_working"], told["unknown"]) == (5, 3, 1, 1)
    page = client.get("/").content.decode()
    assert "dari 5 kamera berfungsi" in page


def test_no_code_address_or_position_leaves(client):
    target = make_target(make_city(), "MB-001")
    type(target).objects.update(lon=117.498765, lat=0.134567)  # not what a ratio or a chart happens to say
    for path in ("/", "/api/v1/status"):
        text = client.get(path).content.decode()
        assert all(word not in text for word in ("MB-001", "rtsp", "117.498", "0.13456", "Jalan Contoh"))


def test_what_was_never_observed_is_not_a_percentage(client):
    bontang = make_city()
    target = make_target(bontang, "MB-001", state="unknown")
    type(target).objects.update(watched_from=None)
    assert client.get("/api/v1/status").json()["availability_24h"] is None
    assert "belum diamati" in client.get("/").content.decode()


def test_the_public_page_costs_a_fixed_number_of_statements(client, django_assert_max_num_queries):
    bontang = make_city()
    for number in range(30):
        make_target(bontang, f"MB-{number:03}")
    with django_assert_max_num_queries(12):
        client.get("/")


def test_a_page_that_is_not_there_is_a_page(client):
    answer = client.get("/tidak-ada")
    assert answer.status_code == 404 and "tidak ditemukan" in answer.content.decode()


def test_figures_are_counted_once_in_ten_seconds_and_say_of_when(client, monkeypatch, django_assert_num_queries):
    bontang, now = make_city(), datetime(2026, 11, 22, 4, tzinfo=UTC)
    make_target(bontang, "MB-001")
    monkeypatch.setattr(clock, "now", lambda: now)
    first = client.get("/api/v1/status").json()
    make_target(bontang, "MB-002")
    now += timedelta(seconds=queries.KEPT_S - 1)
    with django_assert_num_queries(0):
        assert client.get("/api/v1/status").json() == first
    assert "2026-11-22T04:00:00" in client.get("/").content.decode()
    now += timedelta(seconds=1)
    later = client.get("/api/v1/status").json()
    assert later["total"] == 2 and later["at"] == "2026-11-22T04:00:10Z"


def test_figures_kept_from_a_clock_that_was_set_back_are_not_shown():
    now = datetime(2026, 11, 22, 4, tzinfo=UTC)
    queries.status(now)
    assert queries.status(now - timedelta(hours=1)).at == now - timedelta(hours=1)


def test_what_is_kept_is_said_in_the_language_of_who_reads(monkeypatch):
    make_target(make_city(), "MB-001", state="unknown")
    now = clock.now()
    monkeypatch.setattr(queries, "reason_words", lambda code: f"satu {code}")
    assert queries.status(now).reason_24h.startswith("satu ")
    monkeypatch.setattr(queries, "reason_words", lambda code: f"one {code}")
    assert queries.status(now).reason_24h.startswith("one ")
