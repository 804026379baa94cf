"""The rows a list shows, as a file: CSV and XLSX for offices, GeoJSON for maps. One exporter for every list page.

CSV is written for spreadsheets in Indonesian: byte order mark, semicolons, decimal comma. A text that a spreadsheet
would run as a formula gets an apostrophe in front, in CSV and XLSX alike, so that saving it again stays harmless.
"""

import csv
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.db.models import Model, QuerySet
from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext as _

from . import clock
from .audit import actions as audit
from .errors import UserError

MAX_ROWS = 100_000
CELL_MAX = 32_767  # characters a spreadsheet cell can hold
CHUNK = 1_000
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
FORMATS = ("csv", "xlsx", "geojson")
Row = Any  # a model instance, a mapping or any object


@dataclass(frozen=True)
class Column:
    """`of` says where the value is: a path such as "owner.short_name", a function of the row, or empty for `key`."""

    key: str  # name in GeoJSON and in code
    title: str | Promise  # heading on paper; lazy where it is said in the language of who asks
    of: str | Callable[[Row], Any] = ""

    def value(self, row: Row) -> Any:
        if callable(self.of):
            return self.of(row)
        return _follow(row, self.of or self.key)


def table_response(
    request: HttpRequest, name: str, columns: Sequence[Column], rows: QuerySet[Any] | Sequence[Row], fmt: str,
    *, lon: str = "lon", lat: str = "lat",
) -> HttpResponseBase:  # fmt: skip
    """The rows as a file named after `name` and the day. `lon` and `lat` are paths to the position (GeoJSON only).

    Who took which rows away stands on the audit log before the first is given out. Raises UserError for an unknown
    format and for more than MAX_ROWS rows: nothing is cut off unsaid.
    """
    if fmt not in FORMATS:
        raise UserError(
            _("Bentuk berkas “%(fmt)s” tidak dikenal.") % {"fmt": fmt[:20]},
            fix=_("Pilih CSV, XLSX, atau GeoJSON."),
        )
    number = rows.count() if isinstance(rows, QuerySet) else len(rows)
    if number > MAX_ROWS:
        raise UserError(
            _("Daftar ini berisi %(number)d baris; satu berkas paling banyak %(most)d.")
            % {"number": number, "most": MAX_ROWS},
            fix=_("Persempit saringannya lalu unduh lagi."),
        )
    write_down(request, name, fmt, number)
    file_name = f"{slugify(name) or 'daftar'}-{clock.local(clock.now()):%Y%m%d-%H%M}.{fmt}"
    one_by_one = rows.iterator(CHUNK) if isinstance(rows, QuerySet) else iter(rows)
    if fmt == "xlsx":
        return _xlsx(name, file_name, columns, one_by_one)
    if fmt == "geojson":
        return _stream(_geojson(columns, one_by_one, lon, lat), "application/geo+json", file_name)
    return _stream(_csv(columns, one_by_one), "text/csv; charset=utf-8", file_name)


def write_down(request: HttpRequest, name: str, fmt: str, rows: int) -> None:
    """The audit row of a file that is given out: who, which list and filter, how many rows, what for (`keperluan`)."""
    asked = {key: values if len(values) > 1 else values[0] for key, values in request.GET.lists() if any(values)}
    purpose = str(asked.pop("keperluan", ""))
    chosen = {"list": name, "format": fmt, "filter": asked}
    audit.viewed("exports.taken", by=request.user, at=clock.now(), purpose=purpose, rows=rows, chosen=chosen)


def safe_cell(text: object) -> str:
    """The text as no spreadsheet will calculate it."""
    text = str(text)
    return f"'{text}" if text.startswith(DANGEROUS) else text


def _follow(row: Row, path: str) -> Any:
    for part in path.split("."):
        row = row.get(part) if isinstance(row, Mapping) else getattr(row, part, None)
        if row is None:
            return None
    return row


def _stream(parts: Iterator[str], media_type: str, file_name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse((part.encode() for part in parts), content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response


class _Line:
    """A file that gives back what was written to it, so the csv module can write line by line."""

    def write(self, text: str) -> str:
        return text


def _csv(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[str]:
    writer = csv.writer(_Line(), delimiter=";", lineterminator="\r\n")
    yield "\ufeff" + str(writer.writerow([safe_cell(column.title) for column in columns]))
    for row in rows:
        yield str(writer.writerow([_csv_cell(column.value(row)) for column in columns]))


def _csv_cell(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return _words(value)
    if isinstance(value, float | Decimal):
        return format(value).replace(".", ",")
    if isinstance(value, int):
        return str(value)
    return safe_cell(_words(value))


def _words(value: Any) -> str:
    """The value as text; moments in the city's own time."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("ya") if value else _("tidak")
    if isinstance(value, datetime):
        return f"{clock.local(value):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, list | tuple | set):
        return ", ".join(_words(item) for item in value)
    return str(value)


def _xlsx(name: str, file_name: str, columns: Sequence[Column], rows: Iterable[Row]) -> FileResponse:
    import xlsxwriter

    content = tempfile.TemporaryFile()  # noqa: SIM115  (FileResponse closes it)
    book = xlsxwriter.Workbook(content, {"constant_memory": True})
    title = "".join(" " if letter in "[]:*?/\\'" else letter for letter in name)[:31].strip()
    sheet = book.add_worksheet(title or "Daftar")
    sheet.freeze_panes(1, 0)
    heading = book.add_format({"bold": True, "bottom": 1})
    day, moment = (book.add_format({"num_format": form}) for form in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"))
    sheet.set_column(0, max(0, len(columns) - 1), 18)
    for place, column in enumerate(columns):
        sheet.write_string(0, place, safe_cell(column.title), heading)
    for line, row in enumerate(rows, 1):
        for place, column in enumerate(columns):
            _xlsx_cell(sheet, (line, place), column.value(row), day, moment)
    book.close()
    content.seek(0)
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return FileResponse(content, as_attachment=True, filename=file_name, content_type=media_type)


def _xlsx_cell(sheet: Any, spot: tuple[int, int], value: Any, day: Any, moment: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, datetime):
        sheet.write_datetime(*spot, clock.local(value).replace(tzinfo=None), moment)
    elif isinstance(value, date):
        sheet.write_datetime(*spot, datetime(value.year, value.month, value.day), day)
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool) and abs(float(value)) < 1e15:
        sheet.write_number(*spot, value)
    else:
        sheet.write_string(*spot, safe_cell(_words(value))[:CELL_MAX])


def _geojson(columns: Sequence[Column], rows: Iterable[Row], lon: str, lat: str) -> Iterator[str]:
    yield '{"type":"FeatureCollection","features":['
    between = "\n"
    for row in rows:
        x, y = _follow(row, lon), _follow(row, lat)
        feature = {
            "type": "Feature",
            "geometry": None if x is None or y is None else {"type": "Point", "coordinates": [x, y]},
            "properties": {column.key: _json_value(column.value(row)) for column in columns},
        }
        yield between + json.dumps(feature, ensure_ascii=False, allow_nan=False)
        between = ",\n"
    yield "\n]}\n"


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | Promise | Model):
        return str(value)
    if isinstance(value, float) and value != value:
        return None
    return [_json_value(item) for item in value] if isinstance(value, list | tuple | set) else value
