"""Real ground from files: read, judged row by row, and stored whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.base.geofiles import files, reading
from satukota.city.models import Kota

from . import actions, footprints, junctions, obstacles, osm
from .kinds import kinds_on
from .models import Building, DemandPlace, GroundSource, Street, Structure
from .report import Report, Taken, tell_table

if TYPE_CHECKING:
    from satukota.base.geofiles.reading import Box, Table

KINDS = GroundSource.Kind
VECTORS = (files.GEOJSON, files.GEOPACKAGE, files.SHAPEFILE)
SAME_PLACE_M = 30.0  # a school as a point and as an area is one
YES = frozenset({"1", "ya", "yes", "y", "true", "ada"})
NO = frozenset({"0", "tidak", "no", "n", "false", "tidak ada"})
POLE_WORDS = {
    Structure.Kind.LAMP: ("lamp", "lampu", "pju", "lampu jalan", "street_lamp"),
    Structure.Kind.SIGNAL: ("signal", "apill", "traffic_signals", "lampu lalu lintas"),
    Structure.Kind.MAST: ("mast", "tower", "menara", "bts"),
}
OSM_LICENCE, OSM_ATTRIBUTION = "ODbL 1.0", "© kontributor OpenStreetMap"


def run(
    kind: str, path: Path, *, name: str = "", licence: str = "", attribution: str = "", by: Any, at: datetime
) -> GroundSource:  # fmt: skip
    """Take a file in. Raises UserError in words when nothing of it can be used: then nothing changed.

    `name` is the file's name when `path` is not called so (an upload).
    """
    taken = examine(kind, path)
    return keep(taken, kind, path, name=name, licence=licence, attribution=attribution, by=by, at=at)


def keep(
    taken: Taken, kind: str, path: Path, *, name: str = "", licence: str = "", attribution: str = "", by: Any,
    at: datetime,
) -> GroundSource:  # fmt: skip
    """Store what `examine` found in that file: reading takes long and holds nobody up, storing is one transaction."""
    if kind == KINDS.OSM:
        licence, attribution = licence or OSM_LICENCE, attribution or OSM_ATTRIBUTION
    origin = actions.Origin(name or path.name, files.sha256_of(path), licence, attribution, taken.report.as_json())
    source, _stored = actions.replace(kind, dict(taken.layers), origin, by=by, at=at)
    return source


def examine(kind: str, path: Path) -> Taken:
    """What `run` would store, without storing it. Raises UserError as it does."""
    box = _box()
    with files.opened(path) as (form, ready, work):
        fits = {KINDS.OSM: (files.OSM,), KINDS.TERRAIN: files.RASTERS}.get(KINDS(kind), VECTORS)
        if form not in fits:
            raise UserError(
                _("Berkas ini berbentuk %(form)s; itu bukan untuk impor ini.") % {"form": form},
                fix=_("Impor ini menerima %(forms)s.") % {"forms": ", ".join(fits)},
            )
        taken = Taken()
        if kind == KINDS.TERRAIN:
            obstacles.read_terrain(ready, form, work, box, taken)
        else:
            READERS[kind](ready, work, box, taken)
    taken.report.taken = {layer: len(rows) for layer, rows in taken.layers.items()}
    if not any(taken.layers.values()):
        raise UserError(_("Tidak ada baris yang dapat dipakai."), fix=_why_none(taken.report))
    return taken


def _box() -> Box:
    kota = Kota.objects.first()
    if kota is None:
        raise UserError(_("Register kota masih kosong."), fix=_("Muat dahulu profil kota: load_profile bontang."))
    return kota.west, kota.south, kota.east, kota.north


def _why_none(report: Report) -> str:
    if report.left_out:
        why, number = report.left_out.most_common(1)[0]
        return _("Kebanyakan (%(n)d): %(why)s.") % {"n": number, "why": why}
    return _("Periksa apakah ini lapisan yang benar.")


def _buildings(ready: Path, work: Path, box: Box, taken: Taken) -> None:
    columns = (*footprints.HEIGHT_NAMES, *footprints.STOREY_NAMES, "building", "fungsi", "jenis")
    table = reading.read(ready, work, columns=columns, box=box)
    tell_table(table, taken.report)
    numbers = [str(n) for n in range(1, len(table.shapes) + 1)]
    taken.layers["buildings"] = list(_building_rows(
        table, numbers, table.column(*footprints.HEIGHT_NAMES), table.column(*footprints.STOREY_NAMES),
        table.column("building", "fungsi", "jenis"), taken.report,
    ))  # fmt: skip
    _tell_heights(taken)


def _building_rows(
    table: Table, keys: Sequence[str], heights: Sequence[Any], storeys: Sequence[Any], uses: Sequence[Any],
    report: Report,
) -> Iterator[Building]:  # fmt: skip
    import shapely

    for one in footprints.outlines(table.shapes, keys, report, square_m=footprints.square_m(table.shapes)):
        height_m, height_from = footprints.height_of(heights[one.row], storeys[one.row])
        yield Building(
            key=keys[one.row][:40], outline=shapely.to_wkb(one.shape), height_m=height_m, height_from=height_from,
            use=str(uses[one.row] or "")[:40],
        )  # fmt: skip


def _tell_heights(taken: Taken) -> None:
    rows = taken.layers.get("buildings", [])
    assumed = sum(row.height_from == Building.HeightFrom.ASSUMED for row in rows)
    if assumed:
        taken.report.notes.append(
            _("Tinggi %(n)d dari %(all)d bangunan tidak diketahui dan diandaikan %(m)g m.")
            % {"n": assumed, "all": len(rows), "m": footprints.ASSUMED_M}
        )


def _poles(ready: Path, work: Path, box: Box, taken: Taken) -> None:
    columns = {
        "kind": ("kind", "jenis", "type"), "code": ("code", "kode", "nomor", "no_tiang", "id"),
        "owner": ("owner", "pemilik", "operator", "instansi"), "power": ("power", "listrik", "has_power"),
        "link": ("link", "jaringan", "fo", "fiber", "has_link"), "height": footprints.HEIGHT_NAMES,
    }  # fmt: skip
    table = reading.read(ready, work, columns=tuple(name for names in columns.values() for name in names), box=box)
    tell_table(table, taken.report)
    cells = {key: table.column(*names) for key, names in columns.items()}
    seen: set[str] = set()
    rows: list[models.Model] = []
    for n, spot in _spots(table, taken.report):
        code = str(cells["code"][n] or "").strip()[:40] or f"T-{n + 1:06}"
        if code in seen:
            taken.report.leave_out(code, _("kodenya sudah dipakai baris sebelumnya"))
            continue
        seen.add(code)
        height = footprints.number(cells["height"][n])
        rows.append(Structure(
            kind=_pole_kind(cells["kind"][n]), code=code, owner=str(cells["owner"][n] or "")[:80],
            has_power=_yes_or_no(cells["power"][n]), has_link=_yes_or_no(cells["link"][n]),
            height_m=height if height and height <= footprints.HIGHEST_M else None, lon=spot[0], lat=spot[1],
        ))  # fmt: skip
    taken.layers["structures"] = rows


def _spots(table: Table, report: Report) -> Iterator[tuple[int, tuple[float, float]]]:
    """Row and (lon, lat) of every point; other shapes are told."""
    import shapely

    for n, (shape, kind) in enumerate(zip(table.shapes, shapely.get_type_id(table.shapes).tolist(), strict=True)):
        if kind == 4 and shapely.get_num_geometries(shape) == 1:
            shape, kind = shapely.get_geometry(shape, 0), 0
        if kind != 0 or shape.is_empty:
            report.leave_out(str(n + 1), _("bukan titik"))
        else:
            yield n, (round(shape.x, 7), round(shape.y, 7))


def _pole_kind(word: Any) -> str:
    asked = str(word or "").strip().lower()
    return str(next((kind for kind, words in POLE_WORDS.items() if asked in words), Structure.Kind.POLE))


def _yes_or_no(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    asked = str("" if value is None else value).strip().lower().removesuffix(".0")
    return True if asked in YES else False if asked in NO else None


def _places(ready: Path, work: Path, box: Box, taken: Taken) -> None:
    columns = ("kind", "jenis", "name", "nama", "times", "jumlah", "kejadian")
    table = reading.read(ready, work, columns=columns, box=box)
    tell_table(table, taken.report)
    known = {word.lower(): kind.code for kind in kinds_on(clock.local(clock.now()).date())
             for word in (kind.code, str(kind.name))}  # fmt: skip
    kinds, names = table.column("kind", "jenis"), table.column("name", "nama")
    often = table.column("times", "jumlah", "kejadian")
    rows: list[models.Model] = []
    for n, (lon, lat) in _spots(table, taken.report):
        kind = known.get(str(kinds[n] or "").strip().lower())
        times = footprints.number(often[n]) if often[n] is not None else 1.0
        if kind is None:
            taken.report.leave_out(str(n + 1), _("jenisnya tidak dikenal"))
        elif times is None or not 0 < times <= actions.LARGEST_WEIGHT:
            taken.report.leave_out(str(n + 1), _("jumlahnya bukan angka di atas nol"))
        else:
            rows.append(DemandPlace(
                key=str(n + 1), kind=kind, name=str(names[n] or "")[:160], times=times, lon=lon, lat=lat
            ))  # fmt: skip
    taken.layers["places"] = rows


def _osm(ready: Path, work: Path, box: Box, taken: Taken) -> None:
    """Layer by layer: an area that cannot be read takes neither streets nor points along."""
    problems = []
    for layer in (_osm_streets, _osm_areas, _osm_points):
        try:
            layer(ready, work, box, taken)
        except UserError as problem:
            if problem.code != reading.BROKEN:
                raise
            problems.append(problem)
            taken.report.notes.append(_("Satu lapisan OSM tidak terbaca: %(why)s") % {"why": problem.text})
    if len(problems) == 3:
        raise problems[0]
    taken.layers["places"] = _once(taken.layers.get("places", []))
    _tell_heights(taken)


def _osm_streets(ready: Path, work: Path, box: Box, taken: Taken) -> None:
    import numpy as np
    import shapely

    table = reading.read(
        ready, work, layer="lines", columns=("osm_id", "name", "highway"), where="highway IS NOT NULL", box=box
    )
    kinds, names = table.column("highway"), table.column("name")
    rows: list[models.Model] = []
    driven = []
    for n, (key, shape) in enumerate(zip(table.column("osm_id"), table.shapes, strict=True)):
        if kinds[n] not in osm.STREETS:
            taken.report.leave_out(f"w{key}", _("bukan jalan yang dilalui (highway=%(kind)s)") % {"kind": kinds[n]})
        elif shape is None or shapely.length(shape) == 0:
            taken.report.leave_out(f"w{key}", _("bentuknya rusak"))
        else:
            line = shapely.to_wkb(shape)
            rows.append(Street(key=f"w{key}", name=str(names[n] or "")[:160], kind=kinds[n], line=line))
            if kinds[n] not in junctions.WALKED:
                driven.append(shape)
    taken.layers["streets"] = rows
    for n, (lon, lat) in enumerate(junctions.of(np.array(driven, object)).tolist(), 1):
        taken.layers.setdefault("structures", []).append(
            Structure(kind=Structure.Kind.JUNCTION, code=f"S-{n:06}", lon=lon, lat=lat)
        )


def _osm_areas(ready: Path, work: Path, box: Box, taken: Taken) -> None:
    import numpy as np
    import shapely

    tags = ("building", *(tag for tag in osm.PLACE_TAGS if tag != "highway"))
    table = reading.read(
        ready, work, layer="multipolygons", columns=("osm_id", "osm_way_id", "name", "other_tags", *tags),
        where=" OR ".join(f"{tag} IS NOT NULL" for tag in tags), box=box,
    )  # fmt: skip
    ways = zip(table.column("osm_way_id"), table.column("osm_id"), strict=True)
    keys = [f"w{way}" if way else f"r{relation}" for way, relation in ways]
    is_place = [osm.first_fit({tag: row for tag, row in zip(tags, cells, strict=True)}, osm.PLACES)
                for cells in zip(*(table.column(tag) for tag in tags), strict=True)]  # fmt: skip
    names = table.column("name")
    found = [n for n, kind in enumerate(is_place) if kind and table.shapes[n] is not None]
    spots = shapely.get_coordinates(shapely.point_on_surface(table.shapes[found])) if found else np.empty((0, 2))
    for n, (lon, lat) in zip(found, spots.tolist(), strict=False):
        _add_place(taken, keys[n], is_place[n], names[n], lon, lat)
    if actions.has_own("buildings"):
        taken.report.notes.append(_("Bangunan OSM tidak diambil: bangunan dari berkas sendiri dipakai."))
        return
    taken.layers["buildings"] = _osm_buildings(table, keys, taken.report)


def _osm_buildings(table: Table, keys: Sequence[str], report: Report) -> list[models.Model]:
    from dataclasses import replace

    uses = table.column("building")
    standing = [n for n, use in enumerate(uses) if use and use != "no"]
    others = [osm.tags(table.column("other_tags")[n] or "") for n in standing]
    chosen = replace(table, shapes=table.shapes[standing])
    return list(_building_rows(
        chosen, [keys[n] for n in standing], [other.get("height") for other in others],
        [other.get("building:levels") for other in others], [uses[n] for n in standing], report,
    ))  # fmt: skip


def _osm_points(ready: Path, work: Path, box: Box, taken: Taken) -> None:
    columns = ("osm_id", "name", "highway", "man_made", "other_tags")
    table = reading.read(ready, work, layer="points", columns=columns, box=box)
    own_poles = actions.has_own("poles")
    rows = zip(*(table.column(name) for name in columns), table.shapes, strict=True)
    for key, name, highway, man_made, other, shape in rows:
        if shape is None:
            continue
        tags = {**osm.tags(other or ""), "highway": highway, "man_made": man_made}
        kind, pole = osm.first_fit(tags, osm.PLACES), osm.first_fit(tags, osm.POLES)
        if kind:
            _add_place(taken, f"n{key}", kind, name, shape.x, shape.y)
        if pole and not own_poles:
            taken.layers.setdefault("structures", []).append(Structure(
                kind=pole, code=f"n{key}", owner=str(tags.get("operator") or "")[:80],
                has_power=True if pole in (Structure.Kind.LAMP, Structure.Kind.SIGNAL) else None,
                lon=round(shape.x, 7), lat=round(shape.y, 7),
            ))  # fmt: skip


def _add_place(taken: Taken, key: str, kind: str, name: Any, lon: float, lat: float) -> None:
    row = DemandPlace(key=key, kind=kind, name=str(name or "")[:160], lon=round(lon, 7), lat=round(lat, 7))
    taken.layers.setdefault("places", []).append(row)


def _once(places: Iterable[models.Model]) -> list[models.Model]:
    """Without a second place of the same kind at the same spot."""
    import numpy as np

    rows: list[Any] = list(places)
    kept: list[models.Model] = []
    for kind in sorted({row.kind for row in rows}):
        same = [row for row in rows if row.kind == kind]
        stays = junctions.apart(np.array([(row.lon, row.lat) for row in same], float), SAME_PLACE_M)
        kept += [row for row, stay in zip(same, stays.tolist(), strict=True) if stay]
    return kept


READERS: dict[Any, Callable[[Path, Path, Box, Taken], None]] = {
    KINDS.OSM: _osm, KINDS.BUILDINGS: _buildings, KINDS.POLES: _poles, KINDS.PLACES: _places,
    KINDS.OBSTACLES: obstacles.read,
}  # fmt: skip
