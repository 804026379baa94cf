"""Every fault as a client sees it, switched while the stream runs."""

from __future__ import annotations

import hashlib
import socket
import struct
import time

import av
import numpy as np
import pytest

from satukota_field.control import FieldRefused
from satukota_field.running import RunningField, run_in_thread
from satukota_field.scenario import FAULTS
from tests.field.streets import CACHE, RtspClient, camera, login, town

TCP = {"rtsp_transport": "tcp", "analyzeduration": "0", "probesize": "100000", "fpsprobesize": "0"}


@pytest.fixture(scope="module")
def field():
    scenario = town(camera("A", slow_s=2.0), camera("LOCKED", login=login(), seed=9), camera("B", seed=10))
    with run_in_thread(scenario, cache=CACHE, light="day") as running:
        yield running


@pytest.fixture
def ill(field: RunningField):
    """Makes camera A ill for one test."""

    def fall_ill(fault: str) -> None:
        field.control.set("A", fault)

    yield fall_ill
    field.control.set("A", "healthy")


def pictures(field: RunningField, count: int, code: str = "A") -> list[np.ndarray]:
    """Grey pictures (h, w) as a new client decodes them."""
    with av.open(field.url(code), options=TCP, timeout=(5, 5)) as stream:
        return [f.to_ndarray(format="gray") for _, f in zip(range(count), stream.decode(video=0), strict=False)]


def make_beforehand(field: RunningField, fault: str) -> None:
    field.control.set("A", fault)
    field.control.set("A", "healthy")


def access_units(client: RtspClient, seconds: float) -> list[tuple[int, bytes]]:
    """(time stamp, RTP payloads joined) of all pictures within these seconds."""
    units: dict[int, bytes] = {}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        packet = client.next_packet()
        (moment,) = struct.unpack(">I", packet[4:8])
        units[moment] = units.get(moment, b"") + packet[12:]
    return list(units.items())


def keyframes(units: list[tuple[int, bytes]]) -> list[bytes]:
    return [data for _, data in units[:-1] if data[0] & 31 == 7]  # those that begin with a sequence parameter set


def test_all_faults_can_be_set_on_a_camera_nobody_watches(field: RunningField):
    for fault in FAULTS:
        field.control.set("B", fault)
        assert next(c for c in field.control.status()["cameras"] if c["code"] == "B")["fault"] == fault
    field.control.set("B", "healthy")


def test_frozen_repeats_the_same_bytes_and_life_does_not(field: RunningField, ill):
    with RtspClient(field.url("A")) as client:
        client.play()
        alive = keyframes(access_units(client, 3.2))
        assert len(alive) >= 2 and len({hashlib.sha256(k).digest() for k in alive}) == len(alive)
        ill("frozen")
        access_units(client, 2.0)  # the rest of the old group
        dead = keyframes(access_units(client, 3.2))
        assert len(dead) >= 2 and len(set(dead)) == 1


def test_frozen_noise_stands_still_but_for_a_trace(field: RunningField, ill):
    alive = pictures(field, 10)
    ill("frozen_noise")
    still = pictures(field, 10)

    def moved(frames: list[np.ndarray]) -> float:
        """How much the liveliest half percent of the pixels changes within a second, grey levels."""
        pairs = zip(frames, frames[5:], strict=False)
        return max(float(np.percentile(np.abs(a.astype(int) - b), 99.5)) for a, b in pairs)

    assert 0 < moved(still) < moved(alive) / 2


@pytest.mark.parametrize("fault", ["black", "covered", "defocused", "turned"])
def test_a_running_stream_turns_ill_without_a_broken_picture(field: RunningField, ill, fault: str):
    make_beforehand(field, fault)
    with av.open(field.url("A"), options=TCP, timeout=(5, 5)) as stream:
        decoder = stream.decode(video=0)
        before = next(decoder).to_ndarray(format="gray").astype(int)
        ill(fault)
        for _, frame in zip(range(25), decoder, strict=False):
            assert not frame.is_corrupt
        after = frame.to_ndarray(format="gray").astype(int)
    assert np.abs(before - after).mean() > 6
    if fault == "black":
        assert np.percentile(after, 90) < 25


