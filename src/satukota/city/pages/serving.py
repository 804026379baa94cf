"""The lists of who serves: people, and the duties held on a day (who was head on 1 March?)."""

from datetime import date
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.exports import Column

from .. import access, queries
from ..models import Duty, Person
from ..roles import LEADING, ROLES
from ..words import LABELS, area_words, duty_words, role_name, titled
from .listing import Filter, Listing, Rows
from .registers import column_filter, opd_options, today


def _show_duties(rows: list[Person], user: Any) -> None:
    held: dict[int, list[Duty]] = {}
    for duty in queries.current_duties(clock.now()).filter(person__in=rows):
        duty.role_name = role_name(duty)
        held.setdefault(duty.person_id, []).append(duty)
    whole = access.may_call(user)
    for row in rows:
        row.held = held.get(row.pk, [])
        row.shown_phone = row.phone.open() if whole else str(row.phone)
    called = sum(bool(row.phone) for row in rows)
    if whole and called:
        audit.viewed("city.contacts_seen", by=user, at=clock.now(), rows=called)


def _holding(**condition: Any) -> Q:
    current = Q(duties__from_on__lte=today()) & (Q(duties__to_on=None) | Q(duties__to_on__gte=today()))
    return current & Q(**{f"duties__{name}": value for name, value in condition.items()})


PEOPLE = Listing(
    key="orang",
    label=_("Orang"),
    title=lambda n: ngettext("%(n)d orang dalam register", "%(n)d orang dalam register", n) % {"n": n},
    rows=lambda: Person.objects.all(),
    search=("name",),
    sorts={"name": (LABELS["name"], ("name",))},
    filters=(
        Filter("role", LABELS["role"], lambda: [(key, role.name) for key, role in ROLES.items()],
               lambda rows, value: rows.filter(_holding(role=value)).distinct()),
        Filter("opd", LABELS["opd"], opd_options,
               lambda rows, value: rows.filter(_holding(opd__code=value)).distinct()),
        Filter("piket", _("Piket"), lambda: [("ya", _("Petugas piket"))],
               lambda rows, value: rows.filter(_holding(on_call=True)).distinct()),
    ),
    columns=(
        Column("nama", _("Nama"), "name"), Column("telepon", _("Telepon"), "shown_phone"),
        Column("tugas", _("Tugas"), lambda row: "; ".join(duty_words(duty) for duty in row.held)),
        Column("piket", _("Petugas piket"), lambda row: any(duty.on_call for duty in row.held)),
        Column("contoh", _("Contoh"), "is_sample"),
    ),
    decorate=_show_duties,
    add="city:add_person",
    add_needs="people.edit",
)  # fmt: skip


def _roles() -> list[tuple[str, Any]]:
    return [("kepala", _("Kepala OPD, camat, lurah"))] + [(key, role.name) for key, role in ROLES.items()]


def _with_role(rows: Rows, value: str) -> Rows:
    return rows.filter(role__in=LEADING if value == "kepala" else [value])


def _words(rows: list[Duty], user: Any) -> None:
    for row in rows:
        row.titled, row.area, row.runs = titled(row), area_words(row), row.from_on <= today()
        row.is_over = bool(row.to_on and row.to_on < today())


DUTIES = Listing(
    key="tugas",
    label=_("Tugas dan jabatan"),
    title=lambda n: ngettext("%(n)d tugas", "%(n)d tugas", n) % {"n": n},
    rows=lambda: Duty.objects.select_related("person", "opd", "kelurahan", "kecamatan", "substitutes__person"),
    search=("person__name", "decree", "opd__short_name", "opd__name"),
    sorts={"opd": (LABELS["opd"], ("opd__short_name", "role", "acting")),
           "name": (LABELS["person"], ("person__name", "from_on")),
           "from": (_("Terbaru dahulu"), ("-from_on", "person__name")),
           "to": (_("Segera berakhir"), (F("to_on").asc(nulls_last=True), "person__name"))},
    filters=(
        Filter("tanggal", _("Pada tanggal"), lambda: [], is_day=True,
               apply=lambda rows, value: rows.filter(queries.on_day(date.fromisoformat(value)))),
        column_filter("opd", "opd__code", opd_options),
        Filter("role", LABELS["role"], _roles, _with_role),
        Filter("acting", LABELS["acting"], lambda: [("definitif", _("Definitif")), *Duty.Acting.choices[1:]],
               lambda rows, value: rows.filter(acting="" if value == "definitif" else value)),
    ),
    columns=(
        Column("orang", _("Orang"), "person.name"), Column("jabatan", _("Jabatan"), lambda row: row.titled),
        Column("opd", _("OPD"), "opd.short_name"), Column("wilayah", _("Wilayah"), lambda row: row.area),
        Column("tahun_anggaran", LABELS["fiscal_year"], "fiscal_year"),
        Column("mulai", _("Mulai"), "from_on"), Column("sampai", _("Sampai"), "to_on"),
        Column("nomor_surat", _("Nomor surat"), "decree"),
        Column("menggantikan", LABELS["substitutes"],
               lambda row: row.substitutes.person.name if row.substitutes else ""),
        Column("piket", _("Petugas piket"), "on_call"),
    ),
    decorate=_words,
)  # fmt: skip
