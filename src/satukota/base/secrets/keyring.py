"""The keys that seal: Fernet, newest first. The newest seals, all of them open.

A sealed text says which key opens it: `s1.<key id>.<Fernet token>`. Texts sealed before keys had ids are bare tokens
and every key is tried. Keys live in one file, read again when it changes, so that running processes take a new key
without a restart; an installation may give them by environment instead, and then rotates by hand.
"""

import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

MARK = "s1."
ID_LENGTH = 10


class Unsealable(Exception):
    """The sealed value was made with a key this installation does not have, or is not a sealed value at all."""

    silent_variable_failure = True  # a template shows nothing rather than fail


@dataclass(frozen=True)
class Key:
    """One key; `made_at` is unknown for keys that came by environment or before moments were written down."""

    secret: str
    made_at: datetime | None = None

    @property
    def id(self) -> str:
        """Names the key without saying anything of it."""
        return hashlib.sha256(self.secret.encode()).hexdigest()[:ID_LENGTH]

    def __repr__(self) -> str:
        return f"<key {self.id}>"


@dataclass(frozen=True)
class _Ring:
    keys: tuple[Key, ...]
    locks: dict[str, Fernet]  # by key id, newest first


_read: dict[object, _Ring] = {}  # one entry: what was read last, by the file's fingerprint or the given keys


def keys() -> tuple[Key, ...]:
    """Every key, newest first, as the file is now."""
    return _ring().keys


def seal_text(plain: str) -> str:
    """Sealed text, safe to store; empty stays empty."""
    if not plain:
        return ""
    newest, lock = next(iter(_ring().locks.items()))
    return f"{MARK}{newest}.{lock.encrypt(plain.encode()).decode()}"


def unseal_text(token: str) -> str:
    """The plain text again. Raises Unsealable."""
    if not token:
        return ""
    key_id, content = key_of(token), token.rpartition(".")[2]
    locks = _ring().locks
    if key_id and key_id not in locks:
        locks = _ring(anew=True).locks  # a key made within the resolution of the file's times
    for lock in (locks[key_id],) if key_id in locks else () if key_id else locks.values():
        try:
            return lock.decrypt(content.encode()).decode()
        except (InvalidToken, UnicodeError):
            continue
    raise Unsealable("sealed with an unknown key")


def key_of(token: str) -> str:
    """Id of the key that sealed it; empty for texts from before keys had ids."""
    if not token.startswith(MARK):
        return ""
    return token[len(MARK) :].partition(".")[0]


def parse(text: str) -> tuple[Key, ...]:
    """Keys as the file or the environment says them: one a line or separated by commas, each with its moment or not.

    Raises ValueError for what is no Fernet key.
    """
    found = []
    for entry in text.replace(",", "\n").split("\n"):
        words = entry.split()
        if words:
            Fernet(words[0])
            found.append(Key(words[0], datetime.fromisoformat(words[1]) if len(words) > 1 else None))
    if not found:
        raise ValueError("no key")
    return tuple(found)


def write(path: Path, all_keys: tuple[Key, ...]) -> None:
    """Replace the key file whole, readable by its owner only."""
    lines = [f"{key.secret} {key.made_at.isoformat()}" if key.made_at else key.secret for key in all_keys]
    half = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write("\n".join(lines) + "\n")
        out.flush()
        os.fsync(out.fileno())
    os.replace(half, path)


def _ring(*, anew: bool = False) -> _Ring:
    path: Path | None = settings.SEAL_KEYS_FILE
    given: object
    if path is None:
        given = tuple(settings.SECRET_KEYS)
    else:
        seen = path.stat()
        given = (str(path), seen.st_mtime_ns, seen.st_ino, seen.st_size)
    ring = None if anew else _read.get(given)
    if ring is None:
        found = parse(path.read_text(encoding="ascii") if path is not None else ",".join(settings.SECRET_KEYS))
        ring = _Ring(found, {key.id: Fernet(key.secret) for key in found})
        _read.clear()
        _read[given] = ring
    return ring
