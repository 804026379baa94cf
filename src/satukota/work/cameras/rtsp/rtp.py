"""RTP packets to access units, H.264 (RFC 6184) and H.265 (RFC 7798).

Only key pictures are put together; of all others the time and size are noted and the content is dropped on arrival,
so a stream that never sends a key picture costs no memory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from . import nal

MAX_KEYFRAME = 8 * 1024 * 1024
MAX_SETS = 16
MAX_SECONDS = 4000
MAX_GOP_S = 300
_HEAD = struct.Struct(">BBHI")
_STAP_A, _FU_A = 24, 28
_AP, _FU = 48, 49


class KeyframeTooLarge(Exception):
    pass


@dataclass(slots=True)
class Picture:
    """One access unit."""

    rtp_time: int
    size: int = 0
    """bytes of payload"""
    is_key: bool = False
    lost: bool = False
    """packets of it were missing"""
    parts: list[bytes] = field(default_factory=list, repr=False)
    """complete slices, only of a key picture"""
    sets: list[bytes] = field(default_factory=list, repr=False)
    """parameter sets seen in this picture"""


class Depacketiser:
    """`feed` packets; returns a Picture when one is complete."""

    def __init__(self, codec: str, payload_type: int, known_sets: tuple[bytes, ...] = ()) -> None:
        self._codec = codec
        self._payload_type = payload_type
        self._head = 1 if codec == "h264" else 2
        self._known = list(known_sets)
        self._now: Picture | None = None
        self._fragments: list[bytes] | None = None
        self._kept = 0
        self._expected: int | None = None
        kinds = [nal.kind_of(codec, byte) for byte in range(256)]
        self._fragment_starts = frozenset(b for b, k in enumerate(kinds) if k == (_FU_A if codec == "h264" else _FU))
        bundle = _STAP_A if codec == "h264" else _AP
        self._is_wanted = bytes(
            byte in self._fragment_starts
            or kind == bundle
            or nal.is_key_slice(codec, kind)
            or nal.is_parameter_set(codec, kind)
            for byte, kind in enumerate(kinds)
        )
        self._is_key_part = bytes(
            nal.is_key_slice(codec, byte & (31 if codec == "h264" else 63)) for byte in range(256)
        )
        self.packets = 0
        self.lost = 0

    @property
    def sets(self) -> list[bytes]:
        """The parameter sets in force: the last ones seen in the stream, else the description's."""
        return self._known

    def feed(self, packet: memoryview) -> Picture | None:
        """Raises KeyframeTooLarge. Packets that are not ours or too short are ignored.

        Nearly all packets belong to pictures of which only the size is wanted; they leave here after a few tests.
        """
        if len(packet) < 15:
            return None
        flags, kind, sequence, rtp_time = _HEAD.unpack_from(packet)
        if flags >> 6 != 2 or kind & 127 != self._payload_type:
            return None
        start, end = (12, len(packet)) if flags == 0x80 else _bounds(packet, flags)
        if end - start < 3:
            return None
        self.packets += 1
        finished, picture = None, self._now
        if picture is None or picture.rtp_time != rtp_time:
            finished = self._finish() if picture is not None else None  # the last packet's marker was missing
            picture = self._now = Picture(rtp_time)
        if sequence != self._expected:
            self._gap(picture)
        self._expected = sequence + 1 & 0xFFFF
        picture.size += end - start
        if self._is_wanted[packet[start]] and (
            packet[start] not in self._fragment_starts or self._is_key_part[packet[start + self._head]]
        ):
            self._unpack(packet[start:end])
        if kind & 128 and finished is None:
            return self._finish()
        return finished

    def _gap(self, picture: Picture) -> None:
        if self._expected is not None:
            self.lost += 1
            picture.lost = True
            self._fragments = None

    def _finish(self) -> Picture:
        picture, self._now, self._fragments, self._kept = self._now, None, None, 0
        assert picture is not None
        if picture.sets:
            self._known = _merged(self._codec, self._known, picture.sets)
        return picture

    def _unpack(self, payload: memoryview) -> None:
        kind = nal.kind_of(self._codec, payload[0])
        if kind == (_FU_A if self._codec == "h264" else _FU):
            self._fragment(payload)
        elif kind == (_STAP_A if self._codec == "h264" else _AP):
            self._several(payload[self._head if self._codec == "hevc" else 1 :])
        else:
            self._whole(payload)

    def _several(self, rest: memoryview) -> None:
        while len(rest) > 2:
            size = int.from_bytes(rest[:2])
            if not size or size > len(rest) - 2:
                return
            self._whole(rest[2 : 2 + size])
            rest = rest[2 + size :]

    def _whole(self, unit: memoryview) -> None:
        assert self._now is not None
        kind = nal.kind_of(self._codec, unit[0])
        if nal.is_key_slice(self._codec, kind):
            self._now.is_key = True
            self._keep(bytes(unit), self._now.parts)
        elif nal.is_parameter_set(self._codec, kind) and len(unit) <= 4096 and len(self._now.sets) < MAX_SETS:
            self._now.sets.append(bytes(unit))

    def _fragment(self, payload: memoryview) -> None:
        """FU-A: indicator, header, data. FU of H.265: two header bytes, header, data."""
        assert self._now is not None
        head = payload[self._head]
        kind = head & 31 if self._codec == "h264" else head & 63
        self._now.is_key = True
        if head & 128:
            if self._codec == "h264":
                start = bytes([payload[0] & 0xE0 | kind])
            else:
                start = bytes([payload[0] & 0x81 | kind << 1, payload[1]])
            self._fragments = [start]
        if self._fragments is None:
            self._now.lost = True
            return
        self._keep(bytes(payload[self._head + 1 :]), self._fragments)
        if head & 64:
            self._now.parts.append(b"".join(self._fragments))
            self._fragments = None

    def _keep(self, piece: bytes, where: list[bytes]) -> None:
        self._kept += len(piece)
        if self._kept > MAX_KEYFRAME:
            raise KeyframeTooLarge
        where.append(piece)


