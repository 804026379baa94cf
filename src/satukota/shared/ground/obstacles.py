"""Walls, trees and rising ground from files: what hides and is no building."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from satukota.base.geofiles import rasters, reading

from . import footprints, queries
from .models import Building, Obstacle, Terrain
from .report import Taken, tell_table

if TYPE_CHECKING:
    import numpy as np

    from satukota.base.geofiles.reading import Box

WALL, TREE = Obstacle.Kind.values
WALL_M, TREE_M = 2.0, 8.0  # assumed where a file says no height
CROWN_M = 3.0  # radius of the crown of a tree that is a point, where the file says none
THICK_M = 0.2  # of a wall that is a line
LEAST_M2 = 0.05
WIDEST_CROWN_M = 30.0
TREES = frozenset(
    {"tree", "trees", "tree_row", "wood", "forest", "hedge", "pohon", "pepohonan", "hutan", "pagar hidup"}
)
WALLS = frozenset({"wall", "fence", "city_wall", "retaining_wall", "tembok", "dinding", "pagar"})
KIND_NAMES = ("kind", "jenis", "natural", "barrier", "landuse")
CROWN_NAMES = ("radius", "radius_tajuk", "jari_jari")
LINES = (1, 2, 5)


def read(ready: Path, work: Path, box: Box, taken: Taken) -> None:
    """Polygons as they are; points as crowns, lines as walls THICK_M wide. A row of no kind we know is told."""
    names = (*KIND_NAMES, *footprints.HEIGHT_NAMES, *CROWN_NAMES)
    table = reading.read(ready, work, columns=names, box=box)
    tell_table(table, taken.report)
    words = list(zip(*(table.column(name) for name in KIND_NAMES), strict=True))
    crowns, heights = table.column(*CROWN_NAMES), table.column(*footprints.HEIGHT_NAMES)
    kinds = [_kind(row) for row in words]
    numbers = [str(n) for n in range(1, len(kinds) + 1)]
    outlined = _outlined(table.shapes, kinds, crowns)
    rows: list[Any] = []
    for one in footprints.outlines(
        outlined, numbers, taken.report, square_m=footprints.square_m(outlined), least_m2=LEAST_M2
    ):
        kind = kinds[one.row]
        if kind is None:
            taken.report.leave_out(numbers[one.row], _("bukan tembok dan bukan pohon"))
        else:
            rows.append(_row(one, kind, numbers[one.row], heights[one.row]))
    taken.layers["obstacles"] = rows
    assumed = sum(row.height_from == Building.HeightFrom.ASSUMED for row in rows)
    if assumed:
        taken.report.notes.append(
            _("Tinggi %(n)d dari %(all)d diandaikan: tembok %(wall)g m, pohon %(tree)g m.")
            % {"n": assumed, "all": len(rows), "wall": WALL_M, "tree": TREE_M}
        )


def _kind(words: tuple[Any, ...]) -> str | None:
    said = {str(word).strip().lower() for word in words if word}
    if said & TREES:
        return TREE
    return WALL if said & WALLS else None


def _outlined(shapes: np.ndarray, kinds: list[str | None], crowns: list[Any]) -> np.ndarray:
    """Points of trees and lines of walls as areas, in degrees; everything else as it came."""
    import numpy as np
    import shapely

    plane, made = queries.plane(), shapes.copy()
    types = shapely.get_type_id(shapes)
    for n in np.flatnonzero(((types == 0) | np.isin(types, LINES)) & ~shapely.is_empty(shapes)):
        if types[n] == 0 and kinds[n] != TREE:
            continue
        crown = footprints.number(crowns[n])
        wide = crown if crown is not None and 0 < crown <= WIDEST_CROWN_M else CROWN_M
        reach = wide if kinds[n] == TREE else THICK_M / 2
        flat = shapely.buffer(plane.shape_to_metres(shapes[n]), reach, quad_segs=4, cap_style="square")
        if types[n] == 0:
            flat = shapely.buffer(plane.shape_to_metres(shapes[n]), reach, quad_segs=4)
        made[n] = plane.shape_to_degrees(flat)
    return made


def _row(one: footprints.Outline, kind: str, key: str, height: Any) -> Obstacle:
    import shapely

    metres = footprints.number(height)
    known = metres is not None and 0.2 <= metres <= footprints.HIGHEST_M
    assumed = TREE_M if kind == TREE else WALL_M
    return Obstacle(
        key=key, kind=kind, outline=shapely.to_wkb(one.shape), height_m=metres if known else assumed,
        height_from=Building.HeightFrom.MEASURED if known else Building.HeightFrom.ASSUMED,
    )  # fmt: skip


def read_terrain(ready: Path, form: str, work: Path, box: Box, taken: Taken) -> None:
    """A raster of heights, brought to the city's plane."""
    epsg = queries.plane().epsg
    found = rasters.read(ready, form, work, box=box, epsg=epsg)
    rows, columns = found.decimetres.shape
    taken.layers["terrain"] = [
        Terrain(
            epsg=epsg, west=found.west, north=found.north, step_m=found.step_m, rows=rows, columns=columns,
            content=zlib.compress(found.decimetres.astype("<i2").tobytes(), 6),
        )
    ]  # fmt: skip
    notes = taken.report.notes
    notes.append(
        _("%(rows)d × %(columns)d sel, %(step).1f m; ketinggian %(least).1f sampai %(most).1f m (%(crs)s).")
        % {"rows": rows, "columns": columns, "step": found.step_m, "least": found.least_m, "most": found.most_m,
           "crs": found.crs[:60]}
    )  # fmt: skip
    if found.known < 1:
        notes.append(_("%(share).1f %% sel tanpa ketinggian; di sana tanah dianggap datar.")
                     % {"share": 100 * (1 - found.known)})  # fmt: skip
    if found.is_coarser:
        notes.append(_("Dibuat lebih kasar daripada berkasnya, supaya seluruh kota muat."))


def heights_of(row: Terrain) -> np.ndarray:
    """(rows, columns) float32 metres, NaN where nobody knows."""
    import numpy as np

    stored = np.frombuffer(zlib.decompress(bytes(row.content)), "<i2").reshape(row.rows, row.columns)
    return np.where(stored == rasters.NO_HEIGHT, np.nan, stored / 10).astype(np.float32)
