"""Cameras everybody may look at: later than now, and no sharper than is needed to see how busy a street is."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from .register import Camera


class PublicView(models.Model):
    """A decision that a camera is public. Withdrawn, the row stays with its days."""

    camera = models.ForeignKey(Camera, models.CASCADE, related_name="public_views")
    delay_s = models.PositiveSmallIntegerField(default=60)  # a picture is shown this much later at the earliest
    width = models.PositiveSmallIntegerField(default=640)  # pixels across at most
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    ground = models.CharField(max_length=300)  # why it may be shown
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    waiting_at = models.DateTimeField(null=True)  # when the picture in slot camera/<code>/public_next was taken
    shown_at = models.DateTimeField(null=True)  # when the one in camera/<code>/public was taken

    class Meta:
        verbose_name = "kamera publik"
        constraints = [
            models.UniqueConstraint(fields=["camera"], condition=Q(ended_at=None), name="public_view_one"),
            models.CheckConstraint(name="public_view_limits", condition=Q(width__gte=160, width__lte=1280)),
        ]

    def __str__(self) -> str:
        return f"{self.camera_id} {self.decided_at}"
