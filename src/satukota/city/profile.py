"""A city's facts as shipped data (profiles/<name>.toml). Any other city is another profile, not another code base."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext as _

from satukota.base.errors import Missing

PROFILES = Path(__file__).parent / "profiles"
Point = tuple[float, float]  # lon, lat


@dataclass(frozen=True)
class KelurahanFact:
    code: str
    name: str
    at: Point
    also: tuple[str, ...]  # other spellings met in the wild
    kecamatan_code: str


@dataclass(frozen=True)
class OpdFact:
    code: str
    name: str
    short_name: str
    kind: str
    parent: str  # code, "" for none
    kelurahan_code: str
    valid_from: date
    source: str


@dataclass(frozen=True)
class Profile:
    code: str
    name: str
    province: str
    centre: Point
    bbox: tuple[float, float, float, float]  # west, south, east, north
    outline: tuple[Point, ...]  # our own drawing, for the schematic areas
    kecamatan: tuple[tuple[str, str], ...]  # (code, name)
    kelurahan: tuple[KelurahanFact, ...]
    opds: tuple[OpdFact, ...]  # parents before their children


def names() -> list[str]:
    return sorted(path.stem for path in PROFILES.glob("*.toml"))


def read(name: str) -> Profile:
    """The profile of that name. Raises Missing with the names there are."""
    if name not in names():
        raise Missing(
            _("Profil kota “%(name)s” tidak ada.") % {"name": name},
            fix=_("Profil yang tersedia: %(names)s.") % {"names": ", ".join(names())},
        )
    facts = tomllib.loads((PROFILES / f"{name}.toml").read_text(encoding="utf-8"))
    kota = facts["kota"]
    return Profile(
        code=kota["code"],
        name=kota["name"],
        province=kota["province"],
        centre=tuple(kota["centre"]),
        bbox=tuple(kota["bbox"]),
        outline=tuple((lon, lat) for lon, lat in facts["outline"]["ring"]),
        kecamatan=tuple((row["code"], row["name"]) for row in facts["kecamatan"]),
        kelurahan=tuple(_kelurahan(area, row["code"]) for row in facts["kecamatan"] for area in row["kelurahan"]),
        opds=(*_offices(facts), *_area_offices(facts)),
    )


def _kelurahan(area: Mapping[str, Any], kecamatan_code: str) -> KelurahanFact:
    return KelurahanFact(area["code"], area["name"], tuple(area["at"]), tuple(area["also"]), kecamatan_code)


def _offices(facts: Mapping[str, Any]) -> list[OpdFact]:
    offices = facts["offices"]
    rows = sorted(facts["opd"], key=lambda row: "parent" in row)  # stable: parents first
    return [
        OpdFact(
            row["code"], row["name"], row["short"], row["kind"], row.get("parent", ""), "", offices["valid_from"],
            offices["checked_source"] if row.get("checked", True) else offices["unchecked_source"],
        )
        for row in rows
    ]  # fmt: skip


def _area_offices(facts: Mapping[str, Any]) -> list[OpdFact]:
    """The office of every kecamatan, and below it the offices of its kelurahan."""
    since, source = facts["offices"]["valid_from"], facts["offices"]["checked_source"]
    found = []
    for row in facts["kecamatan"]:
        parent, name = f"kec-{slugify(row['name'])}", f"Kecamatan {row['name']}"
        found.append(OpdFact(parent, name, name, "kecamatan", "", "", since, source))
        for area in row["kelurahan"]:
            name = f"Kelurahan {area['name']}"
            code = f"kel-{slugify(area['name'])}"
            found.append(OpdFact(code, name, name, "kelurahan", parent, area["code"], since, source))
    return found
