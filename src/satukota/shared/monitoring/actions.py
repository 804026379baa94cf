"""Writes others may ask of monitoring."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, Missing, UserError

from . import claims, storing
from .models import MaintenanceWindow, StatusChange, Target
from .parents import Family
from .queries import active_windows
from .readings import forget_old_readings
from .registry import Look
from .rollups import roll_up, roll_up_due
from .storing import Done

__all__ = [
    "apply", "declare_maintenance", "end_maintenance", "forget_old_readings", "look_now", "record_change", "roll_up",
    "roll_up_due",
]  # fmt: skip

LATE = timedelta(minutes=5)  # "from now" may have been typed a moment ago; the past cannot be declared
LONGEST = timedelta(days=31)


def apply(target: Target, look: Look, at: datetime, *, uplink_lost: bool = False) -> StatusChange | None:
    """Store one look made outside the runner, with everything that follows from it; the change when there is one.

    `target` is refreshed. A look of the runner at the same target that is under way is dropped.
    """
    done = Done(target.pk, "", look, at)
    outcome = storing.store([done], uplink_lost=uplink_lost, runner="")
    target.refresh_from_db()
    return outcome.changes[0] if outcome.changes else None


@transaction.atomic
def record_change(
    target: Target, now: str, *, cause: str = "", at: datetime, root: Target | None = None, unreachable: bool = False
) -> StatusChange:
    """Set a target's status without a look, told to everyone as any other change. For repairs by hand and samples."""
    was = target.state
    target.state, target.cause, target.state_since = now, cause, max([at, *filter(None, [target.state_since])])
    target.pending, target.pending_cause, target.pending_count = "", "", 0
    target.is_unreachable = unreachable
    target.watched_from = target.watched_from or at
    target.save(update_fields=[
        "state", "cause", "state_since", "pending", "pending_cause", "pending_count", "is_unreachable", "watched_from",
    ])  # fmt: skip
    family = Family.load()
    covered = storing.is_in_maintenance(target, family, active_windows(at))
    change = StatusChange(
        target=target, at=target.state_since, was=was, now=now, cause=cause, root=root, in_maintenance=covered
    )
    return storing.announce([change], family)[0]


def look_now(target_ids: Sequence[int], at: datetime) -> int:
    """Make targets due at once. Returns how many."""
    return claims.look_now(target_ids, at)


@transaction.atomic
def declare_maintenance(
    target_id: int, *, starts_at: datetime, ends_at: datetime, reason: str, by: Any, at: datetime
) -> MaintenanceWindow:
    """Announce work on a target and on everything behind it. Raises UserError, Missing.

    Silences messages of failures, never measuring and never a recovery. The past cannot be declared: minutes that
    were counted stay counted. The caller has checked that `by` may (maintenance.declare).
    """
    target = Target.objects.filter(pk=target_id, retired_on=None).first()
    if target is None:
        raise Missing(_("Yang dipantau ini tidak ditemukan."))
    _check_window(starts_at, ends_at, reason, at)
    window = MaintenanceWindow.objects.create(
        target=target, starts_at=max(starts_at, at), ends_at=ends_at, reason=reason.strip(), declared_by=by,
        declared_at=at,
    )  # fmt: skip
    after = {"starts_at": window.starts_at, "ends_at": ends_at}
    audit.record(
        "monitoring.maintenance_declared", on=target, by=by, at=at, after=after, why=reason, opd_code=target.owner.code
    )
    return window


def _check_window(starts_at: datetime, ends_at: datetime, reason: str, at: datetime) -> None:
    if not reason.strip():
        raise UserError(_("Alasan pemeliharaan belum diisi."), fix=_("Tulis pekerjaan apa yang dilakukan."))
    if len(reason.strip()) > 300:
        raise UserError(_("Alasan terlalu panjang."), fix=_("Ringkas menjadi paling banyak 300 huruf."))
    if starts_at < at - LATE:
        raise UserError(_("Pemeliharaan tidak dapat dimulai di masa lalu."), fix=_("Pilih waktu mulai dari sekarang."))
    if ends_at <= max(starts_at, at):
        raise UserError(_("Pemeliharaan berakhir sebelum dimulai."), fix=_("Pilih waktu selesai sesudah waktu mulai."))
    if ends_at - starts_at > LONGEST:
        raise UserError(
            _("Pemeliharaan paling lama %d hari.") % LONGEST.days, fix=_("Bagi menjadi beberapa pemeliharaan.")
        )


@transaction.atomic
def end_maintenance(window_id: int, *, by: Any, at: datetime) -> MaintenanceWindow:
    """End declared work early; work that has not begun is called off. Raises AlreadyDone, Missing."""
    window = MaintenanceWindow.objects.filter(pk=window_id).select_related("target__owner").first()
    if window is None:
        raise Missing(_("Pemeliharaan ini tidak ditemukan."))
    was = window.ends_at
    still_open = MaintenanceWindow.objects.filter(pk=window_id, ends_at__gt=at)
    has_begun = window.starts_at < at
    done = still_open.update(ends_at=at) if has_begun else still_open.delete()[0]
    if not done:
        raise AlreadyDone(_("Pemeliharaan ini sudah berakhir."))
    window.ends_at = at
    audit.record(
        "monitoring.maintenance_ended", on=window.target, by=by, at=at, before=was, after=at,
        opd_code=window.target.owner.code,
    )  # fmt: skip
    return window
