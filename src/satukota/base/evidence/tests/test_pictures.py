"""A picture that is sent is judged by its header, decoded and made anew; nothing hidden in the file comes along."""

import time
import tracemalloc
import zlib

import cv2
import numpy as np
import pytest

from satukota.base.errors import UserError
from satukota.base.evidence import pictures

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def picture(width: int = 320, height: int = 200, kind: str = ".jpg") -> bytes:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2] = (0, 0, 255)  # the left half red, in BGR
    return cv2.imencode(kind, pixels)[1].tobytes()


def with_exif(content: bytes, orientation: int = 1, mass: int = 0) -> bytes:
    """Segments as a telephone writes them: orientation, and a text where the position of a home would be."""
    tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0" + bytes([orientation, 0, 0, 0]) + b"\0\0\0\0RAHASIA"
    told = b"Exif\0\0" + tiff
    more = b"\xff\xe1" + (65_535).to_bytes(2) + b"RAHASIA" * 9_361 + b"x" * 6
    return content[:2] + b"\xff\xe1" + (len(told) + 2).to_bytes(2) + told + more * mass + content[2:]


def png_claiming(width: int, height: int) -> bytes:
    """A few bytes that say they are so large: a decompression bomb."""
    head = width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\0\0\0"
    chunk = b"IHDR" + head
    return b"\x89PNG\r\n\x1a\n" + len(head).to_bytes(4) + chunk + zlib.crc32(chunk).to_bytes(4)


def shape_of(content: bytes) -> tuple[int, int]:
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    return pixels.shape[1], pixels.shape[0]


@pytest.mark.parametrize("kind", [".jpg", ".png"])
def test_only_pixels_are_kept(kind: str) -> None:
    sent = picture(kind=kind) + b"PK\x03\x04 RAHASIA behind the end" + SVG
    made = pictures.made_anew(with_exif(sent, mass=20) if kind == ".jpg" else sent)
    assert made.startswith(b"\xff\xd8\xff") and shape_of(made) == (320, 200)
    for hidden in (b"RAHASIA", b"Exif", b"PK\x03\x04", b"<script"):
        assert hidden not in made


def test_it_stands_upright_as_its_exif_said() -> None:
    assert shape_of(pictures.made_anew(with_exif(picture(), orientation=6))) == (200, 320)


def test_a_large_one_is_made_smaller() -> None:
    assert shape_of(pictures.made_anew(picture(5000, 100))) == (4096, 82)


@pytest.mark.parametrize("size", [(100_000, 100_000), (2**31 - 1, 2**31 - 1), (0, 10), (10_000, 5_001)])
def test_a_bomb_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    tracemalloc.start()
    began = time.perf_counter()
    with pytest.raises(UserError, match="terlalu besar"):
        pictures.made_anew(png_claiming(*size))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000 and time.perf_counter() - began < 5


@pytest.mark.parametrize(
    "content",
    [
        b"", SVG, b"GIF89a", b"%PDF-1.7", b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\0\0", b"\xff\xd8" + b"\xff" * 10_000,
        picture()[:60], png_claiming(10, 10), b"\xff\xd8\xff\xe1" + b"\xff\xff" * 40_000,
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(UserError, match="bukan foto"):
        pictures.made_anew(content)
