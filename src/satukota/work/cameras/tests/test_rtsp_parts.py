"""The parts of the RTSP client, each against its standard or an outside judge."""

import struct

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satukota.work.cameras.rtsp import login, nal, rtp, sdp

from .rtsp_double import clip, is_set, payloads

RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_gives_the_answers_of_rfc_7616(algorithm, response):
    challenge = login.strongest([RFC_7616.format(algorithm)])
    answer = login.Login(challenge, "Mufasa", "Circle of Life")
    answer._cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    assert f'response="{response}"' in answer.answer("GET", "/dir/index.html")


def test_digest_without_qop_gives_the_answer_of_rfc_2069():
    challenge = login.strongest(['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'])
    answer = login.Login(challenge, "Mufasa", "CircleOfLife").answer("GET", "/dir/index.html")
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in answer  # RFC 2069 errata 749
    assert "cnonce" not in answer and "algorithm" not in answer


def test_several_challenges_in_one_header_are_told_apart():
    header = 'Basic realm="a, b", Digest realm="c", nonce="n,1", algorithm=SHA-256, qop="auth"'
    assert login.strongest([header]).algorithm == "SHA-256"
    assert login.strongest(['Digest realm="c", nonce="n", qop="auth-int"', 'Basic realm="b"']).scheme == "basic"
    assert login.strongest(["Negotiate", "", "=,=", 'Digest realm="x"']) is None


def test_a_user_name_cannot_end_the_header():
    challenge = login.strongest(['Digest realm="a", nonce="b"'])
    assert "\r\n" not in login.Login(challenge, 'x"\r\nEvil: 1', "p").answer("PLAY", "rtsp://h/")


@given(st.text(max_size=300))
def test_no_challenge_breaks_the_reading_of_challenges(text):
    login.strongest([text])


@given(st.text(max_size=500))
def test_no_description_breaks_the_reading_of_descriptions(text):
    sdp.video_track(text, "rtsp://10.0.0.1/x")
    sdp.video_track("m=video 0 RTP/AVP 96\n" + text, "rtsp://10.0.0.1/x")


def test_the_control_address_stays_where_we_dialled():
    told = "m=audio 0 RTP/AVP 0\na=control:a\nm=video 0 RTP/AVP 97\na=rtpmap:97 H265/90000\na=control:{}\n"
    found = [sdp.video_track(told.format(c), "rtsp://10.0.0.1:8554/ch/").control for c in
             ("track1", "rtsp://192.168.1.9/ch/track1", "*")]  # fmt: skip
    assert found == ["rtsp://10.0.0.1:8554/ch/track1", "rtsp://10.0.0.1:8554/ch/track1", "rtsp://10.0.0.1:8554/ch/"]


def test_the_known_codec_is_taken_where_several_videos_are_offered():
    told = "m=video 0 RTP/AVP 26\na=rtpmap:26 JPEG/90000\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=control:2\n"
    assert sdp.video_track(told, "rtsp://h/x").codec == "h264"


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize(("width", "height"), [(640, 360), (1280, 720), (1920, 1080), (704, 576), (322, 182)])
def test_the_size_in_the_parameter_sets_is_the_size_another_decoder_finds(codec, width, height):
    units = clip(codec, width, height, 1, 1)
    sets = [unit for unit in units[0] if is_set(codec, unit)]
    decoder = av.CodecContext.create(codec, "r")
    packet = av.Packet(nal.annex_b(units[0]))
    frame = (decoder.decode(packet) or decoder.decode(None))[0]
    assert nal.picture_size(codec, sets) == (frame.width, frame.height) == (width, height)


@given(st.binary(max_size=200), st.sampled_from(["h264", "hevc"]))
def test_no_parameter_set_breaks_the_reading_of_sizes(junk, codec):
    head = b"\x67" if codec == "h264" else b"\x42\x01"
    size = nal.picture_size(codec, [head + junk])
    assert size is None or all(16 <= side <= 65_536 for side in size)


