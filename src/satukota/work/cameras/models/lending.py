"""Cameras lent under an agreement, for its purposes, areas, hours and days, until revoked: partners' to us (Agreement),
ours to another installation (Loan)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from .federation import Peer
from .register import Camera


class LendingTerms(models.Model):
    """What an agreement about cameras says, whoever lends."""

    cameras = models.ManyToManyField(Camera, related_name="%(class)ss")
    purposes = models.JSONField(default=list)  # keys of live.purposes: for nothing else may they be opened
    hours = models.JSONField(default=list)  # [["mon", "18:00", "06:00"], …] local; empty: always
    areas = models.JSONField(default=list)  # codes of the kelurahan it is about; empty: the whole city
    starts_on = models.DateField()
    ends_on = models.DateField()
    counts = models.BooleanField(default=True)  # in coverage, within the agreement
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    revoked_why = models.CharField(max_length=300, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        abstract = True
        ordering = ["-starts_on", "number"]
        constraints = [
            models.CheckConstraint(name="%(class)s_days", condition=Q(ends_on__gte=F("starts_on"))),
            models.CheckConstraint(
                name="%(class)s_revoked_with_reason", condition=Q(revoked_at=None) | ~Q(revoked_why="")
            ),
        ]


class Agreement(LendingTerms):
    """Perjanjian kerja sama about the cameras of one partner. The partner is an OPD row of kind "lain".

    With a `peer` it was told by that installation, follows what is told there, and its number is the one given there.
    """

    number = models.CharField(max_length=80)  # of the PKS
    partner = models.ForeignKey("city.Opd", models.PROTECT, related_name="+")
    peer = models.ForeignKey(Peer, models.PROTECT, null=True, related_name="agreements")

    class Meta(LendingTerms.Meta):
        verbose_name = "perjanjian kamera mitra"
        constraints = [
            *LendingTerms.Meta.constraints,
            models.UniqueConstraint(fields=["number"], condition=Q(peer=None), name="agreement_number_own"),
            models.UniqueConstraint(fields=["peer", "number"], name="agreement_number_of_peer"),
        ]

    def __str__(self) -> str:
        return f"{self.number} · {self.partner}"


class Loan(LendingTerms):
    """Cameras of our own register that another installation may open."""

    number = models.CharField(max_length=80, unique=True)
    peer = models.ForeignKey(Peer, models.PROTECT, related_name="loans")

    class Meta(LendingTerms.Meta):
        verbose_name = "kamera yang dipinjamkan"

    def __str__(self) -> str:
        return f"{self.number} · {self.peer}"
