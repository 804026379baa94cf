"""Telling people: written in the same transaction as the act, sent by the runner afterwards, at least once."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.mail import send_mail
from django.db.models import F, Q

from .models import Message

LONGEST_WAIT = timedelta(hours=1)


def tell(recipients: Iterable[Any], *, kind: str, about: str, subject: str, body: str, path: str, at: datetime) -> None:
    """Queue one message per person and channel. Telling the same thing twice is one message (unique in the table)."""
    rows = []
    for person in recipients:
        channels = [Message.Channel.SCREEN] + ([Message.Channel.EMAIL] if person.email else [])
        rows += [
            Message(
                recipient=person, channel=channel, kind=kind, about=about, subject=subject[:200], body=body, path=path,
                created_at=at, sent_at=at if channel == Message.Channel.SCREEN else None,
            )
            for channel in channels
        ]  # fmt: skip
    Message.objects.bulk_create(rows, ignore_conflicts=True)


def told_of(about: str, kinds: Iterable[str]) -> set[int]:
    """Ids of everyone who was told one of `kinds` about this thing."""
    return set(Message.objects.filter(about=about, kind__in=kinds).values_list("recipient_id", flat=True))


def send_due(at: datetime, limit: int = 50) -> int:
    """Send what waits, oldest first; a failure waits longer each time and never holds up the others. Returns sent."""
    waiting = Message.objects.filter(Q(next_try_at=None) | Q(next_try_at__lte=at), sent_at=None, tries__lt=20)
    sent = 0
    for message in waiting.select_related("recipient").order_by("created_at")[:limit]:
        pause = min(LONGEST_WAIT, timedelta(seconds=15 * 2**message.tries))
        claimed = Message.objects.filter(pk=message.pk, tries=message.tries, sent_at=None)
        if not claimed.update(tries=F("tries") + 1, next_try_at=at + pause):
            continue  # another runner has it
        try:
            send_mail(message.subject, message.body, None, [message.recipient.email])
        except Exception as problem:
            Message.objects.filter(pk=message.pk).update(problem=str(problem)[:200])
            continue
        Message.objects.filter(pk=message.pk).update(sent_at=at, problem="")
        sent += 1
    return sent


def unread_count(user: Any) -> int:
    return Message.objects.filter(recipient=user, channel=Message.Channel.SCREEN, read_at=None).count()


def mark_read(user: Any, at: datetime, ids: Iterable[int] | None = None) -> int:
    mine = Message.objects.filter(recipient=user, read_at=None)
    return (mine if ids is None else mine.filter(pk__in=list(ids))).update(read_at=at)
