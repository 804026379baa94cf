"""Maps for paper, drawn from our own geometry as SVG: land, streets, cameras with the way they look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import cos, radians, sin
from xml.sax.saxutils import escape

import numpy as np
import shapely

from satukota.city.models import Kelurahan
from satukota.shared.ground import queries as ground

from .models import PlanCamera

WIDTH = 1000.0  # units of the drawing; its height follows the city
MARGIN_M = 250.0
LAND, EDGE, STREET, SEEN = "#eef0e8", "#9aa5a1", "#c6cec8", "#0b5d4e"
MOST_STREETS = 20_000
To = Callable[[np.ndarray], list[list[float]]]  # metres to places in the drawing


def overview(cameras: Sequence[PlanCamera]) -> str:
    """The cameras of a plan, numbered, over the streets around them. An SVG without scripts or outside references."""
    plane = ground.plane()
    spots = plane.to_metres(np.array([(row.lon, row.lat) for row in cameras], float).reshape(-1, 2))
    west, south = spots.min(axis=0) - MARGIN_M
    east, north = spots.max(axis=0) + MARGIN_M
    scale = WIDTH / max(east - west, 1.0)
    height = min(1400.0, (north - south) * scale)
    scale = min(scale, height / max(north - south, 1.0))

    def at(xy: np.ndarray) -> list[list[float]]:
        return np.round((xy - (west, north)) * (scale, -scale), 1).tolist()

    box = (float(west), float(south), float(east), float(north))
    parts = [*_land(box, at), *_streets(box, at)]
    size = max(7.0, min(16.0, WIDTH / 60))
    for row, spot in zip(cameras, spots, strict=True):
        parts.append(_sector(row, spot, at))
    for row, spot in zip(cameras, spots, strict=True):
        parts.append(_mark(row.position, at(spot[None, :])[0], size))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height:.0f}" '
        'font-family="Libertinus Serif">'
        f'<rect width="{WIDTH:.0f}" height="{height:.0f}" fill="#ffffff"/>{"".join(parts)}</svg>'
    )


def _land(box: ground.Box, at: To) -> list[str]:
    window = shapely.box(*box)
    found = []
    for name, area in Kelurahan.objects.exclude(area=None).order_by("code").values_list("name", "area"):
        shape = ground.plane().shape_to_metres(shapely.geometry.shape(area))
        seen = shapely.intersection(shapely.make_valid(shape), window)
        for part in shapely.get_parts(seen):
            if shapely.get_type_id(part) == shapely.GeometryType.POLYGON:
                ring = _points(shapely.get_coordinates(part.exterior), at)
                found.append(f'<polygon points="{ring}" fill="{LAND}" stroke="{EDGE}" stroke-dasharray="4 3"/>')
        if not seen.is_empty:
            (x, y) = at(shapely.get_coordinates(shapely.point_on_surface(seen)))[0]
            found.append(
                f'<text x="{x}" y="{y}" font-size="13" fill="{EDGE}" text-anchor="middle">{escape(name)}</text>'
            )
    return found


def _streets(box: ground.Box, at: To) -> list[str]:
    lines = ground.streets(box).lines[:MOST_STREETS]
    window = shapely.box(*box)
    return [
        f'<polyline points="{_points(shapely.get_coordinates(part), at)}" fill="none" stroke="{STREET}"/>'
        for line in shapely.intersection(lines, window)
        for part in shapely.get_parts(line)
        if shapely.get_type_id(part) == shapely.GeometryType.LINESTRING
    ]


def _points(xy: np.ndarray, at: To) -> str:
    return " ".join(f"{x},{y}" for x, y in at(xy))


def _sector(row: PlanCamera, spot: np.ndarray, at: To) -> str:
    """How it looks, without what stands in its way: a sketch for orientation."""
    half = row.fov_deg / 2
    turns = [row.bearing_deg - half + row.fov_deg * n / 24 for n in range(25)]
    arc = [(spot[0] + row.range_m * sin(radians(turn)), spot[1] + row.range_m * cos(radians(turn))) for turn in turns]
    ring = arc if row.fov_deg >= 360 else [tuple(spot), *arc]
    return f'<polygon points="{_points(np.array(ring), at)}" fill="{SEEN}" fill-opacity="0.22" stroke="{SEEN}"/>'


def _mark(number: int, place: list[float], size: float) -> str:
    x, y = place
    return (
        f'<circle cx="{x}" cy="{y}" r="{size:.1f}" fill="{SEEN}" stroke="#ffffff"/>'
        f'<text x="{x}" y="{y + size * 0.35:.1f}" font-size="{size:.1f}" fill="#ffffff" '
        f'text-anchor="middle">{number}</text>'
    )
