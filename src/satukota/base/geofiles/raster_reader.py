"""Runs alone: reads a raster of heights that strangers made, under limits, and leaves an array behind. Knows no Django.

    python raster_reader.py ASK.json FOLDER

ASK.json: {"path", "driver": "GTiff" | "AAIGrid", "box": [w, s, e, n] degrees, "epsg": of the plane, "most": cells,
"least_step": metres}
FOLDER/found.json: {"crs", "step_m", "west", "north", "rows", "columns", "known", "least", "most", "coarser"} or
{"problem", "detail"}; FOLDER/heights.npy: (rows, columns) int16 decimetres on the plane, NO_HEIGHT where nobody knows.
"""

import json
import math
import resource
import sys
from pathlib import Path
from typing import Any

MEMORY_BYTES, CPU_S, FILE_BYTES = 6 * 2**30, 900, 4 * 2**30
NO_HEIGHT = -32768
HIGHEST_M = 3000.0
MARGIN_M = 300.0  # around the city: what stands at its border looks a little beyond


def main() -> None:
    ask, folder = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2])
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, CPU_S), (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):  # fmt: skip
        resource.setrlimit(what, (most, most))
    try:
        told = _read(ask, folder)
    except MemoryError:
        told = {"problem": "memory"}
    except Exception as problem:  # whatever GDAL says about a broken file
        told = {"problem": "unreadable", "detail": f"{type(problem).__name__}: {problem}"[:300]}
    (folder / "found.json").write_text(json.dumps(told), encoding="utf-8")


def _read(ask: dict[str, Any], folder: Path) -> dict[str, Any]:
    import numpy as np
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.transform import from_origin
    from rasterio.vrt import WarpedVRT
    from rasterio.warp import calculate_default_transform, transform_bounds

    plane = rasterio.crs.CRS.from_epsg(ask["epsg"])
    city = transform_bounds("EPSG:4326", plane, *ask["box"])
    west, south, east, north = (city[0] - MARGIN_M, city[1] - MARGIN_M, city[2] + MARGIN_M, city[3] + MARGIN_M)
    with rasterio.open(ask["path"], driver=ask["driver"]) as source:
        crs = source.crs or _likely(source.bounds, ask["box"], city, plane)
        if crs is None:
            return {"problem": "no_crs", "detail": ", ".join(f"{value:g}" for value in source.bounds)}
        bounds = transform_bounds(crs, plane, *source.bounds)
        if bounds[0] >= east or bounds[2] <= west or bounds[1] >= north or bounds[3] <= south:
            return {"problem": "elsewhere", "detail": str(crs)}
        native = calculate_default_transform(crs, plane, source.width, source.height, *source.bounds)[0].a
        west, south, east, north = (
            max(west, bounds[0]), max(south, bounds[1]), min(east, bounds[2]), min(north, bounds[3]),
        )  # fmt: skip
        step = max(native, ask["least_step"], math.sqrt((east - west) * (north - south) / ask["most"]))
        columns, rows = math.ceil((east - west) / step), math.ceil((north - south) / step)
        if min(columns, rows) < 2:
            return {"problem": "coarse", "detail": f"{native:.0f}"}
        how = Resampling.average if step > 1.5 * native else Resampling.bilinear
        with WarpedVRT(
            source, src_crs=crs, crs=plane, transform=from_origin(west, north, step, step), width=columns,
            height=rows, resampling=how, dtype="float32", nodata=float("nan"),
        ) as turned:  # fmt: skip
            heights = turned.read(1)
    heights = np.where(np.abs(heights) <= HIGHEST_M, heights, np.nan)
    known = np.isfinite(heights)
    if not known.any():
        return {"problem": "no_height", "detail": ""}
    np.save(folder / "heights.npy", np.where(known, np.rint(np.nan_to_num(heights) * 10), NO_HEIGHT).astype("<i2"))
    return {
        "crs": str(crs), "step_m": step, "west": west, "north": north, "rows": rows, "columns": columns,
        "known": float(known.mean()), "least": float(heights[known].min()), "most": float(heights[known].max()),
        "coarser": step > 1.01 * native,
    }  # fmt: skip


def _likely(bounds: Any, box: list[float], city: tuple[float, ...], plane: Any) -> Any:
    """Degrees or metres of the plane, where the file does not say and only one of them touches the city."""
    from rasterio.crs import CRS

    def touches(other: Any) -> bool:
        return bool(bounds[0] < other[2] and bounds[2] > other[0] and bounds[1] < other[3] and bounds[3] > other[1])

    return CRS.from_epsg(4326) if touches(box) else plane if touches(city) else None


if __name__ == "__main__":
    main()
