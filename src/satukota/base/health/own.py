"""The gauges of the base: machine, database, queues, keys, audit log, certificates."""

import shutil
from datetime import datetime
from pathlib import Path

from cryptography import x509
from django.conf import settings
from django.db import connection
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from satukota.base.audit.models import AuditEntry, DaySeal
from satukota.base.feed.models import FeedEntry
from satukota.base.jobs import queries as jobs
from satukota.base.keeping.models import Backup
from satukota.base.messages import outbox
from satukota.base.secrets import rotating

from . import registry
from .registry import Gauge, Unit, Values

ONLY: tuple[str, ...] = ()
DAY_S = 86_400.0


def disk_free(at: datetime) -> Values:
    found: dict[tuple[str, ...], float | None] = {}
    for name, path in (("data", settings.VAR), ("files", settings.FILES_DIR), ("buffer", settings.BUFFER_DIR)):
        there = next(p for p in (path, *path.parents) if p.exists())
        usage = shutil.disk_usage(there)
        found[(name,)] = usage.free / usage.total
    return found


def database_bytes(at: datetime) -> Values:
    """Size of our database as the database itself says."""
    sqlite = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    with connection.cursor() as cursor:
        cursor.execute(sqlite if connection.vendor == "sqlite" else "SELECT pg_database_size(current_database())")
        return {ONLY: float(cursor.fetchone()[0])}


def outbox_waiting(at: datetime) -> Values:
    return {(row["channel"],): row["waiting"] for row in outbox.standing(at)}


def outbox_oldest(at: datetime) -> Values:
    return {(row["channel"],): row["oldest_s"] for row in outbox.standing(at)}


def outbox_failed(at: datetime) -> Values:
    return {(row["channel"],): row["failed"] for row in outbox.standing(at)}


def jobs_by_state(at: datetime) -> Values:
    now = jobs.standing(at)
    return {("waiting",): now.waiting, ("running",): now.running}


def jobs_oldest(at: datetime) -> Values:
    return {ONLY: jobs.standing(at).oldest_s}


def jobs_failed(at: datetime) -> Values:
    return {ONLY: jobs.standing(at).failed}


def feed_age(at: datetime) -> Values:
    """The runner's pulse passes through the feed every ten seconds: an old entry is a feed that stands still."""
    newest = FeedEntry.objects.aggregate(at=Max("at"))["at"]
    return {ONLY: max(0.0, (at - newest).total_seconds()) if newest else None}


def sealed_with_old_keys(at: datetime) -> Values:
    return {ONLY: sum(use.values for use in rotating.uses() if not use.is_newest)}


def audit_rows(at: datetime) -> Values:
    return {ONLY: AuditEntry.objects.aggregate(n=Max("number"))["n"] or 0}


def audit_unsealed_days(at: datetime) -> Values:
    """Days since the last sealed one that had rows, beyond today."""
    sealed = DaySeal.objects.aggregate(day=Max("day"))["day"]
    open_rows = AuditEntry.objects.filter(day__gt=sealed) if sealed else AuditEntry.objects.all()
    first = open_rows.order_by("number").values_list("at", flat=True).first()
    return {ONLY: max(0.0, (at - first).total_seconds()) if first else 0.0}


def backup_age(at: datetime) -> Values:
    made = Backup.objects.aggregate(at=Max("made_at"))["at"]
    return {ONLY: max(0.0, (at - made).total_seconds()) if made else None}


def backup_proof_age(at: datetime) -> Values:
    """Age of the newest backup that was restored on trial: the only proof that one is worth anything."""
    proved = Backup.objects.aggregate(at=Max("verified_at"))["at"]
    return {ONLY: max(0.0, (at - proved).total_seconds()) if proved else None}


def certificates(at: datetime) -> Values:
    """Seconds until each certificate file ends; a file that cannot be read is unknown."""
    return {(Path(name).name,): _ends_in(Path(name), at) for name in settings.CERTIFICATES}


def _ends_in(path: Path, at: datetime) -> float | None:
    try:
        return (x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc - at).total_seconds()
    except (OSError, ValueError):
        return None


