"""What the health page and the metrics say of the watching."""

from datetime import datetime

from django.db.models import Count, F, Max
from django.utils.translation import gettext_lazy as _

from satukota.base.health import registry
from satukota.base.health.registry import Gauge, Unit, Values

from .models import RunnerBeat, Target, UplinkOutage, Witness

ONLY: tuple[str, ...] = ()


def runner_silence(at: datetime) -> Values:
    newest = RunnerBeat.objects.aggregate(at=Max("beat_at"))["at"]
    return {ONLY: max(0.0, (at - newest).total_seconds()) if newest else None}


def behind(at: datetime) -> Values:
    newest = RunnerBeat.objects.order_by("-beat_at").values_list("behind_s", flat=True).first()
    return {ONLY: newest}


def targets(at: datetime) -> Values:
    counted = Target.objects.filter(retired_on=None).order_by().values_list("kind", "state").annotate(n=Count("pk"))
    return {(kind, state): n for kind, state, n in counted}


def uplink(at: datetime) -> Values:
    """1 while our own line is lost; not known while no witness was asked."""
    if not Witness.objects.filter(is_enabled=True).exclude(answered_at=None, failed_at=None).exists():
        return {ONLY: None}
    return {ONLY: float(UplinkOutage.objects.filter(back_at=None, why=UplinkOutage.Why.UPLINK).exists())}


def witnesses_silent(at: datetime) -> Values:
    silent = Witness.objects.filter(is_enabled=True, failed_at__gt=F("answered_at"))
    return {ONLY: silent.count()}


def register() -> None:
    registry.register([
        Gauge("runner_silence_seconds", registry.WATCHING, _("Denyut terakhir pemantau"),
              "Time since a runner said it was alive.", runner_silence, Unit.SECONDS, warn=30, bad=120,
              fix=_("Pemantau diam: tidak ada yang diperiksa. Jalankan: satukota watch")),
        Gauge("runner_behind_seconds", registry.WATCHING, _("Pemeriksaan tertinggal"),
              "How late the most overdue target is.", behind, Unit.SECONDS, warn=30, bad=120,
              fix=_("Tambah pemantau kedua atau renggangkan jarak pemeriksaan.")),
        Gauge("targets", registry.WATCHING, _("Titik yang dipantau"), "Watched things by kind and state.",
              targets, labels=("kind", "state"), none_is_fine=True, on_page=False),
        Gauge("uplink_lost", registry.WATCHING, _("Jaringan kami sendiri putus"), "1 while our own line is lost.",
              uplink, Unit.YES, bad=1, fix=_("Selama putus, keadaan titik belum diketahui. Hubungi penyedia.")),
        Gauge("witnesses_silent", registry.WATCHING, _("Saksi jaringan yang diam"),
              "Witnesses whose last answer is older than their last failure.", witnesses_silent, warn=1,
              fix=_("Periksa alamat saksi di halaman Jaringan.")),
    ])  # fmt: skip
