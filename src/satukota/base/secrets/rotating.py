"""Changing the sealing key while everything runs.

A new key goes to the front of the key file; every process seals with it from its next seal on. Then rows are sealed
anew in small batches, each by an update on the exact old value, so that a row somebody writes meanwhile is left to its
writer. What was done stays done: after kill -9 the same command goes on. An old key leaves only when no row needs it
and it has been out of use for a while, so that an act that began before the rotation can still end.
"""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.fernet import Fernet
from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from satukota.base.errors import UserError

from . import hashing, keyring
from .fields import SealedHashField, SealedTextField
from .keyring import Key
from .sealed import Sealed

BATCH = 200
REST = timedelta(days=1)  # an old key stays so long after a newer one: acts under way, files on their way in
Tell = Callable[[str], None]


@dataclass(frozen=True)
class KeyUse:
    """A key and how many sealed values still need it; the key is None for those from before keys had ids."""

    key: Key | None
    values: int
    is_newest: bool


@dataclass(frozen=True)
class Resealed:
    changed: int
    lost: int  # values no key of ours opens: left as they are


def uses() -> list[KeyUse]:
    """Every key, newest first, with what it holds; one statement per key and sealed column."""
    ring = keyring.keys()
    found = [KeyUse(key, _count(key.id), place == 0) for place, key in enumerate(ring)]
    from_before = _count("")
    return found + ([KeyUse(None, from_before, False)] if from_before else [])


def rotate(at: datetime, tell: Tell = lambda text: None) -> Resealed:
    """A new key in front, then every value sealed with it. Raises UserError where keys come by environment."""
    with _alone() as path:
        fresh = Key(Fernet.generate_key().decode(), at)
        keyring.write(path, (fresh, *keyring.keys()))
        tell(_("Kunci baru %(id)s dipakai.") % {"id": fresh.id})
        return reseal(tell)


def resume(tell: Tell = lambda text: None) -> Resealed:
    """Seal with the newest key what is not yet, without making another."""
    with _alone():
        return reseal(tell)


def reseal(tell: Tell = lambda text: None) -> Resealed:
    """Seal with the newest key what is sealed with an older one, until a whole pass finds nothing more to do."""
    total = Resealed(0, 0)
    while True:
        passed = [_reseal_column(model, field, tell) for model, field in sealed_columns()]
        changed, lost = sum(each.changed for each in passed), sum(each.lost for each in passed)
        total = Resealed(total.changed + changed, lost)
        if not changed:
            return total


def retire(at: datetime, rest: timedelta = REST) -> list[Key]:
    """Take away the keys no value needs and that rested long enough; the keys taken away.

    A key is at rest since the one after it was made. Raises UserError where keys come by environment.
    """
    with _alone() as path:
        ring = keyring.keys()
        gone = [
            old
            for newer, old in zip(ring, ring[1:], strict=False)
            if newer.made_at is not None and newer.made_at + rest <= at and not _count(old.id) and not _count("")
        ]
        if gone:
            keyring.write(path, tuple(key for key in ring if key not in gone))
        return gone


def sealed_columns() -> list[tuple[type[Model], SealedTextField]]:
    """Every sealed column of every app, found by its field type: a new one needs no registration."""
    return [
        (model, field)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, SealedTextField)
    ]


def hash_columns(model: type[Model], field: SealedTextField) -> list[SealedHashField]:
    """The hash columns that find this sealed column's values."""
    columns = model._meta.local_concrete_fields
    return [other for other in columns if isinstance(other, SealedHashField) and other.of == field.name]


def _count(key_id: str) -> int:
    return sum(
        model._base_manager.filter(**{f"{field.name}__sealed_by": key_id}).count() for model, field in sealed_columns()
    )


def _reseal_column(model: type[Model], field: SealedTextField, tell: Tell) -> Resealed:
    changed, lost = 0, 0
    for batch in _batches(model, field):
        with transaction.atomic():
            for pk, sealed in batch:
                done = _reseal_value(model, field, pk, sealed)
                changed, lost = changed + (done is True), lost + (done is None)
    if changed or lost:
        tell(_("%(column)s: %(n)d disegel ulang, %(lost)d tidak dapat dibuka.") % {
            "column": f"{model._meta.label_lower}.{field.name}", "n": changed, "lost": lost})  # fmt: skip
    return Resealed(changed, lost)


def _batches(model: type[Model], field: SealedTextField) -> Iterator[list[tuple[object, Sealed]]]:
    """Values not sealed with the newest key, by primary key; each is met once, also when it cannot be opened."""
    rows = model._base_manager.exclude(**{field.name: ""}).order_by("pk")
    rows = rows.exclude(**{f"{field.name}__isnull": True}) if field.null else rows
    last: object = None
    while True:
        stale = rows.exclude(**{f"{field.name}__sealed_by": keyring.keys()[0].id})
        stale = stale if last is None else stale.filter(pk__gt=last)
        batch = list(stale.values_list("pk", field.name)[:BATCH])
        if not batch:
            return
        yield batch
        last = batch[-1][0]


def _reseal_value(model: type[Model], field: SealedTextField, pk: object, sealed: Sealed) -> bool | None:
    """True when sealed anew, False when somebody else wrote meanwhile, None when no key opens it."""
    try:
        plain = sealed.open()
    except keyring.Unsealable:
        return None
    same = model._base_manager.filter(pk=pk, **{field.name: sealed})
    hashes = {other.name: hashing.keyed_hash(other.kind, plain) for other in hash_columns(model, field)}
    return bool(same.update(**{field.name: Sealed(plain=plain)}, **hashes))


@contextmanager
def _alone() -> Iterator[Path]:
    """The key file, held by one command at a time."""
    path: Path | None = settings.SEAL_KEYS_FILE
    if path is None:
        raise UserError(
            _("Kunci segel diberikan lewat lingkungan, jadi tidak dapat diganti dari sini."),
            fix=_("Simpan kunci dalam berkas dan sebutkan dengan SATUKOTA_SECRET_KEYS_FILE."),
        )
    with open(path.with_name(f".{path.name}.lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise UserError(
                _("Penggantian kunci lain sedang berjalan."), fix=_("Tunggu sampai selesai lalu jalankan lagi.")
            ) from problem
        yield path
