"""Files an import gives back: the template to fill in, and the refused rows with why, ready to mend and send again."""

import csv
import io
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from django.utils.translation import gettext as _

from satukota.base.exports import safe_cell

from ..models import CameraImport, CameraImportRow
from .columns import BY_KEY, COLUMNS, title_of
from .plan import REFUSED

MOST_COMMENTS = 2000  # cells with a comment balloon; the column of reasons is complete for every row
REASONS = "Catatan impor"  # a heading the import reads over
TEMPLATE_COLUMNS = [column for column in COLUMNS if column.key not in ("position", "size")]


def template_csv() -> bytes:
    """Headings and one example, as spreadsheets in Indonesian open it."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([column.title for column in TEMPLATE_COLUMNS])
    writer.writerow([column.example for column in TEMPLATE_COLUMNS])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def template_xlsx() -> IO[bytes]:
    """A sheet to fill in with an explanation on every heading, and a sheet that explains each column."""
    import xlsxwriter

    content = io.BytesIO()
    book = xlsxwriter.Workbook(content)
    bold, needed = book.add_format({"bold": True}), book.add_format({"bold": True, "bg_color": "#E2F3EE"})
    text = book.add_format({"num_format": "@"})
    sheet, guide = book.add_worksheet("Kamera"), book.add_worksheet("Penjelasan")
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, len(TEMPLATE_COLUMNS) - 1, 18, text)  # as text: nobody's coordinate becomes a date
    guide.set_column(0, 0, 22)
    guide.set_column(1, 2, 70)
    for place, heading in enumerate((_("Kolom"), _("Isi"), _("Nama lain yang dikenali"))):
        guide.write_string(0, place, heading, bold)
    for place, column in enumerate(TEMPLATE_COLUMNS):
        sheet.write_string(0, place, column.title, needed if column.required else bold)
        sheet.write_comment(0, place, str(column.help))
        sheet.write_string(1, place, column.example, text)
        guide.write_string(place + 1, 0, column.title, bold)
        example = _(" Contoh: %s") % column.example if column.example else ""
        guide.write_string(place + 1, 1, str(column.help) + example)
        guide.write_string(place + 1, 2, ", ".join(column.names))
    book.close()
    content.seek(0)
    return content


def refused_xlsx(batch: CameraImport) -> IO[bytes]:
    """Every refused row as it came, without secrets, with its reasons in the first column and on the cells."""
    import xlsxwriter

    content = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    book = xlsxwriter.Workbook(content, {"constant_memory": True})
    sheet = book.add_worksheet("Ditolak")
    bold, wrong = book.add_format({"bold": True}), book.add_format({"bg_color": "#FCE9E7", "num_format": "@"})
    plain = book.add_format({"num_format": "@"})
    keys = _columns(batch)
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 0, 60)
    sheet.set_column(1, len(keys), 18)
    sheet.write_string(0, 0, REASONS, bold)
    for place, key in enumerate(keys, 1):
        sheet.write_string(0, place, title_of(key), bold)
    comments = 0
    for line, row in enumerate(_refused(batch), 1):
        reasons = [complaint for complaint in row.complaints if not complaint["note"]]
        sheet.write_string(line, 0, safe_cell(_reason_text(row.number, reasons))[:32_000])
        at = {complaint["column"]: complaint["text"] for complaint in reasons}
        for place, key in enumerate(keys, 1):
            shown = row.cells.get(key, row.code if key == "code" else "")
            sheet.write_string(line, place, safe_cell(str(shown)), wrong if key in at else plain)
            if key in at and comments < MOST_COMMENTS:
                sheet.write_comment(line, place, at[key][:1000])
                comments += 1
    book.close()
    content.seek(0)
    return content


def _columns(batch: CameraImport) -> list[str]:
    """The file's own columns in their order, with the password as an empty column to fill in again."""
    named = [key for key in batch.read_as.get("columns", []) if key in BY_KEY]
    return named or ["code"]


def _refused(batch: CameraImport) -> Iterator[CameraImportRow]:
    return CameraImportRow.objects.filter(batch=batch, fate=REFUSED).order_by("number").iterator(1000)


def _reason_text(number: int, reasons: list[dict[str, Any]]) -> str:
    parts = [f"{title_of(each['column'])}: {each['text']}" if each["column"] else each["text"] for each in reasons]
    text = _("Baris %d. ") % number + "; ".join(parts)
    return text
