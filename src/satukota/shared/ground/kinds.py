"""Why a spot should be seen: what the city decided, and where it has not yet, our beginning."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from .models import DemandKind

FILE = Path(__file__).with_name("demand_kinds.toml")
# EN 62676-4:2015, pixels per metre at the target. Kept equal to rules.coverage.PURPOSES by a test.
PURPOSES = {"monitor": 12.5, "detect": 25.0, "observe": 62.5, "recognise": 125.0, "identify": 250.0}


@dataclass(frozen=True)
class Kind:
    code: str
    name: str
    basis: str  # DemandKind.Basis
    classes: tuple[str, ...]
    purpose: str
    weight: float
    source: str
    valid_from: date | None = None  # None: the default

    @property
    def needed_px_per_m(self) -> float:
        return PURPOSES[self.purpose]


@cache
def defaults() -> tuple[Kind, ...]:
    content = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return tuple(
        Kind(**{**row, "classes": tuple(row["classes"]), "source": content["source"]}) for row in content["kind"]
    )


def kinds_on(day: date) -> tuple[Kind, ...]:
    """Every kind as it holds that day: defaults in their order, the city's own after them. One query."""
    found = {kind.code: kind for kind in defaults()}
    for row in DemandKind.objects.filter(valid_from__lte=day).order_by("valid_from"):
        found[row.code] = Kind(
            row.code, row.name, row.basis, tuple(row.classes), row.purpose, row.weight, row.source, row.valid_from
        )
    return tuple(found.values())
