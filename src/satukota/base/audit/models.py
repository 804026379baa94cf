from typing import Any, NoReturn

from django.conf import settings
from django.db import models


class NeverChanged(TypeError):
    """Somebody's code tried to change or delete what is only ever added to."""


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Rows can be added and read. The database itself refuses the rest, too: see guards.py."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NeverChanged(f"{self.model._meta.label} is append-only: rows are never changed or deleted")

    update = delete = bulk_update = update_or_create = aupdate = adelete = _raw_delete = _update = _refuse


class AppendOnly(models.Model):
    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise NeverChanged(f"{self._meta.label} is append-only: write a new row instead")
        super().save(*args, **kwargs | {"force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NeverChanged(f"{self._meta.label} is append-only: rows are never deleted")


class AuditHead(models.Model):
    """One row: the end of the chain. Locked while a row is added, so rows form one line on both databases."""

    last_number = models.BigIntegerField(default=0)
    last_hash = models.CharField(max_length=64, default="0" * 64)  # what the next row continues: a row or a seal
    day = models.DateField(null=True)  # local day of the last row or seal; null before days were sealed
    sealed_to = models.BigIntegerField(default=0)  # number of the last row that a seal covers

    def __str__(self) -> str:
        return f"{self.last_number} {self.last_hash[:8]}"


class AuditEntry(AppendOnly):
    """One act or one view of a protected thing. Never changed or deleted; each row seals the one before it."""

    number = models.BigIntegerField(unique=True)
    form = models.PositiveSmallIntegerField(default=1)  # how its bytes are written: see form.py
    day = models.DateField(null=True)  # local day whose chain it belongs to; null in form 1
    at = models.DateTimeField(db_index=True)
    act = models.CharField(max_length=60)  # cameras.reference_accepted
    actor = models.ForeignKey(  # null: the machine, or a visitor without account
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    actor_name = models.CharField(max_length=150)
    hat = models.CharField(max_length=300, blank=True)  # "Operator · Diskominfo"
    purpose = models.CharField(max_length=300, blank=True)  # of a view or an export: what it was needed for
    on_kind = models.CharField(max_length=60, blank=True)  # model label: cameras.camera
    on_id = models.CharField(max_length=40, blank=True)
    on_label = models.CharField(max_length=200, blank=True)
    opd_code = models.CharField(max_length=40, blank=True)
    why = models.TextField(blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta(AppendOnly.Meta):
        ordering = ["-number"]
        verbose_name = "catatan audit"
        indexes = [  # their reader: queries.matching, which pages by number within each of them
            models.Index(fields=["act", "number"], name="audit_act"),
            models.Index(fields=["actor", "number"], name="audit_actor"),
            models.Index(fields=["on_kind", "on_id", "number"], name="audit_on_number"),
            models.Index(fields=["opd_code", "number"], name="audit_opd"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.act}"


class DaySeal(AppendOnly):
    """The end of one local day: the Merkle root of its rows, signed. Public: it says nothing of what was done."""

    day = models.DateField(db_index=True)  # twice only where the clock was set back: then each part has its seal
    first_number = models.BigIntegerField(unique=True)
    last_number = models.BigIntegerField(unique=True)
    count = models.BigIntegerField()
    root = models.CharField(max_length=64)
    last_hash = models.CharField(max_length=64)  # of the row last_number
    previous_root = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()
    public_key = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)

    class Meta(AppendOnly.Meta):
        ordering = ["-first_number"]
        verbose_name = "segel harian"

    def __str__(self) -> str:
        return f"{self.day} {self.root[:8]}"
