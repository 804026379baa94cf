"""The sample city: complete, wired as the simulator is, repeatable, and never near a real one."""

import time
import tomllib
from collections import Counter

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import authenticate
from django.db import connection
from django.test.utils import CaptureQueriesContext

from satukota.base import clock, secrets
from satukota.base.accounts.models import User
from satukota.base.audit.actions import first_broken
from satukota.base.errors import UserError
from satukota.city import access, actions, queries
from satukota.city.models import Contract, Duty, Feeder, Kota, Opd, Person, Place
from satukota.city.roles import ROLES
from satukota.project import sample
from satukota.project.sample import doors, wiring
from satukota.shared.incidents.models import Sop
from satukota.shared.monitoring.models import Target, Witness
from satukota.work.cameras.models import Camera, PublicView

pytestmark = pytest.mark.django_db
SCENARIO = django_settings.PACKAGE.parent / "satukota_field" / "scenarios" / "bontang.toml"


@pytest.fixture(autouse=True)
def sample_installation(settings, monkeypatch):
    settings.SAMPLE = True
    # Twelve thousand rows of ground are loaded in test_ground.py, once, not for each of these.
    monkeypatch.setattr("satukota.project.sample.ground.add", lambda at: {})


def test_the_city_is_complete():
    sample.load()
    counts = [model.objects.count() for model in (Camera, Feeder, Contract, Witness)]
    assert counts == [66, 20, 3, 3]
    assert Counter(Target.objects.values_list("kind", flat=True)) == {"camera": 66, "link": 10, "power": 10}
    assert not Kota.objects.exclude(code="64.74").exists()


def test_it_loads_well_within_five_seconds():
    began = time.process_time()
    with CaptureQueriesContext(connection) as statements:
        sample.load()
    assert time.process_time() - began < 5 and len(statements) < 140


def test_loading_again_adds_nothing_and_keeps_what_people_changed():
    sample.load()
    Target.objects.filter(code="MB-007").update(name="Nama baru", lon=117.5)
    Duty.objects.filter(person__user__username="dishub").update(to_on="2026-02-01")
    assert not any(sample.load().values())
    assert Target.objects.get(code="MB-007").name == "Nama baru"
    assert Duty.objects.filter(person__user__username="dishub", to_on=None).count() == 0
    assert first_broken() is None


def test_some_junctions_are_public_with_their_notice_and_what_was_withdrawn_stays_so():
    sample.load()
    views = PublicView.objects.select_related("camera")
    assert len(views) == 4 and all(view.camera.sign_installed and view.camera.purpose == "traffic" for view in views)
    PublicView.objects.update(ended_at=clock.now())
    assert not any(sample.load().values())


def test_what_went_missing_comes_back():
    sample.load()
    Camera.objects.get(target__code="MB-066").target.delete()
    assert sample.load()["kamera"] == 1


def test_moved_ports_of_the_simulator_are_followed_and_real_addresses_left_alone():
    sample.load()
    Target.objects.filter(code="MB-001").update(address="rtsp://127.0.0.1:18699/alt")
    Target.objects.filter(code="MB-002").update(address="rtsp://10.64.1.2:554/a")
    assert sample.load()["alamat"] == 1
    assert Target.objects.get(code="MB-001").address == "rtsp://127.0.0.1:18600/MB-001"
    assert Target.objects.get(code="MB-002").address == "rtsp://10.64.1.2:554/a"


def test_a_second_sample_city_takes_other_ports(settings):
    sample.load()
    settings.FIELD_PORT = 19000
    wiring.field.cache_clear()
    try:
        sample.load()
        assert Target.objects.get(code="MB-001").address == "rtsp://127.0.0.1:19000/MB-001"
        assert Camera.objects.get(target__code="MB-003").onvif_address.startswith("http://127.0.0.1:19093/")
        assert set(Witness.objects.values_list("address", flat=True)) == {
            f"127.0.0.1:{n}" for n in (19080, 19081, 19082)
        }
    finally:
        wiring.field.cache_clear()


def test_every_camera_is_wired_as_the_scenario_says():
    sample.load()
    told = tomllib.loads(SCENARIO.read_text())
    cameras = {row.target.code: row for row in Camera.objects.select_related("target__link", "target__power")}
    assert set(cameras) == {row["code"] for row in told["cameras"]}
    for row in (told["usual"] | row for row in told["cameras"]):
        camera, login = cameras[row["code"]], row.get("login", {})
        port = told["ports"]["rtsp"] + told["links"].index(row["link"])
        assert (camera.target.link.code, camera.target.power.code) == (row["link"], row["power"])
        assert camera.target.address == f"rtsp://127.0.0.1:{port}/{row['code']}"
        assert (camera.width, camera.height, camera.fps) == (*row["size"], row["fps"])
        assert camera.username == login.get("user", "")
        assert secrets.unseal(camera.password_sealed) == login.get("password", "")
        assert bool(camera.onvif_address) == row.get("onvif", False)
        assert "@" not in camera.target.address
    assert cameras["MB-003"].onvif_address == "http://127.0.0.1:18693/onvif/device_service"
    for place, code in enumerate(told["links"]):
        address = f"127.0.0.1:{told['ports']['switch'] + place}"
        assert Feeder.objects.get(code=code).probe_address == Target.objects.get(code=code).address == address


