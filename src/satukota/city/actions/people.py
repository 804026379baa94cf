"""People in the register, with or without an account."""

import re
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base.errors import UserError

from .. import access
from ..models import Person
from .storing import facts_of, store

PHONE = re.compile(r"\+?[0-9][0-9 ()-]{3,18}")


@transaction.atomic
def add_person(*, name: str, phone: str, by: Any, at: datetime) -> Person:
    if by is not None:
        access.require(by, "people.edit")
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


def _phone(phone: str) -> str:
    phone = phone.strip()
    if phone and not PHONE.fullmatch(phone):
        raise UserError(_("Nomor telepon tidak dapat dibaca."), fix=_("Tulis dengan angka, misalnya 0812-3456-7890."))
    return phone
