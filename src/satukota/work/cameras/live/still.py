"""A key picture as JPEG, made by a process of its own: what a camera sends must not be decoded in the page server.

Run as `python -m satukota.work.cameras.live.still CODEC`; Annex B or a camera's JPEG comes in, ours goes out.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

LIMIT_S = 10
MAX_ADDRESS_SPACE = 2 * 1024**3
MAX_JPEG = 8 * 1024 * 1024
DECODERS = {"h264": "h264", "hevc": "hevc", "jpeg": "mjpeg"}


class NoStill(Exception):
    """The picture could not be decoded in time."""


def jpeg_of(codec: str, content: bytes) -> bytes:
    """Raises NoStill."""
    if codec not in DECODERS:
        raise NoStill(codec)
    words = [sys.executable, "-m", "satukota.work.cameras.live.still", codec]
    try:
        done = subprocess.run(words, input=content, capture_output=True, timeout=LIMIT_S, env=_env(), check=False)
    except subprocess.TimeoutExpired:
        raise NoStill("timeout") from None
    if done.returncode or not done.stdout.startswith(b"\xff\xd8\xff") or len(done.stdout) > MAX_JPEG:
        raise NoStill(done.stderr[-200:].decode("utf-8", "replace"))
    return done.stdout


def _env() -> dict[str, str]:
    """Nothing of ours: it needs no secrets."""
    return {"PYTHONPATH": str(Path(__file__).resolve().parents[4]), "PATH": "/usr/bin:/bin"}


def _decode(codec: str, content: bytes) -> bytes:
    from fractions import Fraction

    import av

    decoder: Any = av.CodecContext.create(DECODERS[codec], "r")
    frames = [*decoder.decode(av.Packet(content)), *decoder.decode(None)]
    coder: Any = av.CodecContext.create("mjpeg", "w")
    frame = frames[-1].reformat(format="yuvj420p")
    coder.width, coder.height, coder.pix_fmt = frame.width, frame.height, "yuvj420p"
    coder.time_base = frame.time_base = Fraction(1, 25)
    coder.options = {"qmin": "3", "qmax": "3"}
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*coder.encode(frame), *coder.encode(None)])


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESS_SPACE, MAX_ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S, LIMIT_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the picture
    sys.stdout.buffer.write(_decode(sys.argv[1], sys.stdin.buffer.read(2 * MAX_JPEG)))


if __name__ == "__main__":
    main()
