"""The register of RT: brought as a table, then kept row by row."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import UserError

from .. import access, tables
from ..models import Kelurahan, Person, Rt
from .storing import facts_of, store

COLUMNS = ("kelurahan", "rw", "rt")
MOST_TOLD = 5


@dataclass(frozen=True)
class Imported:
    added: int
    known: int


@transaction.atomic
def import_rts(content: bytes, *, source: str, by: Any, at: datetime) -> Imported:
    """Add the RT of a table with the columns kelurahan (Kemendagri code), rw (may be empty) and rt.

    Those that are there stay as they are, so the same file twice changes nothing. All or nothing: raises UserError
    naming the first lines at fault.
    """
    codes = _codes_within(by)
    wanted: dict[tuple[int, str, str], Rt] = {}
    faults = []
    for line, cells in tables.read(content, COLUMNS):
        rw, number = (_three(cells[name]) for name in ("rw", "rt"))
        kelurahan_id = codes.get(cells["kelurahan"])
        key = (kelurahan_id or 0, rw or "", number or "")
        fault = _fault(cells, kelurahan_id, rw, number, key in wanted)
        if fault:
            faults.append(_("baris %(line)d: %(fault)s") % {"line": line, "fault": fault})
        elif kelurahan_id is not None:
            wanted[key] = Rt(kelurahan_id=kelurahan_id, rw=key[1], number=key[2], source=source)
    if faults:
        raise UserError(
            _("%(n)d baris tidak dapat dipakai; tidak ada yang disimpan.") % {"n": len(faults)},
            fix="; ".join(faults[:MOST_TOLD]),
        )
    there = set(Rt.objects.values_list("kelurahan_id", "rw", "number"))
    new = Rt.objects.bulk_create(row for key, row in wanted.items() if key not in there)
    done = Imported(len(new), len(wanted) - len(new))
    if new:
        audit.record("city.rt_imported", by=by, at=at, after={"added": done.added, "known": done.known,
                                                              "source": source})  # fmt: skip
    return done


@transaction.atomic
def edit_rt(
    rt_id: int, *, head_id: int | None, lon: float | None, lat: float | None, source: str, by: Any, at: datetime
) -> Rt:
    """Raises UserError for half a position, Missing outside the area of the duty."""
    row = rt_to_edit(by, rt_id)
    if (lon is None) != (lat is None):
        raise UserError(_("Letak memerlukan lintang dan bujur."), fix=_("Isi keduanya atau kosongkan keduanya."))
    was = facts_of(row)
    row.head = access.existing(Person.objects.all(), pk=head_id) if head_id is not None else None
    row.lon, row.lat, row.source = lon, lat, source
    store(row, "city.rt_edited", by=by, at=at, was=was)
    return row


def rt_to_edit(by: Any, pk: int, permission: str = "registers.edit") -> Rt:
    """An RT belongs to nobody: who edits registers edits all of them, within the area of the duty. Else Missing."""
    rows = Rt.objects.select_related("kelurahan", "head")
    reach = access.NO_LIMIT if by is None else access.scope(by, permission)
    if reach.area_ids is not None:
        rows = rows.filter(kelurahan__in=reach.area_ids)
    return access.existing(rows if reach else rows.none(), pk=pk)


def _codes_within(by: Any) -> dict[str, int]:
    """Kelurahan whose RT the person may bring, by code. Raises NotAllowed."""
    if by is not None:
        access.require(by, "registers.edit")
    reach = access.NO_LIMIT if by is None else access.scope(by, "registers.edit")
    rows = Kelurahan.objects.all() if reach.area_ids is None else Kelurahan.objects.filter(pk__in=reach.area_ids)
    return dict(rows.values_list("code", "pk"))


def _three(cell: str) -> str | None:
    """7 → 007, empty stays empty; None when it is no number of three digits."""
    if not cell:
        return ""
    return cell.zfill(3) if cell.isascii() and cell.isdigit() and len(cell) <= 3 and int(cell) else None


def _fault(
    cells: dict[str, str], kelurahan_id: int | None, rw: str | None, number: str | None, is_twice: bool
) -> str:  # fmt: skip
    if kelurahan_id is None:
        return _("kode kelurahan “%s” tidak dikenal, atau di luar wilayah tugas Anda") % cells["kelurahan"][:20]
    if not number:
        return _("nomor RT “%s” bukan 1 sampai 999") % cells["rt"][:20]
    if rw is None:
        return _("nomor RW “%s” bukan 1 sampai 999") % cells["rw"][:20]
    return _("sudah disebut di atasnya") if is_twice else ""
