"""The registers: areas, offices and who serves in them, places, and the links and power that things depend on."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from satukota.base import clock
from satukota.base.secrets.fields import SealedHashField, SealedTextField
from satukota.rules import nik

KELURAHAN_CODE = RegexValidator(r"^\d{2}\.\d{2}\.\d{2}\.[12]\d{3}$", "Kode kelurahan Kemendagri: 64.74.01.1001")
RT_NUMBER = RegexValidator(r"^\d{3}\Z", "Nomor RT tiga angka: 007")
RW_NUMBER = RegexValidator(r"^\d{3}\Z", "Nomor RW tiga angka: 002")


class Kota(models.Model):
    """The city this installation serves. One row."""

    code = models.CharField(max_length=5, unique=True)  # Kemendagri, 64.74
    name = models.CharField(max_length=80)
    province = models.CharField(max_length=80)
    lon = models.FloatField()
    lat = models.FloatField()
    west = models.FloatField()  # bounding box, degrees: a position outside it is questioned at import
    south = models.FloatField()
    east = models.FloatField()
    north = models.FloatField()

    class Meta:
        verbose_name = "kota"

    def __str__(self) -> str:
        return self.name


class Kecamatan(models.Model):
    code = models.CharField(max_length=8, unique=True)  # 64.74.01
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ["code"]
        verbose_name = "kecamatan"

    def __str__(self) -> str:
        return self.name


class Kelurahan(models.Model):
    """A kelurahan. Its area is schematic until a boundary file was imported, and every screen says so."""

    code = models.CharField(max_length=13, unique=True, validators=[KELURAHAN_CODE])
    name = models.CharField(max_length=80)
    other_names = models.CharField(max_length=200, blank=True)  # "Loktuan; Lhoktuan": spellings met in the wild
    kecamatan = models.ForeignKey(Kecamatan, models.PROTECT, related_name="kelurahan")
    lon = models.FloatField()  # centroid
    lat = models.FloatField()
    area = models.JSONField(null=True)  # GeoJSON geometry (Polygon or MultiPolygon), WGS 84, lon lat
    area_source = models.CharField(max_length=120, default="skematik")
    is_schematic = models.BooleanField(default=True)

    class Meta:
        ordering = ["code"]
        verbose_name = "kelurahan"

    def __str__(self) -> str:
        return self.name


class Opd(models.Model):
    """Organisasi perangkat daerah. Names change with each perda, so every one has its days."""

    class Kind(models.TextChoices):
        SEKRETARIAT = "sekretariat", _("Sekretariat")
        DINAS = "dinas", _("Dinas")
        BADAN = "badan", _("Badan")
        INSPEKTORAT = "inspektorat", _("Inspektorat")
        SATPOL = "satpol", _("Satuan")
        KECAMATAN = "kecamatan", _("Kecamatan")
        KELURAHAN = "kelurahan", _("Kelurahan")
        UPTD = "uptd", _("UPTD")
        LAIN = "lain", _("Lain")

    code = models.SlugField(max_length=40, unique=True)  # diskominfo
    name = models.CharField(max_length=160)
    short_name = models.CharField(max_length=60)
    kind = models.CharField(max_length=12, choices=Kind)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    kelurahan = models.OneToOneField(Kelurahan, models.PROTECT, null=True, blank=True)  # for kelurahan offices
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200, blank=True)  # perda, press, or "belum diverifikasi"

    class Meta:
        ordering = ["short_name"]
        verbose_name = "OPD"
        constraints = [
            models.CheckConstraint(name="opd_days", condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")))
        ]

    def __str__(self) -> str:
        return self.short_name


class Person(models.Model):
    """Someone who serves the city or its vendors. An account is optional: a technician may only have a phone."""

    name = models.CharField(max_length=120)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="person")
    phone = SealedTextField(blank=True, mask="phone")
    phone_hash = SealedHashField(of="phone", kind="phone")
    nik = SealedTextField(blank=True, mask="nik")
    nik_hash = SealedHashField(of="nik", kind="nik")
    is_sample = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]
        verbose_name = "orang"
        constraints = [models.UniqueConstraint(fields=["nik_hash"], condition=~Q(nik_hash=""), name="person_nik_once")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.nik and nik.read(self.nik.open(), clock.local(clock.now()).date()) is None:
            raise ValidationError({"nik": _("NIK terdiri atas 16 angka dengan tanggal lahir yang mungkin.")})


class Duty(models.Model):
    """A person holds a role at an OPD for some days, in their own right or acting (Plt., Plh., Pj.) under a decree.

    An area narrows the duty to it; none means the whole area of the OPD. A budget year narrows it to papers of that
    year.
    """

    class Acting(models.TextChoices):
        NO = "", _("Definitif")
        PLT = "plt", _("Plt.")
        PLH = "plh", _("Plh.")
        PJ = "pj", _("Pj.")

    person = models.ForeignKey(Person, models.PROTECT, related_name="duties")
    role = models.CharField(max_length=40)  # key of city.roles.ROLES
    opd = models.ForeignKey(Opd, models.PROTECT, related_name="duties")
    acting = models.CharField(max_length=3, choices=Acting, blank=True, default="")
    decree = models.CharField(max_length=80, blank=True)
    substitutes = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="substituted_by")
    kecamatan = models.ForeignKey(Kecamatan, models.PROTECT, null=True, blank=True, related_name="+")
    kelurahan = models.ForeignKey(Kelurahan, models.PROTECT, null=True, blank=True, related_name="+")
    rt = models.CharField(max_length=3, blank=True, validators=[RT_NUMBER])  # 007, within the kelurahan
    fiscal_year = models.PositiveSmallIntegerField(null=True, blank=True)
    on_call = models.BooleanField(default=False)  # duty officer: whom an incident of this OPD goes to first
    from_on = models.DateField()
    to_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["-on_call", "from_on"]
        verbose_name = "tugas"
        # Two definitive heads of one OPD at a time are refused by the database too: migration 0004.
        constraints = [
            models.CheckConstraint(name="duty_days", condition=Q(to_on=None) | Q(to_on__gte=F("from_on"))),
            models.CheckConstraint(name="duty_acting_has_decree", condition=Q(acting="") | ~Q(decree="")),
            models.CheckConstraint(name="duty_acting_known", condition=Q(acting__in=["", "plt", "plh", "pj"])),
            models.CheckConstraint(name="duty_substitute_acts", condition=Q(substitutes=None) | ~Q(acting="")),
            models.CheckConstraint(name="duty_one_area", condition=Q(kecamatan=None) | Q(kelurahan=None)),
            models.CheckConstraint(name="duty_rt_in_kelurahan", condition=Q(rt="") | Q(kelurahan__isnull=False)),
            models.CheckConstraint(
                name="duty_fiscal_year",
                condition=Q(fiscal_year=None) | Q(fiscal_year__gte=2000, fiscal_year__lte=2100),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.role} {self.opd}"


class Place(models.Model):
    """A spot people know by name. What is at stake there decides how grave it is when nobody sees it."""

    class Stake(models.IntegerChoices):
        LOW = 1, _("Rendah")
        NORMAL = 2, _("Biasa")
        HIGH = 3, _("Tinggi")
        VITAL = 4, _("Vital")

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=160)
    kind = models.CharField(max_length=30)  # junction, market, port, school, riverbank, office, park …
    kelurahan = models.ForeignKey(Kelurahan, models.PROTECT, related_name="places")
    lon = models.FloatField()
    lat = models.FloatField()
    stake = models.PositiveSmallIntegerField(choices=Stake, default=Stake.NORMAL)
    stake_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name = "tempat"

    def __str__(self) -> str:
        return self.name


class Contract(models.Model):
    """A vendor's promise about things the city pays for."""

    number = models.CharField(max_length=80, unique=True)
    vendor = models.CharField(max_length=120)
    opd = models.ForeignKey(Opd, models.PROTECT, related_name="contracts")
    subject = models.CharField(max_length=200)
    starts_on = models.DateField()
    ends_on = models.DateField()
    required_availability = models.FloatField(null=True, blank=True)  # 0..1, as the contract says; null: not agreed
    repair_hours = models.FloatField(null=True, blank=True)
    vendor_contact = SealedTextField(blank=True, mask="contact")

    class Meta:
        ordering = ["number"]
        verbose_name = "kontrak"

    def __str__(self) -> str:
        return f"{self.number} · {self.vendor}"


