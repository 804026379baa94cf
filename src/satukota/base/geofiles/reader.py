"""Runs alone: reads one layer of a file that strangers made, under limits, and leaves plain arrays behind.

    python reader.py ASK.json FOLDER

GDAL reads dozens of formats, some of which open other files or addresses; all but the five we want are switched off
before it starts, which only a fresh process can do. What kills this process kills nothing else. It knows no Django.

ASK.json: {"path", "layer", "columns": [names, in any case], "where", "box": [w, s, e, n] | null, "most": rows}
FOLDER/found.json: {"fields", "total", "crs", "moved", "bounds"} or {"problem", "detail"}; FOLDER/shapes.bin (WKB one
after another in WGS 84), FOLDER/ends.npy (where each ends), FOLDER/columns.json ({name: [values]}).
"""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

MEMORY_BYTES, CPU_S, FILE_BYTES = 6 * 2**30, 900, 4 * 2**30
# Every driver of GDAL 3.12 but those for GeoJSON, GeoPackage, Shapefile and OSM; a test asks what is left.
OFF = (
    "PCIDSK,PDS4,VICAR,PDF,MBTiles,EEDA,OGCAPI,GDALG,MapInfo File,LVBAG,S57,DGN,OGR_VRT,CSV,GML,GPX,LIBKML,KML,"
    "GeoJSONSeq,ESRIJSON,TopoJSON,OGR_GMT,WAsP,OpenFileGDB,DXF,FlatGeobuf,GeoRSS,VFK,PGDUMP,GPSBabel,OGR_PDS,WFS,OAPIF,"
    "EDIGEO,Idrisi,ODS,XLSX,Elasticsearch,Carto,AmigoCloud,SXF,Selafin,JML,PLSCENES,CSW,VDV,MVT,NGW,MapML,GTFS,PMTiles,"
    "JSONFG,MiraMonVector,ADBC,AVCBin,AVCE00,AIVector,HTTP"
)
FIRST_LOOK = 200  # rows looked at when none lies in the city, to say why


def main() -> None:
    ask, folder = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2])
    _limit()
    try:
        told = _read(ask, folder)
    except MemoryError:
        told = {"problem": "memory"}
    except Exception as problem:  # whatever GDAL says about a broken file
        told = {"problem": "unreadable", "detail": f"{type(problem).__name__}: {problem}"[:300]}
    (folder / "found.json").write_text(json.dumps(told), encoding="utf-8")


def _limit() -> None:
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, CPU_S), (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):  # fmt: skip
        resource.setrlimit(what, (most, most))


def _read(ask: dict[str, Any], folder: Path) -> dict[str, Any]:
    os.environ["GDAL_SKIP"] = OFF
    os.environ["CPL_TMPDIR"] = str(folder)
    import numpy as np
    import pyogrio

    layers = [str(name) for name, _kind in pyogrio.list_layers(ask["path"])]
    if ask["layer"] and ask["layer"] not in layers:
        return {"problem": "no_layer", "detail": ", ".join(layers)[:300]}
    layer = ask["layer"] or layers[0]
    about = pyogrio.read_info(ask["path"], layer=layer)
    wanted = {name.lower() for name in ask["columns"]}
    columns = [str(name) for name in about["fields"] if str(name).lower() in wanted]
    box = _box_in(ask["box"], about["crs"])
    common = {"layer": layer, "columns": columns, "where": ask["where"] or None, "force_2d": True}
    meta, _ids, shapes, values = pyogrio.raw.read(ask["path"], bbox=box, max_features=ask["most"] + 1, **common)
    told = {"fields": columns, "total": int(about["features"]), "crs": about["crs"], "moved": False, "bounds": None}
    if len(shapes) > ask["most"]:
        return {"problem": "too_many", "detail": str(ask["most"])}
    if not len(shapes):
        told["bounds"] = _bounds(pyogrio.raw.read(ask["path"], max_features=FIRST_LOOK, **common)[2])
    shapes, told["moved"] = _in_degrees(shapes, about["crs"])
    with open(folder / "shapes.bin", "wb") as out:
        out.writelines(shape or b"" for shape in shapes)
    np.save(folder / "ends.npy", np.cumsum([len(shape or b"") for shape in shapes], dtype=np.int64))
    named = {
        str(name).lower(): [_plain(each) for each in row] for name, row in zip(meta["fields"], values, strict=True)
    }
    (folder / "columns.json").write_text(json.dumps(named), encoding="utf-8")
    return told


def _is_degrees(crs: str | None) -> bool:
    return crs is None or crs.upper() in ("EPSG:4326", "OGC:CRS84")


def _box_in(box: list[float] | None, crs: str | None) -> tuple[float, ...] | None:
    if box is None or _is_degrees(crs):
        return tuple(box) if box else None
    from pyproj import Transformer

    west, south, east, north = box
    return Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform_bounds(west, south, east, north)


def _in_degrees(shapes: Any, crs: str | None) -> tuple[Any, bool]:
    if _is_degrees(crs) or not len(shapes):
        return shapes, False
    import numpy as np
    import shapely
    from pyproj import Transformer

    change = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    read = shapely.from_wkb(shapes, on_invalid="ignore")
    moved = shapely.transform(read, lambda xy: np.column_stack(change.transform(xy[:, 0], xy[:, 1])))
    return shapely.to_wkb(moved), True


def _bounds(shapes: Any) -> list[float] | None:
    import numpy as np
    import shapely

    read = shapely.from_wkb(shapes, on_invalid="ignore")
    if not len(read):
        return None
    bounds = shapely.bounds(read)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    return [*bounds[:, :2].min(axis=0).tolist(), *bounds[:, 2:].max(axis=0).tolist()] if len(bounds) else None


def _plain(value: Any) -> Any:
    """A cell as JSON has it: text, number or null."""
    if value is None or isinstance(value, str | bool):
        return value
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and value != value:
        return None
    return value if isinstance(value, int | float | bool) else str(value)


if __name__ == "__main__":
    main()
