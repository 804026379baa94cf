"""An import from upload to the register. Every step can be killed, repeated and resumed; nothing is half applied."""

import logging
import secrets as randomness
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, F
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, UserError
from satukota.city.models import Opd
from satukota.shared.monitoring.models import Target

from .. import actions as cameras
from ..models import Camera, CameraImport, CameraImportRow
from . import spool
from .columns import SECRET
from .files import RawRow, Unreadable, kind_of, open_table
from .plan import CHANGED, NEW, REFUSED, SAME, Planned, plan, restored
from .rows import Known, TypedRow, typed

State = CameraImport.State
AT_ONCE = 2000  # rows read and applied while the person waits; more go to a worker
AT_ONCE_BYTES = 2 * 1024 * 1024  # a larger file is not even opened while the person waits
MOST_WRITTEN = 10_000  # cameras in one transaction: more would hold up the watching of all others for too long
CHUNK = 1000
log = logging.getLogger(__name__)


class TooManyForNow(Exception):
    """More rows than a person should wait for."""


class Superseded(Exception):
    """Another run of the same import took over, or it was stopped: this one writes nothing more."""


class RegisterMoved(Exception):
    """Between preview and approval somebody changed what the preview rests on."""

    def __init__(self, rows: int) -> None:
        super().__init__(f"{rows} rows")
        self.rows = rows


def start(name: str, pieces: Iterable[bytes], size: int, *, owner: Opd, by: Any, at: datetime) -> CameraImport:
    """Take a file in and read it, at once when it is short, else by a worker. Raises UserError for what is no table."""
    coming = iter(pieces)
    first = next(coming, b"")
    source = kind_of(first[:4096], size)
    batch = _begin(name, source, owner=owner, by=by, at=at)
    batch.sha256 = spool.keep(batch.pk, chain([first], coming))
    batch.save(update_fields=["sha256"])
    _run_reading(batch, size)
    batch.refresh_from_db()
    return batch


def start_from_rows(
    name: str, raw: Sequence[RawRow], *, source: str, owner: Opd, by: Any, at: datetime
) -> CameraImport:
    """The same preview for rows that came from no file (ONVIF)."""
    batch = _begin(name, source, owner=owner, by=by, at=at)
    batch.read_as = {"columns": list(dict.fromkeys(key for row in raw for key in row.cells if key != SECRET))}
    batch.save(update_fields=["read_as"])
    _read_rows(batch, batch.run, iter(raw), limit=None)
    batch.refresh_from_db()
    return batch


def _begin(name: str, source: str, *, owner: Opd, by: Any, at: datetime) -> CameraImport:
    return CameraImport.objects.create(
        file_name=name[-200:], source=source, owner=owner, started_by=by, started_at=at, run=_new_run()
    )


def _new_run() -> str:
    return randomness.token_hex(16)


def _run_reading(batch: CameraImport, size: int) -> None:
    from . import tasks

    try:
        if size > AT_ONCE_BYTES:
            raise TooManyForNow
        read(batch.pk, batch.run, limit=AT_ONCE)
    except TooManyForNow:
        spool.tell(batch.pk, 0)
        tasks.read_import.enqueue(batch.pk, batch.run)


def read(pk: int, run: str, limit: int | None = None) -> None:
    """Read the spooled file into rows with their fates; doing it again starts afresh.

    Raises TooManyForNow past `limit` rows. A file that cannot be read fails the import with its sentence.
    """
    batch = CameraImport.objects.filter(pk=pk, run=run, state=State.READING).select_related("owner").first()
    if batch is None:
        return
    try:
        plain = spool.content(pk)
        table = open_table(plain, len(plain.getbuffer()))
        _read_rows(batch, run, table.rows, limit=limit, read_as=table.read_as)
    except Superseded:
        return
    except UserError as problem:
        _fail(pk, run, f"{problem.text} {problem.fix}".strip())
    except spool.Gone:
        _fail(pk, run, _("Berkasnya tidak ada lagi; unggah sekali lagi."))


