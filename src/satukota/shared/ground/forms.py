"""What people fill in about ground and demand."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import GroundSource
from .words import PURPOSES

KINDS = [(kind, label) for kind, label in GroundSource.Kind.choices if kind != GroundSource.Kind.SAMPLE]


class _Dressed(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.setdefault("autocomplete", "off")


class UploadForm(_Dressed):
    kind = forms.ChoiceField(label=_("Isi berkas"), choices=KINDS)
    file = forms.FileField(label=_("Berkas"), allow_empty_file=True)
    attribution = forms.CharField(
        label=_("Asal data, ditampilkan di peta"), max_length=200, required=False,
        help_text=_("Misalnya: Dinas PUPR 2026. Untuk OSM terisi sendiri."),
    )  # fmt: skip
    licence = forms.CharField(label=_("Lisensi"), max_length=120, required=False)


class PeopleForm(_Dressed):
    lines = forms.CharField(
        label=_("Penduduk"), max_length=200_000, widget=forms.Textarea({"rows": 8}),
        help_text=_("Satu baris per kelurahan: “Api-Api; 12.345”, atau per RT: “Api-Api; RT 03; 210”. Dapat ditempel "
                    "dari lembar kerja."),
    )  # fmt: skip
    counted_on = forms.DateField(label=_("Dihitung pada"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    source = forms.CharField(label=_("Sumber"), max_length=200, help_text=_("Misalnya: Disdukcapil, semester I 2026."))


class KindForm(_Dressed):
    weight = forms.FloatField(
        label=_("Bobot satu titik"), localize=False,
        widget=forms.NumberInput({"step": "any", "inputmode": "decimal"}),
        help_text=_("Satu titik: 10 m jalan, satu simpang, atau satu tempat. Nol: tidak dihitung."),
    )  # fmt: skip
    purpose = forms.ChoiceField(label=_("Ketajaman yang dibutuhkan"), choices=list(PURPOSES.items()))
    source = forms.CharField(
        label=_("Dasar"), max_length=200, help_text=_("Siapa yang menetapkan, atau dari mana angkanya.")
    )
