"""Writes: ground from a file takes the place of what was there, whole or not at all; kinds of demand are decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.errors import UserError
from satukota.city import access

from .kinds import PURPOSES, kinds_on
from .models import Building, DemandKind, DemandPlace, GroundSource, Obstacle, Street, Structure, Terrain

CHUNK = 2000  # rows in memory and in one statement
LARGEST_WEIGHT = 10_000.0
LAYERS: dict[str, type[models.Model]] = {
    "buildings": Building, "streets": Street, "structures": Structure, "places": DemandPlace, "obstacles": Obstacle,
    "terrain": Terrain,
}  # fmt: skip
# What a source of each kind takes the place of. A file of buildings or poles is better than OSM's, whichever came last.
TAKES = {
    GroundSource.Kind.OSM: ("buildings", "streets", "structures", "places"),
    GroundSource.Kind.BUILDINGS: ("buildings",),
    GroundSource.Kind.POLES: ("structures",),
    GroundSource.Kind.PLACES: ("places",),
    GroundSource.Kind.OBSTACLES: ("obstacles",),
    GroundSource.Kind.TERRAIN: ("terrain",),
    GroundSource.Kind.SAMPLE: ("buildings", "streets", "structures", "places"),
}
Rows = Iterable[models.Model]


@dataclass
class Origin:
    """Where ground came from, as its source row tells it."""

    file_name: str
    sha256: str
    licence: str = ""
    attribution: str = ""
    report: dict[str, Any] = field(default_factory=dict)
    is_sample: bool = False


@transaction.atomic
def replace(
    kind: str, layers: dict[str, Rows], origin: Origin, *, by: Any, at: datetime
) -> tuple[GroundSource, dict[str, int]]:
    """Store the rows of each layer (without a source yet) in place of those of the former source of this kind.

    Returns the new source and how many rows of each layer. The sample city's rows give way to any real ones; OSM's
    buildings and poles give way to a file of their own.
    """
    if by is not None:
        access.require(by, "ground.import")
    GroundSource.objects.select_for_update().filter(is_current=True).count()  # one import at a time
    former = GroundSource.objects.filter(kind=kind, is_current=True)
    for model in LAYERS.values():
        model._default_manager.filter(source__in=former).delete()
    former.update(is_current=False)
    source = GroundSource.objects.create(
        kind=kind, file_name=origin.file_name[-200:], sha256=origin.sha256, licence=origin.licence[:120],
        attribution=origin.attribution[:200], taken_at=at, taken_by=by, is_sample=origin.is_sample,
    )  # fmt: skip
    stored = {name: _store(source, rows) for name, rows in layers.items()}
    for name in stored:
        _give_way(name, kind)
    _end_empty(source)
    source.report = origin.report
    source.save(update_fields=["report"])
    audit.record("ground.imported", on=source, by=by, at=at, after={"sha256": origin.sha256, **stored})
    return source, stored


def _store(source: GroundSource, rows: Rows) -> int:
    count = 0
    for chunk in _chunks(rows):
        for row in chunk:
            row.source = source
        type(chunk[0])._default_manager.bulk_create(chunk)
        count += len(chunk)
    return count


def _chunks(rows: Rows) -> Iterator[list[models.Model]]:
    coming = iter(rows)
    while chunk := list(islice(coming, CHUNK)):
        yield chunk


def _give_way(layer: str, kind: str) -> None:
    """Delete the rows of a layer that what was just stored takes the place of. Junctions stay with their streets."""
    rows = LAYERS[layer]._default_manager.all()
    older = [GroundSource.Kind.SAMPLE]
    if kind in (GroundSource.Kind.BUILDINGS, GroundSource.Kind.POLES):
        older.append(GroundSource.Kind.OSM)
    if kind != GroundSource.Kind.SAMPLE:
        rows = rows.filter(source__kind__in=older).exclude(source__kind=kind)
        if kind == GroundSource.Kind.POLES:
            rows = rows.exclude(kind=Structure.Kind.JUNCTION)
        rows.delete()


def _end_empty(newest: GroundSource) -> None:
    """A source none of whose rows are left is history."""
    for source in GroundSource.objects.filter(is_current=True).exclude(pk=newest.pk):
        if not any(model._default_manager.filter(source=source).exists() for model in LAYERS.values()):
            GroundSource.objects.filter(pk=source.pk).update(is_current=False)


def has_own(layer: str) -> bool:
    """Whether a file of its own gives this layer, so that OSM's is left out."""
    kind = {"buildings": GroundSource.Kind.BUILDINGS, "poles": GroundSource.Kind.POLES}[layer]
    return GroundSource.objects.filter(kind=kind, is_current=True).exists()


@transaction.atomic
def decide_kind(
    code: str, *, weight: float, purpose: str, source: str, by: Any, at: datetime
) -> DemandKind:  # fmt: skip
    """What a kind of demand weighs, and how sharply it should be seen, from today on.

    Raises UserError in words for weights nobody can mean; NotAllowed.
    """
    if by is not None:
        access.require(by, "ground.import")
    today = clock.local(at).date()
    kinds = {kind.code: kind for kind in kinds_on(today)}
    if code not in kinds:
        raise UserError(_("Jenis kebutuhan ini tidak ada."), fix=_("Pilih dari daftar."))
    _refuse_weight(weight)
    if purpose not in PURPOSES:
        raise UserError(_("Ketajaman ini tidak dikenal."), fix=_("Pilih dari daftar."))
    if not source.strip():
        raise UserError(_("Sebutkan dasar bobot ini."), fix=_("Tulis siapa yang menetapkan atau dari mana angkanya."))
    if weight == 0 and not any(kind.weight > 0 for kind in kinds.values() if kind.code != code):
        raise UserError(_("Semua bobot akan menjadi nol: tidak ada yang perlu dilihat."), fix=_("Sisakan satu bobot."))
    was = kinds[code]
    row, _new = DemandKind.objects.update_or_create(
        code=code, valid_from=today,
        defaults={"name": was.name, "basis": was.basis, "classes": list(was.classes), "purpose": purpose,
                  "weight": weight, "source": source.strip()[:200]},
    )  # fmt: skip
    audit.record(
        "ground.kind_decided", on=row, by=by, at=at, before={"weight": was.weight, "purpose": was.purpose},
        after={"weight": weight, "purpose": purpose}, why=source,
    )  # fmt: skip
    return row


def _refuse_weight(weight: float) -> None:
    if not weight >= 0:  # also what is not a number
        raise UserError(_("Bobot tidak boleh negatif."), fix=_("Isi nol bila jenis ini tidak dihitung."))
    if weight > LARGEST_WEIGHT:
        raise UserError(
            _("Bobot paling besar %(most)d.") % {"most": LARGEST_WEIGHT}, fix=_("Isi angka yang lebih kecil.")
        )
