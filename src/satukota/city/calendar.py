"""Which days the city works. What people entered wins; for the rest the library `holidays` guesses, and says so.

A year whose decree (SKB 3 Menteri) was entered is decided: for it the table alone counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from satukota.rules import working_days

from .models import Holiday, HolidayYear

FIRST_YEAR, LAST_YEAR = 1946, 2100
LIBRARY = "perkiraan pustaka holidays"
PUBLIC_DAY, LEAVE, LOCAL = (
    str(kind) for kind in (Holiday.Kind.NATIONAL, Holiday.Kind.COLLECTIVE_LEAVE, Holiday.Kind.LOCAL)
)
CLOSED = frozenset({PUBLIC_DAY, LEAVE, LOCAL})


@dataclass(frozen=True)
class Day:
    """One day off, or one the table keeps a working day; `is_guess` when only the library says so."""

    date: date
    name: str
    kind: str  # a Holiday.Kind
    source: str
    is_guess: bool = False
    pk: int | None = None  # of the row, for those that have one

    @property
    def is_closed(self) -> bool:
        return self.kind in CLOSED

    @property
    def kind_words(self) -> str:
        return str(Holiday.Kind(self.kind).label)


@dataclass(frozen=True)
class Year:
    number: int
    decree: str  # empty: not decided yet
    days: tuple[Day, ...]  # by date

    @property
    def is_decided(self) -> bool:
        return bool(self.decree)


def is_working_day(day: date) -> bool:
    return working_days.is_working_day(day, _Closed())


def add_working_days(day: date, number: int) -> date:
    """The last day of a term of `number` working days that began on `day`, which itself never counts.

    Raises ValueError for a number below zero or beyond twenty years.
    """
    return working_days.add(day, number, _Closed())


def working_days_between(start: date, end: date) -> int:
    """Working days after `start` up to and with `end`; negative when `end` is the earlier."""
    return working_days.between(start, end, _Closed())


def year(number: int) -> Year:
    """Every day off of a year with where that is known from. Two queries."""
    return years([number])[number]


def years(numbers: Iterable[int]) -> dict[int, Year]:
    wanted = sorted(set(numbers))
    decrees = dict(HolidayYear.objects.filter(year__in=wanted).values_list("year", "decree"))
    rows: dict[int, list[Day]] = {number: [] for number in wanted}
    for row in Holiday.objects.filter(date__year__in=wanted):
        rows[row.date.year].append(Day(row.date, row.name, row.kind, row.source, pk=row.pk))
    return {number: _year(number, decrees.get(number, ""), rows[number]) for number in wanted}


def _year(number: int, decree: str, entered: list[Day]) -> Year:
    by_date = {} if decree else {day.date: day for day in guessed(number)}
    by_date |= {day.date: day for day in entered}
    return Year(number, decree, tuple(by_date[when] for when in sorted(by_date)))


@lru_cache(maxsize=64)
def guessed(number: int) -> tuple[Day, ...]:
    """What the library thinks of a year: public holidays and collective leave, by date. None outside 1946 to 2100."""
    if not FIRST_YEAR <= number <= LAST_YEAR:
        return ()
    from holidays import Indonesia
    from holidays.constants import GOVERNMENT, PUBLIC

    public = Indonesia(years=number, categories=(PUBLIC,), language="id")
    leave = Indonesia(years=number, categories=(GOVERNMENT,), language="id")
    days = {when: Day(when, name, LEAVE, LIBRARY, True) for when, name in leave.items()}
    days |= {when: Day(when, name, PUBLIC_DAY, LIBRARY, True) for when, name in public.items()}
    return tuple(days[when] for when in sorted(days))


class _Closed:
    """Whether a day is off, for one count: each year is read when the count first reaches it."""

    def __init__(self) -> None:
        self._years: dict[int, frozenset[date]] = {}

    def __call__(self, day: date) -> bool:
        if day.year not in self._years:
            self._years[day.year] = frozenset(one.date for one in year(day.year).days if one.is_closed)
        return day in self._years[day.year]
