"""RTP/JPEG put together again: as the camera coded it, whatever the camera leaves out, and never a torn picture."""

import io
import struct

import av
import cv2
import numpy as np
import pytest

from satukota.work.cameras.rtsp.jpeg import JpegAssembler, size_of
from satukota.work.cameras.rtsp.rtp import MAX_KEYFRAME, KeyframeTooLarge
from satukota.work.cameras.rtsp.units import AccessUnit
from satukota_field.payloads import jpeg_payloads

from . import rtsp_double as double


def coded(quality: int = 75, width: int = 320, height: int = 184) -> bytes:
    return cv2.imencode(".jpg", double.street(width, height), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def packets(payloads: list[bytes], *, first: int = 65_534, stamp: int = 7) -> list[memoryview]:
    last = len(payloads) - 1
    return [
        memoryview(struct.pack(">BBHII", 128, 26 | (k == last) << 7, (first + k) & 0xFFFF, stamp, 1) + payload)
        for k, payload in enumerate(payloads)
    ]


def fed(assembler: JpegAssembler, sent: list[memoryview]) -> list[AccessUnit]:
    return [unit for packet in sent if (unit := assembler.feed(packet)) is not None]


def grey(jpeg: bytes) -> np.ndarray:
    with av.open(io.BytesIO(jpeg), format="mjpeg") as one:
        return next(one.decode(video=0)).to_ndarray(format="gray")


@pytest.mark.parametrize("quality", [5, 50, 75, 98])
def test_the_picture_is_the_cameras(quality):
    jpeg = coded(quality)
    (unit,) = fed(JpegAssembler(26), packets(list(jpeg_payloads(jpeg))))
    assert unit.is_key and not unit.lost and size_of(unit.slices[0]) == (320, 184)
    assert np.array_equal(grey(unit.slices[0]), grey(jpeg))


@pytest.mark.parametrize("quality", [20, 50, 80])
def test_tables_that_are_not_sent_follow_from_the_quality(quality):
    """libjpeg scales its tables by the same rule as RFC 2435 appendix A."""
    jpeg = coded(quality)
    parts = list(jpeg_payloads(jpeg))
    told = [part[:5] + bytes([quality]) + part[6:] for part in parts]
    told[0] = told[0][:8] + parts[0][8 + 4 + 128 :]  # without the tables
    (unit,) = fed(JpegAssembler(26), packets(told))
    assert np.array_equal(grey(unit.slices[0]), grey(jpeg))


def test_tables_sent_once_hold_for_later_pictures_and_without_them_nothing_is_shown():
    parts = list(jpeg_payloads(coded()))
    later = [parts[0][:8] + struct.pack(">BBH", 0, 0, 0) + parts[0][8 + 4 + 128 :], *parts[1:]]
    assembler = JpegAssembler(26)
    first = fed(assembler, packets(parts, first=0))
    second = fed(assembler, packets(later, first=len(parts), stamp=8))
    assert not second[0].lost and second[0].slices == first[0].slices
    assert fed(JpegAssembler(26), packets(later))[0].lost


@pytest.mark.parametrize("missing", [0, 1, -1])
def test_a_picture_with_a_hole_is_lost_and_the_next_is_whole(missing):
    parts, assembler = list(jpeg_payloads(coded())), JpegAssembler(26)
    sent = packets(parts, first=10)
    assert len(parts) > 2
    del sent[missing]
    then = [packets(parts, first=10 + len(parts) * k, stamp=7 + k) for k in (1, 2)]
    units = fed(assembler, [*sent, *then[0], *then[1]])
    assert [unit.lost for unit in units[-2:]] == [False, False] and all(unit.lost for unit in units[:-2])
    assert assembler.lost == (missing != 0)  # what was before the first packet nobody knows


@pytest.mark.parametrize(
    "junk",
    [b"", b"\xff" * 9, b"\0" * 40, b"\0\0\0\0\1\xff\x28\x17\0\0\xff\xff" + b"\1" * 20, b"\0\0\0\0\1\5\0\0" + b"x" * 9,
     b"\0\0\0\0\x3f\x32\x28\x17abcdefgh", b"\0\0\0\0\x41\x32\x28\x17\0"],
)  # fmt: skip
def test_junk_gives_no_picture_and_no_crash(junk):
    assert all(unit.lost for unit in fed(JpegAssembler(26), packets([junk])))


def test_a_picture_without_end_is_cut_off():
    head = struct.pack(">IBBBB", 0, 1, 50, 40, 23)
    assembler, size = JpegAssembler(26), 60_000
    with pytest.raises(KeyframeTooLarge):
        for k in range(MAX_KEYFRAME // size + 2):
            part = struct.pack(">I", k * size)[:4] + head[4:] + bytes(size)
            assembler.feed(memoryview(struct.pack(">BBHII", 128, 26, k, 7, 1) + part))
