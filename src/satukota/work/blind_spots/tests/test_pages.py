"""What people open: lists, one spot, one plan, files; and what a strange request gets."""

import json

import pytest
from django.test import Client

from satukota.shared.coverage.tests.make import measured
from satukota.shared.monitoring.tests.make import make_opd
from satukota.work.blind_spots.models import BlindSpot, Plan
from satukota.work.blind_spots.siting import running

from .make import make_plan, make_user, poles, run_plan, search

SPOTS, PLANS = "/pusat/titik-buta/", "/pusat/rencana-kamera/"


@pytest.fixture
def signed_in(town) -> tuple[Client, object]:
    poles(town, 20, 150, 280)
    search()
    user = make_user("engineer")
    client = Client(headers={"accept-language": "id"})
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client, user


def test_the_register_is_listed_filtered_mapped_and_taken_away(signed_in, django_assert_max_num_queries):
    client, _user = signed_in
    with django_assert_max_num_queries(30):
        page = client.get(SPOTS).content.decode()
    first = BlindSpot.objects.first()
    assert first.number in page and "bobot kota di luar pandangan" in page
    assert "Tidak ada titik buta di sini" in client.get(SPOTS, {"q": "tidak ada", "kelurahan": "x"}).content.decode()
    shown = client.get(f"{SPOTS}peta.geojson", {"state": "all"}).json()
    assert len(shown["features"]) == BlindSpot.objects.count()
    taken = b"".join(client.get(f"{SPOTS}ekspor.csv").streaming_content).decode()
    assert taken.count("\n") == BlindSpot.objects.count() + 1


def test_a_spot_shows_its_reasons_and_takes_an_act(signed_in):
    client, _user = signed_in
    spot = BlindSpot.objects.first()
    page = client.get(f"{SPOTS}{spot.number}/").content.decode()
    assert spot.title in page and "Catat survei" in page and "Tutup dengan bukti" not in page
    client.post(f"{SPOTS}{spot.number}/survei", {"text": "Ada tiang"})
    spot.refresh_from_db()
    assert spot.state == BlindSpot.State.SURVEYED
    assert client.post(f"{SPOTS}{spot.number}/serahkan", {"text": "x", "opd": "9" * 30}).status_code == 422
    assert client.get(f"{SPOTS}TB-2026-99999/").status_code == 404


def test_a_plan_is_asked_for_on_a_page_and_wrong_numbers_stay_there(signed_in):
    client, _user = signed_in
    told = {
        "name": "Jalan Contoh", "owner": make_opd().pk, "budget": "60", "lenses": ["wide", "tele"], "k": "1",
        "time": "day", "keep_existing": "on", "private_px": "62.5", "seconds": "1", "most_sites": "50", "seed": "0",
        **{f"purpose_{name}": "1" for name in ("monitor", "detect", "observe", "recognise", "identify")},
    }  # fmt: skip
    for wrong in ({"budget": "-1"}, {"time": "senja"}, {"budget": "banyak"}, {"purpose_detect": "-2"}, {"lenses": []},
                  {"private_areas": "{"}, {"forbidden_areas": '{"type": "Point", "coordinates": [1, 2]}'}):  # fmt: skip
        answer = client.post(f"{PLANS}baru/", told | wrong)
        assert answer.status_code == 422 and "Jalan Contoh" in answer.content.decode(), wrong
    assert not Plan.objects.exists()
    assert client.post(f"{PLANS}baru/", told).status_code == 302
    plan = Plan.objects.get()
    assert plan.asked["budget_rp"] == 60_000_000
    waiting = client.get(f"{PLANS}{plan.pk}/").content.decode()
    assert "Menunggu giliran" in waiting and "Hentikan" in waiting
    running.run(plan.pk, plan.run)
    page = client.get(f"{PLANS}{plan.pk}/").content.decode()
    assert "ini terbukti" in page or "Terbukti yang terbaik" in page
    assert client.get(f"{PLANS}{plan.pk}/kemajuan").headers["HX-Refresh"] == "true"


