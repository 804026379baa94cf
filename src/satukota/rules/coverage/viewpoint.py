"""Where something looks from, which way and how far. Metres, x east, y north; bearings clockwise from north."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isfinite, radians, sqrt, tan

from ..reach import LONGEST_RANGE_M
from .purposes import distance_for

HIGHEST_M = 1_000.0


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """A lens, an antenna, a pair of eyes. Refuses with ValueError what cannot look.

    `bearing_deg` None is for a whole circle only: what looks one way nobody registered cannot be calculated, and a
    circle would claim too much. `range_m` is the horizontal distance it is good for at most; `light_m` the same by
    night (None: it needs no light of its own). `height_m` is above the ground. `tilt_deg` is the angle of the lens's
    axis below the horizon and `vertical_fov_deg` its opening; both, or neither: then it sees from its foot to its
    range. `width_px` is the width of its picture, None where sharpness is not the question.
    """

    x: float
    y: float
    bearing_deg: float | None
    fov_deg: float
    range_m: float
    height_m: float = 4.0
    width_px: int | None = None
    tilt_deg: float | None = None
    vertical_fov_deg: float | None = None
    light_m: float | None = None

    def __post_init__(self) -> None:
        for name, low, high, what in _LIMITS:
            value = getattr(self, name)
            if value is None and name in _MAY_BE_NONE:
                continue
            if not _is_number(value) or not low <= value <= high:
                raise ValueError(f"{name} is {what}, got {value!r}")
        if not self.fov_deg > 0 or not self.range_m > 0:
            raise ValueError(f"fov_deg and range_m are above 0, got {self.fov_deg!r} and {self.range_m!r}")
        if self.bearing_deg is None and self.fov_deg < 360:
            raise ValueError("without bearing_deg only a whole circle (fov_deg 360) can be calculated")
        if (self.tilt_deg is None) != (self.vertical_fov_deg is None):
            raise ValueError("tilt_deg and vertical_fov_deg belong together: give both or neither")

    def reach_m(self, px_per_m: float = 0.0, *, night: bool = False, target_height_m: float = 0.0) -> float:
        """How far along the ground it still gives that sharpness; 0 where it never does.

        Sharpness falls with the slanting distance to the target. A viewpoint without `width_px` promises none.
        """
        if not _is_number(px_per_m) or px_per_m < 0:
            raise ValueError(f"px_per_m is 0 or more, got {px_per_m!r}")
        far = self.range_m
        if night and self.light_m is not None:
            far = min(far, self.light_m)
        if px_per_m == 0:
            return far
        if self.width_px is None:
            return 0.0
        along = distance_for(px_per_m, self.fov_deg, self.width_px)
        drop = self.height_m - target_height_m
        return min(far, sqrt(along * along - drop * drop)) if along > abs(drop) else 0.0

    def ring_m(self, target_height_m: float = 0.0) -> tuple[float, float]:
        """Nearest and farthest horizontal distance the lens's vertical opening lets it see, at that height.

        (0, inf) without tilt. The opening is taken the same along every bearing: rings around the viewpoint.
        """
        if self.tilt_deg is None or self.vertical_fov_deg is None:
            return 0.0, inf
        drop = self.height_m - target_height_m
        lowest, highest = self.tilt_deg + self.vertical_fov_deg / 2, self.tilt_deg - self.vertical_fov_deg / 2
        if drop < 0:  # the target is above the lens: the same, seen from below
            drop, lowest, highest = -drop, -highest, -lowest
        if drop == 0:
            return (0.0, inf) if highest <= 0 <= lowest else (inf, inf)
        if lowest <= 0:
            return inf, inf
        near = 0.0 if lowest >= 90 else drop / tan(radians(lowest))
        return near, inf if highest <= 0 else drop / tan(radians(highest))


@dataclass(frozen=True, slots=True)
class Preset:
    """One of the ways a turning viewpoint looks, and its share of the time (0..1)."""

    bearing_deg: float | None
    fov_deg: float
    dwell_share: float
    tilt_deg: float | None = None
    vertical_fov_deg: float | None = None
    range_m: float | None = None


@dataclass(frozen=True, slots=True)
class Patrol:
    """A viewpoint that turns between presets. The shares may add up to less than 1 (the rest is elsewhere)."""

    at: Viewpoint
    presets: tuple[Preset, ...]

    def __post_init__(self) -> None:
        shares = [preset.dwell_share for preset in self.presets]
        if not shares or not all(_is_number(share) and 0 < share <= 1 for share in shares) or sum(shares) > 1 + 1e-9:
            raise ValueError(f"a patrol has presets with shares above 0 that add up to at most 1, got {shares!r}")
        self.viewpoints()

    def viewpoints(self) -> list[Viewpoint]:
        """Where it looks from, preset by preset."""
        return [
            replace(
                self.at,
                bearing_deg=preset.bearing_deg,
                fov_deg=preset.fov_deg,
                range_m=self.at.range_m if preset.range_m is None else preset.range_m,
                tilt_deg=preset.tilt_deg,
                vertical_fov_deg=preset.vertical_fov_deg,
            )
            for preset in self.presets
        ]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


_MAY_BE_NONE = frozenset({"bearing_deg", "width_px", "tilt_deg", "vertical_fov_deg", "light_m"})
_LIMITS = (
    ("x", -1e8, 1e8, "a number of metres"),
    ("y", -1e8, 1e8, "a number of metres"),
    ("bearing_deg", -1e6, 1e6, "a number of degrees"),
    ("fov_deg", 0, 360, "above 0 and at most 360"),
    ("range_m", 0, LONGEST_RANGE_M, f"above 0 and at most {LONGEST_RANGE_M:.0f}"),
    ("height_m", 0, HIGHEST_M, f"from 0 to {HIGHEST_M:.0f}"),
    ("width_px", 1, 1_000_000, "a number of pixels from 1"),
    ("tilt_deg", -90, 90, "from -90 (up) to 90 (straight down)"),
    ("vertical_fov_deg", 1e-6, 180, "above 0 and at most 180"),
    ("light_m", 0, LONGEST_RANGE_M, f"from 0 to {LONGEST_RANGE_M:.0f}"),
)
