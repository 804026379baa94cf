"""What watchers have in sight, as measured once per change of ground or register, and what of it is seen now."""

from django.db import models
from django.db.models import Q


class PointSet(models.Model):
    """The points somebody should look at, frozen as one version of the ground gave them.

    Frozen, so that a status change is counted against the points the views were measured on, even while the ground is
    being replaced. One is current; an older one is deleted when the next takes its place.
    """

    ground_version = models.CharField(max_length=64)
    content = models.BinaryField()  # packing.Points
    size = models.PositiveIntegerField()
    made_at = models.DateTimeField()
    is_current = models.BooleanField(default=False)

    class Meta:
        verbose_name = "titik kebutuhan"
        constraints = [
            models.UniqueConstraint(fields=["is_current"], condition=Q(is_current=True), name="points_one_current")
        ]

    def __str__(self) -> str:
        return f"{self.size} · {self.ground_version}"


class WatcherView(models.Model):
    """Which points one watcher has in sight, how sharply, by day and by night."""

    points = models.ForeignKey(PointSet, models.CASCADE, related_name="views")
    target = models.ForeignKey("monitoring.Target", models.CASCADE, related_name="+")
    fingerprint = models.CharField(max_length=64)  # of its geometry: the same is not measured again
    lacks = models.JSONField(default=list)  # registry.MISSING: why it is not counted
    day = models.BinaryField()  # packing.pack
    night = models.BinaryField()
    seen_day = models.PositiveIntegerField(default=0)  # points in sight at any sharpness
    seen_night = models.PositiveIntegerField(default=0)
    partner = models.BooleanField(default=False)
    hours = models.JSONField(default=list)  # local hours in which the city may look through it; empty: always

    class Meta:
        verbose_name = "pandangan"
        constraints = [models.UniqueConstraint(fields=["points", "target"], name="view_once")]

    def __str__(self) -> str:
        return f"{self.target_id} {self.seen_day}"


class CurrentCoverage(models.Model):
    """The one row that says which measuring counts, and what it says now. Written under the line (base/line.py)."""

    points = models.OneToOneField(PointSet, models.SET_NULL, null=True, related_name="+")
    revision = models.PositiveIntegerField(default=0)  # grows with every measuring: what is in memory is then read anew
    at = models.DateTimeField(null=True)  # of the change that made `shares`
    light = models.CharField(max_length=5, default="day")  # day, night
    settled_revision = models.PositiveIntegerField(default=0)  # the revision `shares` was counted on
    able = models.JSONField(default=list)  # target ids in service and within agreed hours
    working = models.JSONField(default=list)  # of those: that work
    doubted = models.JSONField(default=list)  # of those: of which that is not known
    shares = models.JSONField(default=dict)  # {"kota": {…}, "kelurahan": {"<id>": {…}}}
    last_day = models.JSONField(default=dict)  # {"at": …, "kota": 0.7, "kelurahan": {"<id>": 0.5}}: seen over 24 hours
    measured_key = models.CharField(max_length=64, blank=True)  # which state of ground and register was measured
    asked_key = models.CharField(max_length=64, blank=True)  # … and which a job was last asked to measure
    asked_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)  # why the last measuring failed; empty: it did not

    class Meta:
        verbose_name = "liputan kini"

    def __str__(self) -> str:
        return f"{self.revision}"


class DailyShare(models.Model):
    """How much of one area was seen on one local day, minute by minute. Calculated from status changes."""

    on = models.DateField()
    kelurahan = models.ForeignKey("city.Kelurahan", models.CASCADE, null=True, related_name="+")  # null: the whole city
    weight_share = models.FloatField()  # of the city's weight that lies here
    able = models.FloatField(null=True)  # share in reach of a registered watcher; null: no weight here
    seen = models.FloatField(null=True)  # share seen through watchers that worked
    seen_required = models.FloatField(null=True)  # the same over the time in which somebody had to watch
    doubted = models.FloatField(null=True)  # share of which that is not known
    watched_s = models.PositiveIntegerField()  # seconds of the day that were observed at all
    ground_version = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-on"]
        verbose_name = "liputan harian"
        constraints = [
            models.UniqueConstraint(fields=["on", "kelurahan"], name="daily_share_once"),
            # null is never equal to null: the row of the whole city needs its own
            models.UniqueConstraint(fields=["on"], condition=Q(kelurahan=None), name="daily_share_city_once"),
        ]

    def __str__(self) -> str:
        return f"{self.on:%Y-%m-%d} {self.kelurahan_id or 'kota'}"
