"""The register of signed papers: what anyone holding a copy can be told about it."""

from django.conf import settings
from django.db import models


class SignedDocument(models.Model):
    """One paper that left the house. The row stays when its content was deleted, so a copy can still be compared."""

    code = models.CharField(max_length=16, unique=True)  # in the link and the QR on the paper
    kind = models.CharField(max_length=40)  # vendor_statement
    title = models.CharField(max_length=200)
    number = models.CharField(max_length=80, blank=True)  # the number of the letter, where it has one
    content_sha256 = models.CharField(max_length=64)  # of the figures it carries, as printed on it
    sha256 = models.CharField(max_length=64, db_index=True)  # of the signed file
    file = models.ForeignKey("evidence.StoredFile", models.PROTECT, related_name="+")
    signer = models.CharField(max_length=120)  # name in the certificate
    fingerprint = models.CharField(max_length=64)  # SHA-256 of the certificate
    is_self_made = models.BooleanField()  # signed by the installation's own certificate
    signed_at = models.DateTimeField()
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)  # a newer paper took its place
    replaced_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="replaces")

    class Meta:
        ordering = ["-signed_at"]
        verbose_name = "surat bertanda tangan"

    def __str__(self) -> str:
        return f"{self.code} {self.title}"
