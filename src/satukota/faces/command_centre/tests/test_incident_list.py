"""The work list: soonest clock first, filters in the URL, files of the same rows, and the same speed at 20,000."""

import csv
import io
import json
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from satukota.base import clock
from satukota.shared.incidents import actions
from satukota.shared.incidents.models import Incident, Member
from satukota.shared.incidents.tests.make import NIGHT, make_city, make_place, make_street, make_target, minutes, turns

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def city(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NIGHT + minutes(30))
    return make_city()


@pytest.fixture
def look(client, city):
    """GET the list as somebody, with filters; returns the page as text."""

    def get(who="operator", headers=None, **filters):
        client.force_login(getattr(city.who, who))
        answer = client.get(reverse("command_centre:incidents"), filters, headers=headers)
        assert answer.status_code == 200
        return answer.content.decode()

    return get


@pytest.fixture
def three(city):
    """A critical one, a camera of Dishub, and blurred work; the clock stands thirty minutes later."""
    market = make_place(city, "Pasar Contoh", 4)
    turns(make_target(city, "MB-001", place=market), "down", "black", at=NIGHT)
    turns(make_target(city, "MB-002", owner=city.dishub), "down", "black", at=NIGHT)
    turns(make_target(city, "MB-003"), "degraded", "low_fps", at=NIGHT + minutes(20))


def test_an_empty_list_teaches(look):
    text = look()
    assert "Tidak ada insiden yang belum pulih" in text and "dua pemeriksaan sepakat" in text
    assert "Buka insiden" in text and "Buka insiden" not in look("auditor").split("<main")[1].split("empty")[0]


def test_the_soonest_clock_is_first_and_overdue_says_by_how_much(look, three):
    text = look()
    assert text.index("MB-001") < text.index("MB-002") < text.index("MB-003")
    assert "3 insiden belum pulih, 1 genting" in text
    assert "ke supervisor, lewat 25 menit" in text and "ke supervisor dalam 30 menit" in text


def test_filters_live_in_the_url(look, three):
    assert "MB-002" not in look(opd="diskominfo") and "MB-001" in look(opd="diskominfo")
    assert "MB-001" in look(q="pasar") and "MB-003" not in look(q="pasar")
    assert "MB-003" in look(severity=1) and "MB-001" not in look(severity=1)
    assert "Tidak ada insiden yang cocok" in look(state="closed")
    assert "Tidak ada insiden yang cocok" in look(kind="link")
    assert "Tidak ada insiden yang cocok" in look(until="2026-11-21")  # opened on the 22nd, 02.14 WITA
    assert "MB-001" in look(since="2026-11-22", until="2026-11-22", kelurahan="64.74.01.1001")


@pytest.mark.parametrize("wrong", [{"state": "<script>"}, {"since": "kemarin"}, {"severity": "9"}, {"q": "x" * 500},
                                   {"page": "-1"}, {"page": "abc"}, {"kelurahan": "a" * 99}])  # fmt: skip
def test_a_wrong_filter_is_said_and_left_out(look, three, wrong):
    text = look(**wrong)
    assert "MB-001" in text and "<script>" not in text.split("<main")[1].split("</main")[0].replace("<script type", "")
    assert "page" in wrong or "dilewati" in text


def test_htmx_gets_only_the_rows(look, three):
    text = look(headers=HTMX)
    assert "<html" not in text and "MB-001" in text


def test_an_opd_sees_its_own_and_what_touched_its_own(look, city, three):
    assert "MB-002" in look("dishub") and "MB-001" not in look("dishub")
    link, cameras = make_street(city, 0)
    camera = make_target(city, "MB-009", owner=city.dishub, link=link)
    turns(link, "down", "tcp_timeout", at=NIGHT)
    turns(camera, "down", "tcp_timeout", at=NIGHT, root=link)
    assert "FO-07" in look("dishub")


def test_the_same_rows_leave_as_csv_xlsx_and_geojson(client, city, three):
    client.force_login(city.who.operator)
    files = {}
    for fmt in ("csv", "xlsx", "geojson"):
        answer = client.get(reverse("command_centre:incidents_export", args=[fmt]), {"opd": "diskominfo"})
        assert answer.status_code == 200 and fmt in answer["Content-Disposition"]
        files[fmt] = b"".join(answer.streaming_content)
    rows = list(csv.DictReader(io.StringIO(files["csv"].decode("utf-8-sig")), delimiter=";"))
    assert [row["Tingkat"] for row in rows] == ["Genting", "Ringan"] and rows[0]["Tempat"] == "Pasar Contoh"
    assert files["xlsx"].startswith(b"PK") and len(json.loads(files["geojson"])["features"]) == 2
    assert client.get(reverse("command_centre:incidents_export", args=["exe"])).status_code == 422


def test_a_person_without_a_duty_meets_a_missing_page(client, city, django_user_model):
    client.force_login(django_user_model.objects.create(username="asing"))
    for name, args in (("incidents", []), ("incidents_export", ["csv"]), ("incident_open", []), ("sops", [])):
        assert client.get(reverse(f"command_centre:{name}", args=args)).status_code == 404
    client.logout()
    assert client.get(reverse("command_centre:incidents")).status_code == 302


@pytest.mark.slow
def test_twenty_thousand_incidents_take_at_most_twelve_statements(client, city):
    targets = [make_target(city, f"MB-{n:03d}", place=make_place(city, f"Tempat {n}")) for n in range(50)]
    rows = [_old(city, n, targets[n % 50]) for n in range(20_000)]
    Incident.objects.bulk_create(rows, 2000)
    known = [(row, {"down_at": row.opened_at, "recovered_at": row.recovered_at}) for row in rows]
    Member.objects.bulk_create([Member(incident=row, target_id=row.root_id, **when) for row, when in known], 2000)
    client.force_login(city.who.operator)
    client.get(reverse("command_centre:incidents"))
    for filters in ({}, {"state": "all", "page": "40"}, {"state": "closed", "q": "Tempat 7"}):
        began = time.perf_counter()
        with CaptureQueriesContext(connection) as statements:
            assert client.get(reverse("command_centre:incidents"), filters).status_code == 200
        print(f"{filters}: {len(statements)} statements, {(time.perf_counter() - began) * 1000:.0f} ms")
        assert len(statements) <= 12, [each["sql"][:120] for each in statements]


def _old(city, n, target):
    """Most are closed; each target has one live at most."""
    is_live = n < 50
    opened = NIGHT - timedelta(minutes=n)
    return Incident(
        number=f"INS-2026-{n:06d}", title=f"{target.code} tidak berfungsi di Tempat {n % 50}", kind="camera",
        cause="black", state="received" if is_live else "closed", closed_cause="" if is_live else "Listrik padam",
        severity=1 + n % 4, root=target, owner=city.diskominfo, place_id=target.place_id,
        kelurahan=city.kelurahan, opened_at=opened,
        recovered_at=None if is_live else opened + minutes(9), escalate_at=opened + minutes(60) if is_live else None,
    )  # fmt: skip


def test_what_was_merged_is_not_listed_twice(look, city, three):
    first, second = Incident.objects.filter(owner=city.diskominfo).order_by("pk")
    actions.merge(first.number, second.number, why="Satu tiang", by=city.who.supervisor, at=NIGHT)
    assert first.number not in look(state="all")
