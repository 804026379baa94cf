"""The mechanism for everything the city watches. It knows targets, not what kind of thing they are."""

from django.db import models
from django.db.models import F, Q


class Verdict(models.TextChoices):
    UP = "up", "Berfungsi"
    DEGRADED = "degraded", "Terganggu"
    DOWN = "down", "Tidak berfungsi"
    UNKNOWN = "unknown", "Belum diketahui"


class Target(models.Model):
    """A thing we watch, who answers for it, what it hangs on, and what we believe about it now."""

    kind = models.CharField(max_length=20, db_index=True)  # key of the probe registry: camera, link, power, tcp, http
    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=160)
    address = models.CharField(max_length=300, blank=True)  # what to dial, never with a user or password inside
    owner = models.ForeignKey("city.Opd", models.PROTECT, related_name="targets")
    officer = models.ForeignKey("city.Person", models.PROTECT, null=True, blank=True, related_name="+")
    contract = models.ForeignKey("city.Contract", models.PROTECT, null=True, blank=True, related_name="targets")
    place = models.ForeignKey("city.Place", models.PROTECT, null=True, blank=True, related_name="targets")
    kelurahan = models.ForeignKey("city.Kelurahan", models.PROTECT, null=True, blank=True, related_name="targets")
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    link = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="behind_link")
    power = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="behind_power")
    is_public = models.BooleanField(default=False)  # may be named one by one on the public status page

    interval_s = models.PositiveIntegerField(default=30)
    failures_needed = models.PositiveSmallIntegerField(default=2)  # bad looks that agree before the status changes
    successes_needed = models.PositiveSmallIntegerField(default=2)
    required_hours = models.JSONField(default=list, blank=True)  # [["mon", "06:00", "22:00"], …] local; empty: always

    state = models.CharField(max_length=8, choices=Verdict, default=Verdict.UNKNOWN, db_index=True)
    state_since = models.DateTimeField(null=True)
    cause = models.CharField(max_length=40, blank=True)
    pending = models.CharField(max_length=8, choices=Verdict, blank=True)  # what recent looks say instead
    pending_cause = models.CharField(max_length=40, blank=True)
    pending_count = models.PositiveSmallIntegerField(default=0)
    last_reading_at = models.DateTimeField(null=True)
    last_up_at = models.DateTimeField(null=True)

    watched_from = models.DateTimeField(null=True)  # first reading ever: nothing is claimed about the time before
    next_due_at = models.DateTimeField(null=True)  # null: due at once
    claimed_by = models.CharField(max_length=60, blank=True)
    lease_until = models.DateTimeField(null=True)
    retired_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["code"]
        verbose_name = "yang dipantau"
        indexes = [
            # read by the runner's claim
            models.Index(fields=["next_due_at"], name="target_due", condition=Q(retired_on=None)),
            models.Index(fields=["kind", "state"], name="target_kind_state"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Reading(models.Model):
    """One look at one thing. Kept for days; hours are kept for years (HourlyRollup)."""

    target = models.ForeignKey(Target, models.CASCADE, related_name="readings")
    at = models.DateTimeField()
    verdict = models.CharField(max_length=8, choices=Verdict)
    cause = models.CharField(max_length=40, blank=True)
    took_ms = models.PositiveIntegerField(default=0)
    measures = models.JSONField(default=dict)  # {"fps": 10.0, "sharpness": 0.93}
    trail = models.JSONField(default=list)  # [{"step": "tcp", "ok": true, "ms": 3, "said": ""}, …]
    picture = models.ForeignKey("evidence.StoredFile", models.SET_NULL, null=True, related_name="+")
    runner = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["target", "-at"], name="reading_of_target"),
            models.Index(fields=["at"], name="reading_at"),  # read by the deletion of old readings
        ]

    def __str__(self) -> str:
        return f"{self.target_id} {self.at:%F %T} {self.verdict}"


class StatusChange(models.Model):
    """Looks agreed that something is no longer as it was. The spans between changes are the record of availability."""

    target = models.ForeignKey(Target, models.CASCADE, related_name="status_changes")
    at = models.DateTimeField()
    was = models.CharField(max_length=8, choices=Verdict)
    now = models.CharField(max_length=8, choices=Verdict)
    cause = models.CharField(max_length=40, blank=True)
    reading = models.ForeignKey(Reading, models.SET_NULL, null=True, related_name="+")
    root = models.ForeignKey(Target, models.SET_NULL, null=True, related_name="+")  # failed parent that explains it
    in_maintenance = models.BooleanField(default=False)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["target", "at"], name="change_of_target"),
                   models.Index(fields=["-at"], name="change_recent")]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.target_id} {self.was}→{self.now} {self.at:%F %T}"


class MaintenanceWindow(models.Model):
    """Declared work on a thing and on everything behind it. Silences messages, never measuring; always ends."""

    target = models.ForeignKey(Target, models.CASCADE, related_name="maintenance")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)
    reason = models.CharField(max_length=300)
    declared_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    declared_at = models.DateTimeField()

    class Meta:
        ordering = ["-starts_at"]
        verbose_name = "pemeliharaan"
        constraints = [models.CheckConstraint(name="maintenance_ends", condition=Q(ends_at__gt=F("starts_at")))]


class Witness(models.Model):
    """An address outside that tells whether our own line works. When too few answer, nothing is called down."""

    name = models.CharField(max_length=80)
    address = models.CharField(max_length=200, unique=True)  # host:port
    is_enabled = models.BooleanField(default=True)
    answered_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "saksi jaringan"


class UplinkOutage(models.Model):
    """A span in which our own line was down: what we did not see then is unknown, not somebody's fault."""

    lost_at = models.DateTimeField(db_index=True)
    back_at = models.DateTimeField(null=True)


class HourlyRollup(models.Model):
    """Seconds per state in one clock hour (UTC), from status changes; required, maintenance and unknown counted apart."""

    target = models.ForeignKey(Target, models.CASCADE, related_name="hours")
    hour = models.DateTimeField()
    required_s = models.PositiveSmallIntegerField()
    up_s = models.PositiveSmallIntegerField()
    degraded_s = models.PositiveSmallIntegerField()
    down_s = models.PositiveSmallIntegerField()
    unknown_s = models.PositiveSmallIntegerField()
    maintenance_s = models.PositiveSmallIntegerField()
    readings = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["target", "hour"], name="rollup_once")]
        indexes = [models.Index(fields=["hour"], name="rollup_hour")]


class ProbeMemory(models.Model):
    """What a probe wants to remember between two looks at the same target; opaque to the mechanism, at most 8 KB."""

    target = models.OneToOneField(Target, models.CASCADE, primary_key=True)
    content = models.BinaryField()
    kept_at = models.DateTimeField()


class RunnerBeat(models.Model):
    """A runner says it is alive; a monitor that froze unseen is worse than none."""

    name = models.CharField(max_length=60, unique=True)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    looks_done = models.BigIntegerField(default=0)
    behind_s = models.FloatField(default=0)  # how late the most overdue target is
