"""People and the duties they hold. A duty gives rights, so who may give which is decided here."""

import re
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, NotAllowed, UserError

from .. import access
from ..models import Duty, Opd, Person
from ..roles import ROLES, Reach
from .storing import facts_of, store

PHONE = re.compile(r"\+?[0-9][0-9 ()-]{3,18}")
HEAD = "kepala_opd"


@transaction.atomic
def add_person(*, name: str, phone: str, by: Any, at: datetime) -> Person:
    if by is not None:
        access.require(by, "registers.edit")
    person = Person(name=name.strip(), phone=_phone(phone))
    store(person, "city.person_added", by=by, at=at)
    return person


@transaction.atomic
def edit_person(person_id: int, *, name: str, phone: str, by: Any, at: datetime) -> Person:
    person = access.person_to_edit(by, person_id)
    was = facts_of(person)
    person.name, person.phone = name.strip(), _phone(phone)
    store(person, "city.person_edited", by=by, at=at, was=was)
    return person


@transaction.atomic
def assign_duty(
    *, person_id: int, role: str, opd_id: int, acting: str, decree: str, on_call: bool, from_on: date,
    to_on: date | None, by: Any, at: datetime,
) -> Duty:  # fmt: skip
    """Give a person a duty at an OPD. Raises UserError, AlreadyDone, NotAllowed.

    A role that reaches the whole city is given only by who may edit the whole register; nobody gives one to themself.
    """
    opd = access.to_edit(Opd.objects.select_for_update(), by, owner="pk", pk=opd_id)
    person = Person.objects.filter(pk=person_id).first()
    if person is None:
        raise UserError(_("Orang itu tidak ada dalam register."), fix=_("Daftarkan orangnya dahulu."))
    _refuse_role(role, person, by)
    _refuse_days(opd, acting, decree, from_on, to_on)
    _refuse_overlap(person, role, opd, from_on, to_on)
    duty = Duty(person=person, role=role, opd=opd, acting=acting, decree=decree.strip(), on_call=on_call,
                from_on=from_on, to_on=to_on)  # fmt: skip
    store(duty, "city.duty_assigned", by=by, at=at, opd_code=opd.code)
    return duty


@transaction.atomic
def end_duty(duty_id: int, *, on: date, why: str, by: Any, at: datetime) -> Duty:
    """The duty's last day. Raises UserError, AlreadyDone."""
    duty = access.to_edit(Duty.objects.select_related("opd", "person"), by, owner="opd", pk=duty_id)
    if duty.to_on and duty.to_on <= on:
        raise AlreadyDone(_("Tugas ini sudah berakhir pada %(day)s.") % {"day": duty.to_on})
    if on < duty.from_on:
        raise UserError(_("Hari terakhir mendahului hari pertama (%(day)s).") % {"day": duty.from_on},
                        fix=_("Pilih tanggal sesudahnya."))  # fmt: skip
    if not why.strip():
        raise UserError(_("Alasan belum diisi."), fix=_("Tulis mengapa tugas ini berakhir."))
    was = duty.to_on
    still_open = Duty.objects.filter(pk=duty.pk, to_on=was)
    if not still_open.update(to_on=on):  # somebody else ended it meanwhile
        raise AlreadyDone(_("Tugas ini baru saja diakhiri orang lain."), fix=_("Muat ulang halaman."))
    duty.to_on = on
    audit.record("city.duty_ended", on=duty, by=by, at=at, opd_code=duty.opd.code, before=was, after=on, why=why)
    return duty


def _phone(phone: str) -> str:
    phone = phone.strip()
    if phone and not PHONE.fullmatch(phone):
        raise UserError(_("Nomor telepon tidak dapat dibaca."), fix=_("Tulis dengan angka, misalnya 0812-3456-7890."))
    return phone


def _refuse_role(role: str, person: Person, by: Any) -> None:
    if role not in ROLES:
        raise UserError(_("Peran itu tidak dikenal."), fix=_("Pilih peran dari daftar."))
    if by is None:
        return
    if person.user_id is not None and person.user_id == by.pk:
        raise NotAllowed(_("Tugas untuk diri sendiri diberikan oleh orang lain."), fix=_("Minta pengelola register."))
    if ROLES[role].reach is Reach.CITY and not access.scope(by, "registers.edit").everywhere:
        raise UserError(
            _("Peran %(role)s berlaku sekota dan hanya diberikan pengelola register kota.")
            % {"role": ROLES[role].name},
            fix=_("Minta pengelola register kota."),
        )


def _refuse_days(opd: Opd, acting: str, decree: str, from_on: date, to_on: date | None) -> None:
    if to_on and to_on < from_on:
        raise UserError(_("Hari terakhir mendahului hari pertama."), fix=_("Perbaiki tanggalnya."))
    if from_on < opd.valid_from or (opd.valid_to and (to_on is None or to_on > opd.valid_to)):
        raise UserError(
            _("%(opd)s tidak berlaku pada seluruh masa tugas itu.") % {"opd": opd},
            fix=_("OPD ini berlaku mulai %(day)s%(end)s.")
            % {"day": opd.valid_from, "end": f" – {opd.valid_to}" if opd.valid_to else ""},
        )
    if acting and not decree.strip():
        raise UserError(_("Pejabat pelaksana memerlukan nomor surat perintah."), fix=_("Isi nomor suratnya."))


def _refuse_overlap(person: Person, role: str, opd: Opd, from_on: date, to_on: date | None) -> None:
    """The same duty twice, or two heads at one time. The locked OPD row keeps two writers apart."""
    meets = Q(to_on=None) | Q(to_on__gte=from_on)
    if to_on:
        meets &= Q(from_on__lte=to_on)
    same = Duty.objects.filter(meets, opd=opd, role=role).select_related("person")
    if same.filter(person=person).exists():
        raise AlreadyDone(_("%(person)s sudah memegang tugas ini pada masa itu.") % {"person": person})
    head = same.first() if role == HEAD else None
    if head:
        raise UserError(
            _("%(person)s masih kepala %(opd)s pada masa itu.") % {"person": head.person, "opd": opd},
            fix=_("Akhiri dahulu tugasnya."),
        )
