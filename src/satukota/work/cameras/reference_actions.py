"""What people do with reference pictures: accept one, see them, start over."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.accounts.models import User
from satukota.base.audit import actions as audit
from satukota.base.errors import UserError
from satukota.base.evidence import actions as evidence
from satukota.rules import sun
from satukota.rules.picture_truth import Reference, Sight
from satukota.rules.picture_truth.model import HEIGHT, WIDTH
from satukota.shared.monitoring.models import Reading

from .models import Camera, CameraReference


def references_for(camera: Camera) -> list[CameraReference]:
    """Those in force, accepted ones first, then by mode and part of the day. One query."""
    rows = CameraReference.objects.filter(camera=camera, retired_at=None).select_related("picture", "accepted_by")
    return sorted(rows, key=lambda row: (row.accepted_at is None, row.mode, row.hour_bin))


@transaction.atomic
def accept_reference(camera: Camera, *, by: User, at: datetime, reading: Reading | None = None) -> CameraReference:
    """Declare that a picture shows what this camera is there to show: that of a reading, else the newest one.

    It becomes the anchor of its mode: an earlier one of the same mode is retired, and so is what was learned in that
    mode, for it was learned beside the old anchor. Raises UserError when there is no picture or nothing to recognise.
    """
    Camera.objects.select_for_update().get(pk=camera.pk)
    picture, taken_at = _picture_of(camera, reading)
    reference = reference_of(
        picture, taken_at.timestamp(), clock.local(taken_at).hour, is_day=_is_day(camera, taken_at)
    )
    if not reference.stats.is_usable:
        raise UserError(
            _("Gambar ini tidak dapat menjadi acuan: garis dan bentuknya terlalu sedikit."),
            fix=_("Tunggu gambar yang lebih terang atau bersihkan lensa, lalu terima gambar itu."),
            code="acuan_tanpa_bentuk",
        )
    older = CameraReference.objects.filter(camera=camera, mode=reference.mode, retired_at=None)
    before = list(older.values_list("pk", flat=True))
    older.update(retired_at=at)
    stored = evidence.keep(
        picture, media_type="image/jpeg", kind="reference", source=camera.target.code, taken_at=taken_at,
        delete_on=None,
    )  # fmt: skip
    row = CameraReference.objects.create(
        camera=camera, mode=reference.mode, hour_bin=reference.hour_bin, content=reference.to_bytes(), picture=stored,
        taken_at=taken_at, accepted_by=by, accepted_at=at,
    )  # fmt: skip
    audit.record(
        "cameras.reference_accepted", on=camera.target, by=by, at=at, opd_code=camera.target.owner.code,
        before={"references": before},
        after={"reference": row.pk, "mode": row.mode, "sha256": stored.sha256, "taken_at": taken_at},
    )  # fmt: skip
    return row


@transaction.atomic
def reset_references(camera: Camera, *, why: str, by: User, at: datetime) -> int:
    """Retire all of them, after the camera was moved on purpose; it counts as unverified until one is accepted.

    Returns how many were retired. Raises UserError without a reason.
    """
    if not why.strip():
        raise UserError(_("Alasan belum diisi."), fix=_("Tulis mengapa acuan dihapus, misalnya kamera dipindahkan."))
    live = CameraReference.objects.filter(camera=camera, retired_at=None)
    before = list(live.values_list("pk", flat=True))
    live.update(retired_at=at)
    audit.record(
        "cameras.references_reset", on=camera.target, by=by, at=at, opd_code=camera.target.owner.code, why=why.strip(),
        before={"references": before},
    )  # fmt: skip
    return len(before)


def reference_of(jpeg: bytes, taken_at: float, hour: int, *, is_day: bool | None = None) -> Reference:
    """The reference a shown picture makes. Raises UserError when it is no picture."""
    import cv2
    import numpy as np

    colours = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
    if colours is None:
        raise UserError(_("Gambar tidak dapat dibuka."), fix=_("Periksa kamera sekali lagi, lalu terima gambarnya."))
    luma, *chroma = cv2.split(cv2.cvtColor(colours, cv2.COLOR_BGR2YCrCb))
    gray = np.asarray(cv2.resize(luma, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
    tint = sum(float(np.abs(plane.astype(np.int16) - 128).mean()) for plane in chroma)
    sight = Sight(gray=gray, chroma=tint, keyframe_sha=b"", at=taken_at, hour=hour, is_day=is_day)
    return Reference.from_sight(sight, accepted=True)


def _picture_of(camera: Camera, reading: Reading | None) -> tuple[bytes, datetime]:
    if reading is not None:
        if reading.target_id != camera.pk or reading.picture is None:
            raise _no_picture()
        try:
            return evidence.content_of(reading.picture), reading.at
        except evidence.FileGone:
            raise _no_picture() from None
    picture = evidence.slot_content(f"camera/{camera.target.code}/latest")
    if picture is None or camera.last_seen_at is None:
        raise _no_picture()
    return picture, camera.last_seen_at


def _no_picture() -> UserError:
    return UserError(
        _("Belum ada gambar dari kamera ini yang dapat diterima sebagai acuan."),
        fix=_("Periksa kamera dahulu; setelah gambarnya tampil, terima gambar itu."),
        code="belum_ada_gambar",
    )


def _is_day(camera: Camera, moment: datetime) -> bool | None:
    target = camera.target
    if target.lon is None or target.lat is None:
        return None
    return sun.is_light(moment, target.lon, target.lat)
