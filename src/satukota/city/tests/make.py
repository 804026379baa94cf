"""Builders for register tests: a small city with two OPDs, and people who hold duties in it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from satukota.base.accounts.models import User
from satukota.city import actions
from satukota.city.models import Duty, Feeder, Kelurahan, Opd, Person

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # 12.00 WITA
TODAY = date(2026, 11, 22)
_numbers = count(1)


@dataclass
class City:
    diskominfo: Opd
    dishub: Opd
    kelurahan: Kelurahan  # Api-Api


def make_city() -> City:
    """Bontang's own profile: three kecamatan, fifteen schematic kelurahan, its OPDs."""
    actions.load_profile("bontang", by=None, at=NOW)
    by_code = {row.code: row for row in Opd.objects.all()}
    return City(by_code["diskominfo"], by_code["dishub"], Kelurahan.objects.get(name="Api-Api"))


def make_user(role: str, opd: Opd, *, name: str = "", **duty: Any) -> User:
    """Someone who signs in and holds this duty since January."""
    number = next(_numbers)
    user = User.objects.create(username=name or f"{role}-{number}", first_name="Uji", last_name="Contoh")
    make_duty(make_person(user=user), role, opd, **duty)
    return user


def make_person(name: str = "Uji Contoh", **fields: Any) -> Person:
    return Person.objects.create(name=name, **{"phone": "0800-000-0001", **fields})


def make_duty(person: Person, role: str, opd: Opd, **fields: Any) -> Duty:
    return Duty.objects.create(person=person, role=role, opd=opd, **{"from_on": date(2026, 1, 1), **fields})


def make_feeder(owner: Opd, code: str = "FO-01", **fields: Any) -> Feeder:
    return Feeder.objects.create(owner=owner, code=code, **{"kind": "link", "name": "Ruas contoh", **fields})
