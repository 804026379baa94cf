"""A relay that repeats its last picture, encoded anew by a real encoder, must not pass for a live camera."""

from collections.abc import Iterator
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from satukota.rules.picture_truth.model import Gray
from tests.rules.picture_truth_camera import MIDNIGHT, NOON, Camera, street

FPS, GOP = 5, 10


def sent(pictures: list[Gray], bit_rate: int) -> list[Gray]:
    """The keyframes a viewer decodes, one every GOP pictures, as (180, 320) uint8."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 640, 360, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.bit_rate, encoder.gop_size = bit_rate, GOP
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "threads": "1", "sc_threshold": "0"}
    packets = []
    for index, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(cv2.resize(picture, (640, 360)), format="gray").reformat(format="yuv420p")
        frame.pts = index
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    frames = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    return [frame.reformat(320, 180, "gray").to_ndarray() for frame in frames if frame.key_frame]


def frozen(picture: Gray, bit_rate: int, *, clock: bool = False) -> Iterator[Gray]:
    pictures = []
    for index in range(8 * GOP):
        copy = picture.copy()
        if clock:
            cv2.putText(copy, f"12:00:{index // FPS:02}", (5, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 250)
        pictures.append(copy)
    return iter(sent(pictures, bit_rate))


def busy(eye: Camera) -> Gray:
    """A live picture with two cars on the road: at night, too, something has to move for a freeze to be told."""
    picture = eye.live()
    for lane, x in enumerate(np.random.default_rng(eye.frames).integers(0, 250, 2)):
        cv2.rectangle(picture, (int(x), 105 + 30 * lane), (int(x) + 60, 130 + 30 * lane), 20 + 150 * lane, -1)
    return picture


def watched(bit_rate: int, hour: int) -> Camera:
    """A camera whose live looks came through the same encoder, thirty of them."""
    scene = street() if hour == NOON else (street() * 0.5).astype(np.uint8)
    eye = Camera(scene, hour=hour).accept()
    for picture in sent([busy(eye) for _ in range(30 * GOP)], bit_rate):
        assert eye.look(picture).outcome == "good"
    return eye


@pytest.mark.parametrize("hour", [NOON, MIDNIGHT])
@pytest.mark.parametrize("bit_rate", [200_000, 500_000])
@pytest.mark.parametrize("clock", [False, True], ids=["still", "under a ticking clock"])
def test_a_picture_repeated_and_encoded_anew_is_frozen_by_the_third_look(bit_rate, hour, clock):
    eye = watched(bit_rate, hour)
    relay = frozen(busy(eye), bit_rate, clock=clock)
    eye.look(next(relay))  # the first look after the freeze cannot know
    for _ in range(2):
        said = eye.look(next(relay), then=next(relay))
        assert (said.outcome, said.cause, said.sure) == ("fault", "frozen", True), said


@pytest.mark.parametrize("bit_rate", [200_000, 500_000])
def test_a_live_street_through_the_same_encoder_is_not_frozen(bit_rate):
    eye = watched(bit_rate, MIDNIGHT)
    keyframes = iter(sent([busy(eye) for _ in range(16 * GOP)], bit_rate))
    for _ in range(8):
        assert eye.look(next(keyframes), then=next(keyframes)).outcome == "good"
