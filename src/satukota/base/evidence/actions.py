"""Keeping, reading and deleting files, on the local content-addressed store."""

import hashlib
import os
import re
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from .models import StoredFile

EXHIBIT = "exhibit"  # kind of a file somebody may have to answer for
SLOT = re.compile(r"^[a-z_]+/[A-Za-z0-9._-]+/[a-z_]+$")


class FileGone(Exception):
    """The content was deleted on its date, or the store has lost it."""


def keep(
    content: bytes, *, media_type: str, kind: str, source: str, taken_at: datetime, delete_on: date | None
) -> StoredFile:
    """Store the content under its SHA-256 and return its row; the same content twice takes its place once."""
    digest = put_content(content)
    return StoredFile.objects.create(
        sha256=digest, size=len(content), media_type=media_type, kind=kind, source=source, taken_at=taken_at,
        delete_on=delete_on,
    )  # fmt: skip


def put_content(content: bytes) -> str:
    """Store the content under its SHA-256, which is returned. Without a row: a restore brings that itself."""
    digest = hashlib.sha256(content).hexdigest()
    path = _path(digest)
    if not path.exists():
        _write(path, content)
    return digest


def content_of(file: StoredFile) -> bytes:
    """The bytes, checked against their hash. Raises FileGone."""
    try:
        content = _path(file.sha256).read_bytes()
    except FileNotFoundError as problem:
        raise FileGone(str(file)) from problem
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise FileGone(f"{file}: content was altered")
    return content


def delete_due(today: date, at: datetime) -> int:
    """Delete the content of every file whose date has come and that nobody holds; the rows stay as receipts."""
    from . import exhibits  # writes its own receipts; it keeps its files by `keep` above

    due = StoredFile.objects.filter(delete_on__lte=today, on_hold=False, deleted_at=None).order_by("pk")
    gone = 0
    for file in due.iterator():
        with transaction.atomic():
            file.deleted_at = at
            file.save(update_fields=["deleted_at"])
            if file.kind == EXHIBIT:
                exhibits.note_deleted(file, at)
        if not StoredFile.objects.filter(sha256=file.sha256, deleted_at=None).exists():
            _path(file.sha256).unlink(missing_ok=True)
        gone += 1
    return gone


def put_slot(slot: str, content: bytes) -> None:
    """Overwrite what hangs at a named place, such as camera/MB-001/last_good: always the newest, no history."""
    _write(_slot_path(slot), content)


def slot_content(slot: str) -> bytes | None:
    try:
        return _slot_path(slot).read_bytes()
    except FileNotFoundError:
        return None


def slots() -> list[str]:
    """Names of every slot that holds something."""
    root = Path(settings.FILES_DIR) / "slots"
    names = (path.relative_to(root).as_posix() for path in root.glob("*/*/*") if path.is_file())
    return sorted(name for name in names if SLOT.match(name))


def forget_strays(before: datetime) -> list[datetime]:
    """Delete contents no row speaks of any more, older than `before`; when each was written."""
    gone = []
    for path in (Path(settings.FILES_DIR) / "content").glob("??/*"):
        written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if written_at < before and not StoredFile.objects.filter(sha256=path.name, deleted_at=None).exists():
            path.unlink(missing_ok=True)
            gone.append(written_at)
    return gone


def _path(digest: str) -> Path:
    return Path(settings.FILES_DIR) / "content" / digest[:2] / digest


def _slot_path(slot: str) -> Path:
    if not SLOT.match(slot) or ".." in slot:
        raise ValueError(f"not a slot name: {slot!r}")
    return Path(settings.FILES_DIR) / "slots" / slot


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: a reader, or a restart after a kill, never meets half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