def test_a_plan_is_moved_saved_compared_applied_and_taken_away(signed_in):
    client, user = signed_in
    plan, other = run_plan(user, budget_rp=60_000_000), run_plan(user, budget_rp=30_000_000)
    row = plan.cameras.first()
    move = {"of": row.option, "lon": row.lon, "lat": row.lat + 0.0001, "bearing_deg": 90, "lens": "tele"}
    told = client.post(f"{PLANS}{plan.pk}/pindah", json.dumps({"moves": [move]}), "application/json")
    assert told.status_code == 200 and told.json()["summary"]["cameras"] >= 1
    for body in ("", "[]", "{", '{"moves": {}}', '{"moves": [{"of": "x"}]}', "[" * 9000):
        assert client.post(f"{PLANS}{plan.pk}/pindah", body, "application/json").status_code == 422, body[:20]
    assert client.post(f"{PLANS}{plan.pk}/simpan", {"moves": json.dumps({"moves": [move]})}).status_code == 302
    assert Plan.objects.filter(came_from=plan).count() == 1
    page = client.get(f"{PLANS}banding/", {"rencana": [plan.pk, other.pk]}).content.decode()
    assert "2 rencana berdampingan" in page
    assert client.get(f"{PLANS}banding/", {"rencana": [plan.pk, "x"]}).status_code == 422
    assert client.get(f"{PLANS}{plan.pk}/rencana.pdf").content.startswith(b"%PDF-")
    taken = client.get(f"{PLANS}{plan.pk}/ekspor.geojson")
    features = json.loads(b"".join(taken.streaming_content))["features"]
    assert len(features) == plan.cameras.count() and features[0]["properties"]["jumlah_arm"] == 1
    assert b"".join(client.get(f"{PLANS}{plan.pk}/ekspor.xlsx").streaming_content)[:2] == b"PK"
    assert client.post(f"{PLANS}{plan.pk}/terapkan").status_code == 302
    assert "Direncanakan dan terukur" in client.get(f"{PLANS}{plan.pk}/").content.decode()


def test_prices_and_partners_are_kept_on_their_pages(signed_in):
    client, _user = signed_in
    assert "Rp50.000.000" in client.get(f"{PLANS}harga/").content.decode()
    told = {"code": "pole", "amount_rp": "14000000", "source": "HSPK 2027"}
    assert client.post(f"{PLANS}harga/", told).status_code == 302
    assert "Rp52.000.000" in client.get(f"{PLANS}harga/").content.decode()
    assert client.post(f"{PLANS}harga/", told | {"amount_rp": "-1"}).status_code == 422
    offer = {"code": "PT-1", "partner": "PT Contoh", "owner": make_opd().pk, "lat": "0.12", "lon": "117.5",
             "bearing_deg": "90", "fov_deg": "60", "range_m": "80", "width_px": "1920", "joining_rp": "0",
             "yearly_rp": "0"}  # fmt: skip
    assert client.post(f"{PLANS}mitra/", offer).status_code == 302
    assert client.post(f"{PLANS}mitra/", offer).status_code == 422
    assert "PT Contoh" in client.get(f"{PLANS}mitra/").content.decode()


def test_another_offices_plan_and_spot_are_not_there(town):
    search()
    measured()
    plan = make_plan(make_user(), budget_rp=1)
    stranger = Client()
    stranger.force_login(make_user(opd=make_opd("dishub")),
                         backend="allauth.account.auth_backends.AuthenticationBackend")  # fmt: skip
    for address in (
        f"{PLANS}{plan.pk}/",
        f"{PLANS}{plan.pk}/rencana.pdf",
        f"{SPOTS}{BlindSpot.objects.first().number}/",
    ):
        assert stranger.get(address).status_code == 404
    assert stranger.post(f"{PLANS}{plan.pk}/hentikan").status_code == 404
