"""Passwords made of words everybody here would try first (OWASP ASVS 5.0, 6.1.2 and 6.2.11)."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# The product, the city's government and its own vocabulary; installations add theirs by the validator's option.
WORDS = (
    "satukota", "pusat komando", "pusatkomando", "diskominfo", "dishub", "satpolpp", "bpbd", "pemkot", "pemerintah",
    "pemda", "walikota", "kota", "kamera", "cctv", "operator", "supervisor", "admin", "petugas", "password", "sandi",
    "rahasia", "indonesia", "kalimantan", "bontang",
)  # fmt: skip
LEFT_LEAST = 6  # letters that must be the person's own
LOOKS = [str.maketrans("013457@$!", letters) for letters in ("oleastasi", "oieastasi")]  # 1 stands for l and for i


class ContextWords:
    """Refuses what is little more than known words with digits and signs around: Satukota2026!, D1skominfo_Kota."""

    def __init__(self, words: tuple[str, ...] = ()) -> None:
        self.words = sorted({*WORDS, *words}, key=len, reverse=True)

    def validate(self, password: str, user: Any = None) -> None:
        plain = password.casefold()
        for form in (plain, *(plain.translate(looks) for looks in LOOKS)):
            left = form
            for word in self.words:
                left = left.replace(word, " ")
            if left != form and len(re.sub(r"[^a-z]", "", left)) < LEFT_LEAST:
                raise ValidationError(self.get_help_text(), code="password_of_context")

    def get_help_text(self) -> str:
        return _("Kata sandi tidak boleh hanya dari kata yang lazim di kota ini, seperti nama kota atau kantor.")
