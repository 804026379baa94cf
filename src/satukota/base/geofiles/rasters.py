"""Asks a process of its own (raster_reader.py) for the heights in a raster, brought to the city's plane."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from satukota.base.errors import UserError

from . import files
from .reading import Box, run_alone

if TYPE_CHECKING:
    import numpy as np

READER = Path(__file__).with_name("raster_reader.py")
DRIVERS = {files.GEOTIFF: "GTiff", files.ASCII_GRID: "AAIGrid"}
MOST_CELLS = 16_000_000  # a city of 20 by 20 km at 5 m
LEAST_STEP_M = 0.5
NO_HEIGHT = -32768  # as raster_reader.py writes it


@dataclass(frozen=True)
class Heights:
    """(rows, columns) int16 decimetres on the plane; (west, north) is the outer corner of the first cell, metres."""

    decimetres: np.ndarray
    west: float
    north: float
    step_m: float
    crs: str  # of the file
    known: float  # share of the cells
    least_m: float
    most_m: float
    is_coarser: bool  # than the file, to keep within MOST_CELLS


def read(path: Path, form: str, work: Path, *, box: Box, epsg: int) -> Heights:
    """Raises UserError in words for whatever is no raster of this city's heights."""
    import numpy as np

    folder = work / "raster"
    folder.mkdir()
    ask = {"path": str(path), "driver": DRIVERS[form], "box": box, "epsg": epsg, "most": MOST_CELLS,
           "least_step": LEAST_STEP_M}  # fmt: skip
    (folder / "ask.json").write_text(json.dumps(ask), encoding="utf-8")
    told = run_alone(READER, folder)
    if "problem" in told:
        raise _sentence(told)
    return Heights(
        np.load(folder / "heights.npy"), told["west"], told["north"], told["step_m"], told["crs"], told["known"],
        told["least"], told["most"], told["coarser"],
    )  # fmt: skip


def _sentence(told: dict[str, Any]) -> UserError:
    detail = told.get("detail", "")
    if told["problem"] == "no_crs":
        return UserError(
            _("Raster ini tidak menyebut sistem koordinat, dan angkanya (%(box)s) tidak cocok dengan kota ini.")
            % {"box": detail},
            fix=_("Simpan sebagai GeoTIFF dengan sistem koordinatnya (QGIS: Ekspor > Simpan Sebagai)."),
        )
    if told["problem"] == "elsewhere":
        return UserError(_("Raster ini tidak menyentuh kota (%(crs)s).") % {"crs": detail},
                         fix=_("Periksa apakah ini berkas kota ini."))  # fmt: skip
    if told["problem"] == "coarse":
        return UserError(_("Satu sel raster ini %(m)s m: terlalu kasar untuk satu kota.") % {"m": detail},
                         fix=_("Pakai data yang lebih rapat, misalnya DEMNAS (8 m)."))  # fmt: skip
    if told["problem"] == "no_height":
        return UserError(_("Di kota ini raster tersebut tidak berisi ketinggian yang mungkin."),
                         fix=_("Periksa satuannya (meter) dan nilai kosongnya."))  # fmt: skip
    if told["problem"] in ("time", "memory"):
        return UserError(_("Berkas ini terlalu berat untuk dibaca: waktu atau memorinya habis."),
                         fix=_("Potong dahulu ke batas kota."))  # fmt: skip
    return UserError(_("Raster ini tidak dapat dibaca: %(why)s") % {"why": detail[:160]},
                     fix=_("Ekspor ulang sebagai GeoTIFF."))  # fmt: skip