def _read_rows(
    batch: CameraImport, run: str, raw: Iterator[RawRow], *, limit: int | None, read_as: dict[str, Any] | None = None
) -> None:
    if limit is not None:
        first = list(islice(raw, limit + 1))
        if len(first) > limit:
            raise TooManyForNow
        raw = iter(first)
    CameraImportRow.objects.filter(batch=batch).delete()
    CameraImport.objects.filter(pk=batch.pk, run=run).update(rows_total=0)
    known, seen, doubled = Known(), dict[str, int](), dict[int, int]()
    done = 0
    while chunk := list(islice(raw, CHUNK)):
        done += len(chunk)
        rows = [typed(row, known) for row in chunk]
        _complain_of_doubles(rows, seen, doubled)
        _store(batch, run, plan(rows, batch.owner))
        spool.tell(batch.pk, done)
        if spool.is_asked_to_stop(batch.pk):
            cancel_stopped(batch.pk, run)
            raise Superseded
    if done == 0:
        raise Unreadable(_("Di bawah kepala kolom tidak ada baris."), fix=_("Isi daftar kameranya, lalu unggah lagi."))
    _finish_reading(batch.pk, run, doubled, read_as if read_as is not None else batch.read_as)
    spool.forget(batch.pk)


def _complain_of_doubles(rows: Sequence[TypedRow], seen: dict[str, int], doubled: dict[int, int]) -> None:
    """Later rows with a code met before are refused here; the first of them when the file has been read."""
    for row in rows:
        if not row.code:
            continue
        first = seen.setdefault(row.code.upper(), row.number)
        if first != row.number:
            row.complain("code", _("“%(code)s” sudah dipakai di baris %(row)d") % {"code": row.code, "row": first})
            doubled.setdefault(first, row.number)


@transaction.atomic
def _store(batch: CameraImport, run: str, planned: Sequence[Planned]) -> None:
    """Raises Superseded when another run has taken over."""
    mine = CameraImport.objects.filter(pk=batch.pk, run=run, state=State.READING)
    if not mine.update(rows_total=F("rows_total") + len(planned)):
        raise Superseded
    CameraImportRow.objects.bulk_create([each.stored(batch.pk) for each in planned], batch_size=500)


@transaction.atomic
def _finish_reading(pk: int, run: str, doubled: dict[int, int], read_as: dict[str, Any]) -> None:
    firsts = sorted(doubled)
    for start_at in range(0, len(firsts), CHUNK):
        part = firsts[start_at : start_at + CHUNK]
        rows = list(CameraImportRow.objects.filter(batch=pk, number__in=part))
        for row in rows:
            text = _("“%(code)s” dipakai lagi di baris %(row)d") % {"code": row.code, "row": doubled[row.number]}
            row.complaints.append({"column": "code", "text": text, "note": False})
            row.cells = row.cells if row.fate == REFUSED else _as_shown(row.cells) | {"code": row.code}
            row.fate, row.changes, row.password_sealed = REFUSED, {}, ""
        CameraImportRow.objects.bulk_update(
            rows, ["complaints", "cells", "fate", "changes", "password_sealed"], batch_size=200
        )
    mine = CameraImport.objects.filter(pk=pk, run=run, state=State.READING)
    if not mine.update(state=State.PREVIEW, read_as=read_as, problem="", **_counts(pk)):
        raise Superseded


def _as_shown(cells: dict[str, Any]) -> dict[str, str]:
    """Values as text, for the report of a row that was good by itself."""
    return {key: str(value) for key, value in cells.items() if not key.endswith("_id") and value is not None}


def _counts(pk: int) -> dict[str, int]:
    rows = CameraImportRow.objects.filter(batch=pk).order_by().values_list("fate").annotate(n=Count("pk"))
    found = dict(rows)
    return {f"rows_{fate}": found.get(fate, 0) for fate in (NEW, CHANGED, SAME, REFUSED)}


def _fail(pk: int, run: str, text: str) -> None:
    with transaction.atomic():
        mine = CameraImport.objects.filter(pk=pk, run=run, state=State.READING)
        if mine.update(state=State.FAILED, problem=text[:300]):
            CameraImportRow.objects.filter(batch=pk).delete()
    spool.forget(pk)