def test_every_camera_and_place_stands_in_its_kelurahan_and_looks_somewhere():
    sample.load()
    for place in Place.objects.all():
        assert queries.kelurahan_of(place.lon, place.lat).pk == place.kelurahan_id, place
        assert place.code.startswith("contoh-") and "(contoh)" in place.stake_reason
    seen = set()
    for camera in Camera.objects.select_related("target"):
        target = camera.target
        assert queries.kelurahan_of(target.lon, target.lat).pk == target.kelurahan_id, target
        assert 0 <= camera.bearing_deg < 360 and 30 <= camera.range_m <= 80 and camera.fov_deg
        seen.add(target.kelurahan_id)
    assert len(seen) == 15


@pytest.mark.skipif(
    not (django_settings.ROOT.parent / "shared" / "data" / "geo" / "bontang_kelurahan.geojson").exists(),
    reason="real boundaries are not beside the checkout",
)
def test_places_stay_in_their_kelurahan_when_real_boundaries_come():
    sample.load()
    path = django_settings.ROOT.parent / "shared" / "data" / "geo" / "bontang_kelurahan.geojson"
    assert actions.import_boundaries(path, by=None, at=clock.now()).places_elsewhere == []
    for target in Target.objects.filter(kind="camera"):
        assert queries.kelurahan_of(target.lon, target.lat).pk == target.kelurahan_id, target


def test_everyone_is_invented_and_looks_it():
    sample.load()
    assert all("Contoh" in person.name and person.is_sample for person in Person.objects.all())
    assert all(person.phone.open().startswith("0800-000-") for person in Person.objects.all())
    assert all("Contoh" in contract.vendor for contract in Contract.objects.all())
    assert all(user.is_sample and not user.is_staff and not user.is_superuser for user in User.objects.all())


def test_each_login_opens_and_holds_the_role_it_names(rf):
    sample.load()
    for login in sample.logins():
        user = authenticate(rf.post("/"), username=login.username, password=login.password)
        assert user is not None, login
        held = access.duties_of(user)
        assert str(ROLES[held[0].role].name) == login.role and held[0].opd.code == login.opd
    named = {login.username for login in sample.logins()}
    assert {"operator", "supervisor", "teknisi", "dishub", "auditor", "walikota"} <= named


def test_every_owner_of_something_has_someone_on_duty():
    sample.load()
    for opd in Opd.objects.filter(targets__isnull=False).distinct():
        assert queries.duty_officer(opd.pk, clock.now()), opd


def test_an_sop_is_there_for_each_kind_of_trouble():
    sample.load()
    there = set(Sop.objects.values_list("kind", "cause"))
    causes = {"", "covered", "defocused", "turned", "black", "frozen", "login_refused"}
    assert {("camera", cause) for cause in causes} | {("link", ""), ("power", ""), ("", "")} <= there
    for sop in Sop.objects.all():
        assert sop.steps and all({"text", "role", "minutes"} == set(step) for step in sop.steps)
        assert all(step["role"] in ROLES for step in sop.steps)


def test_it_refuses_outside_a_sample_installation(settings, capsys):
    settings.SAMPLE = False
    with pytest.raises(UserError, match="pemasangan contoh"):
        sample.load()
    assert doors.main(["load"]) == 1 and "SATUKOTA_SAMPLE" in capsys.readouterr().err
    assert not Kota.objects.exists() and not User.objects.exists()


def test_it_refuses_a_database_with_a_real_city():
    actions.load_profile("bontang", by=None, at=clock.now())
    with pytest.raises(UserError, match="bukan contoh"):
        sample.load()
    assert not User.objects.exists() and not Target.objects.exists()


def test_it_refuses_a_database_with_a_real_account():
    User.objects.create(username="admin")
    with pytest.raises(UserError, match="bukan contoh"):
        sample.load()
    assert not Kota.objects.exists()


def test_a_load_that_fails_leaves_nothing(monkeypatch):
    monkeypatch.setattr("satukota.project.sample.loading._add_sops", lambda at: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sample.load()
    assert not Kota.objects.exists() and not User.objects.exists() and not Target.objects.exists()


def test_without_the_simulator_it_says_so(monkeypatch, tmp_path):
    from satukota.project.sample import wiring

    monkeypatch.setattr(wiring, "SCENARIO", tmp_path / "none.toml")
    wiring.field.cache_clear()
    try:
        with pytest.raises(UserError, match="simulator"):
            sample.load()
    finally:
        wiring.field.cache_clear()
    assert not Kota.objects.exists()


def test_the_command_tells_logins_and_refuses_nonsense(capsys):
    sample.load()
    assert doors.main(["logins"]) == 0
    assert "contoh-operator" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        doors.main(["hapus"])