class Feeder(models.Model):
    """What many things hang on: a data link or a power supply. Its failure is one cause with many effects."""

    class Kind(models.TextChoices):
        LINK = "link", _("Sambungan")
        POWER = "power", _("Listrik")

    kind = models.CharField(max_length=5, choices=Kind)
    code = models.CharField(max_length=40, unique=True)  # FO-07, GD-03
    name = models.CharField(max_length=160)
    medium = models.CharField(max_length=30, blank=True)  # serat optik, radio, 4G, PLN, genset
    provider = models.CharField(max_length=80, blank=True)
    owner = models.ForeignKey(Opd, models.PROTECT, related_name="feeders")
    upstream = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="downstream")
    kelurahan = models.ForeignKey(Kelurahan, models.PROTECT, null=True, blank=True)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    probe_address = models.CharField(max_length=200, blank=True)  # host:port of the switch; empty: known by children
    ended_on = models.DateField(null=True, blank=True)  # from this day on it is not in use

    class Meta:
        ordering = ["code"]
        verbose_name = "sambungan atau listrik"

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Rt(models.Model):
    """Rukun tetangga, the smallest neighbourhood. Where no RW exists `rw` is empty and numbers run per kelurahan."""

    kelurahan = models.ForeignKey(Kelurahan, models.PROTECT, related_name="neighbourhoods")
    rw = models.CharField(max_length=3, blank=True, default="", validators=[RW_NUMBER])
    number = models.CharField(max_length=3, validators=[RT_NUMBER])
    head = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="heads_rt")
    lon = models.FloatField(null=True, blank=True)  # centroid
    lat = models.FloatField(null=True, blank=True)
    area = models.JSONField(null=True, blank=True)  # GeoJSON geometry, WGS 84, lon lat; mostly not drawn yet
    source = models.CharField(max_length=200, blank=True)  # SK lurah, file, or "contoh"
    is_sample = models.BooleanField(default=False)

    class Meta:
        ordering = ["kelurahan", "rw", "number"]
        verbose_name = "RT"
        constraints = [
            models.UniqueConstraint(fields=["kelurahan", "rw", "number"], name="rt_once"),
            models.CheckConstraint(
                name="rt_whole_position", condition=Q(lon=None, lat=None) | Q(lon__isnull=False, lat__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"RT {self.number}" + (f"/RW {self.rw}" if self.rw else "")


class HolidayYear(models.Model):
    """A year whose holidays were decided (SKB 3 Menteri) and entered: from then on nobody guesses for it."""

    year = models.PositiveSmallIntegerField(unique=True)
    decree = models.CharField(max_length=200)
    settled_at = models.DateTimeField()
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-year"]
        verbose_name = "tahun hari libur"
        constraints = [models.CheckConstraint(name="holiday_year", condition=Q(year__gte=1946, year__lte=2100))]

    def __str__(self) -> str:
        return f"{self.year}: {self.decree}"


class Holiday(models.Model):
    """A day somebody decided on. It wins over what the library `holidays` guesses for that day."""

    class Kind(models.TextChoices):
        NATIONAL = "national", _("Libur nasional")
        COLLECTIVE_LEAVE = "collective_leave", _("Cuti bersama")
        LOCAL = "local", _("Libur daerah")
        WORKDAY = "workday", _("Tetap hari kerja")  # takes back a day the library guesses

    date = models.DateField(unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=16, choices=Kind)
    source = models.CharField(max_length=200)  # number of the decree, or where it was read

    class Meta:
        ordering = ["date"]
        verbose_name = "hari libur"
        constraints = [
            models.CheckConstraint(
                name="holiday_kind", condition=Q(kind__in=["national", "collective_leave", "local", "workday"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.date:%Y-%m-%d} {self.name}"
