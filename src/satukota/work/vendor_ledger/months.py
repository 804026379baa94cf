"""A month of a contract in the city's own time: when it begins, when it ends, and which part the contract covers."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.dates import MONTHS
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import Missing, UserError
from satukota.city.models import Contract
from satukota.rules.availability import seconds

FIRST_YEAR, LAST_YEAR = 2000, 2100


@dataclass(frozen=True, order=True)
class Month:
    first: date

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def words(self) -> str:
        return f"{MONTHS[self.first.month]} {self.first.year}"

    @property
    def after(self) -> "Month":
        return Month((self.first + timedelta(days=31)).replace(day=1))

    @property
    def before(self) -> "Month":
        return Month((self.first - timedelta(days=1)).replace(day=1))


def read(text: str) -> Month:
    """2026-11. Raises Missing for anything else."""
    year, dash, number = text.partition("-")
    is_month = dash and len(year) == 4 and len(number) == 2 and (year + number).isascii() and (year + number).isdigit()
    if not is_month or not 1 <= int(number) <= 12 or not FIRST_YEAR <= int(year) <= LAST_YEAR:
        raise Missing(_("Halaman atau data ini tidak ditemukan."), fix=_("Tulis bulan seperti 2026-11."))
    return Month(date(int(year), int(number), 1))


def of(moment: datetime) -> Month:
    return Month(clock.local(moment).date().replace(day=1))


def latest(number: int, at: datetime) -> list[Month]:
    """The running month and those before it, newest first."""
    found = [of(at)]
    while len(found) < number:
        found.append(found[-1].before)
    return found


@dataclass(frozen=True)
class Span:
    """The part of a month a contract covers, up to now; seconds since 1970."""

    since: int
    until: int
    first_on: date  # the first day within the contract
    is_over: bool  # nothing more can happen in it


def span_of(contract: Contract, month: Month, at: datetime) -> Span:
    """Raises UserError for a month still to come and for one outside the contract."""
    if month > of(at):
        raise UserError(
            _("%(month)s belum tiba; belum ada yang dapat dihitung.") % {"month": month.words},
            fix=_("Pilih bulan berjalan atau bulan yang sudah lewat."),
            code="bulan_mendatang",
        )
    first = max(month.first, contract.starts_on)
    last = min(month.after.first, contract.ends_on + timedelta(days=1))
    if first >= last:
        raise UserError(
            _("Kontrak ini tidak berlaku pada %(month)s.") % {"month": month.words},
            fix=_("Masa kontrak: %(first)s sampai %(last)s.")
            % {"first": contract.starts_on.isoformat(), "last": contract.ends_on.isoformat()},
            code="di_luar_masa_kontrak",
        )
    since, until, now = midnight(first), midnight(last), seconds(at)
    if since >= now:
        raise UserError(
            _("Kontrak ini baru mulai; belum ada yang dapat dihitung."),
            fix=_("Kembali setelah hari pertamanya."),
            code="bulan_mendatang",
        )
    return Span(since, min(until, now), first, until <= now)


def midnight(day: date) -> int:
    """Its first second in the city's own time, in seconds since 1970."""
    return seconds(datetime.combine(day, time(), clock.local_zone()))
