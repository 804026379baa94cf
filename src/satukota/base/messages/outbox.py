"""Sends what waits, at least once: a claim that is also a lease, waits that grow, and an end.

Killed between sending and saying so, a message goes out again under the same key: receivers tell by it. Messages about
one thing reach a person over a channel in the order they were written: no recovery before its failure.
"""

import logging
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from satukota.base.errors import AlreadyDone, Missing

from .channels import Channel, Letter, NotSent, address_of, outward
from .models import Message

log = logging.getLogger(__name__)

EVERY_S = 2.0
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=15)
MOST_TRIES = 24  # the last about four and a half hours after the first
LONGEST_QUIET = timedelta(days=1)
CLOCK_SLACK = timedelta(minutes=1)
KEYS = uuid.UUID("6f1d6c0e-5d2b-5b0e-9a53-5a2f0c7b9e11")  # any fixed one of our own


def key_of(message: Message) -> str:
    """The same for every try of one message over one channel, and for no other message, not even after a restore."""
    written = message.created_at.astimezone(UTC).isoformat()
    return str(uuid.uuid5(KEYS, f"{message.recipient_id}|{message.channel}|{message.kind}|{message.about}|{written}"))


def wait_after(tries: int) -> timedelta:
    """How long before the next try, after `tries` of them."""
    return min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(max(tries - 1, 0), 16))


def waiting(at: datetime) -> QuerySet[Message]:
    """What may go out now. A moment further ahead than it can be was set before the clock went backwards.

    What quiet hours hold back goes out when something louder about the same thing follows it.
    """
    rested = Q(next_try_at=None) | Q(next_try_at__lte=at) | Q(next_try_at__gt=at + LONGEST_WAIT + CLOCK_SLACK)
    for tries in range(1, MOST_TRIES):
        if wait_after(tries) == LONGEST_WAIT:
            break
        rested |= Q(tries=tries, next_try_at__gt=at + wait_after(tries) + CLOCK_SLACK)
    unsent = Message.objects.filter(sent_at=None, failed_at=None)
    same = unsent.filter(recipient=OuterRef("recipient"), channel=OuterRef("channel"), about=OuterRef("about"))
    loud = Q(not_before=None) | Q(not_before__lte=at) | Q(not_before__gt=at + LONGEST_QUIET + CLOCK_SLACK)
    louder = same.filter(pk__gt=OuterRef("pk"), not_before=None)
    return unsent.filter(rested, loud | Exists(louder), ~Exists(same.filter(pk__lt=OuterRef("pk"))))


def send_due(at: datetime, limit: int = 50, only: str = "") -> int:
    """Send what waits, oldest first, over every channel or `only` one. Returns how many were sent."""
    return sum(_send_over(way, at, limit) for key, way in outward().items() if only in ("", key))


def _send_over(way: Channel, at: datetime, limit: int) -> int:
    """One failing recipient holds nobody up; a channel that is down is left alone until the next round."""
    sent, began = 0, time.monotonic()
    for message in waiting(at).filter(channel=way.key).select_related("recipient").order_by("pk")[:limit]:
        now = at + timedelta(seconds=time.monotonic() - began)
        if not _claim(message, now):
            continue  # another sender has it
        try:
            _send(message, way)
        except NotSent as problem:
            _note(message, problem, now)
            if problem.is_channel:
                break
        else:
            Message.objects.filter(pk=message.pk).update(sent_at=now, problem="", next_try_at=None)
            sent += 1
    return sent


def _claim(message: Message, at: datetime) -> bool:
    same = Message.objects.filter(pk=message.pk, tries=message.tries, sent_at=None, failed_at=None)
    return bool(same.update(tries=F("tries") + 1, next_try_at=at + wait_after(message.tries + 1)))


def _send(message: Message, way: Channel) -> None:
    """Raises NotSent."""
    if not way.is_set_up():
        raise NotSent(_("Saluran ini tidak terpasang lagi."), for_good=True)
    if not message.recipient.is_active:
        raise NotSent(_("Akun penerima tidak aktif lagi."), for_good=True)
    to = address_of(message.recipient, message.channel)
    if not to:
        raise NotSent(_("Penerima tidak punya alamat untuk saluran ini lagi."), for_good=True)
    link = settings.SITE_URL + message.path if message.path else ""
    try:
        way.send(Letter(key_of(message), to, message.subject, message.body, link))
    except NotSent:
        raise
    except Exception as failure:  # a channel's own mistake must neither stop the others nor show an address in the log
        log.error("channel %s broke its promise: %s", way.key, type(failure).__name__)
        raise NotSent(_("Saluran ini sedang rusak.")) from None


def _note(message: Message, problem: NotSent, at: datetime) -> None:
    tries = message.tries + 1
    row = Message.objects.filter(pk=message.pk, sent_at=None)
    if problem.for_good or tries >= MOST_TRIES:
        row.update(problem=problem.sentence[:200], failed_at=at, next_try_at=None)
        log.warning("message %s over %s given up after %d tries", message.pk, message.channel, tries)
    elif problem.wait_s is not None:
        later = at + max(wait_after(1), timedelta(seconds=problem.wait_s))
        row.update(problem=problem.sentence[:200], next_try_at=later)
    else:
        row.update(problem=problem.sentence[:200])


def failed() -> QuerySet[Message]:
    """Given up, newest first."""
    return Message.objects.exclude(failed_at=None).select_related("recipient").order_by("-failed_at", "-pk")


def send_again(message_id: int, *, at: datetime, recipient: Any = None) -> Message:
    """Let a message that was given up wait afresh, under its old key; with `recipient`, only theirs.

    The caller has checked who asks. Raises Missing, AlreadyDone.
    """
    rows = Message.objects.filter(pk=message_id)
    message = (rows if recipient is None else rows.filter(recipient=recipient)).first()
    if message is None:
        raise Missing(_("Pesan ini tidak ditemukan."))
    given_up = Message.objects.filter(pk=message.pk).exclude(failed_at=None)
    if not given_up.update(failed_at=None, tries=0, next_try_at=None, not_before=None, problem=""):
        raise AlreadyDone(_("Pesan ini sedang menunggu atau sudah terkirim."), fix=_("Muat ulang halaman ini."))
    message.refresh_from_db()
    return message


def standing(at: datetime) -> list[dict[str, Any]]:
    """Per channel: set up, waiting, seconds the oldest has waited, failed. One query."""
    rows = Message.objects.exclude(channel=Message.Channel.SCREEN).filter(sent_at=None).order_by().values("channel")
    counted = {
        row["channel"]: row
        for row in rows.annotate(
            waiting=Count("pk", filter=Q(failed_at=None)), failed=Count("pk", filter=~Q(failed_at=None)),
            oldest=Min("created_at", filter=Q(failed_at=None)),
        )
    }  # fmt: skip
    found = []
    for key, way in outward().items():
        row = counted.get(key, {})
        oldest = row.get("oldest")
        found.append({
            "channel": key, "label": Message.Channel(key).label, "is_set_up": way.is_set_up(),
            "waiting": row.get("waiting", 0), "failed": row.get("failed", 0),
            "oldest_s": max(0.0, (at - oldest).total_seconds()) if oldest else 0.0,
        })  # fmt: skip
    return found
