"""One key picture out of its bytes, small enough to judge and to show (PyAV, one thread)."""

from __future__ import annotations

from dataclasses import dataclass

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Colorspace, VideoReformatter

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
    _to_bgr: VideoReformatter

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
        colours = self._to_bgr.reformat(self.frame, format="bgr24").to_ndarray()
        done, coded = cv2.imencode(".jpg", colours, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        return coded.tobytes() if done else b""


class Decoder:
    """Decodes single key pictures, each with its parameter sets in front."""

    def __init__(self) -> None:
        self._strict: dict[str, av.VideoCodecContext] = {}

    def decode(self, codec: str, content: bytes, *, deblocked: bool = False) -> tuple[av.VideoFrame, bool]:
        """The picture and whether it has errors. Raises CannotDecode.

        Deblocking is left out where only judging follows: at 320x180 it changes the sharpness by 0.03 at most. A
        strict decoder is used again, which saves a tenth, until it meets an error.
        """
        try:
            decoder = None if deblocked else self._strict.pop(codec, None)
            decoder = decoder or _decoder(codec, strict=True, deblocked=deblocked)
            frame = _first(decoder, content)
        except CannotDecode:
            return _first(_decoder(codec, strict=False, deblocked=deblocked), content), True
        if not deblocked:
            self._strict[codec] = decoder
        return frame, False


def _decoder(codec: str, *, strict: bool, deblocked: bool) -> av.VideoCodecContext:
    decoder = av.CodecContext.create("mjpeg" if codec == "jpeg" else codec, "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.thread_count, decoder.thread_type = 1, "NONE"
    decoder.flags |= av.codec.context.Flags.low_delay  # the picture at once, without flushing
    decoder.options = {"max_pixels": str(MAX_WIDTH * MAX_HEIGHT)}
    decoder.options |= {"err_detect": "explode"} if strict else {}
    decoder.options |= {} if deblocked else {"skip_loop_filter": "all"}
    return decoder


def _first(decoder: av.VideoCodecContext, content: bytes) -> av.VideoFrame:
    try:
        frames = decoder.decode(av.Packet(content)) or decoder.decode(None)
        decoder.flush_buffers()
    except (av.error.FFmpegError, ValueError) as problem:
        raise CannotDecode(type(problem).__name__) from None
    if not frames or (decoder.options.get("err_detect") and frames[0].is_corrupt):
        raise CannotDecode("no picture")
    return frames[0]


class Shrinker:
    """Makes small pictures; for one thread. Keeps its tables as long as the sizes stay the same."""

    def __init__(self) -> None:
        self._smaller, self._to_bgr = VideoReformatter(), VideoReformatter()

    def small(self, frame: av.VideoFrame, width: int) -> Small:
        """At most `width` wide, proportions kept. One pass gives what is judged and what is shown."""
        wide = min(width, frame.width) // 2 * 2
        high = max(2, round(frame.height * wide / frame.width / 2) * 2)
        # BT.601, because that is what JPEG means
        made = self._smaller.reformat(
            frame, wide, high, "yuvj420p", interpolation="AREA", dst_colorspace=Colorspace.ITU601
        )
        return Small(made, self._to_bgr)


def _plane(frame: av.VideoFrame, index: int) -> npt.NDArray[np.uint8]:
    plane = frame.planes[index]
    pixels: npt.NDArray[np.uint8] = np.frombuffer(memoryview(plane), np.uint8)
    return pixels.reshape(plane.height, plane.line_size)[:, : plane.width]
