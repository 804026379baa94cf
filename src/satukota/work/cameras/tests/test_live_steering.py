"""Cameras are turned over real ONVIF by those who may, and by nobody else."""

import asyncio
import time
from typing import Any

import pytest

from satukota.base import clock, secrets
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import NotAllowed
from satukota.work.cameras.live import steering
from satukota.work.cameras.onvif import ptz
from satukota_field.logins import Login
from satukota_field.running import RunningField, run_in_thread
from satukota_field.scenario import CameraSpec, Scenario

from . import make

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One camera that turns and one that does not; their pictures are not needed."""
    login = Login("contoh", "rahasia-kamera")
    cameras = tuple(
        CameraSpec(code, "L", "P", 1, code, 128, 72, 5.0, login=login, onvif=True, ptz=code == "PTZ")
        for code in ("PTZ", "TETAP")
    )
    cache = tmp_path_factory.mktemp("clips")
    with run_in_thread(Scenario(cameras, loop_s=2), ready=False, cache=cache, light="day") as running:
        yield running


@pytest.fixture
def city(settings: Any) -> make.City:
    settings.SAMPLE = True
    steering._mounts.clear()
    steering._noted.clear()
    return make.make_city()


def camera_of(field: RunningField, code: str, password: str = "rahasia-kamera") -> Any:
    address = field.server.devices[code].service_url
    return make.make_camera(
        code, kind="ptz", onvif_address=address, username="contoh", password_sealed=secrets.seal(password)
    )


def test_a_supervisor_goes_to_a_preset_and_moves_and_it_is_written_down_once_a_minute(city, field):
    camera, motor, at = camera_of(field, "PTZ"), field.server.devices["PTZ"].motor, clock.now()
    assert [one.name for one in steering.presets(camera)] == ["Jalan", "Trotoar"]
    steering.go_to(camera, "2", by=city.who.supervisor, at=at)
    assert motor.position == (0.4, -0.2, 0.3)
    for _ in range(3):
        steering.move(camera, 0.5, 0, 0, by=city.who.supervisor, at=at)
    assert motor.is_moving
    steering.move(camera, 0, 0, 0, by=city.who.supervisor, at=at)
    assert not motor.is_moving and motor.position[0] > 0.4
    assert AuditEntry.objects.filter(act="cameras.steered").count() == 2


def test_a_move_ends_by_itself_when_nobody_says_stop(city, field):
    camera, motor = camera_of(field, "PTZ"), field.server.devices["PTZ"].motor
    steering.move(camera, -1, 0, 0, by=city.who.operator, at=clock.now())
    assert motor._until - motor._since == pytest.approx(ptz.MOVE_S)


def test_who_may_not_steer_gets_the_answer_for_a_missing_thing(city, field):
    camera = camera_of(field, "PTZ")
    with pytest.raises(NotAllowed):
        steering.go_to(camera, "1", by=city.who.engineer, at=clock.now())
    client = make.signed_in(city.who.dishub)
    assert client.post("/pusat/kamera/PTZ/arah", {"preset": "1"}).status_code == 404


@pytest.mark.parametrize(
    ("code", "password", "word"), [("TETAP", "rahasia-kamera", "digerakkan"), ("PTZ", "salah", "menolak sandi")]
)
def test_what_cannot_be_turned_says_why(city, field, code, password, word):
    camera = camera_of(field, code, password)
    with pytest.raises(steering.CannotSteer, match=word):
        steering.presets(camera)


def test_a_password_the_camera_refused_is_not_sent_again(city, field):
    camera = camera_of(field, "PTZ", "salah")
    camera.login_refused_at = clock.now()
    before = field.server.mounts["PTZ"].bad_logins
    with pytest.raises(steering.CannotSteer):
        steering.presets(camera)
    assert field.server.mounts["PTZ"].bad_logins == before


def test_an_unknown_preset_and_speeds_beyond_reason(city, field):
    camera = camera_of(field, "PTZ")
    with pytest.raises(steering.CannotSteer):
        steering.go_to(camera, "9<&", by=city.who.operator, at=clock.now())
    client = make.signed_in(city.who.operator, accept="application/json")
    motor = field.server.devices["PTZ"].motor
    before = None
    while before != motor.position:  # an earlier act may still move it
        before = motor.position
        time.sleep(0.3)
    for pan in ("9", "nan", "inf", "kiri", "1e400"):
        assert client.post("/pusat/kamera/PTZ/arah", {"pan": pan}).status_code == 200
    assert field.server.devices["PTZ"].motor.position == before


def test_a_device_nobody_listens_on(city):
    camera = make.make_camera("MB-1", kind="ptz", onvif_address="http://127.0.0.1:9/onvif/device_service")
    with pytest.raises(steering.CannotSteer):
        steering.presets(camera)
    with pytest.raises(ptz.PtzFault):
        asyncio.run(ptz.find("http://127.0.0.1:9/", "", ""))
