"""Turning cameras by those who may: each act on the audit log, one login attempt, no key that sticks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from satukota.base import secrets
from satukota.base.audit import actions as audit
from satukota.base.errors import UserError
from satukota.city import access

from ..models import Camera
from ..onvif import ptz

KNOWN_FOR_S = 600.0
AUDIT_EVERY_S = 60.0
T = TypeVar("T")
_mounts: dict[int, tuple[float, str, ptz.Mount]] = {}
_noted: dict[tuple[int, int], float] = {}


class CannotSteer(UserError):
    code = "tidak_dapat_diarahkan"
    status = 409


def presets(camera: Camera) -> list[ptz.Preset]:
    """Raises CannotSteer."""
    return _told(camera, ptz.presets)


def go_to(camera: Camera, token: str, *, by: Any, at: datetime) -> None:
    """Raises CannotSteer, NotAllowed."""
    _may(camera, by)
    _told(camera, lambda mount: ptz.go_to(mount, token))
    audit.record(
        "cameras.steered", by=by, at=at, on=camera, opd_code=camera.target.owner.code, after={"preset": token}
    )  # fmt: skip


def move(camera: Camera, pan: float, tilt: float, zoom: float, *, by: Any, at: datetime) -> None:
    """A held key asks again and again: it is written down once a minute. Raises CannotSteer, NotAllowed."""
    _may(camera, by)
    _told(camera, lambda mount: ptz.move(mount, pan, tilt, zoom))
    key = (camera.pk, by.pk)
    if (pan or tilt or zoom) and time.monotonic() - _noted.get(key, -AUDIT_EVERY_S) >= AUDIT_EVERY_S:
        _noted[key] = time.monotonic()
        audit.record(
            "cameras.steered", by=by, at=at, on=camera, opd_code=camera.target.owner.code,
            after={"pan": pan, "tilt": tilt, "zoom": zoom},
        )  # fmt: skip


def _may(camera: Camera, by: Any) -> None:
    access.require(by, "cameras.steer", camera.target.owner_id, camera.target.kelurahan_id)


def _told(camera: Camera, act: Callable[[ptz.Mount], Awaitable[T]]) -> T:
    if camera.kind != Camera.Kind.PTZ or not camera.onvif_address:
        raise _cannot("no_ptz")
    if camera.login_refused_at is not None:
        raise _cannot("login_refused")
    try:
        return asyncio.run(_ask(camera, act))
    except ptz.PtzFault as fault:
        _mounts.pop(camera.pk, None)
        raise _cannot(fault.cause) from None


async def _ask(camera: Camera, act: Callable[[ptz.Mount], Awaitable[T]]) -> T:
    now, mark = time.monotonic(), f"{camera.onvif_address} {camera.username} {camera.password_sealed}"
    known = _mounts.get(camera.pk)
    if known is None or known[1] != mark or now - known[0] > KNOWN_FOR_S:
        try:
            password = secrets.unseal(camera.password_sealed)
        except secrets.Unsealable:
            raise ptz.PtzFault("login_refused") from None
        known = (now, mark, await ptz.find(camera.onvif_address, camera.username, password))
        _mounts[camera.pk] = known
    return await act(known[2])


def _cannot(cause: str) -> CannotSteer:
    text, fix = {
        "no_ptz": (_("Kamera ini tidak dapat digerakkan."), _("Hanya kamera PTZ dengan ONVIF yang dapat.")),
        "login_refused": (_("Kamera menolak sandi kami."), _("Perbarui sandi kamera di register.")),
        "timeout": (_("Kamera tidak menjawab."), _("Coba lagi.")),
        "unreachable": (_("Kamera tidak dapat dihubungi."), _("Periksa sambungannya.")),
    }.get(cause, (_("Kamera menolak perintah ini."), _("Coba lagi atau periksa setelan ONVIF-nya.")))
    return CannotSteer(text, fix=fix)
