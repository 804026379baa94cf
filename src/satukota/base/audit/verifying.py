"""Whether the chain in the database still holds. Writers go on meanwhile: what is judged is the chain up to now."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Max

from . import form, signing, stored
from .chain import Broken, Chain
from .models import AuditEntry, AuditHead, DaySeal

Sealed = tuple[dict[str, Any], str]


@dataclass(frozen=True)
class Verdict:
    broken: Broken | None
    rows: int
    seals: int
    last_hash: str


def first_broken() -> tuple[int, str] | None:
    """Number and reason of the first row that does not fit the chain; None when the whole chain holds."""
    broken = verify().broken
    return (broken.number, broken.what) if broken else None


def verify() -> Verdict:
    """Walk the whole chain of the database, seals with it."""
    newest = AuditEntry.objects.aggregate(newest=Max("number"))["newest"] or 0  # before the head: rows may be added
    head = AuditHead.objects.filter(pk=1).first() or AuditHead()
    chain = Chain(keys=believed_keys())
    broken = walk(chain, stored.rows(1, max(newest, head.last_number)), _seals(head.sealed_to))
    if broken is None:
        broken = chain.end(last_number=head.last_number, last_hash=head.last_hash, sealed_to=head.sealed_to)
    return Verdict(broken, chain.rows, chain.seals, chain.last_hash)


def believed_keys() -> Collection[str]:
    return {signing.public_key(settings.AUDIT_KEY), *settings.AUDIT_OLD_KEYS}


def walk(chain: Chain, rows: Iterable[tuple[form.Content, str]], seals: Iterable[Sealed]) -> Broken | None:
    """Rows with each seal after the last row it covers."""
    coming = iter(seals)
    seal = next(coming, None)
    for content, row_hash in rows:
        while seal and seal[0]["last_number"] <= chain.number:
            broken = chain.seal(*seal)
            if broken:
                return broken
            seal = next(coming, None)
        broken = chain.row(content, row_hash)
        if broken:
            return broken
    while seal:
        broken = chain.seal(*seal)
        if broken:
            return broken
        seal = next(coming, None)
    return None


def _seals(sealed_to: int) -> Iterator[Sealed]:
    """Seals of rows up to `sealed_to`, and any forged behind it; those made while we read belong to later rows."""
    for seal in DaySeal.objects.order_by("first_number").iterator(1000):
        if seal.last_number <= sealed_to or not AuditHead.objects.filter(sealed_to__gte=seal.last_number).exists():
            yield stored.content_of_seal(seal), seal.signature
