"""Vector tiles of streets and buildings, made here, kept in one file beside the database, answered tile by tile.

tippecanoe (BSD-2) writes an MBTiles archive: an SQLite file any Python reads, so neither the server nor the browser
needs another library. Without an archive the map is as it was.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import os
import resource
import shutil
import sqlite3
import subprocess
import sysconfig
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from satukota.base.errors import UserError

from .models import Building, GroundSource, Street

log = logging.getLogger(__name__)

LONGEST_S = 900
MEMORY_BYTES, FILE_BYTES = 6 * 2**30, 4 * 2**30
LEAST_ZOOM, STREET_ZOOM, BUILDING_ZOOM, MOST_ZOOM = 10, 12, 14, 15
MAIN = ("motorway", "trunk", "primary", "secondary", "tertiary")
CHUNK = 5000
ASK_AGAIN_S = 600.0
_asked: tuple[str, float] = ("", 0.0)  # the ground a job was last asked to draw, and when


@dataclass(frozen=True)
class Archive:
    """What stands in var/tiles: `mark` names the ground it was made from and is part of every tile's address."""

    path: Path
    mark: str


def folder() -> Path:
    return Path(settings.VAR) / "tiles"


def mark_now() -> str:
    """Changes with every import of ground, and with nothing else. One small query."""
    rows = GroundSource.objects.filter(is_current=True).order_by("pk").values_list("pk", "sha256", "taken_at")
    told = repr([(pk, sha256, taken_at.isoformat()) for pk, sha256, taken_at in rows])
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


def archive() -> Archive | None:
    """The newest archive; None when none was made or no ground is there."""
    try:
        found = sorted(folder().glob("ground-*.mbtiles"), key=lambda path: path.stat().st_mtime)
    except OSError:
        return None
    return Archive(found[-1], found[-1].stem.removeprefix("ground-")) if found else None


def make() -> Archive | None:
    """Make the tiles of today's ground unless they are there; older ones go. None when there is nothing to draw.

    Raises UserError when tippecanoe is missing or does not come to an end.
    """
    folder().mkdir(parents=True, exist_ok=True)
    mark = mark_now()
    path = folder() / f"ground-{mark}.mbtiles"
    if not (Street.objects.exists() or Building.objects.exists()):
        _forget_others("")
        return None
    if not path.exists():
        with TemporaryDirectory(dir=folder(), prefix="half-") as work:
            half = Path(work) / "half.mbtiles"
            _run(_written(Path(work)), half, Path(work))
            os.replace(half, path)
    _forget_others(path.name)
    return Archive(path, mark)


def ask_when_stale() -> bool:
    """Give the drawing to a job when there is ground but no archive of it: after a restore, or a killed import.

    At most once in ASK_AGAIN_S a process and ground; two small queries, three when it asks.
    """
    global _asked
    mark, now = mark_now(), time.monotonic()
    found = archive()
    if (found is not None and found.mark == mark) or (_asked[0] == mark and now - _asked[1] < ASK_AGAIN_S):
        return False
    if not (Street.objects.exists() or Building.objects.exists()):
        return False
    from .tasks import draw_ground

    _asked = mark, now
    draw_ground.enqueue()
    return True


def make_saying() -> list[str]:
    """`make`, for a command: lines to print. Ground without tiles is still ground."""
    try:
        made = make()
    except UserError as problem:
        return [f"{problem.text} {problem.fix}".strip()]
    return [_("Ubin peta: %(kb)d kB.") % {"kb": made.path.stat().st_size // 1024}] if made else []


def tile(z: int, x: int, y: int) -> bytes | None:
    """The gzipped vector tile of the newest archive; None where nothing stands."""
    found = archive()
    if found is None or not (LEAST_ZOOM <= z <= MOST_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        return None
    with closing(sqlite3.connect(f"file:{found.path}?mode=ro&immutable=1", uri=True)) as stored:
        query = "select tile_data from tiles where zoom_level = ? and tile_column = ? and tile_row = ?"
        row = stored.execute(query, (z, x, 2**z - 1 - y)).fetchone()  # MBTiles counts rows from the south
    return row[0] if row else None


def plain(content: bytes) -> bytes:
    """For who does not take gzip."""
    return gzip.decompress(content)


def _written(work: Path) -> dict[str, Path]:
    """The layers as files of one GeoJSON feature a line."""
    streets = (
        (bytes(line), {"name": name, "kind": kind, "main": kind.removesuffix("_link") in MAIN},
         LEAST_ZOOM if kind.removesuffix("_link") in MAIN else STREET_ZOOM)
        for line, name, kind in Street.objects.values_list("line", "name", "kind").iterator(CHUNK)
    )  # fmt: skip
    buildings = (
        (bytes(outline), {"h": round(height, 1)}, BUILDING_ZOOM)
        for outline, height in Building.objects.values_list("outline", "height_m").iterator(CHUNK)
    )
    layers = {"streets": streets, "buildings": buildings}
    paths = {}
    for name, rows in layers.items():
        first = next(rows, None)
        if first is not None:
            paths[name] = work / f"{name}.geojsonl"
            with paths[name].open("w", encoding="utf-8") as out:
                out.writelines(_features(chain([first], rows)))
    return paths


def _features(rows: Iterable[tuple[bytes, dict[str, Any], int]]) -> Iterator[str]:
    import shapely

    for content, properties, zoom in rows:
        geometry = shapely.to_geojson(shapely.from_wkb(content))
        yield (
            f'{{"type":"Feature","tippecanoe":{{"minzoom":{zoom}}},"properties":{json.dumps(properties)},'
            f'"geometry":{geometry}}}\n'
        )


def _run(layers: dict[str, Path], out: Path, work: Path) -> None:
    command = [
        _program(), "-q", "-o", str(out), "-t", str(work), f"-Z{LEAST_ZOOM}", f"-z{MOST_ZOOM}", "-P",
        "--drop-densest-as-needed", "--no-tile-stats", "--maximum-tile-bytes=300000",
        *chain.from_iterable(("-L", f"{name}:{path}") for name, path in layers.items()),
    ]  # fmt: skip
    quiet = {"PATH": os.environ.get("PATH", ""), "TIPPECANOE_MAX_THREADS": "2", "HOME": str(work)}
    try:
        done = subprocess.run(
            command, env=quiet, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            timeout=LONGEST_S, preexec_fn=_limit,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as problem:
        log.error("tippecanoe: %s", type(problem).__name__)
        raise _failed() from problem
    if done.returncode or not out.exists():
        log.error("tippecanoe ended with %d: %s", done.returncode, done.stderr.decode(errors="replace")[-500:])
        raise _failed()


def _program() -> str:
    """The one that came with the Python package, else the system's."""
    beside = Path(sysconfig.get_path("scripts")) / "tippecanoe"
    found = str(beside) if beside.exists() else shutil.which("tippecanoe")
    if found is None:
        raise UserError(
            _("Ubin peta tidak dibuat: program tippecanoe tidak ada."),
            fix=_("Jalankan penyiapan lagi (make setup); peta tetap terbuka tanpa jalan dan bangunan."),
        )
    return found


def _failed() -> UserError:
    return UserError(
        _("Ubin peta belum dapat dibuat; peta tetap seperti semula."), fix=_("Lihat catatan server, lalu coba lagi.")
    )


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _forget_others(name: str) -> None:
    """Requests that have an older file open keep it until they end."""
    for path in folder().glob("ground-*.mbtiles"):
        if path.name != name:
            path.unlink(missing_ok=True)
