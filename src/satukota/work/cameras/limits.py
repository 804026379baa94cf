"""Between which values a camera's figures can be, for the form and the import alike."""

import math
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from satukota.city.models import Kota
from satukota.rules.reach import LONGEST_RANGE_M


@dataclass(frozen=True)
class Limit:
    least: float
    most: float
    unit: str = ""
    open_least: bool = False  # the least itself is not allowed
    open_most: bool = False

    def problem(self, value: float) -> str:
        """A sentence when the value cannot be, else ""."""
        if not math.isfinite(value):
            return _("Harus berupa angka biasa.")
        low = value <= self.least if self.open_least else value < self.least
        high = value >= self.most if self.open_most else value > self.most
        if not (low or high):
            return ""
        said = {"least": number_format(self.least), "most": number_format(self.most), "unit": self.unit}
        if self.open_least:
            return _("Harus lebih dari %(least)s dan paling banyak %(most)s%(unit)s.") % said
        if self.open_most:
            return _("Harus dari %(least)s sampai kurang dari %(most)s%(unit)s.") % said
        return _("Harus antara %(least)s dan %(most)s%(unit)s.") % said


LIMITS: dict[str, Limit] = {
    "bearing_deg": Limit(0, 360, "°", open_most=True),
    "fov_deg": Limit(0, 360, "°", open_least=True),
    "range_m": Limit(0, LONGEST_RANGE_M, " m", open_least=True),
    "height_m": Limit(0, 300, " m"),
    "tilt_deg": Limit(-30, 90, "°"),
    "light_m": Limit(0, LONGEST_RANGE_M, " m"),
    "width": Limit(16, 16_384, " px"),
    "main_width": Limit(16, 16_384, " px"),
    "height": Limit(16, 16_384, " px"),
    "fps": Limit(0, 240, open_least=True),
    "cost_rp": Limit(0, 10**15),
}


def position_problem(lon: float, lat: float, kota: Kota | None = None) -> tuple[str, str] | None:
    """(field, sentence) when the position is not inside the city, saying so when the two look swapped. One query."""
    kota = kota or Kota.objects.first()
    if not (math.isfinite(lon) and math.isfinite(lat)):
        return "lat", _("Harus berupa angka biasa.")
    if kota is None:
        fits = -180 <= lon <= 180 and -90 <= lat <= 90
        return None if fits else ("lat", _("Lintang paling jauh 90 dan bujur paling jauh 180 derajat."))
    if kota.west <= lon <= kota.east and kota.south <= lat <= kota.north:
        return None
    said = {"city": kota.name, "south": degrees(kota.south), "north": degrees(kota.north), "west": degrees(kota.west),
            "east": degrees(kota.east), "lat": degrees(lat), "lon": degrees(lon)}  # fmt: skip
    if kota.west <= lat <= kota.east:
        return "lat", _("%(lat)s tampak seperti bujur; tertukar? Lintang %(city)s %(south)s sampai %(north)s.") % said
    if kota.south <= lon <= kota.north:
        return "lon", _("%(lon)s tampak seperti lintang; tertukar? Bujur %(city)s %(west)s sampai %(east)s.") % said
    if kota.south <= -lat <= kota.north and kota.west <= lon <= kota.east:
        return "lat", _("%(lat)s di luar %(city)s; tanda minusnya keliru? Lintang %(south)s sampai %(north)s.") % said
    if kota.south <= lat <= kota.north:
        return "lon", _("%(lon)s di luar %(city)s: bujurnya %(west)s sampai %(east)s.") % said
    if kota.west <= lon <= kota.east:
        return "lat", _("%(lat)s di luar %(city)s: lintangnya %(south)s sampai %(north)s.") % said
    return "lat", _("Titik %(lat)s, %(lon)s di luar %(city)s.") % said


def degrees(value: float) -> str:
    """117.48 → 117,48, with up to six decimals."""
    return f"{value:.6f}".rstrip("0").rstrip(".").replace(".", ",")
