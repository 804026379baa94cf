"""ONVIF against the simulator's devices and against hostile answers."""

import asyncio
import logging
import tracemalloc
from collections.abc import Callable

import pytest

from satukota.base.errors import UserError
from satukota.work.cameras import onvif
from satukota.work.cameras.onvif import clock as onvif_clock
from satukota.work.cameras.onvif import envelopes
from satukota_field.logins import Login
from satukota_field.running import RunningField, run_in_thread
from satukota_field.scenario import CameraSpec, Scenario

CANARY = "kenari-rahasia"
SOAP = b'<?xml version="1.0"?>%s<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>%s</s:Body></s:Envelope>'
BOMB = b"<!DOCTYPE b [<!ENTITY a 'x'>" + b"".join(
    b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
) + b"]>"  # fmt: skip
ENTITY = b'<!DOCTYPE e [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.fixture(autouse=True)
def sample(settings):
    settings.SAMPLE = True


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    cameras = tuple(
        CameraSpec(
            f"CT-{n}", "L", "P", seed=1, name="CONTOH SIMULASI", width=320, height=180, fps=5, onvif=True,
            login=Login("satukota", CANARY) if n else None,
        )
        for n in range(2)
    )  # fmt: skip
    scenario = Scenario(cameras, loop_s=4)
    with run_in_thread(scenario, cache=tmp_path_factory.mktemp("clips"), light="day") as running:
        yield running


def url_of(field: RunningField, code: str) -> str:
    return f"http://127.0.0.1:{field.server.devices[code].port}/onvif/device_service"


def test_discovery_finds_every_device_once(field):
    place = f"127.0.0.1:{field.server.discovery_port}"
    found = asyncio.run(onvif.discover([place, place], listen_s=1.0))
    assert {device.device_url for device in found} == {url_of(field, code) for code in ("CT-0", "CT-1")}
    assert {device.name for device in found} == {"CT-0", "CT-1"}
    assert all(device.endpoint.startswith("urn:uuid:") for device in found)


@pytest.mark.parametrize("target", ["127.0.0.1:3702", "169.254.169.254", "10.0.0.1; rm -rf /", "a:b@10.0.0.1", ""])
def test_discovery_refuses_targets_that_may_not_be_asked(target, settings):
    settings.SAMPLE = False
    with pytest.raises(UserError):
        asyncio.run(onvif.discover([target], listen_s=0.1))


def test_discovery_leaves_out_names_that_lead_to_ourselves_or_nowhere(settings):
    settings.SAMPLE = False
    assert asyncio.run(onvif.discover(["localhost", "tidak-ada.invalid"], listen_s=0.1)) == []


def test_a_device_says_who_it_is_and_which_stream_is_best_for_checks(field):
    device = asyncio.run(onvif.describe(url_of(field, "CT-1"), "satukota", CANARY))
    assert (device.maker, device.model, device.serial_number) == ("Satukota Contoh", "Contoh-C2", "CONTOH-00002")
    assert abs(device.clock_offset_s) < 2
    assert [profile.token for profile in device.profiles] == ["sub", "main"]
    best = device.best
    assert (best.codec, best.gop_s) == ("h264", pytest.approx(2.0, rel=0.1))
    assert best.stream_url == field.url("CT-1", login=False) + "/sub"
    assert CANARY not in repr(device)
    assert asyncio.run(onvif.snapshot(device.snapshot_url, "satukota", CANARY)).startswith(b"\xff\xd8\xff")


def test_a_wrong_password_is_tried_once(field):
    mount = field.server.mounts["CT-1"]
    before = mount.bad_logins
    with pytest.raises(onvif.DeviceFault) as caught:
        asyncio.run(onvif.describe(url_of(field, "CT-1"), "satukota", "salah"))
    assert caught.value.code == "onvif_login_refused" and mount.bad_logins == before + 1
    with pytest.raises(onvif.DeviceFault) as caught:
        asyncio.run(onvif.describe(url_of(field, "CT-1")))
    assert caught.value.code == "onvif_login_needed"


def test_a_wrong_clock_is_measured_and_the_right_password_still_works(field):
    field.control.set("CT-1", "wrong_clock")
    try:
        offset = asyncio.run(onvif_clock.offset_s(url_of(field, "CT-1")))
        device = asyncio.run(onvif.describe(url_of(field, "CT-1"), "satukota", CANARY))
    finally:
        field.control.set("CT-1", "healthy")
    assert offset == pytest.approx(437, abs=2) and device.clock_offset_s == pytest.approx(437, abs=2)


def test_an_inner_address_is_replaced_by_the_one_we_reached(monkeypatch, field):
    server = field.server
    monkeypatch.setattr(server.devices["CT-0"], "_url_of", lambda mount: "rtsp://admin:x@192.168.1.64:554/ch1")
    device = asyncio.run(onvif.describe(url_of(field, "CT-0")))
    assert [profile.stream_url for profile in device.profiles] == ["rtsp://127.0.0.1:554/ch1"]  # the same one once
    assert device.profiles[0].told_url == "rtsp://192.168.1.64:554/ch1"


