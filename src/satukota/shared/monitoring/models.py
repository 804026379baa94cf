"""The mechanism for everything the city watches. It knows targets, not what kind of thing they are."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Verdict(models.TextChoices):
    UP = "up", _("Berfungsi")
    DEGRADED = "degraded", _("Terganggu")
    DOWN = "down", _("Tidak berfungsi")
    UNKNOWN = "unknown", _("Belum diketahui")


NO_UPLINK = "no_uplink"  # cause of a look that failed while our own line was down
PARENT_KINDS = ("link", "power")  # kinds of target that others hang on


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
    falls = models.PositiveSmallIntegerField(default=0)  # times it left "up" in quick succession (thresholds.py)
    fell_at = models.DateTimeField(null=True)
    is_unreachable = models.BooleanField(default=False)  # at the last look nobody answered at all
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

    @property
    def is_out_of_sight(self) -> bool:
        """Our own line is down and the last look failed: `state` is what was known before."""
        return self.pending_cause == NO_UPLINK

    @property
    def shown_state(self) -> str:
        """What may be claimed now; the same in SQL is `queries.state_now`."""
        return str(Verdict.UNKNOWN) if self.is_out_of_sight else self.state

    @property
    def shown_cause(self) -> str:
        return NO_UPLINK if self.is_out_of_sight else self.cause


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

    def __str__(self) -> str:
        return f"{self.target_id} {self.starts_at:%F %T}–{self.ends_at:%F %T}"


class Witness(models.Model):
    """An address outside that tells whether our own line works. When too few answer, nothing is called down."""

    name = models.CharField(max_length=80)
    address = models.CharField(max_length=200, unique=True)  # host:port
    is_enabled = models.BooleanField(default=True)
    answered_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "saksi jaringan"

    def __str__(self) -> str:
        return self.name


class UplinkOutage(models.Model):
    """A span in which we could not see: what we did not see then is unknown, not somebody's fault."""

    class Why(models.TextChoices):
        UPLINK = "uplink", _("Jaringan pusat terputus")
        ASLEEP = "asleep", _("Pemantauan tidak berjalan")

    why = models.CharField(max_length=8, choices=Why, default=Why.UPLINK)
    lost_at = models.DateTimeField(db_index=True)
    back_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # one open outage, however many runners notice it
            models.UniqueConstraint(fields=["why"], name="outage_open_once", condition=Q(back_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.why} {self.lost_at:%F %T}"


class HourlyRollup(models.Model):
    """Running totals of seconds per state, from the first look to the end of one clock hour (UTC).

    Totals instead of single hours: what lies between any two hours is one subtraction, for a day or for a year.
    """

    target = models.ForeignKey(Target, models.CASCADE, related_name="hours")
    hour = models.DateTimeField()  # start of the hour whose end the totals reach
    required_total_s = models.BigIntegerField()
    up_total_s = models.BigIntegerField()
    degraded_total_s = models.BigIntegerField()
    down_total_s = models.BigIntegerField()
    unknown_total_s = models.BigIntegerField()
    maintenance_total_s = models.BigIntegerField()
    readings_total = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["target", "hour"], name="rollup_once")]
        indexes = [models.Index(fields=["hour"], name="rollup_hour")]

    def __str__(self) -> str:
        return f"{self.target_id} {self.hour:%F %H}"


class ProbeMemory(models.Model):
    """What a probe wants to remember between two looks at the same target; opaque to the mechanism, at most 8 KB."""

    target = models.OneToOneField(Target, models.CASCADE, primary_key=True)
    content = models.BinaryField()
    kept_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.target_id)


class RunnerBeat(models.Model):
    """A runner says it is alive; a monitor that froze unseen is worse than none."""

    name = models.CharField(max_length=60, unique=True)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    looks_done = models.BigIntegerField(default=0)
    behind_s = models.FloatField(default=0)  # how late the most overdue target is

    def __str__(self) -> str:
        return self.name


class Chore(models.Model):
    """Something done from time to time by whichever runner comes first; never by two at once."""

    name = models.CharField(max_length=120, unique=True)
    next_at = models.DateTimeField(db_index=True)
    held_by = models.CharField(max_length=60, blank=True)
    lease_until = models.DateTimeField(null=True)
    problem = models.CharField(max_length=200, blank=True)  # how it failed last time; empty: it did not

    def __str__(self) -> str:
        return self.name
