"""Public cameras: pictures the health check took anyway, made small, shown after a delay. However many look, the camera
is asked by nobody more: every viewer gets the same file.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, UserError
from satukota.base.evidence import actions as evidence
from satukota.city import access

from .models import Camera, PublicView

LONGEST_DELAY_S, WIDTHS = 3600, (160, 1280)
OLD = timedelta(minutes=15)  # an older picture is not shown at all: it would pass for now


def publish(camera: Camera, *, ground: str, delay_s: int = 60, width: int = 640, by: Any, at: datetime) -> PublicView:
    """Raises NotAllowed, AlreadyDone, and UserError for a protected or lent camera, one without its notice on the spot
    (UU 27/2022 art. 17), or figures that cannot be.
    """
    access.require(by, "cameras.publish", camera.target.owner_id, camera.target.kelurahan_id)
    if camera.sensitivity == "tinggi" or camera.agreements.exists():
        raise UserError(_("Kamera yang dilindungi atau milik mitra tidak ditampilkan."), fix=_("Pilih kamera lain."))
    if not camera.sign_installed:
        raise UserError(
            _("Papan pemberitahuan di tempat kamera ini belum tercatat terpasang (UU 27/2022 pasal 17)."),
            fix=_("Pasang papannya lalu catat di data kamera."),
        )
    if not ground.strip():
        raise UserError(_("Alasan menampilkan belum ditulis."), fix=_("Tulis satu kalimat."))
    if not (0 <= delay_s <= LONGEST_DELAY_S and WIDTHS[0] <= width <= WIDTHS[1]):
        raise UserError(_("Tunda atau lebar gambar di luar batas."), fix=_("0–3600 detik; 160–1280 piksel."))
    try:
        with transaction.atomic():
            view = PublicView.objects.create(
                camera=camera, delay_s=delay_s, width=width, ground=ground.strip()[:300], decided_by=by, decided_at=at
            )
            audit.record("cameras.published", by=by, at=at, on=camera, opd_code=camera.target.owner.code, why=ground,
                         after={"delay_s": delay_s, "width": width})  # fmt: skip
    except IntegrityError as twice:
        raise AlreadyDone(_("Kamera ini sudah publik."), fix=_("Muat ulang halaman.")) from twice
    return view


@transaction.atomic
def withdraw(camera: Camera, *, why: str, by: Any, at: datetime) -> None:
    """From this moment the picture is not served. Raises NotAllowed, AlreadyDone, UserError."""
    access.require(by, "cameras.publish", camera.target.owner_id, camera.target.kelurahan_id)
    if not why.strip():
        raise UserError(_("Alasan menarik kamera belum ditulis."), fix=_("Tulis satu kalimat."))
    if not PublicView.objects.filter(camera=camera, ended_at=None).update(ended_at=at, ended_by=by):
        raise AlreadyDone(_("Kamera ini tidak publik."), fix=_("Muat ulang halaman."))
    for slot in ("public", "public_next"):
        evidence.put_slot(f"camera/{camera.target.code}/{slot}", b"")
    audit.record("cameras.withdrawn", by=by, at=at, on=camera, opd_code=camera.target.owner.code, why=why)


def offer(pictures: Sequence[tuple[int, str, bytes, datetime]]) -> None:
    """Take over pictures of the newest looks, (camera, code, JPEG, taken at), where the camera is public; in the
    transaction that stores the looks. One query, one more per public camera whose picture moves on.
    """
    standing = PublicView.objects.filter(camera__in=[pk for pk, *_rest in pictures], ended_at=None)
    views = {view.camera_id: view for view in standing}
    for pk, code, content, at in pictures:
        if (view := views.get(pk)) is not None:
            _move_on(view, code, content, at)


def _move_on(view: PublicView, code: str, content: bytes, at: datetime) -> None:
    """The waiting picture is shown once it is old enough; then the newest one waits."""
    place = f"camera/{code}/"
    delay = timedelta(seconds=view.delay_s)
    if view.waiting_at is not None and at - view.waiting_at < delay:
        return
    if view.waiting_at is not None and (waiting := evidence.slot_content(place + "public_next")):
        evidence.put_slot(place + "public", waiting)
        view.shown_at = view.waiting_at
    evidence.put_slot(place + "public_next", small(content, view.width))
    view.waiting_at = at
    PublicView.objects.filter(pk=view.pk).update(waiting_at=view.waiting_at, shown_at=view.shown_at)


def small(content: bytes, width: int) -> bytes:
    """The JPEG no wider than `width`."""
    import cv2
    import numpy as np

    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        return b""
    height_now, width_now = picture.shape[:2]
    if width_now > width:
        size = (width, max(1, round(height_now * width / width_now)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 75])[1].tobytes()


def picture(code: str, at: datetime) -> tuple[bytes, datetime] | None:
    """What everybody may see of the camera now, and when it was taken; None when it is not public or has no picture
    young enough. One query.
    """
    view = PublicView.objects.filter(camera__target__code=code, camera__target__retired_on=None, ended_at=None).first()
    if view is None or view.shown_at is None or at - view.shown_at > OLD + timedelta(seconds=view.delay_s):
        return None
    content = evidence.slot_content(f"camera/{code}/public")
    return (content, view.shown_at) if content else None
