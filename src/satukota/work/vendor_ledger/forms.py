"""What people fill in. What fields mean together is for the actions."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from satukota.city.forms import RegisterForm, day, text

from .models import Dispute, PenaltyRule
from .words import duration, rupiah

MOST_RP = 10**15


def money(label: Any, *, required: bool = True, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=MOST_RP, required=required, help_text=help_text)


def letter(label: Any, *, most: int = 4000) -> forms.CharField:
    return forms.CharField(label=label, max_length=most, widget=forms.Textarea(attrs={"rows": 4}))


class TermsForm(RegisterForm):
    value_rp = money(_("Nilai kontrak (rupiah)"))
    monthly_rp = money(_("Nilai sebulan (rupiah)"), required=False, help_text=_("Kosong bila tidak dibayar bulanan."))
    degraded_counts = forms.BooleanField(label=_("Terganggu dihitung tidak tersedia"), required=False)
    excuses_outside = forms.BooleanField(
        label=_("Kecualikan gangguan yang akarnya di luar kontrak ini"), required=False,
        help_text=_("Misalnya kamera padam karena sambungan milik penyedia lain."),
    )  # fmt: skip
    source = text(200, label=_("Dasar"), help_text=_("Pasal kontrak; tulis “belum diverifikasi” bila belum dibaca."))


class RuleForm(RegisterForm):
    kind = forms.ChoiceField(label=_("Jenis"), choices=PenaltyRule.Kind.choices)
    rate = forms.DecimalField(
        label=_("Tarif tiap langkah"), max_digits=8, decimal_places=6, min_value=Decimal("0.000001"), max_value=1,
        help_text=_("Bagian dari dasarnya: 0,001 untuk satu per mil."), localize=True,
    )  # fmt: skip
    step = forms.DecimalField(
        label=_("Satu langkah"), max_digits=8, decimal_places=3, min_value=Decimal("0.001"), localize=True,
        help_text=_("Poin persen untuk ketersediaan, jam untuk perbaikan (24 untuk sehari)."),
    )  # fmt: skip
    counts_started = forms.BooleanField(label=_("Langkah yang baru dimulai ikut dihitung"), required=False)
    base = forms.ChoiceField(label=_("Dikalikan dengan"), choices=PenaltyRule.Base.choices)
    base_rp = money(_("Jumlah tertentu (rupiah)"), required=False)
    cap_rp = money(_("Paling banyak sebulan (rupiah)"), required=False)
    valid_from = day(label=_("Berlaku sejak"))
    source = text(200, label=_("Dasar"))
    is_verified = forms.BooleanField(label=_("Dasarnya sudah dibaca dan cocok"), required=False)


class EndForm(RegisterForm):
    valid_to = day(label=_("Hari terakhir berlaku"))


class CloseForm(RegisterForm):
    letter_number = text(80, required=False, label=_("Nomor surat"))
    sha256 = forms.CharField(max_length=64, widget=forms.HiddenInput)


class ReasonForm(RegisterForm):
    reason = letter(_("Sebab koreksi"), most=300)


class DisputeForm(RegisterForm):
    """`outages` of the statement, so that one can be picked; empty is the month as a whole."""

    outage = forms.TypedChoiceField(label=_("Yang disanggah"), coerce=int, empty_value=None, required=False)
    claim = letter(_("Keberatan penyedia, dengan kata-katanya"))
    claimant = text(120, label=_("Ditulis oleh"))
    letter_number = text(80, required=False, label=_("Nomor surat penyedia"))
    claimed_on = day(label=_("Tanggal surat penyedia"))

    def __init__(self, *args: Any, outages: list[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = [(place, f"{one['key']} · {duration(one['counted_s'])} · {rupiah(one['rp'])}")
                for place, one in enumerate(outages)]  # fmt: skip
        self.fields["outage"].choices = [("", _("Seluruh bulan")), *rows]


class AnswerForm(RegisterForm):
    answer = letter(_("Jawaban"))


class DecisionForm(RegisterForm):
    decision = forms.ChoiceField(
        label=_("Keputusan"), choices=[one for one in Dispute.Decision.choices if one[0]], widget=forms.Select
    )
    reason = letter(_("Alasan keputusan"))
