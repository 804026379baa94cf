"""A runner says it is alive, notices when nobody was, and tells the screens how the watching goes."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from satukota.base.feed import actions as feed

from . import claims, queries
from .models import Chore, RunnerBeat, Target, UplinkOutage

ASLEEP_AFTER = timedelta(seconds=90)  # no runner said anything for so long: nobody was looking
PULSE_EVERY = timedelta(seconds=10)
PULSE = "monitoring.pulse"


@transaction.atomic
def beat(name: str, started_at: datetime, looks_done: int, at: datetime) -> float:
    """Note that the runner is alive; returns how late the most overdue target is, in seconds.

    When no runner has been alive for ASLEEP_AFTER, the time since becomes a span of which nothing is known.
    """
    last = RunnerBeat.objects.aggregate(last=Max("beat_at"))["last"]
    if last is not None and at - last > ASLEEP_AFTER:
        UplinkOutage.objects.create(lost_at=last, back_at=at, why=UplinkOutage.Why.ASLEEP)
    claims.mend_future(at)
    behind_s = claims.behind_s(at)
    now = {"started_at": started_at, "beat_at": at, "looks_done": looks_done, "behind_s": behind_s}
    RunnerBeat.objects.update_or_create(name=name, defaults=now)
    return behind_s


def leave(name: str, at: datetime) -> None:
    """The runner ends on purpose: the time from now on is nobody's, so its last beat is now."""
    RunnerBeat.objects.filter(name=name).update(beat_at=at)


@transaction.atomic
def pulse(looks: int, behind_s: float, uplink_lost: bool, at: datetime) -> bool:
    """Publish how the watching goes, at most every PULSE_EVERY whatever the number of runners."""
    Chore.objects.get_or_create(name=PULSE, defaults={"next_at": at})
    due = Chore.objects.filter(name=PULSE).exclude(next_at__gt=at, next_at__lte=at + PULSE_EVERY)
    if not due.update(next_at=at + PULSE_EVERY):
        return False
    counts = queries.counts_by_state(Target.objects.filter(retired_on=None))
    payload = {
        "at": at.isoformat(), "looks": looks, "behind_s": round(behind_s, 1), "uplink": "lost" if uplink_lost else "ok",
        "counts": counts,
    }  # fmt: skip
    feed.publish("pulse", "monitoring", payload, opd_id=None, at=at)
    return True
