"""`satukota export --to DIR|FILE.zip`: all data in open formats, without secrets."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.base.keeping import exporting


class Command(BaseCommand):
    help = "all data in open formats (CSV with datapackage.json, GeoJSON, files), without secrets"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, required=True, help=_("folder baru, atau berkas .zip baru"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = exporting.export(options["to"], clock.now())
        except UserError as problem:
            raise CommandError(f"{problem.text} {problem.fix}".strip()) from problem
        self.stdout.write(
            _("%(tables)d tabel, %(rows)d baris, %(files)d berkas di %(path)s. Rahasia tidak disertakan.")
            % {"tables": done.tables, "rows": done.rows, "files": done.files, "path": options["to"]}
        )
