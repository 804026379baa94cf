"""What a row would do to the register as it is now: new, changed, same, or refused."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models.functions import Upper
from django.utils.translation import gettext as _

from satukota.base import secrets
from satukota.city import queries as city
from satukota.city.models import Opd
from satukota.shared.monitoring.models import Target

from .. import actions
from ..models import Camera, CameraImportRow
from .columns import SECRET
from .rows import TypedRow

NEW, CHANGED, SAME, REFUSED = "new", "changed", "same", "refused"


@dataclass
class Planned:
    """A row with its fate; `camera` is the existing one, with its target."""

    row: TypedRow
    fate: str
    changes: dict[str, list[Any]]  # field → [before, after], as JSON; the password only as a word
    camera: Camera | None = None

    def stored(self, batch_id: int) -> CameraImportRow:
        cells = self.row.shown if self.fate == REFUSED else as_json(self.row.values)
        return CameraImportRow(
            batch_id=batch_id, number=self.row.number, code=self.row.code, fate=self.fate, cells=cells,
            changes=self.changes, complaints=[complaint.as_json() for complaint in self.row.complaints],
            password_sealed=secrets.seal(self.row.password) if self.fate != REFUSED else "",
        )  # fmt: skip


def plan(rows: Sequence[TypedRow], owner: Opd, *, lock: bool = False) -> list[Planned]:
    """The fate of each row, in order. Two or three queries for all of them."""
    existing = _existing(rows, owner, lock=lock)
    planned = [_fate(row, existing.get(row.code.upper()), owner) for row in rows]
    _place_in_kelurahan(planned)
    return planned


def _existing(rows: Iterable[TypedRow], owner: Opd, *, lock: bool) -> dict[str, Target]:
    """Targets whose code is one of the rows' in any spelling of case, by upper case."""
    things = Target.objects.annotate(folded=Upper("code")).filter(folded__in={row.code.upper() for row in rows})
    things = things.select_for_update(of=("self",)) if lock else things
    found = {target.code.upper(): target for target in things}
    cameras = Camera.objects.filter(target__in=[t for t in found.values() if t.owner_id == owner.pk])
    by_target = {camera.pk: camera for camera in cameras}
    for target in found.values():
        camera = by_target.get(target.pk)
        if camera is not None:
            camera.target = target
            target.camera = camera
    return found


def _fate(row: TypedRow, target: Target | None, owner: Opd) -> Planned:
    camera = target.camera if target is not None and "camera" in target._state.fields_cache else None
    if target is not None and (camera is None or target.owner_id != owner.pk):
        # the same words for another office's camera and for a link: what it is is nobody's business here
        row.complain("code", _("“%s” tidak dapat dipakai; pilih kode lain") % row.code)
    elif target is not None and target.code != row.code:
        row.complain("code", _("“%(this)s” sudah ada sebagai %(that)s; samakan tulisannya") % {
            "this": row.code, "that": target.code})  # fmt: skip
    elif target is None and row.code and "name" not in row.values and not _complained(row, "name"):
        row.complain("name", _("belum diisi; wajib untuk kamera baru"))
    if row.is_refused:
        return Planned(row, REFUSED, {})
    if camera is None:
        return Planned(row, NEW, {})
    if camera.target.retired_on:
        row.note("code", _("kamera ini dihentikan; datanya diubah, tetapi tetap tidak diperiksa"))
    changes = {
        name: [as_json(before), as_json(after)]
        for name, (before, after) in actions.differences(camera, row.values).items()
    }
    if row.password and not _is_password(camera, row.password):
        changes[SECRET] = ["", "diganti"]
    return Planned(row, CHANGED if changes else SAME, changes, camera)


def _complained(row: TypedRow, column: str) -> bool:
    return any(complaint.column == column for complaint in row.complaints)


def _is_password(camera: Camera, password: str) -> bool:
    try:
        return secrets.unseal(camera.password_sealed) == password
    except secrets.Unsealable:
        return False


def _place_in_kelurahan(planned: Sequence[Planned]) -> None:
    """New cameras with a position and no kelurahan get the one they stand in, and it is said that we put it there."""
    lost = [each for each in planned if each.fate == NEW and "lon" in each.row.values
            and "kelurahan_id" not in each.row.values]  # fmt: skip
    if not lost:
        return
    found = city.kelurahan_of_many([(each.row.values["lon"], each.row.values["lat"]) for each in lost])
    for each, kelurahan in zip(lost, found, strict=True):
        if kelurahan is not None:
            each.row.values["kelurahan_id"] = kelurahan.pk
            of = _("batas skematik") if kelurahan.is_schematic else _("batasnya")
            each.row.note("kelurahan", _("%(name)s, dari letaknya menurut %(of)s") % {"name": kelurahan.name, "of": of})


def as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return value.isoformat() if isinstance(value, date) else value


def restored(stored: CameraImportRow) -> TypedRow:
    """The row as it was planned, from what is stored of it."""
    values = dict(stored.cells)
    if values.get("installed_on"):
        values["installed_on"] = date.fromisoformat(values["installed_on"])
    notes = [note for note in stored.complaints if note["note"] and note["column"] != "code"]  # plan says that again
    row = TypedRow(stored.number, stored.code, values, secrets.unseal(stored.password_sealed))
    for note in notes:
        row.note(note["column"], note["text"])
    return row
