"""What pages call the states, the sharpness and what a register lacks."""

from typing import TypeAlias

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text: TypeAlias = str | Promise

SHARPNESS: dict[str, Text] = {
    "": _("sesuai kebutuhan tempat"),
    "monitor": _("memantau keramaian"),
    "detect": _("mengetahui ada orang"),
    "observe": _("melihat ciri orang"),
    "recognise": _("mengenali orang yang dikenal"),
    "identify": _("mengidentifikasi orang asing"),
}
TIMES: dict[str, Text] = {"now": _("kini"), "day": _("siang"), "night": _("malam"), "month": _("30 hari")}
STATES: dict[str, Text] = {
    "seen": _("terlihat kini"),
    "doubted": _("belum diketahui"),
    "lost": _("hilang: kameranya mati"),
    "blind": _("tidak terjangkau kamera"),
}
LACKS: dict[str, Text] = {
    "position": _("letak belum dicatat"),
    "bearing": _("arah belum dicatat"),
    "fov": _("sudut pandang belum dicatat"),
    "range": _("jangkauan belum dicatat"),
    "width": _("lebar gambar belum dicatat"),
    "hours": _("jam kesepakatan tidak terbaca"),
    "invalid": _("angka di register tidak mungkin"),
}
STANDINGS: dict[str, Text] = {
    "working": _("berfungsi"), "doubted": _("belum diketahui"), "down": _("tidak berfungsi"),
}  # fmt: skip
