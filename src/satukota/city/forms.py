"""What people fill in. Forms read and check one field at a time; what fields mean together is for the actions."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from satukota.base.page_frame.choosing import Choose

from . import access
from .models import Duty, Feeder, Holiday, Kecamatan, Kelurahan, Opd, Person, Place
from .roles import ROLES, Reach
from .words import LABELS, PLACE_KINDS

LAT_MAX, LON_MAX = 90, 180


class RegisterForm(forms.Form):
    """Labels come from the one list of words. `user` decides the choices."""

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = field.label or LABELS.get(name.removesuffix("_id"), name)
            field.widget.attrs.setdefault("autocomplete", "off")

    def editable_opds(self) -> QuerySet[Opd]:
        return access.visible(Opd.objects.all(), self.user, "registers.edit", owner="pk")

    def values(self) -> dict[str, Any]:
        """Cleaned values as the actions take them: rows by their id."""
        return {name: getattr(value, "pk", value) for name, value in self.cleaned_data.items()}


def text(most: int, *, required: bool = True, **more: Any) -> forms.CharField:
    return forms.CharField(max_length=most, required=required, **more)


def day(*, required: bool = True, **more: Any) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(required=required, widget=widget, input_formats=["%Y-%m-%d"], **more)


def degrees(most: int, *, required: bool = True) -> forms.FloatField:
    widget = forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"})
    return forms.FloatField(min_value=-most, max_value=most, required=required, widget=widget)


def row(rows: QuerySet[Any], *, required: bool = True, **more: Any) -> Choose:
    return Choose(rows, required=required, **more)


class OpdEdit(RegisterForm):
    short_name = text(60)
    name = text(160)
    kind = forms.ChoiceField(choices=Opd.Kind.choices)
    parent_id = row(Opd.objects.none(), required=False)
    source = text(200, required=False, help_text=_("Perda atau pemberitaan; tulis “belum diverifikasi” bila belum."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent_id"].queryset = self.editable_opds() | Opd.objects.filter(pk=self.initial.get("parent_id"))


class OpdNew(OpdEdit):
    code = forms.SlugField(max_length=40, help_text=_("Huruf kecil dan tanda hubung, misalnya dinas-kebudayaan."))
    valid_from = day()
    field_order = ["code"]


class Ending(RegisterForm):
    on = day(label=_("Hari terakhir"))
    why = text(300, help_text=_("Dasar atau sebabnya; tercatat di log audit."))


class EndingToday(RegisterForm):
    why = text(300, help_text=_("Dasar atau sebabnya; tercatat di log audit."))


class PersonForm(RegisterForm):
    name = text(120)
    phone = text(20, required=False, widget=forms.TextInput(attrs={"inputmode": "tel"}))
    nik = text(24, required=False, widget=forms.TextInput(attrs={"inputmode": "numeric"}),
               help_text=_("16 angka; disegel, dan tampil tersamar. Kosong: yang tercatat tetap."))  # fmt: skip


class PersonEdit(PersonForm):
    drop_nik = forms.BooleanField(required=False, label=_("Hapus NIK yang tercatat"))


class NikOpened(RegisterForm):
    purpose = text(200, label=_("Keperluan"), help_text=_("Tercatat di log audit atas nama Anda."))


class NikSearch(NikOpened):
    nik = text(24, label=_("NIK"), widget=forms.TextInput(attrs={"inputmode": "numeric"}))
    field_order = ["nik", "purpose"]


class DutyNew(RegisterForm):
    person_id = row(Person.objects.all())
    role = forms.ChoiceField()
    acting = forms.ChoiceField(choices=Duty.Acting.choices, required=False)
    decree = text(80, required=False, help_text=_("Wajib bagi Plt., Plh., dan Pj."))
    kecamatan_id = row(Kecamatan.objects.all(), required=False, empty_label=_("seluruh wilayah OPD"))
    kelurahan_id = row(Kelurahan.objects.defer("area"), required=False, empty_label=_("seluruh wilayah OPD"))
    rt = forms.RegexField(r"^\d{1,3}\Z", required=False, help_text=_("Nomor RT dalam kelurahan itu, misalnya 007."))
    fiscal_year = forms.IntegerField(
        min_value=2000, max_value=2100, required=False, help_text=_("Hanya bagi tugas anggaran satu tahun."),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )  # fmt: skip
    on_call = forms.BooleanField(required=False, help_text=_("Insiden OPD ini datang kepadanya lebih dahulu."))
    from_on = day()
    to_on = day(required=False, help_text=_("Kosong: sampai diakhiri."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        all_roles = access.scope(self.user, "people.edit").everywhere
        roles = [role for role in ROLES.values() if all_roles or (role.reach is Reach.OPD and not role.leads)]
        self.fields["role"].choices = [(role.key, role.name) for role in roles]


class Substitution(RegisterForm):
    person_id = row(Person.objects.all())
    acting = forms.ChoiceField(choices=[choice for choice in Duty.Acting.choices if choice[0]])
    decree = text(80, help_text=_("Nomor surat perintah atau keputusan."))
    from_on = day()
    to_on = day(required=False, help_text=_("Kosong: sampai diakhiri."))


class PersonInvited(RegisterForm):
    username = text(32, label=_("Nama pengguna"), help_text=_("Huruf a–z, angka, titik, garis; misalnya siti.aminah."))
    email = forms.EmailField(
        label=_("Alamat surel"),
        required=False,
        max_length=254,
        help_text=_("Tautan undangan dikirim ke sini; lewat alamat ini pula akun pegawai dikenali."),
    )
    sso_subject = text(
        255, required=False, label=_("Identitas pada akun pegawai"), help_text=_("Nilai “sub”, bila diketahui.")
    )


class PlaceEdit(RegisterForm):
    name = text(160)
    kind = forms.ChoiceField(choices=list(PLACE_KINDS.items()))
    lat = degrees(LAT_MAX)
    lon = degrees(LON_MAX)
    kelurahan_id = row(Kelurahan.objects.defer("area"), required=False, empty_label=_("menurut letaknya"))
    stake = forms.TypedChoiceField(choices=Place.Stake.choices, coerce=int)
    stake_reason = text(200, help_text=_("Apa yang dipertaruhkan bila tempat ini tidak terlihat."))


class PlaceNew(PlaceEdit):
    code = forms.SlugField(max_length=40)
    field_order = ["code"]


class FeederEdit(RegisterForm):
    name = text(160)
    medium = text(30, required=False)
    provider = text(80, required=False)
    upstream_id = row(Feeder.objects.filter(ended_on=None), required=False)
    lat = degrees(LAT_MAX, required=False)
    lon = degrees(LON_MAX, required=False)
    probe_address = text(200, required=False, help_text=_("Kosong: keadaannya diketahui dari yang bergantung padanya."))


class FeederNew(FeederEdit):
    kind = forms.ChoiceField(choices=Feeder.Kind.choices)
    code = forms.RegexField(r"^[A-Za-z0-9._-]{1,40}\Z", help_text=_("Huruf, angka, titik, garis; misalnya FO-07."))
    owner_id = row(Opd.objects.none(), label=LABELS["owner"])
    field_order = ["kind", "code", "name", "owner_id"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner_id"].queryset = self.editable_opds()


class ContractEdit(RegisterForm):
    vendor = text(120)
    subject = text(200)
    starts_on = day()
    ends_on = day()
    required_availability = forms.FloatField(
        required=False, min_value=0, max_value=100, help_text=_("Dalam persen; kosong bila tidak diperjanjikan.")
    )
    repair_hours = forms.FloatField(required=False, min_value=0)
    vendor_contact = text(120, required=False)

    def values(self) -> dict[str, Any]:
        percent = self.cleaned_data["required_availability"]
        return {**super().values(), "required_availability": None if percent is None else round(percent / 100, 6)}


class ContractNew(ContractEdit):
    number = text(80)
    opd_id = row(Opd.objects.none())
    field_order = ["number", "opd_id"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["opd_id"].queryset = self.editable_opds()


class Reason(RegisterForm):
    why = text(300, help_text=_("Tercatat di log audit."))


class HolidayYearForm(RegisterForm):
    year = forms.IntegerField(min_value=1946, max_value=2100, widget=forms.TextInput(attrs={"inputmode": "numeric"}))
    decree = text(200, help_text=_("Nomor dan tanggal SKB 3 Menteri."))
    days = forms.CharField(
        max_length=20_000, widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false"}),
        help_text=_("Satu hari sebaris: tanggal;nama;jenis. Cocokkan dengan SKB; hari libur daerah tetap tersimpan."),
    )  # fmt: skip


class HolidayForm(RegisterForm):
    date = day()
    name = text(120)
    kind = forms.ChoiceField(choices=Holiday.Kind.choices)
    source = text(200, help_text=_("Nomor keputusan atau tempat dibacanya."))


class RtImport(RegisterForm):
    file = forms.FileField(label=_("Berkas CSV"), help_text=_("Kolom: kelurahan (kode Kemendagri), rw, rt."))
    source = text(200, help_text=_("Misalnya SK lurah atau nama berkas asal."))


class RtEdit(RegisterForm):
    head_id = row(Person.objects.all(), required=False, label=LABELS["head"], empty_label=_("belum diketahui"))
    lat = degrees(LAT_MAX, required=False)
    lon = degrees(LON_MAX, required=False)
    source = text(200, required=False)
