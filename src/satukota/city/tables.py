"""Small tables people bring: CSV as offices save it, or lines pasted from a spreadsheet."""

import csv
import io
from collections.abc import Sequence

from django.utils.translation import gettext as _

from satukota.base.errors import UserError

LONGEST = 1_000_000  # bytes or characters: a thousand kelurahan
MOST_ROWS = 5_000
SEPARATORS = ";,\t|"
Row = tuple[int, dict[str, str]]  # its line in the file and its cells by heading


def read(content: bytes | str, needed: Sequence[str]) -> list[Row]:
    """Rows under a heading line that has every `needed` name, whatever its case. Empty lines are left out.

    Raises UserError in words: not text, too long, a heading missing, a row with too many cells, no row at all.
    """
    text = _text(content)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
    rows: list[Row] = []
    try:
        heading = [cell.strip().casefold() for cell in next(lines, [])]
        _require(heading, needed)
        for cells in lines:
            if any(cell.strip() for cell in cells):
                rows.append((lines.line_num, _row(lines.line_num, heading, cells)))
            if len(rows) > MOST_ROWS:
                raise UserError(_("Lebih dari %d baris.") % MOST_ROWS, fix=_("Bagi menjadi beberapa berkas."))
    except csv.Error as problem:
        raise UserError(
            _("Baris %d tidak terbaca sebagai CSV.") % (lines.line_num + 1), fix=_("Periksa tanda kutipnya.")
        ) from problem
    if not rows:
        raise UserError(_("Tidak ada baris di bawah judul kolom."), fix=_("Isi sedikitnya satu baris."))
    return rows


def _text(content: bytes | str) -> str:
    if len(content) > LONGEST:
        raise UserError(_("Isinya lebih dari 1 MB."), fix=_("Kirim hanya kolom yang diminta."))
    if isinstance(content, str):
        text = content
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", errors="replace")
    if "\x00" in text:
        raise UserError(_("Berkas ini bukan teks."), fix=_("Simpan sebagai CSV UTF-8."))
    return text.strip()


def _separator(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max(SEPARATORS, key=first.count)


def _require(heading: list[str], needed: Sequence[str]) -> None:
    missing = [name for name in needed if name not in heading]
    if missing:
        raise UserError(
            _("Kolom ini tidak ada: %s.") % ", ".join(missing), fix=_("Baris pertama harus berisi judul kolom.")
        )


def _row(number: int, heading: list[str], cells: list[str]) -> dict[str, str]:
    if any(cell.strip() for cell in cells[len(heading) :]):
        raise UserError(_("Baris %d punya sel lebih banyak daripada judul.") % number, fix=_("Periksa tanda pemisah."))
    return {name: cell.strip() for name, cell in zip(heading, cells + [""] * len(heading), strict=False)}
