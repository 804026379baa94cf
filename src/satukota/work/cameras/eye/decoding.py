"""One key picture out of its bytes, small enough to judge and to show (PyAV, one thread)."""

from __future__ import annotations

from dataclasses import dataclass

import av
import cv2
import numpy as np
import numpy.typing as npt

from satukota.rules.picture_truth.model import HEIGHT, WIDTH, Gray

from .limits import MAX_HEIGHT, MAX_WIDTH

LATEST_WIDTH, EVENT_WIDTH = 640, 1280
JPEG_QUALITY = 80

av.logging.set_level(None)  # its log callback locks, and says nothing the answer does not
cv2.setNumThreads(1)


class CannotDecode(Exception):
    pass


@dataclass(frozen=True)
class Small:
    """A picture no wider than asked, full range YUV 4:2:0."""

    frame: av.VideoFrame

    @property
    def gray(self) -> Gray:
        """(180, 320) uint8"""
        plane = _plane(self.frame, 0)
        return cv2.resize(plane, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)

    @property
    def chroma(self) -> float:
        """Mean |U-128| + |V-128|."""
        planes = (_plane(self.frame, index) for index in (1, 2))
        return sum(float(cv2.absdiff(plane, np.full_like(plane, 128)).mean()) for plane in planes)

    def jpeg(self) -> bytes:
        # OpenCV's encoder, by way of RGB: half the time of libav's.
        colours = self.frame.reformat(format="bgr24").to_ndarray()
        done, coded = cv2.imencode(".jpg", colours, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        return coded.tobytes() if done else b""


def decode(codec: str, content: bytes, *, deblocked: bool = False) -> tuple[av.VideoFrame, bool]:
    """The picture and whether it has errors. Raises CannotDecode.

    A decoder per picture: one kept from camera to camera would decode the next one with the parameter sets of the
    last. Deblocking is left out where only measuring follows: it takes a seventh of the time and is gone at 320x180.
    """
    try:
        return _decode(codec, content, strict=True, deblocked=deblocked), False
    except CannotDecode:
        return _decode(codec, content, strict=False, deblocked=deblocked), True


def _decode(codec: str, content: bytes, *, strict: bool, deblocked: bool) -> av.VideoFrame:
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.thread_count, decoder.thread_type = 1, "NONE"
    decoder.options = {"max_pixels": str(MAX_WIDTH * MAX_HEIGHT)}
    decoder.options |= {"err_detect": "explode"} if strict else {}
    decoder.options |= {} if deblocked else {"skip_loop_filter": "all"}
    try:
        frames = decoder.decode(av.Packet(content)) or decoder.decode(None)
    except (av.error.FFmpegError, ValueError) as problem:
        raise CannotDecode(type(problem).__name__) from None
    if not frames or (strict and frames[0].is_corrupt):
        raise CannotDecode("no picture")
    return frames[0]


def small(frame: av.VideoFrame, width: int) -> Small:
    """At most `width` wide, proportions kept. One pass gives what is judged and what is shown."""
    wide = min(width, frame.width) // 2 * 2
    high = max(2, round(frame.height * wide / frame.width / 2) * 2)
    return Small(frame.reformat(wide, high, "yuvj420p", interpolation="AREA", dst_colorspace="ITU601"))


def _plane(frame: av.VideoFrame, index: int) -> npt.NDArray[np.uint8]:
    plane = frame.planes[index]
    pixels: npt.NDArray[np.uint8] = np.frombuffer(memoryview(plane), np.uint8)
    return pixels.reshape(plane.height, plane.line_size)[:, : plane.width]