def test_a_web_page_is_no_device_and_no_snapshot(field):
    field.control.set("CT-0", "html")
    try:
        with pytest.raises(onvif.DeviceFault) as caught:
            asyncio.run(onvif.describe(url_of(field, "CT-0")))
        assert caught.value.code == "onvif_not_onvif"
        with pytest.raises(onvif.DeviceFault) as caught:
            asyncio.run(onvif.snapshot(url_of(field, "CT-0").replace("device_service", "snapshot?profile=sub")))
        assert caught.value.code == "onvif_no_picture"
    finally:
        field.control.set("CT-0", "healthy")


def test_the_password_is_in_no_log(field, caplog):
    caplog.set_level(logging.DEBUG)
    asyncio.run(onvif.describe(url_of(field, "CT-1"), "satukota", CANARY))
    assert CANARY not in caplog.text


# -- hostile answers --------------------------------------------------------------------------------------------


def http(body: bytes, kind: str = "application/soap+xml", extra: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body


async def asked(answer: bytes | None, ask: Callable[[str], object], *, endless: bool = False) -> BaseException:
    """What `ask(url)` raises at a server that says `answer` to everything (None: nothing)."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            if answer is None:
                await asyncio.sleep(30)
            writer.write(answer or b"")
            while endless:
                writer.write(b"<a>" * 20_000)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        await ask(f"http://127.0.0.1:{port}/onvif/device_service")  # type: ignore[misc]
    except (UserError, onvif_clock.NoTime) as problem:
        return problem
    finally:
        server.close()
    raise AssertionError("was believed")


HOSTILE = {
    "bomb": (http(SOAP % (BOMB, b"&j;")), "hostile_xml"),
    "entity": (http(SOAP % (ENTITY, b"&x;")), "hostile_xml"),
    "utf16": (http((SOAP % (BOMB, b"&j;")).decode().encode("utf-16")), "hostile_xml"),
    "utf7": (http(b'<?xml version="1.0" encoding="utf-7"?>+ADw-a/>'), "hostile_xml"),
    "ten megabytes": (http(SOAP % (b"", b"<a/>" * 2_500_000)), "too_large"),
    "page": (http(b"<html><body>Router</body></html>", "text/html"), "not_onvif"),
    "nothing in it": (http(b""), "not_onvif"),
    "no http": (b"SSH-2.0-x\r\n", "not_http"),
    "packed": (http(b"x" * 100, extra="Content-Encoding: gzip\r\n"), "not_http"),
    "deep": (http(SOAP % (b"", b"<a>" * 5000 + b"</a>" * 5000)), "not_onvif"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_ends_in_a_clear_sentence_and_bounded_memory(name):
    answer, cause = HOSTILE[name]
    asyncio.run(asked(answer, onvif.describe))  # the library is loaded before memory is counted
    tracemalloc.start()
    problem = asyncio.run(asked(answer, onvif.describe))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(problem, onvif.DeviceFault)
    assert problem.code == f"onvif_{cause}" and problem.text and problem.fix
    assert peak < len(answer) + 4_000_000  # the server's own copy, and ours up to the limit


def test_the_same_answers_do_not_harm_the_services_behind_the_clock(monkeypatch):
    """A device that tells the time well and attacks afterwards."""

    async def right(url: str, **_: object) -> float:
        return 0.0

    monkeypatch.setattr(onvif_clock, "offset_s", right)
    for name, (answer, cause) in HOSTILE.items():
        problem = asyncio.run(asked(answer, onvif.describe))
        assert isinstance(problem, onvif.DeviceFault) and problem.code == f"onvif_{cause}", name


def test_an_endless_answer_and_a_silent_device_end_by_themselves(monkeypatch):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n"
    problem = asyncio.run(asked(head, onvif.describe, endless=True))
    assert isinstance(problem, onvif.DeviceFault) and problem.code == "onvif_too_large"

    async def soon(url: str) -> None:
        await onvif_clock.offset_s(url, limit_s=0.3)

    assert str(asyncio.run(asked(None, soon))) == "timeout"


def test_a_redirect_is_not_followed():
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    problem = asyncio.run(asked(answer, onvif.describe))
    assert isinstance(problem, onvif.DeviceFault) and problem.code == "onvif_not_onvif"


@pytest.mark.parametrize("url", ["http://169.254.169.254/onvif", "ftp://10.0.0.1/", "http://a:b@10.0.0.1/", ""])
def test_addresses_that_may_not_be_asked_are_refused_before_dialling(url):
    with pytest.raises(UserError):
        asyncio.run(onvif.describe(url))


def test_our_own_address_is_refused(settings):
    settings.PORT = 18998
    with pytest.raises(UserError):
        asyncio.run(onvif.describe("http://127.0.0.1:18998/pusat/"))


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"<a>", b"<a/>", SOAP % (b"", b"<UTCDateTime/>"),
     SOAP % (b"", b"<UTCDateTime><Date><Year>99999</Year></Date></UTCDateTime>")],
)  # fmt: skip
def test_a_time_that_is_none_is_told(body):
    problem = asyncio.run(asked(http(body), onvif_clock.offset_s))
    assert isinstance(problem, onvif_clock.NoTime) and str(problem) in ("not_onvif", "no_time")


def test_comments_and_ordinary_declarations_are_let_in():
    assert envelopes.parsed(b'\xef\xbb\xbf<?xml version="1.0" encoding="ISO-8859-1"?><!-- x --><a/>') is not None
