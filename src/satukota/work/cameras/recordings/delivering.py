"""The job that pulls footage from a recorder and hands it to evidence: one exhibit, however often it was killed."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import addresses, clock
from satukota.base.audit import actions as audit
from satukota.base.errors import UserError
from satukota.base.evidence import exhibits
from satukota.base.evidence.models import Exhibit, ExhibitFile
from satukota.base.line import hold_line
from satukota.rules import recorded as rule

from ..models import RecordedCamera, Recorder, RecordingGap, Retrieval
from ..onvif import recordings as onvif
from ..onvif.by_hand import CallFault
from . import holding, reminding
from .measuring import moment
from .pulling import Pulled, PullFault, Wanted, offset_to_correct, pull, told_as

State = Retrieval.State
NOTE_EVERY_S = 1.0
log = logging.getLogger(__name__)


class Reached:
    """How far a pull is, told by its thread and read by ours."""

    per_cent = 0

    def note(self, per_cent: int) -> None:
        self.per_cent = per_cent


def run(pk: int, mark: str) -> None:
    """Pull one request; a run that was replaced, or a request that is done, is left alone."""
    mine = Retrieval.objects.filter(pk=pk, run=mark, state__in=(State.ASKED, State.PULLING))
    if not mine.update(state=State.PULLING, progress=0):
        return
    asked = Retrieval.objects.select_related("camera__target__owner", "recorder", "asked_by").get(pk=pk)
    folder: Path | None = None
    try:
        folder = _folder(asked)
        offset_ms, pulled = _pulled(asked, mark, folder)
        deliver(asked, mark, pulled, offset_ms, clock.now())
    except PullFault as fault:
        _failed(asked, mark, fault.cause, clock.now())
    except OSError as problem:
        log.warning("request %s: %s", asked.number, problem.strerror)
        _failed(asked, mark, "disk_full", clock.now())
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _folder(asked: Retrieval) -> Path:
    """A new one; those that killed runs of it left are swept away."""
    root = Path(settings.VAR) / "recordings"
    root.mkdir(parents=True, exist_ok=True)
    for left in root.glob(f"{asked.number}-*"):
        shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{asked.number}-", dir=root))


def _pulled(asked: Retrieval, mark: str, folder: Path) -> tuple[int | None, Pulled]:
    """The network in a thread of its own, the rows in ours. Raises PullFault, OSError."""
    recorder = asked.recorder
    recorded = RecordedCamera.objects.filter(camera=asked.camera_id, recorder=recorder).first()
    if recorder is None or recorded is None:
        raise PullFault("no_recording")
    if recorder.login_refused_at is not None:
        raise PullFault("login_refused")
    wanted = Wanted("", recorder.username, recorder.password_sealed.open(), asked.since.timestamp(),
                    asked.until.timestamp())  # fmt: skip
    reached = Reached()
    with ThreadPoolExecutor(1) as beside:
        job = beside.submit(lambda: asyncio.run(_pull(recorder.address, recorded.token, wanted, folder, reached)))
        while True:
            try:
                return job.result(timeout=NOTE_EVERY_S)
            except TimeoutError:
                if job.done():
                    raise PullFault("timeout") from None
                Retrieval.objects.filter(pk=asked.pk, run=mark, state=State.PULLING).update(progress=reached.per_cent)


async def _pull(
    address: str, token: str, wanted: Wanted, folder: Path, reached: Reached
) -> tuple[int | None, Pulled]:  # fmt: skip
    """Raises PullFault."""
    try:
        addresses.check_address(address, schemes=("http", "https"))
        box = await onvif.find(address, wanted.username, wanted.password)
        url = await onvif.replay_url(box, token)
    except UserError:
        raise PullFault("address_refused") from None
    except CallFault as fault:
        raise PullFault(fault.cause) from None
    offset_ms = None if box.offset_s is None else round(box.offset_s * 1000)
    there = Wanted(url, wanted.username, wanted.password, wanted.since, wanted.until, offset_to_correct(offset_ms))
    return offset_ms, await pull(there, folder, reached.note)


@transaction.atomic
def deliver(asked: Retrieval, mark: str, pulled: Pulled, offset_ms: int | None, at: datetime) -> Exhibit | None:
    """One exhibit with a file per stretch, in one transaction with the request; None when another run was first."""
    hold_line()
    standing = Retrieval.objects.select_for_update().filter(pk=asked.pk, run=mark, state=State.PULLING)
    if not standing.exists():
        return None
    exhibit = open_exhibit(asked, at)
    holes = told_as(pulled)
    for turn, piece in enumerate(pulled.pieces, 1):
        exhibits.add_file(
            exhibit, piece.path.read_bytes(), media_type="video/mp4", role=ExhibitFile.Role.ORIGINAL,
            captured_from=moment(piece.began), captured_to=moment(piece.ended), clock_offset_ms=offset_ms,
            by=asked.asked_by, at=at, note=_note(asked, holes, turn, len(pulled.pieces)),
        )  # fmt: skip
    _keep_found_gaps(asked, pulled, at)
    Retrieval.objects.filter(pk=asked.pk).update(
        state=State.DELIVERED, progress=100, exhibit=exhibit, holes=holes, closed_at=at, fault=""
    )
    audit.record(
        "cameras.recording_delivered", by=None, at=at, on=asked, opd_code=asked.camera.target.owner.code,
        after={"number": asked.number, "exhibit": exhibit.number, "files": len(pulled.pieces), "holes": holes},
    )  # fmt: skip
    reminding.tell_delivered(asked, exhibit.number, at)
    return exhibit


def open_exhibit(asked: Retrieval, at: datetime) -> Exhibit:
    target, start, end = asked.camera.target, clock.local(asked.since), clock.local(asked.until)
    return exhibits.open_exhibit(
        title=_("Rekaman %(code)s, %(day)s %(start)s–%(end)s") % {
            "code": target.code, "day": f"{start:%d-%m-%Y}", "start": f"{start:%H.%M.%S}", "end": f"{end:%H.%M.%S}",
        },
        source=target.code, owner_code=target.owner.code,
        about=asked.incident.number if asked.incident else "", by=asked.asked_by, at=at,
    )  # fmt: skip


def _note(asked: Retrieval, holes: list[list[float]], turn: int, of: int) -> str:
    recorder = asked.recorder.name if asked.recorder else ""
    said = _("Ditarik dari perekam %(name)s atas permintaan %(number)s.") % {"name": recorder, "number": asked.number}
    if of > 1:
        said += " " + _("Bagian %(n)d dari %(of)d.") % {"n": turn, "of": of}
    if holes:
        lacking = ", ".join(
            f"{clock.local(moment(a)):%H.%M.%S}–{clock.local(moment(b)):%H.%M.%S}" for a, b in holes[:4]
        )
        said += " " + _("Tidak ada gambar: %s.") % (lacking + (", …" if len(holes) > 4 else ""))
    return said


def _keep_found_gaps(asked: Retrieval, pulled: Pulled, at: datetime) -> None:
    """Holes the recorder had not told of are its gaps, too."""
    row = holding.row_of(asked.camera)
    if row is None:
        return
    told = [(a - 2, b + 2) for a, b in holding.lacking(row, asked.since, asked.until)]
    for start, end in pulled.holes:
        if any(a <= start and end <= b for a, b in rule.joined(told)):
            continue
        RecordingGap.objects.update_or_create(
            recorded=row, began_at=moment(start), how=RecordingGap.How.FOUND,
            defaults={"ended_at": moment(end), "source": asked.number, "first_told_at": at},
        )  # fmt: skip


@transaction.atomic
def _failed(asked: Retrieval, mark: str, cause: str, at: datetime) -> None:
    mine = Retrieval.objects.filter(pk=asked.pk, run=mark, state=State.PULLING)
    if not mine.update(state=State.FAILED, fault=cause[:30]):
        return
    if cause == "login_refused" and asked.recorder is not None:
        Recorder.objects.filter(pk=asked.recorder.pk, login_refused_at=None).update(login_refused_at=at, fault=cause)
    audit.record("cameras.recording_failed", by=None, at=at, on=asked, opd_code=asked.camera.target.owner.code,
                 after={"number": asked.number, "cause": cause})  # fmt: skip
    reminding.tell_failed(asked, cause, at)
