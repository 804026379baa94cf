"""Finding the row of headings: offices put titles above it, leave lines blank and merge headings over two rows."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _

from ..cells import Cell, is_blank, text_of
from ..columns import SILENT, folded, keys_of
from . import MAX_ROWS, RawRow, Unreadable, too_many_rows

LOOKED_AT = 20  # rows from the top in which the headings must be
Numbered = tuple[int, Sequence[Cell]]


def rows_under_headings(lines: Iterator[Numbered], read_as: dict[str, Any]) -> Iterator[RawRow]:
    """The rows below the best heading row; fills in `read_as` columns and ignored. Raises Unreadable."""
    top: list[Numbered] = []
    for line in lines:
        top.append(line)
        if len(top) == LOOKED_AT:
            break
    start, headings, keys = _headings(top)
    read_as["columns"] = [key for key in keys if key]
    read_as["ignored"] = [
        heading[:60] for heading, key in zip(headings, keys, strict=True)
        if heading and key is None and folded(heading) not in SILENT
    ][:40]  # fmt: skip
    return _rows(top[start:], lines, keys)


def _rows(first: list[Numbered], rest: Iterator[Numbered], keys: list[str | None]) -> Iterator[RawRow]:
    count = 0
    for part in (first, rest):
        for number, cells in part:
            if all(is_blank(cell) for cell in cells):
                continue
            count += 1
            if count > MAX_ROWS:
                raise too_many_rows()
            found = {key: cell for key, cell in zip(keys, cells, strict=False) if key}
            row = RawRow(number, found)
            if any(not is_blank(cell) for cell in cells[len(keys) :]):
                row.problems.append(
                    _("baris ini punya %(has)d kolom, kepalanya %(head)d; ada tanda pemisah di dalam sel?")
                    % {"has": len(cells), "head": len(keys)}
                )
            yield row


def _headings(top: list[Numbered]) -> tuple[int, list[str], list[str | None]]:
    """(index of the first row under the headings, headings, keys). Two rows merged into one count as one."""
    best: tuple[int, int, list[str], list[str | None]] | None = None
    for index, (_number, cells) in enumerate(top):
        one = [text_of(cell) for cell in cells]
        candidates = [(index + 1, one)]
        if index + 1 < len(top):
            candidates.append((index + 2, _merged(one, [text_of(cell) for cell in top[index + 1][1]])))
        for under, headings in candidates:
            keys = keys_of(headings)
            known = sum(key is not None for key in keys)
            if best is None or known > best[0]:
                best = known, under, headings, keys
    if best is None:
        raise Unreadable(_("Berkas ini kosong."), fix=_("Pilih berkas yang berisi daftar kamera."))
    known, under, headings, keys = best
    if "code" not in keys:
        raise Unreadable(
            _("Kolom kode tidak ditemukan di %d baris teratas.") % min(LOOKED_AT, len(top)),
            fix=_("Pakai nama kolom seperti di templat: Kode, Nama, Lintang, Bujur."),
        )
    if known == 1 and keys != ["code"]:
        raise Unreadable(
            _("Hanya kolom kode yang dikenali."), fix=_("Pakai nama kolom seperti di templat: Kode, Nama, Lintang, …")
        )
    return under, headings, keys


def _merged(upper: list[str], lower: list[str]) -> list[str]:
    """The lower heading where it says something known, else the upper: Koordinat over Lintang and Bujur."""
    width = max(len(upper), len(lower))
    upper, lower = upper + [""] * (width - len(upper)), lower + [""] * (width - len(lower))
    below = keys_of(lower)
    return [under if key else over for over, under, key in zip(upper, lower, below, strict=True)]
