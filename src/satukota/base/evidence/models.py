from django.db import models


class StoredFile(models.Model):
    """A file kept because something rests on it. The content is addressed by its hash; the row outlives the content."""

    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.PositiveIntegerField()
    media_type = models.CharField(max_length=60)
    kind = models.CharField(max_length=40)  # incident_picture, reference
    source = models.CharField(max_length=80)  # target code, person
    taken_at = models.DateTimeField()
    kept_at = models.DateTimeField(auto_now_add=True)
    delete_on = models.DateField(null=True, db_index=True)  # null: kept until something sets a date
    on_hold = models.BooleanField(default=False)  # legal hold wins over delete_on
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "berkas bukti"

    def __str__(self) -> str:
        return f"{self.kind} {self.source} {self.sha256[:8]}"
