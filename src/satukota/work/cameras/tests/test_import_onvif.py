"""Cameras found by ONVIF go through the same preview; each device is asked once."""

import asyncio
import json

import pytest

from satukota.base import clock, secrets
from satukota.base.errors import UserError
from satukota.work.cameras.importing import actions, devices
from satukota.work.cameras.models import Camera, CameraImport
from satukota.work.cameras.onvif.device import Device, DeviceFault, Profile
from satukota.work.cameras.onvif.discovery import Found
from satukota_field.logins import Login
from satukota_field.running import RunningField, run_in_thread
from satukota_field.scenario import CameraSpec, Scenario

from .make import City, make_camera, make_city, signed_in

PROFILE = Profile("sub", "Sub", "h264", 640, 360, 15.0, 2.0, "rtsp://10.0.0.1:554/sub", "rtsp://192.168.1.9/sub")


def device(host: str, serial: str = "S-1", profiles: tuple[Profile, ...] = (PROFILE,)) -> Device:
    return Device(f"http://{host}:80/onvif/device_service", "Contoh", "C-1", "1.0", serial, 0.0, profiles)


@pytest.fixture
def network(monkeypatch, settings, tmp_path):
    """Devices by host; the list of every question asked, with the login used."""
    settings.FILES_DIR = tmp_path
    there: dict[str, Device | str] = {}
    asked: list[tuple[str, str, str]] = []

    async def describe(url: str, username: str = "", password: str = "") -> Device:
        asked.append((url, username, password))
        found = there.get(url.split("/")[2].split(":")[0], "Perangkat tidak menjawab.")
        if isinstance(found, str):
            raise DeviceFault(found)
        return found

    async def discover(targets, **_more) -> list[Found]:
        return [Found(one.device_url, one.device_url, one.serial_number) for one in there.values()
                if isinstance(one, Device) and one.maker == "Berseru"]  # fmt: skip

    async def listens(place: devices.Asked) -> bool:
        return place.host in there

    monkeypatch.setattr(devices.onvif_device, "describe", describe)
    monkeypatch.setattr(devices, "discover", discover)
    monkeypatch.setattr(devices, "_listens", listens)
    there["asked"] = asked  # type: ignore[assignment]
    return there


def search(city: City, addresses: str, prefix: str = "MB-") -> CameraImport:
    return devices.start(owner=city.diskominfo, addresses=addresses, port=80, username="pemantau",
                         password="Rahasia-77", prefix=prefix, by=city.who.engineer, at=clock.now())  # fmt: skip


@pytest.mark.django_db
def test_what_answers_becomes_rows_with_the_next_codes(network) -> None:
    city = make_city()
    make_camera("MB-066")
    asked = network.pop("asked")
    network |= {"10.0.0.1": device("10.0.0.1"), "10.0.0.2": device("10.0.0.2", "S-2"), "10.0.0.9": "Login ditolak."}
    batch = search(city, "10.0.0.0/28")
    assert (batch.source, batch.rows_new, batch.rows_refused) == ("onvif", 2, 1)
    assert list(batch.rows.filter(fate="new").values_list("code", flat=True)) == ["MB-067", "MB-068"]
    assert "Login ditolak" in json.dumps(batch.rows.get(fate="refused").complaints)
    assert len(asked) == len({url for url, *_login in asked}) == 3
    assert "Rahasia" not in json.dumps([list(batch.rows.values()), batch.read_as], default=str)
    actions.approve(batch, by=city.who.engineer, at=clock.now())
    camera = Camera.objects.select_related("target").get(target__code="MB-067")
    assert (camera.maker, camera.serial_number, camera.width, camera.codec) == ("Contoh", "S-1", 640, "h264")
    assert camera.target.address == "rtsp://10.0.0.1:554/sub"
    assert secrets.unseal(camera.password_sealed) == "Rahasia-77"


@pytest.mark.django_db
def test_a_camera_that_is_registered_keeps_its_code_and_name(network) -> None:
    city = make_city()
    network.pop("asked")
    make_camera("MB-005", name="Simpang Lama", serial_number="S-1")
    network |= {"10.0.0.1": device("10.0.0.1")}
    batch = search(city, "10.0.0.1")
    row = batch.rows.get()
    assert (row.code, row.fate) == ("MB-005", "changed")
    assert "name" not in row.changes


@pytest.mark.django_db
def test_a_device_that_says_where_it_is_is_asked_there_and_only_there(network) -> None:
    city = make_city()
    asked = network.pop("asked")
    network |= {"10.0.0.1": Device("http://10.0.0.1:8899/onvif/ds", "Berseru", "C", "1", "S", 0.0, (PROFILE,))}
    search(city, "10.0.0.1")
    assert [url for url, *_login in asked] == ["http://10.0.0.1:8899/onvif/ds"]


@pytest.mark.django_db
def test_nobody_answering_or_nothing_to_ask_is_said(network) -> None:
    city = make_city()
    network.pop("asked")
    with pytest.raises(UserError, match="menjawab"):
        search(city, "10.0.0.0/28")
    named = search(city, "10.0.0.77")  # a host a person named is worth a row that says why
    assert "tidak menjawab" in json.dumps(named.rows.get().complaints)


