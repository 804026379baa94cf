"""The register of what is unseen: each place from its proposal to the reading that proves it is seen."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

NEEDED_SHARE = 0.6  # of a spot's weight that the closing target must see, unless the spot says otherwise


class BlindSpot(models.Model):
    """A connected stretch of points nobody sees as sharply as they need, from the day it was found.

    Its points are frozen as they were found: what closes it is measured on them, also after the ground was replaced.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Usulan")
        SURVEYED = "surveyed", _("Survei")
        PLANNED = "planned", _("Rencana")
        PARTNERED = "partnered", _("Mitra/PKS")
        INSTALLED = "installed", _("Terpasang")
        TESTED = "tested", _("Diuji")
        CLOSED = "closed", _("Tutup")
        REJECTED = "rejected", _("Ditolak")

    number = models.CharField(max_length=20, unique=True)  # TB-2026-0001
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED, db_index=True)
    owner = models.ForeignKey("city.Opd", models.PROTECT, related_name="blind_spots")
    kelurahan = models.ForeignKey("city.Kelurahan", models.PROTECT, null=True, related_name="blind_spots")
    lon = models.FloatField()
    lat = models.FloatField()
    points = models.JSONField()  # rows [lon, lat, weight, needed px/m, kind of demand]
    weight = models.FloatField()  # of all its points: what is at stake
    city_share = models.FloatField()  # of the city's weight, when it was found
    people = models.PositiveIntegerField(null=True)  # who live along it, by the count of the kelurahan; null: not known
    reasons = models.JSONField(default=list)  # [{"kind", "name", "purpose", "points", "weight"}], heaviest first
    in_reach = models.FloatField(default=0.0)  # share of its weight in sight of a watcher in service
    seen = models.FloatField(default=0.0)  # of watchers that work
    ground_version = models.CharField(max_length=64)
    found_at = models.DateTimeField()
    target = models.ForeignKey("monitoring.Target", models.PROTECT, null=True, related_name="blind_spots")
    plan_camera = models.ForeignKey("blind_spots.PlanCamera", models.SET_NULL, null=True, related_name="spots")
    needed_share = models.FloatField(default=NEEDED_SHARE)
    closed_at = models.DateTimeField(null=True)
    blind_since = models.DateTimeField(null=True)  # closed, but not seen enough from then on
    episode = models.PositiveSmallIntegerField(default=1)  # grows when it opens again: the owner is told afresh

    class Meta:
        ordering = ["-weight", "pk"]
        verbose_name = "titik buta"
        indexes = [models.Index(fields=["state", "-weight"], name="spot_worklist")]
        constraints = [
            models.CheckConstraint(
                name="spot_shares",
                condition=Q(needed_share__gt=0, needed_share__lte=1, weight__gt=0, in_reach__gte=0, in_reach__lte=1,
                            seen__gte=0, seen__lte=1),
            ),
            models.CheckConstraint(name="spot_closed_by_something",
                                   condition=~Q(state="closed") | Q(target__isnull=False, closed_at__isnull=False)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class SpotEntry(models.Model):
    """One line of a spot's timeline."""

    spot = models.ForeignKey(BlindSpot, models.CASCADE, related_name="timeline")
    at = models.DateTimeField()
    act = models.CharField(max_length=20)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")  # null: the machine
    text = models.TextField(blank=True)
    before = models.CharField(max_length=200, blank=True)
    after = models.CharField(max_length=200, blank=True)
    file = models.ForeignKey("evidence.StoredFile", models.PROTECT, null=True, related_name="+")  # photo or paper

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = "catatan titik buta"

    def __str__(self) -> str:
        return f"{self.spot_id} {self.act}"


class Proof(models.Model):
    """What was measured when a spot was tested or closed: which reading, how much of it the target sees."""

    spot = models.ForeignKey(BlindSpot, models.CASCADE, related_name="proofs")
    at = models.DateTimeField()
    target = models.ForeignKey("monitoring.Target", models.PROTECT, related_name="+")
    # readings are kept for days: its number and moment stay here when the row is gone
    reading = models.ForeignKey("monitoring.Reading", models.SET_NULL, null=True, related_name="+")
    reading_number = models.BigIntegerField()
    reading_at = models.DateTimeField()
    verdict = models.CharField(max_length=8)
    share = models.FloatField()  # of the spot's weight that the target sees sharply enough
    needed_share = models.FloatField()
    ground_version = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    is_enough = models.BooleanField()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = "bukti titik buta"

    def __str__(self) -> str:
        return f"{self.spot_id} {self.share:.2f}"


class Finding(models.Model):
    """The one row that says when the city was last searched for blind spots, and what came of it."""

    asked_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    found = models.PositiveIntegerField(default=0)  # new ones of the last search
    open = models.PositiveIntegerField(default=0)
    unseen_share = models.FloatField(null=True)  # of the city's weight, out of reach of every watcher in service
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "pencarian titik buta"

    def __str__(self) -> str:
        return f"{self.done_at}"
