"""Coba kamera: who may ask, what cannot be, what a camera would change, and turning a registered one."""

import json
from typing import Any

import numpy as np
import pytest
import shapely
from django.test import Client

from satukota.base.accounts.models import User
from satukota.base.audit.models import AuditEntry
from satukota.city.models import Opd
from satukota.city.tests.make import make_user
from satukota.rules.coverage import Plane
from satukota.shared.coverage import trial
from satukota.shared.coverage.tests.make import Town, measured, town
from satukota.shared.ground import queries as ground
from satukota.shared.monitoring.models import Target
from satukota.shared.monitoring.tests.make import make_opd
from satukota.work.cameras.models import Camera

from .test_pages import signed_in

AROUND, OUTCOME = "/pusat/liputan/coba/bangunan", "/pusat/liputan/coba/hasil"
CAMERA = "/pusat/liputan/coba/kamera/A"


@pytest.fixture
def here(db):
    with town() as made:
        made.office = make_opd()
        target = made.camera("A", 0)
        Target.objects.update(
            kelurahan=made.west, owner=made.office, kind="camera", lon=made.at(0)[0], lat=made.at(0)[1]
        )
        Camera.objects.create(target=target, bearing_deg=90, fov_deg=60, range_m=100, width=3840)
        yield made


def who(role: str) -> Client:
    return signed_in(make_user(role, Opd.objects.get(code="diskominfo")))


def asked(here: Town, along_m: float = 150, beside_m: float = 0.0, **facts: Any) -> dict[str, Any]:
    lon, lat = here.at(along_m, beside_m)
    eye = {"lon": lon, "lat": lat, "bearing_deg": 90, "fov_deg": 60, "range_m": 100, "height_m": 4, "width": 3840}
    return eye | facts


def test_only_who_plans_may_ask_what_would_change_and_only_who_edits_may_save(here, client):
    measured()
    spot = {"lon": here.at(0)[0], "lat": here.at(0)[1], "radius": 100}
    pages = [(AROUND, spot), (OUTCOME, asked(here)), (CAMERA, {})]
    nobody = signed_in(User.objects.create(username="tanpa-tugas"))
    for path, question in pages:
        assert client.get(path, question).status_code == 302
        assert nobody.get(path, question).status_code == 404
    operator, planner, engineer = who("operator"), who("planner"), who("engineer")
    assert [operator.get(*page).status_code for page in pages] == [200, 404, 200]
    assert [planner.get(*page).status_code for page in pages] == [200, 200, 200]
    assert planner.post(f"{CAMERA}/simpan", {}).status_code == 404
    assert engineer.post(f"{CAMERA}/simpan", {}).status_code == 422
    offers = ["coba-buka" in who.get("/pusat/liputan/").content.decode() for who in (operator, planner)]
    assert offers == [False, True]


@pytest.mark.parametrize(
    "wrong",
    [{"lon": "nan"}, {"lat": "inf"}, {"lon": 10}, {"lon": 0.12, "lat": 117.5}, {"fov_deg": 0}, {"fov_deg": -60},
     {"fov_deg": 360.1}, {"bearing_deg": 360}, {"bearing_deg": "utara"}, {"range_m": "inf"}, {"range_m": 1e9},
     {"range_m": 0}, {"height_m": -1}, {"width": 0}, {"width": "1e400"}, {"width": ""}],
)  # fmt: skip
def test_what_cannot_be_gets_a_sentence(here, wrong):
    answer = who("planner").get(OUTCOME, asked(here) | wrong, headers={"accept": "application/json"})
    assert answer.status_code == 422
    assert ": " in answer.json()["error"]["text"]


@pytest.mark.parametrize("wrong", [{}, {"radius": 0}, {"radius": "nan"}, {"radius": 1e6}, {"lon": 0}])
def test_surroundings_of_what_cannot_be_get_a_sentence(here, wrong):
    spot = {"lon": here.at(0)[0], "lat": here.at(0)[1], "radius": 100} | wrong if wrong else {}
    assert who("operator").get(AROUND, spot, headers={"accept": "application/json"}).status_code == 422


def test_before_the_first_measuring_nothing_is_claimed(here):
    assert who("planner").get(OUTCOME, asked(here)).json() == {"measured": False}


def test_a_camera_further_on_adds_what_nobody_saw(here):
    measured()
    planner = who("planner")
    told = planner.get(OUTCOME, asked(here)).json()
    assert told["sees"]["metres"] == told["new"]["metres"] == told["unreached"]["metres"] == 100
    assert told["lost"]["metres"] == 0 and told["after"] - told["before"] == pytest.approx(told["new"]["share"])
    assert [area["name"] for area in told["areas"]] == ["Timur"]
    # All round from 70 m to 170 m, of which the camera that stands there sees the first 30 m.
    whole = planner.get(OUTCOME, asked(here, 120, fov_deg=360, range_m=50, width=16384)).json()
    assert whole["sees"]["metres"] == 100 and whole["new"]["metres"] == 70
    blurred = planner.get(OUTCOME, asked(here, width=320)).json()
    assert blurred["dim"]["metres"] > 0 and blurred["sees"]["metres"] < 100


