"""`satukota audit verify`: whether the chain still holds, and if not, where it first breaks."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from satukota.base.audit.actions import first_broken
from satukota.base.audit.models import AuditHead


class Command(BaseCommand):
    help = "verify: check the audit chain and name the first broken row (exit code 1)"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["verify"])

    def handle(self, *args: Any, **options: Any) -> None:
        broken = first_broken()
        if broken:
            raise CommandError(f"The chain breaks at row {broken[0]}: {broken[1]}.")
        head = AuditHead.objects.filter(pk=1).first()
        rows, end = (head.last_number, head.last_hash) if head else (0, "-")
        self.stdout.write(f"The chain holds: {rows} rows, last hash {end}.")
