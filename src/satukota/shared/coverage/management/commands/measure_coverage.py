"""Measure now what each camera has in sight, without waiting for the job."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.shared.coverage import measuring


class Command(BaseCommand):
    help = _("Menghitung sekarang titik mana yang tampak dari tiap kamera.")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.perf_counter()
        try:
            report = measuring.measure(clock.now())
        except UserError as problem:
            raise CommandError(f"{problem.text} {problem.fix}".strip()) from None
        self.stdout.write(
            _(
                "%(points)d titik, %(watchers)d kamera: %(measured)d dihitung baru, "
                "%(lacking)d belum lengkap; %(took).1f s"
            )
            % {"points": report.points, "watchers": report.watchers, "measured": report.measured,
               "lacking": report.lacking, "took": time.perf_counter() - started}
        )  # fmt: skip