def _bounds(packet: memoryview, flags: int) -> tuple[int, int]:
    """Where the payload lies: past the contributing sources and the extension, before the padding."""
    start, end = 12 + 4 * (flags & 15), len(packet)
    if flags & 16:
        if end < start + 4:
            return 0, 0
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4])
    return start, end - (packet[-1] if flags & 32 else 0)


def _merged(codec: str, known: list[bytes], seen: list[bytes]) -> list[bytes]:
    """Sets seen in the stream replace the known ones of their kind."""
    kinds = {nal.kind_of(codec, unit[0]) for unit in seen}
    return [unit for unit in known if nal.kind_of(codec, unit[0]) not in kinds] + seen


@dataclass
class Pace:
    """When pictures came by the camera's own time, within one session.

    Only differences count: cameras start anywhere, step their clocks and wrap at 32 bits.
    """

    clock_hz: int = 90_000
    frames: int = 0
    keys: int = 0
    p_bytes: int = 0
    gop_s: float | None = None
    """distance of the last two key pictures"""
    seconds: list[float] = field(default_factory=list, repr=False)
    """of every picture since the first, in order of arrival; at most MAX_SECONDS"""
    _last: int = 0
    _last_key_s: float | None = None

    def note(self, picture: Picture) -> None:
        self.frames += 1
        step = (picture.rtp_time - self._last + 2**31) % 2**32 - 2**31
        now = self.seconds[-1] + step / self.clock_hz if self.seconds else 0.0
        self._last = picture.rtp_time
        if len(self.seconds) < MAX_SECONDS:
            self.seconds.append(now)
        if not picture.is_key:
            self.p_bytes += picture.size
            return
        self.keys += 1
        if self._last_key_s is not None and 0 < now - self._last_key_s <= MAX_GOP_S:
            self.gop_s = now - self._last_key_s
        self._last_key_s = now

    @property
    def span_s(self) -> float:
        """Seen so far, by the camera's time; 0 when its time makes no sense."""
        span = max(self.seconds) - min(self.seconds) if self.seconds else 0.0
        return span if span < 3600 else 0.0

    @property
    def mean_p_bytes(self) -> float | None:
        return self.p_bytes / (self.frames - self.keys) if self.frames > self.keys else None
