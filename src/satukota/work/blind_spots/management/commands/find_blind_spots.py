from typing import Any

from django.core.management.base import BaseCommand, CommandError

from satukota.base import clock
from satukota.base.errors import UserError


class Command(BaseCommand):
    help = "Mencari bagian kota yang tidak terlihat kamera mana pun dan menambahkannya ke register."

    def handle(self, *args: Any, **options: Any) -> None:
        from ...actions import finding

        try:
            report = finding.find(clock.now())
        except UserError as problem:
            raise CommandError(f"{problem.text} {problem.fix}") from problem
        self.stdout.write(
            f"{report.found} titik buta baru, {report.open} terbuka; {report.unseen_share:.1%} bobot kota di luar "
            f"pandangan; {report.left_out} bentangan berbobot lebih kecil belum dimasukkan."
        )
