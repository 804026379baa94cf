"""What happens by the clock: recorders are asked in turn, keepers are reminded, requests lapse with the footage."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from satukota.base.audit import actions as audit

from ..models import Retrieval
from . import measuring, reminding, tasks

MOST = 200
State, Way = Retrieval.State, Retrieval.Way
BY_HAND = Q(way=Way.HAND, state__in=(State.ASKED, State.ACKNOWLEDGED))


def turn(at: datetime) -> None:
    """Safe to run twice and in several runners: each step claims its row."""
    for pk in measuring.due(at):
        tasks.ask_recorder.enqueue(pk)
    lapse(at)
    remind(at)


def remind(at: datetime) -> None:
    waiting = Retrieval.objects.filter(BY_HAND)
    rows = waiting.select_related("camera__target", "recorder__custodian__user", "asked_by")
    for row in rows.filter(due_at__lte=at, reminded__lt=2)[:MOST]:
        with transaction.atomic():
            if waiting.filter(pk=row.pk, reminded__lt=2).update(reminded=2):
                reminding.tell_overdue(row, at)
    for row in rows.filter(due_at__lte=at + reminding.SOON, due_at__gt=at, reminded=0)[:MOST]:
        with transaction.atomic():
            if waiting.filter(pk=row.pk, reminded=0).update(reminded=1):
                reminding.tell_soon(row, at)


def lapse(at: datetime) -> None:
    """By what was stated nothing of it is kept any more. What is just being pulled is not given up: a recorder may
    hold more than was stated."""
    gone = Retrieval.objects.filter(BY_HAND | Q(state=State.FAILED), gone_at__lte=at)
    for row in gone.select_related("camera__target__owner", "recorder__custodian__user", "asked_by")[:MOST]:
        with transaction.atomic():
            if not gone.filter(pk=row.pk).update(state=State.LAPSED, closed_at=at, run=""):
                continue
            audit.record("cameras.recording_lapsed", by=None, at=at, on=row, opd_code=row.camera.target.owner.code,
                         after={"number": row.number, "gone_at": row.gone_at})  # fmt: skip
            reminding.tell_lapsed(row, at)
