"""XLSX through calamine, opened only after its parts were measured: an archive can claim more than a machine holds."""

import re
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from django.utils.translation import gettext as _

from ..cells import Cell
from . import MAX_ROWS, Table, Unreadable
from .headings import Numbered, rows_under_headings

MAX_PARTS = 2000
MAX_UNPACKED = 400 * 1024 * 1024
MAX_RATIO = 200  # real sheets pack 5 to 30 times
MAX_COLUMNS = 500
_PLACE = re.compile(rb'<(?:\w+:)?c\b[^>]{0,200}?\br="([A-Z]{1,4})(\d{1,8})"')
_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]{0,200}?\br="(\d{1,10})"')


def open_xlsx(content: BinaryIO) -> Table:
    _measure(content)
    content.seek(0)
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        book = CalamineWorkbook.from_filelike(content)
        sheet = book.get_sheet_by_index(_first_visible(book))
    except PasswordError as problem:
        raise Unreadable(_("Berkas XLSX ini bersandi."), fix=_("Simpan ulang tanpa sandi.")) from problem
    except (CalamineError, ValueError, OSError) as problem:
        raise _not_xlsx() from problem
    read_as: dict[str, Any] = {"sheet": sheet.name[:60], "sheets": len(book.sheet_names)}
    return Table("xlsx", read_as, rows_under_headings(_lines(sheet), read_as))


def _first_visible(book: Any) -> int:
    for index, meta in enumerate(book.sheets_metadata):
        if str(meta.visible).endswith("Visible") and str(meta.typ).endswith("WorkSheet"):
            return index
    return 0


def _lines(sheet: Any) -> Iterator[Numbered]:
    first_row = sheet.start[0] if sheet.start else 0
    for offset, cells in enumerate(sheet.iter_rows()):
        yield first_row + offset + 1, [cast(Cell, cell) if cell != "" else None for cell in cells]


def _measure(content: BinaryIO) -> None:
    """Raises Unreadable for an archive that unpacks to too much, or a sheet whose far corner makes a huge grid."""
    content.seek(0)
    try:
        with zipfile.ZipFile(content) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise _too_much()
            if any(part.file_size > 1 << 20 and part.file_size > MAX_RATIO * part.compress_size for part in parts):
                raise _too_much()
            if "[Content_Types].xml" not in archive.namelist():
                raise _not_xlsx()
            for part in parts:
                if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
                    _measure_sheet(archive, part)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as problem:
        raise _not_xlsx() from problem


def _measure_sheet(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    unpacked, tail = 0, b""
    with archive.open(part) as stream:
        while piece := stream.read(1 << 20):
            unpacked += len(piece)
            if unpacked > MAX_UNPACKED:  # the archive's own directory may lie
                raise _too_much()
            seen = tail + piece
            for letters, digits in _PLACE.findall(seen):
                if int(digits) > MAX_ROWS + 1000 or _column(letters) > MAX_COLUMNS:
                    raise _too_wide()
            if any(int(digits) > MAX_ROWS + 1000 for digits in _ROW.findall(seen)):
                raise _too_wide()
            tail = piece[-300:]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _too_much() -> Unreadable:
    return Unreadable(_("Isi berkas XLSX ini terlalu besar untuk dibuka."), fix=_("Simpan lembar kameranya saja."))


def _too_wide() -> Unreadable:
    return Unreadable(
        _("Ada sel yang letaknya terlalu jauh (lebih dari %d baris atau 500 kolom).") % MAX_ROWS,
        fix=_("Hapus baris dan kolom di luar tabel, lalu simpan lagi."),
    )


def _not_xlsx() -> Unreadable:
    return Unreadable(_("Berkas ini bukan XLSX yang utuh."), fix=_("Buka di aplikasinya lalu simpan lagi."))
