"""Builders for tests about cameras: a small city with two offices, people on duty, and cameras as needed."""

from dataclasses import dataclass
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any

from django.test import Client

from satukota.base.accounts.models import User
from satukota.city.models import Contract, Duty, Kecamatan, Kelurahan, Kota, Opd, Person, Place
from satukota.shared.monitoring.models import Target
from satukota.work.cameras.models import Camera

ROLES = {
    "operator": ("operator", "diskominfo"),
    "supervisor": ("supervisor", "diskominfo"),
    "engineer": ("engineer", "diskominfo"),
    "dishub": ("opd_officer", "dishub"),
    "dishub_engineer": ("engineer", "dishub"),
    "auditor": ("auditor", "diskominfo"),
}


@dataclass
class City:
    diskominfo: Opd
    dishub: Opd
    kelurahan: Kelurahan
    other_kelurahan: Kelurahan
    who: SimpleNamespace  # accounts by key of ROLES


def make_city() -> City:
    Kota.objects.create(
        code="64.74", name="Kota Contoh", province="Contoh", lon=117.48, lat=0.13,
        west=117.383, south=0.0167, east=117.633, north=0.2,
    )  # fmt: skip
    kecamatan = Kecamatan.objects.create(code="64.74.01", name="Contoh Utara")
    api, loktuan = (
        Kelurahan.objects.create(
            code=f"64.74.01.100{n}", name=name, other_names=others, kecamatan=kecamatan, lon=117.48, lat=0.13
        )
        for n, name, others in ((6, "Api-Api", "Apiapi"), (3, "Lok Tuan", "Loktuan; Lhoktuan"))
    )
    opds = {
        code: Opd.objects.create(code=code, name=name, short_name=name, kind="dinas", valid_from=date(2020, 1, 1))
        for code, name in (("diskominfo", "Diskominfo Contoh"), ("dishub", "Dishub Contoh"))
    }
    who = SimpleNamespace()
    for key, (role, opd) in ROLES.items():
        user = User.objects.create(username=key, first_name=key.title(), last_name="Contoh", is_sample=True)
        person = Person.objects.create(name=f"{key.title()} Contoh", user=user, is_sample=True)
        Duty.objects.create(person=person, role=role, opd=opds[opd], from_on=date(2024, 1, 1))
        setattr(who, key, user)
    return City(opds["diskominfo"], opds["dishub"], api, loktuan, who)


def make_camera(code: str = "MB-001", *, owner: Opd | None = None, status: str = "unknown", **fields: Any) -> Camera:
    """A camera; fields of Target and Camera mixed. The owner is the first OPD unless named."""
    target_fields = {field.attname for field in Target._meta.fields} | {field.name for field in Target._meta.fields}
    of_target = {name: fields.pop(name) for name in list(fields) if name in target_fields and name != "kind"}
    said: dict[str, Any] = {"name": f"Simpang {code}", "address": f"rtsp://10.64.1.1:554/{code}"} | of_target
    target = Target.objects.create(
        kind="camera", code=code, owner=owner or Opd.objects.get(code="diskominfo"), state=status, **said
    )
    return Camera.objects.create(target=target, **fields)


def make_link(code: str = "FO-07", **fields: Any) -> Target:
    owner = fields.pop("owner", None) or Opd.objects.get(code="diskominfo")
    return Target.objects.create(kind="link", code=code, name=f"Sambungan {code}", owner=owner, **fields)


def make_place(city: City, name: str = "Pasar Contoh", **fields: Any) -> Place:
    said = {"code": name.lower().replace(" ", "-"), "kind": "market", "kelurahan": city.kelurahan, "lon": 117.48,
            "lat": 0.13} | fields  # fmt: skip
    return Place.objects.create(name=name, **said)


def make_contract(city: City, number: str = "K-01/CONTOH") -> Contract:
    return Contract.objects.create(
        number=number, vendor="PT Contoh", opd=city.diskominfo, subject="Kamera", vendor_contact="Budi Contoh",
        starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), required_availability=0.95,
    )  # fmt: skip


def signed_in(user: User, **headers: str) -> Client:
    client = Client(headers=headers)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def wita(*parts: int) -> datetime:
    from satukota.base import clock

    return datetime(*parts, tzinfo=clock.local_zone())  # type: ignore[misc,arg-type]
