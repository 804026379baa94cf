"""`satukota restore`, `backup verify`, `move`: the next database is built beside, proven, and only then exchanged."""

import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.errors import UserError

from . import backing_up
from .loading import NEXT
from .models import Backup
from .places import Place, SqlitePlace, place_of

Tell = Callable[[str], None]
OWN_NAMES = ("SATUKOTA_VAR", "SATUKOTA_FILES", "SATUKOTA_SECRET_KEY", "SATUKOTA_SECRET_KEYS", "SATUKOTA_HASH_KEY")


@dataclass(frozen=True)
class Restored:
    """What a filled place holds, as it told itself; `tables` (label, rows, hash) were read again after loading."""

    made_at: str
    tables: list[dict[str, Any]]
    rows: int
    files: int
    closed: int  # sealed values that no key opens
    audit: str


def restore(path: Path, passphrase: str, *, replace: str = "") -> Restored:
    """Bring the database of this installation to what the backup holds. Raises UserError; then nothing changed.

    `replace` is the name of a database that is not empty, spelled by whoever wants it replaced.
    """
    place, files = place_of(connections["default"].settings_dict), Path(settings.FILES_DIR)
    if not place.is_empty() and replace != place.name:
        raise UserError(
            _("Basis data “%(name)s” tidak kosong.") % {"name": place.name},
            fix=_("Untuk menggantinya: --replace --confirm %(name)s. Isinya yang sekarang akan hilang.")
            % {"name": place.name},
        )
    connections["default"].close()
    fresh = files.with_name(f"{files.name}.next")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        restored = _fill(place, path, passphrase, {"SATUKOTA_FILES": str(fresh)})
        _bring_contents(fresh, files)  # named by their hashes: nothing is overwritten
        place.exchange()
        _bring_slots(fresh, files)
        _bring_keys(Path(settings.VAR))
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    told = {"made_at": restored.made_at, "rows": restored.rows, "sha256": _sha256(path)}
    audit.record("keeping.restored", by=None, at=clock.now(), after=told, why=path.name)
    return restored


def verify(path: Path, passphrase: str) -> Restored:
    """Restore into a temporary place with keys and files of its own, count, and leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="verify-", dir=settings.VAR) as folder:
        away = {f"{name}{tail}": "" for name in OWN_NAMES for tail in ("", "_FILE")}
        env = away | {"SATUKOTA_VAR": folder, "SATUKOTA_FILES": f"{folder}/files"}
        try:
            restored = _fill(SqlitePlace(Path(folder) / "satukota.sqlite3"), path, passphrase, env)
        except UserError as problem:
            Backup.objects.filter(sha256=_sha256(path)).update(problem=problem.text[:300])
            raise
    Backup.objects.filter(sha256=_sha256(path)).update(verified_at=clock.now(), problem="")
    return restored


def move(target: dict[str, Any], tell: Tell = lambda text: None) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Everything in this database into another, empty one; per table (label, rows, hash) here and there.

    All or nothing: the other side is filled beside itself, compared, and exchanged at the end; interrupted, it is
    empty still. Raises UserError.
    """
    place = place_of(target)
    if not place.is_empty():
        raise UserError(
            _("Basis data tujuan “%(name)s” tidak kosong.") % {"name": place.name}, fix=_("Pindahkan ke yang kosong.")
        )
    words = secrets.token_urlsafe(32)  # known to nobody: what is on its way is readable only by this very move
    with tempfile.TemporaryDirectory(prefix="move-", dir=settings.VAR) as folder:
        path = Path(folder) / "on-its-way"
        with path.open("wb") as out:
            written = backing_up.write(out, words, clock.now(), with_files=False, tell=tell)
        restored = _fill(place, path, words, {})
        place.exchange()
    there = {table["label"]: table for table in restored.tables}
    return [(table.as_json(), there[table.label]) for table in written.tables]


def _fill(place: Place, path: Path, passphrase: str, env: dict[str, str]) -> Restored:
    """The next database of `place`, loaded and proven by a process of its own. Raises UserError and leaves no trace."""
    try:
        return _in_own_process(place.prepare() | env, path, passphrase)
    except BaseException:
        place.discard()
        raise


def _in_own_process(changed: dict[str, str], path: Path, passphrase: str) -> Restored:
    """`changed` are variables to set; an empty one is taken away."""
    words = [sys.executable, "-m", "satukota.cli", "manage", "load_backup", str(path.resolve())]
    words += ["--with-files"] if "SATUKOTA_FILES" in changed else []
    env = {name: value for name, value in (os.environ | changed).items() if changed.get(name) != ""}
    env["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).resolve().parents[3]), env.get("PYTHONPATH", "")])
    if "SATUKOTA_VAR" not in env:
        env["SATUKOTA_VAR"] = str(settings.VAR)
    done = subprocess.run(words, input=passphrase, env=env, capture_output=True, text=True)
    try:
        told = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError) as problem:
        last = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1][:300]
        raise UserError(
            _("Pemulihan terhenti: %(why)s") % {"why": last}, fix=_("Perbaiki sebabnya, lalu ulangi.")
        ) from problem
    if "problem" in told:
        raise UserError(told["problem"], fix=told["fix"])
    return Restored(**told)


def _bring_contents(fresh: Path, files: Path) -> None:
    for path in (fresh / "content").glob("??/*"):
        home = files / "content" / path.parent.name / path.name
        home.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, home)


def _bring_slots(fresh: Path, files: Path) -> None:
    """The newest pictures of then; those of now belong to a database that is gone."""
    old, new = files / "slots", fresh / "slots"
    shutil.rmtree(old, ignore_errors=True)
    if new.exists():
        os.replace(new, old)


def _bring_keys(var: Path) -> None:
    """Log and letters go on under the keys that signed them; those they replace signed what is gone."""
    for name in ("audit.key", "letters.pem"):
        fresh, home = var / f"{name}{NEXT}", var / name
        if fresh.exists():
            if home.exists():
                os.replace(home, var / f"{name}.before-restore")
            os.replace(fresh, home)
            if name == "audit.key":
                settings.AUDIT_KEY = home.read_text(encoding="ascii").strip()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
