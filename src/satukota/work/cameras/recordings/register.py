"""Recorders in the register: where they are, how we come in, who keeps them, which camera is on which channel."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from satukota.base import addresses, secrets
from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, UserError
from satukota.city import access
from satukota.city.models import Opd, Person

from ..models import Camera, RecordedCamera, Recorder

LONGEST_RETENTION = 3650  # days
DOORS = ("address", "username", "kind")


def save_recorder(
    recorder: Recorder | None, *, name: str, owner: Opd, kind: str, address: str, username: str, password: str,
    custodian: Person | None, custodian_office: str, retention_days: int | None, by: Any, at: datetime,
) -> Recorder:  # fmt: skip
    """A new one, or what is said of one changed; an empty password stays as it was. Raises NotAllowed, UserError."""
    access.require(by, "recordings.manage", owner.pk)
    row = recorder or Recorder(owner=owner)
    access.require(by, "recordings.manage", row.owner_id)
    before = _told(row) if recorder else None
    doors = {name: getattr(row, name) for name in DOORS}
    if kind == Recorder.Kind.ONVIF or address.strip():
        address = str(addresses.check_address(address, schemes=("http", "https")))
    if not name.strip():
        raise UserError(_("Perekam belum diberi nama."), fix=_("Tulis nama yang dikenali orang."))
    row.owner, row.name, row.kind, row.address, row.username = owner, name.strip(), kind, address, username.strip()
    row.custodian, row.custodian_office, row.retention_days = custodian, custodian_office.strip(), retention_days
    if password:
        row.password_sealed = secrets.seal(password)
    if password or doors != {name: getattr(row, name) for name in DOORS}:
        row.login_refused_at, row.fault = None, ""
        row.next_due_at = at if kind == Recorder.Kind.ONVIF else None
    try:
        with transaction.atomic():
            row.save()
            audit.record(
                "cameras.recorder_changed" if recorder else "cameras.recorder_added", by=by, at=at, on=row,
                opd_code=owner.code, before=before, after=_told(row) | {"password": bool(password)},
            )  # fmt: skip
    except IntegrityError as taken:
        raise AlreadyDone(_("Nama perekam ini sudah dipakai."), fix=_("Pakai nama lain.")) from taken
    return row


@transaction.atomic
def attach(camera: Camera, recorder: Recorder | None, token: str, *, by: Any, at: datetime) -> None:
    """Say on which recorder and channel the camera is; None: on none. Raises NotAllowed, UserError, AlreadyDone."""
    access.require(by, "recordings.manage", camera.target.owner_id, camera.target.kelurahan_id)
    now = RecordedCamera.objects.select_related("recorder").filter(camera=camera).first()
    before = {"recorder": now.recorder.name, "token": now.token} if now else None
    if recorder is None:
        RecordedCamera.objects.filter(camera=camera).delete()
    else:
        access.require(by, "recordings.manage", recorder.owner_id)
        if not token.strip():
            raise UserError(_("Kanal kamera pada perekam belum diisi."), fix=_("Pilih atau tulis token kanalnya."))
        if RecordedCamera.objects.filter(recorder=recorder, token=token.strip()).exclude(camera=camera).exists():
            raise AlreadyDone(_("Kanal ini sudah dipakai kamera lain."), fix=_("Periksa token kanalnya."))
        if now is None or (now.recorder_id, now.token) != (recorder.pk, token.strip()):
            RecordedCamera.objects.filter(camera=camera).delete()  # what another one told is not of this one
            RecordedCamera.objects.create(camera=camera, recorder=recorder, token=token.strip()[:64])
            if recorder.kind == Recorder.Kind.ONVIF:
                Recorder.objects.filter(pk=recorder.pk).update(next_due_at=at)
    after = {"recorder": recorder.name, "token": token.strip()} if recorder else None
    audit.record("cameras.recorder_attached", by=by, at=at, on=camera, opd_code=camera.target.owner.code,
                 before=before, after=after)  # fmt: skip


@transaction.atomic
def ask_now(recorder: Recorder, *, by: Any, at: datetime) -> None:
    """At the next turn of the clockwork. Raises NotAllowed, UserError."""
    access.require(by, "recordings.manage", recorder.owner_id)
    if recorder.kind != Recorder.Kind.ONVIF:
        raise UserError(_("Perekam ini tidak dapat ditanyai."), fix=_("Rekamannya diminta kepada petugasnya."))
    Recorder.objects.filter(pk=recorder.pk).update(next_due_at=at, login_refused_at=None)
    audit.record("cameras.recorder_asked", by=by, at=at, on=recorder, opd_code=recorder.owner.code)


def _told(row: Recorder) -> dict[str, Any]:
    return {
        "name": row.name, "owner": row.owner.code, "kind": row.kind, "address": row.address, "username": row.username,
        "custodian": row.custodian.name if row.custodian else "", "office": row.custodian_office,
        "retention_days": row.retention_days,
    }  # fmt: skip
