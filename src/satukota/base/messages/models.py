from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Message(models.Model):
    """One thing told to one person over one channel. Written with the act it tells of; sent afterwards (outbox).

    Waiting: neither sent nor failed. Failed: the outbox has given up; a person may have it sent again.
    """

    class Channel(models.TextChoices):
        SCREEN = "screen", _("Layar")
        EMAIL = "email", _("Surel")
        WHATSAPP = "whatsapp", "WhatsApp"
        SMS = "sms", "SMS"

    class Urgency(models.IntegerChoices):
        LOW = 0  # the only one that quiet hours hold back
        NORMAL = 1
        URGENT = 2

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="received_messages")
    channel = models.CharField(max_length=10, choices=Channel)
    kind = models.CharField(max_length=40)  # incident_opened, incident_recovered
    about = models.CharField(max_length=60)  # incident number
    subject = models.CharField(max_length=200)
    body = models.TextField()
    path = models.CharField(max_length=200, blank=True)  # where to go, on our own site
    urgency = models.PositiveSmallIntegerField(choices=Urgency, default=Urgency.NORMAL)
    created_at = models.DateTimeField(db_index=True)
    not_before = models.DateTimeField(null=True)  # end of the person's quiet hours
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)  # also the sender's lease: killed while sending, it is sent again
    problem = models.CharField(max_length=200, blank=True)  # a sentence of ours, never the other side's words
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recipient", "channel", "kind", "about"], name="message_told_once")
        ]
        indexes = [
            models.Index(fields=["recipient", "-created_at"], name="message_inbox"),
            # read by outbox.waiting every two seconds: only what waits is in it
            models.Index(fields=["channel", "id"], condition=Q(sent_at=None, failed_at=None), name="message_waiting"),
            # read by outbox.failed
            models.Index(fields=["-failed_at"], condition=~Q(failed_at=None), name="message_failed"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about} → {self.recipient_id}"


class Preference(models.Model):
    """Where one person wants to be told beside the screen, and when they want quiet. No row: e-mail, no quiet hours."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    email = models.BooleanField(default=True)
    whatsapp = models.BooleanField(default=False)
    sms = models.BooleanField(default=False)
    quiet_from = models.TimeField(null=True)  # local time of the city; may lie after quiet_to: over midnight
    quiet_to = models.TimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="message_quiet_has_both_ends_or_none",
                condition=Q(quiet_from=None, quiet_to=None)
                | (Q(quiet_from__isnull=False, quiet_to__isnull=False) & ~Q(quiet_from=F("quiet_to"))),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}"