def packet(payload: bytes, sequence: int, time: int, marker: bool, *, kind: int = 96) -> memoryview:
    head = struct.pack(">BBHII", 128, kind | marker << 7, sequence & 0xFFFF, time & 0xFFFFFFFF, 1)
    return memoryview(head + payload)


def fed(unpacker: rtp.Depacketiser, units, codec="h264", *, aggregate=False, marker=True, sequence=65_530):
    pictures = []
    for index, unit in enumerate(units):
        parts = payloads(codec, unit, aggregate)
        for at, part in enumerate(parts):
            sequence += 1
            done = unpacker.feed(packet(part, sequence, index * 9000, marker and at == len(parts) - 1))
            pictures += [done] if done else []
    return pictures


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("aggregate", [False, True])
@pytest.mark.parametrize("marker", [False, True])
def test_what_was_packed_is_unpacked_to_the_byte(codec, aggregate, marker):
    units = clip(codec)
    unpacker = rtp.Depacketiser(codec, 96)
    pictures = fed(unpacker, units, codec, aggregate=aggregate, marker=marker)
    assert len(pictures) == (len(units) if marker else len(units) - 1)  # without marks the next picture ends the last
    for picture, unit in zip(pictures, units, strict=False):
        slices = [n for n in unit if nal.is_key_slice(codec, nal.kind_of(codec, n[0]))]
        assert picture.is_key == bool(slices)
        assert picture.parts == slices
    assert unpacker.lost == 0


def test_headers_extensions_and_padding_are_taken_off():
    payload = b"\x65" + bytes(20)
    plain = bytes(packet(payload, 1, 0, True))
    extended = bytes([0x90 | 2]) + plain[1:12] + bytes(8) + b"\xbe\xde\x00\x01" + bytes(4) + payload
    padded = bytes([0xA0]) + plain[1:] + b"\x00\x00\x03"
    for raw in (plain, extended, padded):
        assert rtp.Depacketiser("h264", 96).feed(memoryview(raw)).parts == [payload]


def test_other_payloads_and_broken_packets_are_passed_over():
    unpacker = rtp.Depacketiser("h264", 96)
    junk = [b"", b"\x80", bytes(12), b"\x00" * 40, bytes(packet(b"x" * 20, 1, 0, True, kind=8)), b"\xbf" + b"\xff" * 20]
    assert all(unpacker.feed(memoryview(raw)) is None for raw in junk)
    assert unpacker.packets == 0


def test_a_lost_packet_marks_the_picture_it_belonged_to():
    unpacker = rtp.Depacketiser("h264", 96)
    parts = payloads("h264", clip()[0])
    done = [unpacker.feed(packet(part, n, 0, n == len(parts) - 1)) for n, part in enumerate(parts) if n != 3]
    assert done[-1].lost and unpacker.lost == 1


@settings(max_examples=300)
@given(st.lists(st.binary(min_size=1, max_size=80), max_size=20), st.sampled_from(["h264", "hevc"]))
def test_no_packet_breaks_the_unpacking(bodies, codec):
    unpacker = rtp.Depacketiser(codec, 96)
    pace = rtp.Pace()
    for number, body in enumerate(bodies):
        for raw in (body, bytes(packet(body, number, number * 3000, number % 3 == 0))):
            picture = unpacker.feed(memoryview(raw))
            if picture is not None:
                pace.note(picture)
    assert pace.frames >= pace.keys


def test_time_stamps_that_jump_do_not_become_key_distances():
    pace = rtp.Pace()
    for time in (0, 6000, 12_000, 4_000_000_000, 4_000_006_000):
        pace.note(rtp.Picture(time, is_key=time in (0, 4_000_000_000)))
    assert pace.gop_s is None or pace.gop_s <= 300
    assert pace.span_s == 0 or pace.span_s < 3600
