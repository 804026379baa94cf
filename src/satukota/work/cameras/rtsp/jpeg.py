"""RTP/JPEG (RFC 2435) to whole JPEG pictures: headers and tables that are not sent are put back.

The tables are those of ITU-T T.81 annex K; quality 1 to 99 scales them as RFC 2435 appendix A says. A picture wider or
higher than 2,040 pixels cannot be told in its header and is counted as lost.
"""

from __future__ import annotations

import struct

from .rtp import _HEAD, MAX_KEYFRAME, KeyframeTooLarge, Picture, _bounds
from .units import AccessUnit

_LUMA = bytes.fromhex(
    "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933"
    "383740485c4e404457453738506d51575f626768673e4d71797064785c656763"
)
_CHROMA = bytes.fromhex("1112121815182f1a1a2f63423842") + b"\x63" * 50
_HUFFMAN = bytes.fromhex(
    "ffc4001f0000010501010101010100000000000000000102030405060708090a0bffc400b51000020103030204030505040400"
    "00017d01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728"
    "292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a9293"
    "9495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8"
    "e9eaf1f2f3f4f5f6f7f8f9faffc4001f0100030101010101010101010000000000000102030405060708090a0bffc400b51100"
    "020102040403040705040400010277000102031104052131061241510761711322328108144291a1b1c109233352f0156272d1"
    "0a162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a636465666768696a7374757677"
    "78797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4"
    "d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"
)
_SCAN = bytes.fromhex("ffda000c03010002110311003f00")


class JpegAssembler:
    """As `units.Assembler`: `feed` packets; returns an AccessUnit, always a key picture, when one is whole."""

    def __init__(self, payload_type: int) -> None:
        self._payload_type = payload_type
        self._rtp_time: int | None = None
        self._head = b""
        self._scan: list[bytes] = []
        self._size = 0
        self._is_broken = False
        self._expected: int | None = None
        self._tables: dict[int, bytes] = {}  # by Q of 128 and more, which may be sent once
        self.packets = 0
        self.lost = 0
        self.bytes = 0

    def feed(self, packet: memoryview) -> AccessUnit | None:
        """Packets that are not ours or too short are ignored. Raises KeyframeTooLarge."""
        if len(packet) < 21:
            return None
        flags, kind, sequence, rtp_time = _HEAD.unpack_from(packet)
        if flags >> 6 != 2 or kind & 127 != self._payload_type:
            return None
        start, end = (12, len(packet)) if flags == 0x80 else _bounds(packet, flags)
        if end - start < 9:
            return None
        self.packets += 1
        self.bytes += end - start
        if rtp_time != self._rtp_time:
            self._rtp_time, self._head, self._scan, self._size, self._is_broken = rtp_time, b"", [], 0, False
        if self._expected is not None and sequence != self._expected:
            self.lost += 1
            self._is_broken = True
        self._expected = sequence + 1 & 0xFFFF
        self._unpack(bytes(packet[start:end]))
        return self._finish() if kind & 128 else None

    def _unpack(self, payload: bytes) -> None:
        offset = int.from_bytes(payload[1:4])
        rest = payload[8:]
        restart = 0
        if payload[4] & 64:
            restart, rest = int.from_bytes(rest[:2]), rest[4:]
        if offset == 0 and not self._scan:
            self._is_broken = False  # what was missing belonged to the picture before
            rest = self._begin(payload, restart, rest)
        if offset != self._size or not self._head:
            self._is_broken = True  # a piece is missing, or it never began
        self._size += len(rest)
        if self._size > MAX_KEYFRAME:
            raise KeyframeTooLarge
        self._scan.append(rest)

    def _begin(self, payload: bytes, restart: int, rest: bytes) -> bytes:
        """Headers out of the first packet; returns what is left of it."""
        kind, quality, width, height = payload[4] & 63, payload[5], payload[6] * 8, payload[7] * 8
        tables: bytes | None
        if quality >= 128 and len(rest) >= 4:
            length = int.from_bytes(rest[2:4])
            if length:
                self._tables[quality] = rest[4 : 4 + length]
            tables, rest = self._tables.get(quality), rest[4 + length :]
        else:
            tables = _scaled(quality) if 1 <= quality < 100 else None
        if kind in (0, 1) and width and height and tables is not None and len(tables) == 128:
            self._head = _headers(kind, width, height, tables, restart)
        return rest

    def _finish(self) -> AccessUnit:
        assert self._rtp_time is not None
        unit = AccessUnit(self._rtp_time, is_key=True, lost=self._is_broken or not self._head or not self._size)
        if not unit.lost:
            end = b"" if self._scan[-1].endswith(b"\xff\xd9") else b"\xff\xd9"
            unit.slices = [b"".join([self._head, *self._scan, end])]
        self._rtp_time = None
        return unit


class JpegPictures:
    """As `rtp.Depacketiser`: every picture is a key picture and stands alone, in one part."""

    sets: tuple[bytes, ...] = ()

    def __init__(self, payload_type: int) -> None:
        self._units = JpegAssembler(payload_type)

    @property
    def packets(self) -> int:
        return self._units.packets

    @property
    def lost(self) -> int:
        return self._units.lost

    def feed(self, packet: memoryview) -> Picture | None:
        """Raises KeyframeTooLarge."""
        unit = self._units.feed(packet)
        if unit is None:
            return None
        size = sum(map(len, unit.slices))
        return Picture(unit.rtp_time, size, is_key=True, lost=unit.lost, parts=unit.slices)


def _scaled(quality: int) -> bytes:
    factor = 5000 // quality if quality < 50 else 200 - 2 * quality
    return bytes(min(255, max(1, (value * factor + 50) // 100)) for value in _LUMA + _CHROMA)


def _headers(kind: int, width: int, height: int, tables: bytes, restart: int) -> bytes:
    """`kind` 0 is 4:2:2, 1 is 4:2:0; `tables` 64 bytes of luma, 64 of chroma."""
    sampling = 0x22 if kind else 0x21
    frame = struct.pack(">BHHB", 8, height, width, 3) + bytes([1, sampling, 0, 2, 0x11, 1, 3, 0x11, 1])
    return b"".join([
        b"\xff\xd8\xff\xdb\x00\x43\x00", tables[:64], b"\xff\xdb\x00\x43\x01", tables[64:],
        b"\xff\xdd\x00\x04" + struct.pack(">H", restart) if restart else b"",
        b"\xff\xc0\x00\x11", frame, _HUFFMAN, _SCAN,
    ])  # fmt: skip


def size_of(jpeg: bytes) -> tuple[int, int] | None:
    """(width, height) out of the frame header; None when there is none."""
    at = 2
    while jpeg[:2] == b"\xff\xd8" and at + 9 <= len(jpeg) and jpeg[at] == 0xFF:
        if 0xC0 <= jpeg[at + 1] <= 0xC2:
            height, width = struct.unpack_from(">HH", jpeg, at + 5)
            return (width, height) if width and height else None
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4])
    return None
