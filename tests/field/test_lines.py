"""A dead link is silent as a cut cable: no refusal, no end of connection; and everything comes back."""

from __future__ import annotations

import socket
import time

import pytest

from satukota_field.running import RunningField, run_in_thread
from tests.field.streets import CACHE, RtspClient, camera, town


@pytest.fixture(scope="module")
def field():
    scenario = town(
        camera("A", link="FO-01", power="GD-01", onvif=True),
        camera("B", link="FO-01", power="GD-02"),
        camera("C", link="FO-02", power="GD-01"),
    )
    with run_in_thread(scenario, cache=CACHE, light="day") as running:
        yield running


def connects(port: int, timeout_s: float = 0.6) -> str:
    """ "yes", "refused" or "nothing" """
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout_s):
            return "yes"
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "nothing"


def ports(field: RunningField, link: str) -> tuple[int, int]:
    row = next(row for row in field.control.status()["links"] if row["code"] == link)
    return row["rtsp_port"], row["switch_port"]


def test_a_cut_link_times_out_on_every_port_and_comes_back(field: RunningField):
    rtsp, switch = ports(field, "FO-01")
    onvif = field.server.devices["A"].port
    for _ in range(2):  # twice: the ports must survive it
        field.control.link("FO-01", up=False)
        assert [connects(port) for port in (rtsp, switch, onvif) for _ in range(3)] == ["nothing"] * 9
        assert connects(ports(field, "FO-02")[0]) == "yes"
        field.control.link("FO-01", up=True)
        assert [connects(port, 3) for port in (rtsp, switch, onvif)] == ["yes"] * 3
    with RtspClient(field.url("A")) as client:
        assert client.play().status == 200 and client.next_packet()


def test_a_caller_still_waiting_gets_through_when_the_link_returns(field: RunningField):
    rtsp, _ = ports(field, "FO-01")
    field.control.link("FO-01", up=False)
    line = socket.socket()
    line.settimeout(6)
    try:
        line.setblocking(False)
        with pytest.raises(BlockingIOError):
            line.connect(("127.0.0.1", rtsp))
        time.sleep(0.4)
        field.control.link("FO-01", up=True)
        line.settimeout(6)  # the kernel tries again after 1 and 3 s
        line.sendall(b"OPTIONS rtsp://127.0.0.1/A RTSP/1.0\r\nCSeq: 1\r\n\r\n")
        assert line.recv(100).startswith(b"RTSP/1.0 200")
    except BlockingIOError:
        pytest.fail("the connection was not taken up again")
    finally:
        line.close()


def test_an_open_stream_goes_silent_and_goes_on(field: RunningField):
    with RtspClient(field.url("A"), timeout_s=1.2) as client:
        client.play()
        assert client.next_packet()
        field.control.link("FO-01", up=False)
        until = time.monotonic() + 5
        with pytest.raises(TimeoutError):
            while time.monotonic() < until:
                client.next_packet()
        client.line.settimeout(6)
        client.file = client.line.makefile("rb")
        field.control.link("FO-01", up=True)
        assert client.next_packet()


def test_without_power_a_camera_is_silent_and_needs_time_to_boot(field: RunningField):
    with RtspClient(field.url("C"), timeout_s=3) as client:
        client.play()
        field.control.power("GD-01", up=False)
        with RtspClient(field.url("A"), timeout_s=0.6) as other, pytest.raises(TimeoutError):
            other.ask("DESCRIBE")
        assert connects(field.server.devices["A"].port) == "nothing"
        with RtspClient(field.url("B")) as alive:  # same link, other supply
            assert alive.ask("DESCRIBE").status == 200
        started = time.monotonic()
        field.control.power("GD-01", up=True)
        with RtspClient(field.url("C"), timeout_s=5) as again:
            assert again.ask("DESCRIBE").status == 200
        assert time.monotonic() - started > 0.4  # boot_s is 0.5
        with pytest.raises(ConnectionError):  # the camera restarted: it knows the old connection no more
            while True:
                client.next_packet()


def test_the_uplink_takes_the_witnesses_and_our_own_line_takes_everything(field: RunningField):
    witnesses = [row["port"] for row in field.control.status()["witnesses"]]
    field.control.uplink(up=False)
    assert [connects(port) for port in witnesses] == ["nothing"] * 3
    assert connects(ports(field, "FO-01")[1]) == "yes"
    field.control.uplink(up=True)
    assert [connects(port, 3) for port in witnesses] == ["yes"] * 3
    field.control.do("own_line cut")
    assert {connects(port) for port in (*witnesses, *ports(field, "FO-02"))} == {"nothing"}
    field.control.do("own_line up")
    assert {connects(port, 3) for port in (*witnesses, *ports(field, "FO-02"))} == {"yes"}
