"""Import rows in the words of the preview."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from satukota.city.models import Contract, Kelurahan, Place
from satukota.shared.monitoring.models import Target

from ..models import CameraImportRow
from .columns import SECRET, title_of

NAMES = {"kelurahan_id": (Kelurahan, "name"), "place_id": (Place, "name"), "link_id": (Target, "code"),
         "power_id": (Target, "code"), "contract_id": (Contract, "number")}  # fmt: skip


@dataclass(frozen=True)
class RowWords:
    number: int
    code: str
    fate: str
    name: str
    changes: list[tuple[str, str, str]]  # column, before, after
    complaints: list[tuple[str, str, bool]]  # column, text, is it only a note


class Labels:
    """Names behind the ids that a page of rows mentions; one query for each kind mentioned."""

    def __init__(self, rows: Iterable[CameraImportRow]) -> None:
        wanted: dict[str, set[int]] = {}
        for row in rows:
            for field, pair in row.changes.items():
                if field in NAMES:
                    wanted.setdefault(field, set()).update(value for value in pair if value is not None)
        self._names = {
            field: dict(NAMES[field][0].objects.filter(pk__in=ids).values_list("pk", NAMES[field][1]))  # type: ignore[attr-defined]
            for field, ids in wanted.items()
        }

    def row(self, row: CameraImportRow) -> RowWords:
        changes = [(self._title(field), self._said(field, pair[0]), self._said(field, pair[1]))
                   for field, pair in row.changes.items()]  # fmt: skip
        complaints = [(title_of(each["column"]) if each["column"] else "", each["text"], each["note"])
                      for each in row.complaints]  # fmt: skip
        return RowWords(row.number, row.code, row.fate, str(row.cells.get("name", "")), changes, complaints)

    def columns(self, keys: list[str]) -> str:
        return ", ".join(title_of(key) for key in keys)

    def _title(self, field: str) -> str:
        return title_of(field.removesuffix("_id"))

    def _said(self, field: str, value: Any) -> str:
        if field == SECRET:
            return _("diganti") if value else "•••"
        if value is None or value == "":
            return "—"
        if field in self._names:
            return str(self._names[field].get(value, value))
        if isinstance(value, bool):
            return _("ya") if value else _("tidak")
        return str(value).replace(".", ",") if isinstance(value, float) else str(value)
