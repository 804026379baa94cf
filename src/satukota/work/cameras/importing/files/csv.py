"""CSV as offices save it: UTF-8 with or without mark, UTF-16, Windows-1252; semicolons, commas or tabs."""

import codecs
import csv
import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from ..columns import keys_of
from . import Table, Unreadable
from .headings import LOOKED_AT, Numbered, rows_under_headings

SEPARATORS = ";,\t|"
LONGEST_CELL = 20_000
MOST_CELLS = 500


def open_csv(content: BinaryIO) -> Table:
    encoding = _encoding(content)
    content.seek(0)
    reader = io.TextIOWrapper(content, encoding=encoding, newline="")
    start = "".join(reader.readline(LONGEST_CELL * 4) for _line in range(LOOKED_AT))
    if "\x00" in start:
        raise Unreadable(_("Berkas ini bukan teks."), fix=_("Simpan sebagai CSV UTF-8 atau XLSX."))
    separator, skip = _separator(start)
    content.seek(0)
    reader = io.TextIOWrapper(_keep_open(reader), encoding=encoding, newline="")
    read_as: dict[str, Any] = {"encoding": encoding.removesuffix("-sig"), "separator": separator}
    return Table("csv", read_as, rows_under_headings(_lines(reader, separator, skip), read_as))


def _keep_open(reader: io.TextIOWrapper) -> BinaryIO:
    """The bytes under a text reader that is no longer needed; without this it would close them when collected."""
    return reader.detach()  # type: ignore[return-value]


def _encoding(content: BinaryIO) -> str:
    """By byte order mark, else UTF-16 by its zero bytes, else UTF-8 when the whole file is, else Windows-1252."""
    content.seek(0)
    head = content.read(4096)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) >= 8:
        even, odd = head[::2].count(0), head[1::2].count(0)
        if max(even, odd) > len(head) // 4:
            return "utf-16-be" if even > odd else "utf-16-le"
    decoder = codecs.getincrementaldecoder("utf-8")()
    content.seek(0)
    try:
        while piece := content.read(1 << 20):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _separator(start: str) -> tuple[str, int]:
    """(separator, lines to skip): as the first line says ("sep=;"), else the one that makes the most known headings."""
    first = start.split("\n", 1)[0].strip().strip('"').lower()
    if first.startswith("sep=") and len(first) == 5 and first[4] in SEPARATORS:
        return first[4], 1
    if first.rstrip() == "sep=":
        return "\t", 1

    def known(separator: str) -> tuple[int, int]:
        rows = list(csv.reader(io.StringIO(start), delimiter=separator))[:LOOKED_AT]
        return max((sum(key is not None for key in keys_of(row)) for row in rows), default=0), start.count(separator)

    return max(SEPARATORS, key=known), 0


def _lines(reader: io.TextIOWrapper, separator: str, skip: int) -> Iterator[Numbered]:
    csv.field_size_limit(LONGEST_CELL)
    rows = csv.reader(reader, delimiter=separator)
    before = 0
    try:
        for cells in rows:
            number, before = before + 1, rows.line_num
            if number <= skip:
                continue
            if any("\x00" in cell for cell in cells):
                raise Unreadable(
                    _("Baris %d memuat tanda yang bukan teks.") % number, fix=_("Simpan ulang sebagai CSV UTF-8.")
                )
            if len(cells) > MOST_CELLS:
                raise Unreadable(_("Baris %d punya lebih dari 500 kolom.") % number, fix=_("Periksa tanda pemisahnya."))
            yield number, cells
    except csv.Error as problem:
        raise Unreadable(
            _("Baris %d tidak terbaca: satu sel terlalu panjang atau tanda kutipnya tidak ditutup.") % (before + 1),
            fix=_("Perbaiki tanda kutip di sekitar baris itu."),
        ) from problem
    except UnicodeDecodeError as problem:
        raise Unreadable(
            _("Setelah baris %d ada huruf yang tidak terbaca.") % before, fix=_("Simpan ulang sebagai CSV UTF-8.")
        ) from problem
