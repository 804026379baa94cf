"""`satukota export`: everything the city owns, in forms any other program reads, without its secrets.

A folder or a zip: each table as CSV (RFC 4180, UTF-8), described by datapackage.json (Frictionless Data Package);
located things as GeoJSON too; evidence by its hash. What is left out is named beside each table.
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.db.models import Field, Model
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.audit.masking import SECRET
from satukota.base.errors import UserError
from satukota.base.evidence import actions as evidence
from satukota.base.evidence.models import StoredFile
from satukota.base.secrets.fields import SealedHashField, SealedTextField

from . import tables
from .canonical import cell_of

SECRET_TABLES = {
    "accounts.factorsecret", "accounts.invitation", "account.emailconfirmation", "mfa.authenticator",
    "socialaccount.socialapp", "socialaccount.socialtoken",
}  # fmt: skip
SECRET_COLUMNS = {"accounts.user": {"password"}, "django_tasks_database.dbtaskresult": {"args_kwargs", "traceback"}}
TYPES = {
    "BooleanField": "boolean", "DateField": "date", "DateTimeField": "datetime", "TimeField": "time",
    "FloatField": "number", "DecimalField": "number", "JSONField": "object", "DurationField": "integer",
}  # fmt: skip
Tell = Callable[[str], None]


@dataclass
class Exported:
    tables: int = 0
    rows: int = 0
    files: int = 0


class Place:
    """A folder, or a zip, that is whole when the block ends and not there when it failed."""

    def __init__(self, path: Path) -> None:
        self._path, self._zip = path, None
        if path.suffix == ".zip":
            self._half = path.with_name(f".{path.name}.half")
            self._zip = zipfile.ZipFile(self._half, "w", zipfile.ZIP_DEFLATED)
        else:
            path.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def file(self, name: str) -> Iterator[IO[bytes]]:
        if self._zip is not None:
            with self._zip.open(name, "w", force_zip64=True) as out:
                yield out
            return
        path = self._path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            yield out

    def close(self, *, keep: bool) -> None:
        if self._zip is not None:
            self._zip.close()
            self._half.replace(self._path) if keep else self._half.unlink()


class _Hashing(io.RawIOBase):
    """Passes on what is written, with its size and SHA-256."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out, self.size, self.sha256 = out, 0, hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._out.write(content)
        self.sha256.update(content)
        self.size += len(content)
        return len(content)


def export(path: Path, at: datetime, tell: Tell = lambda text: None) -> Exported:
    """Everything of this moment to `path`, a new folder or a new .zip. Raises UserError when something is there."""
    if path.exists() and (path.is_file() or any(path.iterdir())):
        raise UserError(_("%(path)s sudah ada.") % {"path": path}, fix=_("Pilih nama yang belum dipakai."))
    place, done, whole = Place(path), Exported(), False
    try:
        with tables.one_moment() as alias:
            resources = [_table(place, model, alias, done, tell) for model in tables.models_in() if _may_leave(model)]
            for model in tables.models_in():
                _geojson(place, model, alias)
            _files(place, alias, done)
        _describe(place, resources, at)
        whole = True
    finally:
        place.close(keep=whole)
    audit.record("keeping.exported", by=None, at=at, after={"rows": done.rows, "files": done.files}, why=path.name)
    return done


def open_columns(model: type[Model]) -> list[Field]:
    """The columns that may leave the house."""
    secret = SECRET_COLUMNS.get(model._meta.label_lower, set())
    return [
        field
        for field in tables.columns_of(model)
        if not isinstance(field, SealedTextField | SealedHashField)
        and field.attname not in secret
        and not SECRET.search(field.attname)
    ]


def _may_leave(model: type[Model]) -> bool:
    return model._meta.label_lower not in SECRET_TABLES


def _table(place: Place, model: type[Model], alias: str, done: Exported, tell: Tell) -> dict[str, Any]:
    fields, label = open_columns(model), model._meta.label_lower
    names = [field.attname for field in fields]
    with place.file(f"tables/{label}.csv") as out:
        hashed = _Hashing(out)
        text = io.TextIOWrapper(
            io.BufferedWriter(hashed), encoding="utf-8", errors="backslashreplace", newline="", write_through=True
        )
        lines = csv.writer(text, lineterminator="\r\n")
        lines.writerow(names)
        rows = 0
        for row in model._base_manager.using(alias).order_by("pk").values_list(*names).iterator(tables.CHUNK):
            lines.writerow([_csv_cell(value) for value in row])
            rows += 1
        text.flush()
        text.detach()
    done.tables, done.rows = done.tables + 1, done.rows + rows
    tell(f"{label}: {rows}")
    return _resource(model, fields, hashed, rows)


