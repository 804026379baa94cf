"""Links and power supplies of the register are watched: each has a target of its own, kept as the register says."""

from typing import Any

from django.utils.translation import gettext as _

from satukota.base.errors import UserError
from satukota.city.models import Feeder

from .models import Target


def follow(feeder: Feeder) -> None:
    """Make or update the target of a feeder that was added, changed or ended, in the register's transaction.

    It hangs on its upstream's target: a link on a link, anything on power. A new address is looked at at once; what is
    out of use is not looked at any more. Raises UserError when the code belongs to something else that is watched.
    """
    wanted: dict[str, Any] = {
        "name": feeder.name, "address": feeder.probe_address, "owner_id": feeder.owner_id,
        "kelurahan_id": feeder.kelurahan_id, "lon": feeder.lon, "lat": feeder.lat, "link": None, "power": None,
        "retired_on": feeder.ended_on,
    }  # fmt: skip
    if feeder.upstream is not None:
        parent = Target.objects.filter(code=feeder.upstream.code, kind=feeder.upstream.kind).first()
        wanted[str(feeder.upstream.kind)] = parent
    target = Target.objects.filter(code=feeder.code).first()
    if target is None:
        Target.objects.create(code=feeder.code, kind=feeder.kind, **wanted)
        return
    if target.kind != feeder.kind:
        raise UserError(
            _("Kode “%(code)s” sudah dipakai oleh hal lain yang dipantau.") % {"code": target.code},
            fix=_("Pilih kode lain untuk sambungan atau listrik ini."),
        )
    if target.address != feeder.probe_address or target.retired_on:
        wanted["next_due_at"] = None
    Target.objects.filter(pk=target.pk).update(**wanted)
