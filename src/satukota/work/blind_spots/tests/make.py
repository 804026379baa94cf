"""The small town of coverage's tests, with poles along its street, planners, and plans that are run at once."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from satukota.base.accounts.models import User
from satukota.city.models import Duty, Opd, Person
from satukota.shared.coverage.tests.make import Town, measured, source
from satukota.shared.ground.models import Structure
from satukota.shared.monitoring.models import Reading, Target
from satukota.shared.monitoring.tests.make import NOON, make_opd
from satukota.work.blind_spots.actions import finding, planning
from satukota.work.blind_spots.models import BlindSpot, Plan, SpotEntry
from satukota.work.blind_spots.siting import running
from satukota.work.blind_spots.siting.asking import Asked

QUICK = {"seconds": 2.0, "most_sites": 50}
RICH = 10**9


def make_user(role: str = "planner", opd: Opd | None = None) -> User:
    opd = opd or make_opd()
    user = User.objects.create(username=f"{role}-{opd.code}-{User.objects.count()}", first_name="Uji",
                               last_name="Contoh")  # fmt: skip
    person = Person.objects.create(name="Uji Contoh", user=user, is_sample=True)
    Duty.objects.create(person=person, role=role, opd=opd, from_on=date(2024, 1, 1))
    return user


def poles(town: Town, *along_m: float, beside_m: float = 5.0) -> None:
    Structure.objects.bulk_create(
        Structure(source=source("poles"), kind="pole", code=f"T-{n}", has_power=True, has_link=True,
                  lon=town.at(metres, beside_m)[0], lat=town.at(metres, beside_m)[1])
        for n, metres in enumerate(along_m, 1)
    )  # fmt: skip


def search(at: datetime = NOON) -> finding.Report:
    make_opd()
    measured(at)
    return finding.find(at)


def look(target: Target, at: datetime, verdict: str = "up") -> Reading:
    """A reading as the watcher stores it, and what it makes of the target."""
    Target.objects.filter(pk=target.pk).update(state=verdict, state_since=at, last_reading_at=at)
    return Reading.objects.create(target=target, at=at, verdict=verdict)


def acts_of(spot: BlindSpot) -> list[str]:
    return list(SpotEntry.objects.filter(spot=spot).order_by("at", "pk").values_list("act", flat=True))


def make_plan(by: User, at: datetime = NOON, **asked: Any) -> Plan:
    """Asked, not yet run."""
    return planning.ask(name="Contoh", owner_id=make_opd().pk, asked=Asked.of({**QUICK, **asked}), by=by, at=at)


def run_plan(by: User, **asked: Any) -> Plan:
    plan = make_plan(by, **asked)
    running.run(plan.pk, plan.run)
    plan.refresh_from_db()
    return plan
