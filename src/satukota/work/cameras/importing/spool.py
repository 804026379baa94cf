"""A file between upload and reading: on disk only encrypted, under a key that is itself sealed, and gone once read.

Beside it lie two small marks: how far the worker is (its time is the worker's sign of life) and whether to stop.
Marks are files because an import is applied in one transaction, which nobody else could write into or see into.
"""

import hashlib
import io
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet
from django.conf import settings

from satukota.base import secrets

PIECE = 256 * 1024
SILENT_S = 60  # a worker says where it is every thousand rows: far more often than this


class Gone(Exception):
    """The file was read already, or never came."""


def keep(pk: int, pieces: Iterable[bytes]) -> str:
    """Store what was uploaded, encrypted; returns the SHA-256 of the plain content."""
    key = Fernet.generate_key()
    lock, digest = Fernet(key), hashlib.sha256()
    path = _path(pk, "sealed")
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".half")
    with open(half, "wb", opener=_private) as out:
        out.write(secrets.seal_text(key.decode()).encode() + b"\n")
        for piece in _equal(pieces):
            digest.update(piece)
            out.write(lock.encrypt(piece) + b"\n")
    os.replace(half, path)
    return digest.hexdigest()


def content(pk: int) -> io.BytesIO:
    """The plain content, in memory only (uploads have a largest size). Raises Gone."""
    try:
        with open(_path(pk, "sealed"), "rb") as stored:
            lock = Fernet(secrets.unseal(stored.readline().strip().decode()).encode())
            plain = io.BytesIO()
            for line in stored:
                plain.write(lock.decrypt(line.strip()))
    except FileNotFoundError as problem:
        raise Gone(str(pk)) from problem
    plain.seek(0)
    return plain


def forget(pk: int) -> None:
    for mark in ("sealed", "half", "progress", "stop"):
        _path(pk, mark).unlink(missing_ok=True)


def has_file(pk: int) -> bool:
    return _path(pk, "sealed").exists()


@dataclass(frozen=True)
class Progress:
    done: int
    total: int  # 0: not known yet
    is_alive: bool


def tell(pk: int, done: int, total: int = 0) -> None:
    path = _path(pk, "progress")
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(f".{os.getpid()}")
    half.write_text(f"{done} {total}", encoding="ascii")
    os.replace(half, path)


def progress(pk: int) -> Progress | None:
    path = _path(pk, "progress")
    try:
        done, total = path.read_text(encoding="ascii").split()
        age = time.time() - path.stat().st_mtime
    except (FileNotFoundError, ValueError):
        return None
    return Progress(int(done), int(total), age < SILENT_S)


def ask_to_stop(pk: int) -> None:
    _path(pk, "stop").parent.mkdir(parents=True, exist_ok=True)
    _path(pk, "stop").touch()


def is_asked_to_stop(pk: int) -> bool:
    return _path(pk, "stop").exists()


def clear_stop(pk: int) -> None:
    _path(pk, "stop").unlink(missing_ok=True)


def _equal(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), PIECE):
            yield piece[start : start + PIECE]


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _path(pk: int, mark: str) -> Path:
    return Path(settings.FILES_DIR) / "imports" / f"{int(pk)}.{mark}"
