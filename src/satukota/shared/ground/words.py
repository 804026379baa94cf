"""Words on the pages of ground and demand."""

from django.utils.translation import gettext_lazy as _

PURPOSES = {
    "monitor": _("Memantau (12,5 piksel/m)"),
    "detect": _("Melihat ada orang (25 piksel/m)"),
    "observe": _("Mengamati perilaku (62,5 piksel/m)"),
    "recognise": _("Mengenali yang dikenal (125 piksel/m)"),
    "identify": _("Memastikan siapa (250 piksel/m)"),
}
BASES = {
    "street": _("sepanjang jalan"),
    "people": _("sepanjang jalan, menurut penduduk"),
    "junction": _("persimpangan"),
    "place": _("tempat"),
}
