"""Django's `flush` empties every table. A city's database refuses: the audit log is never deleted."""

from typing import Any

from django.core.management import CommandError
from django.core.management.commands import flush
from django.db import DEFAULT_DB_ALIAS, connections

from satukota.base.audit import guards


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        connection = connections[options.get("database") or DEFAULT_DB_ALIAS]
        if not _is_of_tests(connection):
            raise CommandError("This would delete the audit log. Make a new, empty database instead.")
        with guards.lifted(connection):
            super().handle(**options)


def _is_of_tests(connection: Any) -> bool:
    """Django gives a test run a database of its own, named after the real one or held in memory."""
    name = str(connection.settings_dict["NAME"])
    return name.rsplit("/", 1)[-1].startswith("test_") or "mode=memory" in name or name == ":memory:"
