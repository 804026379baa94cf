"""Sign-ins that fail must wait: by account name and by address, longer each time.

An attempt is counted before the password is looked at and taken back when it was right, so attempts made at the same
moment cannot slip through together. The name is counted whether or not such an account exists: waiting tells nobody
which names are real. Passkeys are not counted by name; a person locked out by somebody else still gets in with one.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from .models import Attempts

FREE = {"account": 5, "address": 20}  # an office behind one address has many fingers
FIRST_S, LONGEST_S = 15, 15 * 60
FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Claim:
    """Whether the attempt may go on (`wait_s` is 0), and whether it was the one that began a wait."""

    wait_s: int
    locks: bool = False


def account_key(name: str) -> str:
    """The same key for every way of writing a name; hashed, since people type passwords into the wrong field."""
    plain = unicodedata.normalize("NFKC", name).strip().casefold()
    return f"account:{hashlib.sha256(plain.encode()).hexdigest()}"


def address_key(address: str) -> str:
    return f"address:{address}"


def wait_after(kind: str, count: int) -> int:
    """Seconds to wait after `count` failures in a row: none, then 15, 30, 60 … at most 900."""
    over = count - FREE[kind]
    return 0 if over < 0 else min(FIRST_S * 2 ** min(over, 10), LONGEST_S)


def claim(keys: Sequence[str], at: datetime) -> Claim:
    """Count one attempt at every key, unless one of them must still wait.

    While a wait runs nothing is counted or locked, and one statement answers: an attacker can neither make the wait
    longer nor the database slow by going on. Else two statements a key. Keys are locked in the order given; give the
    address first, everywhere.
    """
    waiting = _waits(Attempts.objects.filter(key__in=keys), at)
    return Claim(waiting) if waiting else _count(keys, at)


def _waits(rows: Iterable[Attempts], at: datetime) -> int:
    """Seconds until the last of `rows` may go on; 0: now."""
    until = [row.wait_until for row in rows if row.wait_until and row.wait_until > at]
    return max(1, round((max(until) - at).total_seconds())) if until else 0


@transaction.atomic
def _count(keys: Sequence[str], at: datetime) -> Claim:
    rows = [_row(key, at) for key in keys]
    waiting = _waits(rows, at)  # somebody may have been quicker
    if waiting:
        return Claim(waiting)
    locks = False
    for row in rows:
        row.count = row.count + 1 if at - row.last_at < FORGOTTEN_AFTER else 1
        seconds = wait_after(row.key.partition(":")[0], row.count)
        row.wait_until = at + timedelta(seconds=seconds) if seconds else None
        row.last_at = at
        locks |= bool(seconds)
        row.save(update_fields=["count", "wait_until", "last_at"])
    return Claim(0, locks)


@transaction.atomic
def forgive(account: str, address: str, at: datetime) -> None:
    """The password was right: the account starts anew, the address gets back this one attempt and no more.

    Otherwise somebody with one account could guess at others and sign in now and then to be forgiven.
    """
    row = _row(address, at)
    row.count = max(0, row.count - 1)
    row.wait_until = None
    row.save(update_fields=["count", "wait_until"])
    Attempts.objects.filter(key=account).delete()


def _row(key: str, at: datetime) -> Attempts:
    row = Attempts.objects.select_for_update().filter(key=key).first()
    if row is None:
        Attempts.objects.filter(last_at__lt=at - FORGOTTEN_AFTER).delete()
        Attempts.objects.get_or_create(key=key, defaults={"last_at": at})
        row = Attempts.objects.select_for_update().get(key=key)
    return row
