"""Where streets meet: vertices that three or more street ends or passages share."""

from __future__ import annotations

import numpy as np

DECIMALS = 6  # of a degree: vertices closer than about 0.1 m are one
APART_M = 12.0  # the nodes of a crossing with two carriageways are one junction
DEGREE_M = 111_195.0  # mean; what is near is told apart by metres, not measured
WALKED = ("footway", "path", "steps", "cycleway", "pedestrian", "track", "bridleway", "corridor", "platform")


def of(lines: np.ndarray) -> np.ndarray:
    """Junctions (k, 2) lon, lat of LineStrings (n,) in degrees, in order of longitude. Vectorised but for merging."""
    import shapely

    xy, line = shapely.get_coordinates(lines, return_index=True)
    if not len(xy):
        return np.empty((0, 2))
    is_end = np.zeros(len(xy), bool)
    is_end[np.r_[0, np.flatnonzero(np.diff(line)) + 1]] = True
    is_end[np.r_[np.flatnonzero(np.diff(line)), len(xy) - 1]] = True
    spots, which = np.unique(np.round(xy, DECIMALS), axis=0, return_inverse=True)
    ways = np.bincount(which.reshape(-1), weights=np.where(is_end, 1, 2), minlength=len(spots))
    meeting = spots[ways >= 3]
    return meeting[apart(meeting, APART_M)]


def apart(lonlat: np.ndarray, metres: float) -> np.ndarray:
    """(n,) bool: False for a spot nearer than that to an earlier one that stays."""
    import shapely

    keep = np.ones(len(lonlat), bool)
    if len(lonlat):
        wide = np.cos(np.radians(lonlat[:, 1].mean()))
        points = shapely.points(lonlat * (DEGREE_M * np.array([wide, 1.0])))
        first, second = shapely.STRtree(points).query(points, predicate="dwithin", distance=metres)
        for a, b in sorted(zip(first.tolist(), second.tolist(), strict=True)):
            if a < b and keep[a]:
                keep[b] = False
    return keep
