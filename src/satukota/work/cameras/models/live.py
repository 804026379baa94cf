"""Watching live: where a camera's streams are, who watched what and why, walls of cameras, moments worth finding."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .register import Camera


class LiveSource(models.Model):
    """What live view knows of a camera beside the register. A camera without a row is pulled by its checked address."""

    camera = models.OneToOneField(Camera, models.CASCADE, primary_key=True, related_name="live")
    main_address = models.CharField(max_length=300, blank=True)  # the large picture; empty: the address that is checked
    sub_address = models.CharField(max_length=300, blank=True)  # a small one for walls; empty: the large one
    is_protected = models.BooleanField(default=False)  # watching asks for a purpose
    buffer_minutes = models.PositiveSmallIntegerField(default=0)  # of the last minutes kept on disk; 0: none

    class Meta:
        verbose_name = "sumber gambar langsung"

    def __str__(self) -> str:
        return str(self.camera)


class WatchSession(models.Model):
    """Somebody watches, or watched, one camera. Opened again within minutes by the same person for the same purpose
    the row goes on, so that a wall on tour does not write a row every twenty seconds."""

    class Ending(models.TextChoices):
        LEFT = "left", _("ditutup")
        REVOKED = "revoked", _("wewenang berakhir")
        HUB_LOST = "hub_lost", _("layanan gambar terputus")

    camera = models.ForeignKey(Camera, models.PROTECT, related_name="watch_sessions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    role = models.CharField(max_length=30)
    hat = models.CharField(max_length=120)
    place = models.CharField(max_length=10)  # camera, map, incident, wall
    purpose = models.CharField(max_length=30, blank=True)  # a key of live.purposes; empty: the camera asks for none
    note = models.CharField(max_length=300, blank=True)
    incident = models.ForeignKey("incidents.Incident", models.PROTECT, null=True, related_name="+")
    was_protected = models.BooleanField()
    ticket = models.CharField(max_length=32, blank=True)  # emptied by the one who comes in with it
    asked_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=8, choices=Ending, blank=True)
    times = models.PositiveIntegerField(default=0)  # how often it was opened
    watched_s = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "sesi menonton"
        indexes = [
            models.Index(fields=["camera", "-asked_at"], name="watch_of_camera"),
            models.Index(fields=["person", "-asked_at"], name="watch_of_person"),  # limits per hour
            models.Index(fields=["-asked_at"], name="watch_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.camera_id} {self.person_id} {self.asked_at}"


class WallLayout(models.Model):
    """Cameras in a grid, one person's own or a room's."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    room = models.CharField(max_length=60, blank=True)
    name = models.CharField(max_length=60)
    tiles = models.PositiveSmallIntegerField(default=4)  # 1, 4, 9, 16; with places as many as there are
    places = models.JSONField(default=list)  # [x, y, width, height] of each tile in cells; empty: all alike
    cameras = models.JSONField(default=list)  # codes in order; more than tiles: a tour shows them in turn
    tour_s = models.PositiveSmallIntegerField(default=0)  # 0: no tour
    follows = models.BooleanField(default=False)  # a new incident opens the nearest working cameras
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = "susunan dinding"
        ordering = ["room", "name"]
        constraints = [
            models.CheckConstraint(
                name="wall_is_a_persons_or_a_rooms",
                condition=(Q(person=None) & ~Q(room="")) | (Q(person__isnull=False) & Q(room="")),
            ),
            models.UniqueConstraint(fields=["person", "name"], condition=~Q(person=None), name="wall_of_person"),
            models.UniqueConstraint(fields=["room", "name"], condition=Q(person=None), name="wall_of_room"),
            models.CheckConstraint(name="wall_tiles", condition=Q(tiles__gte=1, tiles__lte=16)),
        ]

    def __str__(self) -> str:
        return self.name


class CameraBookmark(models.Model):
    """A moment of a camera somebody wants to find again, with the picture of then."""

    camera = models.ForeignKey(Camera, models.PROTECT, related_name="bookmarks")
    at = models.DateTimeField()
    note = models.CharField(max_length=300, blank=True)
    picture = models.ForeignKey("evidence.StoredFile", models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    incident = models.ForeignKey("incidents.Incident", models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = "penanda kamera"
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.camera_id} {self.at}"
