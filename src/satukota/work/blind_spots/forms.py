"""What people type about plans, prices and partners' cameras."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from satukota.base.page_frame.choosing import Choose
from satukota.city.models import Kelurahan, Opd, Place
from satukota.city.words import PLACE_KINDS
from satukota.rules.coverage.purposes import PURPOSES as SHARPNESS
from satukota.shared.ground.kinds import Kind

from .siting.asking import MOST_RP, MOST_SECONDS, MOST_SITES, Asked
from .words import LENS_WORDS, PURPOSES, TIME_WORDS

MOST_TEXT = 200_000  # characters of drawn areas
MILLION = 1_000_000


class PlanForm(forms.Form):
    """A plan's question. `asked()` is what the calculation takes."""

    name = forms.CharField(label=gettext_lazy("Nama rencana"), max_length=120)
    owner = Choose(Opd.objects.none(), label=gettext_lazy("OPD"))
    budget = forms.DecimalField(label=gettext_lazy("Anggaran (juta rupiah)"), min_value=0, max_value=MOST_RP // MILLION,
                                decimal_places=3, help_text=gettext_lazy("Biaya sekali, seluruh rencana."))  # fmt: skip
    yearly = forms.DecimalField(label=gettext_lazy("Anggaran tahunan (juta rupiah)"), required=False, min_value=0,
                                max_value=MOST_RP // MILLION, decimal_places=3)  # fmt: skip
    most = forms.IntegerField(label=gettext_lazy("Paling banyak kamera"), required=False, min_value=0, max_value=5000)
    time = forms.ChoiceField(label=gettext_lazy("Waktu"), choices=list(TIME_WORDS.items()), initial="day",
                             help_text=gettext_lazy("Malam: hanya sejauh inframerah kamera."))  # fmt: skip
    lenses = forms.MultipleChoiceField(label=gettext_lazy("Jenis kamera"), choices=list(LENS_WORDS.items()),
                                       widget=forms.CheckboxSelectMultiple,
                                       initial=["wide", "normal", "tele"])  # fmt: skip
    keep_existing = forms.BooleanField(label=gettext_lazy("Kamera yang ada tetap di tempatnya"), required=False,
                                       initial=True)  # fmt: skip
    use_partners = forms.BooleanField(label=gettext_lazy("Pertimbangkan kamera mitra"), required=False, initial=True)
    kelurahan = forms.ModelMultipleChoiceField(Kelurahan.objects.none(), label=gettext_lazy("Hanya di kelurahan"),
                                               required=False)  # fmt: skip
    floor = forms.DecimalField(label=gettext_lazy("Lantai tiap kelurahan (%)"), required=False, min_value=0,
                               max_value=100,
                               help_text=gettext_lazy("Bagian bobot yang wajib terlihat di sana."))  # fmt: skip
    must_places = forms.ModelMultipleChoiceField(Place.objects.none(), label=gettext_lazy("Tempat wajib terlihat"),
                                                 required=False)  # fmt: skip
    forbidden_places = forms.ModelMultipleChoiceField(
        Place.objects.none(), label=gettext_lazy("Tempat terlarang untuk kamera"), required=False
    )
    forbidden_areas = forms.CharField(label=gettext_lazy("Daerah terlarang (GeoJSON)"), required=False,
                                      max_length=MOST_TEXT, widget=forms.Textarea({"rows": 2}))  # fmt: skip
    private_kinds = forms.MultipleChoiceField(label=gettext_lazy("Halaman yang tidak boleh terlihat tajam"),
                                              required=False, choices=[])  # fmt: skip
    private_areas = forms.CharField(label=gettext_lazy("Daerah privasi (GeoJSON)"), required=False,
                                    max_length=MOST_TEXT, widget=forms.Textarea({"rows": 2}))  # fmt: skip
    private_px = forms.DecimalField(label=gettext_lazy("Ketajaman terbesar di sana (piksel/m)"), initial=62.5,
                                    min_value=1, max_value=1000)  # fmt: skip
    k = forms.IntegerField(label=gettext_lazy("Pandangan di tempat kritis"), initial=1, min_value=1, max_value=4)
    k_kinds = forms.MultipleChoiceField(label=gettext_lazy("Tempat kritis"), required=False, choices=[])
    seconds = forms.IntegerField(label=gettext_lazy("Lama mencari (detik)"), initial=20, min_value=1,
                                 max_value=MOST_SECONDS)  # fmt: skip
    most_sites = forms.IntegerField(label=gettext_lazy("Calon tempat paling banyak"), initial=3000, min_value=1,
                                    max_value=MOST_SITES)  # fmt: skip
    seed = forms.IntegerField(label=gettext_lazy("Benih acak"), initial=0, min_value=0, max_value=2**31 - 1)

    def __init__(self, owners: QuerySet[Opd], kinds: tuple[Kind, ...], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["owner"].queryset = owners
        fields["kelurahan"].queryset = Kelurahan.objects.order_by("name")
        fields["must_places"].queryset = fields["forbidden_places"].queryset = Place.objects.order_by("name")
        fields["private_kinds"].choices = list(PLACE_KINDS.items())
        fields["k_kinds"].choices = [(kind.code, kind.name) for kind in kinds]
        for purpose in SHARPNESS:
            fields[f"purpose_{purpose}"] = forms.DecimalField(
                label=PURPOSES[purpose], initial=1, min_value=0, max_value=100, decimal_places=2
            )

    def purposes(self) -> list[forms.BoundField]:
        return [self[f"purpose_{purpose}"] for purpose in SHARPNESS]

    def clean_forbidden_areas(self) -> list[Any]:
        return _rings(self.cleaned_data["forbidden_areas"])

    def clean_private_areas(self) -> list[Any]:
        return _rings(self.cleaned_data["private_areas"])

    def asked(self) -> Asked:
        """Raises UserError."""
        told = self.cleaned_data
        return Asked.of({
            "budget_rp": _rupiah(told["budget"]), "yearly_budget_rp": _rupiah(told["yearly"]), "most": told["most"],
            "time": told["time"],
            "purposes": {name: float(told[f"purpose_{name}"]) for name in SHARPNESS},
            "kelurahan": [row.pk for row in told["kelurahan"]], "keep_existing": told["keep_existing"],
            "use_partners": told["use_partners"], "lenses": told["lenses"],
            "must_places": [row.pk for row in told["must_places"]],
            "forbidden_places": [row.pk for row in told["forbidden_places"]],
            "forbidden_areas": told["forbidden_areas"], "private_kinds": told["private_kinds"],
            "private_areas": told["private_areas"], "private_px": float(told["private_px"]),
            "floor": float(told["floor"] or 0) / 100, "k": told["k"], "k_kinds": told["k_kinds"],
            "seconds": float(told["seconds"]), "most_sites": told["most_sites"], "seed": told["seed"],
        })  # fmt: skip


def _rupiah(millions: Any) -> int | None:
    return None if millions is None else int(millions * MILLION)


def _rings(text: str) -> list[Any]:
    """Outer rings of the polygons in GeoJSON. Raises ValidationError in words."""
    if not text.strip():
        return []
    try:
        told = json.loads(text)
        found = list(_polygons(told))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as problem:
        raise forms.ValidationError(_("Bukan GeoJSON berisi bidang (Polygon).")) from problem
    if not found:
        raise forms.ValidationError(_("Tidak ada bidang (Polygon) di dalamnya."))
    return found


def _polygons(told: Any) -> Any:
    kind = told["type"]
    if kind == "FeatureCollection":
        for feature in told["features"]:
            yield from _polygons(feature["geometry"])
    elif kind == "Feature":
        yield from _polygons(told["geometry"])
    elif kind == "Polygon":
        yield [[float(lon), float(lat)] for lon, lat, *_height in told["coordinates"][0]]
    elif kind == "MultiPolygon":
        for part in told["coordinates"]:
            yield [[float(lon), float(lat)] for lon, lat, *_height in part[0]]


class PriceForm(forms.Form):
    code = forms.SlugField(max_length=30)
    amount_rp = forms.IntegerField(min_value=0, max_value=100_000_000_000)
    source = forms.CharField(max_length=200)


class OfferForm(forms.Form):
    """A partner's camera."""

    code = forms.CharField(label=gettext_lazy("Kode"), max_length=40)
    partner = forms.CharField(label=gettext_lazy("Mitra"), max_length=120)
    owner = Choose(Opd.objects.none(), label=gettext_lazy("OPD yang berunding"))
    lat = forms.FloatField(label=gettext_lazy("Lintang"), min_value=-80, max_value=84, localize=False)
    lon = forms.FloatField(label=gettext_lazy("Bujur"), min_value=-180, max_value=180, localize=False)
    bearing_deg = forms.FloatField(label=gettext_lazy("Arah (° dari utara)"), min_value=0, max_value=360)
    fov_deg = forms.FloatField(label=gettext_lazy("Sudut pandang (°)"), min_value=1, max_value=360)
    range_m = forms.FloatField(label=gettext_lazy("Jangkauan (m)"), min_value=1, max_value=2000)
    width_px = forms.IntegerField(label=gettext_lazy("Lebar gambar (piksel)"), min_value=100, max_value=20_000)
    joining_rp = forms.IntegerField(label=gettext_lazy("Biaya bergabung (Rp)"), min_value=0, max_value=10**12)
    yearly_rp = forms.IntegerField(label=gettext_lazy("Biaya setahun (Rp)"), min_value=0, max_value=10**12)

    def __init__(self, owners: QuerySet[Opd], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["owner"].queryset = owners
