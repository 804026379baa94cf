"""Telling people: written in the same transaction as the act, sent by the outbox afterwards, at least once."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from .models import Message
from .preferences import channels_of, held_until, preferences_of

Urgency = Message.Urgency
SCREEN = Message.Channel.SCREEN


def tell(
    recipients: Iterable[Any], *, kind: str, about: str, subject: str, body: str, path: str, at: datetime,
    urgency: int = Urgency.NORMAL, answers: Iterable[str] = (),
) -> None:  # fmt: skip
    """Queue one message per person and channel. Telling the same thing twice is one message (unique in the table).

    `answers` names kinds told about the same thing before (a recovery answers a failure): who was told of them over a
    channel is told over it now, whatever they have chosen since. Quiet hours hold back only Urgency.LOW.
    """
    people = list(recipients)
    choices, before = preferences_of(people), _told_over(about, answers)
    rows = [
        Message(
            recipient=person, channel=channel, kind=kind, about=about, subject=subject[:200], body=body, path=path,
            urgency=urgency, created_at=at, sent_at=at if channel == SCREEN else None,
            not_before=held_until(choices[person.pk], urgency, at),
        )
        for person in people
        for channel in channels_of(person, choices[person.pk], before[person.pk])
    ]  # fmt: skip
    Message.objects.bulk_create(rows, ignore_conflicts=True)


def told_of(about: str, kinds: Iterable[str]) -> set[int]:
    """Ids of everyone who was told one of `kinds` about this thing."""
    return set(Message.objects.filter(about=about, kind__in=kinds).values_list("recipient_id", flat=True))


def _told_over(about: str, kinds: Iterable[str]) -> dict[int, set[str]]:
    """Channels by user id. One query, none without kinds."""
    found: dict[int, set[str]] = defaultdict(set)
    asked = list(kinds)
    if asked:
        told = Message.objects.filter(about=about, kind__in=asked).exclude(channel=SCREEN)
        for person, channel in told.values_list("recipient_id", "channel"):
            found[person].add(channel)
    return found


def unread(user: Any) -> QuerySet[Message]:
    return Message.objects.filter(recipient=user, channel=SCREEN, read_at=None)


def mark_read(user: Any, at: datetime, ids: Iterable[int] | None = None) -> int:
    mine = Message.objects.filter(recipient=user, read_at=None)
    return (mine if ids is None else mine.filter(pk__in=list(ids))).update(read_at=at)
