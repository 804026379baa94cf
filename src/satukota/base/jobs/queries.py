"""Jobs as people see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min
from django.utils.translation import gettext as _
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from satukota.base.errors import AlreadyDone, Missing

from .leases import ABANDONED
from .models import JobRunner

SHOWN = 100


@dataclass(frozen=True)
class FailedJob:
    id: str
    name: str  # last part of the task's path
    sentence: str
    tries: int
    failed_at: datetime | None


@dataclass(frozen=True)
class Standing:
    """Numbers by state, and how long the oldest waiting job has waited."""

    waiting: int
    running: int
    failed: int
    oldest_s: float


def standing(at: datetime) -> Standing:
    """One query, one more when jobs wait."""
    counted = dict(DBTaskResult.objects.order_by().values_list("status").annotate(n=Count("pk")))
    waiting = counted.get(TaskResultStatus.READY, 0)
    oldest = DBTaskResult.objects.ready().order_by().aggregate(first=Min("enqueued_at"))["first"] if waiting else None
    age_s = max(0.0, (at - oldest).total_seconds()) if oldest else 0.0
    running, ended_badly = counted.get(TaskResultStatus.RUNNING, 0), counted.get(TaskResultStatus.FAILED, 0)
    return Standing(waiting, running, ended_badly, age_s)


def runners() -> list[JobRunner]:
    return list(JobRunner.objects.order_by("-beat_at")[:SHOWN])


def failed() -> list[FailedJob]:
    """The newest SHOWN of those that have ended as failed. One query."""
    rows = DBTaskResult.objects.failed().defer("args_kwargs", "return_value", "traceback").order_by("-finished_at")
    return [
        FailedJob(str(row.pk), row.task_path.rpartition(".")[2], _sentence(row), len(row.worker_ids), row.finished_at)
        for row in rows[:SHOWN]
    ]


def _sentence(row: DBTaskResult) -> str:
    tries = len(row.worker_ids)
    if row.exception_class_path == ABANDONED:
        return _("Pelaksananya mati %d kali di tengah pekerjaan ini; tidak dicoba lagi.") % tries
    kind = row.exception_class_path.rpartition(".")[2]
    return _("Gagal setelah %(n)d kali dicoba (%(kind)s).") % {"n": tries, "kind": kind}


def run_again(job_id: Any, at: datetime) -> None:
    """Let a failed job wait afresh, with all its attempts. The caller has checked who asks.

    Raises Missing, AlreadyDone.
    """
    row = DBTaskResult.objects.filter(pk=job_id).first()
    if row is None:
        raise Missing(_("Pekerjaan ini tidak ditemukan."))
    given_up = DBTaskResult.objects.filter(pk=row.pk, status=TaskResultStatus.FAILED)
    fresh: dict[str, Any] = {"worker_ids": [], "exception_class_path": "", "traceback": "", "finished_at": None}
    if not given_up.update(status=TaskResultStatus.READY, run_after=at, **fresh):
        raise AlreadyDone(_("Pekerjaan ini sudah menunggu atau berjalan."), fix=_("Muat ulang halaman ini."))
