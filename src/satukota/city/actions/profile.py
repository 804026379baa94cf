"""Loading a city's facts into the registers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import UserError

from .. import areas, profile
from ..models import Kecamatan, Kelurahan, Kota, Opd


@dataclass(frozen=True)
class Loaded:
    kota: Kota
    added: dict[str, int]  # model name → rows that were missing


@transaction.atomic
def load_profile(name: str, *, by: Any, at: datetime) -> Loaded:
    """Add what the profile knows and the registers lack. Rows that are there stay as people made them.

    Raises UserError when the registers hold another city.
    """
    facts = profile.read(name)
    other = Kota.objects.exclude(code=facts.code).first()
    if other:
        raise UserError(
            _("Basis data ini sudah berisi %(there)s.") % {"there": other},
            fix=_("Pakai basis data kosong untuk %(name)s.") % {"name": facts.name},
        )
    kota = _kota(facts)
    added = {"kecamatan": _add_kecamatan(facts), "kelurahan": _add_kelurahan(facts), "opd": _add_opds(facts)}
    if any(added.values()):
        audit.record("city.profile_loaded", on=kota, by=by, at=at, after=added)
    return Loaded(kota, added)


def _kota(facts: profile.Profile) -> Kota:
    west, south, east, north = facts.bbox
    lon, lat = facts.centre
    box = {"lon": lon, "lat": lat, "west": west, "south": south, "east": east, "north": north}
    return Kota.objects.get_or_create(
        code=facts.code, defaults={"name": facts.name, "province": facts.province, **box}
    )[0]


def _add_kecamatan(facts: profile.Profile) -> int:
    there = set(Kecamatan.objects.values_list("code", flat=True))
    rows = [Kecamatan(code=code, name=name) for code, name in facts.kecamatan if code not in there]
    return len(Kecamatan.objects.bulk_create(rows))


def _add_kelurahan(facts: profile.Profile) -> int:
    there = set(Kelurahan.objects.values_list("code", flat=True))
    if there >= {fact.code for fact in facts.kelurahan}:
        return 0
    parents = dict(Kecamatan.objects.values_list("code", "pk"))
    shapes = areas.schematic({fact.code: fact.at for fact in facts.kelurahan}, facts.outline)
    rows = [
        Kelurahan(
            code=fact.code, name=fact.name, other_names="; ".join(fact.also),
            kecamatan_id=parents[fact.kecamatan_code], lon=fact.at[0], lat=fact.at[1], area=shapes[fact.code],
        )
        for fact in facts.kelurahan
        if fact.code not in there
    ]  # fmt: skip
    return len(Kelurahan.objects.bulk_create(rows))


def _add_opds(facts: profile.Profile) -> int:
    there = set(Opd.objects.values_list("code", flat=True))
    missing = [fact for fact in facts.opds if fact.code not in there]
    kelurahan = dict(Kelurahan.objects.values_list("code", "pk"))
    for children in (False, True):  # parents get their keys first
        parents = dict(Opd.objects.values_list("code", "pk"))
        Opd.objects.bulk_create(
            Opd(
                code=fact.code, name=fact.name, short_name=fact.short_name, kind=fact.kind,
                parent_id=parents[fact.parent] if fact.parent else None,
                kelurahan_id=kelurahan.get(fact.kelurahan_code), valid_from=fact.valid_from, source=fact.source,
            )
            for fact in missing
            if bool(fact.parent) is children
        )  # fmt: skip
    return len(missing)
