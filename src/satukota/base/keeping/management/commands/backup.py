"""`satukota backup` writes one; `satukota backup verify FILE` proves one by restoring it."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.base.keeping import backing_up, restoring
from satukota.base.keeping.passphrases import passphrase


class Command(BaseCommand):
    help = "write an encrypted backup while everything runs; verify FILE: prove one by restoring it elsewhere"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", nargs="?", choices=["write", "verify"], default="write")
        parser.add_argument("file", nargs="?", type=Path)
        parser.add_argument("--to", type=Path, help=_("berkas cadangan; bawaan: var/backups"))
        parser.add_argument("--key-file", help=_("berkas yang isinya kata sandi cadangan"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["act"] == "verify":
                self._verify(options)
            else:
                self._write(options)
        except UserError as problem:
            raise CommandError(f"{problem.text} {problem.fix}".strip()) from problem

    def _write(self, options: dict[str, Any]) -> None:
        at = clock.now()
        path = options["to"] or Path(settings.VAR) / "backups" / f"satukota-{clock.local(at):%Y%m%d-%H%M%S}.backup"
        done = backing_up.back_up(path, passphrase(options["key_file"], is_new=True), at)
        self.stdout.write(
            _("Cadangan %(path)s: %(rows)d baris, %(files)d berkas, %(mb).1f MB, %(s).1f detik, SHA-256 %(sha)s.")
            % {"path": path, "rows": done.rows, "files": done.files, "mb": done.size / 1e6, "s": done.took_s,
               "sha": done.sha256}
        )  # fmt: skip

    def _verify(self, options: dict[str, Any]) -> None:
        if options["file"] is None:
            raise CommandError(_("Sebutkan berkasnya: satukota backup verify BERKAS"))
        done = restoring.verify(options["file"], passphrase(options["key_file"], is_new=False))
        self.stdout.write(
            _("Cadangan %(at)s terbukti: %(tables)d tabel, %(rows)d baris, %(files)d berkas. %(audit)s")
            % {"at": done.made_at, "tables": len(done.tables), "rows": done.rows, "files": done.files,
               "audit": done.audit}
        )  # fmt: skip
        if done.closed:
            raise CommandError(_("%(n)d rahasia tidak dapat dibuka dengan kunci di dalamnya.") % {"n": done.closed})
