"""The structure of a NIK: area of first registration (6), day of birth DDMMYY (day + 40 for women), serial (4).

There is no check digit, and the area may be any region's or one that no longer exists: only impossible ones are
refused. Source: Permendagri 2/2010 in practice; whether a NIK exists only Dukcapil knows.
"""

from dataclasses import dataclass
from datetime import date

FEMALE_DAYS = 40


@dataclass(frozen=True)
class Nik:
    area: str  # 64.74.01
    born_on: date
    is_female: bool


def read(text: str, today: date) -> Nik | None:
    """What a NIK says; None when no NIK is made so. The century is the last that is not in the future."""
    if len(text) != 16 or not (text.isascii() and text.isdigit()) or text[12:] == "0000" or text[:2] < "11":
        return None
    day, month, year = (int(text[start : start + 2]) for start in (6, 8, 10))
    is_female = day > FEMALE_DAYS
    for century in (today.year // 100 * 100, today.year // 100 * 100 - 100):
        try:
            born_on = date(century + year, month, day - FEMALE_DAYS * is_female)
        except ValueError:
            continue
        if born_on <= today:
            return Nik(f"{text[:2]}.{text[2:4]}.{text[4:6]}", born_on, is_female)
    return None
