"""What the target of a spot sees of it now, as a stored fact."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from satukota.base.errors import UserError
from satukota.shared.coverage import registry
from satukota.shared.ground import queries as ground
from satukota.shared.monitoring.models import Reading, Verdict

from .. import sight
from ..models import BlindSpot, Proof

FRESH = timedelta(minutes=30)  # an older reading proves nothing about now


def measure(spot: BlindSpot, *, by: Any, at: datetime) -> Proof:
    """Store which share of the spot's weight its target sees, and the reading that says whether it works.

    Raises UserError when there is nothing to measure with: no target, no reading of the last half hour.
    """
    if spot.target is None or spot.target.retired_on is not None:
        raise UserError(_("Belum ada kamera yang ditautkan."), fix=_("Catat dahulu kamera yang terpasang."))
    reading = Reading.objects.filter(target=spot.target).order_by("-at", "-pk").first()
    if reading is None or at - reading.at > FRESH:
        raise UserError(
            _("%s belum diperiksa dalam setengah jam terakhir.") % spot.target.code,
            fix=_("Buka halaman kameranya dan pilih “Periksa sekarang”, lalu uji lagi."),
        )
    share = seen_by_target(spot)
    works = reading.verdict == Verdict.UP and spot.target.shown_state == Verdict.UP
    return Proof.objects.create(
        spot=spot, at=at, target=spot.target, reading=reading, reading_number=reading.pk, reading_at=reading.at,
        verdict=reading.verdict, share=share, needed_share=spot.needed_share, ground_version=ground.version(), by=by,
        is_enough=works and share >= spot.needed_share,
    )  # fmt: skip


def seen_by_target(spot: BlindSpot) -> float:
    """Share of the spot's weight that lies in its target's view as sharply as needed, whether it works or not."""
    mine = [one for one in registry.watchers() if one.target_id == spot.target_id]
    spread = sight.Spread.of([spot.points])
    return spread.share(0, sight.best(spread, sight.views(spread, mine), {one.target_id for one in mine}))
