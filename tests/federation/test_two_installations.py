"""Two installations as processes: joined by hand, a camera lent and watched through two hubs, ended while watched."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import connection, transaction
from django.test import Client
from websockets.sync.client import connect
from websockets.typing import Origin

from satukota.city.models import Kota, Opd
from satukota.work.cameras.live.packing import PICTURE_HEAD
from satukota.work.cameras.tests.make import City, make_camera, make_city
from satukota.work.cameras.tests.rtsp_double import camera as rtsp_camera

from .installation import Installation, Line, Loop, Person, a_loop

pytestmark = [pytest.mark.slow, pytest.mark.one_database, pytest.mark.django_db]
PEERS = "/pusat/kamera/instalasi/"
FEW_SECONDS = 6.0  # on a busy machine; what it took is printed


@dataclass
class Both:
    harbour: Installation
    city: Installation
    line: Line  # on which the city reaches the harbour
    keeper: Person  # supervisor of the harbour
    supervisor: Person
    operator: Person
    opds: dict[str, int]
    open: ExitStack


@pytest.fixture(scope="module")
def loop() -> Iterator[Loop]:
    with a_loop() as made:
        yield made


@pytest.fixture
def both(tmp_path: Path, loop: Loop) -> Iterator[Both]:
    if connection.vendor != "sqlite":
        pytest.skip("each installation here has an SQLite file of its own")
    line = Line(loop)
    url = loop.hold(rtsp_camera()).url
    harbour = Installation(tmp_path / "harbour", site_url=f"http://127.0.0.1:{line.port}")
    city = Installation(tmp_path / "city")
    sessions: dict[str, dict[str, str]] = {}
    opds: dict[str, int] = {}
    for home, name, there in ((harbour, "Pelabuhan Contoh", "Kota Contoh"), (city, "Kota Contoh", "Pelabuhan Contoh")):
        with transaction.atomic():
            sessions[name], opds[name] = _furnish(name, there, url if home is harbour else "")
            home.take_database()
            transaction.set_rollback(True)
        home.start()
    try:
        harbour.wait()
        city.wait()
        line.open(harbour.port)
        with ExitStack() as stack:
            keeper = Person(harbour, sessions["Pelabuhan Contoh"]["supervisor"])
            supervisor, operator = (Person(city, sessions["Kota Contoh"][role]) for role in ("supervisor", "operator"))
            yield Both(harbour, city, line, keeper, supervisor, operator, opds, stack)
    finally:
        harbour.stop()
        city.stop()


def _furnish(name: str, there: str, camera_url: str) -> tuple[dict[str, str], int]:
    """Rows of one installation; sessions of who signs in, and the row that stands for the other side."""
    city: City = make_city()
    Kota.objects.update(name=name)
    opd = Opd.objects.create(code="mitra", name=there, short_name=there, kind="lain", valid_from=date(2020, 1, 1))
    if camera_url:
        make_camera("DM-01", address=camera_url, name="Dermaga Satu", lon=117.48, lat=0.13, bearing_deg=90, fov_deg=80,
                    range_m=60, width=640, height=360, status="up")  # fmt: skip
    sessions = {}
    for role in ("supervisor", "operator"):
        client = Client()
        client.force_login(getattr(city.who, role), backend="allauth.account.auth_backends.AuthenticationBackend")
        sessions[role] = client.session.session_key
    return sessions, opd.pk


def join(who: Person, there: Installation, prefix: str, opd: int) -> None:
    """As a person does: the address, then the fingerprint as it was read out over there."""
    said = {"address": there.site_url}
    first = who.post(f"{PEERS}baru/", said)
    assert first.status_code == 200 and "Sudah dibandingkan" in first.text, first.text[-3000:]
    card = httpx.get(f"http://127.0.0.1:{there.port}/.well-known/satukota.json", trust_env=False)
    read_out = card.json()["fingerprint"]
    said |= {"fingerprint": "AAAA-AAAA-AAAA-AAAA", "prefix": prefix, "opd": str(opd)}
    assert "jangan bergabung" in who.post(f"{PEERS}baru/", said).text
    assert who.post(f"{PEERS}baru/", said | {"fingerprint": read_out}).status_code == 302


def lend(both: Both) -> None:
    today = date.today()
    said = {"number": "PKS/1", "codes": "DM-01", "purposes": ["disaster"], "counts": "on",
            "starts_on": str(today - timedelta(days=1)), "ends_on": str(today + timedelta(days=30))}  # fmt: skip
    assert both.keeper.post(f"{PEERS}1/pinjamkan/", said).status_code == 302
    assert both.supervisor.post(f"{PEERS}1/perbarui", {}).status_code == 302, both.city.log()


def look(both: Both, purpose: str = "disaster") -> Any:
    """A socket at the city's hub, as the operator's browser opens it."""
    answer = both.operator.post("/pusat/kamera/PLB-DM-01/langsung/tiket", {"purpose": purpose}, page="/pusat/kamera/")
    if answer.status_code != 200:
        return answer
    url = f"ws://127.0.0.1:{both.city.live_port}/langsung"
    origin = f"http://127.0.0.1:{both.city.port}"
    headers = {"Cookie": both.operator.cookies}
    opened = both.open.enter_context(connect(url, origin=Origin(origin), additional_headers=headers, proxy=None))
    opened.send(json.dumps({"ticket": answer.json()["ticket"], "hevc": False}))
    return opened


def until(socket_: Any, is_it: Any) -> Any:
    ends = time.monotonic() + 15
    while time.monotonic() < ends:
        heard = socket_.recv(timeout=15)
        if is_it(heard):
            return heard
    raise AssertionError("it never came")


def test_lent_watched_and_ended_between_two_installations(both: Both) -> None:
    join(both.supervisor, both.harbour, "PLB", both.opds["Kota Contoh"])
    refused = both.supervisor.post(f"{PEERS}1/perbarui", {})
    assert refused.status_code == 409 and "Kunci penanda tangan tidak dikenal" in refused.text
    join(both.keeper, both.city, "KC", both.opds["Pelabuhan Contoh"])
    lend(both)
    page = both.supervisor.get("/pusat/kamera/PLB-DM-01/")
    assert "Dermaga Satu" in page and "kamera mitra, melalui Pelabuhan Contoh" in page

    assert look(both, "patrol").status_code == 422  # another purpose than agreed
    began = time.monotonic()
    watching = look(both)
    picture = until(watching, lambda heard: isinstance(heard, bytes) and heard[:1] == b"\x02")
    first_s = time.monotonic() - began
    _kind, is_key, at, _media = PICTURE_HEAD.unpack_from(picture)
    assert is_key and abs(time.time() - at) < FEW_SECONDS
    seen = both.keeper.get(f"{PEERS}pinjaman/1/")
    assert "Operator pusat komando · Diskominfo Contoh" in seen and "Operator Contoh" not in seen

    captured = both.line.captured("GET /api/v1/federation/loans ")
    assert b"401" in replayed(both, captured) and b"permintaan_diulang" in replayed(both, captured)

    assert both.supervisor.post(f"{PEERS}kunci", {}).status_code == 302
    assert both.supervisor.post(f"{PEERS}1/perbarui", {}).status_code == 302  # known by the last word of the old key

    began = time.monotonic()
    assert both.keeper.post(f"{PEERS}pinjaman/1/akhiri", {"why": "kapal tamu"}).status_code == 302
    words = until(watching, lambda heard: isinstance(heard, str) and json.loads(heard).get("state") == "ended")
    ended_s = time.monotonic() - began
    assert json.loads(words)["cause"] == "not_lent" and ended_s < FEW_SECONDS
    ends = time.monotonic() + FEW_SECONDS
    while "Dihentikan sejak" not in both.supervisor.get("/pusat/kamera/PLB-DM-01/"):
        assert time.monotonic() < ends, both.city.log()
    assert "kapal tamu" in both.supervisor.get(f"{PEERS}1/")
    assert look(both).status_code == 422

    both.line.cut()
    silent = both.supervisor.post(f"{PEERS}1/perbarui", {})
    assert silent.status_code == 409 and "tidak dapat dihubungi" in silent.text and "Terganggu sejak" in silent.text
    print(f"first picture after {first_s:.2f} s, ended {ended_s:.2f} s after the click")


def replayed(both: Both, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", both.line.port), timeout=10) as again:
        again.sendall(request)
        answer = b""
        while part := again.recv(65_536):
            answer += part
            if b"}}" in answer:
                break
    return answer
