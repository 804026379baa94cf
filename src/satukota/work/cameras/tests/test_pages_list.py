"""The camera list: who sees what, filtered as the URL says, quickly, and as a file of the same rows."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from satukota.base import clock
from satukota.shared.monitoring.models import MaintenanceWindow, Target
from satukota.work.cameras import queries
from satukota.work.cameras.models import Camera
from satukota.work.cameras.queries import Filters

from .make import City, make_camera, make_city, make_link, make_place, signed_in

pytestmark = pytest.mark.django_db
LIST = "/pusat/kamera/"


@pytest.fixture
def city() -> City:
    return make_city()


def codes(city: City, query: str, user: str = "operator") -> list[str]:
    page = signed_in(getattr(city.who, user)).get(f"{LIST}?{query}").context["page"]
    return [row.camera.target.code for row in page.object_list]


def test_the_title_counts_what_works_and_the_worst_comes_first(city: City) -> None:
    make_camera("MB-001", status="up")
    make_camera("MB-002", status="down", cause="frozen")
    make_camera("MB-003", status="degraded", cause="low_fps")
    answer = signed_in(city.who.operator).get(LIST)
    assert "1 dari 3 kamera berfungsi" in answer.content.decode()
    assert [row.camera.target.code for row in answer.context["page"].object_list] == ["MB-002", "MB-003", "MB-001"]


def test_filters_are_in_the_url_and_combine(city: City) -> None:
    link = make_link()
    make_camera("MB-001", status="down", cause="frozen", kelurahan=city.kelurahan, link=link, purpose="traffic")
    make_camera("MB-002", status="down", cause="black", kelurahan=city.other_kelurahan)
    make_camera("MB-003", status="up", kelurahan=city.kelurahan, place=make_place(city))
    assert codes(city, "state=down") == ["MB-001", "MB-002"]
    assert codes(city, "state=down&cause=black") == ["MB-002"]
    assert codes(city, "kelurahan=64.74.01.1006&sort=code") == ["MB-001", "MB-003"]
    assert codes(city, "link=FO-07") == ["MB-001"]
    assert codes(city, "purpose=traffic") == ["MB-001"]
    assert codes(city, "opd=dishub") == []
    assert codes(city, "q=pasar contoh") == ["MB-003"]
    assert codes(city, "q=simpang 002") == ["MB-002"]


def test_unverified_is_apart_from_good_and_from_down(city: City) -> None:
    make_camera("MB-001", status="unknown", cause="too_dark")
    make_camera("MB-002", status="up")
    make_camera("MB-003", status="unknown")
    assert codes(city, "verified=no") == ["MB-001"]
    assert codes(city, "verified=yes") == ["MB-002"]
    assert "1 memberi gambar yang belum dapat dinilai" in signed_in(city.who.operator).get(LIST).content.decode()


def test_while_our_own_line_is_down_a_camera_counts_as_unknown(city: City) -> None:
    make_camera("MB-001", status="up", pending="unknown", pending_cause="no_uplink")
    assert codes(city, "state=up") == []
    assert codes(city, "state=unknown") == ["MB-001"]
    assert queries.map_features(city.who.operator)["features"][:1] == []  # no position
    assert "Jaringan pusat terputus" in signed_in(city.who.operator).get(LIST).content.decode()


def test_maintenance_and_retired_are_states_one_can_ask_for(city: City) -> None:
    link = make_link()
    make_camera("MB-001", link=link)
    make_camera("MB-002", retired_on=clock.local(clock.now()).date())
    make_camera("MB-003")
    now = clock.now()
    MaintenanceWindow.objects.create(
        target=link, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1), reason="Ganti kabel",
        declared_by=city.who.supervisor, declared_at=now,
    )  # fmt: skip
    assert codes(city, "state=maintenance") == ["MB-001"]
    assert codes(city, "state=retired") == ["MB-002"]
    assert codes(city, "sort=code") == ["MB-001", "MB-003"]


@pytest.mark.parametrize("query", [
    "state=nonsense", "sort=%27", "page=999999", "page=-1", "page=abc", "kelurahan=%27%3B--", "q=" + "x" * 5000,
    "verified=maybe", "view=nothing", "state=up&state=down",
])  # fmt: skip
def test_what_cannot_be_in_the_url_never_breaks_the_page(city: City, query: str) -> None:
    make_camera("MB-001")
    assert signed_in(city.who.operator).get(f"{LIST}?{query}").status_code == 200


def test_another_offices_cameras_are_not_there(city: City) -> None:
    make_camera("MB-001")
    make_camera("DH-001", owner=city.dishub, cause="black", status="down")
    assert codes(city, "", "dishub") == ["DH-001"]
    page = signed_in(city.who.dishub).get(LIST).content.decode()
    assert "MB-001" not in page
    assert "0 dari 1" in page


def test_nobody_without_login_or_duty(city: City, client) -> None:
    from satukota.base.accounts.models import User

    assert client.get(LIST).status_code == 302
    assert signed_in(User.objects.create(username="tanpa")).get(LIST).status_code == 404


def test_a_name_is_text_and_never_markup(city: City) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    make_camera("MB-001", name=evil, cause="<b>x</b>", status="down")
    for view in ("", "?view=grid", f"?q={evil}"):
        page = signed_in(city.who.operator).get(LIST + view).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<b>x</b>" not in page


def test_thumbnails_say_their_age_and_old_ones_are_marked(city: City) -> None:
    now = clock.now()
    make_camera("MB-001", last_seen_at=now - timedelta(seconds=20))
    make_camera("MB-002", last_seen_at=now - timedelta(hours=3))
    make_camera("MB-003")
    page = signed_in(city.who.operator).get(f"{LIST}?view=grid&sort=code").content.decode()
    assert page.count("gambar lama") == 1
    assert page.count("is-old") == 2  # the old one and the one that never was
    assert "belum ada gambar" in page


def test_export_is_exactly_what_is_shown(city: City) -> None:
    make_camera("MB-001", status="up", lon=117.48, lat=0.13, kelurahan=city.kelurahan)
    make_camera("MB-002", status="down", cause="frozen", name="=cmd|'/c calc'!A1")
    client = signed_in(city.who.operator)
    text = b"".join(client.get(f"{LIST}ekspor.csv?state=down").streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert [row["Kode"] for row in rows] == ["MB-002"]
    assert rows[0]["Nama"].startswith("'=")
    assert rows[0]["Penyebab"] == "Gambar membeku"
    geo = json.loads(b"".join(client.get(f"{LIST}ekspor.geojson?state=up").streaming_content))
    assert geo["features"][0]["geometry"]["coordinates"] == [117.48, 0.13]
    assert client.get(f"{LIST}ekspor.xlsx").status_code == 200
    assert client.get(f"{LIST}ekspor.exe").status_code == 422
    assert "rtsp://" not in text


def test_the_map_gets_only_placed_cameras_of_the_persons_reach(city: City) -> None:
    make_camera("MB-001", lon=117.48, lat=0.13, bearing_deg=90, fov_deg=60, range_m=50, status="down", cause="frozen")
    make_camera("MB-002")
    make_camera("DH-001", owner=city.dishub, lon=117.5, lat=0.1)
    mine = queries.map_features(city.who.dishub)["features"]
    assert [feature["properties"]["code"] for feature in mine] == ["DH-001"]
    first = queries.map_features(city.who.operator)["features"][1]
    assert first["geometry"] == {"type": "Point", "coordinates": [117.48, 0.13]}
    said = {"code": "MB-001", "state": "down", "bearing": 90, "fov": 60, "range_m": 50, "maintenance": False}
    assert said.items() <= first["properties"].items()
    json.dumps(first)


def many(city: City, count: int) -> None:
    link = make_link()
    states = ["up"] * 8 + ["down", "unknown"]
    targets = Target.objects.bulk_create([
        Target(kind="camera", code=f"MB-{n:05d}", name=f"Simpang {n}", owner=city.diskominfo, link=link,
               kelurahan=city.kelurahan, state=states[n % 10], cause="frozen" if n % 10 == 8 else "",
               lon=117.4 + n / 1e5, lat=0.1, watched_from=clock.now() - timedelta(days=3))
        for n in range(count)
    ])  # fmt: skip
    Camera.objects.bulk_create([Camera(target=target) for target in targets])


@pytest.mark.parametrize("query", ["", "?view=grid", "?q=simpang&state=up", "?state=down&page=2"])
def test_the_list_takes_twelve_statements_however_many_cameras(city: City, query: str) -> None:
    many(city, 300)
    client = signed_in(city.who.operator)
    client.get(LIST)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(LIST + query).status_code == 200
    assert len(captured) <= 12, "\n".join(q["sql"][:160] for q in captured)


def test_the_availability_column_comes_apart_and_within_its_own_statements(city: City) -> None:
    many(city, 300)
    client = signed_in(city.who.operator)
    assert "ketersediaan?state=up" in client.get(f"{LIST}?state=up").content.decode()
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(f"{LIST}ketersediaan?state=up")
    assert answer.content.decode().count("100,0 %") == 50
    assert len(captured) <= 16


def test_the_map_takes_a_fixed_number_of_statements(city: City, django_assert_max_num_queries) -> None:
    many(city, 300)
    with django_assert_max_num_queries(5):
        assert len(queries.map_features(city.who.operator)["features"]) == 300


def test_filters_from_nothing_are_the_whole_list() -> None:
    assert Filters.of({}) == Filters()
