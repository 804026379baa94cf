"""Coded pictures as RTP payloads: H.264 (RFC 6184), H.265 (RFC 7798), JPEG (RFC 2435)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

MTU = 1400
CODECS = ("h264", "h265", "mjpeg")
PAYLOAD_TYPES = {"h264": 96, "h265": 96, "mjpeg": 26}
LARGEST_JPEG = 255 * 8  # the header counts eights in one byte


def split_nals(access_unit: bytes) -> Iterator[bytes]:
    """NAL units of an Annex B access unit, start codes removed (ITU-T H.264 Annex B)."""
    # The pattern is written with \x01: \1 would be a back-reference.
    for nal in re.split(rb"\x00\x00\x00?\x01", access_unit):
        if nal:
            yield nal


def payloads_of(codec: str, picture: bytes) -> list[bytes]:
    """One picture, Annex B or JPEG, without delimiters and SEI. Raises ValueError for a JPEG RTP cannot carry."""
    if codec == "mjpeg":
        return list(jpeg_payloads(picture))
    unsent = (6, 9) if codec == "h264" else (35, 39, 40)
    nals = [nal for nal in split_nals(picture) if nal_kind(codec, nal) not in unsent]
    return [payload for nal in nals for payload in rtp_payloads(nal, codec)]


def nal_kind(codec: str, nal: bytes) -> int:
    return nal[0] & 31 if codec == "h264" else nal[0] >> 1 & 63


def parameter_sets(codec: str, picture: bytes) -> list[bytes]:
    """SPS and PPS, or VPS, SPS and PPS, of an access unit, by kind; [] when they are not all there."""
    wanted = {"h264": (7, 8), "h265": (32, 33, 34)}.get(codec, ())
    found = {nal_kind(codec, nal): nal for nal in split_nals(picture)} if wanted else {}
    return [found[kind] for kind in wanted] if all(kind in found for kind in wanted) else []


def rtp_payloads(nal: bytes, codec: str = "h264") -> Iterator[bytes]:
    """One NAL unit as payloads of at most MTU bytes: itself, or FU-A (RFC 6184 §5.8), or FU (RFC 7798 §4.4.3)."""
    if len(nal) <= MTU:
        yield nal
        return
    head = 1 if codec == "h264" else 2
    for start in range(head, len(nal), MTU - head - 1):
        part = nal[start : start + MTU - head - 1]
        marks = (start == head) << 7 | (start + len(part) == len(nal)) << 6
        if codec == "h264":
            yield bytes([(nal[0] & 0xE0) | 28, (nal[0] & 0x1F) | marks]) + part
        else:
            yield bytes([nal[0] & 0x81 | 49 << 1, nal[1], nal[0] >> 1 & 63 | marks]) + part


def jpeg_payloads(jpeg: bytes) -> Iterator[bytes]:
    """A baseline JPEG with 4:2:0 and the usual Huffman tables: its quantisation tables go along (Q = 255)."""
    tables, size, scan = _jpeg_parts(jpeg)
    width, height = size
    if width % 8 or height % 8 or max(size) > LARGEST_JPEG:
        raise ValueError(f"RTP carries JPEG of whole eights up to {LARGEST_JPEG} pixels, not {width}x{height}")
    quantisation = struct.pack(">BBH", 0, 0, len(tables)) + tables
    at = 0
    while at < len(scan):
        head = struct.pack(">IBBBB", at, 1, 255, width // 8, height // 8) + (quantisation if not at else b"")
        part = scan[at : at + MTU - len(head)]
        yield head + part
        at += len(part)


def _jpeg_parts(jpeg: bytes) -> tuple[bytes, tuple[int, int], bytes]:
    """(luma and chroma tables, (width, height), entropy-coded scan). Raises ValueError."""
    tables: dict[int, bytes] = {}
    size, at = (0, 0), 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:
        kind, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4])
        body = jpeg[at + 4 : at + 2 + length]
        at += 2 + length
        if kind == 0xDB:
            tables |= {body[k]: body[k + 1 : k + 65] for k in range(0, len(body), 65)}
        elif kind == 0xC0 and body[7] == 0x22:
            size = (int.from_bytes(body[3:5]), int.from_bytes(body[1:3]))
        elif kind == 0xDA and size != (0, 0) and {0, 1} <= tables.keys():
            return tables[0] + tables[1], size, jpeg[at:].removesuffix(b"\xff\xd9")
    raise ValueError("not a baseline JPEG with 4:2:0")
