"""Retention of what `base` keeps. Works register theirs beside their models."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils.translation import gettext_lazy as _
from django_tasks_db.models import DBTaskResult

from satukota.base import clock
from satukota.base.evidence import actions as evidence
from satukota.base.evidence.models import StoredFile
from satukota.base.feed import actions as feed
from satukota.base.feed.models import FeedEntry
from satukota.base.messages.models import Message

from .retention import Gone, Rule, by_age, counted, register

OURS = _("keputusan rancangan; belum ditetapkan kota")
TASK_DAYS = 30
STRAY_DAYS = 1
TOLD = Message.objects.exclude(sent_at=None, failed_at=None)  # what waits to be sent stays
FINISHED = DBTaskResult.objects.exclude(finished_at=None)


def register_all() -> None:
    register(Rule("evidence.pictures", _("gambar bukti pada tanggal hapusnya, kecuali yang ditahan"),
                  lambda: settings.PICTURE_DAYS, _("UU 27/2022; 30 hari belum ditetapkan kota"),
                  "SATUKOTA_PICTURE_DAYS", _pictures, every_h=1))  # fmt: skip
    register(Rule("evidence.strays", _("isi berkas yang tidak lagi disebut baris mana pun"), lambda: STRAY_DAYS, OURS,
                  "base/keeping/rules.py", _strays))  # fmt: skip
    register(
        Rule("feed.entries", _("baris umpan langsung"), lambda: feed.KEPT.days, OURS, "base/feed/actions.py", _feed)
    )
    register(Rule("messages.messages", _("pesan kepada orang"), lambda: settings.MESSAGE_DAYS, OURS,
                  "SATUKOTA_MESSAGE_DAYS",
                  lambda before, at: by_age(TOLD.all(), "created_at", before)))  # fmt: skip
    register(Rule("jobs.results", _("hasil pekerjaan latar belakang yang selesai"), lambda: TASK_DAYS, OURS,
                  "base/keeping/rules.py",
                  lambda before, at: by_age(FINISHED.all(), "finished_at", before)))  # fmt: skip
    register(Rule("sessions.ended", _("sesi masuk yang sudah berakhir"), lambda: 0, OURS, "SESSION_COOKIE_AGE",
                  lambda before, at: by_age(Session.objects.all(), "expire_date", before)))  # fmt: skip


def _pictures(before: datetime, at: datetime) -> Gone:
    """Each file carries its own date, set from the days in force when it was taken."""
    today = clock.local(at).date()
    due = StoredFile.objects.filter(delete_on__lte=today, on_hold=False, deleted_at=None)
    return counted(due, "taken_at", lambda: evidence.delete_due(today, at))


def _strays(before: datetime, at: datetime) -> Gone:
    gone = sorted(evidence.forget_strays(min(before, at - timedelta(days=STRAY_DAYS))))
    return Gone(len(gone), gone[0], gone[-1]) if gone else Gone()


def _feed(before: datetime, at: datetime) -> Gone:
    newest = FeedEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
    return counted(FeedEntry.objects.filter(at__lt=before).exclude(pk=newest), "at", lambda: feed.forget_old(at))
