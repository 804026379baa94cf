"""What the registers say on the health page."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from satukota.base.health import registry
from satukota.base.health.registry import Gauge, Values

AHEAD = timedelta(days=30)


def keepers_left(at: datetime) -> Values:
    """A duty runs out by itself on its last day, which no act can refuse: so it is seen a month before."""
    from .actions import keepers

    return {(): float(len(keepers.left(at + AHEAD)))}


def register() -> None:
    registry.register([
        Gauge("accounts_keepers", registry.TRUST, _("Akun yang 30 hari lagi masih dapat mengundang orang"),
              "Active accounts that may still invite people thirty days from now.", keepers_left,
              bad=0, low_is_bad=True,
              fix=_("Beri tugas pengelola kepada seseorang: tanpa itu tidak ada lagi yang dapat membuka akun.")),
    ])  # fmt: skip
