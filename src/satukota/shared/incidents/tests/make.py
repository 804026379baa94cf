"""A small city in which things fail: one Diskominfo, one Dishub, one link, and people on duty."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from satukota.base.accounts.models import User
from satukota.base.messages.models import Message
from satukota.city.models import Duty, Kecamatan, Kelurahan, Opd, Person, Place
from satukota.shared.incidents.from_status import follow
from satukota.shared.incidents.models import Entry, Incident, Sop
from satukota.shared.monitoring.models import MaintenanceWindow, StatusChange, Target

NIGHT = datetime(2026, 11, 21, 18, 14, tzinfo=UTC)  # 02.14 WITA


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@dataclass
class City:
    diskominfo: Opd
    dishub: Opd
    kelurahan: Kelurahan
    who: SimpleNamespace  # users by role
    persons: SimpleNamespace


def make_city() -> City:
    kecamatan = Kecamatan.objects.create(code="64.74.01", name="Bontang Utara")
    kelurahan = Kelurahan.objects.create(
        code="64.74.01.1001", name="Bontang Kuala", kecamatan=kecamatan, lon=117.5, lat=0.15
    )
    diskominfo, dishub = (
        Opd.objects.create(code=code, name=name, short_name=name, kind="dinas", valid_from=date(2020, 1, 1))
        for code, name in (("diskominfo", "Diskominfo"), ("dishub", "Dishub"))
    )
    roles = {
        "operator": ("operator", diskominfo, False),
        "second": ("operator", diskominfo, False),
        "supervisor": ("supervisor", diskominfo, False),
        "engineer": ("engineer", diskominfo, True),
        "head": ("kepala_opd", diskominfo, False),
        "dishub": ("opd_officer", dishub, True),
        "auditor": ("auditor", diskominfo, False),
    }
    who, persons = SimpleNamespace(), SimpleNamespace()
    for key, (role, opd, on_call) in roles.items():
        user = User.objects.create(username=key, first_name=key.title(), last_name="Contoh", is_sample=True)
        person = Person.objects.create(name=f"{key.title()} Contoh", user=user, is_sample=True)
        Duty.objects.create(person=person, role=role, opd=opd, on_call=on_call, from_on=date(2024, 1, 1))
        setattr(who, key, user)
        setattr(persons, key, person)
    return City(diskominfo, dishub, kelurahan, who, persons)


def make_place(city: City, name: str = "Simpang Contoh", stake: int = Place.Stake.NORMAL) -> Place:
    return Place.objects.create(
        code=name.lower().replace(" ", "-"), name=name, kind="junction", kelurahan=city.kelurahan, lon=117.5, lat=0.15,
        stake=stake,
    )  # fmt: skip


def make_target(city: City, code: str, kind: str = "camera", **fields: Any) -> Target:
    fields = {"owner": city.diskominfo, "name": f"Contoh {code}", "state": "up", "kelurahan": city.kelurahan} | fields
    return Target.objects.create(code=code, kind=kind, **fields)


def make_street(city: City, cameras: int = 14) -> tuple[Target, list[Target]]:
    """A link and the cameras that hang on it."""
    link = make_target(city, "FO-07", kind="link")
    return link, [make_target(city, f"MB-{n:03d}", link=link) for n in range(1, cameras + 1)]


def changed(
    target: Target, now: str, cause: str = "", *, at: datetime, root: Target | None = None, maintenance: bool = False
) -> StatusChange:
    """The stored change, not yet announced."""
    was = Target.objects.values_list("state", flat=True).get(pk=target.pk)
    Target.objects.filter(pk=target.pk).update(state=now, state_since=at, cause=cause)
    target.refresh_from_db()
    return StatusChange.objects.create(
        target=target, at=at, was=was, now=now, cause=cause, root=root, in_maintenance=maintenance
    )


def turns(target: Target, now: str, cause: str = "", **how: Any) -> StatusChange:
    """What the runner does: store the change and announce it."""
    change = changed(target, now, cause, **how)
    follow([change])
    return change


def declare(target: Target, starts_at: datetime, ends_at: datetime, by: User) -> MaintenanceWindow:
    return MaintenanceWindow.objects.create(
        target=target, starts_at=starts_at, ends_at=ends_at, reason="Ganti kabel", declared_by=by, declared_at=starts_at
    )


def make_sop(kind: str, cause: str, version: int = 1, steps: int = 2, at: datetime = NIGHT) -> Sop:
    return Sop.objects.create(
        kind=kind, cause=cause, version=version, title=f"SOP {kind} {cause}".strip(), active_from=at - minutes(60),
        steps=[{"text": f"Langkah {n}", "role": "operator", "minutes": 5} for n in range(1, steps + 1)],
    )  # fmt: skip


def live() -> list[Incident]:
    """Live incidents an operator sees, in order of opening."""
    return list(
        Incident.objects.filter(state__in=["received", "handled"], merged_into=None).order_by("opened_at", "pk")
    )


def only() -> Incident:
    (incident,) = live()
    return incident


def acts(incident: Incident) -> list[str]:
    return list(Entry.objects.filter(incident=incident).order_by("at", "pk").values_list("act", flat=True))


def told(kind: str, incident: Incident | None = None) -> list[str]:
    """User names told, one per message on screen, sorted."""
    rows = Message.objects.filter(kind=kind, channel="screen")
    if incident is not None:
        rows = rows.filter(about__startswith=incident.number + "#")
    return sorted(rows.values_list("recipient__username", flat=True))
