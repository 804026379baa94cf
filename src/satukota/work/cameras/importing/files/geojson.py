"""GeoJSON feature by feature (RFC 7946: WGS 84, longitude first), without holding the file in memory."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from ..cells import Cell
from ..columns import SILENT, folded, key_of
from . import MAX_ROWS, RawRow, Table, Unreadable, too_many_rows

_FEATURES = re.compile(r'"features"\s*:\s*\[')
_GAP = re.compile(r"\s*,?\s*")
PIECE = 1 << 16
LONGEST_FEATURE = 1 << 20
_WGS84 = re.compile(r"(CRS84|EPSG:{1,2}(?:[\d.]*:)?4326|WGS ?84)\s*$", re.IGNORECASE)


def open_geojson(content: BinaryIO) -> Table:
    read_as: dict[str, Any] = {"encoding": "utf-8", "columns": [], "ignored": []}
    return Table("geojson", read_as, _rows(content, read_as))


def _rows(content: BinaryIO, read_as: dict[str, Any]) -> Iterator[RawRow]:
    number = 0
    for number, feature in enumerate(_features(content), 1):
        if number > MAX_ROWS:
            raise too_many_rows()
        yield _row(number, feature, read_as)
    if number == 0:
        raise Unreadable(_("GeoJSON ini tidak berisi titik satu pun."), fix=_("Pilih berkas yang berisi kamera."))


def _row(number: int, feature: Any, read_as: dict[str, Any]) -> RawRow:
    row = RawRow(number, {})
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        row.problems.append(_("bagian ini bukan Feature"))
        return row
    properties = feature.get("properties")
    for name, value in (properties if isinstance(properties, dict) else {}).items():
        name = _whole(name)
        key = key_of(name)
        if key is None:
            if folded(name) not in SILENT and len(read_as["ignored"]) < 40 and name[:60] not in read_as["ignored"]:
                read_as["ignored"].append(name[:60])
        elif key not in row.cells:
            row.cells[key] = value if isinstance(value, int | float | bool) or value is None else _whole(str(value))
    lon, lat = _position(feature.get("geometry"), row.problems)
    if lon is not None:
        row.cells |= {"lon": lon, "lat": lat}
        row.cells.pop("position", None)
    read_as["columns"] = list(dict.fromkeys([*read_as["columns"], *row.cells]))
    return row


def _whole(text: str) -> str:
    """Without the halves of letters that JSON can spell (\\ud800) and no database can hold."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _position(geometry: Any, problems: list[str]) -> tuple[Cell, Cell]:
    """(lon, lat) of a point; height is left out. Other shapes are complained about, never reduced to a point."""
    if geometry is None:
        return None, None
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    where = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if kind == "MultiPoint" and isinstance(where, list) and len(where) == 1:
        kind, where = "Point", where[0]
    if kind != "Point":
        problems.append(_("bentuknya %s; satu kamera harus satu titik (Point)") % str(kind)[:30])
        return None, None
    if isinstance(where, list) and 2 <= len(where) <= 4 and all(_is_number(part) for part in where):
        return where[0], where[1]
    problems.append(_("koordinatnya harus dua angka: bujur lalu lintang"))
    return None, None


def _is_number(part: Any) -> bool:
    return isinstance(part, int | float) and not isinstance(part, bool)


def _features(content: BinaryIO) -> Iterator[Any]:
    """Each feature as it comes; what stands around them is checked before the first and after the last."""
    decoder = json.JSONDecoder()
    text = io.TextIOWrapper(content, encoding="utf-8-sig")
    try:
        before, buffer = _to_features(text)
        while True:
            buffer = buffer[_GAP.match(buffer).end() :]  # type: ignore[union-attr]
            if not buffer or (buffer[0] != "]" and not _may_be_whole(buffer)):
                more = text.read(PIECE)
                if not more:
                    raise _broken()
                buffer += more
                continue
            if buffer[0] == "]":
                break
            try:
                feature, end = decoder.raw_decode(buffer)
            except ValueError:  # not whole yet, or broken
                more = text.read(PIECE)
                if not more or len(buffer) > LONGEST_FEATURE:
                    raise _broken() from None
                buffer += more
                continue
            yield feature
            buffer = buffer[end:]
        _check_around(before, buffer + text.read(LONGEST_FEATURE))
    except UnicodeDecodeError as problem:
        raise Unreadable(
            _("GeoJSON harus ditulis dalam UTF-8."), fix=_("Ekspor ulang dari aplikasi petanya.")
        ) from problem
    except RecursionError as problem:
        raise _broken() from problem


def _may_be_whole(buffer: str) -> bool:
    return "}" in buffer


def _to_features(text: Any) -> tuple[str, str]:
    """(everything up to the array of features, the start of the array)."""
    buffer = ""
    while (found := _FEATURES.search(buffer)) is None:
        more = text.read(PIECE)
        if not more or len(buffer) > LONGEST_FEATURE:
            raise Unreadable(
                _("Berkas JSON ini bukan kumpulan titik (FeatureCollection)."),
                fix=_("Ekspor sebagai GeoJSON dari peta."),
            )
        buffer += more
    return buffer[: found.end()], buffer[found.end() :]


def _check_around(before: str, after: str) -> None:
    try:
        whole = json.loads(before + after)
    except (ValueError, RecursionError):
        raise _broken() from None
    if not isinstance(whole, dict) or whole.get("type") != "FeatureCollection":
        raise Unreadable(_("Berkas JSON ini bukan FeatureCollection."), fix=_("Ekspor sebagai GeoJSON dari peta."))
    crs = whole.get("crs")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if crs is not None and not _WGS84.search(str(name)):
        raise Unreadable(
            _("GeoJSON ini memakai sistem koordinat lain (crs)."), fix=_("Ekspor ulang dalam WGS 84 (EPSG:4326).")
        )


def _broken() -> Unreadable:
    return Unreadable(_("GeoJSON ini rusak atau terpotong."), fix=_("Ekspor ulang dari aplikasi petanya."))
