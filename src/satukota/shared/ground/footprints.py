"""From whatever a file calls a building to valid outlines with a height."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from .junctions import DEGREE_M
from .models import Building
from .report import Report

if TYPE_CHECKING:
    import numpy as np

STOREY_M = 3.0
ASSUMED_M = 6.0  # two storeys: what is not known to be low is not seen over
HIGHEST_M, MOST_STOREYS = 600.0, 150
SMALLEST_M2, LARGEST_M2 = 2.0, 250_000.0
MOST_CORNERS = 10_000
HEIGHT_NAMES = ("height", "height_m", "tinggi", "tinggi_m", "tinggi_bgn", "roof_h")
STOREY_NAMES = ("building:levels", "levels", "lantai", "jml_lantai", "jumlah_lantai", "num_floors", "floors")
NUMBER = re.compile(r"^\s*(\d{1,4}(?:[.,]\d{1,6})?)\s*(m|meter|metre|metres)?\.?\s*$", re.IGNORECASE)
MEASURED, LEVELS, ASSUMED = Building.HeightFrom.values


@dataclass(frozen=True)
class Outline:
    row: int
    shape: Any  # valid Polygon or MultiPolygon, degrees


def outlines(
    shapes: np.ndarray, names: Sequence[str], report: Report, *, square_m: Any, least_m2: float = SMALLEST_M2
) -> Iterator[Outline]:  # fmt: skip
    """The usable ones in order; the others are told to `report` by `names`. `square_m(shapes)` measures (n,) areas.

    Self-crossing rings are mended; the same outline twice is taken once.
    """
    import numpy as np
    import shapely

    seen: set[bytes] = set()
    corners = shapely.get_num_coordinates(shapes)
    kinds = shapely.get_type_id(shapes)
    areal = np.isin(kinds, (3, 6))
    sound = areal & shapely.is_valid(shapes) & ~shapely.is_empty(shapes) & (corners <= MOST_CORNERS)
    areas, marks = np.zeros(len(shapes)), np.full(len(shapes), None)
    areas[sound] = square_m(shapes[sound])
    marks[sound] = _marks(shapes[sound])
    for row, shape in enumerate(shapes):
        mended = False
        if not areal[row]:
            report.leave_out(names[row], _("bukan poligon") if shape is not None else _("bentuknya rusak"))
            continue
        if corners[row] > MOST_CORNERS:
            report.leave_out(names[row], _("terlalu banyak titik sudut"))
            continue
        if not sound[row]:
            shape, mended = mend(shape), True
            if shape is not None:
                areas[row], marks[row] = square_m(np.array([shape]))[0], _marks(np.array([shape]))[0]
        if shape is None or areas[row] < least_m2:
            report.leave_out(names[row], _("tidak punya luas"))
        elif areas[row] > LARGEST_M2:
            report.leave_out(names[row], _("lebih luas dari 25 hektare"))
        elif marks[row] in seen:
            report.leave_out(names[row], _("sama dengan yang sebelumnya"))
        else:
            seen.add(marks[row])
            report.mended += mended
            yield Outline(row, shape)


def square_m(shapes: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Areas of shapes near these; right to a percent, enough to tell a shed from a mistake."""
    import numpy as np
    import shapely

    middle = shapely.bounds(shapes)[:, 1]
    wide = np.cos(np.radians(np.nanmean(middle))) if np.isfinite(middle).any() else 1.0
    return lambda some: shapely.area(some) * (DEGREE_M**2 * wide)


def mend(shape: Any) -> Any:
    """The areas of a shape whose ring crosses itself; None when there is none."""
    import shapely

    parts = shapely.get_parts(shapely.make_valid(shape))
    while len(parts) and (shapely.get_type_id(parts) > 3).any():
        parts = shapely.get_parts(parts)
    parts = parts[shapely.get_type_id(parts) == 3]
    return shapely.union_all(parts) if len(parts) else None


def _marks(shapes: np.ndarray) -> np.ndarray:
    """Equal for outlines with the same corners, wherever the ring begins and whichever way it runs: (n,) bytes."""
    import numpy as np
    import shapely

    rounded = shapely.transform(shapes, lambda xy: np.round(xy, 7))
    return shapely.to_wkb(shapely.normalize(rounded))


def height_of(height: Any, storeys: Any) -> tuple[float, str]:
    """Metres, and how they are known. What no building has counts as not said."""
    metres = number(height)
    if metres is not None and 0.5 <= metres <= HIGHEST_M:
        return metres, MEASURED
    floors = number(storeys)
    if floors is not None and 0.5 <= floors <= MOST_STOREYS:
        return round(floors * STOREY_M, 1), LEVELS
    return ASSUMED_M, ASSUMED


def number(value: Any) -> float | None:
    """12, 12.5, "12,5", "12 m"; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e6 else None
    found = NUMBER.match(str(value))
    return float(found[1].replace(",", ".")) if found else None
