"""`satukota restore FILE`: the database and files of this installation become those of the backup."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils.translation import gettext as _

from satukota.base.errors import UserError
from satukota.base.keeping import restoring
from satukota.base.keeping.passphrases import passphrase
from satukota.base.keeping.places import place_of


class Command(BaseCommand):
    help = "bring this installation to what a backup holds; refuses to replace anything unasked"
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help=_("ganti basis data yang tidak kosong"))
        parser.add_argument("--confirm", default="", help=_("nama basis data yang boleh diganti"))
        parser.add_argument("--key-file", help=_("berkas yang isinya kata sandi cadangan"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            words = passphrase(options["key_file"], is_new=False)
            done = restoring.restore(options["file"], words, replace=self._confirmed(options))
        except UserError as problem:
            raise CommandError(f"{problem.text} {problem.fix}".strip()) from problem
        self.stdout.write(
            _("Dipulihkan dari %(at)s: %(rows)d baris, %(files)d berkas. %(audit)s")
            % {"at": done.made_at, "rows": done.rows, "files": done.files, "audit": done.audit}
        )
        self.stdout.write(_("Semua orang perlu masuk lagi."))

    def _confirmed(self, options: dict[str, Any]) -> str:
        if not options["replace"]:
            return ""
        name = place_of(connections["default"].settings_dict).name
        if not options["confirm"] and sys.stdin.isatty():
            return input(_("Ketik “%(name)s” untuk mengganti isinya: ") % {"name": name}).strip()
        return str(options["confirm"])
