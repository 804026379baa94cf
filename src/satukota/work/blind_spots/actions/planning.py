"""What people do with plans: ask, run again, stop, and turn the answer into blind spots to be closed."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, UserError
from satukota.city import access as city_access
from satukota.city.models import Opd
from satukota.shared.coverage import queries as coverage
from satukota.shared.coverage.packing import Points

from .. import access
from ..models import BlindSpot, PartnerOffer, Plan, PlanCamera, SpotEntry
from ..siting.asking import Asked
from .finding import Builder
from .timeline import checked, in_line, write

State = Plan.State
NAME_LONGEST = 120
OVERLAP = 1 / 3  # of a spot's weight that a camera must add, to be the one that closes it
KEPT_PROMISE = 0.9  # of what the plan promised a spot, to be measured before it is closed
AT_LEAST = 0.1


@transaction.atomic
def ask(*, name: str, owner_id: int, asked: Asked, by: Any, at: datetime, came_from: Plan | None = None) -> Plan:
    """A new plan, given to a job. Raises UserError, NotAllowed."""
    name = checked(name, _("Nama rencana"), longest=NAME_LONGEST)
    owner = Opd.objects.filter(pk=owner_id).first()
    if owner is None:
        raise UserError(_("OPD itu tidak ada."), fix=_("Pilih OPD dari daftar."))
    city_access.require(by, "coverage.plan", owner.pk)
    asked.check()
    plan = Plan.objects.create(
        name=name, owner=owner, made_by=by, made_at=at, asked=asked.as_json(), run=_mark(), came_from=came_from
    )
    audit.record("blind_spots.plan_asked", on=plan, by=by, at=at, opd_code=owner.code, after=plan.asked)
    _enqueue(plan)
    return plan


@transaction.atomic
def run_again(pk: int, *, by: Any, at: datetime) -> Plan:
    """Calculate afresh, on the ground and prices of now. Raises AlreadyDone while it is under way."""
    plan = access.plan_for(by, pk, "coverage.plan")
    if plan.applied_at is not None:
        raise AlreadyDone(_("Rencana ini sudah diterapkan."), fix=_("Buat rencana baru dari permintaannya."))
    resting = Plan.objects.filter(pk=pk, state__in=[State.DONE, State.STOPPED, State.FAILED])
    again = {"state": State.WAITING, "is_stopping": False, "problem": "", "finished_at": None}
    if not resting.update(run=_mark(), done=0, total=0, **again):
        raise AlreadyDone(_("Rencana ini sedang dihitung."), fix=_("Tunggu, atau hentikan dahulu."))
    plan.refresh_from_db()
    audit.record("blind_spots.plan_run", on=plan, by=by, at=at, opd_code=plan.owner.code)
    _enqueue(plan)
    return plan


@transaction.atomic
def stop(pk: int, *, by: Any, at: datetime) -> Plan:
    """Stop; the best so far stays. Raises AlreadyDone when nothing runs."""
    plan = access.plan_for(by, pk, "coverage.plan")
    waiting = Plan.objects.filter(pk=pk, state=State.WAITING)
    told = _("Dihentikan sebelum mulai dihitung.")
    running = Plan.objects.filter(pk=pk, state=State.RUNNING)
    was_waiting = waiting.update(state=State.STOPPED, run=_mark(), problem=told, finished_at=at)
    if not was_waiting and not running.update(is_stopping=True):
        raise AlreadyDone(_("Rencana ini tidak sedang dihitung."), fix=_("Muat ulang halaman ini."))
    audit.record("blind_spots.plan_stopped", on=plan, by=by, at=at, opd_code=plan.owner.code)
    plan.refresh_from_db()
    return plan


def _mark() -> str:
    return secrets.token_hex(16)


def _enqueue(plan: Plan) -> None:
    from ..tasks import run_plan

    transaction.on_commit(lambda: run_plan.enqueue(plan.pk, plan.run))


@in_line()
def apply(pk: int, *, by: Any, at: datetime) -> tuple[int, int]:
    """Each camera of the plan gets the blind spot it is to close: (found in the register, new). Once a plan.

    Raises AlreadyDone, UserError.
    """
    plan = access.plan_for(by, pk, "coverage.plan")
    ready = Plan.objects.filter(pk=pk, state__in=[State.DONE, State.STOPPED], applied_at=None)
    rows = list(plan.cameras.select_related("kelurahan"))
    if not rows:
        raise UserError(_("Rencana ini tidak berisi kamera."), fix=_("Hitung rencananya dahulu."))
    if not ready.update(applied_at=at):
        raise AlreadyDone(_("Rencana ini sudah diterapkan atau sedang dihitung."), fix=_("Muat ulang halaman ini."))
    linked, left = _link_known(plan, rows, by, at)
    new = _add_new(plan, left, by, at)
    audit.record(
        "blind_spots.plan_applied", on=plan, by=by, at=at, opd_code=plan.owner.code,
        after={"linked": linked, "new": new},
    )  # fmt: skip
    return linked, new


def _link_known(plan: Plan, rows: list[PlanCamera], by: Any, at: datetime) -> tuple[int, list[PlanCamera]]:
    """Give each camera the open spot of which it adds the most, if that is enough; the cameras that got none."""
    before = (BlindSpot.State.PROPOSED, BlindSpot.State.SURVEYED, BlindSpot.State.PLANNED)
    spots = {spot.pk: spot for spot in BlindSpot.objects.filter(state__in=before, target=None)
             .select_related("owner", "plan_camera")}  # fmt: skip
    where = {_key(point): pk for pk, spot in spots.items() for point in spot.points}
    left: list[PlanCamera] = []
    taken: set[int] = set()
    for row in rows:
        shares: dict[int, float] = {}
        for point in row.points:
            spot_pk = where.get(_key(point))
            if spot_pk is not None and spot_pk not in taken:
                shares[spot_pk] = shares.get(spot_pk, 0.0) + _weight_in(spots[spot_pk], point)
        best = max(shares, key=lambda pk: (shares[pk], -pk), default=None)
        if best is None or shares[best] < OVERLAP * spots[best].weight:
            left.append(row)
            continue
        taken.add(best)
        _plan_spot(spots[best], plan, row, shares[best] / spots[best].weight, by, at)
    return len(taken), left


def _key(point: list[Any]) -> tuple[float, float, str]:
    return (round(point[0], 5), round(point[1], 5), point[4])


def _weight_in(spot: BlindSpot, point: list[Any]) -> float:
    """What the point weighs in the register: a plan may weigh purposes otherwise."""
    key = _key(point)
    return next(float(row[2]) for row in spot.points if _key(row) == key)


def _plan_spot(spot: BlindSpot, plan: Plan, row: PlanCamera, share: float, by: Any, at: datetime) -> None:
    before = str(spot.get_state_display())
    spot.state, spot.plan_camera = BlindSpot.State.PLANNED, row
    spot.needed_share = round(max(AT_LEAST, min(spot.needed_share, KEPT_PROMISE * share)), 4)
    spot.save(update_fields=["state", "plan_camera", "needed_share"])
    write(spot, "plan_linked", by=by, at=at, text=f"{plan.name} · #{row.position} {row.site_code}", before=before,
          after=str(spot.get_state_display()))  # fmt: skip


def _add_new(plan: Plan, rows: list[PlanCamera], by: Any, at: datetime) -> int:
    """Spots for cameras that close none of the register: what each adds, as far as nobody else's spot holds it."""
    unseen = coverage.unseen_points()
    if unseen is None or not rows:
        return 0
    from .finding import keys_of, known_keys

    every = np.arange(len(unseen.points))
    number = {key: n for n, key in enumerate(keys_of(unseen.points, every))}
    known, builder, spots = known_keys(), Builder(unseen.points, unseen.ground_version, at), []
    for row in rows:
        keys = [_key(point) for point in row.points]
        mine = np.array(sorted({number[key] for key in keys if key in number and key not in known}), np.int64)
        if not len(mine) or not _worth(unseen.points, mine):
            continue
        known.update(keys)
        spot = builder.spot(mine)
        spot.owner, spot.state, spot.plan_camera = plan.owner, BlindSpot.State.PLANNED, row
        spots.append(spot)
    BlindSpot.objects.bulk_create(spots)
    SpotEntry.objects.bulk_create(
        SpotEntry(spot=spot, act="plan_linked", by=by, at=at, text=f"{plan.name} · #{spot.plan_camera.position}")
        for spot in spots if spot.plan_camera is not None
    )  # fmt: skip
    return len(spots)


def _worth(points: Points, mine: Any) -> bool:
    return float(points.weight[mine].sum()) > 0


@transaction.atomic
def offer(*, by: Any, at: datetime, owner_id: int, **fields: Any) -> PartnerOffer:
    """A partner's camera the city could look through. Raises UserError, NotAllowed."""
    city_access.require(by, "coverage.plan", owner_id)
    code = checked(str(fields.get("code", "")), _("Kode"), longest=40)
    if PartnerOffer.objects.filter(code=code).exists():
        raise UserError(_("Kode %s sudah dipakai.") % code, fix=_("Pilih kode lain."))
    row = PartnerOffer.objects.create(owner_id=owner_id, **{**fields, "code": code})
    audit.record("blind_spots.offer_added", on=row, by=by, at=at, after={"partner": row.partner})
    return row


@transaction.atomic
def end_offer(pk: int, *, by: Any, at: datetime) -> None:
    row = access.offer_for(by, pk)
    PartnerOffer.objects.filter(pk=row.pk).update(ended_on=at.date())
    audit.record("blind_spots.offer_ended", on=row, by=by, at=at)
