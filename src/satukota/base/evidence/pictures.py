"""A picture that somebody sends, made anew from its pixels.

Nothing else of the file comes along: no EXIF with the position of a home, no script, no second file behind the end. How
large it is stands in its header and is judged before anything is decoded (OWASP ASVS 5.0, 5.2.1 and 5.3.2).
"""

from django.utils.translation import gettext as _

from satukota.base.errors import UserError

MOST_PIXELS = 50_000_000  # 8,660 x 5,773; the largest telephones of 2026 send 48 million
LONGEST_PX = 4096  # of the picture that is kept
QUALITY = 88
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
# Frames of JPEG that carry a size (ITU-T T.81, table B.1): SOF0..SOF15 without DHT, JPG and DAC.
_SIZED = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length


def made_anew(content: bytes) -> bytes:
    """JPEG, upright, at most LONGEST_PX on its longer side. Takes JPEG and PNG. Raises UserError for anything else."""
    import cv2  # takes a third of a second; most processes never need it
    import numpy

    width, height = size_of(content)
    if not 0 < width * height <= MOST_PIXELS:
        raise UserError(_("Foto ini terlalu besar."), fix=_("Paling besar 50 juta piksel; kecilkan, lalu kirim lagi."))
    pixels = cv2.imdecode(numpy.frombuffer(content, numpy.uint8), cv2.IMREAD_COLOR)  # turned upright as EXIF says
    if pixels is None:
        raise _unreadable()
    scale = LONGEST_PX / max(pixels.shape[:2])
    if scale < 1:
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    is_made, coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not is_made:
        raise _unreadable()
    return coded.tobytes()


def size_of(content: bytes) -> tuple[int, int]:
    """Width and height as the header of a JPEG or PNG says, without decoding. Raises UserError."""
    if content.startswith(_PNG) and content[12:16] == b"IHDR" and len(content) >= 24:
        return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
    if content.startswith(_JPEG) and (found := _jpeg_size(content)):
        return found
    raise _unreadable()


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """From the first frame header; each segment says how long it is, so a mass of EXIF is stepped over."""
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        kind = content[at + 1]
        if kind == 0xFF or kind in _BARE:
            at += 1 if kind == 0xFF else 2
        elif kind in _SIZED:
            return int.from_bytes(content[at + 7 : at + 9]), int.from_bytes(content[at + 5 : at + 7])
        elif (length := int.from_bytes(content[at + 2 : at + 4])) < 2:
            return None
        else:
            at += 2 + length
    return None


def _unreadable() -> UserError:
    return UserError(_("Berkas ini bukan foto yang dapat dibaca."), fix=_("Kirim foto JPEG atau PNG."))
