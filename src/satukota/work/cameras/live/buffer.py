"""The last minutes of a camera on disk, so that what led to an incident can be kept. No recorder: it forgets.

A segment is a playable file, var/buffer/<camera>/<arrival of its first picture, ms>.mp4: the opening, then one
fragment a picture as it went to the screens. Each picture is one write to the system: a killed hub loses the picture it
was writing; a machine that loses its power loses what the system had not put on disk yet (seconds).
"""

from __future__ import annotations

import errno
import logging
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from . import fmp4
from .packing import PICTURE_HEAD, Message
from .watchers import Watcher

SEGMENT_S = 10.0  # a new file begins with the first key picture after it
TFDT_AT = 8 + 16 + 8 + 16 + 8 + 4  # where the decoding time of a fragment stands (fmp4.fragment)
FULL = (errno.ENOSPC, errno.EDQUOT)
log = logging.getLogger(__name__)


class Recorder(Watcher):
    """A watcher that writes. What goes wrong with the disk ends its segment, never the stream of the others."""

    def __init__(self, folder: Path, keep_s: float) -> None:
        super().__init__(plays_hevc=True)
        self.folder, self.keep_s = folder, keep_s
        self.problem = ""
        self.written = 0
        self._opening = b""
        self._file: IO[bytes] | None = None
        self._began = 0.0

    def offer(self, message: Message) -> None:
        if self.is_let_go:
            return
        try:
            if message.is_opening:
                self._end()
                self._opening = _segment_of(message.content)
            else:
                self._picture(message)
        except OSError as problem:
            self._end()
            self.problem = "disk_full" if problem.errno in FULL else "disk"
            log.warning("camera %s is not buffered: %s", self.folder.name, problem.strerror)

    def say(self, words: dict[str, Any]) -> None:
        """Words are for screens."""

    def let_go(self, words: dict[str, Any] | None = None, *, because: str = "left") -> None:
        self._end()
        super().let_go(words, because=because)

    def _picture(self, message: Message) -> None:
        at = PICTURE_HEAD.unpack_from(message.content)[2]
        if message.is_key and (self._file is None or at - self._began >= SEGMENT_S):
            self._begin(at)
        if self._file is None:
            return  # waits for a key picture
        fragment = message.content[PICTURE_HEAD.size :]
        self.written += self._file.write(fragment)
        self.problem = ""

    def _begin(self, at: float) -> None:
        self._end()
        if not self._opening:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        forget(self.folder, at - self.keep_s)
        self._file = (self.folder / f"{round(at * 1000)}.mp4").open("xb", buffering=0)
        self._file.write(self._opening)
        self._began = at

    def _end(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None


def _segment_of(opening: bytes) -> bytes:
    return opening[5 + struct.unpack_from(">I", opening, 1)[0] :]


@dataclass(frozen=True)
class Segment:
    path: Path
    began: float  # epoch seconds

    @property
    def size(self) -> int:
        with suppress(OSError):
            return self.path.stat().st_size
        return 0


def segments(folder: Path) -> list[Segment]:
    """Of one camera, oldest first; what is no segment of ours is left alone."""
    paths = folder.glob("*.mp4") if folder.is_dir() else ()
    return sorted((Segment(path, int(path.stem) / 1000) for path in paths if path.stem.isdecimal()),
                  key=lambda one: one.began)  # fmt: skip


def forget(folder: Path, before: float) -> int:
    """Delete segments that ended before; the newest of those that began before may still hold what came after."""
    known = segments(folder)
    old = [one for one, later in zip(known, known[1:], strict=False) if later.began <= before]
    for one in old:
        one.path.unlink(missing_ok=True)
    return len(old)


def keep_within(root: Path, most_bytes: int) -> int:
    """Delete the oldest segments of all cameras until the rest fits, but never a camera's newest. How many."""
    cameras = [segments(folder) for folder in root.iterdir() if folder.is_dir()] if root.is_dir() else []
    total = sum(one.size for known in cameras for one in known)
    gone = 0
    for one in sorted((one for known in cameras for one in known[:-1]), key=lambda one: one.began):
        if total <= most_bytes:
            break
        total -= one.size
        one.path.unlink(missing_ok=True)
        gone += 1
    return gone


@dataclass(frozen=True)
class Clip:
    """A playable piece. A stream that changed its size or was reconnected in between gives several."""

    content: bytes
    began: float
    ended: float


def clips(folder: Path, since: float, until: float) -> list[Clip]:
    """What was kept between the two moments, widened to whole segments; [] where nothing was."""
    known = segments(folder)
    if not known:
        return []
    ends = [*(later.began for later in known[1:]), time.time()]
    found: list[Clip] = []
    opening_of_last, last_time = b"", -1
    for one, next_began in zip(known, ends, strict=True):
        if one.began > until or next_began < since:
            continue
        with suppress(FileNotFoundError):
            opening, fragments = _read(one.path.read_bytes())
            if not fragments:
                continue
            first, last = _time_of(fragments[0]), _time_of(fragments[-1])
            ended = one.began + (last - first) / fmp4.TIMESCALE
            if found and opening == opening_of_last and 0 <= first - last_time < 2 * fmp4.TIMESCALE:
                before = found.pop()
                found.append(Clip(before.content + b"".join(fragments), before.began, ended))
            else:
                found.append(Clip(opening + b"".join(fragments), one.began, ended))
            opening_of_last, last_time = opening, last
    return [Clip(_from_zero(clip.content), clip.began, clip.ended) for clip in found]


def _boxes(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start, end) of whole boxes; a box that was cut off ends it."""
    at = 0
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        if size < 8 or at + size > len(content):
            return
        yield kind, at, at + size
        at += size


def _read(content: bytes) -> tuple[bytes, list[bytes]]:
    """Opening and whole fragments (moof with its mdat); the one a kill cut in two is left out."""
    opening, fragments, moof = b"", [], None
    for kind, start, end in _boxes(content):
        if kind in (b"ftyp", b"moov"):
            opening += content[start:end]
        elif kind == b"moof":
            moof = start
        elif kind == b"mdat" and moof is not None:
            fragments.append(content[moof:end])
            moof = None
    return opening, fragments


def _time_of(fragment: bytes) -> int:
    return int(struct.unpack_from(">Q", fragment, TFDT_AT)[0])


def _from_zero(content: bytes) -> bytes:
    """The same pictures with a time that begins at 0: players and tools show the length of the clip, not the camera's
    days."""
    out = bytearray(content)
    first: int | None = None
    for kind, start, _end in _boxes(content):
        if kind == b"moof":
            at = struct.unpack_from(">Q", content, start + TFDT_AT)[0]
            first = at if first is None else first
            struct.pack_into(">Q", out, start + TFDT_AT, max(0, at - first))
    return bytes(out)


def measure(root: Path) -> dict[str, Any]:
    """For the health page: cameras, segments, bytes, the oldest moment."""
    cameras: Sequence[list[Segment]] = [segments(folder) for folder in root.iterdir()] if root.is_dir() else []
    every = [one for known in cameras for one in known]
    return {
        "cameras": sum(bool(known) for known in cameras), "segments": len(every),
        "bytes": sum(one.size for one in every), "oldest": min((one.began for one in every), default=None),
    }  # fmt: skip
