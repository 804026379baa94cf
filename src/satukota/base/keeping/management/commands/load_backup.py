"""Inside of restore, verify and move; not for people. Reads the passphrase from its input, answers one line of JSON."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from satukota.base.errors import UserError
from satukota.base.keeping import loading


class Command(BaseCommand):
    help = "(inside of restore, backup verify and move)"
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--with-files", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            loaded = loading.load(options["path"], sys.stdin.read(), with_files=options["with_files"])
            answer = {
                "made_at": loaded.start["made_at"], "tables": loaded.tables, "rows": loaded.rows,
                "files": loaded.files, "closed": loaded.closed, "audit": loaded.audit,
            }  # fmt: skip
        except UserError as problem:
            answer = {"problem": problem.text, "fix": problem.fix}
        self.stdout.write(json.dumps(answer))
