"""Which sample cameras anybody may look at: junctions whose notice stands, decided by the sample supervisor."""

from datetime import datetime

from django.utils.translation import gettext as _

from satukota.base.accounts.models import User
from satukota.work.cameras.models import Camera, PublicView

PUBLIC = ("MB-002", "MB-014", "MB-016", "MB-034")
SUPERVISOR = "supervisor"


def add(at: datetime) -> int:
    """Decisions that were never taken; how many. What somebody withdrew stays withdrawn."""
    supervisor = User.objects.get(username=SUPERVISOR, is_sample=True)
    cameras = Camera.objects.filter(target__code__in=PUBLIC, sign_installed=True, public_views=None)
    return len(PublicView.objects.bulk_create(
        PublicView(camera=camera, decided_by=supervisor, decided_at=at,
                   ground=_("Contoh: simpang ramai, agar warga dapat memilih jalan"))
        for camera in cameras
    ))  # fmt: skip
