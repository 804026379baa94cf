"""Reference pictures as the probe reads and writes them. What a person does with them is in reference_actions.py."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from django.db.models import Q

from satukota.rules.picture_truth import hour_bin

from .eye import Learned
from .models import CameraReference


class OfCamera:
    """The references one look needs."""

    def __init__(self) -> None:
        self.contents: list[tuple[str, bytes]] = []
        self.anchor_ids: set[int] = set()


def for_looks(camera_ids: Iterable[int], hour: int) -> dict[int, OfCamera]:
    """The accepted ones and those learned for this part of the day. One query; 40 KB each at most."""
    rows = CameraReference.objects.filter(
        Q(hour_bin=hour_bin(hour)) | Q(accepted_at__isnull=False), camera_id__in=list(camera_ids), retired_at=None
    ).values_list("pk", "camera_id", "taken_at", "accepted_at", "content")
    found: defaultdict[int, OfCamera] = defaultdict(OfCamera)
    for pk, camera_id, taken_at, accepted_at, content in rows:
        found[camera_id].contents.append((f"{pk}/{taken_at.timestamp()}", bytes(content)))
        if accepted_at is not None:
            found[camera_id].anchor_ids.add(pk)
    return found


def keep_learned(learned: Sequence[tuple[int, Learned, frozenset[int]]]) -> int:
    """Store what looks learned: (camera, reference, accepted references it leaned on). Returns how many were kept.

    What leaned on a reference that was retired meanwhile is dropped: a reset must not come back by a look under way.
    Each camera learns once in ten minutes, so these few queries per row are rare.
    """
    wanted = {pk for _, _, anchors in learned for pk in anchors}
    live = set(CameraReference.objects.filter(pk__in=wanted, retired_at=None).values_list("pk", flat=True))
    kept = 0
    for camera_id, new, anchors in learned:
        if not anchors & live:
            continue
        key = {"camera_id": camera_id, "mode": new.mode, "hour_bin": new.hour_bin}
        values = {"content": new.content, "taken_at": datetime.fromtimestamp(new.taken_at, UTC)}
        changed = CameraReference.objects.filter(**key, accepted_at=None, retired_at=None).update(**values)
        if not changed:
            CameraReference.objects.bulk_create([CameraReference(**key, **values)], ignore_conflicts=True)
        kept += 1
    return kept