@pytest.mark.parametrize(("fault", "rate"), [("low_fps", 3.0), ("one_fps", 1.0)])
def test_slow_cameras_send_fewer_pictures_and_still_declare_the_old_rate(
    field: RunningField, ill, fault: str, rate: float
):
    ill(fault)
    with RtspClient(field.url("A")) as client:
        assert b"a=framerate:5" in client.ask("DESCRIBE").body
        client.play()
        client.next_packet()
        units = access_units(client, 4.2)
    span_s = ((units[-1][0] - units[0][0]) & 0xFFFFFFFF) / 90_000
    assert (len(units) - 1) / span_s == pytest.approx(rate, rel=0.15)


def test_no_keyframe_ever_comes(field: RunningField, ill):
    ill("no_keyframe")
    with RtspClient(field.url("A")) as client:
        client.play()
        units = access_units(client, 2.5)
    assert len(units) > 5 and not keyframes(units)


def test_the_resolution_changes_in_the_stream(field: RunningField, ill):
    make_beforehand(field, "resolution_change")
    with av.open(field.url("A"), options=TCP, timeout=(5, 5)) as stream:
        decoder = stream.decode(video=0)
        assert next(decoder).width == 160
        ill("resolution_change")
        widths = {frame.width for _, frame in zip(range(25), decoder, strict=False)}
    assert 80 in widths


def test_huge_announces_eight_k(field: RunningField, ill):
    ill("huge")
    with RtspClient(field.url("A")) as client:
        assert b"7680,4320" in client.ask("DESCRIBE").body
    with av.open(field.url("A"), options=TCP, timeout=(5, 5)) as stream:
        assert (stream.streams.video[0].width, stream.streams.video[0].height) == (7680, 4320)


def test_silent_slow_and_hanging(field: RunningField, ill):
    ill("silent")
    with RtspClient(field.url("A"), timeout_s=1.5) as client:
        assert client.play().status == 200
        with pytest.raises(TimeoutError):
            client.next_packet()
    ill("slow")
    with RtspClient(field.url("A")) as client:
        client.play()
        started = time.monotonic()
        client.next_packet()
        assert 1.5 < time.monotonic() - started < 4.5  # slow_s is 2, then the next keyframe
    ill("hanging")
    with RtspClient(field.url("A"), timeout_s=0.7) as client, pytest.raises(TimeoutError):
        client.ask("OPTIONS")


def test_refusing_busy_html_and_unauthorised(field: RunningField, ill):
    ill("refusing")
    with RtspClient(field.url("A")) as client, pytest.raises(ConnectionError):
        client.ask("DESCRIBE")
    ill("busy")
    with RtspClient(field.url("A")) as client:
        assert client.play().status == 453
    ill("html")
    with RtspClient(field.url("A")) as client:
        client.line.sendall(f"DESCRIBE {client.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        assert client.file.read().startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/html")
    ill("unauthorised")
    with RtspClient(field.url("A")) as client:
        assert client.ask("DESCRIBE").status == 401
    field.control.set("LOCKED", "unauthorised")
    with pytest.raises(av.error.HTTPUnauthorizedError):
        av.open(field.url("LOCKED"), options=TCP, timeout=(5, 5))  # the right password does not help
    field.control.set("LOCKED", "healthy")
    assert pictures(field, 1, "LOCKED")


def test_closing_ends_in_the_middle(field: RunningField, ill):
    ill("closing")
    with RtspClient(field.url("A")) as client:
        client.play()
        client.next_packet()
        with pytest.raises(ConnectionError):
            access_units(client, 8)


def test_commands_that_make_no_sense_are_refused_with_a_reason(field: RunningField):
    for words, reason in (
        ("set NOBODY frozen", "no such camera: NOBODY"),
        ("set A melted", "no such fault: melted"),
        ("link FO-99 down", "no such link: FO-99"),
        ("link FO-01 sideways", "not understood"),
        ("", "not understood"),
    ):
        with pytest.raises(FieldRefused, match=reason):
            field.control.do(words)


@pytest.mark.parametrize(
    "line", [b"\n", b"{}\n", b"[1]\n", b"\xff\xfe\n", b'{"do": 7}\n', b"[" * 60_000 + b"\n", b"x" * 200_000 + b"\n"]
)
def test_junk_on_the_control_port_gets_one_error(field: RunningField, line: bytes):
    with socket.create_connection(("127.0.0.1", field.server.control_port), timeout=5) as control:
        try:
            control.sendall(line)
            assert control.makefile("rb").readline().startswith(b'{"error"')
        except ConnectionResetError:
            assert len(line) > 100_000  # cut off while still sending
    assert field.control.status()["ready"] == 3
