"""Terms in working days, without any calendar but the days named here."""

from datetime import date, timedelta

import pytest

from satukota.rules import working_days

FRIDAY, MONDAY = date(2026, 1, 9), date(2026, 1, 12)
OFF = {date(2026, 1, 16)}


def closed(day: date) -> bool:
    return day in OFF


def test_the_day_itself_and_weekends_do_not_count():
    assert working_days.add(FRIDAY, 1, closed) == MONDAY
    assert working_days.add(FRIDAY + timedelta(days=1), 1, closed) == MONDAY
    assert working_days.add(MONDAY, 0, closed) == MONDAY


def test_a_holiday_is_stepped_over():
    assert working_days.add(date(2026, 1, 15), 1, closed) == date(2026, 1, 19)
    assert not working_days.is_working_day(date(2026, 1, 16), closed)


@pytest.mark.parametrize("number", [0, 1, 4, 5, 17, 300])
def test_counting_back_gives_the_term(number):
    assert working_days.between(MONDAY, working_days.add(MONDAY, number, closed), closed) == number


def test_an_end_before_the_start_is_negative():
    assert working_days.between(MONDAY, FRIDAY, closed) == -1
    assert working_days.between(MONDAY, MONDAY, closed) == 0


@pytest.mark.parametrize("number", [-1, 5_001])
def test_a_senseless_term_is_refused(number):
    with pytest.raises(ValueError):
        working_days.add(MONDAY, number, closed)
