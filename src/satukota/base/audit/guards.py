"""Triggers by which the database itself refuses to change or delete rows of the audit log.

They hold off mistakes, scripts and injected SQL. Who owns the database can drop them: that is what the chain, the
seals and the published roots are for. A later migration that alters one of these tables makes SQLite build the table
anew, without triggers: it must end with `put`; a test compares.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TABLES = {"audit_auditentry": ("id", "number"), "audit_dayseal": ("id", "first_number", "last_number")}  # unique
SAID = "the audit log is append-only"
_REFUSE = f"""
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{SAID}' USING ERRCODE = 'integrity_constraint_violation'; END $$
"""


def put(connection: Any) -> None:
    """Make the triggers that are missing."""
    there = missing(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_REFUSE)
        for table, act in there:
            cursor.execute(_trigger(connection, table, act))


def lift(connection: Any) -> None:
    """Take them away: for a migration that must, and for tests that tamper."""
    gone = set(missing(connection))
    with connection.cursor() as cursor:
        for table, act in _wanted(connection):
            if (table, act) not in gone:
                on = f" ON {table}" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER {table}_no_{act.lower()}{on}")


@contextmanager
def lifted(connection: Any) -> Iterator[None]:
    lift(connection)
    try:
        yield
    finally:
        put(connection)


def missing(connection: Any) -> list[tuple[str, str]]:
    """(table, act) that the database does not refuse; empty when all guards stand."""
    if connection.vendor == "postgresql":
        sql = (
            "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE tgenabled <> 'D' AND relname IN (%s, %s) AND pg_table_is_visible(tgrelid)"
        )
    else:
        sql = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN (%s, %s)"
    with connection.cursor() as cursor:
        cursor.execute(sql, list(TABLES))
        there = {name.lower() for (name,) in cursor.fetchall()}
    return [(table, act) for table, act in _wanted(connection) if f"{table}_no_{act.lower()}" not in there]


def _wanted(connection: Any) -> list[tuple[str, str]]:
    """SQLite deletes for INSERT OR REPLACE without asking the delete trigger; PostgreSQL has TRUNCATE instead."""
    acts = ("UPDATE", "DELETE", "TRUNCATE" if connection.vendor == "postgresql" else "REPLACE")
    return [(table, act) for table in TABLES for act in acts]


def _trigger(connection: Any, table: str, act: str) -> str:
    name = f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE"
    if connection.vendor == "postgresql":
        return f"{name} {act} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    refuse = f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
    if act != "REPLACE":
        return f"{name} {act} ON {table} {refuse}"
    same = " OR ".join(f"{column} = NEW.{column}" for column in TABLES[table])
    return f"{name} INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refuse}"