def test_a_house_in_front_and_a_spot_inside_are_told(here):
    here.house(200)
    measured()
    planner = who("planner")
    # 50 m in front of the house, and the step that lies in it, looked for at its wall.
    assert planner.get(OUTCOME, asked(here)).json()["sees"]["metres"] == 60
    inside = planner.get(OUTCOME, asked(here, 205)).json()
    assert inside["is_inside"] and inside["sees"]["metres"] == 0


def test_turning_a_camera_away_tells_what_is_lost(here):
    measured()
    planner = who("planner")
    same = planner.get(OUTCOME, asked(here, 0, kamera="A")).json()
    assert same["new"]["metres"] == same["lost"]["metres"] == 0 and same["after"] == pytest.approx(same["before"])
    away = planner.get(OUTCOME, asked(here, 0, kamera="A", bearing_deg=270)).json()
    assert away["lost"]["metres"] == 100 and away["after"] == pytest.approx(0)


def test_saving_writes_what_was_sent_and_can_be_undone(here):
    engineer = who("engineer")
    was = {name: value for name, value in engineer.get(CAMERA).json().items() if name.endswith(("_deg", "_m"))}
    told = engineer.post(f"{CAMERA}/simpan", {"bearing_deg": "45.5", "was": json.dumps(was)}).json()
    assert told["now"]["bearing_deg"] == 45.5 and told["before"]["bearing_deg"] == 90
    assert Camera.objects.get().bearing_deg == 45.5 and Camera.objects.get().fov_deg == 60
    late = engineer.post(f"{CAMERA}/simpan", {"bearing_deg": "10", "was": json.dumps(was)})
    assert late.status_code == 422 and Camera.objects.get().bearing_deg == 45.5
    engineer.post(f"{CAMERA}/simpan", {"bearing_deg": "90", "was": json.dumps(told["now"])})
    assert Camera.objects.get().bearing_deg == 90
    assert AuditEntry.objects.filter(act="cameras.edited").count() == 2
    engineer.post(f"{CAMERA}/simpan", {"range_m": "", "was": '{"range_m": 100}'})  # as it was before any was known
    assert Camera.objects.get().range_m is None


@pytest.mark.parametrize(
    "wrong", [{"bearing_deg": "nan"}, {"fov_deg": "0"}, {"lon": "117.5"}, {"was": "["}, {"was": "7"}]
)
def test_what_cannot_be_is_not_saved(here, wrong):
    sent = {"bearing_deg": "45", "was": '{"bearing_deg": 90}'} | wrong
    assert who("engineer").post(f"{CAMERA}/simpan", sent).status_code == 422
    assert Camera.objects.get().bearing_deg == 90


def test_surroundings_are_sent_once_and_are_the_buildings_in_metres(here):
    here.house(50)
    operator, spot = who("operator"), {"lon": here.at(0)[0], "lat": here.at(0)[1], "radius": 200}
    answer = operator.get(AROUND, spot)
    height, (ring,) = answer.json()["buildings"][0]
    assert height == 9 and sorted({round(x) for x in ring[::2]}) == [50, 60]
    assert operator.get(AROUND, spot, headers={"if-none-match": answer["ETag"]}).status_code == 304
    here.house(90)
    ground.GroundSource.objects.filter(kind="buildings").update(sha256="y" * 64)
    assert len(operator.get(AROUND, spot).json()["buildings"]) == 2


def test_degrees_and_metres_agree_within_a_centimetre_as_far_as_one_may_ask(here):
    _mark, found = trial.surroundings(*here.at(0), 800)
    plane: Plane = ground.plane()
    spots = here.at(0) + np.array([[0.007, 0.0], [0.0, 0.007], [-0.005, 0.005]])
    exact = plane.to_metres(spots) - plane.to_metres([here.at(0)])
    assert np.abs((spots - here.at(0)) @ np.array(found.metres).T - exact).max() < 0.01


def test_ten_thousand_buildings_around_are_cut_to_the_nearest_and_said(here, monkeypatch):
    x, y = ground.plane().to_metres([here.at(0)])[0]
    corner = np.stack(np.meshgrid(np.arange(100), np.arange(100)), axis=-1).reshape(-1, 2) * 5.0 - 250 + (x, y)
    many = ground.Buildings(
        np.arange(10_000), shapely.box(*corner.T, *(corner + 4).T), np.full(10_000, 9.0), np.zeros(10_000, bool)
    )
    monkeypatch.setattr(ground, "buildings", lambda box=None: many)
    _mark, found = trial.surroundings(*here.at(0), 400)
    assert found.is_cut and len(found.buildings) == trial.MOST_BUILDINGS
    farthest = max(np.hypot(*np.reshape(rings[0], (-1, 2)).T).min() for _height, rings in found.buildings)
    assert 200 < farthest < 250
