"""What people type about cameras. The password field never shows what is stored."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from satukota.base.addresses import check_address
from satukota.base.errors import UserError
from satukota.base.page_frame.choosing import Choose
from satukota.city.models import Contract, Duty, Kelurahan, Opd, Person, Place
from satukota.shared.monitoring.models import Target

from . import actions, hours, turning
from .importing import logins
from .limits import LIMITS, position_problem
from .models import Camera
from .words import PURPOSES, SENSITIVITY

CODECS = (("", "—"), ("h264", "H.264"), ("hevc", "H.265"), ("jpeg", "MJPEG"))
YES_NO = (("", gettext_lazy("Belum diperiksa")), ("yes", gettext_lazy("Ada")), ("no", gettext_lazy("Tidak ada")))


class CameraForm(forms.Form):
    """Everything a person may change of one camera. `values()` has the fields of `actions.edit_camera`."""

    name = forms.CharField(label=gettext_lazy("Nama"), max_length=160)
    kind = forms.ChoiceField(label=gettext_lazy("Jenis"), choices=Camera.Kind)
    purpose = forms.ChoiceField(label=gettext_lazy("Guna"), choices=[])
    kelurahan = Choose(Kelurahan.objects.none(), label=gettext_lazy("Kelurahan"), required=False)
    place = Choose(Place.objects.none(), label=gettext_lazy("Tempat"), required=False)
    lat = forms.FloatField(label=gettext_lazy("Lintang"), required=False, localize=False)
    lon = forms.FloatField(label=gettext_lazy("Bujur"), required=False, localize=False)
    bearing_deg = forms.FloatField(label=gettext_lazy("Arah (° dari utara)"), required=False)
    fov_deg = forms.FloatField(label=gettext_lazy("Sudut pandang (°)"), required=False)
    range_m = forms.FloatField(label=gettext_lazy("Jangkauan (m)"), required=False)
    height_m = forms.FloatField(label=gettext_lazy("Tinggi pasang (m)"), required=False)
    tilt_deg = forms.FloatField(
        label=gettext_lazy("Tunduk lensa (°)"), required=False,
        help_text=gettext_lazy("0 mendatar, 90 lurus ke bawah. Kosong: dari kaki tiang sampai jangkauannya."),
    )  # fmt: skip
    light_m = forms.FloatField(
        label=gettext_lazy("Jangkauan malam (m)"), required=False,
        help_text=gettext_lazy("Sejauh mana inframerah atau lampu jalan menampakkan orang. Kosong: dianggap 30 m."),
    )  # fmt: skip
    presets = forms.CharField(
        label=gettext_lazy("Arah tersimpan kamera PTZ"), required=False, max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy(
            "Satu arah per baris: “Simpang utara: arah 45, sudut 60, 40 %”; “tunduk 10” boleh ditambah. Persennya "
            "bagian waktu kamera menghadap ke sana. Kosong: arah dan sudut di atas."
        ),
    )  # fmt: skip
    link = Choose(Target.objects.none(), label=gettext_lazy("Sambungan"), required=False)
    power = Choose(Target.objects.none(), label=gettext_lazy("Listrik"), required=False)
    officer = Choose(Person.objects.none(), label=gettext_lazy("Petugas"), required=False)
    contract = Choose(Contract.objects.none(), label=gettext_lazy("Kontrak"), required=False)
    required_hours = forms.CharField(
        label=gettext_lazy("Jam wajib berfungsi"), required=False, max_length=600, widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("Satu rentang per baris: Senin–Jumat 06.00–22.00. Kosong berarti setiap saat."),
    )  # fmt: skip
    sensitivity = forms.ChoiceField(
        label=gettext_lazy("Kepekaan penilaian gambar"), choices=list(SENSITIVITY.items()),
        help_text=gettext_lazy("Tinggi: lebih cepat menyebut terganggu. Rendah: lebih jarang salah sebut."),
    )  # fmt: skip
    is_public = forms.BooleanField(label=gettext_lazy("Boleh disebut di halaman publik"), required=False)
    sign_installed = forms.ChoiceField(
        label=gettext_lazy("Papan pemberitahuan CCTV (UU 27/2022 pasal 17)"), choices=YES_NO, required=False
    )
    address = forms.CharField(label=gettext_lazy("Alamat aliran (RTSP)"), required=False, max_length=300)
    onvif_address = forms.CharField(label=gettext_lazy("Alamat ONVIF"), required=False, max_length=200)
    username = forms.CharField(label=gettext_lazy("Pengguna kamera"), required=False, max_length=80)
    password = forms.CharField(
        label=gettext_lazy("Sandi kamera baru"), required=False, max_length=120,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=gettext_lazy("Kosong: sandi yang tersimpan tetap dipakai. Sandi tidak pernah ditampilkan."),
    )  # fmt: skip
    width = forms.IntegerField(label=gettext_lazy("Lebar gambar (px)"), required=False)
    height = forms.IntegerField(label=gettext_lazy("Tinggi gambar (px)"), required=False)
    main_width = forms.IntegerField(
        label=gettext_lazy("Lebar gambar terbesar (px)"), required=False,
        help_text=gettext_lazy("Bila aliran yang diperiksa lebih kecil daripada gambar utama kamera."),
    )  # fmt: skip
    codec = forms.ChoiceField(label=gettext_lazy("Format video"), choices=CODECS, required=False)
    fps = forms.FloatField(label=gettext_lazy("Gambar per detik"), required=False)
    serial_number = forms.CharField(label=gettext_lazy("Nomor seri"), required=False, max_length=60)
    maker = forms.CharField(label=gettext_lazy("Merek"), required=False, max_length=60)
    model = forms.CharField(label=gettext_lazy("Model"), required=False, max_length=60)
    seen = forms.JSONField(widget=forms.HiddenInput, required=False)  # values when the form was opened

    def __init__(self, camera: Camera, data: Any = None) -> None:
        self.camera = camera
        super().__init__(_without_secrets(data), initial=_initial(camera))
        owner = camera.target.owner_id
        feeders = Target.objects.filter(retired_on=None).order_by("code")
        choices: dict[str, Any] = {
            "kelurahan": Kelurahan.objects.order_by("name"),
            "place": Place.objects.order_by("name"),
            "link": feeders.filter(kind="link"),
            "power": feeders.filter(kind="power"),
            "officer": Person.objects.filter(
                pk__in=Duty.objects.filter(opd_id=owner).values("person")
            ) | Person.objects.filter(pk=camera.target.officer_id),
            "contract": Contract.objects.filter(opd_id=owner) | Contract.objects.filter(pk=camera.target.contract_id),
        }  # fmt: skip
        for name, things in choices.items():
            self.fields[name].queryset = things
        purposes = dict(PURPOSES) | ({camera.purpose: camera.purpose} if camera.purpose not in PURPOSES else {})
        self.fields["purpose"].choices = list(purposes.items())

    def sections(self) -> list[dict[str, Any]]:
        """The fields as the page groups them."""
        groups = (
            (
                _("Letak dan guna"),
                ("name", "kelurahan", "place", "lat", "lon", "purpose", "is_public", "sign_installed"),
            ),
            (
                _("Pandangan"),
                (
                    "kind",
                    "bearing_deg",
                    "fov_deg",
                    "range_m",
                    "height_m",
                    "tilt_deg",
                    "light_m",
                    "presets",
                    "sensitivity",
                ),
            ),  # fmt: skip
            (_("Siapa dan kapan"), ("officer", "contract", "required_hours", "link", "power")),
            (
                _("Teknis"),
                (
                    "address",
                    "onvif_address",
                    "username",
                    "password",
                    "width",
                    "height",
                    "main_width",
                    "codec",
                    "fps",
                    "maker",
                    "model",
                    "serial_number",
                ),
            ),
        )
        return [{"title": title, "fields": [self[name] for name in names]} for title, names in groups]

    def clean_required_hours(self) -> list[hours.Span]:
        try:
            return hours.parse_hours(self.cleaned_data["required_hours"])
        except ValueError as problem:
            raise forms.ValidationError(str(problem)) from problem

    def clean_presets(self) -> list[turning.Preset]:
        try:
            return turning.parse_presets(self.cleaned_data["presets"])
        except ValueError as problem:
            raise forms.ValidationError(str(problem)) from problem

    def clean_sign_installed(self) -> bool | None:
        return {"yes": True, "no": False}.get(self.cleaned_data["sign_installed"])

    def clean_address(self) -> str:
        return checked_address(self.cleaned_data["address"], ("rtsp", "rtsps"))

    def clean_onvif_address(self) -> str:
        return checked_address(self.cleaned_data["onvif_address"], ("http", "https"))

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        for name, limit in LIMITS.items():
            problem = limit.problem(said[name]) if said.get(name) is not None else ""
            if problem:
                self.add_error(name, problem)
        if said.get("presets") and said.get("kind") != Camera.Kind.PTZ:
            self.add_error("presets", _("Hanya kamera PTZ yang berganti arah; ubah jenisnya atau kosongkan."))
        if not {"lat", "lon"} & set(self.errors):
            lat, lon = said.get("lat"), said.get("lon")
            if (lat is None) != (lon is None):
                missing = "lon" if lon is None else "lat"
                self.add_error(missing, _("Lintang dan bujur diisi berdua, atau tidak sama sekali."))
            elif lat is not None and (trouble := position_problem(lon, lat)):
                self.add_error(*trouble)
        return said

    def values(self) -> dict[str, Any]:
        """Field name → value as `actions.edit_camera` takes it, without the password."""
        said = {name: value for name, value in self.cleaned_data.items() if name not in ("password", "seen")}
        for name in ("kelurahan", "place", "link", "power", "officer", "contract"):
            chosen = said.pop(name)
            said[f"{name}_id"] = chosen.pk if chosen else None
        return said

    def seen_values(self) -> dict[str, Any] | None:
        """What the register said when the form was opened, as far as JSON can say it; None when not sent."""
        seen = self.cleaned_data.get("seen")
        return seen if isinstance(seen, dict) else None


def _initial(camera: Camera) -> dict[str, Any]:
    said = actions.values_of(camera)
    initial = {name.removesuffix("_id"): value for name, value in said.items()}
    initial["required_hours"] = hours.hours_text(said["required_hours"])
    initial["presets"] = turning.presets_text(said["presets"])
    initial["sign_installed"] = {True: "yes", False: "no", None: ""}[said["sign_installed"]]
    initial["seen"] = {name: value for name, value in said.items() if name not in ("installed_on", "cost_rp")}
    return initial


def _without_secrets(data: Any) -> Any:
    """The sent fields with login and password taken out of the addresses, so that no refused form shows them again."""
    if not data:
        return data
    data = data.copy()
    for name in ("address", "onvif_address"):
        parted = logins.part(data.get(name, ""))
        data[name] = parted.address
        for field, found in (("username", parted.username), ("password", parted.password)):
            if found and not data.get(field):
                data[field] = found
    return data


def checked_address(address: str, schemes: tuple[str, ...]) -> str:
    if not address:
        return ""
    try:
        return str(check_address(address, schemes=schemes))
    except UserError as problem:
        raise forms.ValidationError(f"{problem.text} {problem.fix}".strip()) from problem


class MaintenanceForm(forms.Form):
    """Work on a camera that begins now and always ends."""

    hours = forms.TypedChoiceField(
        label=gettext_lazy("Selama"), coerce=int, empty_value=0,
        choices=[(1, gettext_lazy("1 jam")), (2, gettext_lazy("2 jam")), (4, gettext_lazy("4 jam")),
                 (8, gettext_lazy("8 jam")), (24, gettext_lazy("1 hari")), (72, gettext_lazy("3 hari")),
                 (168, gettext_lazy("7 hari"))],
    )  # fmt: skip
    reason = forms.CharField(label=gettext_lazy("Pekerjaan"), max_length=300)

    def ends_at(self, starts_at: datetime) -> datetime:
        return starts_at + timedelta(hours=self.cleaned_data["hours"])


class RetireForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Alasan"), max_length=300)


def offer_owners(form: forms.Form, owners: QuerySet[Opd]) -> None:
    """Offices to choose from, the only one already chosen. One query for all forms given the same evaluated rows."""
    field: Any = form.fields["owner"]
    field.queryset = owners
    field.choices = [("", "—"), *((opd.pk, opd.name) for opd in owners)] if len(owners) > 1 else [
        (opd.pk, opd.name) for opd in owners
    ]  # fmt: skip


class UploadForm(forms.Form):
    """A file of cameras, and whose they are."""

    owner = Choose(Opd.objects.none(), label=gettext_lazy("Pemilik kamera"))
    file = forms.FileField(label=gettext_lazy("Berkas CSV, XLSX, atau GeoJSON"), allow_empty_file=True)

    def __init__(self, owners: Any, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files)
        offer_owners(self, owners)


class OnvifForm(forms.Form):
    """Where to look for ONVIF devices; the password is used once and then sealed with what was found."""

    owner = Choose(Opd.objects.none(), label=gettext_lazy("Pemilik kamera"))
    addresses = forms.CharField(
        label=gettext_lazy("Alamat atau rentang"), max_length=2000, widget=forms.Textarea({"rows": 2}),
        help_text=gettext_lazy("Dipisah koma atau baris: 10.64.1.20, 10.64.2.0/24. Paling banyak 256 alamat."),
    )  # fmt: skip
    port = forms.IntegerField(label=gettext_lazy("Port"), min_value=1, max_value=65535, initial=80)
    username = forms.CharField(label=gettext_lazy("Pengguna"), required=False, max_length=80)
    password = forms.CharField(
        label=gettext_lazy("Sandi"), required=False, max_length=120,
        widget=forms.PasswordInput({"autocomplete": "off"}),
    )  # fmt: skip
    prefix = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$", label=gettext_lazy("Awalan kode kamera baru"), initial="MB-",
        help_text=gettext_lazy("Kamera baru diberi nomor lanjutan: MB-067, MB-068, …"),
    )  # fmt: skip

    def __init__(self, owners: Any, data: Any = None) -> None:
        super().__init__(data)
        offer_owners(self, owners)
