"""What the coded stream says of itself: kinds of NAL units and the picture size in the parameter sets.

Sources: ITU-T H.264 7.3.2.1.1, H.265 7.3.2.2. Only what is needed to know the size before decoding anything.
"""

from __future__ import annotations

from collections.abc import Sequence

START = b"\0\0\0\1"
_HIGH_PROFILES = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}


def kind_of(codec: str, first_byte: int) -> int:
    """nal_unit_type out of the first byte of a NAL unit."""
    return first_byte & 31 if codec == "h264" else first_byte >> 1 & 63


def is_parameter_set(codec: str, kind: int) -> bool:
    return kind in (7, 8) if codec == "h264" else kind in (32, 33, 34)


def is_key_slice(codec: str, kind: int) -> bool:
    """A slice from which decoding can start: IDR, or any IRAP in H.265."""
    return kind == 5 if codec == "h264" else 16 <= kind <= 21


def is_slice(codec: str, kind: int) -> bool:
    return 1 <= kind <= 5 if codec == "h264" else kind < 32


def has_needed_sets(codec: str, sets: Sequence[bytes]) -> bool:
    needed = {7, 8} if codec == "h264" else {32, 33, 34}
    return needed <= {kind_of(codec, nal[0]) for nal in sets}


def annex_b(parts: Sequence[bytes]) -> bytes:
    return START + START.join(parts)


def picture_size(codec: str, sets: Sequence[bytes]) -> tuple[int, int] | None:
    """(width, height) in pixels of the largest sequence parameter set; None when one of them cannot be read."""
    wanted = 7 if codec == "h264" else 33
    sizes = []
    for nal in sets:
        if nal and kind_of(codec, nal[0]) == wanted:
            try:
                sizes.append(_size_h264(_Bits(nal[1:])) if codec == "h264" else _size_hevc(_Bits(nal[2:])))
            except ValueError:
                return None
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


class _Bits:
    """Reads bits and Exp-Golomb numbers. Raises ValueError past the end."""

    def __init__(self, payload: bytes) -> None:
        clean = payload[:4096].replace(b"\0\0\3", b"\0\0")  # emulation prevention
        self._value = int.from_bytes(clean)
        self._left = len(clean) * 8

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise ValueError("parameter set ends early")
        return self._value >> self._left & ((1 << count) - 1)

    def number(self) -> int:
        """ue(v)"""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 31:
                raise ValueError("number too long")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """se(v)"""
        value = self.number()
        return (value + 1) // 2 if value & 1 else -(value // 2)


def _size_h264(bits: _Bits) -> tuple[int, int]:
    profile = bits.take(8)
    bits.take(16)  # constraints, level
    bits.number()  # id
    chroma, separate = 1, 0
    if profile in _HIGH_PROFILES:
        chroma = bits.number()
        if chroma == 3:
            separate = bits.take(1)
        bits.number(), bits.number(), bits.take(1)  # bit depths, lossless transform
        if bits.take(1):
            _skip_scaling(bits, 8 if chroma != 3 else 12)
    bits.number()  # frame number bits
    order = bits.number()
    if order == 0:
        bits.number()
    elif order == 1:
        bits.take(1), bits.signed(), bits.signed()
        for _ in range(min(bits.number(), 255)):
            bits.signed()
    bits.number(), bits.take(1)  # reference frames, gaps
    width, units = 16 * (bits.number() + 1), 16 * (bits.number() + 1)
    frames_only = bits.take(1)
    if not frames_only:
        bits.take(1)
    bits.take(1)
    height = units * (2 - frames_only)
    if bits.take(1):
        left, right, top, bottom = (bits.number() for _ in range(4))
        # Table 6-1: chroma samples per luma sample; monochrome and separate planes crop in luma samples
        across = 2 if chroma in (1, 2) and not separate else 1
        down = (2 if chroma == 1 and not separate else 1) * (2 - frames_only)
        width, height = width - across * (left + right), height - down * (top + bottom)
    return _checked(width, height)


def _skip_scaling(bits: _Bits, lists: int) -> None:
    for index in range(lists):
        if not bits.take(1):
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.signed() + 256) % 256
            last = following or last


def _size_hevc(bits: _Bits) -> tuple[int, int]:
    bits.take(4)
    sub_layers = bits.take(3)
    bits.take(1)
    bits.take(88), bits.take(8)  # general profile, level
    present = [(bits.take(1), bits.take(1)) for _ in range(sub_layers)]
    if sub_layers:
        bits.take(2 * (8 - sub_layers))
    for has_profile, has_level in present:
        bits.take(88 * has_profile), bits.take(8 * has_level)
    bits.number()  # id
    chroma = bits.number()
    if chroma == 3:
        bits.take(1)
    width, height = bits.number(), bits.number()
    if bits.take(1):
        left, right, top, bottom = (bits.number() for _ in range(4))
        across, down = (2 if chroma in (1, 2) else 1), (2 if chroma == 1 else 1)
        width, height = width - across * (left + right), height - down * (top + bottom)
    return _checked(width, height)


def _checked(width: int, height: int) -> tuple[int, int]:
    if not (16 <= width <= 65_536 and 16 <= height <= 65_536):
        raise ValueError("impossible size")
    return width, height
