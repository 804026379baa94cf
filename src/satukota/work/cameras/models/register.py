"""Mata Bontang: the city's cameras as registered things. What is measured about them lives in monitoring."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from satukota.base.secrets.fields import SealedTextField


class Camera(models.Model):
    class Kind(models.TextChoices):
        FIXED = "fixed", _("Tetap")
        DOME = "dome", _("Dome")
        PTZ = "ptz", _("PTZ")
        ANPR = "anpr", _("Pembaca pelat")

    target = models.OneToOneField("monitoring.Target", models.CASCADE, primary_key=True, related_name="camera")
    kind = models.CharField(max_length=5, choices=Kind, default=Kind.FIXED)
    serial_number = models.CharField(max_length=60, blank=True)
    maker = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=60, blank=True)
    purpose = models.CharField(max_length=60, default="security")  # security, traffic, flood, waste
    height_m = models.FloatField(null=True, blank=True)
    bearing_deg = models.FloatField(null=True, blank=True)  # clockwise from north
    fov_deg = models.FloatField(null=True, blank=True)  # horizontal
    range_m = models.FloatField(null=True, blank=True)
    tilt_deg = models.FloatField(null=True, blank=True)  # of the lens's axis below the horizon
    light_m = models.FloatField(null=True, blank=True)  # how far its infrared, or the street's light, shows people
    presets = models.JSONField(default=list, blank=True)  # turning.Preset: where a turning camera looks, how long
    width = models.PositiveIntegerField(null=True, blank=True)  # as registered, of the stream we look at
    main_width = models.PositiveIntegerField(null=True, blank=True)  # of its largest picture, where that is another
    height = models.PositiveIntegerField(null=True, blank=True)
    codec = models.CharField(max_length=10, blank=True)  # h264, hevc
    fps = models.FloatField(null=True, blank=True)
    onvif_address = models.CharField(max_length=200, blank=True)  # http://host:port/onvif/device_service
    username = models.CharField(max_length=80, blank=True)
    password_sealed = SealedTextField(blank=True)
    login_refused_at = models.DateTimeField(null=True)  # one 401 with this password: not tried again until it changes
    sensitivity = models.CharField(max_length=6, default="sedang")  # rendah, sedang, tinggi
    installed_on = models.DateField(null=True, blank=True)
    cost_rp = models.BigIntegerField(null=True, blank=True)
    sign_installed = models.BooleanField(null=True)  # notice required by UU 27/2022 art. 17; null: not checked
    last_good_at = models.DateTimeField(null=True)  # of the picture in slot camera/<code>/last_good
    last_seen_at = models.DateTimeField(null=True)  # of the picture in slot camera/<code>/latest

    class Meta:
        verbose_name = "kamera"
        constraints = [
            models.CheckConstraint(
                name="camera_geometry",
                condition=(Q(fov_deg=None) | Q(fov_deg__gt=0, fov_deg__lte=360))
                & (Q(range_m=None) | Q(range_m__gt=0))
                & (Q(bearing_deg=None) | Q(bearing_deg__gte=0, bearing_deg__lt=360)),
            ),
            models.CheckConstraint(
                name="camera_tilt_and_light",
                condition=(Q(tilt_deg=None) | Q(tilt_deg__gte=-90, tilt_deg__lte=90))
                & (Q(light_m=None) | Q(light_m__gte=0)),
            ),
        ]

    def __str__(self) -> str:
        return str(self.target)


class CameraReference(models.Model):
    """How a camera's view looks when all is well, per light mode and hour bin."""

    camera = models.ForeignKey(Camera, models.CASCADE, related_name="references")
    mode = models.CharField(max_length=12)  # day, night_ir, night_colour
    hour_bin = models.PositiveSmallIntegerField()
    content = models.BinaryField()  # rules.picture_truth.Reference.to_bytes()
    picture = models.ForeignKey("evidence.StoredFile", models.SET_NULL, null=True, related_name="+")
    taken_at = models.DateTimeField()
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    accepted_at = models.DateTimeField(null=True)  # set: an anchor a person answers for
    retired_at = models.DateTimeField(null=True)  # replaced by a newer accepted one

    class Meta:
        verbose_name = "gambar acuan"
        constraints = [
            models.UniqueConstraint(
                fields=["camera", "mode", "hour_bin"], name="reference_learned_once",
                condition=Q(accepted_at=None, retired_at=None),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.camera_id} {self.mode} {self.hour_bin}"
