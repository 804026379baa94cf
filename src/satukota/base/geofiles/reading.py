"""Asks a process of its own (reader.py) for one layer of a file, and gives its rows back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from satukota.base.errors import UserError

if TYPE_CHECKING:
    import numpy as np

MOST_ROWS = 300_000  # of one layer within the city
LONGEST_S = 900
BROKEN = "isi_rusak"  # code of the error for a layer that cannot be read; the others may be
READER = Path(__file__).with_name("reader.py")
Box = tuple[float, float, float, float]  # degrees: west, south, east, north
MARGIN_DEG = 0.02  # a street ends a little beyond the box a city states for itself


@dataclass(frozen=True)
class Table:
    """Rows within the city. `shapes` (n,) shapely in degrees, None where the file has none that can be read."""

    shapes: np.ndarray
    columns: dict[str, list[Any]]  # by name in lower case
    total: int  # rows in the file, also elsewhere; below 0 where the format does not say
    crs: str | None
    moved: bool  # came in another coordinate system and was turned into degrees

    def column(self, *names: str) -> list[Any]:
        """The first of these columns the file has; None for every row where it has none."""
        for name in names:
            if name in self.columns:
                return self.columns[name]
        return [None] * len(self.shapes)

    def has(self, *names: str) -> bool:
        return any(name in self.columns for name in names)


def read(path: Path, work: Path, *, layer: str = "", columns: tuple[str, ...], where: str = "", box: Box) -> Table:
    """Rows of the layer that touch `box`. Raises UserError in words for whatever cannot be read."""
    west, south, east, north = box
    wide = [west - MARGIN_DEG, south - MARGIN_DEG, east + MARGIN_DEG, north + MARGIN_DEG]
    ask = {"path": str(path), "layer": layer, "columns": columns, "where": where, "box": wide, "most": MOST_ROWS}
    folder = work / (layer or "layer")
    folder.mkdir()
    (folder / "ask.json").write_text(json.dumps(ask), encoding="utf-8")
    told = run_alone(READER, folder)
    if "problem" in told:
        raise _sentence(told)
    table = _table(folder, told)
    if not len(table.shapes) and told["bounds"]:
        _say_where(told["bounds"], told["crs"], box)
    return table


def run_alone(script: Path, folder: Path) -> dict[str, Any]:
    """What a reader leaves in FOLDER/found.json after reading FOLDER/ask.json in a process of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "HOME") if name in os.environ}
    quiet = {**kept, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, str(script), str(folder / "ask.json"), str(folder)]
    try:
        subprocess.run(
            command, env=quiet, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=LONGEST_S,
        )  # fmt: skip
        return json.loads((folder / "found.json").read_text(encoding="utf-8"))
    except subprocess.TimeoutExpired:
        return {"problem": "time"}
    except (OSError, ValueError):  # it died before it could say anything
        return {"problem": "memory"}


def _sentence(told: dict[str, Any]) -> UserError:
    if told["problem"] == "too_many":
        return UserError(
            _("Di dalam kota ada lebih dari %(most)s baris; impor dihentikan dan tidak ada yang berubah.")
            % {"most": f"{int(told['detail']):,}".replace(",", ".")},
            fix=_("Potong dahulu ke batas kota, atau buang baris yang tidak perlu."),
        )
    if told["problem"] == "no_layer":
        return UserError(
            _("Berkas ini tidak memuat lapisan yang dicari; lapisannya: %(layers)s.") % {"layers": told["detail"]},
            fix=_("Periksa apakah ini berkas yang benar."),
        )
    if told["problem"] in ("time", "memory"):
        return UserError(
            _("Berkas ini terlalu berat untuk dibaca: waktu atau memorinya habis."),
            fix=_("Potong dahulu ke batas kota."),
        )
    return UserError(
        _("Isi berkas ini rusak, atau bukan seperti namanya."), fix=_("Ekspor ulang lalu coba lagi."), code=BROKEN,
    )  # fmt: skip


def _table(folder: Path, told: dict[str, Any]) -> Table:
    import numpy as np
    import shapely

    content, ends = (folder / "shapes.bin").read_bytes(), np.load(folder / "ends.npy", allow_pickle=False)
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    pieces = [content[start:end] or None for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    shapes = shapely.from_wkb(np.array(pieces, object), on_invalid="ignore")
    columns = json.loads((folder / "columns.json").read_text(encoding="utf-8"))
    return Table(shapes, columns, told["total"], told["crs"], told["moved"])


def _say_where(bounds: list[float], crs: str | None, box: Box) -> None:
    """Nothing lies in the city: raises UserError that names the usual mistake."""
    west, south, east, north = bounds
    middle = (west + east) / 2, (south + north) / 2
    if crs is None and max(abs(value) for value in bounds) > 180:
        raise UserError(
            _("Koordinatnya dalam meter, dan berkas tidak menyebut sistem koordinatnya."),
            fix=_("Sertakan .prj, atau ekspor ulang sebagai WGS 84 (EPSG:4326)."),
        )
    if _near(box, middle[1], middle[0]):
        raise UserError(
            _("Lintang dan bujur tertukar: tidak ada yang terletak di kota ini."),
            fix=_("Ekspor ulang dengan bujur dahulu (GeoJSON: [bujur, lintang])."),
        )
    if max(abs(value) for value in bounds) > 180 and (crs or "").upper() in ("EPSG:4326", "OGC:CRS84"):
        raise UserError(
            _("Koordinatnya dalam meter, tetapi berkas menyebutnya derajat (WGS 84)."),
            fix=_("Ekspor ulang dengan sistem koordinat yang benar."),
        )
    raise UserError(
        _("Tidak ada baris yang terletak di kota ini; yang pertama di sekitar %(lat).3f, %(lon).3f.")
        % {"lat": middle[1], "lon": middle[0]},
        fix=_("Periksa apakah ini berkas kota ini, dan sistem koordinatnya."),
    )


def _near(box: Box, lon: float, lat: float) -> bool:
    west, south, east, north = box
    return west - MARGIN_DEG <= lon <= east + MARGIN_DEG and south - MARGIN_DEG <= lat <= north + MARGIN_DEG
