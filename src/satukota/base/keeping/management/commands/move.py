"""`satukota move --to postgresql://…`: everything into another database, with a report of rows and hashes."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from satukota.base.databases import settings_of
from satukota.base.errors import UserError
from satukota.base.keeping import restoring


class Command(BaseCommand):
    help = "everything in this database into another, empty one, with a report of rows and hashes per table"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", required=True, help="postgresql://user@host:port/name, sqlite:///path")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            target = settings_of(options["to"])
            report = restoring.move(target)
        except UserError as problem:
            raise CommandError(f"{problem.text} {problem.fix}".strip()) from problem
        except ValueError as problem:
            raise CommandError(_("Alamat tujuan tidak jelas: %(why)s.") % {"why": problem}) from problem
        wide = max(len(here["label"]) for here, there in report)
        differing = 0
        for here, there in report:
            same = (here["rows"], here["hash"]) == (there["rows"], there["hash"])
            differing += not same
            self.stdout.write(f"{here['label']:{wide}}  {here['rows']:>9}  {there['rows']:>9}  {here['hash'][:16]}  "
                              f"{there['hash'][:16]}  {_('sama') if same else _('BERBEDA')}")  # fmt: skip
        if differing:
            sys.exit(1)
        rows = sum(here["rows"] for here, there in report)
        self.stdout.write(_("%(n)d tabel, %(rows)d baris, sama di kedua sisi. Setel DATABASE_URL ke tujuan, lalu mulai "
                            "ulang; semua orang perlu masuk lagi.") % {"n": len(report), "rows": rows})  # fmt: skip