def approve(batch: CameraImport, *, by: Any, at: datetime) -> None:
    """Apply the preview: at once when short, else by a worker. Raises UserError, AlreadyDone."""
    from . import tasks

    run = _new_run()
    waiting = CameraImport.objects.filter(pk=batch.pk, state=State.PREVIEW)
    if not batch.rows_new + batch.rows_changed:
        raise UserError(_("Tidak ada baris yang dapat diterapkan."), fix=_("Perbaiki baris yang ditolak, lalu unggah."))
    if batch.rows_new + batch.rows_changed > MOST_WRITTEN:
        raise UserError(
            _("Sekali terap paling banyak %d kamera.") % MOST_WRITTEN, fix=_("Bagi berkasnya menjadi beberapa impor.")
        )
    spool.clear_stop(batch.pk)
    is_short = batch.rows_new + batch.rows_changed <= AT_ONCE
    with transaction.atomic():  # a state without its job would wait for ever
        if not waiting.update(state=State.APPLYING, run=run, started_by=by, problem=""):
            raise AlreadyDone(_("Impor ini sudah diterapkan atau dibatalkan."), fix=_("Muat ulang halaman ini."))
        if not is_short:
            tasks.apply_import.enqueue(batch.pk, run)
    spool.tell(batch.pk, 0, batch.rows_total)
    if is_short:
        apply(batch.pk, run)


def apply(pk: int, run: str) -> None:
    """Write every row that is new or changed in one transaction, or none; doing it twice writes once.

    When the register has moved since the preview, nothing is written and the preview is made anew.
    """
    try:
        with transaction.atomic():
            _apply(pk, run)
    except Superseded:
        _back_to_preview(pk, run, _("Penerapan dihentikan; tidak ada yang ditulis."))
    except (RegisterMoved, IntegrityError) as problem:
        _plan_anew(pk, run, problem.rows if isinstance(problem, RegisterMoved) else 1)
    spool.forget(pk)


def _apply(pk: int, run: str) -> None:
    batch = CameraImport.objects.select_for_update(of=("self",)).select_related("owner", "started_by").get(pk=pk)
    if batch.run != run or batch.state != State.APPLYING:
        return
    at, moved, done, wrote = clock.now(), 0, 0, {NEW: 0, CHANGED: 0}
    for stored in _chunks(pk, exclude=REFUSED):
        planned = plan([restored(row) for row in stored], batch.owner, lock=True)
        stale = [row for row, now in zip(stored, planned, strict=True)
                 if (row.fate, row.changes) != (now.fate, now.changes)]  # fmt: skip
        moved += len(stale)
        if not moved:
            _write(planned, batch.owner, at)
            for each in planned:
                wrote[each.fate] = wrote.get(each.fate, 0) + 1
        done += len(stored)
        spool.tell(pk, done, batch.rows_total)
        if spool.is_asked_to_stop(pk):
            raise Superseded
    if moved:
        raise RegisterMoved(moved)
    CameraImportRow.objects.filter(batch=pk).exclude(password_sealed="").update(password_sealed="")
    batch.state, batch.applied_at, batch.problem = State.APPLIED, at, ""
    batch.save(update_fields=["state", "applied_at", "problem"])
    audit.record(
        "cameras.imported", by=batch.started_by, at=at, on=batch, opd_code=batch.owner.code,
        after={"new": wrote[NEW], "changed": wrote[CHANGED], "refused": batch.rows_refused, "sha256": batch.sha256},
    )  # fmt: skip


def _chunks(pk: int, exclude: str) -> Iterator[list[CameraImportRow]]:
    last = 0
    rows = CameraImportRow.objects.filter(batch=pk).exclude(fate=exclude).order_by("pk")
    while chunk := list(rows.filter(pk__gt=last)[:CHUNK]):
        last = chunk[-1].pk
        yield chunk


