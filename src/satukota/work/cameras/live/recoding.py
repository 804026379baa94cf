"""H.265 to H.264 for browsers that cannot play it: on demand, a thread each, never more than a stated number.

Recoding costs most of a core per stream, where passing on costs a hundredth of one: it is said on the screen.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import re
import threading
from fractions import Fraction
from typing import Any

from ..rtsp import AccessUnit, nal
from . import fmp4
from .packing import Packer
from .watchers import Fanout

WIDEST = 1280
WAITING = 40  # pictures; more: the machine is too slow for it, it goes on at the next key picture
KEY_EVERY = 30
log = logging.getLogger(__name__)


class RecodersBusy(Exception):
    """As many streams are recoded as may be."""


class Recoders:
    """How many may run at once on this machine."""

    def __init__(self, most: int) -> None:
        self.most, self.running = most, set[Recoder]()

    def begin(self, codec: str) -> Recoder:
        """Raises RecodersBusy."""
        if len(self.running) >= self.most:
            raise RecodersBusy
        recoder = Recoder(codec)
        self.running.add(recoder)
        return recoder

    def end(self, recoder: Recoder) -> None:
        self.running.discard(recoder)
        recoder.stop()


class Recoder:
    """`feed` pictures of one stream; recoded ones go to `out`."""

    def __init__(self, codec: str) -> None:
        self.out = Fanout()
        self._codec = codec
        self._packer = Packer("h264")
        self._waiting: queue.Queue[tuple[AccessUnit, float] | None] = queue.Queue()
        self._skips = True
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._run, name="recoder", daemon=True).start()

    def feed(self, unit: AccessUnit, at: float) -> None:
        if unit.lost or self._waiting.qsize() >= WAITING:
            self._skips = True
        if self._skips and not unit.is_key:
            return
        self._skips = False
        self._waiting.put((unit, at))

    def stop(self) -> None:
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put(None)

    def _run(self) -> None:
        try:
            _recode(self._codec, self._waiting, self._hand_over)
        except Exception:
            log.exception("recoding failed")

    def _hand_over(self, unit: AccessUnit, at: float) -> None:
        try:
            self._loop.call_soon_threadsafe(self._give, unit, at)
        except RuntimeError:
            self.stop()  # the loop is gone, and this thread goes with it

    def _give(self, unit: AccessUnit, at: float) -> None:
        self.out.give(self._packer.pack(unit, at))


def _recode(codec: str, waiting: Any, give: Any) -> None:
    """Until None comes. A new encoder for a new size; what cannot be decoded is passed over."""
    import av

    decoder: Any = av.CodecContext.create(codec, "r")
    encoder: Any = None
    moments: dict[int, float] = {}
    sets: list[bytes] = []
    number = 0
    while (item := waiting.get()) is not None:
        unit, at = item
        packet = av.Packet(nal.annex_b([*unit.sets, *unit.slices]))
        packet.pts = number
        moments[number] = at
        number += 1
        try:
            frames = decoder.decode(packet)
        except av.error.FFmpegError:
            moments.pop(number - 1, None)
            continue
        for frame in frames:
            size = _fitted(frame.width, frame.height)
            if encoder is None or (encoder.width, encoder.height) != size:
                encoder = _encoder(size)
            shown = moments.pop(frame.pts, at)
            small = frame.reformat(*size, "yuv420p")
            small.pts, small.time_base = frame.pts, encoder.time_base
            for coded in encoder.encode(small):
                give(_unit(bytes(coded), int(shown * fmp4.TIMESCALE) & 0xFFFFFFFF, sets), shown)
        for old in [key for key in moments if key < number - 60]:
            del moments[old]


def _fitted(width: int, height: int) -> tuple[int, int]:
    share = min(1.0, WIDEST / width)
    return int(width * share) // 2 * 2, int(height * share) // 2 * 2


def _encoder(size: tuple[int, int]) -> Any:
    import av

    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = *size, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 30), Fraction(30)
    encoder.gop_size, encoder.max_b_frames, encoder.bit_rate = KEY_EVERY, 0, 2_000_000
    encoder.thread_count = 1
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "repeat-headers=1"}
    return encoder


def _unit(content: bytes, rtp_time: int, sets: list[bytes]) -> AccessUnit:
    """`sets` are those in force, kept from key picture to key picture."""
    units = [one for one in re.split(rb"\x00\x00\x00?\x01", content) if one]
    kinds = [nal.kind_of("h264", one[0]) for one in units]
    seen = [one for one, kind in zip(units, kinds, strict=True) if kind in (7, 8)]
    if seen:
        sets[:] = seen
    slices = [one for one, kind in zip(units, kinds, strict=True) if nal.is_slice("h264", kind)]
    is_key = 5 in kinds
    return AccessUnit(rtp_time, slices, is_key=is_key, sets=list(sets) if is_key else [])
