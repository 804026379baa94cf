"""Clips ready to send: pictures cut into RTP packets once, kept in a file, shared by every reader through mmap.

File: magic, 8-byte length of the head, head (JSON), body. The body holds for each picture its packets as they go
over the wire (RFC 2326 §10.12 interleaved frame on channel 0, RTP header RFC 3550, payload as in `payloads`), with
sequence number, time stamp and source left zero: the sender writes those into a copy.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import struct
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from satukota_field.payloads import PAYLOAD_TYPES, parameter_sets, payloads_of

MAGIC = b"SKCLIP3\n"
NUMBERS = struct.Struct(">HII")  # sequence, time stamp and source in the RTP header


@dataclass(frozen=True)
class Recipe:
    """All that decides the bytes of a clip. `kind` is "live" or a fault that needs other pictures."""

    seed: int
    name: str
    width: int
    height: int
    fps: float
    gop_s: float
    light: str
    kind: str = "live"
    loop_s: float = 22.0
    video: str | None = None
    codec: str = "h264"

    def key(self) -> str:
        """Name in the cache: parameters, the code that renders and encodes, and the film when there is one."""
        film = None
        if self.video:
            stat = Path(self.video).stat()
            film = (stat.st_size, stat.st_mtime_ns)
        told = json.dumps([asdict(self), film], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:24]


@lru_cache(maxsize=1)
def code_version() -> str:
    """Hash of the code that makes clips: a changed scene never shows an old picture."""
    here = Path(__file__).parent
    parts = sorted(here.glob("scenes/*.py")) + [here / "baking.py", here / "clips.py", here / "payloads.py"]
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:16]


@dataclass(frozen=True)
class Picture:
    """One access unit in the body: where it lies and how long each of its packets is, heads included."""

    is_key: bool
    start: int
    length: int
    packets: tuple[int, ...]


class Clip:
    """A clip file, opened. Raises ValueError when the file is not whole."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            start = file.read(len(MAGIC) + 8)
            if start[: len(MAGIC)] != MAGIC or len(start) < len(MAGIC) + 8:
                raise ValueError(f"{path.name} is not a clip")
            (length,) = struct.unpack(">Q", start[len(MAGIC) :])
            try:
                head = json.loads(file.read(length))
            except ValueError as broken:
                raise ValueError(f"{path.name} has a broken head") from broken
            begin = len(start) + length
            if path.stat().st_size != begin + head["body"]:
                raise ValueError(f"{path.name} was cut off")
            self._bytes = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))[begin:]
        self.fps: float = head["fps"]
        self.width: int = head["width"]
        self.height: int = head["height"]
        self.codec: str = head["codec"]
        self.sets = [bytes.fromhex(one) for one in head["sets"]]
        self.pictures = [Picture(bool(key), at, sum(sizes), tuple(sizes)) for key, at, sizes in head["pictures"]]
        self.keys = [k for k, picture in enumerate(self.pictures) if picture.is_key]
        self._stills: list[tuple[int, int]] = [(a, b) for a, b in head["stills"]]

    def wire(self, index: int, sequence: int, timestamp: int, source: int) -> bytearray:
        """The packets of one picture, ready to write."""
        picture = self.pictures[index]
        data = bytearray(self._bytes[picture.start : picture.start + picture.length])
        place, moment = 6, timestamp & 0xFFFFFFFF
        for length in picture.packets:
            NUMBERS.pack_into(data, place, sequence & 0xFFFF, moment, source)
            sequence += 1
            place += length
        return data

    def still(self, index: int) -> bytes:
        """JPEG of the keyframe at or before this picture."""
        turn = max(0, sum(1 for key in self.keys if key <= index) - 1)
        start, length = self._stills[min(turn, len(self._stills) - 1)]
        return bytes(self._bytes[start : start + length])


def packed_picture(codec: str, picture: bytes) -> tuple[bytes, list[int]]:
    """(bytes for the wire with zero sequence, time and source; length of each packet)"""
    payloads, kind = payloads_of(codec, picture), PAYLOAD_TYPES[codec]
    packets = []
    for k, payload in enumerate(payloads):
        marker = 0x80 if k == len(payloads) - 1 else 0
        packets.append(struct.pack(">BBHBBHII", 0x24, 0, len(payload) + 12, 0x80, kind | marker, 0, 0, 0) + payload)
    return b"".join(packets), [len(packet) for packet in packets]


def write_clip(
    path: Path,
    size: tuple[int, int],
    fps: float,
    units: list[tuple[bool, bytes]],
    stills: list[bytes],
    codec: str = "h264",
) -> None:
    """Write pictures (is keyframe, Annex B or JPEG) as a clip; whole or not at all. Raises ValueError."""
    sets = parameter_sets(codec, units[0][1]) if units else []
    if not units or not units[0][0] or (codec != "mjpeg" and not sets):
        raise ValueError("the film does not begin with a keyframe and its parameter sets")
    body, pictures, places = bytearray(), [], []
    for is_key, unit in units:
        packed, lengths = packed_picture(codec, unit)
        pictures.append([int(is_key), len(body), lengths])
        body += packed
    for still in stills:
        places.append([len(body), len(still)])
        body += still
    head = {
        "codec": codec, "fps": fps, "width": size[0], "height": size[1], "sets": [one.hex() for one in sets],
        "pictures": pictures, "stills": places, "body": len(body),
    }  # fmt: skip
    told = json.dumps(head).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{hashlib.sha256(told).hexdigest()[:8]}.part")
    part.write_bytes(MAGIC + struct.pack(">Q", len(told)) + told + body)
    part.replace(path)
