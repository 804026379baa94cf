"""How many people live where, as an office writes it: a line for each kelurahan or RT."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.errors import UserError
from satukota.city import access
from satukota.city.models import Kelurahan, Rt

from .models import Population

MOST_LINES = 5_000
MOST_PEOPLE = 50_000_000
NUMBER = re.compile(r"^\d{1,3}(?:[. ]\d{3})+$|^\d{1,9}$")
RT = re.compile(r"^(?:rt\s*)?0*(\d{1,3})(?:\s*/?\s*rw\s*0*(\d{1,3}))?$", re.IGNORECASE)
SHOWN = 3  # lines named in a refusal


@dataclass(frozen=True)
class Count:
    kelurahan: Kelurahan
    rt: Rt | None
    people: int


def read(text: str) -> list[Count]:
    """Every line: name or code of a kelurahan, an RT if wanted, people; parted by ; or tab. Raises UserError that names
    the lines that cannot be meant."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise UserError(_("Belum ada baris yang diisi."), fix=_("Tulis satu baris per kelurahan atau RT."))
    if len(lines) > MOST_LINES:
        raise UserError(_("Paling banyak %(n)d baris sekali isi.") % {"n": MOST_LINES}, fix=_("Bagi menjadi beberapa."))
    known = {word: row for row in Kelurahan.objects.all() for word in _words(row)}
    neighbourhoods = {(row.kelurahan_id, int(row.rw or 0), int(row.number)): row for row in Rt.objects.all()}
    found: list[Count] = []
    wrong: list[str] = []
    for n, line in enumerate(lines, 1):
        count = _read_line(line, known, neighbourhoods)
        if isinstance(count, Count):
            found.append(count)
        else:
            wrong.append(_("baris %(n)d: %(why)s") % {"n": n, "why": count})
    if not wrong and len({(one.kelurahan.pk, one.rt and one.rt.pk) for one in found}) < len(found):
        wrong = [_("satu kelurahan atau RT ditulis dua kali")]
    if wrong:
        more = _(" dan %(n)d lagi") % {"n": len(wrong) - SHOWN} if len(wrong) > SHOWN else ""
        raise UserError("; ".join(wrong[:SHOWN]) + more + ".", fix=_("Perbaiki baris itu; belum ada yang disimpan."))
    return found


def _words(row: Kelurahan) -> set[str]:
    names = [row.code, row.name, *row.other_names.split(";")]
    return {word for name in names if (word := _folded(name))}


def _folded(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower().removeprefix("kelurahan "))


def _read_line(line: str, known: dict[str, Kelurahan], neighbourhoods: dict[tuple[int, int, int], Rt]) -> Count | str:
    """The count, or why there is none."""
    cells = [cell.strip() for cell in re.split(r"[;\t]", line)]
    if len(cells) not in (2, 3):
        return _("tulis “kelurahan; jumlah” atau “kelurahan; RT; jumlah”")
    kelurahan = known.get(_folded(cells[0]))
    if kelurahan is None:
        return _("kelurahan “%(name)s” tidak dikenal") % {"name": cells[0][:40]}
    number = cells[-1]
    if not NUMBER.match(number) or int(re.sub(r"[. ]", "", number)) > MOST_PEOPLE:
        return _("“%(text)s” bukan jumlah penduduk") % {"text": number[:20]}
    rt = None
    if len(cells) == 3:
        said = RT.match(cells[1])
        rt = neighbourhoods.get((kelurahan.pk, int(said[2] or 0), int(said[1]))) if said else None
        if rt is None:
            return _("RT “%(rt)s” tidak ada di register kelurahan itu") % {"rt": cells[1][:20]}
    return Count(kelurahan, rt, int(re.sub(r"[. ]", "", number)))


@transaction.atomic
def store(counts: list[Count], *, counted_on: date, source: str, by: Any, at: datetime) -> int:
    """Store what was counted that day; a second count of a day takes the place of the first. Returns how many rows.

    Raises UserError, NotAllowed.
    """
    access.require(by, "ground.import")
    if counted_on > clock.local(at).date():
        raise UserError(_("Tanggal hitung belum tiba."), fix=_("Isi hari penduduk itu dihitung."))
    if not source.strip():
        raise UserError(_("Sebutkan sumber angkanya."), fix=_("Misalnya: Disdukcapil, semester I 2026."))
    for one in counts:
        Population.objects.update_or_create(
            kelurahan=one.kelurahan, rt=one.rt, counted_on=counted_on,
            defaults={"people": one.people, "source": source.strip()[:200], "is_sample": False},
        )  # fmt: skip
    told = {"rows": len(counts), "counted_on": counted_on, "people": sum(one.people for one in counts if not one.rt)}
    audit.record("ground.people_counted", by=by, at=at, after=told, why=source.strip()[:200])
    return len(counts)
