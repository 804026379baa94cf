"""Where a database is: emptiness, a place beside it to build the next one in, and the moment they change places.

SQLite: the next one is a file of its own; its pages are copied into the live file in one transaction (the backup
interface), so whoever has the file open sees the old or the new one, and after kill -9 the old one.
PostgreSQL: the next one is a schema of its own; its tables take the old ones' place in one transaction.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg import sql

from satukota.base import databases

WAIT_MS = 60_000


class Place(Protocol):
    """A database that can be filled beside itself and then exchanged whole."""

    @property
    def name(self) -> str: ...

    def is_empty(self) -> bool: ...

    def prepare(self) -> dict[str, str]:
        """Make room for the next one, away with what an interrupted restore left; the environment to fill it with."""

    def exchange(self) -> None:
        """The next one becomes the one."""

    def discard(self) -> None:
        """Away with the next one, if there is any."""


def place_of(settings: dict[str, Any]) -> Place:
    """The place of a Django database setting (as `env.database` makes it)."""
    if settings["ENGINE"].endswith("sqlite3"):
        return SqlitePlace(Path(settings["NAME"]))
    return PostgresPlace(databases.url_of(settings), settings["NAME"])


@dataclass
class SqlitePlace:
    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def _next(self) -> Path:
        return self.path.with_name(f"{self.path.name}.next")

    def is_empty(self) -> bool:
        if not self.path.exists():
            return True
        link = sqlite3.connect(self.path)
        try:
            tables = link.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            return not any(
                link.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone() for (name,) in tables if _is_city_data(name)
            )
        finally:
            link.close()

    def prepare(self) -> dict[str, str]:
        self.discard()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return {"DATABASE_URL": f"sqlite:///{self._next.resolve()}"}

    def exchange(self) -> None:
        source, target = sqlite3.connect(self._next), sqlite3.connect(self.path, timeout=WAIT_MS / 1000)
        try:
            target.execute(f"PRAGMA busy_timeout = {WAIT_MS}")
            source.backup(target, pages=-1)
        finally:
            source.close()
            target.close()
        self.path.chmod(0o600)
        self.discard()

    def discard(self) -> None:
        for tail in ("", "-wal", "-shm", "-journal"):
            self._next.with_name(self._next.name + tail).unlink(missing_ok=True)


@dataclass
class PostgresPlace:
    url: str
    name: str
    schema = "satukota_next"

    def is_empty(self) -> bool:
        with psycopg.connect(self.url) as link:
            tables = link.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()").fetchall()  # fmt: skip
            return not any(
                link.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(name))).fetchone()
                for (name,) in tables
                if _is_city_data(name)
            )

    def prepare(self) -> dict[str, str]:
        self.discard()
        with psycopg.connect(self.url) as link:
            link.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(self.schema)))
        return {"DATABASE_URL": self.url, "PGOPTIONS": f"-c search_path={self.schema}"}

    def exchange(self) -> None:
        fresh = sql.Identifier(self.schema)
        with psycopg.connect(self.url) as link:
            (home,) = link.execute("SELECT current_schema()").fetchone() or ("public",)
            link.execute(f"SET LOCAL lock_timeout = {WAIT_MS}")
            named = link.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [self.schema]).fetchall()
            tables = [sql.Identifier(name) for (name,) in named]
            for table in tables:
                link.execute(sql.SQL("DROP TABLE IF EXISTS {}.{} CASCADE").format(sql.Identifier(home), table))
            for table in tables:
                link.execute(sql.SQL("ALTER TABLE {}.{} SET SCHEMA {}").format(fresh, table, sql.Identifier(home)))
            self._bring_functions(link, home)
            link.execute(sql.SQL("DROP SCHEMA {}").format(fresh))  # fails, and undoes all, were anything left in it

    def _bring_functions(self, link: psycopg.Connection, home: str) -> None:
        """Trigger functions come along; the old ones are needed by nobody any more."""
        found = link.execute(
            "SELECT proname, pg_get_function_identity_arguments(oid) FROM pg_proc "
            "WHERE pronamespace = %s::regnamespace",
            [self.schema],
        ).fetchall()
        for name, arguments in found:
            of = sql.SQL("{}.{}({})")
            old = of.format(sql.Identifier(home), sql.Identifier(name), sql.SQL(arguments))
            new = of.format(sql.Identifier(self.schema), sql.Identifier(name), sql.SQL(arguments))
            link.execute(sql.SQL("DROP FUNCTION IF EXISTS {}").format(old))
            link.execute(sql.SQL("ALTER FUNCTION {} SET SCHEMA {}").format(new, sql.Identifier(home)))

    def discard(self) -> None:
        with psycopg.connect(self.url) as link:
            link.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(self.schema)))


def _is_city_data(table: str) -> bool:
    """Tables that hold rows in a database where nobody did anything yet say nothing about emptiness."""
    return table not in {"django_migrations", "django_content_type", "auth_permission"} and not table.startswith(
        "sqlite"
    )
