"""Fills a database with the sample city. Rows that are there stay as people made them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.accounts.models import User
from satukota.base.accounts.sample_links import link_of
from satukota.base.audit import actions as audit
from satukota.base.errors import UserError
from satukota.city import actions as city
from satukota.city.models import Contract, Duty, Kelurahan, Kota, Opd, Person, Rt
from satukota.city.roles import ROLES
from satukota.shared.incidents.models import Sop
from satukota.shared.monitoring.models import Target, Witness

from . import facts, ground, ledger, openness, recorders, rota, things, wiring

SAMPLE_RTS = 3


@dataclass(frozen=True)
class Login:
    username: str
    password: str
    role: str
    opd: str
    link: str  # signs in at once, only from this machine


def password_of(username: str) -> str:
    return f"contoh-{username}"


def logins() -> list[Login]:
    """Who may sign in to the sample city, in the order a newcomer should try them."""
    return [
        Login(
            row["username"],
            password_of(row["username"]),
            str(ROLES[duty["role"]].name),
            duty["opd"],
            link_of(row["username"]),
        )
        for row in facts.city()["people"]
        if "username" in row
        for duty in row["duties"][:1]
    ]


@transaction.atomic
def load() -> dict[str, int]:
    """Add what the sample city has and the database lacks; how many rows of each. About twenty statements.

    Raises UserError outside a sample installation and on a database that holds anything else.
    """
    require_sample()
    at = clock.now()
    profile = city.load_profile("bontang", by=None, at=at)
    opds = dict(Opd.objects.values_list("code", "pk"))
    added = dict(profile.added)
    added["orang"] = _add_people(opds, at)
    added["kontrak"] = _add_contracts(opds, clock.local(at).date())
    added["syarat kontrak"] = ledger.add(at)
    added.update(things.add(opds))
    added["perekam"] = recorders.add(opds, at)
    added["kamera publik"] = openness.add(at)
    added["RT"] = _add_rts()
    added["saksi"] = _add_witnesses()
    added["sop"] = _add_sops(at)
    added["giliran"] = rota.add(opds["diskominfo"], at)
    added.update(ground.add(at))
    if any(added.values()):
        audit.record("sample.loaded", on=profile.kota, by=None, at=at, after=added)
    return added


def require_sample() -> None:
    """Raises UserError unless this is a sample installation whose database is empty or holds the sample city."""
    if not settings.SAMPLE:
        raise UserError(
            _("Kota contoh hanya ada pada pemasangan contoh."),
            fix=_("Jalankan dengan SATUKOTA_SAMPLE=1 dan basis data tersendiri."),
        )
    if Person.objects.filter(is_sample=True).exists():
        return
    if any(model.objects.exists() for model in (Kota, User, Person, Target)):
        raise UserError(
            _("Basis data ini berisi kota yang bukan contoh; tidak ada yang diubah."),
            fix=_("Pakai basis data kosong: setel SATUKOTA_VAR atau DATABASE_URL ke tempat lain."),
        )


def _add_people(opds: dict[str, int], at: datetime) -> int:
    """People who are not there yet, with their accounts and duties. Duties of people who are there are left alone."""
    there = set(Person.objects.filter(is_sample=True).values_list("name", flat=True))
    rows = [(n, row) for n, row in enumerate(facts.city()["people"], 1) if row["name"] not in there]
    accounts = {row["username"]: _account(row["name"], row["username"]) for _, row in rows if "username" in row}
    people = {}
    for n, row in rows:
        user = accounts.get(row.get("username", ""))
        people[row["name"]] = Person(name=row["name"], user=user, phone=f"0800-000-{n:04d}", is_sample=True)
    Person.objects.bulk_create(people.values())
    since = date(clock.local(at).year, 1, 1)
    Duty.objects.bulk_create(
        Duty(
            person=people[row["name"]], role=duty["role"], opd_id=opds[duty["opd"]], acting=duty.get("acting", ""),
            decree=duty.get("decree", ""), on_call=duty.get("on_call", False), from_on=since,
        )
        for _, row in rows
        for duty in row["duties"]
    )  # fmt: skip
    return len(people)


class _QuickHasher(Argon2PasswordHasher):
    """Sample passwords are printed at every start: a costly hash protects nothing and makes ten of them slow."""

    time_cost, memory_cost, parallelism = 1, 8_192, 1


def _account(name: str, username: str) -> User:
    first, last = name.split(" ", 1)
    hasher = _QuickHasher()
    password = hasher.encode(password_of(username), hasher.salt())
    return User.objects.create(
        username=username, first_name=first, last_name=last, email=f"{username}@contoh.invalid",
        is_sample=True, password=password,
    )  # fmt: skip


def _add_contracts(opds: dict[str, int], today: date) -> int:
    there = set(Contract.objects.values_list("number", flat=True))
    rows = [
        Contract(
            number=row["number"], vendor=row["vendor"], opd_id=opds[row["opd"]], subject=row["subject"],
            starts_on=date(today.year, 1, 1), ends_on=date(today.year, 12, 31),
            required_availability=row["required_availability"], repair_hours=row["repair_hours"],
            vendor_contact=row["contact"],
        )
        for row in facts.city()["contracts"]
        if row["number"] not in there
    ]  # fmt: skip
    return len(Contract.objects.bulk_create(rows))


def _add_rts() -> int:
    """A few RT per kelurahan, said to be invented: how many each really has was not found."""
    there = set(Rt.objects.values_list("kelurahan", flat=True))
    rows = [
        Rt(kelurahan_id=pk, number=f"{number:03}", source=_("contoh, bukan data kota"), is_sample=True)
        for pk in Kelurahan.objects.values_list("pk", flat=True)
        if pk not in there
        for number in range(1, SAMPLE_RTS + 1)
    ]
    return len(Rt.objects.bulk_create(rows))


def _add_witnesses() -> int:
    """Add the missing ones; those that are there follow the simulator's ports."""
    there = set(Witness.objects.values_list("name", flat=True))
    names = [row["name"] for row in facts.city()["witnesses"]]
    addresses = dict(zip(names, wiring.field().witnesses, strict=True))
    for name in there & set(names):
        Witness.objects.filter(name=name).exclude(address=addresses[name]).update(address=addresses[name])
    new = [Witness(name=name, address=addresses[name]) for name in names if name not in there]
    return len(Witness.objects.bulk_create(new))


def _add_sops(at: datetime) -> int:
    there = set(Sop.objects.values_list("kind", "cause"))
    return len(Sop.objects.bulk_create(
        Sop(kind=row["kind"], cause=row["cause"], version=1, title=row["title"], steps=row["steps"], active_from=at,
            legal_basis=_("SOP contoh, belum ditetapkan"))
        for row in facts.sops() if (row["kind"], row["cause"]) not in there
    ))  # fmt: skip
