"""Reading CSV, XLSX and GeoJSON as rows of cells by column key, one at a time, in bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from satukota.base.errors import UserError

from ..cells import Cell

MAX_BYTES = 64 * 1024 * 1024
MAX_ROWS = 250_000


class Unreadable(UserError):
    """The file as a whole cannot be read."""

    code = "berkas_tidak_terbaca"


@dataclass
class RawRow:
    """A row of the file: its number as a spreadsheet counts, its cells by column key, what is odd about its shape."""

    number: int
    cells: dict[str, Cell]
    problems: list[str] = field(default_factory=list)


@dataclass
class Table:
    """An opened file. `read_as` says how it was understood; it is complete once `rows` has run to its end."""

    source: str  # csv, xlsx, geojson
    read_as: dict[str, Any]
    rows: Iterator[RawRow]


def kind_of(head: bytes, size: int) -> str:
    """csv, xlsx or geojson, by the first bytes and not by the name. Raises Unreadable for what is surely no table."""
    if not size:
        raise Unreadable(_("Berkas ini kosong."), fix=_("Pilih berkas yang berisi daftar kamera."))
    if size > MAX_BYTES:
        raise Unreadable(
            _("Berkas ini terlalu besar: paling besar %d MB.") % (MAX_BYTES // 1024 // 1024),
            fix=_("Bagi menjadi beberapa berkas."),
        )
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    _refuse_known(head)
    return "geojson" if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else "csv"


def open_table(content: BinaryIO, size: int) -> Table:
    """The table in the file. Raises Unreadable, also while iterating."""
    from .csv import open_csv
    from .geojson import open_geojson
    from .xlsx import open_xlsx

    content.seek(0)
    kind = kind_of(content.read(4096), size)
    content.seek(0)
    return {"csv": open_csv, "xlsx": open_xlsx, "geojson": open_geojson}[kind](content)


def _refuse_known(head: bytes) -> None:
    """Name what was sent instead of a table, where that is certain."""
    spreadsheet = _("Buka di aplikasinya lalu simpan sebagai XLSX atau CSV.")
    known = {
        b"\xd0\xcf\x11\xe0": (_("Ini berkas Excel lama (XLS) atau XLSX bersandi."), spreadsheet),
        b"%PDF": (_("Ini berkas PDF, bukan tabel."), spreadsheet),
        b"\x1f\x8b": (_("Berkas ini terkompres (gzip)."), _("Buka dahulu kompresinya.")),
        b"\xff\xd8\xff": (_("Ini gambar, bukan tabel."), spreadsheet),
        b"\x89PNG": (_("Ini gambar, bukan tabel."), spreadsheet),
        b"<": (_("Ini berkas HTML atau XML, bukan tabel."), spreadsheet),
    }
    for magic, (text, fix) in known.items():
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(magic):
            raise Unreadable(text, fix=fix)


def too_many_rows() -> Unreadable:
    return Unreadable(_("Berkas ini berisi lebih dari %d baris.") % MAX_ROWS, fix=_("Bagi menjadi beberapa berkas."))
