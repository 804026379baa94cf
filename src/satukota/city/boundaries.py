"""Reading a boundary file: polygons with a kelurahan code each. What cannot be used is said, never guessed.

Only kelurahan are taken. Kecamatan and the city are made of them (`areas.dissolved`), so that the levels agree: files
of the three levels were simplified each for itself and do not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from satukota.base.errors import UserError
from satukota.base.geofiles import files, reading

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

MAX_BYTES = 50 * 1024 * 1024  # all kelurahan of a province in full detail stay below that
MAX_FEATURES = 20_000
MAX_CORNERS = 50_000  # of one area
MAX_COORDINATE = 1e9  # metres or degrees: beyond it is no place on earth, and neither are NaN and infinity
CODE_NAMES = ("kode", "code", "kode_kemendagri", "kd_kel", "kode_kel", "kdepum", "village_code", "adm4_pcode", "id")
WGS84 = re.compile(r"(CRS84|EPSG:{1,2}4326)$", re.IGNORECASE)
MARGIN_DEG = 0.05  # boundaries reach a little beyond the box a city states for itself
Box = tuple[float, float, float, float]  # west, south, east, north


@dataclass(frozen=True)
class Refused:
    what: str  # the code, or which feature of the file
    why: str


@dataclass
class Read:
    """Shapes by kelurahan code, what was mended on the way, and what was left out and why."""

    areas: dict[str, BaseGeometry] = field(default_factory=dict)
    mended: list[str] = field(default_factory=list)
    elsewhere: int = 0  # features of other cities
    other_levels: int = 0  # kecamatan, the city: made of kelurahan, not taken
    refused: list[Refused] = field(default_factory=list)


def read_file(path: Path, codes: set[str], box: Box) -> Read:
    """The areas of `codes` in the file. `box` is the city's own; areas outside it are refused.

    Raises UserError when the file as a whole cannot be used.
    """
    found = Read()
    if _is_json(path):
        features = _features(_json(path))
    else:
        features, found.elsewhere = _rows(path, box)
    for number, feature in enumerate(features, 1):
        _take(found, number, feature, codes, box)
    return found


def _is_json(path: Path) -> bool:
    """Also for what nobody knows: reading it as GeoJSON says what is wrong with it."""
    try:
        with path.open("rb") as content:
            return files.recognised(content.read(4096)) in ("", files.GEOJSON)
    except OSError:
        return True


def _rows(path: Path, box: Box) -> tuple[list[Any], int]:
    """GeoPackage and Shapefile (also zipped): GeoJSON features in degrees near the city, and how many are not.

    Raises UserError.
    """
    import shapely

    with files.opened(path) as (_kind, ready, work):
        table = reading.read(ready, work, columns=CODE_NAMES, box=box)
    features = [
        {"type": "Feature", "properties": {name: _whole(cells[row]) for name, cells in table.columns.items()},
         "geometry": json.loads(shapely.to_geojson(shape)) if shape is not None else None}
        for row, shape in enumerate(table.shapes)
    ]  # fmt: skip
    return features, max(0, table.total - len(features))


def _whole(cell: Any) -> Any:
    """A Shapefile keeps codes as 6474011006.0."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _json(path: Path) -> Any:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise UserError(
                _("Berkas batas terlalu besar: %(mb)d MB, paling besar %(most)d MB.")
                % {"mb": size // 2**20, "most": MAX_BYTES // 2**20},
                fix=_("Simpan hanya kelurahan kota ini, atau sederhanakan garisnya."),
            )
        content = path.read_bytes()
    except OSError as problem:
        raise UserError(
            _("Berkas “%(name)s” tidak dapat dibaca.") % {"name": path.name}, fix=_("Periksa nama dan letak berkas.")
        ) from problem
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise UserError(
            _("Berkas ini halaman web atau XML, bukan GeoJSON."),
            fix=_("Unduh lagi berkas aslinya; sering kali yang tersimpan adalah halaman unduhannya."),
        )
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError, ValueError) as problem:
        raise UserError(
            _("Berkas ini bukan GeoJSON yang utuh."), fix=_("Ekspor ulang sebagai GeoJSON, pengodean UTF-8.")
        ) from problem


def _features(content: Any) -> list[Any]:
    kind = content.get("type") if isinstance(content, dict) else None
    features = [content] if kind == "Feature" else content.get("features") if kind == "FeatureCollection" else None
    if not isinstance(features, list) or not features:
        raise UserError(
            _("Berkas ini tidak berisi daftar wilayah (FeatureCollection)."),
            fix=_("Ekspor lapisan kelurahan sebagai GeoJSON FeatureCollection."),
        )
    if len(features) > MAX_FEATURES:
        raise UserError(
            _("Berkas ini berisi %(number)d wilayah, paling banyak %(most)d.")
            % {"number": len(features), "most": MAX_FEATURES},
            fix=_("Saring dahulu ke kota atau provinsi ini."),
        )
    _refuse_projection(content)
    return features


def _refuse_projection(content: Mapping[str, Any]) -> None:
    """GeoJSON is WGS 84 (RFC 7946); the old `crs` member may say otherwise."""
    crs = content.get("crs")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = str(properties.get("name", "")) if isinstance(properties, dict) else ""
    if name and not WGS84.search(name):
        raise UserError(
            _("Koordinat berkas ini memakai %(crs)s, bukan WGS 84.") % {"crs": name[:60]},
            fix=_("Ekspor ulang dengan sistem koordinat WGS 84 (EPSG:4326)."),
        )


