"""What became of the rows of a file, in sentences a person can act on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from satukota.base.geofiles.reading import Table

EXAMPLES = 3  # rows named for each reason


@dataclass
class Report:
    taken: dict[str, int] = field(default_factory=dict)  # by layer
    mended: int = 0  # of those taken: outlines that crossed themselves
    elsewhere: int = 0  # rows outside the city
    left_out: Counter[str] = field(default_factory=Counter)  # by reason
    examples: dict[str, list[str]] = field(default_factory=dict)  # by reason: the first rows
    notes: list[str] = field(default_factory=list)

    def leave_out(self, which: str, why: str) -> None:
        self.left_out[why] += 1
        named = self.examples.setdefault(why, [])
        if len(named) < EXAMPLES:
            named.append(which[:60])

    def as_json(self) -> dict[str, Any]:
        return {
            "taken": self.taken, "mended": self.mended, "elsewhere": self.elsewhere, "left_out": dict(self.left_out),
            "examples": self.examples, "notes": self.notes,
        }  # fmt: skip


@dataclass
class Taken:
    """Rows by layer, without a source yet, and what became of the others."""

    layers: dict[str, list[models.Model]] = field(default_factory=dict)
    report: Report = field(default_factory=Report)


def tell_table(table: Table, report: Report) -> None:
    """What a file said of its place in the world."""
    if table.total >= 0:
        report.elsewhere = table.total - len(table.shapes)
    if table.moved:
        report.notes.append(_("Koordinat diubah dari %(crs)s ke WGS 84.") % {"crs": table.crs})
    elif table.crs is None:
        report.notes.append(_("Berkas tidak menyebut sistem koordinat; dianggap WGS 84."))


def layer_words() -> dict[str, str]:
    return {
        "buildings": _("bangunan"), "streets": _("ruas jalan"), "structures": _("tiang dan persimpangan"),
        "places": _("tempat kebutuhan"), "obstacles": _("tembok dan pohon"), "terrain": _("peta ketinggian"),
    }  # fmt: skip


def sentences(report: Mapping[str, Any]) -> list[str]:
    """The stored report (`Report.as_json`) as lines."""
    words = layer_words()
    taken = ", ".join(f"{number} {words.get(layer, layer)}" for layer, number in report.get("taken", {}).items())
    lines = [_("Diambil: %(what)s.") % {"what": taken}] if taken else []
    if report.get("mended"):
        lines.append(_("Diperbaiki karena garisnya berpotongan: %(n)d.") % {"n": report["mended"]})
    for why, number in report.get("left_out", {}).items():
        named = ", ".join(report.get("examples", {}).get(why, []))
        lines.append(_("Tidak diambil: %(n)d, %(why)s (misalnya %(which)s).")
                     % {"n": number, "why": why, "which": named})  # fmt: skip
    if report.get("elsewhere"):
        lines.append(_("Di luar kota: %(n)d.") % {"n": report["elsewhere"]})
    return [*lines, *report.get("notes", []), *filter(None, [report.get("note")])]
