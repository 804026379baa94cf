"""Recorders are asked regularly what they hold. What they told is written down; what nobody told stays unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction

from satukota.base import addresses, clock
from satukota.base.errors import UserError
from satukota.rules import recorded as rule

from ..models import RecordedCamera, Recorder, RecordingGap
from ..onvif import recordings as onvif
from ..onvif.by_hand import CallFault
from .pulling import offset_to_correct

AGAIN = timedelta(hours=1)  # what was told is asked again for so long: recorders write down late
USUAL_DAYS = 30  # looked back where nobody stated how long footage is kept
MOST_DAYS = 92
LATE_S = 120.0  # a running recording may be so far behind its newest pictures


@dataclass(frozen=True)
class Asked:
    """What is asked of a recorder for one camera, by our clock."""

    token: str
    since: datetime


@dataclass
class Told:
    """What it told of one camera, by our clock."""

    fault: str = ""
    earliest: datetime | None = None
    known: rule.Span | None = None
    gaps: list[rule.Span] = field(default_factory=list)


@dataclass
class Answer:
    fault: str = ""
    offset_ms: int | None = None
    offered: list[list[str]] = field(default_factory=list)
    told: dict[str, Told] = field(default_factory=dict)
    """by token"""


def due(at: datetime) -> list[int]:
    """Recorders whose turn it is, claimed for this asking."""
    waiting = Recorder.objects.filter(kind=Recorder.Kind.ONVIF, next_due_at__lte=at, login_refused_at=None)
    later = at + timedelta(minutes=settings.RECORDER_MINUTES)
    return [
        pk for pk, was in list(waiting.values_list("pk", "next_due_at")[:50])
        if waiting.filter(pk=pk, next_due_at=was).update(next_due_at=later)
    ]  # fmt: skip


def measure(recorder_id: int) -> Answer | None:
    """Ask one recorder of all its cameras and write down what it told; doing it twice changes nothing."""
    recorder = Recorder.objects.filter(pk=recorder_id, kind=Recorder.Kind.ONVIF).first()
    if recorder is None or recorder.login_refused_at is not None:
        return None
    at = clock.now()
    cameras = list(RecordedCamera.objects.filter(recorder=recorder))
    asked = [Asked(row.token, _since(row, recorder, at)) for row in cameras]
    answer = asyncio.run(ask(recorder.address, recorder.username, recorder.password_sealed.open(), asked, at))
    _write(recorder, cameras, answer, at)
    return answer


def _since(row: RecordedCamera, recorder: Recorder, at: datetime) -> datetime:
    oldest = at - timedelta(days=min(MOST_DAYS, recorder.retention_days or USUAL_DAYS))
    return max(oldest, row.known_to - AGAIN) if row.known_to else oldest


async def ask(url: str, username: str, password: str, asked: Sequence[Asked], at: datetime) -> Answer:
    """Never raises for what the other side does: its fault is part of the answer."""
    answer = Answer()
    try:
        addresses.check_address(url, schemes=("http", "https"))
        box = await onvif.find(url, username, password)
        answer.offset_ms = None if box.offset_s is None else round(box.offset_s * 1000)
        known = {one.token: one for one in await onvif.holdings(box)}
        answer.offered = [[one.token, one.name] for one in known.values()]
        for one in asked:
            answer.told[one.token] = await _told(box, known.get(one.token), one.since, at, answer.offset_ms)
    except UserError:
        answer.fault = "address_refused"
    except CallFault as fault:
        answer.fault = fault.cause
    return answer


async def _told(
    box: onvif.Box, holding: onvif.Holding | None, since: datetime, at: datetime, offset_ms: int | None
) -> Told:
    """Raises CallFault."""
    if holding is None:
        return Told("no_recording")
    shift = timedelta(seconds=offset_to_correct(offset_ms))
    try:
        changes = await onvif.changes(box, holding, since + shift, at + shift)
    except CallFault as fault:
        if fault.cause not in ("device_error", "not_supported"):
            raise
        changes = []  # it does not tell of this camera; of others it may
    earliest = holding.earliest - shift if holding.earliest else None
    latest = holding.latest - shift if holding.latest else None
    until = at.timestamp()
    marks = [rule.Told((one.at - shift).timestamp(), one.is_present) for one in changes]
    known_from, gaps = rule.gaps(marks, until)
    if known_from is None:
        return Told("nothing_told", earliest)
    if latest is not None and not (gaps and gaps[-1][1] >= until) and until - latest.timestamp() > LATE_S:
        until = max(known_from, latest.timestamp())  # it says it records, but holds nothing newer: nobody knows
    if earliest is not None:
        known_from = max(known_from, earliest.timestamp())
    return Told("", earliest, (known_from, until), rule.within(gaps, known_from, until))


@transaction.atomic
def _write(recorder: Recorder, cameras: Sequence[RecordedCamera], answer: Answer, at: datetime) -> None:
    seen = {"asked_at": at, "fault": answer.fault}
    if not answer.fault:
        seen |= {"answered_at": at, "clock_offset_ms": answer.offset_ms, "offered": answer.offered}
    if answer.fault == "login_refused":
        seen["login_refused_at"] = at
    Recorder.objects.filter(pk=recorder.pk).update(**seen)
    if not answer.fault:
        for row in cameras:
            _write_camera(row, answer.told[row.token], at)


def _write_camera(row: RecordedCamera, told: Told, at: datetime) -> None:
    """The newly told time takes the place of what was told of it before; a gap that goes on keeps its beginning."""
    same = RecordedCamera.objects.filter(pk=row.pk, recorder=row.recorder_id, token=row.token)
    found = same.select_for_update().first()
    if found is None:
        return  # taken off this recorder while it was asked
    row = found
    row.fault, row.told_at = told.fault, at
    row.earliest_at = told.earliest or row.earliest_at
    if told.known is not None:
        start, end = told.known
        spans = _joined_before(row, told.gaps, start)
        follows = row.known_from is not None and row.known_to is not None and start <= row.known_to.timestamp()
        row.known_from = row.known_from if follows else moment(start)
        row.known_to = moment(end)
        _replace_gaps(row, spans, start, at)
    row.save(update_fields=["fault", "told_at", "earliest_at", "known_from", "known_to"])


def _joined_before(row: RecordedCamera, gaps: Sequence[rule.Span], start: float) -> list[rule.Span]:
    """A gap at the very beginning of what was told goes on from the one that ended there or later."""
    before = row.gaps.filter(how=RecordingGap.How.TOLD, began_at__lt=moment(start), ended_at__gte=moment(start)).first()
    if before is None or not gaps or gaps[0][0] > start + 1.0:
        return list(gaps)
    return [(before.began_at.timestamp(), gaps[0][1]), *gaps[1:]]


def _replace_gaps(row: RecordedCamera, spans: Sequence[rule.Span], start: float, at: datetime) -> None:
    told = row.gaps.filter(how=RecordingGap.How.TOLD)
    first_told = {one.began_at: one.first_told_at for one in told.filter(ended_at__gte=moment(start))}
    told.filter(began_at__gte=moment(start)).delete()
    told.filter(began_at__lt=moment(start), ended_at__gt=moment(start)).update(ended_at=moment(start))
    for a, b in spans:
        began = moment(a)
        RecordingGap.objects.update_or_create(
            recorded=row, began_at=began, how=RecordingGap.How.TOLD,
            defaults={"ended_at": moment(b), "first_told_at": first_told.get(began, at)},
        )  # fmt: skip


def moment(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(round(epoch_s, 3), UTC)
