"""Something is wrong now and someone must act. Minutes, not days; one incident per root cause."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Sop(models.Model):
    """Steps to take for one kind of trouble. A version is never edited: a new one takes its place."""

    kind = models.CharField(max_length=20)  # target kind; "" = any
    cause = models.CharField(max_length=40, blank=True)  # "" = any cause of the kind
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=160)
    steps = models.JSONField()  # [{"text": "…", "role": "operator", "minutes": 5}, …]
    legal_basis = models.CharField(max_length=200, blank=True)
    active_from = models.DateTimeField()
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["kind", "cause", "-version"]
        verbose_name = "SOP"
        constraints = [models.UniqueConstraint(fields=["kind", "cause", "version"], name="sop_version_once")]

    def __str__(self) -> str:
        return f"{self.title} (v{self.version})"


class Incident(models.Model):
    class State(models.TextChoices):
        RECEIVED = "received", _("Diterima")
        HANDLED = "handled", _("Ditangani")
        RECOVERED = "recovered", _("Pulih")
        CLOSED = "closed", _("Ditutup")

    class Severity(models.IntegerChoices):
        LOW = 1, _("Ringan")
        NORMAL = 2, _("Sedang")
        HIGH = 3, _("Berat")
        CRITICAL = 4, _("Genting")

    number = models.CharField(max_length=20, unique=True)  # INS-2026-000123
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)  # kind of the root target; "report" when a person opened it without one
    cause = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED, db_index=True)
    severity = models.PositiveSmallIntegerField(choices=Severity)
    severity_reason = models.CharField(max_length=200, blank=True)
    is_work = models.BooleanField(default=False)  # something works badly: a job to plan, not an alarm
    root = models.ForeignKey("monitoring.Target", models.PROTECT, null=True, blank=True, related_name="incidents")
    owner = models.ForeignKey("city.Opd", models.PROTECT, related_name="incidents")
    place = models.ForeignKey("city.Place", models.PROTECT, null=True, blank=True, related_name="incidents")
    kelurahan = models.ForeignKey("city.Kelurahan", models.PROTECT, null=True, blank=True)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    assigned_to = models.ForeignKey("city.Person", models.PROTECT, null=True, blank=True, related_name="incidents")
    handled_at = models.DateTimeField(null=True)
    recovered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_cause = models.CharField(max_length=200, blank=True)  # what it was, in a person's words
    escalation = models.PositiveSmallIntegerField(default=0)
    escalate_at = models.DateTimeField(null=True)
    sop = models.ForeignKey(Sop, models.PROTECT, null=True, related_name="incidents")
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged")
    episode = models.PositiveSmallIntegerField(default=1)  # grows when reopened: everybody is told afresh
    also_told = models.JSONField(default=list)  # user ids told of it under another number (merge, un-merge)

    class Meta:
        ordering = ["-opened_at"]
        verbose_name = "insiden"
        indexes = [
            models.Index(fields=["state", "-severity", "-opened_at"], name="incident_worklist"),
            models.Index(fields=["-opened_at"], name="incident_recent"),  # list by period, export
        ]
        constraints = [
            # one live incident per root cause, whatever two runners do at once
            models.UniqueConstraint(
                fields=["root"], name="incident_one_per_root",
                condition=Q(state__in=["received", "handled"], merged_into=None),
            ),
            models.CheckConstraint(
                name="incident_closed_with_cause", condition=~Q(state="closed") | ~Q(closed_cause="")),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class Member(models.Model):
    """A target that is down because of the incident. Recovery is per member; down again is the same row again."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="members")
    target = models.ForeignKey("monitoring.Target", models.PROTECT, related_name="memberships")
    down_at = models.DateTimeField()
    cause = models.CharField(max_length=40, blank=True)
    is_down = models.BooleanField(default=True)  # False: works, but badly
    change = models.ForeignKey("monitoring.StatusChange", models.SET_NULL, null=True, related_name="+")
    recovered_at = models.DateTimeField(null=True)
    came_from = models.ForeignKey(Incident, models.SET_NULL, null=True, related_name="+")  # for un-merge

    class Meta:
        ordering = ["down_at"]
        constraints = [models.UniqueConstraint(fields=["incident", "target"], name="member_once")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.target_id}"


class Entry(models.Model):
    """One line of an incident's timeline."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="timeline")
    at = models.DateTimeField()
    act = models.CharField(max_length=30)  # opened, member_joined, taken, assigned, note, step_done, escalated …
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")  # null: the machine
    text = models.TextField(blank=True)
    before = models.CharField(max_length=200, blank=True)
    after = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.act}"


class StepDone(models.Model):
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="steps_done")
    step = models.PositiveSmallIntegerField()  # index into sop.steps
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "step"], name="step_done_once")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.step}"
