"""User names nobody can mistake for another's.

Only ASCII letters, digits, dot, underscore and hyphen: look-alikes from other scripts (Unicode TR 39) cannot be written
at all. Look-alikes within ASCII (0 and o, 1 and l, rn and m) are refused when a name is given.
"""

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

LONGEST = 32
USERNAME = RegexValidator(
    r"^[A-Za-z0-9._-]{1,150}\Z", _("Nama pengguna hanya huruf a–z, angka, titik, garis bawah, dan tanda hubung.")
)
_LOOKS_LIKE = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"))
_SEPARATORS = str.maketrans("", "", "._-")


def skeleton(name: str) -> str:
    """What is left when look-alike letters are made one and separators are dropped; equal skeletons look alike."""
    looks = name.lower().translate(_SEPARATORS)
    for seen, same in _LOOKS_LIKE:
        looks = looks.replace(seen, same)
    return looks
