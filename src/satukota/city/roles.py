"""Roles as data: which acts they allow and how far they reach. Source: domain reference, roles and visibility.

A role is held as a `Duty`. Two kinds of people hold none: who only looks at the public pages (no account), and a
citizen with an account, who sees what is public and what is their own.
"""

from dataclasses import dataclass
from enum import Enum

from django.utils.translation import gettext_lazy as _


class Reach(Enum):
    """A duty that names an area narrows any of these to it."""

    CITY = "city"  # things of every OPD
    OPD = "opd"  # things of the OPD the duty is held at
    AREA = "area"  # things of every OPD that lie in the area of the duty, else of its office; without one nothing


@dataclass(frozen=True)
class Role:
    key: str
    name: str  # shown to people, translated
    reach: Reach
    allows: frozenset[str]
    leads: bool = False  # heads its OPD: one definitive holder among all leading roles at a time


NOTHING: frozenset[str] = frozenset()  # a role of works to come: it can be held, and opens no page yet
READ = frozenset({"registers.view"})
SEE = READ | {"monitoring.view", "cameras.view", "incidents.view", "coverage.view"}
REPORT = frozenset({"incidents.open", "incidents.note"})
HANDLE = REPORT | {"incidents.handle"}
LEAD = frozenset({"incidents.assign", "incidents.merge", "incidents.close", "sop.edit", "maintenance.declare"})
TECHNICAL = frozenset({"cameras.technical", "cameras.edit", "cameras.import", "cameras.reference", "registers.edit"})
SYSTEM = frozenset({"system.view"})  # is the platform itself well?
AUDIT = frozenset({"audit.view"})
PEOPLE = frozenset({"people.edit"})
INVITE = frozenset({"accounts.invite"})
WATCH = frozenset({"cameras.watch"})  # live pictures
STEER = WATCH | {"cameras.steer"}
WATCH_LOG = frozenset({"cameras.watch_log"})  # who watched what, when and why
LENT = frozenset({"agreements.view"})  # cameras of partners
LENT_KEEP = LENT | {"agreements.manage", "agreements.revoke"}
PEERS = frozenset({"peers.view"})  # other installations of Satukota
PEERS_KEEP = PEERS | {"peers.manage"}
EVIDENCE = frozenset({"evidence.view"})
EVIDENCE_KEEP = EVIDENCE | {"evidence.keep"}  # keep, hide, check
EVIDENCE_GIVE = EVIDENCE_KEEP | {"evidence.release"}  # hold, and give out of the house
RECORDED = frozenset({"recordings.view"})  # what recorders hold, and footage asked of them
RECORDED_ANSWER = RECORDED | {"recordings.answer"}  # for the keeper: take note, deliver, refuse
RECORDED_ASK = RECORDED_ANSWER | {"recordings.ask"}
SHIFTS = frozenset({"shifts.view"})  # who sits when, and what they handed over
LEDGER = frozenset({"ledger.view"})  # what vendors promised, delivered and owe
LEDGER_KEEP = LEDGER | {"ledger.manage"}
PLAN = frozenset({"coverage.plan"})  # where the next cameras go
REGISTERS = frozenset({"registers.edit", "holidays.edit"})  # of the whole city

