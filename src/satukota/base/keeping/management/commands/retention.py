"""`satukota retention`: what is deleted when and why, with the last receipts; `run` deletes what is due."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.keeping import retention
from satukota.base.keeping.models import DeletionReceipt


class Command(BaseCommand):
    help = "the rules of deletion and their last receipts; run: delete what is due now"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", nargs="?", choices=["list", "run"], default="list")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["act"] == "run":
            number = sum(retention.run(rule, clock.now()).number for rule in retention.rules())
            self.stdout.write(_("%(n)d dihapus.") % {"n": number})
        for rule in retention.rules():
            self.stdout.write(f"{rule.key}: {rule.what}")
            self.stdout.write("  " + _("sesudah %(days)d hari (%(where)s); dasar: %(source)s") % {
                "days": rule.days(), "where": rule.configured, "source": rule.source})  # fmt: skip
            last = DeletionReceipt.objects.filter(rule=rule.key).first()
            self.stdout.write("  " + (_("belum pernah menghapus") if last is None else _(
                "terakhir %(at)s: %(n)d, dari %(oldest)s sampai %(newest)s; log audit baris %(row)d") % {
                    "at": f"{last.at:%F %T}", "n": last.number, "oldest": f"{last.oldest_at:%F %T}",
                    "newest": f"{last.newest_at:%F %T}", "row": last.audit_number}))  # fmt: skip
