"""Links and power supplies of the register are watched: each has a target of its own, kept as the register says."""

from typing import Any

from satukota.city.models import Feeder

from .models import Target


def follow(feeder: Feeder) -> None:
    """Make or update the target of a feeder that was added or changed, in the register's transaction.

    It hangs on its upstream's target: a link on a link, anything on power. A new address is looked at at once.
    """
    wanted: dict[str, Any] = {
        "name": feeder.name, "address": feeder.probe_address, "owner_id": feeder.owner_id,
        "kelurahan_id": feeder.kelurahan_id, "lon": feeder.lon, "lat": feeder.lat, "link": None, "power": None,
    }  # fmt: skip
    if feeder.upstream is not None:
        parent = Target.objects.filter(code=feeder.upstream.code, kind=feeder.upstream.kind).first()
        wanted[str(feeder.upstream.kind)] = parent
    target = Target.objects.filter(code=feeder.code).first()
    if target is None:
        Target.objects.create(code=feeder.code, kind=feeder.kind, **wanted)
        return
    if target.address != feeder.probe_address or target.kind != feeder.kind:
        wanted["next_due_at"] = None
    Target.objects.filter(pk=target.pk).update(kind=feeder.kind, **wanted)
