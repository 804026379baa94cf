from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.city import actions


class Command(BaseCommand):
    help = _("Memasukkan batas kelurahan dari berkas (kolom “kode” berisi kode Kemendagri).")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help=_("GeoJSON, GeoPackage, Shapefile, atau ZIP"))
        parser.add_argument("--source", default="", help=_("asal berkas, ditampilkan di peta"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = actions.import_boundaries(options["file"], source=options["source"], by=None, at=clock.now())
        except UserError as problem:
            raise CommandError(f"{problem.text} {problem.fix}".strip()) from None
        self.stdout.write("\n".join(_lines(report)))


def _lines(report: actions.BoundaryReport) -> list[str]:
    lines = [_("Diambil: %(n)d kelurahan.") % {"n": len(report.taken)}]
    if report.mended:
        lines.append(_("Diperbaiki karena garisnya berpotongan: %(codes)s.") % {"codes": ", ".join(report.mended)})
    lines += [_("Tidak diambil: %(what)s: %(why)s.") % {"what": row.what, "why": row.why} for row in report.refused]
    if report.elsewhere:
        lines.append(_("Dilewati: %(n)d wilayah kota lain.") % {"n": report.elsewhere})
    if report.other_levels:
        lines.append(_("Dilewati: %(n)d wilayah tingkat lain; kecamatan dan kota disusun dari kelurahannya.")
                     % {"n": report.other_levels})  # fmt: skip
    if report.missing:
        lines.append(_("Tetap seperti semula: %(codes)s.") % {"codes": ", ".join(report.missing)})
    if report.places_elsewhere:
        lines.append(_("Tempat yang kini berada di kelurahan lain dari catatannya: %(codes)s.")
                     % {"codes": ", ".join(report.places_elsewhere)})  # fmt: skip
    return lines
