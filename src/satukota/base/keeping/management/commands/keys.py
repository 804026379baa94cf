"""`satukota keys …`: which keys seal, and changing them while everything runs."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.errors import UserError
from satukota.base.secrets import keys, rotating


class Command(BaseCommand):
    help = "list, rotate, resume, retire: the keys that seal secrets at rest"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["list", "rotate", "resume", "retire"])
        parser.add_argument("--without-rest", action="store_true", help=_("retire: juga kunci yang baru saja diganti"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['act']}")(options)
        except UserError as problem:
            raise CommandError(f"{problem.text} {problem.fix}".strip()) from problem

    def _list(self, options: dict[str, Any]) -> None:
        for use in rotating.uses():
            name = use.key.id if use.key else _("tanpa nama")
            since = f"{use.key.made_at:%Y-%m-%d %H:%M}" if use.key and use.key.made_at else _("waktu tidak tercatat")
            newest = _(", menyegel yang baru") if use.is_newest else ""
            self.stdout.write(_("%(name)s  %(since)s  %(n)d nilai%(newest)s") % {
                "name": name, "since": since, "n": use.values, "newest": newest})  # fmt: skip

    def _rotate(self, options: dict[str, Any]) -> None:
        self._tell(rotating.rotate(clock.now(), self.stdout.write), "keys.rotated")

    def _resume(self, options: dict[str, Any]) -> None:
        self._tell(rotating.resume(self.stdout.write), "keys.resealed")

    def _retire(self, options: dict[str, Any]) -> None:
        gone = rotating.retire(clock.now(), timedelta(0) if options["without_rest"] else rotating.REST)
        with transaction.atomic():
            for key in gone:
                audit.record("keys.retired", by=None, at=clock.now(), after={"kunci": key.id})
        names = ", ".join(key.id for key in gone)
        self.stdout.write(_("Kunci ditarik: %(names)s.") % {"names": names} if gone else _("Tidak ada yang ditarik."))

    def _tell(self, done: rotating.Resealed, act: str) -> None:
        told = {"kunci": keys()[0].id, "disegel": done.changed, "tertutup": done.lost}
        audit.record(act, by=None, at=clock.now(), after=told)
        self.stdout.write(_("Selesai: %(n)d nilai disegel ulang.") % {"n": done.changed})
        if done.lost:
            self.stderr.write(_("%(n)d nilai tidak dapat dibuka dengan kunci mana pun.") % {"n": done.lost})
