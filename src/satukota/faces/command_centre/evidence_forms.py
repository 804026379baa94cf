"""What people fill in about evidence."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from satukota.base.evidence.redaction import Area

MOST_AREAS = 50
LONGEST_S = 600


class OpenExhibit(forms.Form):
    camera = forms.CharField(max_length=40, label=gettext_lazy("Kamera"))
    incident = forms.CharField(max_length=20, required=False, label=gettext_lazy("Insiden"))
    title = forms.CharField(max_length=160, label=gettext_lazy("Apa yang ditunjukkannya"))
    before_s = forms.IntegerField(
        required=False, min_value=0, max_value=LONGEST_S, label=gettext_lazy("Rekaman: detik sebelum kejadian")
    )
    after_s = forms.IntegerField(
        required=False, min_value=0, max_value=LONGEST_S, label=gettext_lazy("Rekaman: detik sesudah kejadian")
    )


class Purpose(forms.Form):
    name = forms.CharField(max_length=80)
    purpose = forms.CharField(max_length=200, label=gettext_lazy("Tujuan"))


class Hide(forms.Form):
    """`areas`: JSON list of [x, y, width, height] in pixels, drawn by the person on top of what is found."""

    name = forms.CharField(max_length=80)
    areas = forms.CharField(required=False, max_length=5000)

    def clean_areas(self) -> list[Area]:
        try:
            drawn = json.loads(self.cleaned_data["areas"] or "[]")
            boxes = [tuple(int(edge) for edge in box) for box in drawn]
        except (ValueError, TypeError, RecursionError, OverflowError):
            raise forms.ValidationError(_("Bidang yang digambar tidak terbaca.")) from None
        if len(boxes) > MOST_AREAS or any(len(box) != 4 or min(box[2:]) < 1 or max(box) > 20_000 for box in boxes):
            raise forms.ValidationError(_("Paling banyak 50 bidang, masing-masing x, y, lebar, tinggi."))
        return [Area("hand", box) for box in boxes]  # type: ignore[arg-type]


class Check(forms.Form):
    name = forms.CharField(max_length=80)
    good = forms.BooleanField(required=False)
    why = forms.CharField(max_length=300, required=False)


class HoldForm(forms.Form):
    reason = forms.CharField(max_length=300, label=gettext_lazy("Alasan"))
    decree = forms.CharField(max_length=120, label=gettext_lazy("Nomor surat"))


class Lift(forms.Form):
    hold = forms.IntegerField(min_value=1)
    why = forms.CharField(max_length=300, label=gettext_lazy("Dasar"))


class ReleaseForm(forms.Form):
    names = forms.MultipleChoiceField()
    to_whom = forms.CharField(max_length=160, label=gettext_lazy("Penerima"))
    ground = forms.CharField(max_length=300, label=gettext_lazy("Dasar (surat dan pasal)"))
    originals = forms.BooleanField(required=False)

    def __init__(self, *args: Any, names: list[str], **more: Any) -> None:
        super().__init__(*args, **more)
        field = self.fields["names"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(name, name) for name in names]


class Search(forms.Form):
    q = forms.CharField(max_length=80, required=False)
    held = forms.BooleanField(required=False)


class Package(forms.Form):
    release = forms.IntegerField(min_value=1)
