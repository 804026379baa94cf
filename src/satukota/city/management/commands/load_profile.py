from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.city import actions, profile


class Command(BaseCommand):
    help = _("Mengisi register dengan profil kota: kecamatan, kelurahan, dan OPD yang belum ada.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help=", ".join(profile.names()))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            loaded = actions.load_profile(options["name"], by=None, at=clock.now())
        except UserError as problem:
            raise CommandError(f"{problem.text} {problem.fix}".strip()) from None
        added = ", ".join(f"{number} {name}" for name, number in loaded.added.items() if number)
        self.stdout.write(f"{loaded.kota}: {added}" if added else _("%(kota)s sudah lengkap.") % {"kota": loaded.kota})
