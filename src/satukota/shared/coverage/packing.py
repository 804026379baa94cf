"""Arrays as bytes in a row and back. Little-endian, compressed, nothing executable."""

import io
import zipfile
import zlib
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from .counting import Array, Floats

COLUMNS: tuple[np.dtype[Any], ...] = (np.dtype("<i4"), np.dtype("<f4"), np.dtype("<i2"))  # point, px, mille
ROW = sum(kind.itemsize for kind in COLUMNS)


@dataclass(frozen=True)
class Points:
    """n points somebody should look at. Ids are -1 where a point belongs to none."""

    lonlat: Floats  # (n, 2) degrees
    weight: Floats  # (n,)
    needed: Array  # (n,) px/m
    kind: Array  # (n,) index into `kinds`
    kelurahan: Array  # (n,) id
    rt: Array
    street: Array
    place: Array
    kinds: Array  # codes, str
    along: Array  # (kinds,) bool: whether its points follow each other along a street

    def __len__(self) -> int:
        return len(self.weight)

    def to_bytes(self) -> bytes:
        out = io.BytesIO()
        np.savez_compressed(out, **{one.name: getattr(self, one.name) for one in fields(self)})
        return out.getvalue()

    @classmethod
    def of(cls, content: bytes) -> "Points":
        """Raises ValueError for what an older or a newer version stored: it is measured again."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as kept:
                return cls(**{one.name: kept[one.name] for one in fields(cls)})
        except (KeyError, OSError, EOFError, zipfile.BadZipFile) as problem:
            raise ValueError(f"not stored points of this version: {problem}") from problem


def pack(point: Array, px: Array, mille: Array) -> bytes:
    """One watcher's points in sight. Points are stored as steps from one to the next: they compress better."""
    if not len(point):
        return b""
    order = np.argsort(point, kind="stable")
    steps = np.diff(point[order].astype(np.int64), prepend=0)
    columns: list[Array] = [steps, px[order], mille[order]]
    plain = b"".join(column.astype(kind).tobytes() for column, kind in zip(columns, COLUMNS, strict=True))
    return zlib.compress(plain, 1)


def unpack(content: bytes) -> tuple[Array, Array, Array]:
    """point, px, mille, ascending by point. Raises ValueError for bytes that are none of ours."""
    if not content:
        return np.empty(0, np.int32), np.empty(0, np.float32), np.empty(0, np.int16)
    try:
        plain = zlib.decompress(content)
    except zlib.error as problem:
        raise ValueError(f"not a packed view: {problem}") from None
    size, rest = divmod(len(plain), ROW)
    if rest:
        raise ValueError("not a packed view: cut off")
    found: list[Any] = []
    start = 0
    for kind in COLUMNS:
        found.append(np.frombuffer(plain, kind, size, start))
        start += size * kind.itemsize
    return np.cumsum(found[0]).astype(np.int32), found[1], found[2]
