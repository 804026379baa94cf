"""Plans of where to look next, what they were asked, and what they came to."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class CostItem(models.Model):
    """What one piece, metre or year costs from a day on. An edit adds a row; without one the default holds."""

    code = models.SlugField(max_length=30)  # key of costs.toml
    amount_rp = models.BigIntegerField()
    source = models.CharField(max_length=200)
    valid_from = models.DateField()

    class Meta:
        ordering = ["code", "-valid_from"]
        verbose_name = "harga satuan"
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="cost_a_day"),
            models.CheckConstraint(name="cost_sane", condition=Q(amount_rp__gte=0, amount_rp__lte=100_000_000_000)),
        ]

    def __str__(self) -> str:
        return f"{self.code} Rp{self.amount_rp}"


class PartnerOffer(models.Model):
    """Somebody else's camera that the city could look through for a price."""

    code = models.CharField(max_length=40, unique=True)
    partner = models.CharField(max_length=120)  # who owns it
    owner = models.ForeignKey("city.Opd", models.PROTECT, related_name="partner_offers")  # who negotiates
    lon = models.FloatField()
    lat = models.FloatField()
    bearing_deg = models.FloatField()
    fov_deg = models.FloatField()
    range_m = models.FloatField()
    height_m = models.FloatField(default=4.0)
    width_px = models.PositiveIntegerField()
    joining_rp = models.BigIntegerField(default=0)
    yearly_rp = models.BigIntegerField(default=0)
    ended_on = models.DateField(null=True)

    class Meta:
        ordering = ["code"]
        verbose_name = "tawaran kamera mitra"
        constraints = [
            models.CheckConstraint(
                name="offer_sane",
                condition=Q(fov_deg__gt=0, fov_deg__lte=360, range_m__gt=0, width_px__gt=0, joining_rp__gte=0,
                            yearly_rp__gte=0),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.code} {self.partner}"


class Plan(models.Model):
    """One question (budget, wishes, limits) and the best answer found so far, with its proven bound."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Menunggu giliran")
        RUNNING = "running", _("Dihitung")
        DONE = "done", _("Selesai")
        STOPPED = "stopped", _("Dihentikan")
        FAILED = "failed", _("Gagal")

    name = models.CharField(max_length=120)
    owner = models.ForeignKey("city.Opd", models.PROTECT, related_name="camera_plans")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    asked = models.JSONField()  # siting.asking.Asked.as_json(): with seed and costs, it says how to repeat the plan
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    run = models.CharField(max_length=32, blank=True)  # a run that was replaced writes nothing more
    is_stopping = models.BooleanField(default=False)
    stage = models.CharField(max_length=20, blank=True)  # looking, choosing
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    told_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    ground_version = models.CharField(max_length=64, blank=True)
    result = models.JSONField(default=dict)  # siting.results.Result.as_json(); empty: none yet
    problem = models.CharField(max_length=500, blank=True)  # why there is no plan, in words
    applied_at = models.DateTimeField(null=True)
    came_from = models.ForeignKey("self", models.SET_NULL, null=True, related_name="variants")

    class Meta:
        ordering = ["-made_at", "-pk"]
        verbose_name = "rencana kamera"

    def __str__(self) -> str:
        return self.name

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)


class PlanCamera(models.Model):
    """One camera of a plan's answer, in the order of what it adds."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="cameras")
    position = models.PositiveIntegerField()  # 1, 2 …
    option = models.PositiveIntegerField()  # number in the problem
    site_kind = models.CharField(max_length=10)  # pole, lamp, junction, corner, partner, hand …
    site_code = models.CharField(max_length=60)
    lens = models.CharField(max_length=20)
    kelurahan = models.ForeignKey("city.Kelurahan", models.PROTECT, null=True, related_name="+")
    lon = models.FloatField()
    lat = models.FloatField()
    bearing_deg = models.FloatField()
    fov_deg = models.FloatField()
    range_m = models.FloatField()
    height_m = models.FloatField()
    width_px = models.PositiveIntegerField()
    cost_rp = models.BigIntegerField()
    yearly_rp = models.BigIntegerField()
    quantities = models.JSONField(default=dict)  # {"pole": 1, "fibre_m": 120, …}
    gain = models.FloatField()  # weight it added at its turn
    loss = models.FloatField()  # weight that would be lost without it alone
    alone = models.PositiveIntegerField()  # points only it sees
    why = models.JSONField(default=list)  # [{"kind", "name", "points", "weight"}] of what it added
    points = models.JSONField(default=list)  # rows [lon, lat, weight, needed px/m, kind] of what it added

    class Meta:
        ordering = ["plan", "position"]
        verbose_name = "kamera rencana"
        constraints = [models.UniqueConstraint(fields=["plan", "position"], name="plan_camera_once")]

    def __str__(self) -> str:
        return f"{self.plan_id} #{self.position}"
