"""Every table of this installation, read through its models: the same on SQLite and PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from django.apps import apps
from django.db import connections, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.models import Field, Model
from django.utils.translation import gettext as _

from satukota.base.errors import UserError

from .canonical import TableHash, cell_of, line_of

SNAPSHOT = "snapshot"  # a connection of its own, so that nobody waits for a backup
CHUNK = 1_000
PASSING = {"sessions.session", "usersessions.usersession"}  # who is signed in now: never leaves the house


@dataclass(frozen=True)
class Fingerprint:
    """A table's number of rows and the hash of them in any order; `sequence` is the highest id ever given."""

    label: str
    rows: int
    hash: str
    sequence: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def models_in(registry: Any = apps) -> list[type[Model]]:
    """Every model with a table of its own, the hidden ones between two included, in a fixed order."""
    found = [
        model
        for model in registry.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model._meta.label_lower not in PASSING
    ]
    return sorted(found, key=lambda model: model._meta.label_lower)


def columns_of(model: type[Model]) -> list[Field]:
    return [field for field in model._meta.local_concrete_fields if not field.generated]


def names_of(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in columns_of(model))


def rows_of(model: type[Model], alias: str, names: Sequence[str] = ()) -> Iterator[bytes]:
    """Each row as one line of JSON: its cells in the order of `names`, else of the model."""
    names = names or names_of(model)
    rows = model._base_manager.using(alias).order_by().values_list(*names)
    for row in rows.iterator(CHUNK):
        yield line_of([cell_of(value) for value in row])


def hash_of(model: type[Model], alias: str, names: Sequence[str]) -> TableHash:
    """Reads the whole table."""
    told = TableHash()
    for line in rows_of(model, alias, names):
        told.add(line)
    return told


def fingerprint_of(model: type[Model], alias: str, told: TableHash) -> Fingerprint:
    return Fingerprint(model._meta.label_lower, told.rows, told.text, _sequence(model, alias))


@contextmanager
def one_moment() -> Iterator[str]:
    """The alias of a connection that sees the database as it is now, whatever others write meanwhile."""
    if SNAPSHOT not in connections.databases:
        settings = {**connections.databases["default"]}
        settings["OPTIONS"] = {**settings.get("OPTIONS", {})}
        if "transaction_mode" in settings["OPTIONS"]:
            settings["OPTIONS"]["transaction_mode"] = "DEFERRED"  # a reader; IMMEDIATE would stop every writer
        connections.databases[SNAPSHOT] = settings
    connection = connections[SNAPSHOT]
    try:
        with transaction.atomic(SNAPSHOT):
            with connection.cursor() as cursor:
                if connection.vendor == "postgresql":
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                cursor.execute("SELECT count(*) FROM django_migrations")  # the moment begins with the first read
            yield SNAPSHOT
    finally:
        connection.close()


def applied_migrations(alias: str) -> list[tuple[str, str]]:
    """Raises UserError when the database and this code are not of one version."""
    loader = MigrationLoader(connections[alias])
    missing = set(loader.disk_migrations) - set(loader.applied_migrations) - set(_replaced(loader))
    if missing:
        raise UserError(
            _("Basis data belum sesuai dengan versi ini: %(n)d migrasi belum diterapkan.") % {"n": len(missing)},
            fix=_("Jalankan: satukota manage migrate"),
        )
    return sorted(loader.applied_migrations)


def set_sequence(model: type[Model], alias: str, highest: int) -> None:
    """No id that was ever given is given again."""
    connection, name = connections[alias], _auto_column(model)
    if name is None or not highest:
        return
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s)", [f'"{table}"', name, highest])
        else:
            cursor.execute("UPDATE sqlite_sequence SET seq = %s WHERE name = %s", [highest, table])
            if not cursor.rowcount:
                cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, highest])


def _sequence(model: type[Model], alias: str) -> int:
    connection, name = connections[alias], _auto_column(model)
    if name is None:
        return 0
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [f'"{table}"', name])
            cursor.execute(f"SELECT last_value, is_called FROM {cursor.fetchone()[0]}")
            last, is_called = cursor.fetchone()
            return last if is_called else 0
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
        return row[0] if row else 0


def _auto_column(model: type[Model]) -> str | None:
    auto = model._meta.auto_field
    return auto.column if auto is not None else None


def _replaced(loader: MigrationLoader) -> Iterator[tuple[str, str]]:
    for key, migration in loader.disk_migrations.items():
        if migration.replaces:
            yield key
            yield from migration.replaces
