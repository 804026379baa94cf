"""A file of cameras on its way into the register."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from satukota.base.secrets.fields import SealedTextField


class CameraImport(models.Model):
    """A file of cameras on its way in: read, complained about, previewed, then applied whole or not at all."""

    class State(models.TextChoices):
        READING = "reading", _("Sedang dibaca")
        PREVIEW = "preview", _("Menunggu persetujuan")
        APPLYING = "applying", _("Sedang diterapkan")
        APPLIED = "applied", _("Diterapkan")
        CANCELLED = "cancelled", _("Dibatalkan")
        FAILED = "failed", _("Gagal")

    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64, blank=True)  # of the file as it came; the file itself is not kept
    source = models.CharField(max_length=10)  # csv, xlsx, geojson, onvif
    read_as = models.JSONField(default=dict)  # {"encoding": "utf-8", "columns": ["code"], "ignored": ["No"]}
    run = models.CharField(max_length=32, blank=True)  # which worker run may write; a newer run shuts out the older
    owner = models.ForeignKey("city.Opd", models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.READING)
    rows_total = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    rows_changed = models.PositiveIntegerField(default=0)
    rows_same = models.PositiveIntegerField(default=0)
    rows_refused = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-started_at"]
        verbose_name = "impor kamera"

    def __str__(self) -> str:
        return f"{self.file_name} ({self.get_state_display()})"


class CameraImportRow(models.Model):
    batch = models.ForeignKey(CameraImport, models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()  # row in the file, counted as a spreadsheet does
    code = models.CharField(max_length=40, blank=True)
    fate = models.CharField(max_length=8)  # new, changed, same, refused
    cells = models.JSONField()  # what will be written, by field; of a refused row: its text without secrets
    changes = models.JSONField(default=dict)  # {"name": ["before", "after"]} of a changed row, without secrets
    password_sealed = SealedTextField(blank=True)  # emptied when the import is applied
    complaints = models.JSONField(default=list)  # [{"column": "lat", "text": "…", "note": false}, …]

    class Meta:
        ordering = ["number"]
        indexes = [models.Index(fields=["batch", "fate", "number"], name="import_rows")]

    def __str__(self) -> str:
        return f"{self.number} {self.code} {self.fate}"
