"""What the clock calls. Each part is imported at its first call: most processes never make it, yet all must start."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from satukota.base.keeping import retention

from .models import PeerStream, RecordingGap

RECORDERS_EVERY_S = 30.0
KEPT = (
    retention.Rule(
        "cameras.peer_streams", _("catatan pengiriman gambar kepada instalasi mitra"), lambda: 90,
        _("keputusan rancangan; siapa yang melihat tetap tercatat"), "work/cameras/federation/streams.py",
        lambda before, at: retention.by_age(PeerStream.objects.all(), "asked_at", before),
    ),
    retention.Rule(
        "cameras.recording_gaps", _("celah rekaman"), lambda: 400, _("keputusan rancangan; belum ditetapkan kota"),
        "work/cameras/recordings/measuring.py",
        lambda before, at: retention.by_age(RecordingGap.objects.all(), "ended_at", before),
    ),
)  # fmt: skip


def ask_peers(at: datetime) -> int:
    from .federation import receiving

    return receiving.sync_all(at)


def forget_nonces(at: datetime) -> int:
    from .federation import trust

    return trust.forget_nonces(at)


def turn_to_recorders(at: datetime) -> None:
    from .recordings import clockwork

    clockwork.turn(at)
