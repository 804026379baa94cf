"""A sample city in which things have happened, made without the field simulator: `python -m tests.browser.settled`.

Prints one JSON object: a session key per login, and what the pages' addresses need (numbers and ids).
"""

import json
from datetime import date, datetime, timedelta

import cv2
import django
import numpy as np

django.setup()

from django.test import Client  # noqa: E402

from satukota.base import clock  # noqa: E402
from satukota.base.accounts.models import User  # noqa: E402
from satukota.base.evidence import actions as evidence  # noqa: E402
from satukota.city.models import Contract, Duty, Holiday, Opd, Person, Rt  # noqa: E402
from satukota.project import sample  # noqa: E402
from satukota.shared.incidents.models import Incident, Sop  # noqa: E402
from satukota.shared.monitoring import actions as monitoring  # noqa: E402
from satukota.shared.monitoring import storing  # noqa: E402
from satukota.shared.monitoring.models import Target  # noqa: E402
from satukota.shared.monitoring.registry import Look  # noqa: E402
from satukota.shared.monitoring.storing import Done  # noqa: E402
from satukota.shared.shifts.models import Rota, Shift  # noqa: E402
from satukota.work.cameras.importing import actions as importing  # noqa: E402
from satukota.work.cameras.models import Camera  # noqa: E402

LOGINS = ("operator", "supervisor", "teknisi", "auditor", "register")
FAULTS = {"MB-012": Look("down", "black"), "MB-020": Look("degraded", "low_fps"), "MB-041": Look("down", "frozen")}
IMPORT = """Kode;Nama;Lintang;Bujur;Kelurahan;Alamat RTSP
MB-900;Jalan Contoh;0.13;117.49;Lok Tuan;rtsp://127.0.0.1:1/a
MB-901;;bukan angka;117.49;Tidak Ada;http://127.0.0.1/
"""


def street() -> bytes:
    """A JPEG with contours enough to be recognised."""
    canvas = np.full((360, 640, 3), 120, np.uint8)
    for n in range(12):
        colour = (40 + 15 * n, 220 - 12 * n, 90)
        cv2.rectangle(canvas, (20 + 50 * n, 40 + 13 * n), (55 + 50 * n, 300 - 7 * n), colour, -1)
    return cv2.imencode(".jpg", canvas)[1].tobytes()


def look(looks: dict[str, Look], at: datetime) -> None:
    """Each camera by its code, everything else that is watched as up."""
    targets = Target.objects.filter(retired_on=None).values_list("pk", "code")
    done = [Done(pk, "", looks.get(code, looks.get("*", Look("up"))), at) for pk, code in targets]
    storing.store(done, uplink_lost=False, runner="contoh")


def settle() -> None:
    now, picture = clock.now(), street()
    cameras = Camera.objects.select_related("target")
    look({"*": Look("unknown", "no_reference")}, now - timedelta(minutes=30))
    for camera in cameras.order_by("target__code")[:24]:
        evidence.put_slot(f"camera/{camera.target.code}/latest", picture)
        evidence.put_slot(f"camera/{camera.target.code}/last_good", picture)
        seen_at = now - timedelta(minutes=30)
        Camera.objects.filter(pk=camera.pk).update(last_seen_at=seen_at, last_good_at=seen_at)
    sample.accept_references()
    for minutes in (25, 24, 23):
        look({}, now - timedelta(minutes=minutes))
    for minutes in (9, 8, 7, 6):
        look(FAULTS, now - timedelta(minutes=minutes))
    monitoring.declare_maintenance(
        Target.objects.get(code="MB-030").pk, starts_at=now + timedelta(seconds=1), ends_at=now + timedelta(hours=1),
        reason="Ganti lensa (contoh)", by=User.objects.get(username="teknisi"), at=now,
    )  # fmt: skip


def imported() -> int:
    content = IMPORT.encode()
    engineer, owner = User.objects.get(username="teknisi"), Opd.objects.get(code="diskominfo")
    return importing.start("kamera.csv", [content], len(content), owner=owner, by=engineer, at=clock.now()).pk


def _holiday() -> int:
    told = {"name": "Hari contoh", "kind": "local", "source": "Contoh"}
    return Holiday.objects.get_or_create(date=date(2026, 10, 12), defaults=told)[0].pk


def session_of(username: str) -> str:
    client = Client()
    user = User.objects.get(username=username)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client.cookies["sessionid"].value


if __name__ == "__main__":
    settle()
    told = {
        "sessions": {name: session_of(name) for name in LOGINS},
        "incident": Incident.objects.get(root__code="MB-012").number,
        "batch": imported(),
        "sop": Sop.objects.order_by("pk")[0].pk,
        "person": Person.objects.get(user__username="teknisi").pk,
        "duty": Duty.objects.filter(person__user__username="teknisi")[0].pk,
        "contract": Contract.objects.order_by("pk")[0].pk,
        "place": Camera.objects.exclude(target__place=None)[0].target.place.code,
        "rt": Rt.objects.order_by("pk")[0].pk,
        "holiday": _holiday(),
        "rota": Rota.objects.get().pk,
        "shift": Shift.objects.order_by("starts_at")[0].pk,
        "kelurahan": Camera.objects.exclude(target__kelurahan=None)[0].target.kelurahan.code,
    }
    print(json.dumps(told))