def _take(found: Read, number: int, feature: Any, codes: set[str], box: Box) -> None:
    code = code_of(feature)
    if code is None and _is_higher_level(feature):
        found.other_levels += 1
    elif code is None:
        found.refused.append(Refused(_("wilayah ke-%(n)d") % {"n": number}, _("tidak ada kode kelurahan")))
    elif code not in codes:
        found.elsewhere += 1
    elif code in found.areas:
        found.refused.append(
            Refused(code, _("kode ini sudah ada sebelumnya di berkas yang sama; yang pertama dipakai"))
        )
    else:
        try:
            shape, mended = _shape(feature.get("geometry"), box)
        except _Unusable as problem:
            found.refused.append(Refused(code, str(problem)))
            return
        found.areas[code] = shape
        if mended:
            found.mended.append(code)


def code_of(feature: Any) -> str | None:
    """The Kemendagri code among the properties, with its dots: 6474011001 and "64.74.01.1001" are the same."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        return None
    lowered = {str(key).lower(): value for key, value in properties.items()}
    for name in CODE_NAMES:
        value = lowered.get(name)
        digits = re.sub(r"[.\s]", "", str(value)) if isinstance(value, str | int) else ""
        if re.fullmatch(r"\d{10}", digits):
            return f"{digits[:2]}.{digits[2:4]}.{digits[4:6]}.{digits[6:]}"
    return None


def _is_higher_level(feature: Any) -> bool:
    """Whether it carries the code of a kecamatan, a city or a province."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    values = [value for key, value in (properties or {}).items() if str(key).lower() in CODE_NAMES]
    digits = [re.sub(r"[.\s]", "", str(value)) for value in values if isinstance(value, str | int)]
    return any(re.fullmatch(r"[1-9]\d(\d\d){0,2}", each) for each in digits)


class _Unusable(Exception):
    """Why one feature's geometry was not taken, in a person's words."""


def _shape(geometry: Any, box: Box) -> tuple[BaseGeometry, bool]:
    """The polygon and whether it had to be mended. Raises _Unusable."""
    import shapely

    if not isinstance(geometry, dict) or geometry.get("type") not in ("Polygon", "MultiPolygon"):
        raise _Unusable(_("bukan poligon"))
    corners = list(_corners(geometry.get("coordinates"), 3 if geometry["type"] == "MultiPolygon" else 2))
    if len(corners) > MAX_CORNERS:
        raise _Unusable(_("lebih dari %(most)d titik sudut") % {"most": MAX_CORNERS})
    _refuse_misplaced(corners, box)
    try:
        shape = shapely.force_2d(shapely.geometry.shape(geometry))
    except (ValueError, TypeError, shapely.errors.ShapelyError) as problem:
        raise _Unusable(_("garis batasnya tidak membentuk poligon")) from problem
    mended = not shape.is_valid
    if mended:
        shape = _areas_only(shapely.make_valid(shape))
    if shape.is_empty or shape.area == 0:
        raise _Unusable(_("poligonnya tidak punya luas"))
    return shape, mended


def _corners(coordinates: Any, depth: int) -> Iterator[tuple[float, float]]:
    """Every (lon, lat) of rings nested `depth` deep. Raises _Unusable for anything that is not a number there."""
    if not isinstance(coordinates, list) or not coordinates:
        raise _Unusable(_("koordinatnya kosong atau rusak"))
    if depth:
        for part in coordinates:
            yield from _corners(part, depth - 1)
        return
    spot = coordinates[:2]
    if len(spot) < 2 or any(type(value) not in (int, float) or not abs(value) < MAX_COORDINATE for value in spot):
        raise _Unusable(_("koordinatnya bukan angka"))
    yield float(spot[0]), float(spot[1])


def _refuse_misplaced(corners: list[tuple[float, float]], box: Box) -> None:
    """Raises _Unusable when the area does not touch the city, naming the usual mistakes."""
    if _touches(corners, box):
        return
    if any(abs(x) > 180 or abs(y) > 180 for x, y in corners):
        raise _Unusable(_("koordinatnya dalam meter, bukan derajat; ekspor ulang sebagai WGS 84"))
    if _touches([(y, x) for x, y in corners], box):
        raise _Unusable(_("lintang dan bujur tertukar; GeoJSON menulis bujur dahulu"))
    raise _Unusable(_("letaknya di luar kota ini"))


def _touches(corners: list[tuple[float, float]], box: Box) -> bool:
    """Whether the middle of the corners lies in the box and none of them far from it."""
    west, south, east, north = box
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    middle = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    far = max(east - west, north - south)
    inside = (
        west - MARGIN_DEG <= middle[0] <= east + MARGIN_DEG and south - MARGIN_DEG <= middle[1] <= north + MARGIN_DEG
    )
    return inside and max(max(xs) - min(xs), max(ys) - min(ys)) <= far + 2 * MARGIN_DEG


def _areas_only(shape: BaseGeometry) -> BaseGeometry:
    """The polygons of a mended shape, without the points and lines that mending leaves behind."""
    import shapely

    return shapely.union_all(list(_polygons(shape)))


def _polygons(shape: BaseGeometry) -> Iterator[BaseGeometry]:
    if shape.geom_type == "Polygon":
        yield shape
    for part in getattr(shape, "geoms", ()):
        yield from _polygons(part)
