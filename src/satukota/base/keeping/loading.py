"""Filling an empty database from a backup: the half of a restore that runs in a process of its own.

The process was started with the place to fill as its DATABASE_URL, so that nothing here, and no migration, can reach
the database that is in use. It brings the schema to the backup's version, loads, compares every table with what the
backup says of it, and only then goes on to this version.
"""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from satukota.base.audit import verifying
from satukota.base.errors import UserError
from satukota.base.evidence import actions as evidence
from satukota.base.secrets import Sealed, Unsealable, hashing, keyring, rotating

from . import archive, tables
from .canonical import value_of
from .sealing import SealedReader, Unreadable

AT_ONCE = 2_000
NEXT = ".next"  # behind the name of a key that waits for the exchange
WHY = {
    "not_ours": gettext_lazy("Berkas ini bukan cadangan Satukota."),
    "head": gettext_lazy("Kepala berkas cadangan ini rusak."),
    "passphrase_or_changed": gettext_lazy("Kata sandinya salah, atau berkasnya berubah sejak ditulis."),
    "changed": gettext_lazy(
        "Berkas cadangan ini berubah atau terpotong sejak ditulis; tidak ada yang dipulihkan darinya."
    ),
}


@dataclass
class Loaded:
    """What came in. `differing`: tables that are not as the backup says."""

    tables: list[dict[str, Any]] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    files: int = 0
    closed: int = 0  # sealed values no key opens
    audit: str = ""
    start: dict[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(table["rows"] for table in self.tables)


def load(path: Path, passphrase: str, *, with_files: bool) -> Loaded:
    """Fill the (empty) database of this process. Raises UserError, and then nothing may be used of it."""
    try:
        with path.open("rb") as source:
            return _load(io.BufferedReader(SealedReader(source, passphrase)), with_files)
    except OSError as problem:
        raise UserError(
            _("%(path)s tidak dapat dibaca.") % {"path": path}, fix=_("Periksa letak dan izinnya.")
        ) from problem
    except Unreadable as problem:
        raise UserError(str(WHY[problem.kind]), fix=_("Pakai cadangan lain.")) from problem
    except DatabaseError as problem:
        raise UserError(
            _("Basis data tujuan menolak: %(why)s") % {"why": str(problem).splitlines()[0]},
            fix=_("Perbaiki baris itu di asalnya, lalu ulangi."),
        ) from problem


def _load(source: Any, with_files: bool) -> Loaded:
    inside = archive.members(source)
    name, content = next(inside)
    if name != archive.START:
        raise Unreadable("changed")
    loaded = Loaded(start=json.loads(content))
    registry = _schema_of(loaded.start)
    _empty(registry)
    with transaction.atomic():  # foreign keys are checked at its end
        manifest = _take_in(inside, registry, loaded, with_files)
    _compare(registry, manifest, loaded)
    if loaded.differing:
        raise UserError(
            _("Sesudah dimuat, tabel berbeda dari cadangan: %(tables)s.")
            % {"tables": "; ".join(loaded.differing)[:400]},
            fix=_("Tidak ada yang diganti. Laporkan ini."),
        )
    _see_that_secrets_open(loaded)
    call_command("migrate", verbosity=0)
    _hash_anew()
    loaded.audit = _audit_verdict()
    return loaded


def _schema_of(start: dict[str, Any]) -> Any:
    """The backup's version of the schema, made here; its models. Raises UserError for a version newer than ours."""
    executor = MigrationExecutor(connection)
    wanted = [tuple(key) for key in start["migrations"]]
    known = [key for key in wanted if key in executor.loader.graph.nodes]
    ours = {key for migration in executor.loader.disk_migrations.values() for key in migration.replaces}
    newer = set(wanted) - set(known) - ours
    installed = {app for app, name in executor.loader.disk_migrations}
    if start.get("format") != archive.FORMAT or any(app in installed for app, name in newer):
        raise UserError(
            _("Cadangan ini dibuat oleh versi yang lebih baru (%(version)s).") % {"version": start.get("product")},
            fix=_("Pasang versi itu dahulu, lalu pulihkan."),
        )
    last = [key for key in known if not _next_in_app(executor, key) & set(known)]
    executor.migrate(last)
    return MigrationExecutor(connection).loader.project_state(last).apps


def _next_in_app(executor: MigrationExecutor, key: tuple[str, str]) -> set[tuple[str, str]]:
    return {child.key for child in executor.loader.graph.node_map[key].children if child.key[0] == key[0]}


def _empty(registry: Any) -> None:
    """Take away what migrations themselves put in: the backup brings it."""
    full = [model for model in tables.models_in(registry) if model._base_manager.exists()]
    with connection.cursor() as cursor, connection.constraint_checks_disabled():
        for model in full:
            name = connection.ops.quote_name(model._meta.db_table)
            cascade = connection.vendor == "postgresql"
            cursor.execute(f"TRUNCATE {name} CASCADE" if cascade else f"DELETE FROM {name}")


def _take_in(inside: Iterator[tuple[str, bytes]], registry: Any, loaded: Loaded, with_files: bool) -> dict[str, Any]:
    models = {model._meta.label_lower: model for model in tables.models_in(registry)}
    manifest: dict[str, Any] = {}
    for name, content in inside:
        kind, _slash, rest = name.partition("/")
        if name == archive.MANIFEST:
            manifest = json.loads(content)
        elif name == archive.KEYS:
            _take_keys(json.loads(content))
        elif kind == "rows":
            label = rest.rpartition("/")[0]
            _insert(models[label], loaded.start["columns"][label], content)
        elif with_files and kind == "files":
            if evidence.put_content(content) != rest:
                raise Unreadable("changed")
            loaded.files += 1
        elif with_files and kind == "slots":
            evidence.put_slot(rest, content)
            loaded.files += 1
    return manifest


def _insert(model: type[Model], names: Sequence[str], content: bytes) -> None:
    known = {each.attname: each for each in tables.columns_of(model)}
    fields = [known[name] for name in names]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(each.column) for each in fields)
    marks = ", ".join(["%s"] * len(fields))
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({marks})"
    lines = content.splitlines()
    with connection.cursor() as cursor:
        for start in range(0, len(lines), AT_ONCE):
            cursor.executemany(statement, [
                [value_of(each, cell, connection) for each, cell in zip(fields, json.loads(line), strict=True)]
                for line in lines[start : start + AT_ONCE]
            ])  # fmt: skip


