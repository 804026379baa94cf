"""HLS (RFC 8216) for browsers with neither WebCodecs nor Media Source, out of the same pull and without recoding.

The pictures that go to the other screens are put together from key picture to key picture; nothing is written to disk.
Who may fetch them is whoever has a socket open for it: the address is told over the socket, holds a word nobody can
guess, answers only to the same sign-in, and ends with the socket.
"""

from __future__ import annotations

import math
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .packing import PICTURE_HEAD, Message
from .watchers import Watcher

LISTED, KEPT = 4, 8  # segments; those no longer listed are kept for who has just read the list
ENOUGH = 3  # segments: browsers begin so many before the end (RFC 8216 section 6.3.3), some fail on fewer
SHORTEST_S = 1.0
MOST_BYTES = 12_000_000  # of one segment: a camera with such rare key pictures is not shown by HLS
LIST_TYPE, FILM_TYPE = b"application/vnd.apple.mpegurl", b"video/mp4"


@dataclass(frozen=True)
class Segment:
    number: int
    content: bytes = field(repr=False)
    length_s: float
    at: float
    """arrival of its first picture, epoch seconds"""
    opening: int
    begins_anew: bool
    """its times do not go on from those before"""


class Segmenter(Watcher):
    """A watcher that makes segments; `on_segment` is called after each of which there are then ENOUGH."""

    def __init__(self, *, plays_hevc: bool, on_segment: Callable[[], None]) -> None:
        super().__init__(plays_hevc=plays_hevc)
        self.segments: deque[Segment] = deque(maxlen=KEPT)
        self.openings: dict[int, bytes] = {}
        self._on_segment = on_segment
        self._next = 0
        self._restarts = 0  # discontinuities that left the list
        self.longest_s = SHORTEST_S
        self._begins_anew = False
        self._parts: list[bytes] = []
        self._size = 0
        self._began = self._began_at = 0.0

    def offer(self, message: Message) -> None:
        if self.is_let_go:
            return
        if message.is_opening:
            self._open(message.content)
            return
        _two, _key, at, media_s = PICTURE_HEAD.unpack_from(message.content)
        if message.is_key and (not self._parts or media_s - self._began >= SHORTEST_S):
            self._finish(media_s)
            self._began, self._began_at = media_s, at
        elif not self._parts:
            return  # waits for a key picture
        self._parts.append(message.content[PICTURE_HEAD.size :])
        self._size += len(self._parts[-1])
        if self._size > MOST_BYTES:
            self._parts, self._size, self._begins_anew = [], 0, True

    def say(self, words: object) -> None:
        """Words go over the socket."""

    def _open(self, content: bytes) -> None:
        """The stream began anew: what was not finished is left out."""
        number = max(self.openings, default=-1) + 1
        self.openings[number] = content[5 + struct.unpack_from(">I", content, 1)[0] :]
        listed = {one.opening for one in self.segments} | {number}
        self.openings = {key: value for key, value in self.openings.items() if key in listed}
        self._parts, self._size, self._begins_anew = [], 0, self._next > 0

    def _finish(self, until_s: float) -> None:
        if not self._parts or not self.openings:
            return
        length_s = max(0.04, until_s - self._began)
        if len(self.segments) >= LISTED and self.segments[-LISTED].begins_anew:
            self._restarts += 1
        self.segments.append(Segment(
            self._next, b"".join(self._parts), length_s, self._began_at, max(self.openings), self._begins_anew,
        ))  # fmt: skip
        self._next += 1
        self.longest_s = max(self.longest_s, length_s)
        self._parts, self._size, self._begins_anew = [], 0, False
        if self.is_ready:
            self._on_segment()

    @property
    def is_ready(self) -> bool:
        return len(self.segments) >= ENOUGH

    @property
    def listed(self) -> list[Segment]:
        return list(self.segments)[-LISTED:]

    def playlist(self) -> bytes:
        listed = self.listed
        lines = [
            "#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS",
            f"#EXT-X-TARGETDURATION:{math.ceil(self.longest_s)}",
            f"#EXT-X-MEDIA-SEQUENCE:{listed[0].number if listed else 0}",
            f"#EXT-X-DISCONTINUITY-SEQUENCE:{self._restarts}",
        ]  # fmt: skip
        opening = None
        for one in listed:
            if one.begins_anew:
                lines.append("#EXT-X-DISCONTINUITY")
            if one.opening != opening:
                lines.append(f'#EXT-X-MAP:URI="awal-{one.opening}.mp4"')
                opening = one.opening
            moment = datetime.fromtimestamp(one.at, UTC).isoformat(timespec="milliseconds")
            lines += [f"#EXT-X-PROGRAM-DATE-TIME:{moment}", f"#EXTINF:{one.length_s:.3f},", f"{one.number}.m4s"]
        return "\n".join([*lines, ""]).encode()

    def file(self, name: str) -> tuple[bytes, bytes] | None:
        """(content, media type) of a file of the list, or of the list; None for any other name."""
        if name == "daftar.m3u8":
            return (self.playlist(), LIST_TYPE) if self.is_ready else None
        stem, _, end = name.partition(".")
        number = stem.removeprefix("awal-")
        if not (number.isascii() and number.isdecimal() and len(number) < 12):
            return None
        if end == "mp4" and stem != number:
            opening = self.openings.get(int(number))
            return (opening, FILM_TYPE) if opening is not None else None
        known = {one.number: one.content for one in self.segments} if end == "m4s" else {}
        return (known[int(number)], FILM_TYPE) if int(number) in known else None
