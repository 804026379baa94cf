"""Recorders: what they hold of which camera, what they lack, and footage that was asked of them or of their keepers."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from satukota.base.secrets.fields import SealedTextField

from .register import Camera


class Recorder(models.Model):
    class Kind(models.TextChoices):
        ONVIF = "onvif", _("ONVIF Profile G")
        HAND = "hand", _("diambil petugas")

    name = models.CharField(max_length=80)
    owner = models.ForeignKey("city.Opd", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=5, choices=Kind, default=Kind.ONVIF)
    address = models.CharField(max_length=200, blank=True)  # http://host:port/onvif/device_service
    username = models.CharField(max_length=80, blank=True)
    password_sealed = SealedTextField(blank=True)
    login_refused_at = models.DateTimeField(null=True)  # one refusal with this password: not tried until it changes
    custodian = models.ForeignKey("city.Person", models.PROTECT, null=True, blank=True, related_name="+")
    custodian_office = models.CharField(max_length=160, blank=True)  # to whom a letter goes
    retention_days = models.PositiveSmallIntegerField(null=True, blank=True)  # as stated; null: nobody said
    next_due_at = models.DateTimeField(null=True)  # when it is asked again; claimed by moving it
    asked_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    fault = models.CharField(max_length=30, blank=True)  # why the newest asking failed
    offered = models.JSONField(default=list)  # [[token, name], …] of the recordings it told of, for whoever connects
    clock_offset_ms = models.IntegerField(null=True)  # its clock less ours, good to a second; null: not measured

    class Meta:
        ordering = ["name"]
        verbose_name = "perekam"
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="recorder_name_of_owner")]

    def __str__(self) -> str:
        return self.name


class RecordedCamera(models.Model):
    """A camera on a recorder, and what the recorder told of it."""

    camera = models.OneToOneField(Camera, models.CASCADE, primary_key=True, related_name="recorded")
    recorder = models.ForeignKey(Recorder, models.PROTECT, related_name="cameras")
    token = models.CharField(max_length=64)  # ONVIF recording token; for one kept by hand: its channel
    earliest_at = models.DateTimeField(null=True)  # the oldest pictures it holds
    known_from = models.DateTimeField(null=True)  # what it told covers this time
    known_to = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    fault = models.CharField(max_length=30, blank=True)  # no_recording, nothing_told

    class Meta:
        verbose_name = "kamera pada perekam"
        constraints = [models.UniqueConstraint(fields=["recorder", "token"], name="recorded_token_once")]

    def __str__(self) -> str:
        return f"{self.camera_id} {self.token}"


class RecordingGap(models.Model):
    """Time for which a recorder holds no pictures, or a retrieval found none although the recorder told nothing."""

    class How(models.TextChoices):
        TOLD = "told", _("dikatakan perekam")
        FOUND = "found", _("ditemukan saat ditarik")

    recorded = models.ForeignKey(RecordedCamera, models.CASCADE, related_name="gaps")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    how = models.CharField(max_length=5, choices=How)
    source = models.CharField(max_length=20, blank=True)  # number of the retrieval that found it
    first_told_at = models.DateTimeField()

    class Meta:
        ordering = ["-began_at"]
        verbose_name = "celah rekaman"
        constraints = [
            models.CheckConstraint(name="recording_gap_span", condition=Q(ended_at__gt=F("began_at"))),
            models.UniqueConstraint(fields=["recorded", "began_at", "how"], name="recording_gap_once"),
        ]

    def __str__(self) -> str:
        return f"{self.recorded_id} {self.began_at}"


class Retrieval(models.Model):
    """Older footage of one camera, asked for with a purpose: pulled from the recorder, or asked of its keeper."""

    class Way(models.TextChoices):
        REPLAY = "replay", _("ditarik dari perekam")
        HAND = "hand", _("diminta kepada petugas")

    class State(models.TextChoices):
        ASKED = "asked", _("diminta")
        PULLING = "pulling", _("sedang ditarik")
        ACKNOWLEDGED = "acknowledged", _("diterima petugas")
        DELIVERED = "delivered", _("diserahkan")
        REFUSED = "refused", _("ditolak")
        LAPSED = "lapsed", _("lewat masa simpan")
        FAILED = "failed", _("gagal ditarik")

    number = models.CharField(max_length=20, unique=True)  # PR-2026-000012
    camera = models.ForeignKey(Camera, models.PROTECT, related_name="retrievals")
    recorder = models.ForeignKey(Recorder, models.PROTECT, null=True, related_name="retrievals")
    way = models.CharField(max_length=6, choices=Way)
    addressee = models.CharField(max_length=200, blank=True)  # the keeper, as the letter names them
    since = models.DateTimeField()
    until = models.DateTimeField()
    purpose = models.CharField(max_length=30)  # a key of live.purposes
    note = models.CharField(max_length=300, blank=True)
    incident = models.ForeignKey("incidents.Incident", models.PROTECT, null=True, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State, default=State.ASKED)
    run = models.CharField(max_length=32, blank=True)  # which worker run may write; a newer run shuts out the older
    progress = models.PositiveSmallIntegerField(default=0)  # per cent, of a replay
    fault = models.CharField(max_length=30, blank=True)  # why pulling failed
    due_at = models.DateTimeField(null=True)  # of a request by hand
    gone_at = models.DateTimeField(null=True)  # when nothing of it is kept any more, by the stated retention
    reminded = models.PositiveSmallIntegerField(default=0)  # 1: soon due, 2: overdue
    acknowledged_by = models.CharField(max_length=120, blank=True)
    acknowledged_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)  # of a refusal
    holes = models.JSONField(default=list)  # [[from, to], …] epoch seconds: what the delivered footage lacks
    exhibit = models.ForeignKey("evidence.Exhibit", models.PROTECT, null=True, related_name="+")
    letter = models.ForeignKey("documents.SignedDocument", models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-number"]
        verbose_name = "permintaan rekaman"
        indexes = [
            models.Index(fields=["camera", "-since"], name="retrieval_of_camera"),
            models.Index(fields=["state", "due_at"], name="retrieval_clock"),  # the clockwork, every minute
        ]
        constraints = [
            models.CheckConstraint(name="retrieval_span", condition=Q(until__gt=F("since"))),
            models.CheckConstraint(
                name="retrieval_delivered_has_exhibit", condition=~Q(state="delivered") | Q(exhibit__isnull=False)
            ),
            models.CheckConstraint(name="retrieval_refused_has_reason", condition=~Q(state="refused") | ~Q(reason="")),
        ]

    def __str__(self) -> str:
        return self.number
