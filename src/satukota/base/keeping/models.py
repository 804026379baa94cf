"""What was kept aside and what was deleted: both leave a row that says so."""

from django.db import models


class Backup(models.Model):
    """A backup that was written, and whether it was ever proven by restoring it."""

    made_at = models.DateTimeField(db_index=True)
    path = models.CharField(max_length=400)
    sha256 = models.CharField(max_length=64, unique=True)  # of the encrypted file
    size = models.BigIntegerField()
    rows = models.BigIntegerField()
    files = models.PositiveIntegerField()
    took_s = models.FloatField()
    verified_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)  # what the last verification found

    class Meta:
        ordering = ["-made_at"]
        verbose_name = "cadangan"

    def __str__(self) -> str:
        return f"{self.made_at:%F %T} {self.sha256[:8]}"


class DeletionReceipt(models.Model):
    """Rows or files of one kind were deleted because a rule said so. Signed into the audit log."""

    rule = models.CharField(max_length=60, db_index=True)  # key of a retention rule
    at = models.DateTimeField(db_index=True)
    number = models.PositiveIntegerField()
    oldest_at = models.DateTimeField()
    newest_at = models.DateTimeField()
    kept_days = models.PositiveIntegerField()  # as the rule stood then
    audit_number = models.BigIntegerField()  # the row of the audit log that says the same

    class Meta:
        ordering = ["-at"]
        verbose_name = "tanda terima penghapusan"

    def __str__(self) -> str:
        return f"{self.rule} {self.number} {self.at:%F %T}"
