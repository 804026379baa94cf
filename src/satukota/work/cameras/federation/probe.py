"""How a peer's camera is: what its owner's installation said last, while that is fresh. We never dial it ourselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from satukota.base import clock
from satukota.shared.monitoring.models import Target, Verdict
from satukota.shared.monitoring.registry import Look, Probe, Step, Words

from .. import causes
from ..models import PeerCamera
from . import EVERY_S, PEER_KIND

FRESH = timedelta(seconds=4 * EVERY_S)  # silent for longer: nobody here knows how its cameras are


class PeerCameraProbe(Probe):
    kind, timeout_s = PEER_KIND, 2.0

    def prepare(self, targets: Sequence[Target], memories: dict[int, bytes]) -> dict[int, Any]:
        """What was told of each. One query."""
        known = PeerCamera.objects.in_bulk([target.pk for target in targets])
        return {target.pk: known.get(target.pk) for target in targets}

    async def look(self, brief: Any) -> Look:
        if brief is None or clock.now() - brief.told_at > FRESH:
            said = brief.told_at.isoformat(timespec="seconds") if brief else ""
            return Look(str(Verdict.UNKNOWN), "peer_silent", trail=[Step("peer", False, said=said)], sure=True)
        return Look(brief.state, brief.cause, trail=[Step("peer", True)], sure=True)

    def words(self, cause: str) -> Words | None:
        return causes.words_of(cause) or super().words(cause)
