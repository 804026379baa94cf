"""Builders for tests about recorders: a field with one, its row, a camera on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from satukota.base import clock, secrets
from satukota.city.models import Opd
from satukota.work.cameras.models import Camera, RecordedCamera, Recorder
from satukota.work.cameras.recordings.asking import Wish
from satukota_field.logins import Login
from satukota_field.running import RunningField, run_in_thread
from satukota_field.scenario import CameraSpec, RecorderSpec, Scenario

PASSWORD = "rahasia-perekam"
CACHE = Path(settings.ROOT) / "var" / "cache" / "field-tests"  # its pictures are made once
GAP_AGO_S, GAP_S = 600.0, 60.0


@contextmanager
def running_field() -> Iterator[RunningField]:
    """One small camera and its recorder, which lacks GAP_S of it, GAP_AGO_S before."""
    camera = CameraSpec("MB-001", "L", "P", 1, "MB-001", 128, 72, 5.0, 1.0)
    box = RecorderSpec("NVR", "L", "P", ("MB-001",), Login("contoh", PASSWORD), 3.0, (("MB-001", GAP_AGO_S, GAP_S),))
    with run_in_thread(Scenario((camera,), loop_s=2, recorders=(box,)), cache=CACHE, light="day") as field:
        yield field


def make_recorder(address: str = "", **fields: Any) -> Recorder:
    said: dict[str, Any] = {
        "name": "NVR Contoh", "kind": "onvif" if address else "hand", "address": address, "username": "contoh",
        "password_sealed": secrets.seal(PASSWORD), "next_due_at": clock.now() if address else None,
    }  # fmt: skip
    owner = fields.pop("owner", None) or Opd.objects.get(code="diskominfo")
    return Recorder.objects.create(owner=owner, **(said | fields))


def put_on(recorder: Recorder, camera: Camera, token: str = "REC-MB-001", **fields: Any) -> RecordedCamera:
    return RecordedCamera.objects.create(recorder=recorder, camera=camera, token=token, **fields)


def wish(ago_s: float, long_s: float, **said: Any) -> Wish:
    since = clock.now() - timedelta(seconds=ago_s)
    return Wish(since, since + timedelta(seconds=long_s), said.pop("purpose", "patrol"), **said)