def _write(planned: Sequence[Planned], owner: Opd, at: datetime) -> None:
    new = []
    for each in planned:
        if each.fate == NEW:
            target = Target(kind="camera", code=each.row.code, owner=owner)
            camera = Camera()
            camera.target = target
            new.append(camera)
            cameras.fill(camera, each.row.values, each.row.password or None, at)
        elif each.fate == CHANGED and each.camera is not None:
            changed = {name: value for name, value in each.row.values.items() if name in each.changes}
            password = each.row.password if SECRET in each.changes else None
            cameras.write(each.camera, changed, password, at)
    Target.objects.bulk_create([camera.target for camera in new], batch_size=500)
    for camera in new:
        camera.target_id = camera.target.pk
    Camera.objects.bulk_create(new, batch_size=500)


def _plan_anew(pk: int, run: str, rows: int) -> None:
    """Give every row that was not refused the fate it has now, and go back to the preview."""
    with transaction.atomic():
        batch = CameraImport.objects.select_related("owner").get(pk=pk)
        for stored in _chunks(pk, exclude=REFUSED):
            for row, now in zip(stored, plan([restored(each) for each in stored], batch.owner), strict=True):
                anew = now.stored(pk)
                row.fate, row.changes, row.complaints, row.cells = anew.fate, anew.changes, anew.complaints, anew.cells
                if row.fate == REFUSED:
                    row.cells, row.password_sealed = _as_shown(row.cells) | {"code": row.code}, ""
            CameraImportRow.objects.bulk_update(
                stored, ["fate", "changes", "complaints", "cells", "password_sealed"], batch_size=200
            )
        text = _("Register berubah sejak pratinjau dibuat (%d baris). Periksa pratinjau yang baru.") % rows
        mine = CameraImport.objects.filter(pk=pk, run=run, state=State.APPLYING)
        mine.update(state=State.PREVIEW, problem=text, **_counts(pk))


def _back_to_preview(pk: int, run: str, text: str) -> None:
    CameraImport.objects.filter(pk=pk, run=run, state=State.APPLYING).update(state=State.PREVIEW, problem=text)


def stop(batch: CameraImport) -> None:
    """Ask the worker to stop after the rows it has in hand; a worker that is no more needs no asking."""
    spool.ask_to_stop(batch.pk)
    found = spool.progress(batch.pk)
    if batch.state == State.READING and (found is None or not found.is_alive):
        cancel(batch)


def cancel_stopped(pk: int, run: str) -> None:
    with transaction.atomic():
        mine = CameraImport.objects.filter(pk=pk, run=run, state=State.READING)
        if mine.update(state=State.CANCELLED, problem=_("Pembacaan dihentikan.")):
            CameraImportRow.objects.filter(batch=pk).delete()
    spool.forget(pk)


def cancel(batch: CameraImport) -> None:
    """Throw a preview or a stalled reading away, with its rows. Raises AlreadyDone."""
    with transaction.atomic():
        waiting = CameraImport.objects.filter(pk=batch.pk, state__in=(State.PREVIEW, State.READING))
        if not waiting.update(state=State.CANCELLED, run=_new_run(), problem=""):
            raise AlreadyDone(_("Impor ini sudah diterapkan atau dibatalkan."), fix=_("Muat ulang halaman ini."))
        CameraImportRow.objects.filter(batch=batch.pk).delete()
    spool.forget(batch.pk)


def resume(batch: CameraImport) -> None:
    """Go on after a worker died: read afresh, or apply afresh (what it wrote was never committed)."""
    from . import tasks

    found = spool.progress(batch.pk)
    if found is not None and found.is_alive:
        raise UserError(_("Impor ini masih berjalan."), fix=_("Tunggu, atau hentikan dahulu."))
    run = _new_run()
    same = CameraImport.objects.filter(pk=batch.pk, run=batch.run, state__in=(State.READING, State.APPLYING))
    if not same.update(run=run):
        raise AlreadyDone(_("Impor ini sudah dilanjutkan."), fix=_("Muat ulang halaman ini."))
    spool.clear_stop(batch.pk)
    if batch.state == State.READING and not spool.has_file(batch.pk):
        _fail(batch.pk, run, _("Berkasnya tidak ada lagi; unggah sekali lagi."))
        return
    spool.tell(batch.pk, 0, batch.rows_total if batch.state == State.APPLYING else 0)
    task = tasks.read_import if batch.state == State.READING else tasks.apply_import
    task.enqueue(batch.pk, run)
