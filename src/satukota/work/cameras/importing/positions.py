"""Degrees as people write them: decimal with comma or point, degrees-minutes, degrees-minutes-seconds, U S LU BT."""

import math
import re
from typing import Literal

from django.utils.translation import gettext as _

from .cells import Cell, number, shown, text_of

Axis = Literal["lat", "lon"]

# hemisphere → (axis, sign); LU lintang utara, LS lintang selatan, BT bujur timur, BB bujur barat
_HEMISPHERES: dict[str, tuple[Axis, int]] = {
    "lu": ("lat", 1), "u": ("lat", 1), "n": ("lat", 1), "utara": ("lat", 1), "lintang utara": ("lat", 1),
    "ls": ("lat", -1), "s": ("lat", -1), "selatan": ("lat", -1), "lintang selatan": ("lat", -1),
    "bt": ("lon", 1), "t": ("lon", 1), "e": ("lon", 1), "timur": ("lon", 1), "bujur timur": ("lon", 1),
    "bb": ("lon", -1), "b": ("lon", -1), "w": ("lon", -1), "barat": ("lon", -1), "bujur barat": ("lon", -1),
}  # fmt: skip
_WORD = "|".join(sorted(_HEMISPHERES, key=len, reverse=True))
_DECIMAL = r"[0-9]{1,12}(?:[.,][0-9]{1,15})?"
_D, _M, _S = r"(?:°|º|˚|derajat|d|:)", r"(?:'|menit|m|:)", r"(?:\"|''|detik|s)"
_PARTS = re.compile(
    rf"(?P<before>{_WORD})?\s*(?P<sign>[+-])?\s*(?P<d>{_DECIMAL})"
    rf"(?:(?:\s*{_D}\s*|\s+)(?P<m>{_DECIMAL})(?:(?:\s*{_M}\s*|\s+)(?P<s>{_DECIMAL})\s*{_S}?|\s*{_M}?)|\s*{_D}?)"
    rf"\s*(?P<after>{_WORD})?"
)
_MARKS = str.maketrans({"’": "'", "′": "'", "‘": "'", "`": "'", "´": "'", "”": '"', "″": '"', "“": '"', "−": "-"})
_PAIR = re.compile(r"\s*;\s*|\s*,\s+|(?<=[a-z°'\"])\s*,\s*|(?<=\d)\s*,\s*(?=\d+\.)|(?<=\d)\s+(?=[+-]?\d+[.,]\d{3,}$)")
FARTHEST = 180  # for a latitude too: between 90 and 180 the two are swapped, which limits.position_problem says


def degrees(cell: Cell, axis: Axis) -> float:
    """The cell in decimal degrees. Raises ValueError with a sentence."""
    if not isinstance(cell, str):
        return _within(number(cell))
    written = " ".join(text_of(cell).translate(_MARKS).lower().split())
    try:
        return _within(number(written.removesuffix("°")))
    except ValueError:
        if written.lstrip("+-") in ("nan", "inf", "infinity"):
            raise
    match = _PARTS.fullmatch(written)
    if match is None or len(written) > 60:
        raise ValueError(_("“%s” tidak terbaca sebagai derajat; contoh 0,1328 atau 0°7'58\" U") % shown(cell))
    return _within(_value(match, axis, shown(cell)))


def _value(match: re.Match[str], axis: Axis, quoted: str) -> float:
    minutes, seconds = match["m"], match["s"]
    if any(_is_broken(part) for part in (match["d"] if minutes else None, minutes if seconds else None)):
        raise ValueError(_("“%s”: hanya bagian terakhir yang boleh berkoma") % quoted)
    d, m, s = (_float(part) for part in (match["d"], minutes, seconds))
    if m >= 60 or s >= 60:
        raise ValueError(_("“%s”: menit dan detik harus kurang dari 60") % quoted)
    named = [word for word in (match["before"], match["after"]) if word]
    if len(named) > 1 or (named and match["sign"]):
        raise ValueError(_("“%s”: arah disebut dua kali") % quoted)
    sign = -1 if match["sign"] == "-" else 1
    if named:
        of, sign = _HEMISPHERES[named[0]]
        if of != axis:
            raise ValueError(
                (_("“%s” adalah bujur; tertukar?") if axis == "lat" else _("“%s” adalah lintang; tertukar?")) % quoted
            )
    return sign * (d + m / 60 + s / 3600)


def pair(cell: Cell) -> tuple[str, str]:
    """A cell with both, latitude first: "0,1328; 117,48", "0.1328, 117.48". Raises ValueError."""
    parts = [part for part in _PAIR.split(text_of(cell).translate(_MARKS).lower()) if part]
    if len(parts) != 2:
        raise ValueError(_("“%s” belum terbaca; tulis lintang; bujur, misalnya 0,1328; 117,48") % shown(cell))
    return parts[0], parts[1]


def _is_broken(part: str | None) -> bool:
    return part is not None and not part.isdigit()


def _float(part: str | None) -> float:
    return float(part.replace(",", ".")) if part else 0.0


def _within(value: float) -> float:
    if not math.isfinite(value) or abs(value) > FARTHEST:
        raise ValueError(_("paling jauh %d derajat; tanda desimalnya hilang?") % FARTHEST)
    return value
