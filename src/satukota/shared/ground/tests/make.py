"""Builders: ground on the register's small city, and map files as people send them."""

from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import shapely

from satukota.city.tests.make import NOW, make_city
from satukota.shared.ground import actions
from satukota.shared.ground.models import Building, DemandPlace, GroundSource, Street, Structure

CENTRE = (117.4900, 0.1300)  # in Api-Api
METRE = 1 / 111_195
DRIVERS = {".geojson": "GeoJSON", ".gpkg": "GPKG", ".shp": "ESRI Shapefile"}

__all__ = ["CENTRE", "METRE", "NOW", "file_of", "house", "make_city", "make_ground", "spot"]


def spot(east_m: float, north_m: float) -> tuple[float, float]:
    """Degrees, from metres beside CENTRE; at the equator both count alike."""
    return CENTRE[0] + east_m * METRE, CENTRE[1] + north_m * METRE


def house(east_m: float = 0.0, north_m: float = 0.0, side_m: float = 10.0) -> Any:
    return shapely.box(*spot(east_m, north_m), *spot(east_m + side_m, north_m + side_m))


def file_of(path: Path, shapes: list[Any], *, crs: str | None = "EPSG:4326", **columns: list[Any]) -> Path:
    """The shapes (degrees) in a file whose form its name's ending says, turned into `crs`."""
    made = np.array(shapes, object)
    if crs not in (None, "EPSG:4326"):
        change = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
        made = shapely.transform(made, lambda xy: np.column_stack(change.transform(*xy.T)))
    names = list(columns) or ["nomor"]
    cells = [
        np.array(values, object if isinstance(values[0], str | type(None)) else None) for values in columns.values()
    ]
    kind = shapes[0].geom_type
    pyogrio.raw.write(
        path, shapely.to_wkb(made), cells or [np.arange(len(shapes))], names, crs=crs or "EPSG:4326",
        geometry_type=kind, driver=DRIVERS[path.suffix],
    )  # fmt: skip
    if crs is None:
        path.with_suffix(".prj").unlink(missing_ok=True)
    return path


def make_ground(
    *, kind: str = "osm", streets: Any = (), buildings: Any = (), poles: Any = (), junctions: Any = (), places: Any = ()
) -> GroundSource:
    """Streets: [(kind, [spots])]; buildings: shapes; poles and junctions: spots; places: [(kind, spot)]."""
    structures = [("pole", at) for at in poles] + [("junction", at) for at in junctions]
    layers = {
        "streets": [Street(key=f"w{n}", kind=kind, name=f"Jalan {n}", line=shapely.to_wkb(shapely.LineString(line)))
                    for n, (kind, line) in enumerate(streets)],
        "buildings": [Building(key=f"{n}", outline=shapely.to_wkb(shape), height_m=6, height_from="assumed")
                      for n, shape in enumerate(buildings)],
        "structures": [Structure(kind=kind, code=f"T-{n}", lon=lon, lat=lat)
                       for n, (kind, (lon, lat)) in enumerate(structures)],
        "places": [DemandPlace(key=f"{n}", kind=kind, lon=lon, lat=lat) for n, (kind, (lon, lat)) in enumerate(places)],
    }  # fmt: skip
    given = {name: rows for name, rows in layers.items() if rows}
    return actions.replace(kind, given, actions.Origin("uji", "00" * 32), by=None, at=NOW)[0]
