"""Deciding a year's holidays, and single days beside it."""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import UserError

from .. import access, calendar, tables
from ..models import Holiday, HolidayYear
from .storing import store

COLUMNS = ("tanggal", "nama", "jenis")
KINDS = {"nasional": calendar.PUBLIC_DAY, "cuti bersama": calendar.LEAVE}


@transaction.atomic
def settle_year(*, year: int, decree: str, days: str, by: Any, at: datetime) -> HolidayYear:
    """Enter what the decree of a year says; what stood there for it is replaced, local days stay.

    `days`: lines of tanggal;nama;jenis under that heading, jenis "nasional" or "cuti bersama". Raises UserError
    with the line at fault; then nothing changed.
    """
    _may(by)
    if not calendar.FIRST_YEAR <= year <= calendar.LAST_YEAR:
        raise UserError(_("Tahun %d tidak dikenal.") % year, fix=_("Misalnya 2027."))
    if not decree.strip():
        raise UserError(_("Keputusannya belum disebut."), fix=_("Tulis nomor SKB 3 Menteri."))
    rows = _days(year, decree.strip(), days)
    was = calendar.year(year)
    Holiday.objects.filter(date__year=year).exclude(kind=Holiday.Kind.LOCAL).delete()
    local = set(Holiday.objects.filter(date__year=year).values_list("date", flat=True))
    Holiday.objects.bulk_create(row for row in rows if row.date not in local)
    settled, _new = HolidayYear.objects.update_or_create(
        year=year, defaults={"decree": decree.strip(), "settled_at": at, "settled_by": by}
    )
    audit.record("city.holidays_settled", on=settled, by=by, at=at, before=_said(was), after=_said(calendar.year(year)))
    return settled


@transaction.atomic
def add_holiday(*, date: date, name: str, kind: str, source: str, by: Any, at: datetime) -> Holiday:
    """One day: local, announced late, or a working day after all. Raises UserError when the day stands there."""
    _may(by)
    row = Holiday(date=date, name=name, kind=kind, source=source)
    store(row, "city.holiday_added", by=by, at=at)
    return row


@transaction.atomic
def remove_holiday(holiday_id: int, *, why: str, by: Any, at: datetime) -> Holiday:
    _may(by)
    row = access.existing(Holiday.objects.select_for_update(), pk=holiday_id)
    if not why.strip():
        raise UserError(_("Sebutkan sebabnya."), fix=_("Sebabnya tercatat pada log audit."))
    audit.record("city.holiday_removed", on=row, by=by, at=at, before=_line(row), why=why)
    row.delete()
    return row


def _may(by: Any) -> None:
    if by is not None:
        access.require_everywhere(by, "holidays.edit")


def _days(year: int, decree: str, text: str) -> list[Holiday]:
    found: dict[date, Holiday] = {}
    for number, cells in tables.read(text, COLUMNS):
        try:
            when = date.fromisoformat(cells["tanggal"])
        except ValueError:
            raise UserError(
                _("Baris %(n)d: “%(cell)s” bukan tanggal.") % {"n": number, "cell": cells["tanggal"][:20]},
                fix=_("Tulis tahun-bulan-hari, misalnya 2027-01-01."),
            ) from None
        kind = KINDS.get(cells["jenis"].casefold())
        if when.year != year or when in found or kind is None or not 0 < len(cells["nama"]) <= 120:
            raise UserError(_("Baris %d tidak dapat dipakai.") % number, fix=_why(year, when, kind, when in found))
        found[when] = Holiday(date=when, name=cells["nama"], kind=kind, source=decree[:200])
    return list(found.values())


def _why(year: int, when: date, kind: str | None, is_there: bool) -> str:
    if when.year != year:
        return _("Tanggalnya tidak dalam tahun %d.") % year
    if is_there:
        return _("Tanggal itu sudah disebut di atasnya.")
    if kind is None:
        return _("Jenis harus “nasional” atau “cuti bersama”.")
    return _("Nama hari harus diisi, paling panjang 120 huruf.")


def _said(year: calendar.Year) -> dict[str, Any]:
    return {"decree": year.decree, "days": [f"{day.date} {day.name} ({day.kind})" for day in year.days]}


def _line(row: Holiday) -> dict[str, str]:
    return {"date": row.date.isoformat(), "name": row.name, "kind": row.kind, "source": row.source}
