"""Swaps: one asks, the other agrees; then both plans change at once."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, UserError
from satukota.base.line import hold_line
from satukota.city import access as city
from satukota.city.models import Person

from .. import access
from ..models import Shift, Sitting, Swap


@transaction.atomic
def ask_swap(shift_id: int, *, asked_id: int, in_return_id: int | None, by: Any, at: datetime) -> Swap:
    """`by` gives away their place in a shift to come, in return for the other's place in another if one is named.

    Raises UserError when either does not sit there, or the shift began.
    """
    shift, me = access.shift_for(by, shift_id, "shifts.view"), access.person_of(by)
    back = access.shift_for(by, in_return_id, "shifts.view") if in_return_id is not None else None
    asked = city.existing(Person.objects.filter(user__isnull=False), pk=asked_id)
    if me is None or asked == me or not shift.rota.members.filter(person=asked).exists():
        raise UserError(_("Pilih anggota lain dari jadwal ini."), fix=_("Dengan diri sendiri tidak dapat bertukar."))
    if back is not None and back.rota_id != shift.rota_id:
        raise UserError(_("Kedua giliran harus dari jadwal yang sama."), fix=_("Pilih giliran lain."))
    _refuse(shift, back, me, asked, at)
    if Swap.objects.filter(shift=shift, asker=me, state=Swap.State.ASKED).exists():
        raise AlreadyDone(_("Tukar giliran ini sudah Anda minta."), fix=_("Tunggu jawabannya atau tarik kembali."))
    swap = Swap.objects.create(shift=shift, in_return=back, asker=me, asked=asked, asked_at=at)
    audit.record("shifts.swap_asked", on=swap, by=by, at=at, opd_code=shift.rota.opd.code)
    return swap


@transaction.atomic
def agree(swap_id: int, *, by: Any, at: datetime) -> Swap:
    """The one asked agrees, and both plans change. Raises UserError when one of them no longer sits there."""
    swap = _answer(swap_id, str(Swap.State.AGREED), by, at)
    _refuse(swap.shift, swap.in_return, swap.asker, swap.asked, at)
    Sitting.objects.filter(shift=swap.shift, person=swap.asker).update(person=swap.asked)
    if swap.in_return is not None:
        Sitting.objects.filter(shift=swap.in_return, person=swap.asked).update(person=swap.asker)
    _write(swap, "shifts.swap_agreed", by, at)
    return swap


@transaction.atomic
def decline(swap_id: int, *, by: Any, at: datetime) -> Swap:
    swap = _answer(swap_id, str(Swap.State.DECLINED), by, at)
    _write(swap, "shifts.swap_declined", by, at)
    return swap


@transaction.atomic
def withdraw(swap_id: int, *, by: Any, at: datetime) -> Swap:
    swap = _answer(swap_id, str(Swap.State.WITHDRAWN), by, at)
    _write(swap, "shifts.swap_withdrawn", by, at)
    return swap


def _answer(swap_id: int, state: str, by: Any, at: datetime) -> Swap:
    """The swap, answered now by the one whose answer it is; two answers at once: one counts."""
    hold_line()
    swap, me = access.swap_for(by, swap_id, "shifts.view"), access.person_of(by)
    whose = swap.asker if state == Swap.State.WITHDRAWN else swap.asked
    if me != whose:
        raise UserError(_("Hanya %s yang dapat menjawab ini.") % whose, fix=_("Tanyakan kepadanya."))
    waiting = Swap.objects.filter(pk=swap.pk, state=Swap.State.ASKED)
    if not waiting.update(state=state, answered_at=at):
        raise AlreadyDone(_("Permintaan ini sudah dijawab."), fix=_("Muat ulang halaman."))
    swap.state, swap.answered_at = state, at
    return swap


def _refuse(shift: Shift, back: Shift | None, asker: Person, asked: Person, at: datetime) -> None:
    for one, giver, taker in ((shift, asker, asked), (back, asked, asker)):
        if one is None:
            continue
        sitting = set(one.sittings.values_list("person", flat=True))
        if one.starts_at <= at:
            raise UserError(_("Giliran itu sudah mulai."), fix=_("Minta supervisor mengganti petugasnya."))
        if giver.pk not in sitting or taker.pk in sitting:
            raise UserError(
                _("%(person)s tidak dapat menyerahkan giliran itu.") % {"person": giver},
                fix=_("Susunannya sudah berubah; muat ulang halaman."),
            )


def _write(swap: Swap, act: str, by: Any, at: datetime) -> None:
    after = {"gives": str(swap.shift), "in_return": str(swap.in_return or ""), "asker": str(swap.asker),
             "asked": str(swap.asked)}  # fmt: skip
    audit.record(act, on=swap, by=by, at=at, opd_code=swap.shift.rota.opd.code, after=after)
