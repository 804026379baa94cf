"""Where a turning camera looks, as people write it: a line per direction, "Simpang utara: arah 45, sudut 60, 40 %"."""

import re
from typing import Any

from django.utils.translation import gettext as _

from .limits import LIMITS

# {"name", "bearing_deg", "fov_deg", "tilt_deg" (None: not known), "share" (of the time, above 0 to 1)}
Preset = dict[str, Any]

MOST = 16
_NUMBER = r"(-?\d+(?:[.,]\d+)?)"
_PARTS = {
    "bearing_deg": re.compile(rf"\barah\s*{_NUMBER}\s*°?", re.IGNORECASE),
    "fov_deg": re.compile(rf"\bsudut\s*{_NUMBER}\s*°?", re.IGNORECASE),
    "tilt_deg": re.compile(rf"\btunduk\s*{_NUMBER}\s*°?", re.IGNORECASE),
    "share": re.compile(rf"{_NUMBER}\s*%"),
}
_NEEDED = ("bearing_deg", "fov_deg", "share")


def parse_presets(text: str) -> list[Preset]:
    """In the order written; [] for an empty text. Raises ValueError with a sentence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST:
        raise ValueError(_("Paling banyak %(most)d arah.") % {"most": MOST})
    found = [_read(line) for line in lines]
    if sum(round(preset["share"] * 1000) for preset in found) > 1000:
        raise ValueError(_("Bagian waktu semua arah bersama-sama paling banyak 100 %."))
    return found


def presets_text(presets: list[Preset]) -> str:
    """What `parse_presets` reads back as the same directions."""
    lines = []
    for preset in presets:
        tilt = "" if preset["tilt_deg"] is None else f", tunduk {_plain(preset['tilt_deg'])}"
        look = f"arah {_plain(preset['bearing_deg'])}, sudut {_plain(preset['fov_deg'])}{tilt}"
        lines.append(f"{preset['name']}: {look}, {_plain(preset['share'] * 100)} %")
    return "\n".join(lines)


def _read(line: str) -> Preset:
    name, colon, told = line.partition(":")
    found = {key: part.search(told) for key, part in _PARTS.items()}
    if not colon or not name.strip() or any(found[key] is None for key in _NEEDED):
        raise ValueError(_("“%(line)s” belum terbaca. Contoh: %(example)s") % {"line": line[:60], "example": EXAMPLE})
    said: Preset = {"name": name.strip()[:60]}
    for key, part in found.items():
        said[key] = float(part[1].replace(",", ".")) if part else None
    said["share"] = round(said["share"] / 100, 6)
    _refuse(said, line)
    return said


def _refuse(said: Preset, line: str) -> None:
    for key in ("bearing_deg", "fov_deg", "tilt_deg"):
        problem = LIMITS[key].problem(said[key]) if said[key] is not None else ""
        if problem:
            raise ValueError(f"“{line[:60]}”: {problem}")
    if not 0 < said["share"] <= 1:
        raise ValueError(_("“%(line)s”: bagian waktu lebih dari 0 dan paling banyak 100 %%.") % {"line": line[:60]})


def _plain(number: float) -> str:
    """40.0 → 40, 12.5 → 12,5."""
    return f"{round(number, 4):.4f}".rstrip("0").rstrip(".").replace(".", ",")


EXAMPLE = "Simpang utara: arah 45, sudut 60, tunduk 10, 40 %"