@pytest.mark.django_db
def test_a_device_without_a_usable_stream_is_refused(network) -> None:
    city = make_city()
    network.pop("asked")
    network |= {"10.0.0.1": device("10.0.0.1", profiles=())}
    assert "H.264" in json.dumps(search(city, "10.0.0.1").rows.get().complaints)


@pytest.mark.django_db
def test_the_form_keeps_what_was_typed_but_not_the_password(network) -> None:
    city = make_city()
    network.pop("asked")
    sent = {"owner": city.diskominfo.pk, "addresses": "10.0.0.0/8", "port": "80", "prefix": "MB-"}
    sent["password"] = "Rahasia-77"
    answer = signed_in(city.who.engineer).post("/pusat/kamera/impor/onvif", sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "terlalu besar" in page
    assert "10.0.0.0/8" in page
    assert "Rahasia" not in page
    assert signed_in(city.who.operator).post("/pusat/kamera/impor/onvif", sent).status_code == 404


@pytest.mark.parametrize(("text", "hosts"), [
    ("10.0.0.1", 1), ("10.0.0.1, 10.0.0.2\n10.0.0.1", 2), ("10.0.0.0/30", 2), ("10.0.0.5-20", 16),
    ("10.0.0.5 - 10.0.0.6", 2), ("kamera.contoh:8080", 1), ("10.0.0.0/24", 254),
])  # fmt: skip
def test_addresses_and_ranges(text: str, hosts: int) -> None:
    assert len(devices.parse_addresses(text, 80)) == hosts


@pytest.mark.parametrize("text", [
    "", "  ,; ", "10.0.0.0/23", "10.0.0.0/8", "10.0.0.9-5", "10.0.0.1-999", "10.0.0/x", "http://10.0.0.1/", "a b;c|d",
    "admin:x@10.0.0.1", "10.0.0.0/24, 10.0.1.0/24", "169.254.169.254", "$(id)", "::/0",
])  # fmt: skip
def test_what_cannot_be_asked_is_said(text: str) -> None:
    with pytest.raises(UserError) as problem:
        devices.parse_addresses(text, 80)
    assert problem.value.fix


def test_an_address_of_ours_inside_a_range_is_left_out(settings) -> None:
    settings.SAMPLE = False
    assert devices.parse_addresses("169.254.169.0/28, 10.0.0.1", 80) == [devices.Asked("10.0.0.1", 80, True)]


def test_a_silent_place_is_knocked_at_and_left(settings) -> None:
    settings.SAMPLE = True
    assert asyncio.run(devices._listens(devices.Asked("127.0.0.1", 1, False))) is False


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    """Two real devices on 127.0.0.1, one of which wants a login."""
    account = Login("satukota", "kenari-rahasia")
    cameras = tuple(
        CameraSpec(f"CT-{n}", "L", "P", seed=1, name="CONTOH SIMULASI", width=320, height=180, fps=5, onvif=True,
                   login=account if n else None)
        for n in range(2)
    )  # fmt: skip
    with run_in_thread(Scenario(cameras, loop_s=4), cache=tmp_path_factory.mktemp("clips"), light="day") as running:
        yield running


@pytest.mark.django_db(transaction=True)
def test_real_devices_are_found_previewed_and_registered(field: RunningField, settings, tmp_path) -> None:
    settings.SAMPLE, settings.FILES_DIR = True, tmp_path
    city = make_city()
    ports = [field.server.devices[code].port for code in ("CT-0", "CT-1")]
    places = ", ".join(f"127.0.0.1:{port}" for port in ports)
    sent = {"owner": city.diskominfo.pk, "addresses": places, "port": "80", "prefix": "CT-", "username": "satukota",
            "password": "kenari-rahasia"}  # fmt: skip
    client = signed_in(city.who.engineer)
    page = client.post("/pusat/kamera/impor/onvif", sent, follow=True)
    batch = CameraImport.objects.get()
    assert (batch.state, batch.rows_new) == ("preview", 2), list(batch.rows.values_list("complaints", flat=True))
    assert "kenari-rahasia" not in page.content.decode()
    client.post(f"/pusat/kamera/impor/{batch.pk}/terapkan")
    cameras = Camera.objects.select_related("target").order_by("target__code")
    assert [camera.target.code for camera in cameras] == ["CT-001", "CT-002"]
    assert {camera.onvif_address for camera in cameras} == {f"http://127.0.0.1:{p}/onvif/device_service" for p in ports}
    for camera in cameras:
        assert camera.target.address.startswith("rtsp://127.0.0.1:")
        assert (camera.width, camera.codec) == (160, "h264")  # the sub stream: cheapest to check
        assert camera.serial_number
        assert secrets.unseal(camera.password_sealed) == "kenari-rahasia"
    client.post("/pusat/kamera/impor/onvif", sent)
    assert CameraImport.objects.latest("pk").rows_same == 2
