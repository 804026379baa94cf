"""Fragmented MP4 made by hand, one fragment a picture: a muxer would hold each picture back until the next.

ISO/IEC 14496-12 (boxes), 14496-15 (avcC, hvcC and the codec names of RFC 6381); stills as QuickTime's "jpeg". Times are
in TIMESCALE.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..rtsp import nal

TIMESCALE = 90_000
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_KEY, _OTHER = 0x02000000, 0x01010000  # sample flags: depends on nothing, depends on others and no sync sample


@dataclass(frozen=True)
class Opening:
    """What a player needs before the first picture."""

    codec: str
    """RFC 6381, such as avc1.4d401f"""
    width: int
    height: int
    record: bytes = field(repr=False)
    """avcC or hvcC, without its box: the description WebCodecs asks for"""
    segment: bytes = field(repr=False)


def opening(codec: str, sets: Sequence[bytes]) -> Opening:
    """`codec`: h264 or hevc. Raises ValueError when the parameter sets cannot be read."""
    size = nal.picture_size(codec, sets)
    if size is None or not nal.has_needed_sets(codec, sets):
        raise ValueError("no readable parameter sets")
    record, name = _avc(sets) if codec == "h264" else _hevc(sets)
    entry = _box(b"avc1", _visual(*size), _box(b"avcC", record)) if codec == "h264" else \
        _box(b"hvc1", _visual(*size), _box(b"hvcC", record))  # fmt: skip
    return Opening(name, *size, record, _box(b"ftyp", b"iso6", bytes(4), b"iso6mp41") + _movie(size, entry))


def opening_of_stills(width: int, height: int) -> Opening:
    """Of a stream of JPEG pictures."""
    entry = _box(b"jpeg", _visual(width, height))
    return Opening(
        "jpeg", width, height, b"", _box(b"ftyp", b"iso6", bytes(4), b"iso6mp41") + _movie((width, height), entry)
    )


def fragment(
    number: int, at: int, length: int, slices: Sequence[bytes], *, is_key: bool, shift: int = 0, framed: bool = True
) -> bytes:  # fmt: skip
    """moof and mdat of one picture. `at`: decoding time; `shift`: presentation minus decoding time; `framed`: each
    slice has its length before it."""
    size = sum(map(len, slices)) + (4 * len(slices) if framed else 0)
    flags = _KEY if is_key else _OTHER
    run = struct.pack(">IIiIIIi", 0x01000F01, 1, MOOF_BYTES + 8, length, size, flags, shift)
    moof = _box(
        b"moof",
        _box(b"mfhd", struct.pack(">II", 0, number)),
        _box(
            b"traf",
            _box(b"tfhd", struct.pack(">II", 0x020000, 1)),
            _box(b"tfdt", struct.pack(">IQ", 1 << 24, at)),
            _box(b"trun", run),
        ),
    )
    parts = [moof, struct.pack(">I4s", size + 8, b"mdat")]
    for one in slices:
        parts += [struct.pack(">I", len(one)), one] if framed else [one]
    return b"".join(parts)


MOOF_BYTES = 8 + 16 + 8 + 16 + 20 + (8 + 28)
SAMPLE_AT = MOOF_BYTES + 8
"""where the picture begins in a fragment"""


def _box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", len(content) + 8, kind) + content


def _movie(size: tuple[int, int], entry: bytes) -> bytes:
    width, height = size
    header = struct.pack(">IIIIIIH10x", 0, 0, 0, TIMESCALE, 0, 0x10000, 0x100) + _MATRIX + bytes(24) + b"\0\0\0\2"
    track = struct.pack(">IIIII4x8xHHHH", 3, 0, 0, 1, 0, 0, 0, 0, 0) + _MATRIX
    tables = (
        _box(b"stsd", struct.pack(">II", 0, 1), entry),
        _box(b"stts", bytes(8)),
        _box(b"stsc", bytes(8)),
        _box(b"stsz", bytes(12)),
        _box(b"stco", bytes(8)),
    )
    media = _box(
        b"mdia",
        _box(b"mdhd", struct.pack(">IIIIIHH", 0, 0, 0, TIMESCALE, 0, 0x55C4, 0)),
        _box(b"hdlr", struct.pack(">II4s12x", 0, 0, b"vide"), b"\0"),
        _box(
            b"minf",
            _box(b"vmhd", struct.pack(">I8x", 1)),
            _box(b"dinf", _box(b"dref", struct.pack(">II", 0, 1), _box(b"url ", struct.pack(">I", 1)))),
            _box(b"stbl", *tables),
        ),
    )
    return _box(
        b"moov",
        _box(b"mvhd", header),
        _box(b"trak", _box(b"tkhd", track, struct.pack(">II", width << 16, height << 16)), media),
        _box(b"mvex", _box(b"trex", struct.pack(">IIIIII", 0, 1, 1, 0, 0, 0))),
    )


def _visual(width: int, height: int) -> bytes:
    head = struct.pack(">6xH16xHHIIIH32xHh", 1, width, height, 0x480000, 0x480000, 0, 1, 24, -1)
    return head


def _of_kind(codec: str, sets: Sequence[bytes], kind: int) -> list[bytes]:
    return [unit for unit in sets if nal.kind_of(codec, unit[0]) == kind]


def _avc(sets: Sequence[bytes]) -> tuple[bytes, str]:
    sps, pps = _of_kind("h264", sets, 7), _of_kind("h264", sets, 8)
    if len(sps[0]) < 4:
        raise ValueError("parameter set ends early")
    record = b"\x01" + sps[0][1:4] + b"\xff" + bytes([0xE0 | len(sps)])
    record += b"".join(struct.pack(">H", len(one)) + one for one in sps)
    record += bytes([len(pps)]) + b"".join(struct.pack(">H", len(one)) + one for one in pps)
    return record, f"avc1.{sps[0][1:4].hex()}"


def _hevc(sets: Sequence[bytes]) -> tuple[bytes, str]:
    clean = _of_kind("hevc", sets, 33)[0].replace(b"\0\0\3", b"\0\0")
    if len(clean) < 15:
        raise ValueError("parameter set ends early")
    layers, nested, general = clean[2] >> 1 & 7, clean[2] & 1, clean[3:15]
    depth = 2 if general[0] & 31 == 2 else 0  # Main 10; all other profiles of cameras have eight bits
    record = b"\x01" + general + struct.pack(">HBBBB", 0xF000, 0xFC, 0xFC | 1, 0xF8 | depth, 0xF8 | depth)
    record += struct.pack(">HB", 0, (layers + 1) << 3 | nested << 2 | 3)
    arrays = [(kind, _of_kind("hevc", sets, kind)) for kind in (32, 33, 34)]
    record += bytes([len(arrays)])
    for kind, units in arrays:
        record += struct.pack(">BH", 0x80 | kind, len(units))
        record += b"".join(struct.pack(">H", len(one)) + one for one in units)
    return record, _hevc_name(general)


def _hevc_name(general: bytes) -> str:
    """hvc1.1.6.L93.B0: profile, compatibility with its bits turned round, tier and level, constraints."""
    space = ("", "A", "B", "C")[general[0] >> 6]
    turned = int(f"{int.from_bytes(general[1:5]):032b}"[::-1], 2)
    tier = "H" if general[0] & 32 else "L"
    constraints = [f"{byte:X}" for byte in general[5:11].rstrip(b"\0")]
    return ".".join(["hvc1", f"{space}{general[0] & 31}", f"{turned:X}", f"{tier}{general[11]}", *constraints])
