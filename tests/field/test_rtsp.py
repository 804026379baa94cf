"""The server as clients meet it: right answers, logins, limits, and junk that must not hurt it."""

from __future__ import annotations

import io
import shutil
import socket
import struct
import subprocess
import time
from email.utils import parsedate_to_datetime

import av
import pytest

from satukota_field.running import RunningField, run_in_thread
from tests.field.streets import CACHE, RtspClient, camera, digest, login, town

TCP = {"rtsp_transport": "tcp", "analyzeduration": "0", "probesize": "100000", "fpsprobesize": "0"}


@pytest.fixture(scope="module")
def field():
    scenario = town(
        camera("OPEN"),
        camera("BASIC", login=login("basic")),
        camera("OLD", login=login(qop=False)),
        camera("NEW", login=login()),
        camera("SHA", login=login("digest-sha256")),
        camera("SHAOLD", login=login("digest-sha256", qop=False)),
        camera("BOTH", login=login("digest-both")),
        camera("NARROW", max_sessions=1),
        camera("NARROW503", max_sessions=1, when_full=503),
        camera("PAIR", onvif=True),
        camera("HEVC", codec="h265", width=320, height=192),
        camera("JPEG", codec="mjpeg"),
    )
    with run_in_thread(scenario, cache=CACHE, light="day") as running:
        yield running


