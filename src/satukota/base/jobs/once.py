"""Acts that are sent again because their answer was lost: done once, acknowledged every time.

The sender gives every act a key of its own (a hidden field made with the form, or the header Idempotency-Key). The key
is stored in the transaction of the act: both are there or neither, so a key that is known means the act is done.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest

from .models import DoneAct

FIELD = "kunci"
LONGEST = 100  # characters of a key; a longer one is no key of ours
KEPT = timedelta(days=2)


def new_key() -> str:
    return secrets.token_urlsafe(16)


def key_in(request: HttpRequest) -> str:
    """The key the act was sent with; empty when it has none."""
    key = request.headers.get("Idempotency-Key") or request.POST.get(FIELD, "")
    return key if len(key) <= LONGEST and key.isascii() and key.isprintable() else ""


def is_first(key: str, act: str, *, by: Any, at: datetime) -> bool:
    """Whether this person has not yet done `act` under `key`; must be called in the transaction that does it.

    Two at once: the second waits for the first to commit, and then is not the first.
    """
    if not key:
        return True
    try:
        with transaction.atomic():
            DoneAct.objects.create(key=f"{by.pk}|{act}|{key}"[:200], at=at)
    except IntegrityError:
        return False
    return True


def forget_old(at: datetime) -> int:
    return DoneAct.objects.filter(at__lt=at - KEPT).delete()[0]
