"""What one cell means. Every function raises ValueError with a sentence in Indonesian for the person who typed it."""

import re
import unicodedata
from datetime import date, datetime

from django.utils.translation import gettext as _

Cell = str | int | float | bool | date | datetime | None

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")
_BLANK = {"", "-", "–", "—", "n/a", "#n/a"}
_FORMULA_FAILED = re.compile(r"#(?:REF|VALUE|NAME|DIV/0|NUM|NULL|GETTING_DATA)[!?]?", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d+)?|[.,]\d+)", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?|[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
LARGEST = 10**18  # no figure of a camera comes near
LONGEST_SHOWN = 40


def text_of(cell: Cell) -> str:
    """The cell as one line of text without what cannot be seen; whole floats of a spreadsheet without ".0"."""
    if cell is None:
        return ""
    if isinstance(cell, str) and cell.isascii() and cell.isprintable():  # nearly every cell: nothing to look for
        return " ".join(cell.split())
    if isinstance(cell, bool):
        return "ya" if cell else "tidak"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date | int):
        return str(cell)
    text = unicodedata.normalize("NFC", str(cell)).replace("\xa0", " ")
    return " ".join(_CONTROL.sub(" ", text).split())


def is_blank(cell: Cell) -> bool:
    """Empty, or what people write for empty."""
    return cell is None or (isinstance(cell, str) and text_of(cell).lower() in _BLANK)


def shown(cell: Cell) -> str:
    """The cell as a complaint quotes it."""
    text = text_of(cell)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"


def text(cell: Cell, longest: int) -> str:
    found = text_of(cell)
    if _FORMULA_FAILED.fullmatch(found):
        raise ValueError(_("rumus di sel ini gagal (%s); isi nilainya") % found)
    if len(found) > longest:
        raise ValueError(_("terlalu panjang: %(n)d huruf, paling banyak %(most)d") % {"n": len(found), "most": longest})
    # an apostrophe that an export put before a text a spreadsheet would run
    return found[1:] if found.startswith(("'=", "'+", "'-", "'@")) else found


def number(cell: Cell) -> float:
    """A number written with decimal comma or point. Raises ValueError, also for NaN and infinity."""
    if isinstance(cell, bool):
        raise ValueError(_("“%s” bukan angka") % shown(cell))
    if isinstance(cell, int | float):
        if not -LARGEST < cell < LARGEST:  # false for NaN too
            raise ValueError(_("bukan angka biasa"))
        return float(cell)
    if isinstance(cell, date | datetime):
        raise ValueError(_("terbaca sebagai tanggal (%s); ubah format selnya menjadi angka") % shown(cell))
    found = text_of(cell).lower().removesuffix("°").removesuffix("derajat").removesuffix("px").removesuffix("m")
    found = found.replace("−", "-").strip()
    if _FORMULA_FAILED.fullmatch(text_of(cell)):
        raise ValueError(_("rumus di sel ini gagal (%s); isi nilainya") % shown(cell))
    if found.lstrip("+-") in ("nan", "inf", "infinity", "tak hingga", "∞"):
        raise ValueError(_("bukan angka biasa"))
    if not _NUMBER.fullmatch(found) or len(found) > 30:
        raise ValueError(_("“%s” bukan angka") % shown(cell))
    return float(found.replace(",", "."))


def whole(cell: Cell) -> int:
    value = number(cell)
    if not value.is_integer():
        raise ValueError(_("“%s” harus bilangan bulat") % shown(cell))
    return int(value)


def rupiah(cell: Cell) -> int:
    """Rp50.000.000,00 → 50000000; dots between thousands."""
    if not isinstance(cell, str):
        return whole(cell)
    found = re.sub(r"^rp\.?\s*", "", text_of(cell).lower()).removesuffix(",-").strip()
    if _GROUPED.fullmatch(found):
        comma_last = found.rfind(",") > found.rfind(".")
        if "." in found and "," in found:
            found = found.replace(".", "").replace(",", ".") if comma_last else found.replace(",", "")
        else:
            found = found.replace(".", "").replace(",", "")
    return whole(found)


_YES = {"ya", "y", "yes", "true", "1", "ada", "benar", "terpasang", "publik"}
_NO = {"tidak", "t", "no", "n", "false", "0", "belum", "salah", "tdk"}


def yes_no(cell: Cell) -> bool:
    word = text_of(cell).lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError(_("“%s” bukan ya atau tidak") % shown(cell))


def day(cell: Cell) -> date:
    """A date as a spreadsheet keeps it, 2026-04-30 or 30/04/2026 (day first)."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    found = text_of(cell)
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y-%m-%d %H:%M:%S"):
        try:
            return datetime.strptime(found, form).date()
        except ValueError:
            continue
    raise ValueError(_("“%s” bukan tanggal; tulis seperti 30/04/2026") % shown(cell))