def test_a_session_from_options_to_teardown(field: RunningField):
    with RtspClient(field.url("OPEN")) as client:
        assert "GET_PARAMETER" in client.ask("OPTIONS").headers["public"]
        description = client.ask("DESCRIBE", "Accept: application/sdp")
        sdp = description.body.decode()
        assert description.headers["content-type"] == "application/sdp"
        assert "sprop-parameter-sets=" in sdp and "a=framerate:5\r\n" in sdp and "a=control:track1" in sdp
        setup = client.ask("SETUP", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1", url=f"{client.url}/track1")
        assert setup.headers["session"].endswith(";timeout=60")
        session = f"Session: {setup.headers['session'].partition(';')[0]}"
        assert client.ask("PLAY", session).status == 200
        client.line.sendall(b"$\x01\x00\x08" + b"\x80\xc9\x00\x01\x00\x00\x00\x00")  # RTCP of ours is skipped
        assert client.ask("GET_PARAMETER", session).status == 200
        assert len(client.next_packet()) > 12
        assert client.ask("TEARDOWN", session).status == 200
        with pytest.raises(ConnectionError):
            client.ask("OPTIONS")


def test_packets_follow_each_other_and_begin_with_the_parameter_sets(field: RunningField):
    with RtspClient(field.url("OPEN")) as client:
        assert client.play().status == 200
        packets = [client.next_packet() for _ in range(40)]
    heads = [struct.unpack(">BBHII", packet[:12]) for packet in packets]
    numbers = [head[2] for head in heads]
    assert [(b - a) & 0xFFFF for a, b in zip(numbers, numbers[1:], strict=False)] == [1] * 39
    assert packets[0][12] & 31 == 7 and packets[1][12] & 31 == 8 and packets[2][12] & 31 in (5, 28)
    moments = sorted({head[3] for head in heads})
    steps = [b - a for a, b in zip(moments, moments[1:], strict=False)]
    assert all(step == pytest.approx(18_000, abs=2) for step in steps)  # 5 pictures a second at 90 kHz
    # The marker bit closes each picture: the last packet of every time stamp but the unfinished one.
    for moment in moments[:-1]:
        marks = [head[1] >> 7 for head in heads if head[3] == moment]
        assert marks == [0] * (len(marks) - 1) + [1]


def test_ffprobe_reads_codec_size_and_rate(field: RunningField):
    if not shutil.which("ffprobe"):
        pytest.skip("ffprobe is not installed")
    asked = "stream=codec_name,profile,width,height,avg_frame_rate"
    command = ["ffprobe", "-v", "error", "-rtsp_transport", "tcp", "-show_entries", asked, "-of", "csv=p=0"]
    told = subprocess.run([*command, field.url("NEW")], capture_output=True, text=True, timeout=30)
    assert told.stdout.strip() == "h264,Main,160,96,5/1", told.stderr


@pytest.mark.parametrize(("code", "codec", "width"), [("HEVC", "hevc", 320), ("JPEG", "mjpeg", 160)])
def test_other_codecs_are_understood_by_a_stranger(field: RunningField, code: str, codec: str, width: int):
    with av.open(field.url(code), options=TCP, timeout=(5, 5)) as stream:
        assert stream.streams.video[0].codec_context.name == codec
        frames = [frame for _, frame in zip(range(8), stream.decode(video=0), strict=False)]
    assert len(frames) == 8 and frames[0].width == width and not any(frame.is_corrupt for frame in frames)
    still = av.open(io.BytesIO(field.server.mounts[code].still())) if code == "JPEG" else None
    assert frames[0].to_ndarray(format="gray").std() > 20 and (still is None or still.streams.video[0].width == width)


@pytest.mark.parametrize("code", ["OPEN", "BASIC", "OLD", "NEW"])
def test_pyav_plays_with_the_right_password_and_time_never_goes_back(field: RunningField, code: str):
    with av.open(field.url(code), options=TCP, timeout=(5, 5)) as stream:
        frames = [frame for _, frame in zip(range(8), stream.decode(video=0), strict=False)]
    times = [frame.pts for frame in frames[1:]]  # FFmpeg gives the first picture of a live stream no time
    assert len(frames) == 8 and times == sorted(set(times))
    assert frames[0].width == 160 and frames[0].to_ndarray(format="gray").std() > 20


@pytest.mark.parametrize("code", ["BASIC", "OLD", "NEW"])
def test_pyav_is_turned_away_with_a_wrong_password(field: RunningField, code: str):
    before = field.server.mounts[code].bad_logins
    with pytest.raises(av.error.HTTPUnauthorizedError):
        av.open(field.url(code).replace("contoh-rahasia-01", "salah"), options=TCP, timeout=(5, 5))
    assert field.server.mounts[code].bad_logins == before + 1


@pytest.mark.parametrize("code", ["OLD", "NEW", "SHA", "SHAOLD", "BOTH"])
@pytest.mark.parametrize("right", [True, False])
def test_every_digest_is_computed_as_the_rfc_says(field: RunningField, code: str, right: bool):
    account = field.server.mounts[code].spec.login
    with RtspClient(field.url(code)) as client:
        refused = client.ask("DESCRIBE")
        assert refused.status == 401 and len(refused.challenges) == (2 if code == "BOTH" else 1)
        for challenge in refused.challenges:
            proof = digest(challenge, "DESCRIBE", client.url, account, None if right else "salah")
            assert client.ask("DESCRIBE", proof).status == (200 if right else 401)
            assert client.ask("DESCRIBE", proof.replace(client.url, client.url + "x")).status == 401
            assert client.ask("SETUP", "Transport: RTP/AVP/TCP", proof).status == 401  # a proof is for one method


def test_udp_is_refused_and_tcp_still_works_after(field: RunningField):
    with RtspClient(field.url("OPEN")) as client:
        assert client.ask("SETUP", "Transport: RTP/AVP;unicast;client_port=5000-5001").status == 461
        assert client.play().status == 200


def test_unknown_mounts_methods_and_states(field: RunningField):
    with RtspClient(field.url("OPEN")) as client:
        assert client.ask("DESCRIBE", url=client.url + "-no").status == 404
        assert client.ask("PLAY").status == 455
        assert client.ask("RECORD").status == 405
        assert client.ask("FLY").status == 501
    with RtspClient(field.url("OPEN")) as client:
        client.ask("SETUP", "Transport: RTP/AVP/TCP")
        assert client.ask("PLAY", "Session: 1").status == 454


@pytest.mark.parametrize(("code", "status"), [("NARROW", 453), ("NARROW503", 503)])
def test_one_viewer_too_many(field: RunningField, code: str, status: int):
    with RtspClient(field.url(code)) as first, RtspClient(field.url(code)) as second:
        assert first.play().status == 200
        assert second.play().status == status
        first.ask("TEARDOWN")
        assert second.play().status == 200


def test_the_small_stream_has_its_own_path(field: RunningField):
    with av.open(field.url("PAIR") + "/sub", options=TCP, timeout=(5, 5)) as stream:
        assert (stream.streams.video[0].width, stream.streams.video[0].height) == (80, 48)


def test_the_date_header_is_the_clock_of_the_camera(field: RunningField):
    def off_s() -> float:
        with RtspClient(field.url("OPEN")) as client:
            return parsedate_to_datetime(client.ask("DESCRIBE").headers["date"]).timestamp() - time.time()

    assert abs(off_s()) < 3
    field.control.set("OPEN", "wrong_clock")
    assert off_s() == pytest.approx(437, abs=3)
    field.control.set("OPEN", "healthy")
    assert abs(off_s()) < 3


JUNK = [
    b"\x00\xff\xfe\x01" * 4000,
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"DESCRIBE rtsp://x/OPEN RTSP/1.0\r\nCSeq: 1\r\nContent-Length: -5\r\n\r\n",
    b"DESCRIBE rtsp://x/OPEN RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"DESCRIBE rtsp://x/OPEN RTSP/1.0\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
    b"DESCRIBE rtsp://x/OPEN RTSP/2.0\r\n\r\n",
    b"DESCRIBE\r\n\r\n",
    b"$\x00\xff\xff" + b"x" * 100,
    b"OPTIONS \xc3\x28 RTSP/1.0\r\nCSeq: \xff\xff\r\nAuthorization: Digest \xe2\x28\xa1\r\n\r\n",
    b"\r\n" * 50_000,
    b"",
]


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_junk_never_hurts_the_server(field: RunningField, junk: bytes):
    port = int(field.url("OPEN").split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        try:
            line.sendall(junk)
            line.shutdown(socket.SHUT_WR)
            answer = line.recv(200)
        except ConnectionError:
            answer = b""
    assert not answer or answer.startswith(b"RTSP/1.0 ")
    with RtspClient(field.url("OPEN")) as client:
        assert client.play().status == 200 and client.next_packet()


def test_a_login_with_strange_bytes_is_only_wrong(field: RunningField):
    for proof in ("Basic %%%", "Basic w6nDqQ==", 'Digest username="é", response="é"', "Bearer x", ""):
        for code in ("BASIC", "NEW"):
            with RtspClient(field.url(code)) as client:
                assert client.ask("DESCRIBE", f"Authorization: {proof}").status == 401


def test_a_reader_that_stops_reading_does_not_slow_the_others(field: RunningField):
    with RtspClient(field.url("OPEN")) as lazy, RtspClient(field.url("OPEN")) as keen:
        lazy.play()
        keen.play()
        started = time.monotonic()
        seen = {keen.next_packet()[4:8] for _ in range(60)}
        assert len(seen) / (time.monotonic() - started) > 3  # pictures a second
