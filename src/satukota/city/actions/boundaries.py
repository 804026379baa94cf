"""Real boundaries in place of the schematic areas."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.errors import UserError

from .. import access, areas, boundaries, queries
from ..models import Kelurahan, Kota, Place


@dataclass
class BoundaryReport:
    source: str
    taken: list[str] = field(default_factory=list)  # codes
    mended: list[str] = field(default_factory=list)  # of those taken: repaired on the way
    refused: list[boundaries.Refused] = field(default_factory=list)
    elsewhere: int = 0  # features of other cities, not looked at
    other_levels: int = 0  # kecamatan and the city in the file: made of kelurahan instead
    missing: list[str] = field(default_factory=list)  # kelurahan that keep the area they had
    places_elsewhere: list[str] = field(default_factory=list)  # places that now lie in another kelurahan than noted


@transaction.atomic
def import_boundaries(path: Path, *, source: str = "", by: Any, at: datetime) -> BoundaryReport:
    """Take every usable area of this city from the file; the rest keep theirs. `source` says where the file is from.

    Raises UserError when nothing of the file can be used: then nothing changed.
    """
    if by is not None:
        access.require_everywhere(by, "registers.edit")
    kota = Kota.objects.first()
    if kota is None:
        raise UserError(_("Register kota masih kosong."), fix=_("Muat dahulu profil kota: load_profile bontang."))
    rows = {row.code: row for row in Kelurahan.objects.all()}
    found = boundaries.read_file(path, set(rows), (kota.west, kota.south, kota.east, kota.north))
    report = BoundaryReport(
        source=_source(path, source, at), taken=sorted(found.areas), mended=sorted(found.mended),
        refused=found.refused, elsewhere=found.elsewhere,
        other_levels=found.other_levels, missing=sorted(set(rows) - set(found.areas)),
    )  # fmt: skip
    if not report.taken:
        raise UserError(_("Tidak ada batas yang dapat dipakai."), fix=_why_none(report))
    for code in report.taken:
        _set_area(rows[code], found.areas[code], report.source)
    Kelurahan.objects.bulk_update(
        [rows[code] for code in report.taken], ["area", "area_source", "is_schematic", "lon", "lat"]
    )
    report.places_elsewhere = _places_elsewhere()
    audit.record(
        "city.boundaries_imported", on=kota, by=by, at=at,
        after={"source": report.source, "taken": report.taken, "refused": len(report.refused)},
    )  # fmt: skip
    return report


def _source(path: Path, source: str, at: datetime) -> str:
    """What the map will say, and what tells one import from another."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    return f"{(source or path.name)[:80]} · {digest} · {clock.local(at):%Y-%m-%d %H.%M}"


def _why_none(report: BoundaryReport) -> str:
    if report.refused:
        first = report.refused[0]
        return _("Yang pertama: %(what)s, %(why)s.") % {"what": first.what, "why": first.why}
    return _("Berkas berisi %(n)d wilayah, semuanya kota lain. Periksa kolom kode (Kemendagri, 64.74.xx.xxxx).") % {
        "n": report.elsewhere
    }


def _set_area(row: Kelurahan, shape: Any, source: str) -> None:
    import shapely

    shape = shapely.set_precision(shape, 10**-areas.DECIMALS)  # rounding alone could make it cross itself
    middle = shape.centroid if shape.covers(shape.centroid) else shape.representative_point()
    row.area, row.area_source, row.is_schematic = areas.geojson(shape), source, False
    row.lon, row.lat = round(middle.x, areas.DECIMALS), round(middle.y, areas.DECIMALS)


def _places_elsewhere() -> list[str]:
    places = list(Place.objects.order_by("code"))
    now = queries.kelurahan_of_many([(place.lon, place.lat) for place in places])
    return [place.code for place, area in zip(places, now, strict=True) if area and area.pk != place.kelurahan_id]
