"""Counting in working days, as Indonesian public law does: the day something happened is never counted.

Day 1 is the next working day after it. Source: domain reference, calendar; golden vectors in tests/rules.
"""

from collections.abc import Callable
from datetime import date, timedelta

IsClosed = Callable[[date], bool]  # a holiday, whatever day of the week it is
MOST = 5_000  # working days, twenty years: more is a slip of the pen
SATURDAY = 5


def is_working_day(day: date, is_closed: IsClosed) -> bool:
    return day.weekday() < SATURDAY and not is_closed(day)


def add(day: date, number: int, is_closed: IsClosed) -> date:
    """The last day of a term of `number` working days that began on `day`. Zero gives `day` itself.

    Raises ValueError for a number below zero or beyond MOST.
    """
    if not 0 <= number <= MOST:
        raise ValueError(f"a term of {number} working days")
    while number:
        day += timedelta(days=1)
        number -= is_working_day(day, is_closed)
    return day


def between(start: date, end: date, is_closed: IsClosed) -> int:
    """Working days after `start` up to and with `end`; negative when `end` lies before `start`.

    So `between(d, add(d, n)) == n`.
    """
    if end < start:
        return -between(end, start, is_closed)
    days = (start + timedelta(days=n) for n in range(1, (end - start).days + 1))
    return sum(is_working_day(day, is_closed) for day in days)