def _resource(model: type[Model], fields: list[Field], hashed: _Hashing, rows: int) -> dict[str, Any]:
    label = model._meta.label_lower
    keys = [
        {"fields": [field.attname], "reference": {
            "resource": _resource_name(field.related_model._meta.label_lower), "fields": [field.target_field.attname]}}
        for field in fields
        if field.is_relation and _may_leave(field.related_model)
    ]  # fmt: skip
    return {
        "name": _resource_name(label), "path": f"tables/{label}.csv", "title": str(model._meta.verbose_name),
        "profile": "tabular-data-resource", "format": "csv", "mediatype": "text/csv", "encoding": "utf-8",
        "bytes": hashed.size, "hash": f"sha256:{hashed.sha256.hexdigest()}", "satukota:rows": rows,
        "satukota:left_out": sorted({f.attname for f in tables.columns_of(model)} - {f.attname for f in fields}),
        "schema": {
            "fields": [_field(field) for field in fields], "primaryKey": [model._meta.pk.attname], "foreignKeys": keys,
            "missingValues": [""],
        },
    }  # fmt: skip


def _resource_name(label: str) -> str:
    return label.replace("_", "-")


def _field(field: Field) -> dict[str, Any]:
    of = field.target_field if field.is_relation else field
    kind = of.get_internal_type()
    told: dict[str, Any] = {"name": field.attname, "type": TYPES.get(kind, "integer" if _is_whole(kind) else "string")}
    if kind == "JSONField":
        told["type"] = "any"
    if kind == "BinaryField":
        told["format"] = "binary"
    if told["type"] == "datetime":
        told["format"] = "any"
    if not field.null and told["type"] != "string":  # an empty text and no text look the same in CSV
        told["constraints"] = {"required": True}
    return told


def _is_whole(kind: str) -> bool:
    return kind.endswith(("IntegerField", "AutoField"))


def _csv_cell(value: Any) -> Any:
    cell = cell_of(value)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return json.dumps(cell, ensure_ascii=False, sort_keys=True) if isinstance(cell, dict | list) else cell


def _geojson(place: Place, model: type[Model], alias: str) -> None:
    """Points of what has a position; areas of what has one."""
    names = {field.attname for field in tables.columns_of(model)}
    if not {"lon", "lat"} <= names:
        return
    shown = [field.attname for field in open_columns(model) if field.attname not in {"lon", "lat", "area"}]
    with place.file(f"geo/{model._meta.label_lower}.geojson") as out:
        out.write(b'{"type":"FeatureCollection","features":[')
        between = b"\n"
        for row in model._base_manager.using(alias).order_by("pk").iterator(tables.CHUNK):
            area = getattr(row, "area", None)
            point = {"type": "Point", "coordinates": [row.lon, row.lat]} if row.lon is not None else None
            properties = {name: cell_of(getattr(row, name)) for name in shown}
            feature = {"type": "Feature", "id": row.pk, "geometry": area or point, "properties": properties}
            out.write(between + json.dumps(feature, ensure_ascii=False).encode())
            between = b",\n"
        out.write(b"\n]}\n")


def _files(place: Place, alias: str, done: Exported) -> None:
    kept = StoredFile.objects.using(alias).filter(deleted_at=None).order_by("sha256", "pk")
    last = ""
    for file in kept.iterator():
        if file.sha256 == last:
            continue
        last = file.sha256
        try:
            content = evidence.content_of(file)
        except evidence.FileGone:
            continue
        with place.file(f"files/{file.sha256}") as out:
            out.write(content)
        done.files += 1


def _describe(place: Place, resources: list[dict[str, Any]], at: datetime) -> None:
    told = {
        "profile": "data-package", "name": "satukota-export", "created": at.isoformat(),
        "title": _("Semua data pemasangan Satukota ini"),
        "description": _(
            "Kata sandi, kunci, NIK, nomor telepon, dan sesi masuk tidak disertakan; kolom yang ditinggalkan disebut "
            "pada tiap tabel (satukota:left_out), tabel yang ditinggalkan pada satukota:left_out_tables."
        ),
        "satukota:left_out_tables": sorted(SECRET_TABLES | tables.PASSING),
        "resources": resources,
    }  # fmt: skip
    with place.file("datapackage.json") as out:
        out.write(json.dumps(told, ensure_ascii=False, indent=1).encode())