_ALL = (
    # The command centre
    Role("operator", _("Operator pusat komando"), Reach.CITY, SEE | HANDLE | SYSTEM | SHIFTS | STEER
         | {"incidents.close"} | EVIDENCE_KEEP | RECORDED_ASK),
    Role("supervisor", _("Supervisor pusat komando"), Reach.CITY, SEE | HANDLE | LEAD | SYSTEM | SHIFTS | STEER
         | {"cameras.reference", "shifts.plan", "cameras.publish"} | EVIDENCE_GIVE | LENT_KEEP | PEERS_KEEP
         | RECORDED_ASK),
    Role("call_taker", _("Penerima panggilan 112"), Reach.CITY, SEE | REPORT | SHIFTS),
    Role("dispatcher", _("Petugas dispatch OPD"), Reach.OPD, SEE | HANDLE),
    Role("engineer", _("Teknisi Diskominfo"), Reach.OPD, SEE | HANDLE | TECHNICAL | SYSTEM | SHIFTS | WATCH
         | {"maintenance.declare", "incidents.close", "ground.import"} | LEDGER_KEEP | PLAN | PEERS_KEEP
         | RECORDED_ANSWER | {"recordings.manage"}),
    Role("ttis", _("Tim tanggap insiden siber"), Reach.CITY, SEE | SYSTEM | {"incidents.note"}),
    # Offices
    Role("kepala_opd", _("Kepala OPD"), Reach.OPD, SEE | PEOPLE | SHIFTS | WATCH_LOG | LEDGER
         | RECORDED_ANSWER, leads=True),
    Role("opd_officer", _("Petugas OPD"), Reach.OPD, SEE | HANDLE | RECORDED_ANSWER),
    Role("satpol_pp", _("Petugas Satpol PP"), Reach.OPD, SEE | HANDLE | EVIDENCE_KEEP | RECORDED_ASK),
    Role("ppns", _("Penyidik pegawai negeri sipil"), Reach.OPD, SEE | {"incidents.note"} | EVIDENCE_GIVE
         | RECORDED_ASK),
    Role("camat", _("Camat"), Reach.AREA, SEE | REPORT, leads=True),
    Role("lurah", _("Lurah"), Reach.AREA, SEE | REPORT, leads=True),
    Role("kelurahan_staff", _("Petugas kelurahan"), Reach.AREA, SEE | REPORT),
    Role("ketua_rt", _("Ketua RT"), Reach.AREA, NOTHING),
    # Government of the city
    Role("mayor", _("Wali Kota"), Reach.CITY, SEE | LEDGER),
    Role("sekda", _("Sekretaris Daerah"), Reach.CITY, SEE | LEDGER),
    Role("auditor", _("Auditor (Inspektorat)"), Reach.CITY, SEE | AUDIT | SYSTEM | SHIFTS | WATCH_LOG
         | {"cameras.technical"} | LEDGER | EVIDENCE | LENT | PEERS | RECORDED),
    Role("dprd", _("Anggota DPRD"), Reach.CITY, NOTHING),
    # Plan and budget
    Role("bapperida", _("Perencana kota (Bapperida)"), Reach.CITY, SEE | PLAN | LEDGER),
    Role("planner", _("Perencana OPD"), Reach.OPD, SEE | PLAN | LEDGER),
    Role("kpa", _("Kuasa pengguna anggaran"), Reach.OPD, SEE | LEDGER_KEEP),
    Role("pptk", _("Pejabat pelaksana teknis kegiatan"), Reach.OPD, SEE | LEDGER),
    Role("ppk_skpd", _("Pejabat penatausahaan keuangan"), Reach.OPD, READ | LEDGER),
    Role("treasurer", _("Bendahara"), Reach.OPD, READ),
    Role("bud", _("Bendahara umum daerah"), Reach.CITY, READ),
    # Information, data and its protection
    Role("ppid_utama", _("PPID utama"), Reach.CITY, READ),
    Role("ppid_pelaksana", _("PPID pelaksana"), Reach.OPD, READ),
    Role("atasan_ppid", _("Atasan PPID"), Reach.CITY, READ),
    Role("walidata", _("Walidata"), Reach.CITY, SEE | {"ground.import"}),
    Role("data_producer", _("Produsen data"), Reach.OPD, READ),
    Role("dpo", _("Pejabat pelindungan data pribadi"), Reach.CITY, SEE | AUDIT | WATCH_LOG | EVIDENCE | LENT | PEERS
         | RECORDED),
    # Services
    Role("signer", _("Pejabat penanda tangan"), Reach.OPD, READ),
    Role("service_verifier", _("Verifikator layanan"), Reach.OPD, READ),
    Role("partner", _("Mitra"), Reach.OPD, frozenset({"incidents.view", "incidents.note"}) | LENT
         | {"cameras.view", "agreements.revoke"} | WATCH_LOG),
    # Who keeps the house
    Role("register_admin", _("Pengelola register kota"), Reach.CITY, SEE | PEOPLE | INVITE | REGISTERS),
    Role("city_admin", _("Admin kota"), Reach.CITY, SEE | PEOPLE | INVITE | AUDIT | SYSTEM | REGISTERS),
)  # fmt: skip

ROLES: dict[str, Role] = {role.key: role for role in _ALL}
LEADING: frozenset[str] = frozenset(role.key for role in _ALL if role.leads)
PERMISSIONS: frozenset[str] = frozenset().union(*(role.allows for role in _ALL))
