"""Gauges of the parts beside the pages: do they answer, what fills the buffer, which job is late, what overstays."""

import http.client
from datetime import datetime, time
from pathlib import Path

from django.conf import settings
from django.db.models import Min
from django.utils.translation import gettext_lazy as _
from django_tasks_db.models import DBTaskResult

from satukota.base import clock
from satukota.base.evidence.models import StoredFile

from . import registry
from .registry import Gauge, Unit, Values

PATIENCE_S = 0.5
HEALTH = "/sehat"


def part_answers(at: datetime) -> Values:
    """1 where the feed and the hub of live pictures answer on their ports of this machine, 0 where not."""
    parts = {"feed": settings.FEED_PORT, "live": settings.LIVE_PORT}
    return {(name,): float(_answers(port)) for name, port in parts.items()}


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        line.request("GET", HEALTH)
        return line.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def buffer_used(at: datetime) -> Values:
    """Part of what the last minutes of all cameras may take. Files that go while we count are counted as nothing."""
    used = sum(_size_of(path) for path in Path(settings.BUFFER_DIR).rglob("*"))
    return {(): used / (settings.BUFFER_MB * 1_000_000)}


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


def job_lag(at: datetime) -> Values:
    """How long the oldest waiting job of each kind has waited: coverage, imports, letters are told apart."""
    rows = DBTaskResult.objects.ready().order_by().values_list("task_path").annotate(first=Min("enqueued_at"))
    return {(path.rpartition(".")[2],): max(0.0, (at - first).total_seconds()) for path, first in rows}


def evidence_overdue(at: datetime) -> Values:
    """How far past its day the oldest file is that should have been deleted and is not on hold; 0: nothing is."""
    today = clock.local(at).date()
    due = StoredFile.objects.filter(delete_on__lt=today, on_hold=False, deleted_at=None)
    first = due.aggregate(first=Min("delete_on"))["first"]
    if first is None:
        return {(): 0.0}
    return {(): max(0.0, (at - datetime.combine(first, time(), clock.local_zone())).total_seconds())}


def register() -> None:
    registry.register([
        Gauge("part_answers", registry.SYSTEM, _("Bagian yang menjawab"), "1 while a part beside the pages answers.",
              part_answers, Unit.YES, ("part",),
              label_words={"feed": _("umpan langsung"), "live": _("gambar langsung")},
              bad=0, low_is_bad=True, fix=_("Jalankan: satukota feed, satukota live. Catatannya di var/log.")),
        Gauge("buffer_used_ratio", registry.SYSTEM, _("Ruang menit terakhir kamera yang terpakai"),
              "Used part of the room for the last minutes of cameras.", buffer_used, Unit.RATIO, warn=1.05, bad=1.5,
              fix=_("Yang tertua tidak terhapus lagi: periksa proses live dan SATUKOTA_BUFFER_MB.")),
        Gauge("job_lag_seconds", registry.QUEUES, _("Pekerjaan tertua menunggu, menurut jenis"),
              "Age of the oldest waiting job of each kind.", job_lag, Unit.SECONDS, ("task",), warn=900, bad=7200,
              none_is_fine=True, fix=_("Apakah proses jobs hidup? Jalankan: satukota jobs")),
        Gauge("evidence_overdue_seconds", registry.TRUST, _("Bukti yang lewat tanggal hapusnya"),
              "How far past its day of deletion the oldest file is.", evidence_overdue, Unit.SECONDS,
              warn=2 * 86_400.0, bad=8 * 86_400.0,
              fix=_("Penghapusan tertunda. Periksa halaman Masa simpan dan proses watch.")),
    ])  # fmt: skip
