"""A film with its frame number burnt in as bars, as cameras code it, and a reader that tells when each came."""

from __future__ import annotations

import asyncio
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

WIDTH, HEIGHT, FPS, GOP_S, LOOP_S = 1280, 720, 15, 2, 22
BITS, CELL = 12, 64


def film(path: Path) -> None:
    """LOOP_S of a moving street-like picture with the frame number as bars, encoded as cameras do."""
    import av
    import numpy as np

    rng = np.random.default_rng(1)
    ground = np.kron(rng.integers(40, 200, (HEIGHT // 16, WIDTH // 16, 3), np.uint8), np.ones((16, 16, 1), np.uint8))
    noise = rng.integers(-9, 10, (HEIGHT, WIDTH, 1), np.int16)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", 1_500_000
        stream.codec_context.gop_size, stream.codec_context.max_b_frames = FPS * GOP_S, 0
        stream.time_base = Fraction(1, FPS)
        stream.options = {"preset": "veryfast", "tune": "zerolatency", "profile": "main",
                          "x264-params": f"keyint={FPS * GOP_S}:min-keyint={FPS * GOP_S}:scenecut=0"}  # fmt: skip
        for number in range(FPS * LOOP_S):
            grain = np.roll(
                noise, (number * 37, number * 53), axis=(0, 1)
            )  # or it codes to a third of the rate asked for
            picture = np.clip(np.roll(ground, number * 4, axis=1) + grain, 0, 255).astype(np.uint8)
            for bit in range(BITS):
                picture[:CELL, bit * CELL : (bit + 1) * CELL] = 235 if number >> bit & 1 else 16
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


class Direct:
    """A second reader of one camera: when did frame n arrive? Newest arrival counts: the film loops."""

    def __init__(self, url: str) -> None:
        self.arrived: dict[int, float] = {}
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._read()), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)

    async def _read(self) -> None:
        import av

        from satukota.work.cameras import rtsp
        from satukota.work.cameras.rtsp import nal

        decoder: Any = av.CodecContext.create("h264", "r")

        def take(track: Any, unit: Any) -> None:
            at = time.time()
            packet = av.Packet(nal.annex_b([*unit.sets, *unit.slices]))
            for frame in decoder.decode(packet):
                self.arrived[number_in(frame.to_ndarray(format="gray"))] = at

        decoder.flags |= 1 << 19  # low delay: a frame comes out as soon as it is in
        async with rtsp.watching(self._url, resolve=rtsp.resolve_anywhere, on_unit=take):
            while not self._stop.is_set():
                await asyncio.sleep(0.1)


def number_in(gray: Any) -> int:
    return sum(1 << bit for bit in range(BITS) if gray[CELL // 2, bit * CELL + CELL // 2] > 128)
