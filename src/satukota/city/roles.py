"""Roles as data: which acts they allow and how far they reach. Source: domain reference, roles and visibility."""

from dataclasses import dataclass
from enum import Enum

from django.utils.translation import gettext_lazy as _


class Reach(Enum):
    CITY = "city"  # things of every OPD
    OPD = "opd"  # things of the OPD the duty is held at


@dataclass(frozen=True)
class Role:
    key: str
    name: str  # shown to people, translated
    reach: Reach
    allows: frozenset[str]


SEE = frozenset({"monitoring.view", "cameras.view", "incidents.view", "registers.view"})
HANDLE = frozenset({"incidents.open", "incidents.handle", "incidents.note"})
LEAD = frozenset({"incidents.assign", "incidents.merge", "incidents.close", "sop.edit", "maintenance.declare"})
TECHNICAL = frozenset({"cameras.technical", "cameras.edit", "cameras.import", "cameras.reference", "registers.edit"})

ROLES: dict[str, Role] = {
    role.key: role
    for role in (
        Role("operator", _("Operator pusat komando"), Reach.CITY, SEE | HANDLE | {"incidents.close"}),
        Role("supervisor", _("Supervisor pusat komando"), Reach.CITY, SEE | HANDLE | LEAD | {"cameras.reference"}),
        Role("engineer", _("Teknisi Diskominfo"), Reach.OPD, SEE | HANDLE | TECHNICAL
             | {"maintenance.declare", "incidents.close"}),
        Role("opd_officer", _("Petugas OPD"), Reach.OPD, SEE | HANDLE),
        Role("kepala_opd", _("Kepala OPD"), Reach.OPD, SEE),
        Role("auditor", _("Auditor (Inspektorat)"), Reach.CITY, SEE | {"audit.view", "cameras.technical"}),
        Role("mayor", _("Wali Kota"), Reach.CITY, SEE),
        Role("register_admin", _("Pengelola register kota"), Reach.CITY, SEE | {"registers.edit"}),
    )
}  # fmt: skip

PERMISSIONS: frozenset[str] = frozenset().union(*(role.allows for role in ROLES.values()))
