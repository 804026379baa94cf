"""RTP packets to whole access units, H.264 (RFC 6184) and H.265 (RFC 7798), for those who pass the stream on.

`rtp` keeps key pictures only, for checks; here every picture is wanted, and as soon as its marker says it is whole: a
general demuxer waits for the first packet of the next picture, a whole interval later.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from . import nal, replay
from .rtp import _AP, _FU, _FU_A, _HEAD, _STAP_A, MAX_KEYFRAME, MAX_SETS, KeyframeTooLarge, _bounds, _merged


@dataclass(slots=True)
class AccessUnit:
    """One picture as it was coded."""

    rtp_time: int
    slices: list[bytes] = field(default_factory=list, repr=False)
    """NAL units that hold picture, in order, without start codes; no parameter sets, delimiters, SEI"""
    is_key: bool = False
    lost: bool = False
    """a packet or a piece of it is missing, or it holds what cannot be H.264 or H.265"""
    sets: list[bytes] = field(default_factory=list, repr=False)
    """parameter sets in force; only of a key picture"""
    mark: replay.Mark | None = None
    """of a replay"""


class Assembler:
    """`feed` packets; returns an AccessUnit when one is whole. Raises KeyframeTooLarge."""

    def __init__(self, codec: str, payload_type: int, known_sets: tuple[bytes, ...] = ()) -> None:
        self._codec, self._payload_type = codec, payload_type
        self._head = 1 if codec == "h264" else 2
        self._fragmented = _FU_A if codec == "h264" else _FU
        self._bundled = _STAP_A if codec == "h264" else _AP
        self._known = list(known_sets)
        self._seen: list[bytes] = []
        self._now: AccessUnit | None = None
        self._fragments: list[bytes] | None = None
        self._size = 0
        self._expected: int | None = None
        self.packets = 0
        self.lost = 0
        self.bytes = 0

    def feed(self, packet: memoryview) -> AccessUnit | None:
        """Packets that are not ours or too short are ignored."""
        if len(packet) < 15:
            return None
        flags, kind, sequence, rtp_time = _HEAD.unpack_from(packet)
        if flags >> 6 != 2 or kind & 127 != self._payload_type:
            return None
        start, end = (12, len(packet)) if flags == 0x80 else _bounds(packet, flags)
        if end - start < 3:
            return None
        self.packets += 1
        self.bytes += end - start
        finished = None
        if self._now is None or self._now.rtp_time != rtp_time:
            finished = self._finish() if self._now is not None else None  # the last packet's marker was missing
            self._now = AccessUnit(rtp_time)
        if flags & 16 and self._now.mark is None:
            self._now.mark = replay.mark_in(packet)
        if self._expected is not None and sequence != self._expected:
            self.lost += 1
            self._now.lost, self._fragments = True, None
        self._expected = sequence + 1 & 0xFFFF
        self._unpack(packet[start:end], self._now)
        if kind & 128 and finished is None:
            return self._finish()
        return finished

    def _finish(self) -> AccessUnit | None:
        """None for what holds no picture, such as parameter sets sent apart."""
        unit, self._now, self._size = self._now, None, 0
        assert unit is not None
        unit.lost |= self._fragments is not None  # the end of a fragmented unit is missing
        self._fragments = None
        if self._seen:
            self._known, self._seen = _merged(self._codec, self._known, self._seen), []
        if not unit.slices and not unit.lost:
            return None
        if unit.is_key:
            unit.sets = list(self._known)
        return unit

    def _unpack(self, payload: memoryview, unit: AccessUnit) -> None:
        kind = nal.kind_of(self._codec, payload[0])
        if payload[0] & 0x80:  # forbidden_zero_bit
            unit.lost = True
        elif kind == self._fragmented:
            self._fragment(payload, unit)
        elif kind == self._bundled:
            self._several(payload[self._head :], unit)
        else:
            self._whole(bytes(payload), unit)

    def _several(self, rest: memoryview, unit: AccessUnit) -> None:
        while len(rest) > 2:
            size = int.from_bytes(rest[:2])
            if size < self._head or size > len(rest) - 2:
                unit.lost = True
                return
            self._whole(bytes(rest[2 : 2 + size]), unit)
            rest = rest[2 + size :]

    def _fragment(self, payload: memoryview, unit: AccessUnit) -> None:
        """FU-A: indicator, header, data. FU of H.265: two header bytes, header, data."""
        head = payload[self._head]
        if head & 128:
            if self._codec == "h264":
                start = bytes([payload[0] & 0xE0 | head & 31])
            else:
                start = bytes([payload[0] & 0x81 | (head & 63) << 1, payload[1]])
            self._fragments = [start]
        if self._fragments is None:
            unit.lost = True
            return
        self._grow(len(payload))
        self._fragments.append(bytes(payload[self._head + 1 :]))
        if head & 64:
            whole, self._fragments = b"".join(self._fragments), None
            self._whole(whole, unit)

    def _whole(self, content: bytes, unit: AccessUnit) -> None:
        kind = nal.kind_of(self._codec, content[0])
        if nal.is_parameter_set(self._codec, kind):
            if len(content) <= 4096 and len(self._seen) < MAX_SETS:
                self._seen.append(content)
        elif nal.is_slice(self._codec, kind):
            self._grow(len(content))
            unit.slices.append(content)
            unit.is_key |= nal.is_key_slice(self._codec, kind)

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > 2 * MAX_KEYFRAME:  # fragments are counted twice
            raise KeyframeTooLarge
