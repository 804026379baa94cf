"""Cameras of partners: lent to the city under an agreement, for its purposes, hours and days, until revoked."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from .register import Camera


class Agreement(models.Model):
    """Perjanjian kerja sama about the cameras of one partner. The partner is an OPD row of kind "lain"."""

    number = models.CharField(max_length=80, unique=True)  # of the PKS
    partner = models.ForeignKey("city.Opd", models.PROTECT, related_name="+")
    cameras = models.ManyToManyField(Camera, related_name="agreements")
    purposes = models.JSONField(default=list)  # keys of live.purposes: for nothing else may they be opened
    hours = models.JSONField(default=list)  # [["mon", "18:00", "06:00"], …] local; empty: always
    starts_on = models.DateField()
    ends_on = models.DateField()
    counts = models.BooleanField(default=True)  # in coverage, within the agreement
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    revoked_why = models.CharField(max_length=300, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-starts_on", "number"]
        verbose_name = "perjanjian kamera mitra"
        constraints = [
            models.CheckConstraint(name="agreement_days", condition=Q(ends_on__gte=F("starts_on"))),
            models.CheckConstraint(
                name="agreement_revoked_with_reason", condition=Q(revoked_at=None) | ~Q(revoked_why="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} · {self.partner}"
