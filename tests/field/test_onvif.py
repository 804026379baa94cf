"""ONVIF as a public client sees it, and what a hostile one can send."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import hashlib
import os
import re
import socket
from typing import Any

import httpx
import pytest
from onvif import ONVIFCamera
from zeep.exceptions import Fault

from satukota_field.running import RunningField, run_in_thread
from tests.field.streets import CACHE, camera, login, town

STREAM = {"StreamSetup": {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}}
SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
INFORMATION = '<GetDeviceInformation xmlns="http://www.onvif.org/ver10/device/wsdl"/>'


@pytest.fixture(scope="module")
def field():
    scenario = town(*(camera(f"C{k}", onvif=True, login=login(), link=f"FO-0{k % 2}") for k in range(8)))
    with run_in_thread(scenario, cache=CACHE, light="day") as running:
        yield running


def port(field: RunningField, code: str = "C0") -> int:
    return field.server.devices[code].port


async def tour(number: int, password: str) -> dict[str, Any]:
    """What a client does that meets a camera for the first time."""
    client = ONVIFCamera("127.0.0.1", number, "satukota", password)
    try:
        await client.update_xaddrs()
        device, media = await client.create_devicemgmt_service(), await client.create_media_service()
        found: dict[str, Any] = {"clock": await device.GetSystemDateAndTime()}
        found["device"] = await device.GetDeviceInformation()
        found["scopes"] = await device.GetScopes()
        found["profiles"] = await media.GetProfiles()
        found["sources"] = await media.GetVideoSources()
        for profile in found["profiles"]:
            token = {"ProfileToken": profile.token}
            found[f"stream {profile.token}"] = (await media.GetStreamUri({**STREAM, **token})).Uri
            found[f"snapshot {profile.token}"] = (await media.GetSnapshotUri(token)).Uri
        found["picture"] = await client.get_snapshot("main")
        return found
    finally:
        await client.close()


def test_a_public_client_finds_its_way(field: RunningField):
    found = asyncio.run(tour(port(field), "contoh-rahasia-01"))
    assert found["device"].Model == "Contoh-C2" and found["device"].SerialNumber == "CONTOH-00001"
    assert [p.token for p in found["profiles"]] == ["sub", "main"]  # not the best first
    assert [p.VideoEncoderConfiguration.Resolution.Width for p in found["profiles"]] == [80, 160]
    assert found["stream main"].endswith("/C0") and found["stream sub"].endswith("/C0/sub")
    assert "@" not in found["stream main"]  # addresses come without credentials
    assert found["sources"][0].Resolution.Width == 160
    assert any(scope.ScopeItem.endswith("/name/C0") for scope in found["scopes"])
    assert found["picture"][:3] == b"\xff\xd8\xff"


def test_a_wrong_password_is_not_authorized(field: RunningField):
    with pytest.raises(Fault, match="Sender not Authorized"):
        asyncio.run(tour(port(field), "salah"))


def test_the_snapshot_wants_digest(field: RunningField):
    url = f"http://127.0.0.1:{port(field)}/onvif/snapshot?profile=main"
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, auth=httpx.DigestAuth("satukota", "salah")).status_code == 401
    answer = httpx.get(url, auth=httpx.DigestAuth("satukota", "contoh-rahasia-01"))
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/jpeg"


def token(created: dt.datetime, nonce: bytes, password: str = "contoh-rahasia-01") -> str:
    told = created.strftime("%Y-%m-%dT%H:%M:%SZ")
    proof = base64.b64encode(hashlib.sha1(nonce + told.encode() + password.encode()).digest()).decode()
    return (
        f'<w:Security xmlns:w="{WSSE}"><w:UsernameToken><w:Username>satukota</w:Username>'
        f"<w:Password>{proof}</w:Password>"
        f'<w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce><u:Created xmlns:u="{WSU}">{told}</u:Created>'
        "</w:UsernameToken></w:Security>"
    )


def post(field: RunningField, header: str, body: str = INFORMATION, code: str = "C0") -> httpx.Response:
    envelope = f'<s:Envelope xmlns:s="{SOAP}"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>'
    return httpx.post(f"http://127.0.0.1:{port(field, code)}/onvif/device_service", content=envelope)


def test_a_token_counts_once_and_only_while_fresh(field: RunningField):
    now, nonce = dt.datetime.now(dt.UTC), os.urandom(16)
    assert post(field, token(now, nonce)).status_code == 200
    assert post(field, token(now, nonce)).status_code == 400  # replayed
    assert post(field, token(now - dt.timedelta(seconds=30), os.urandom(16))).status_code == 400
    assert post(field, token(now + dt.timedelta(seconds=30), os.urandom(16))).status_code == 400
    assert post(field, token(now, os.urandom(16), "salah")).status_code == 400
    assert post(field, "").status_code == 400


def test_a_wrong_clock_refuses_our_time_and_takes_its_own(field: RunningField):
    field.control.set("C1", "wrong_clock")
    body = '<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/>'
    told = post(field, "", body, "C1").text  # nobody has to log in for the time
    utc = told[told.index("UTCDateTime") :]
    parts = (
        int(re.search(f"<tt:{tag}>(\\d+)<", utc).group(1))
        for tag in ("Year", "Month", "Day", "Hour", "Minute", "Second")
    )
    clock = dt.datetime(*parts, tzinfo=dt.UTC)
    now = dt.datetime.now(dt.UTC)
    assert (clock - now).total_seconds() == pytest.approx(437, abs=3)
    assert post(field, token(now, os.urandom(16)), code="C1").status_code == 400
    assert post(field, token(clock, os.urandom(16)), code="C1").status_code == 200
    field.control.set("C1", "healthy")


@pytest.mark.parametrize(
    "raw",
    [
        b"POST /onvif/device_service HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /onvif/device_service HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 50 + b"\r\n\r\n",
        b"BREW /pot HTTP/1.1\r\n\r\n",
        b"",
    ],
)
def test_junk_over_http_is_answered_or_dropped(field: RunningField, raw: bytes):
    with socket.create_connection(("127.0.0.1", port(field)), timeout=5) as line:
        try:
            line.sendall(raw)
            line.shutdown(socket.SHUT_WR)
            answer = line.recv(100)
        except OSError:  # dropped before, or while, we spoke
            answer = b""
    assert not answer or answer.startswith(b"HTTP/1.1 40")
    assert post(field, token(dt.datetime.now(dt.UTC), os.urandom(16))).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<x",
        "<Fly/>",
        "<_check_token/>",
        "<__init__/>",
        '<GetProfile xmlns="http://www.onvif.org/ver10/media/wsdl"/>',
    ],
)
def test_strange_soap_is_a_fault(field: RunningField, body: str):
    answer = post(field, token(dt.datetime.now(dt.UTC), os.urandom(16)), body)
    assert answer.status_code in (400, 500) and "Fault" in answer.text


def test_entities_are_not_expanded(field: RunningField):
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'
    answer = httpx.post(f"http://127.0.0.1:{port(field)}/onvif/device_service", content=bomb)
    assert answer.status_code == 400 and "document types" in answer.text


def probe(
    field: RunningField, types: str = "dn:NetworkVideoTransmitter", scopes: str = "", raw: bytes | None = None
) -> list[str]:
    """XAddrs that answered within half a second."""
    wsa, wsd = "http://schemas.xmlsoap.org/ws/2004/08/addressing", "http://schemas.xmlsoap.org/ws/2005/04/discovery"
    message = (
        f'<e:Envelope xmlns:e="{SOAP}" xmlns:w="{wsa}" xmlns:d="{wsd}" xmlns:dn="http://www.onvif.org/ver10/network/wsdl">'
        f"<e:Header><w:MessageID>uuid:1</w:MessageID><w:Action>{wsd}/Probe</w:Action></e:Header>"
        f"<e:Body><d:Probe><d:Types>{types}</d:Types><d:Scopes>{scopes}</d:Scopes></d:Probe></e:Body></e:Envelope>"
    )
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(0.5)
        line.sendto(raw or message.encode(), ("127.0.0.1", field.server.discovery_port))
        try:
            while True:
                answer = line.recv(8192).decode()
                assert "<a:RelatesTo>uuid:1</a:RelatesTo>" in answer
                found.append(re.search("<d:XAddrs>(.*?)</d:XAddrs>", answer).group(1))
        except TimeoutError:
            return found


def test_every_camera_answers_a_probe_for_itself(field: RunningField):
    assert sorted(probe(field)) == sorted(d.service_url for d in field.server.devices.values())
    assert len(probe(field, scopes="onvif://www.onvif.org/name/C3")) == 1
    assert probe(field, types="dn:Printer") == []
    for junk in (b"\xff" * 100, b"<x/>", b"<!DOCTYPE a><a/>", b"x" * 9000):
        assert probe(field, raw=junk) == []
    field.control.link("FO-00", up=False)
    assert len(probe(field)) == 4
    field.control.link("FO-00", up=True)
