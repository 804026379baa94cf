"""The vectors of a NIK's structure; every number here is made up."""

from datetime import date

import pytest

from satukota.rules import nik

TODAY = date(2026, 11, 22)


def test_a_nik_says_area_birth_and_sex():
    assert nik.read("6474015708900001", TODAY) == nik.Nik("64.74.01", date(1990, 8, 17), True)
    assert nik.read("3273011708900001", TODAY) == nik.Nik("32.73.01", date(1990, 8, 17), False)


@pytest.mark.parametrize(
    "text", ["6474013102900001", "6474011708900000", "647401570890000", "64740157089000011", "647401570890000x",
             "６４７４０１５７０８９００００１", "", "0074015708900001", "6474017208900001", "6474013213900001"],
)  # fmt: skip
def test_what_no_nik_is_made_like_is_refused(text):
    assert nik.read(text, TODAY) is None


def test_the_century_is_never_in_the_future():
    assert nik.read("6474012311260001", TODAY).born_on == date(1926, 11, 23)
    assert nik.read("6474012211260001", TODAY).born_on == date(2026, 11, 22)
    assert nik.read("6474012902000001", TODAY).born_on == date(2000, 2, 29)
