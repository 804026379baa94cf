"""Other installations of Satukota we know by their key, what they told us, and who of theirs looked at ours."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from satukota.base.secrets.fields import SealedTextField

from .register import Camera


class OwnKey(models.Model):
    """The Ed25519 key of this installation; older ones stay, to show that each was followed by the next."""

    secret = SealedTextField()  # the seed, 64 hexadecimal digits; emptied when it was replaced
    public = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    is_current = models.BooleanField(default=True)
    succession = models.JSONField(default=dict)  # federation.keys: this key's signed word for the one that follows it

    class Meta:
        verbose_name = "kunci pemasangan"
        constraints = [models.UniqueConstraint(fields=["is_current"], condition=Q(is_current=True), name="own_key_one")]

    def __str__(self) -> str:
        return self.public[:16]


class Peer(models.Model):
    """An installation somebody joined by hand, after comparing its key's short form with a person there."""

    name = models.CharField(max_length=120)  # as its card said
    address = models.CharField(max_length=300)  # https://host[:port]
    prefix = models.CharField(max_length=8)  # before the codes of its cameras in our register
    public_key = models.CharField(max_length=64)
    opd = models.ForeignKey("city.Opd", models.PROTECT, related_name="+")  # who it is in our registers
    joined_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    joined_at = models.DateTimeField()
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_why = models.CharField(max_length=300, blank=True)
    answered_at = models.DateTimeField(null=True)  # it last answered a question of ours
    heard_at = models.DateTimeField(null=True)  # it last asked us something, rightly signed
    problem = models.CharField(max_length=300, blank=True)  # why the last question had no good answer
    problem_since = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "instalasi mitra"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["address"], condition=Q(closed_at=None), name="peer_address_once"),
            models.UniqueConstraint(fields=["public_key"], condition=Q(closed_at=None), name="peer_key_once"),
            models.UniqueConstraint(fields=["prefix"], condition=Q(closed_at=None), name="peer_prefix_once"),
            models.CheckConstraint(name="peer_closed_with_reason", condition=Q(closed_at=None) | ~Q(closed_why="")),
        ]

    def __str__(self) -> str:
        return self.name


class SeenNonce(models.Model):
    """A signed request is good once; kept a little longer than it could be good at all."""

    peer = models.ForeignKey(Peer, models.CASCADE, related_name="+")
    nonce = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "permintaan yang sudah dipakai"
        constraints = [models.UniqueConstraint(fields=["peer", "nonce"], name="nonce_once")]

    def __str__(self) -> str:
        return self.nonce


class PeerCamera(models.Model):
    """A camera in our register that stands in another's: what they last said of it."""

    camera = models.OneToOneField(Camera, models.CASCADE, primary_key=True, related_name="peer_camera")
    peer = models.ForeignKey(Peer, models.PROTECT, related_name="cameras")
    code = models.CharField(max_length=40)  # over there
    state = models.CharField(max_length=8)  # monitoring's Verdict
    cause = models.CharField(max_length=40, blank=True)
    looked_at = models.DateTimeField(null=True)  # their newest look at it
    told_at = models.DateTimeField()

    class Meta:
        verbose_name = "kamera instalasi mitra"
        constraints = [models.UniqueConstraint(fields=["peer", "code"], name="peer_camera_once")]

    def __str__(self) -> str:
        return f"{self.peer_id} {self.code}"


class ToldLook(models.Model):
    """How much of one of our looks at a peer's camera the peer was told."""

    watch = models.OneToOneField("cameras.WatchSession", models.CASCADE, primary_key=True, related_name="told")
    peer = models.ForeignKey(Peer, models.PROTECT, related_name="+")
    times = models.PositiveIntegerField()
    ended_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField()

    class Meta:
        verbose_name = "laporan menonton"

    def __str__(self) -> str:
        return f"{self.watch_id} {self.told_at}"


class PeerLook(models.Model):
    """Somebody over there watches, or watched, one of our cameras, as their installation told us."""

    peer = models.ForeignKey(Peer, models.PROTECT, related_name="looks")
    number = models.BigIntegerField()  # theirs
    camera = models.ForeignKey(Camera, models.PROTECT, related_name="+")
    person = models.CharField(max_length=32)  # the same for the same person, and no name
    role = models.CharField(max_length=60)
    office = models.CharField(max_length=120)
    purpose = models.CharField(max_length=30)
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    watched_s = models.PositiveIntegerField(default=0)
    times = models.PositiveIntegerField(default=1)
    within = models.BooleanField()  # a loan allowed it when we were told
    told_at = models.DateTimeField()

    class Meta:
        verbose_name = "dilihat instalasi mitra"
        constraints = [models.UniqueConstraint(fields=["peer", "number"], name="peer_look_once")]
        indexes = [models.Index(fields=["peer", "-opened_at"], name="peer_look_newest")]

    def __str__(self) -> str:
        return f"{self.peer_id} {self.number}"


class PeerStream(models.Model):
    """Pictures of one of our cameras on their way to another installation's hub, one ticket each."""

    peer = models.ForeignKey(Peer, models.PROTECT, related_name="+")
    camera = models.ForeignKey(Camera, models.PROTECT, related_name="+")
    stream = models.CharField(max_length=4)  # main, sub
    ticket = models.CharField(max_length=64, blank=True)  # its hash; emptied by the one who comes in with it
    asked_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=8, blank=True)  # WatchSession.Ending

    class Meta:
        verbose_name = "gambar kepada instalasi mitra"
        indexes = [models.Index(fields=["ticket"], name="peer_stream_ticket", condition=~Q(ticket=""))]

    def __str__(self) -> str:
        return f"{self.peer_id} {self.camera_id}"
