"""Who may see and do what with recorders and requests: by the OPD of the recorder, or of the camera."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from satukota.city import access

from ..models import Recorder, Retrieval


def recorders(user: Any, permission: str = "recordings.view") -> QuerySet[Recorder]:
    """A recorder has no area: a duty limited to one reaches none."""
    reach = access.scope(user, permission)
    if not reach or reach.area_ids is not None:
        return Recorder.objects.none()
    rows = Recorder.objects.select_related("owner", "custodian")
    return rows if reach.opd_ids is None else rows.filter(owner__in=reach.opd_ids)


def recorder_for(user: Any, pk: int, permission: str) -> Recorder:
    """Raises NotAllowed for what is missing or out of reach."""
    found = recorders(user, permission).filter(pk=pk).first()
    if found is None:
        raise access.not_found()
    return found


def retrievals(user: Any, permission: str = "recordings.view") -> QuerySet[Retrieval]:
    rows = Retrieval.objects.select_related(
        "camera__target__owner", "recorder", "asked_by", "incident", "exhibit", "letter__file"
    )
    return access.visible(rows, user, permission, owner="camera__target__owner")


def retrieval_for(user: Any, number: str, permission: str) -> Retrieval:
    """Raises Missing for what is missing or out of reach."""
    found: Retrieval = access.one(
        Retrieval.objects.select_related("camera__target__owner", "recorder", "asked_by", "incident", "exhibit",
                                         "letter__file"),
        user, permission, owner="camera__target__owner", number=number,
    )  # fmt: skip
    return found
