"""`satukota backup`: everything of one moment in one encrypted file, while everything runs."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connections, transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import UserError
from satukota.base.evidence import actions as evidence
from satukota.base.evidence.models import StoredFile
from satukota.base.secrets import keys

from . import archive, tables
from .models import Backup
from .sealing import SealedWriter

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Written:
    """What a backup holds. `missing`: evidence whose content the store no longer has, by hash."""

    tables: tuple[tables.Fingerprint, ...]
    files: int
    missing: tuple[str, ...]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


def back_up(path: Path, passphrase: str, at: datetime, tell: Tell = lambda text: None) -> Backup:
    """Write a backup to `path`, whole or not at all, and put it on record. Raises UserError."""
    began, half = time.monotonic(), path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        raise UserError(_("%(path)s sudah ada.") % {"path": path}, fix=_("Pilih nama lain; cadangan tidak ditimpa."))
    try:
        with open(os.open(half, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as out:
            written = write(out, passphrase, at, with_files=True, tell=tell)
            out.flush()
            os.fsync(out.fileno())
            out.seek(0)
            sha256 = hashlib.file_digest(out, "sha256").hexdigest()
        os.replace(half, path)
    except OSError as problem:
        raise UserError(
            _("Cadangan tidak dapat ditulis: %(why)s.") % {"why": problem.strerror},
            fix=_("Periksa letak dan ruangnya."),
        ) from problem
    finally:
        half.unlink(missing_ok=True)
    return _on_record(path, sha256, written, at, time.monotonic() - began)


def write(
    out: IO[bytes], passphrase: str, at: datetime, *, with_files: bool, tell: Tell = lambda text: None
) -> Written:
    """Everything of this moment into `out`, encrypted. Raises UserError when code and database differ in version."""
    sealed = SealedWriter(out, passphrase, made_at=at.isoformat(), product=version())
    try:
        written = _fill(archive.ArchiveWriter(sealed), at, with_files, tell)
    except BaseException:
        sealed.abandon()
        raise
    sealed.close()
    return written


def _fill(inside: archive.ArchiveWriter, at: datetime, with_files: bool, tell: Tell) -> Written:
    with tables.one_moment() as alias:
        inside.add_json(archive.START, {
            "format": archive.FORMAT, "product": version(), "made_at": at.isoformat(),
            "database": connections[alias].vendor, "migrations": tables.applied_migrations(alias),
            "left_out": sorted(tables.PASSING),
            "columns": {model._meta.label_lower: tables.names_of(model) for model in tables.models_in()},
        })  # fmt: skip
        inside.add_json(archive.KEYS, _keys())
        written = _write_tables(inside, alias, tell)
        files, missing = _write_files(inside, alias) if with_files else (0, ())
    inside.close({"tables": [table.as_json() for table in written], "files": files, "missing": missing})
    return Written(written, files, missing)


def version() -> str:
    try:
        return metadata.version("satukota")
    except metadata.PackageNotFoundError:  # run from the checkout
        return "0.1.0"


def _write_tables(inside: archive.ArchiveWriter, alias: str, tell: Tell) -> tuple[tables.Fingerprint, ...]:
    written = []
    for model in tables.models_in():
        told = tables.TableHash()
        inside.add_lines(model._meta.label_lower, _counted(tables.rows_of(model, alias), told))
        written.append(tables.fingerprint_of(model, alias, told))
        tell(f"{written[-1].label}: {written[-1].rows}")
    return tuple(written)


def _counted(lines: Iterator[bytes], told: tables.TableHash) -> Iterator[bytes]:
    for line in lines:
        told.add(line)
        yield line


def _keys() -> dict[str, Any]:
    """Keys that sealed values, the signed log and letters need; hashes are made anew under the key of the place they
    reach. A certificate the city gave (SATUKOTA_SIGNING_FILE) is the city's to keep."""
    return {
        "seal": [key.secret for key in keys()], "audit": settings.AUDIT_KEY, "letters": settings.SIGNING_OWN_KEY,
    }  # fmt: skip


def _write_files(inside: archive.ArchiveWriter, alias: str) -> tuple[int, tuple[str, ...]]:
    """Evidence by its hash, each content once, and the newest picture of each slot. What is gone is named."""
    count, missing = 0, []
    kept = StoredFile.objects.using(alias).filter(deleted_at=None).order_by("sha256")
    last = ""
    for file in kept.iterator():
        if file.sha256 == last:
            continue
        last = file.sha256
        try:
            inside.add(f"{archive.FILES}{file.sha256}", evidence.content_of(file))
            count += 1
        except evidence.FileGone:
            missing.append(file.sha256)
    for slot in evidence.slots():
        content = evidence.slot_content(slot)
        if content is not None:
            inside.add(f"{archive.SLOTS}{slot}", content)
            count += 1
    return count, tuple(missing)


@transaction.atomic
def _on_record(path: Path, sha256: str, written: Written, at: datetime, took_s: float) -> Backup:
    row = Backup.objects.create(
        made_at=at, path=str(path)[-400:], sha256=sha256, size=path.stat().st_size, rows=written.rows,
        files=written.files, took_s=took_s,
    )  # fmt: skip
    told = {"sha256": sha256, "rows": row.rows, "files": row.files, "missing": len(written.missing)}
    audit.record("keeping.backed_up", on=row, by=None, at=at, after=told)
    return row
