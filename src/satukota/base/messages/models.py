from django.conf import settings
from django.db import models


class Message(models.Model):
    """One thing told to one person over one channel. Written with the act it tells of; sent afterwards (outbox)."""

    class Channel(models.TextChoices):
        SCREEN = "screen", "Layar"
        EMAIL = "email", "Surel"

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="received_messages")
    channel = models.CharField(max_length=10, choices=Channel)
    kind = models.CharField(max_length=40)  # incident_opened, incident_recovered
    about = models.CharField(max_length=60)  # incident number
    subject = models.CharField(max_length=200)
    body = models.TextField()
    path = models.CharField(max_length=200, blank=True)  # where to go, on our own site
    created_at = models.DateTimeField(db_index=True)
    sent_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=200, blank=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recipient", "channel", "kind", "about"], name="message_told_once")
        ]
        indexes = [models.Index(fields=["recipient", "-created_at"], name="message_inbox")]

    def __str__(self) -> str:
        return f"{self.kind} {self.about} → {self.recipient_id}"
