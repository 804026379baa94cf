"""From degrees to metres and back: the UTM zone of the place. Inside a zone distances are right to 0.04 %."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

if TYPE_CHECKING:
    from pyproj import Transformer

FARTHEST_DEG = 9.0  # from the zone's middle; beyond it the projection bends, and the place is surely another


@dataclass(frozen=True)
class Plane:
    """The metres of one UTM zone. `epsg` is 326zz north of the equator, 327zz south of it."""

    epsg: int

    @classmethod
    def of(cls, lon: float, lat: float) -> Plane:
        """The plane of the zone that holds this place. ValueError for what is no place, or beyond UTM (84 N, 80 S)."""
        if not (-180 <= lon <= 180 and -80 <= lat <= 84):
            raise ValueError(f"not a place in degrees (lon, lat): {lon!r}, {lat!r}; are they in the wrong order?")
        zone = min(int((lon + 180) // 6) + 1, 60)
        return cls((32600 if lat >= 0 else 32700) + zone)

    def to_metres(self, lonlat: Any) -> np.ndarray:
        """(n, 2) lon, lat in degrees to (n, 2) x, y in metres. ValueError far from the zone or for what is no place."""
        degrees = _pairs(lonlat)
        middle = (self.epsg % 100) * 6 - 183
        away = np.abs((degrees[:, 0] - middle + 180) % 360 - 180)
        if not ((np.abs(degrees[:, 1]) <= 84) & (away <= FARTHEST_DEG)).all():
            wrong = degrees[~((np.abs(degrees[:, 1]) <= 84) & (away <= FARTHEST_DEG))][0]
            raise ValueError(
                f"{wrong.tolist()} is not a place (lon, lat) within {FARTHEST_DEG:g} degrees of longitude {middle}; "
                "are longitude and latitude in the wrong order, or metres given for degrees?"
            )
        return np.column_stack(self._forth.transform(degrees[:, 0], degrees[:, 1]))

    def to_degrees(self, xy: Any) -> np.ndarray:
        """(n, 2) x, y in metres to (n, 2) lon, lat in degrees."""
        metres = _pairs(xy)
        return np.column_stack(self._back.transform(metres[:, 0], metres[:, 1]))

    def shape_to_metres(self, geometry: Any) -> Any:
        """A geometry, or an array or sequence of them, from degrees to metres."""
        return shapely.transform(_shapes(geometry), self.to_metres)

    def shape_to_degrees(self, geometry: Any) -> Any:
        """A geometry, or an array or sequence of them, from metres to degrees."""
        return shapely.transform(_shapes(geometry), self.to_degrees)

    @cached_property
    def _forth(self) -> Transformer:
        return _transformer(4326, self.epsg)

    @cached_property
    def _back(self) -> Transformer:
        return _transformer(self.epsg, 4326)


def _transformer(start: int, goal: int) -> Transformer:
    from pyproj import Transformer  # takes 100 ms to load; pages without geometry never need it

    return Transformer.from_crs(start, goal, always_xy=True)


def _shapes(geometry: BaseGeometry | Sequence[BaseGeometry] | np.ndarray) -> Any:
    return geometry if isinstance(geometry, BaseGeometry) else np.asarray(geometry, dtype=object)


def _pairs(values: Any) -> np.ndarray:
    pairs = np.asarray(values, dtype=np.float64)
    if pairs.size == 0:
        return np.empty((0, 2))
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise ValueError(f"expected pairs (n, 2), got an array of shape {pairs.shape}")
    if not np.isfinite(pairs).all():
        raise ValueError("a position holds something that is not a number")
    return pairs
