"""A password made of the city's own words is refused; one with words of its own is not."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

CONTEXT = "kata yang lazim di kota ini"


@pytest.mark.parametrize(
    "password", ["Satukota2026!!!", "D1sk0m1nfo_Kota", "bontang-satukota", "AdminCCTV#2026", "Pemkot.Bontang.123"]
)
def test_words_of_the_house_alone_are_no_password(password: str) -> None:
    with pytest.raises(ValidationError, match=CONTEXT):
        validate_password(password)


@pytest.mark.parametrize(
    "password", ["jambu-perahu-lentera-7", "kota tua di tepi laut biru", "ä" * 12 + "satu😀", "x" * 200]
)
def test_ones_own_words_are_taken_whatever_their_letters(password: str) -> None:
    validate_password(password)
