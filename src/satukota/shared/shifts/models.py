"""Who sits in the command centre when, and what they hand over to the next."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Rota(models.Model):
    """A desk that is staffed round the clock, by turns."""

    class Pattern(models.TextChoices):
        TWO_12 = "two_12", _("Dua giliran: 08–20, 20–08")
        THREE_8 = "three_8", _("Tiga giliran: 00–08, 08–16, 16–24")

    name = models.CharField(max_length=80, unique=True)
    opd = models.ForeignKey("city.Opd", models.PROTECT, related_name="rotas")
    pattern = models.CharField(max_length=10, choices=Pattern)
    per_shift = models.PositiveSmallIntegerField(default=1)  # operators each shift needs
    alarm_budget = models.FloatField(default=6)  # incidents an operator can answer in an hour
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name = "jadwal giliran"
        constraints = [
            models.CheckConstraint(name="rota_per_shift", condition=Q(per_shift__gte=1, per_shift__lte=50)),
            models.CheckConstraint(name="rota_budget", condition=Q(alarm_budget__gt=0)),
        ]

    def __str__(self) -> str:
        return self.name


class RotaMember(models.Model):
    class Seat(models.TextChoices):
        OPERATOR = "operator", _("Operator")
        SUPERVISOR = "supervisor", _("Supervisor")

    rota = models.ForeignKey(Rota, models.CASCADE, related_name="members")
    person = models.ForeignKey("city.Person", models.PROTECT, related_name="+")
    seat = models.CharField(max_length=10, choices=Seat, default=Seat.OPERATOR)

    class Meta:
        ordering = ["pk"]  # the order of turns
        constraints = [models.UniqueConstraint(fields=["rota", "person", "seat"], name="rota_member_once")]

    def __str__(self) -> str:
        return f"{self.person} ({self.seat})"


class Shift(models.Model):
    rota = models.ForeignKey(Rota, models.PROTECT, related_name="shifts")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    operators = models.ManyToManyField("city.Person", through="Sitting", related_name="shifts")
    supervisor = models.ForeignKey("city.Person", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["starts_at", "pk"]
        verbose_name = "giliran"
        constraints = [
            models.UniqueConstraint(fields=["rota", "starts_at"], name="shift_once"),
            models.CheckConstraint(name="shift_ends", condition=Q(ends_at__gt=F("starts_at"))),
        ]
        indexes = [models.Index(fields=["ends_at"], name="shift_ends_at")]  # who sits now, what was not handed over

    def __str__(self) -> str:
        return f"{self.rota} {self.starts_at:%F %R}"


class Sitting(models.Model):
    shift = models.ForeignKey(Shift, models.CASCADE, related_name="sittings")
    person = models.ForeignKey("city.Person", models.PROTECT, related_name="sittings")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shift", "person"], name="sitting_once")]

    def __str__(self) -> str:
        return f"{self.shift_id} {self.person_id}"


class Leave(models.Model):
    person = models.ForeignKey("city.Person", models.PROTECT, related_name="+")
    from_on = models.DateField()
    to_on = models.DateField()
    reason = models.CharField(max_length=200)

    class Meta:
        ordering = ["from_on", "pk"]
        verbose_name = "cuti petugas"
        constraints = [models.CheckConstraint(name="leave_days", condition=Q(to_on__gte=F("from_on")))]

    def __str__(self) -> str:
        return f"{self.person} {self.from_on}–{self.to_on}"


class Swap(models.Model):
    """One asks another to sit in their place, and may offer to sit in the other's. It counts when the other agrees."""

    class State(models.TextChoices):
        ASKED = "asked", _("Menunggu jawaban")
        AGREED = "agreed", _("Disetujui")
        DECLINED = "declined", _("Ditolak")
        WITHDRAWN = "withdrawn", _("Ditarik")

    shift = models.ForeignKey(Shift, models.CASCADE, related_name="swaps")  # that the asker gives away
    in_return = models.ForeignKey(Shift, models.CASCADE, null=True, blank=True, related_name="+")
    asker = models.ForeignKey("city.Person", models.PROTECT, related_name="+")
    asked = models.ForeignKey("city.Person", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-asked_at"]
        verbose_name = "tukar giliran"
        constraints = [
            models.CheckConstraint(name="swap_two_people", condition=~Q(asker=F("asked"))),
            models.UniqueConstraint(fields=["shift", "asker"], name="swap_asked_once", condition=Q(state="asked")),
        ]

    def __str__(self) -> str:
        return f"{self.asker} ↔ {self.asked}: {self.shift}"


class HandOver(models.Model):
    """What one shift leaves to the next, as it was when the outgoing person signed.

    From then on content, notes and hash cannot change; the database refuses it too (migration 0002).
    """

    shift = models.OneToOneField(Shift, models.PROTECT, related_name="hand_over")
    content = models.JSONField()
    notes = models.TextField(max_length=4000, blank=True)
    sha256 = models.CharField(max_length=64)
    signed_out_by = models.ForeignKey("city.Person", models.PROTECT, related_name="+")
    signed_out_at = models.DateTimeField()
    signed_in_by = models.ForeignKey("city.Person", models.PROTECT, null=True, related_name="+")
    signed_in_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-signed_out_at"]
        verbose_name = "serah terima"
        constraints = [
            models.CheckConstraint(name="hand_over_two_people", condition=~Q(signed_in_by=F("signed_out_by"))),
            models.CheckConstraint(
                name="hand_over_signed_whole",
                condition=Q(signed_in_by=None, signed_in_at=None)
                | Q(signed_in_by__isnull=False, signed_in_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shift}"
