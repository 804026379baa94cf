"""`satukota import osm|buildings|poles|places FILE`: what the four have in common."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import UserError

from . import importing, report, tiles


class ImportCommand(BaseCommand):
    """A file in, its report out; a refused file ends with its sentence and exit code 1."""

    kind: ClassVar[str]
    words: ClassVar[str] = "GeoJSON, GeoPackage, Shapefile, ZIP"
    help = _("Memasukkan lahan kota dari berkas; yang sejenis diganti seluruhnya, atau tidak ada yang berubah.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help=self.words)
        parser.add_argument("--licence", default="", help=_("lisensi data, ditampilkan di peta"))
        parser.add_argument("--attribution", default="", help=_("asal data, ditampilkan di peta"))
        parser.add_argument("--check", action="store_true", help=_("hanya memeriksa; tidak menyimpan"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            told = self._act(options)
        except UserError as problem:
            raise CommandError(f"{problem.text} {problem.fix}".strip()) from None
        self.stdout.write("\n".join(told))

    def _act(self, options: dict[str, Any]) -> list[str]:
        if options["check"]:
            found = importing.examine(self.kind, options["file"])
            return [*report.sentences(found.report.as_json()), _("Hanya diperiksa; tidak ada yang disimpan.")]
        source = importing.run(
            self.kind, options["file"], licence=options["licence"], attribution=options["attribution"], by=None,
            at=clock.now(),
        )  # fmt: skip
        return [*report.sentences(source.report), f"SHA-256 {source.sha256}", *tiles.make_saying()]
