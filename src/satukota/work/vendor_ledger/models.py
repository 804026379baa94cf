"""What was agreed with a vendor in rupiah, the month statements, and what the vendor says against them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from satukota.rules import penalties


class Terms(models.Model):
    """What the ledger needs of a contract beside what the register says of it. Money is whole rupiah."""

    contract = models.OneToOneField("city.Contract", models.PROTECT, primary_key=True, related_name="terms")
    value_rp = models.BigIntegerField()  # of the whole contract
    monthly_rp = models.BigIntegerField(null=True, blank=True)  # what one month costs, where it is paid so
    degraded_counts = models.BooleanField(default=True)  # what works badly counts as not available
    excuses_outside = models.BooleanField(default=True)  # failures whose root lies outside the contract do not count
    source = models.CharField(max_length=200)  # clause of the contract, or "belum diverifikasi"
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        verbose_name = "syarat kontrak"
        constraints = [
            models.CheckConstraint(name="terms_value", condition=Q(value_rp__gte=0)),
            models.CheckConstraint(name="terms_monthly", condition=Q(monthly_rp=None) | Q(monthly_rp__gte=0)),
        ]

    def __str__(self) -> str:
        return str(self.contract)


class PenaltyRule(models.Model):
    """One agreed penalty and the days it is in force. Never edited: it is ended and another takes its place.

    A month is judged by the rules in force on its first day within the contract.
    """

    class Kind(models.TextChoices):
        SHORTFALL = penalties.SHORTFALL, _("Ketersediaan di bawah janji")
        LATE_REPAIR = penalties.LATE_REPAIR, _("Perbaikan melewati batas")

    class Base(models.TextChoices):
        VALUE = "value", _("Nilai kontrak")
        MONTHLY = "monthly", _("Nilai sebulan")
        FIXED = "fixed", _("Jumlah tertentu")

    contract = models.ForeignKey("city.Contract", models.PROTECT, related_name="penalty_rules")
    kind = models.CharField(max_length=12, choices=Kind)
    rate = models.DecimalField(max_digits=8, decimal_places=6)  # 0.001 = 1/1000 of the base for each step
    base = models.CharField(max_length=7, choices=Base)
    base_rp = models.BigIntegerField(null=True, blank=True)  # only where the base is a fixed sum
    step = models.DecimalField(max_digits=8, decimal_places=3)  # percentage points, or hours
    counts_started = models.BooleanField(default=True)
    cap_rp = models.BigIntegerField(null=True, blank=True)  # a month
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200)  # clause or law
    is_verified = models.BooleanField(default=False)  # somebody read the source and says so
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["contract", "kind", "valid_from"]
        verbose_name = "aturan denda"
        constraints = [
            models.CheckConstraint(name="penalty_days", condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from"))),
            models.CheckConstraint(name="penalty_rate", condition=Q(rate__gt=0, rate__lte=1, step__gt=0)),
            models.CheckConstraint(name="penalty_cap", condition=Q(cap_rp=None) | Q(cap_rp__gte=0)),
            models.CheckConstraint(
                name="penalty_base",
                condition=Q(base="fixed", base_rp__isnull=False, base_rp__gte=0) | (~Q(base="fixed") & Q(base_rp=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.valid_from:%Y-%m-%d})"


class Statement(models.Model):
    """A contract's month: the facts it was judged by, the figures they come to, and who stands for them.

    A draft may be made again. A closed one is never changed; a correction is the next version.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Rancangan")
        CLOSED = "closed", _("Ditutup")

    contract = models.ForeignKey("city.Contract", models.PROTECT, related_name="statements")
    month = models.DateField()  # its first day
    version = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=6, choices=State, default=State.DRAFT)
    facts = models.JSONField()  # see months.py: everything the figures are computed from
    figures = models.JSONField()
    sha256 = models.CharField(max_length=64)  # of facts and figures, as canonical JSON
    total_rp = models.BigIntegerField()  # as in figures, for lists
    ratio = models.FloatField(null=True)
    reason = models.CharField(max_length=300, blank=True)  # why a later version was needed
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField()
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    letter = models.OneToOneField("documents.SignedDocument", models.PROTECT, null=True, related_name="+")
    letter_number = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-month", "contract", "-version"]
        verbose_name = "perhitungan bulanan"
        constraints = [
            models.UniqueConstraint(fields=["contract", "month", "version"], name="statement_version_once"),
            models.UniqueConstraint(
                fields=["contract", "month"], name="statement_one_draft", condition=Q(state="draft")
            ),
            models.CheckConstraint(name="statement_version", condition=Q(version__gte=1)),
            models.CheckConstraint(name="statement_later_has_reason", condition=Q(version=1) | ~Q(reason="")),
            models.CheckConstraint(
                name="statement_closed_whole",
                condition=Q(state="draft", closed_by=None, closed_at=None)
                | Q(state="closed", closed_by__isnull=False, closed_at__isnull=False),
            ),
            models.CheckConstraint(  # four eyes, whatever the code does
                name="statement_four_eyes", condition=Q(closed_by=None) | ~Q(closed_by=F("prepared_by"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract} {self.month:%Y-%m} v{self.version}"

    @property
    def is_closed(self) -> bool:
        return self.state == self.State.CLOSED


class Dispute(models.Model):
    """What the vendor says against a closed month, the answer, and what was decided."""

    class Decision(models.TextChoices):
        OPEN = "", _("Belum diputuskan")
        GRANTED = "granted", _("Diterima")
        REFUSED = "refused", _("Ditolak")

    contract = models.ForeignKey("city.Contract", models.PROTECT, related_name="disputes")
    month = models.DateField()
    version = models.PositiveSmallIntegerField()  # of the statement it is against
    thing = models.CharField(max_length=40, blank=True)  # code and start of the outage; empty: the month as a whole
    outage_start = models.BigIntegerField(null=True)  # seconds since 1970
    outage_end = models.BigIntegerField(null=True)
    claim = models.TextField(max_length=4000)  # in the vendor's words
    claimant = models.CharField(max_length=120)  # who wrote it for the vendor
    letter_number = models.CharField(max_length=80, blank=True)
    claimed_on = models.DateField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    answer = models.TextField(max_length=4000, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=8, choices=Decision, blank=True, default="")
    decision_reason = models.TextField(max_length=4000, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-recorded_at"]
        verbose_name = "keberatan penyedia"
        constraints = [
            models.UniqueConstraint(  # the same outage, or the same month as a whole, is disputed once at a time
                fields=["contract", "month", "thing", "outage_start"], name="dispute_outage_once",
                condition=Q(outage_start__isnull=False) & ~Q(decision="refused"),
            ),
            models.UniqueConstraint(
                fields=["contract", "month"], name="dispute_month_once",
                condition=Q(outage_start=None, decision=""),
            ),
            models.CheckConstraint(
                name="dispute_outage_whole",
                condition=Q(thing="", outage_start=None, outage_end=None)
                | (~Q(thing="") & Q(outage_start__isnull=False, outage_end__gt=F("outage_start"))),
            ),
            models.CheckConstraint(
                name="dispute_decided_whole",
                condition=Q(decision="", decided_by=None)
                | (~Q(decision="") & Q(decided_by__isnull=False, answered_by__isnull=False) & ~Q(decision_reason="")),
            ),
            models.CheckConstraint(
                name="dispute_four_eyes", condition=Q(decided_by=None) | ~Q(decided_by=F("answered_by"))
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.contract} {self.month:%Y-%m} {self.thing}".strip()