def register() -> None:
    registry.register([
        Gauge("disk_free_ratio", registry.SYSTEM, _("Ruang disk yang masih kosong"), "Free part of the disk.",
              disk_free, Unit.RATIO, ("place",),
              label_words={"data": _("data"), "files": _("berkas"), "buffer": _("menit terakhir kamera")},
              warn=0.15, bad=0.05, low_is_bad=True,
              fix=_("Kosongkan disk atau pindahkan data; di bawah 5 persen gambar bukti berhenti disimpan.")),
        Gauge("database_size_bytes", registry.SYSTEM, _("Ukuran basis data"), "Size of the database.",
              database_bytes, Unit.BYTES),
        Gauge("certificate_valid_seconds", registry.SYSTEM, _("Sisa umur sertifikat"),
              "Time until a certificate ends.", certificates, Unit.SECONDS, ("file",),
              warn=21 * DAY_S, bad=3 * DAY_S, low_is_bad=True, none_is_fine=True,
              fix=_("Perbarui sertifikat sebelum habis.")),
        Gauge("outbox_waiting_messages", registry.QUEUES, _("Pesan menunggu dikirim"), "Messages not sent yet.",
              outbox_waiting, labels=("channel",), warn=200, bad=5000,
              fix=_("Periksa gerbang pesan dan proses jobs.")),
        Gauge("outbox_oldest_seconds", registry.QUEUES, _("Pesan tertua menunggu"), "Age of the oldest unsent message.",
              outbox_oldest, Unit.SECONDS, ("channel",), warn=300, bad=3600,
              fix=_("Periksa gerbang pesan dan proses jobs.")),
        Gauge("outbox_failed_messages", registry.QUEUES, _("Pesan yang gagal dikirim"), "Messages given up.",
              outbox_failed, labels=("channel",), warn=1, fix=_("Buka halaman Pesan dan kirim ulang.")),
        Gauge("jobs", registry.QUEUES, _("Pekerjaan latar belakang"), "Background jobs by state.",
              jobs_by_state, labels=("state",), warn=500,
              label_words={"waiting": _("menunggu"), "running": _("berjalan")}),
        Gauge("jobs_oldest_seconds", registry.QUEUES, _("Pekerjaan tertua menunggu"),
              "Age of the oldest waiting job.", jobs_oldest, Unit.SECONDS, warn=300, bad=3600,
              fix=_("Apakah proses jobs hidup? Jalankan: satukota jobs")),
        Gauge("jobs_failed", registry.QUEUES, _("Pekerjaan yang gagal"), "Jobs given up.", jobs_failed, warn=1,
              fix=_("Buka daftar pekerjaan di bawah dan jalankan lagi.")),
        Gauge("feed_age_seconds", registry.QUEUES, _("Umpan langsung, kabar terakhir"), "Age of the newest feed entry.",
              feed_age, Unit.SECONDS, warn=60, bad=300, fix=_("Apakah proses watch hidup? Jalankan: satukota watch")),
        Gauge("sealed_with_old_keys", registry.TRUST, _("Rahasia yang masih memakai kunci lama"),
              "Sealed values not yet under the newest key.", sealed_with_old_keys, warn=1,
              fix=_("Lanjutkan: satukota keys resume")),
        Gauge("backup_age_seconds", registry.TRUST, _("Umur cadangan terbaru"), "Age of the newest backup.",
              backup_age, Unit.SECONDS, warn=26 * 3600, bad=3 * DAY_S, fix=_("Buat sekarang: satukota backup")),
        Gauge("backup_verified_age_seconds", registry.TRUST, _("Cadangan terakhir yang terbukti dapat dipulihkan"),
              "Time since a backup was restored on trial.", backup_proof_age, Unit.SECONDS, warn=31 * DAY_S,
              fix=_("Coba pulihkan: satukota backup verify BERKAS")),
        Gauge("audit_rows", registry.TRUST, _("Baris jejak audit"), "Rows of the audit log.", audit_rows),
        Gauge("audit_unsealed_seconds", registry.TRUST, _("Jejak audit yang belum disegel"),
              "Age of the oldest audit row outside a sealed day.", audit_unsealed_days, Unit.SECONDS,
              warn=2 * DAY_S, bad=4 * DAY_S, fix=_("Segel hari yang lewat: satukota audit seal")),
    ])  # fmt: skip
