"""A public camera is shown late and small, by decision only, and not a request longer than the decision stands."""

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from django.test import Client

from satukota.base import clock
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import AlreadyDone, NotAllowed, UserError
from satukota.base.evidence import actions as evidence
from satukota.city.tests.make import make_city, make_user
from satukota.shared.monitoring.models import Target
from satukota.work.cameras import public
from satukota.work.cameras.models import Camera, PublicView

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 23, 4, tzinfo=UTC)


def jpeg(grey: int) -> bytes:
    return cv2.imencode(".jpg", np.full((720, 1280, 3), grey, np.uint8))[1].tobytes()


def grey_of(content: bytes) -> int:
    return round(float(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR).mean()))


@pytest.fixture
def city(monkeypatch, settings, tmp_path):
    monkeypatch.setattr(clock, "now", lambda: AT)
    settings.FILES_DIR = tmp_path
    return make_city()


@pytest.fixture
def camera(city) -> Camera:
    target = Target.objects.create(kind="camera", code="MB-001", name="Simpang Contoh", owner=city.diskominfo,
                                   kelurahan=city.kelurahan, address="rtsp://10.0.0.1/x")  # fmt: skip
    return Camera.objects.create(target=target, sign_installed=True)


@pytest.fixture
def supervisor(city):
    return make_user("supervisor", city.diskominfo)


def look(camera: Camera, grey: int, at: datetime) -> None:
    public.offer([(camera.pk, "MB-001", jpeg(grey), at)])


def test_a_picture_is_shown_after_its_delay_and_no_wider_than_decided(camera, supervisor):
    public.publish(camera, ground="lalu lintas", delay_s=60, width=320, by=supervisor, at=AT)
    look(camera, 10, AT)
    look(camera, 20, AT + timedelta(seconds=30))
    assert public.picture("MB-001", AT + timedelta(seconds=30)) is None
    look(camera, 30, AT + timedelta(seconds=60))
    content, taken_at = public.picture("MB-001", AT + timedelta(seconds=61))
    assert (grey_of(content), taken_at) == (10, AT)
    assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR).shape == (180, 320, 3)
    look(camera, 40, AT + timedelta(seconds=120))
    assert grey_of(public.picture("MB-001", AT + timedelta(seconds=121))[0]) == 30


def test_an_old_picture_never_passes_for_now(camera, supervisor):
    public.publish(camera, ground="lalu lintas", delay_s=0, by=supervisor, at=AT)
    look(camera, 10, AT)
    look(camera, 20, AT + timedelta(seconds=30))
    assert public.picture("MB-001", AT + timedelta(minutes=14)) is not None
    assert public.picture("MB-001", AT + timedelta(minutes=16)) is None


def test_withdrawn_while_everybody_looks_it_is_gone_with_the_next_request(camera, supervisor):
    public.publish(camera, ground="lalu lintas", delay_s=0, by=supervisor, at=AT)
    look(camera, 10, AT)
    look(camera, 20, AT + timedelta(seconds=30))
    citizen = Client()
    answer = citizen.get("/kamera/publik/MB-001.jpg")
    assert answer.status_code == 200 and answer["Cache-Control"] == "public, max-age=10"
    assert "Simpang Contoh" in citizen.get("/kamera/publik/").content.decode()
    public.withdraw(camera, why="ada acara keluarga", by=supervisor, at=AT)
    assert citizen.get("/kamera/publik/MB-001.jpg").status_code == 404
    assert "Simpang Contoh" not in citizen.get("/kamera/publik/").content.decode()
    assert evidence.slot_content("camera/MB-001/public") == b""
    look(camera, 40, AT + timedelta(seconds=90))
    assert evidence.slot_content("camera/MB-001/public") == b""  # and nothing new is kept of it
    with pytest.raises(AlreadyDone):
        public.withdraw(camera, why="lagi", by=supervisor, at=AT)


@pytest.mark.parametrize(
    ("fields", "said"), [({"sign_installed": None}, "Papan"), ({"sign_installed": False}, "Papan"),
                         ({"sensitivity": "tinggi"}, "dilindungi")],
)  # fmt: skip
def test_what_may_not_be_public_is_refused_in_words(camera, supervisor, fields, said):
    Camera.objects.filter(pk=camera.pk).update(**fields)
    camera.refresh_from_db()
    with pytest.raises(UserError, match=said):
        public.publish(camera, ground="lalu lintas", by=supervisor, at=AT)


@pytest.mark.parametrize("more", [{"delay_s": -1}, {"delay_s": 10**6}, {"width": 10}, {"width": 4000}, {"ground": " "}])
def test_figures_that_cannot_be_are_refused(camera, supervisor, more):
    with pytest.raises(UserError):
        public.publish(camera, **({"ground": "x"} | more), by=supervisor, at=AT)
    assert not PublicView.objects.exists()


def test_only_who_may_decides_and_once(camera, city, supervisor):
    with pytest.raises(NotAllowed):
        public.publish(camera, ground="x", by=make_user("operator", city.diskominfo), at=AT)
    public.publish(camera, ground="x", by=supervisor, at=AT)
    with pytest.raises(AlreadyDone):
        public.publish(camera, ground="x", by=supervisor, at=AT)
    assert AuditEntry.objects.filter(act="cameras.published").count() == 1


def test_the_page_decides_and_takes_back(camera, supervisor):
    client = Client(headers={"accept-language": "id"})
    client.force_login(supervisor)
    assert "MB-001" in client.get("/pusat/kamera/publik/").content.decode()
    assert client.post("/pusat/kamera/MB-001/publik", {"ground": "lalu lintas", "delay_s": "abc"}).status_code == 422
    assert client.post("/pusat/kamera/MB-001/publik", {"ground": "lalu lintas"}).status_code == 302
    assert PublicView.objects.get().delay_s == 60
    assert client.post("/pusat/kamera/MB-001/publik", {"ground": ""}).status_code == 422
    assert client.post("/pusat/kamera/MB-001/publik", {"ground": "selesai"}).status_code == 302
    assert client.post("/pusat/kamera/tidak-ada/publik", {"ground": "x"}).status_code == 404
