from django.conf import settings
from django.db import models


class AuditHead(models.Model):
    """One row: the end of the chain. Locked while a row is added, so rows form one line on both databases."""

    last_number = models.BigIntegerField(default=0)
    last_hash = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return f"{self.last_number} {self.last_hash[:8]}"


class AuditEntry(models.Model):
    """One act or one view of a protected thing. Never changed or deleted; each row seals the one before it."""

    number = models.BigIntegerField(unique=True)
    at = models.DateTimeField(db_index=True)
    act = models.CharField(max_length=60, db_index=True)  # cameras.reference_accepted
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")  # null: machine
    actor_name = models.CharField(max_length=150)
    hat = models.CharField(max_length=120, blank=True)  # "Operator · Diskominfo"
    on_kind = models.CharField(max_length=60, blank=True)  # model label: cameras.camera
    on_id = models.CharField(max_length=40, blank=True)
    on_label = models.CharField(max_length=200, blank=True)
    opd_code = models.CharField(max_length=40, blank=True, db_index=True)
    why = models.TextField(blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["-number"]
        indexes = [models.Index(fields=["on_kind", "on_id"], name="audit_on")]
        verbose_name = "catatan audit"

    def __str__(self) -> str:
        return f"{self.number} {self.act}"
