"""People in the register, with or without an account."""

import re
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import Missing, UserError
from satukota.base.secrets.hashing import keyed_hash

from .. import access
from ..models import Person
from .storing import facts_of, store

PHONE = re.compile(r"\+?[0-9][0-9 ()-]{3,18}")
SPACES = re.compile(r"[ .-]")


@transaction.atomic
def add_person(*, name: str, phone: str, nik: str = "", by: Any, at: datetime) -> Person:
    if by is not None:
        access.require(by, "people.edit")
    person = Person(name=name.strip(), phone=_phone(phone), nik=_nik(nik, None))
    store(person, "city.person_added", by=by, at=at)
    return person


@transaction.atomic
def edit_person(
    person_id: int, *, name: str, phone: str, nik: str = "", drop_nik: bool = False, by: Any, at: datetime
) -> Person:
    """An empty `nik` leaves the stored one, which no form shows; `drop_nik` takes it away."""
    person = access.person_to_edit(by, person_id)
    was = facts_of(person)
    person.name, person.phone = name.strip(), _phone(phone)
    if drop_nik or nik.strip():
        person.nik = "" if drop_nik else _nik(nik, person)
    store(person, "city.person_edited", by=by, at=at, was=was)
    return person


def open_nik(person_id: int, *, purpose: str, by: Any, at: datetime) -> str:
    """The whole NIK, once it is written down who sees it and what for. Raises UserError, Missing."""
    person = access.person_to_edit(by, person_id)
    if not person.nik:
        raise Missing(_("NIK orang ini belum tercatat."), fix=_("Isi lewat Ubah data."))
    audit.viewed("city.nik_seen", by=by, at=at, on=person, purpose=_purpose(purpose), rows=1)
    return person.nik.open()


def find_by_nik(nik: str, *, purpose: str, by: Any, at: datetime) -> Person:
    """The person with exactly this NIK, by its keyed hash. Raises UserError, also when there is none.

    Every search is on the audit log, found or not: otherwise one could try out who is registered.
    """
    access.require(by, "people.edit")
    purpose, nik = _purpose(purpose), SPACES.sub("", nik)
    if not (len(nik) == 16 and nik.isascii() and nik.isdigit()):
        raise UserError(_("NIK terdiri atas 16 angka."), fix=_("Periksa angkanya."))
    found = Person.objects.filter(nik_hash=keyed_hash("nik", nik)).first()
    audit.viewed("city.nik_searched", by=by, at=at, on=found, purpose=purpose, rows=1 if found else 0)
    if found is None:
        raise UserError(_("Tidak ada orang dengan NIK itu dalam register."), fix=_("Periksa angkanya."))
    return found


def _purpose(purpose: str) -> str:
    if not purpose.strip():
        raise UserError(_("Keperluan belum diisi."), fix=_("Tulis untuk apa; tercatat di log audit."))
    return purpose.strip()


def _nik(nik: str, person: Person | None) -> str:
    """Without spaces. Raises UserError when somebody else has it. Its shape the model judges."""
    nik = SPACES.sub("", nik)
    others = Person.objects.exclude(pk=person.pk) if person else Person.objects.all()
    if nik and others.filter(nik_hash=keyed_hash("nik", nik)).exists():
        raise UserError(_("NIK itu sudah tercatat pada orang lain."), fix=_("Cari orangnya menurut NIK."))
    return nik


def _phone(phone: str) -> str:
    phone = phone.strip()
    if phone and not PHONE.fullmatch(phone):
        raise UserError(_("Nomor telepon tidak dapat dibaca."), fix=_("Tulis dengan angka, misalnya 0812-3456-7890."))
    return phone
