"""OPD: founded, renamed, ended. They are never deleted, because things and acts of the past point to them."""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, UserError

from .. import access
from ..models import Duty, Opd
from . import keepers
from .storing import facts_of, store


@transaction.atomic
def add_opd(
    *, code: str, name: str, short_name: str, kind: str, parent_id: int | None, valid_from: date, source: str,
    by: Any, at: datetime,
) -> Opd:  # fmt: skip
    """Below an OPD the person may edit, or anywhere for who may edit the whole register. Raises UserError."""
    parent = _parent(parent_id, by)
    opd = Opd(code=code, name=name, short_name=short_name, kind=kind, parent=parent, valid_from=valid_from,
              source=source)  # fmt: skip
    store(opd, "city.opd_added", by=by, at=at, opd_code=code)
    return opd


@transaction.atomic
def edit_opd(
    opd_id: int, *, name: str, short_name: str, kind: str, parent_id: int | None, source: str, by: Any, at: datetime
) -> Opd:
    """Raises UserError when the OPD would stand below itself."""
    opd = access.to_edit(Opd.objects.select_for_update(), by, owner="pk", pk=opd_id)
    was = facts_of(opd)
    if parent_id != opd.parent_id:
        opd.parent = _parent(parent_id, by)
        _refuse_circle(opd)
    opd.name, opd.short_name, opd.kind, opd.source = name, short_name, kind, source
    store(opd, "city.opd_edited", by=by, at=at, opd_code=opd.code, was=was)
    return opd


@transaction.atomic
def end_opd(opd_id: int, *, on: date, why: str, by: Any, at: datetime) -> Opd:
    """The OPD's last day; duties that run longer end with it. Raises UserError while something still belongs to it."""
    opd = access.to_edit(Opd.objects.select_for_update(), by, owner="pk", pk=opd_id)
    if opd.valid_to:
        raise AlreadyDone(_("%(opd)s sudah berakhir pada %(day)s.") % {"opd": opd, "day": opd.valid_to})
    if not why.strip():
        raise UserError(_("Alasan belum diisi."), fix=_("Tulis dasar perubahannya, misalnya nomor perda."))
    _refuse_while_it_owns(opd, clock.local(at).date())
    was = facts_of(opd)
    opd.valid_to = on
    store(opd, "city.opd_ended", by=by, at=at, opd_code=opd.code, was=was, why=why)
    _end_duties(opd, on, why, by, at)
    return opd


def _parent(parent_id: int | None, by: Any) -> Opd | None:
    if parent_id is None:
        if by is not None:
            access.require_everywhere(by, "registers.edit")
        return None
    return access.to_edit(Opd.objects.all(), by, owner="pk", pk=parent_id)


def _refuse_circle(opd: Opd) -> None:
    above = opd.parent
    while above is not None:
        if above.pk == opd.pk:
            raise UserError(
                _("%(opd)s tidak dapat berada di bawah dirinya sendiri.") % {"opd": opd},
                fix=_("Pilih induk yang lain."),
            )
        above = above.parent


def _refuse_while_it_owns(opd: Opd, today: date) -> None:
    left = {
        _("yang dipantau"): opd.targets.filter(retired_on=None).count(),
        _("sambungan atau listrik"): opd.feeders.filter(ended_on=None).count(),
        _("kontrak berjalan"): opd.contracts.filter(ends_on__gte=today).count(),
        _("OPD di bawahnya"): opd.children.filter(Q(valid_to=None) | Q(valid_to__gte=today)).count(),
    }
    words = ", ".join(f"{number} {name}" for name, number in left.items() if number)
    if words:
        raise UserError(
            _("%(opd)s masih memiliki %(what)s.") % {"opd": opd, "what": words},
            fix=_("Pindahkan dahulu ke OPD penerusnya."),
        )


def _end_duties(opd: Opd, on: date, why: str, by: Any, at: datetime) -> None:
    """Raises UserError when nobody could let people in any more."""
    open_duties = Q(to_on=None) | Q(to_on__gt=on)
    kept = keepers.lock(at)
    for duty in Duty.objects.filter(open_duties, opd=opd, from_on__lte=on).select_related("person"):
        was, duty.to_on = duty.to_on, on
        duty.save(update_fields=["to_on"])
        audit.record("city.duty_ended", on=duty, by=by, at=at, opd_code=opd.code, before=was, after=on, why=why)
        if duty.person.user_id in kept and not keepers.left(keepers.day_after(on, at)):
            raise keepers.refuse_last(duty.person)
