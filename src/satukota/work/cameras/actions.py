"""Changing what the register says of a camera. Secrets go in and never come out again, not even into the audit log."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import clock, secrets
from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, UserError
from satukota.shared.monitoring import actions as monitoring
from satukota.shared.monitoring.models import Target

from .models import Camera

TARGET_FIELDS = (
    "name", "address", "officer_id", "contract_id", "place_id", "kelurahan_id", "lon", "lat", "link_id", "power_id",
    "is_public", "required_hours",
)  # fmt: skip
CAMERA_FIELDS = (
    "kind", "serial_number", "maker", "model", "purpose", "height_m", "bearing_deg", "fov_deg", "range_m", "tilt_deg",
    "light_m", "presets", "width", "main_width", "height", "codec", "fps", "onvif_address", "username", "sensitivity",
    "installed_on", "cost_rp", "sign_installed",
)  # fmt: skip
# With another one of these the camera may let us in again, and must be looked at now.
DOORS = {"address", "username", "password", "onvif_address"}


def values_of(camera: Camera) -> dict[str, Any]:
    """What the register says now, by field name, without the password."""
    said = {name: getattr(camera.target, name) for name in TARGET_FIELDS}
    return said | {name: getattr(camera, name) for name in CAMERA_FIELDS}


def differences(camera: Camera, values: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Field → (before, after) of what `values` would change; only fields named in `values`."""
    said = values_of(camera)
    return {name: (said[name], value) for name, value in values.items() if name in said and said[name] != value}


def fill(camera: Camera, values: dict[str, Any], password: str | None, at: datetime) -> tuple[set[str], set[str]]:
    """Set the fields without saving; a password (plain, None = as it was) is sealed here.

    Returns which fields of target and of camera to save: the others are the runner's, who writes them all the time.
    """
    of_target, of_camera = set(values) & set(TARGET_FIELDS), set(values) & set(CAMERA_FIELDS)
    for name, value in values.items():
        setattr(camera.target if name in of_target else camera, name, value)
    if password is not None:
        camera.password_sealed = secrets.seal(password)
        of_camera.add("password_sealed")
    if password is not None or DOORS & set(values):
        camera.login_refused_at, camera.target.next_due_at = None, at
        of_camera.add("login_refused_at")
        of_target.add("next_due_at")
    return of_target, of_camera


def write(camera: Camera, values: dict[str, Any], password: str | None, at: datetime) -> None:
    """`fill` and save exactly that."""
    of_target, of_camera = fill(camera, values, password, at)
    camera.target.save(update_fields=of_target)
    camera.save(update_fields=of_camera)


@transaction.atomic
def edit_camera(
    camera_id: int, values: dict[str, Any], *, password: str | None = None, was: dict[str, Any] | None = None, by: Any,
    at: datetime,
) -> bool:  # fmt: skip
    """Write the fields in `values` that differ; False when none does.

    `was` is what the person saw when starting to edit. Raises UserError when somebody else changed one of the same
    fields meanwhile. The address has been checked by the caller (form or import).
    """
    camera = _locked(camera_id)
    changes = differences(camera, values)
    overtaken = [name for name in changes if was is not None and name in was and was[name] != changes[name][0]]
    if overtaken:
        raise UserError(
            _("Data kamera ini diubah orang lain sejak Anda membukanya."),
            fix=_("Isian Anda masih ada di halaman ini. Muat ulang di jendela lain, bandingkan, lalu simpan lagi."),
            code="sudah_berubah",
        )
    if not changes and password is None:
        return False
    write(camera, {name: after for name, (_before, after) in changes.items()}, password, at)
    before = {name: pair[0] for name, pair in changes.items()}
    after = {name: pair[1] for name, pair in changes.items()}
    if password is not None:
        after["password"] = "diganti"
    _record("cameras.edited", camera, by=by, at=at, before=before, after=after)
    return True


@transaction.atomic
def retire_camera(camera_id: int, *, reason: str, by: Any, at: datetime) -> None:
    """Take the camera out of service: no longer looked at or counted; its history stays. Raises AlreadyDone."""
    if not reason.strip():
        raise UserError(_("Alasan penghentian belum diisi."), fix=_("Tulis mengapa kamera ini dihentikan."))
    camera = _locked(camera_id)
    if camera.target.retired_on:
        raise AlreadyDone(_("Kamera ini sudah dihentikan."))
    camera.target.retired_on = clock.local(at).date()
    camera.target.save(update_fields=["retired_on"])
    _record("cameras.retired", camera, by=by, at=at, after={"retired_on": camera.target.retired_on}, why=reason)


@transaction.atomic
def bring_back_camera(camera_id: int, *, by: Any, at: datetime) -> None:
    """Put a retired camera back into service; it is looked at at once. Raises AlreadyDone."""
    camera = _locked(camera_id)
    if not camera.target.retired_on:
        raise AlreadyDone(_("Kamera ini tidak sedang dihentikan."))
    before = {"retired_on": camera.target.retired_on}
    camera.target.retired_on, camera.target.next_due_at = None, at
    camera.target.save(update_fields=["retired_on", "next_due_at"])
    _record("cameras.brought_back", camera, by=by, at=at, before=before)


@transaction.atomic
def look_now(camera: Camera, *, by: Any, at: datetime) -> None:
    """Ask the runner to look at once."""
    if camera.target.retired_on:
        raise UserError(_("Kamera yang dihentikan tidak diperiksa."), fix=_("Aktifkan kembali kamera ini dahulu."))
    monitoring.look_now([camera.pk], at)
    _record("cameras.look_asked", camera, by=by, at=at)


def _locked(camera_id: int) -> Camera:
    """The camera with its target row locked until the transaction ends."""
    target = Target.objects.select_for_update(of=("self",)).select_related("owner").get(pk=camera_id)
    camera = Camera.objects.get(pk=camera_id)
    camera.target = target
    return camera


def _record(act: str, camera: Camera, *, by: Any, at: datetime, **said: Any) -> None:
    audit.record(act, by=by, at=at, on=camera, opd_code=camera.target.owner.code, **said)
