"""Areas as shapes: schematic ones made from centroids, and the index that tells in which area a point lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

Key = TypeVar("Key")
SLIVER_DEG = 0.00002  # about 2 m
DECIMALS = 6  # of a degree: about 0.1 m


def schematic(centroids: Mapping[str, tuple[float, float]], outline: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """One GeoJSON polygon per code: the land nearest to its centroid. Neighbours share their edges exactly.

    `outline` is a ring of (lon, lat); its corners are rounded. Near the equator degrees of longitude and latitude are
    of equal length, so nearest in degrees is nearest on the ground; a city far from it would need metres here.
    """
    import shapely

    land = shapely.Polygon(_rounded(_rounded(outline)))
    points = shapely.MultiPoint(list(centroids.values()))
    cells = shapely.voronoi_polygons(points, extend_to=land.envelope, ordered=True)
    return {
        code: geojson(_main_part(shapely.intersection(cell, land)))
        for code, cell in zip(centroids, cells.geoms, strict=True)
    }


def _rounded(ring: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Chaikin's corner cutting, once."""
    cut = []
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
        cut += [(0.75 * x0 + 0.25 * x1, 0.75 * y0 + 0.25 * y1), (0.25 * x0 + 0.75 * x1, 0.25 * y0 + 0.75 * y1)]
    return cut


def _main_part(shape: BaseGeometry) -> BaseGeometry:
    parts = [part for part in getattr(shape, "geoms", [shape]) if part.geom_type == "Polygon"]
    return max(parts, key=lambda part: part.area)


def geojson(shape: BaseGeometry) -> dict[str, Any]:
    """The shape as a GeoJSON geometry, coordinates rounded to DECIMALS."""
    import shapely

    def rounded(item: Any) -> Any:
        return round(item, DECIMALS) if isinstance(item, float) else [rounded(part) for part in item]

    found = shapely.geometry.mapping(shapely.force_2d(shape))
    return {"type": found["type"], "coordinates": rounded(found["coordinates"])}


def dissolved(areas: Sequence[tuple[Key, Mapping[str, Any]]]) -> dict[Key, BaseGeometry]:
    """One shape per key, of all GeoJSON areas that carry it, without the slivers between neighbours.

    What is made of kelurahan (kecamatan, the city) has exactly their edges.
    """
    import shapely

    parts: dict[Key, list[BaseGeometry]] = {}
    for key, area in areas:
        parts.setdefault(key, []).append(shapely.make_valid(shapely.geometry.shape(area)))
    return {key: _without_slivers(shapely.union_all(shapes)) for key, shapes in parts.items()}


def _without_slivers(shape: BaseGeometry) -> BaseGeometry:
    """Gaps narrower than SLIVER_DEG are closed; nothing else moves."""
    import shapely

    return shapely.buffer(shapely.buffer(shape, SLIVER_DEG, join_style="mitre"), -SLIVER_DEG, join_style="mitre")


class AreaIndex(Generic[Key]):
    """Areas in a fixed order. Where two overlap (slivers between neighbours), the first in order takes the point."""

    def __init__(self, areas: Sequence[tuple[Key, Mapping[str, Any]]]) -> None:
        import shapely

        self._keys = [key for key, _ in areas]
        shapes = [shapely.geometry.shape(area) for _, area in areas]
        shapely.prepare(shapes)
        self._tree = shapely.STRtree(shapes)

    def at(self, lon: float, lat: float) -> Key | None:
        return self.at_many([(lon, lat)])[0]

    def at_many(self, points: Sequence[tuple[float, float]]) -> list[Key | None]:
        """The key for each (lon, lat), None outside every area or for a coordinate that is not a number."""
        import numpy as np
        import shapely

        found = np.full(len(points), len(self._keys))
        if points and self._keys:
            which, area = self._tree.query(shapely.points(np.asarray(points, dtype=float)), predicate="intersects")
            np.minimum.at(found, which, area)
        return [self._keys[index] if index < len(self._keys) else None for index in found]