def _compare(registry: Any, manifest: dict[str, Any], loaded: Loaded) -> None:
    """Read every table again and hold it against the manifest; set the ids to go on where they were."""
    models = {model._meta.label_lower: model for model in tables.models_in(registry)}
    for told in manifest["tables"]:
        model = models[told["label"]]
        tables.set_sequence(model, "default", told["sequence"])
        here = tables.hash_of(model, "default", loaded.start["columns"][told["label"]])
        loaded.tables.append({"label": told["label"], "rows": here.rows, "hash": here.text})
        if (here.rows, here.text) != (told["rows"], told["hash"]):
            loaded.differing.append(f"{told['label']}: {told['rows']} → {here.rows}")


def _take_keys(told: dict[str, Any]) -> None:
    """Keys we lack join the end of our own ring: they open, ours seal. What signed log and letters comes with them."""
    path: Path | None = settings.SEAL_KEYS_FILE
    ring = keyring.keys()
    lacking = [keyring.Key(secret) for secret in told["seal"] if secret not in {key.secret for key in ring}]
    if lacking and path is None:
        raise UserError(
            _("Cadangan ini disegel dengan kunci yang tidak ada di sini."),
            fix=_("Simpan kunci dalam berkas (SATUKOTA_SECRET_KEYS_FILE), lalu ulangi: kuncinya ditambahkan."),
        )
    if lacking and path is not None:
        keyring.write(path, (*ring, *lacking))
    if told["audit"] != settings.AUDIT_KEY:
        _leave_for_the_exchange("audit.key", told["audit"])
        settings.AUDIT_KEY = told["audit"]  # this process judges the log that came in
    letters = told.get("letters", "")  # none in older backups, nor where the city gave a certificate
    if letters and letters != settings.SIGNING_OWN_KEY:
        _leave_for_the_exchange("letters.pem", letters)


def _leave_for_the_exchange(name: str, secret: str) -> None:
    place = Path(settings.VAR) / f"{name}{NEXT}"
    place.touch(0o600)
    place.write_text(secret, encoding="ascii")


def _see_that_secrets_open(loaded: Loaded) -> None:
    for model, column in rotating.sealed_columns():
        for (sealed,) in model._base_manager.exclude(**{column.name: ""}).values_list(column.name).iterator():
            loaded.closed += not _opens(sealed)


def _opens(sealed: Sealed) -> bool:
    try:
        sealed.open()
    except Unsealable:
        return False
    return True


def _hash_anew() -> None:
    """Search hashes under our own key, which may differ from the backup's."""
    for model, column in rotating.sealed_columns():
        hashes = rotating.hash_columns(model, column)
        rows = model._base_manager.exclude(**{column.name: ""}) if hashes else model._base_manager.none()
        for row in rows.iterator():
            if not _opens(getattr(row, column.name)):
                continue
            plain = getattr(row, column.name).open()
            fresh = {each.name: hashing.keyed_hash(each.kind, plain) for each in hashes}
            if any(getattr(row, name) != value for name, value in fresh.items()):
                model._base_manager.filter(pk=row.pk).update(**fresh)


def _audit_verdict() -> str:
    verdict = verifying.verify()
    if verdict.broken is not None:
        raise UserError(
            _("Log audit dalam cadangan ini tidak utuh, baris %(row)d: %(why)s.")
            % {"row": verdict.broken.number, "why": verdict.broken.what},
            fix=_("Pakai cadangan lain."),
        )
    return _("Rantai audit utuh: %(rows)d baris.") % {"rows": verdict.rows}
