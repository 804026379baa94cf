"""The first minute of a sample city: somebody has to say of each camera that its picture shows what it should.

In a real city people do that, camera by camera. Here the simulator shows every camera healthy for its first 90 seconds,
so the sample technician accepts what the first round of looks brought.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.accounts.models import User
from satukota.base.errors import UserError
from satukota.shared.monitoring import actions as monitoring
from satukota.shared.monitoring.models import Reading, Target, Verdict
from satukota.work.cameras.models import Camera, CameraReference
from satukota.work.cameras.reference_actions import accept_reference

from .loading import require_sample
from .wiring import field as wires

LONGEST_S = 40.0
PAUSE_S = 1.0
NOT_YET = frozenset({"busy", "no_keyframe_yet"})  # the simulator is still preparing this camera's pictures


@dataclass
class Settled:
    accepted: list[str] = field(default_factory=list)  # codes
    refused: dict[str, str] = field(default_factory=dict)  # code → why its picture is no reference
    unseen: list[str] = field(default_factory=list)  # no look has shown anything yet


def accept_references(since: datetime | None = None) -> Settled:
    """Accept the newest picture of every sample camera whose latest look misses nothing but a reference.

    With `since`, looks before that moment do not count. Raises UserError outside the sample city.
    """
    require_sample()
    technician = User.objects.filter(username="teknisi", is_sample=True).first()
    if technician is None:
        raise UserError(_("Teknisi contoh tidak ada."), fix=_("Muat dahulu kota contoh: satukota sample load."))
    done, at = Settled(), clock.now()
    for camera in _sample_cameras():
        if not _was_seen(camera, since):
            done.unseen.append(camera.target.code)
        elif _misses_only_a_reference(camera):
            try:
                accept_reference(camera, by=technician, at=at)
                done.accepted.append(camera.target.code)
            except UserError as problem:
                done.refused[camera.target.code] = problem.text
    _look_again(done.accepted, at)
    return done


def settle(longest_s: float = LONGEST_S) -> Settled:
    """Accept as pictures come in, until every sample camera was looked at or the time is up."""
    since, give_up_at = clock.now(), time.monotonic() + longest_s
    together = Settled()
    while True:
        now = accept_references(since)
        together.accepted += now.accepted
        together.refused, together.unseen = now.refused, now.unseen
        if not now.unseen or time.monotonic() + PAUSE_S > give_up_at:
            return together
        time.sleep(PAUSE_S)


def _sample_cameras() -> QuerySet[Camera]:
    """Those the simulator serves, with what their last look said and whether anybody accepted a picture before."""
    last = Reading.objects.filter(target=OuterRef("pk")).order_by("-at")
    live = CameraReference.objects.filter(camera=OuterRef("pk"), accepted_at__isnull=False, retired_at=None)
    served = Camera.objects.filter(target__code__in=wires().cameras, target__retired_on=None)
    return served.select_related("target__owner").order_by("target__code").annotate(
        last_cause=Subquery(last.values("cause")[:1]), last_verdict=Subquery(last.values("verdict")[:1]),
        accepted_at=Subquery(live.order_by("-accepted_at").values("accepted_at")[:1]),
    )  # fmt: skip


def _was_seen(camera: Camera, since: datetime | None) -> bool:
    looked_at = camera.target.last_reading_at
    return looked_at is not None and (since is None or looked_at >= since) and camera.last_cause not in NOT_YET


def _misses_only_a_reference(camera: Camera) -> bool:
    """Either the look says so (a first night after days, too), or it was good without anybody's word for it.

    What was accepted after that look answers it: the next look will tell.
    """
    if camera.accepted_at is None:
        return camera.last_cause == "no_reference" or camera.last_verdict == Verdict.UP
    return camera.last_cause == "no_reference" and camera.accepted_at < camera.target.last_reading_at


def _look_again(codes: list[str], at: datetime) -> None:
    """So that what was accepted shows within seconds, not at the next round."""
    if codes:
        monitoring.look_now(list(Target.objects.filter(code__in=codes).values_list("pk", flat=True)), at)
