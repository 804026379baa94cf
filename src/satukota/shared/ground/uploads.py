"""A file from a person's browser to the ground. Every step can be killed and done again; nothing is half taken."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import AlreadyDone, UserError
from satukota.city import access

from . import importing
from .models import GroundUpload

State = GroundUpload.State
AT_ONCE_BYTES = 512 * 1024  # checked and stored while the person waits; larger ones go to a worker
KEPT = timedelta(days=2)  # of a preview nobody approved


def begin(
    kind: str, name: str, pieces: Iterable[bytes], *, licence: str, attribution: str, by: Any, at: datetime
) -> GroundUpload:  # fmt: skip
    """Keep the file and check it, at once when it is small. Raises NotAllowed."""
    from . import tasks

    access.require(by, "ground.import")
    forget_old(at)
    upload = GroundUpload.objects.create(
        kind=kind, file_name=Path(name).name[-200:] or "berkas", licence=licence, attribution=attribution,
        started_at=at, started_by=by,
    )  # fmt: skip
    size = _keep(upload.pk, pieces)
    if size > AT_ONCE_BYTES:
        tasks.check_ground.enqueue(upload.pk)
    else:
        check(upload.pk)
    upload.refresh_from_db()
    return upload


def check(pk: int) -> None:
    """Read the file and say what it would bring; doing it again says the same."""
    upload = GroundUpload.objects.filter(pk=pk, state=State.CHECKING).first()
    if upload is None:
        return
    same = GroundUpload.objects.filter(pk=pk, state=State.CHECKING)
    try:
        found = importing.examine(upload.kind, _path(pk))
    except UserError as problem:
        same.update(state=State.FAILED, problem=f"{problem.text} {problem.fix}".strip()[:400])
        _forget(pk)
        return
    same.update(state=State.PREVIEW, report=found.report.as_json())


def approve(upload: GroundUpload, *, by: Any) -> None:
    """Take it in: at once when small, else by a worker. Raises UserError, AlreadyDone, NotAllowed."""
    from . import tasks

    access.require(by, "ground.import")
    path = _path(upload.pk)
    with transaction.atomic():  # a state without its job would wait for ever
        if not GroundUpload.objects.filter(pk=upload.pk, state=State.PREVIEW).update(state=State.STORING):
            raise AlreadyDone(_("Berkas ini sudah dimasukkan atau dibatalkan."), fix=_("Muat ulang halaman ini."))
        if not path.exists():
            raise UserError(_("Berkasnya tidak ada lagi."), fix=_("Unggah sekali lagi."))
        is_small = path.stat().st_size <= AT_ONCE_BYTES
        if not is_small:
            tasks.store_ground.enqueue(upload.pk, by.pk)
    if is_small:
        store(upload.pk, by)


def store(pk: int, by: Any) -> None:
    """The ground and the state change together; the tiles follow, and are made again when they were not finished."""
    from . import tasks

    upload = GroundUpload.objects.filter(pk=pk, state=State.STORING).first()
    if upload is None:
        return
    try:
        taken = importing.examine(upload.kind, _path(pk))
        with transaction.atomic():
            source = importing.keep(
                taken, upload.kind, _path(pk), name=upload.file_name, licence=upload.licence,
                attribution=upload.attribution, by=by, at=clock.now(),
            )  # fmt: skip
            mine = GroundUpload.objects.filter(pk=pk, state=State.STORING)
            mine.update(state=State.DONE, source=source, report=source.report)
            tasks.draw_ground.enqueue()
    except UserError as problem:
        text = f"{problem.text} {problem.fix}".strip()[:400]
        GroundUpload.objects.filter(pk=pk, state=State.STORING).update(state=State.FAILED, problem=text)
    _forget(pk)


def cancel(upload: GroundUpload, *, by: Any) -> None:
    """Throw it away, also one whose worker died. Raises AlreadyDone, NotAllowed."""
    access.require(by, "ground.import")
    waiting = GroundUpload.objects.filter(pk=upload.pk, state__in=(State.CHECKING, State.PREVIEW))
    if not waiting.update(state=State.CANCELLED):
        raise AlreadyDone(_("Berkas ini sudah dimasukkan atau dibatalkan."), fix=_("Muat ulang halaman ini."))
    _forget(upload.pk)


def forget_old(at: datetime) -> None:
    """Previews nobody approved, with their files."""
    old = GroundUpload.objects.filter(state__in=(State.CHECKING, State.PREVIEW), started_at__lt=at - KEPT)
    for pk in list(old.values_list("pk", flat=True)):
        GroundUpload.objects.filter(pk=pk, state__in=(State.CHECKING, State.PREVIEW)).update(state=State.CANCELLED)
        _forget(pk)


def _keep(pk: int, pieces: Iterable[bytes]) -> int:
    path = _path(pk)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb", opener=_private) as out:
        return sum(out.write(piece) for piece in pieces)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _path(pk: int) -> Path:
    return Path(settings.FILES_DIR) / "ground" / f"{int(pk)}.upload"


def _forget(pk: int) -> None:
    _path(pk).unlink(missing_ok=True)
