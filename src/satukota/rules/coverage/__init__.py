"""What is seen from where, and what is hidden: exact, in metres, deterministic. docs/coverage-geometry.md.

    plane = Plane.of(117.48, 0.13)
    scene = Scene(plane.shape_to_metres(buildings), heights_m)
    views(scene, [Viewpoint(x, y, bearing_deg=90, fov_deg=90, range_m=60)])

The compiled kernel is loaded at the first question, so that pages that only need the words stay light.
"""

from .looking import CHORDS_PER_QUARTER, Seen, Watched, areas_m2, inside, sees, union, views, watched
from .plane import Plane
from .purposes import PURPOSES, purpose_at, px_per_m_at
from .scene import LeftOut, Scene
from .terrain import Terrain
from .viewpoint import Patrol, Preset, Viewpoint

__all__ = [
    "CHORDS_PER_QUARTER",
    "PURPOSES",
    "LeftOut",
    "Patrol",
    "Plane",
    "Preset",
    "Scene",
    "Seen",
    "Terrain",
    "Viewpoint",
    "Watched",
    "areas_m2",
    "inside",
    "purpose_at",
    "px_per_m_at",
    "sees",
    "union",
    "views",
    "watched",
]
