"""Files kept because something rests on them, and exhibits: files that must stand before somebody who doubts."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class StoredFile(models.Model):
    """A file kept because something rests on it. The content is addressed by its hash; the row outlives the content."""

    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.PositiveIntegerField()
    media_type = models.CharField(max_length=60)
    kind = models.CharField(max_length=40)  # incident_picture, reference, exhibit
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


class Exhibit(models.Model):
    """Electronic evidence of one matter. Sources: UU 11/2008 (changed by UU 1/2024) art. 5-6: accessible, displayable,
    whole, accountable; the practice of ISO/IEC 27037.
    """

    number = models.CharField(max_length=20, unique=True)  # BE-2026-000012
    title = models.CharField(max_length=160)
    about = models.CharField(max_length=80, blank=True, db_index=True)  # number of an incident or case, or empty
    source = models.CharField(max_length=80, db_index=True)  # code of the camera, or who handed it in
    owner_code = models.CharField(max_length=40, db_index=True)  # OPD; who may see it is decided above this band
    keep_until = models.DateField(null=True)  # null: until somebody sets a date
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        verbose_name = "barang bukti elektronik"

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class ExhibitFile(models.Model):
    class Role(models.TextChoices):
        ORIGINAL = "original", _("Rekaman asli")
        STILL = "still", _("Gambar diam")
        REDACTED = "redacted", _("Salinan tersamar")
        DOCUMENT = "document", _("Dokumen")

    exhibit = models.ForeignKey(Exhibit, models.PROTECT, related_name="files")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    role = models.CharField(max_length=8, choices=Role)
    made_from = models.ForeignKey("self", models.PROTECT, null=True, related_name="copies")
    name = models.CharField(max_length=80)  # as it is called in a package
    captured_from = models.DateTimeField()  # UTC by our own clock
    captured_to = models.DateTimeField()
    clock_offset_ms = models.IntegerField(null=True)  # camera's clock less ours at capture; null: not measured
    note = models.CharField(max_length=300, blank=True)
    areas = models.JSONField(default=list)  # of a redacted copy: what was hidden, [{"from_s","to_s","box",…}]
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField()
    checked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    checked_at = models.DateTimeField(null=True)
    refused = models.CharField(max_length=300, blank=True)  # why the checker found the hiding not good enough

    class Meta:
        ordering = ["pk"]
        verbose_name = "berkas barang bukti"
        constraints = [
            models.CheckConstraint(name="exhibit_file_span", condition=Q(captured_to__gte=F("captured_from"))),
            models.CheckConstraint(
                name="exhibit_redacted_has_source", condition=~Q(role="redacted") | Q(made_from__isnull=False)
            ),
            models.UniqueConstraint(fields=["exhibit", "name"], name="exhibit_file_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def may_leave(self) -> bool:
        """A copy whose hiding a person found good, or a document; everything else only with a legal ground."""
        return self.role == self.Role.DOCUMENT or (self.role == self.Role.REDACTED and self.checked_at is not None)


class CustodyEntry(models.Model):
    """Who did what with an exhibit. A chain of its own, which goes along in a package; the audit log has each hash."""

    exhibit = models.ForeignKey(Exhibit, models.PROTECT, related_name="custody")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    act = models.CharField(max_length=30)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    person_name = models.CharField(max_length=120)
    hat = models.CharField(max_length=120, blank=True)
    text = models.CharField(max_length=500, blank=True)
    details = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["number"]
        verbose_name = "catatan penguasaan"
        constraints = [models.UniqueConstraint(fields=["exhibit", "number"], name="custody_one_line")]

    def __str__(self) -> str:
        return f"{self.exhibit_id}.{self.number} {self.act}"


class Hold(models.Model):
    """While one stands nothing of the exhibit is deleted, whatever its date."""

    exhibit = models.ForeignKey(Exhibit, models.PROTECT, related_name="holds")
    reason = models.CharField(max_length=300)
    decree = models.CharField(max_length=120)  # letter of the investigator or court
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["placed_at"]
        verbose_name = "penahanan bukti"

    def __str__(self) -> str:
        return f"{self.exhibit_id} {self.decree}"


class Release(models.Model):
    """A package that left the house: to whom, on what ground, and the hash of what was given."""

    exhibit = models.ForeignKey(Exhibit, models.PROTECT, related_name="releases")
    to_whom = models.CharField(max_length=160)
    ground = models.CharField(max_length=300)  # letter and article
    has_originals = models.BooleanField()
    package = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["made_at"]
        verbose_name = "penyerahan bukti"

    def __str__(self) -> str:
        return f"{self.exhibit_id} {self.to_whom}"
