"""Pictures as a camera sends them: through H.264 at a small budget, decoded again, keyframe by keyframe."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from satukota.rules.picture_truth import Sight

Picture = NDArray[np.uint8]  # (h, w, 3) BGR


@dataclass(frozen=True)
class Keyframe:
    packet: bytes
    gray: NDArray[np.uint8]
    chroma: float

    def sight(self, at: float, hour: int, is_day: bool) -> Sight:
        sha = hashlib.sha256(self.packet).digest()[:16]
        return Sight(self.gray, self.chroma, sha, at, hour, is_day=is_day)


def through_h264(picture: Picture, budget_bytes: int) -> Keyframe:
    """One keyframe of at most about `budget_bytes`, as a camera at a fixed bitrate would make it."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24").reformat(format="yuv420p")
    quality = _quality.get((frame.width, frame.height, budget_bytes), 36)
    packet = _encoded(frame, quality)
    while len(packet) > budget_bytes and quality < 48:
        quality += 3
        packet = _encoded(frame, quality)
    # Rate control remembers: the next picture of this kind may be a little finer when this one was small.
    spare = len(packet) < 0.6 * budget_bytes and quality > 22
    _quality[frame.width, frame.height, budget_bytes] = quality - 3 if spare else quality
    return decoded(packet)


_quality: dict[tuple[int, int, int], int] = {}


def encoded_again(picture: Picture, turn: int) -> Keyframe:
    """A relay repeats its last picture through its own encoder, whose quality wanders a little."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24").reformat(format="yuv420p")
    return decoded(_encoded(frame, 33 + turn % 2))


def decoded(packet: bytes) -> Keyframe:
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    (frame,) = decoder.decode(av.Packet(packet)) + decoder.decode(None)
    gray = frame.reformat(320, 180, "gray").to_ndarray()
    planes = frame.reformat(320, 180, "yuv420p").to_ndarray()[180:].astype(np.int16)
    u, v = planes[:45], planes[45:]
    return Keyframe(packet, gray, float(np.abs(u - 128).mean() + np.abs(v - 128).mean()))


def _encoded(frame: av.VideoFrame, quality: int) -> bytes:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuv420p"
    encoder.time_base = Fraction(1, 15)
    encoder.options = {"preset": "veryfast", "tune": "zerolatency", "qp": str(quality), "threads": "1"}
    return b"".join(bytes(packet) for packet in encoder.encode(frame) + encoder.encode(None))
