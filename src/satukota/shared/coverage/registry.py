"""Where works register what watches the ground. Filled in AppConfig.ready()."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field

from satukota.rules.availability import Week

MISSING = ("position", "bearing", "fov", "range", "width")  # without these nobody says what it sees


@dataclass(frozen=True, slots=True)
class Preset:
    """One way a turning watcher looks, and for how much of its time (0 … 1)."""

    bearing_deg: float
    fov_deg: float
    share: float = 1.0
    tilt_deg: float | None = None  # with its vertical opening, or neither
    vertical_fov_deg: float | None = None
    range_m: float | None = None  # None: the watcher's own


@dataclass(frozen=True, slots=True)
class Watcher:
    """A thing that sees, as its register describes it. What is not registered is None, never guessed wide."""

    target_id: int
    code: str
    title: str
    kind: str
    lon: float | None
    lat: float | None
    height_m: float
    bearing_deg: float | None
    fov_deg: float | None
    range_m: float | None
    width_px: int | None = None
    light_m: float | None = None  # how far its own light or the street's reaches at night; None: the rules' default
    tilt_deg: float | None = None
    vertical_fov_deg: float | None = None
    presets: tuple[Preset, ...] = ()
    partner: bool = False  # somebody else's, shared with the city under an agreement
    hours: Week = ()  # local hours in which the city may look through it; empty: always
    areas: frozenset[int] | None = None  # kelurahan it may count in; None: wherever it looks
    owner_id: int | None = None
    kelurahan_id: int | None = None

    @property
    def ways(self) -> tuple[Preset, ...]:
        """The directions it looks in; none when its direction is not registered. All round needs no bearing."""
        if self.presets:
            return self.presets
        if self.fov_deg is None or (self.bearing_deg is None and self.fov_deg < 360):
            return ()
        return (
            Preset(
                self.bearing_deg or 0.0, self.fov_deg, tilt_deg=self.tilt_deg, vertical_fov_deg=self.vertical_fov_deg
            ),
        )  # fmt: skip

    @property
    def lacks(self) -> list[str]:
        """Which of MISSING keep it from being counted."""
        known = {
            "position": self.lon is not None and self.lat is not None,
            "bearing": bool(self.presets) or self.bearing_deg is not None or self.fov_deg == 360,
            "fov": bool(self.presets) or self.fov_deg is not None,
            "range": self.range_m is not None
            or (bool(self.presets) and all(way.range_m is not None for way in self.presets)),
            "width": self.width_px is not None,
        }
        return [name for name in MISSING if not known[name]]

    @property
    def fingerprint(self) -> str:
        """Changes when what it can see may have changed."""
        geometry = (
            self.lon, self.lat, self.height_m, self.range_m, self.width_px, self.light_m, self.tilt_deg,
            self.vertical_fov_deg, [astuple(way) for way in self.ways], self.lacks,
            *([] if self.areas is None else [sorted(self.areas)]),
        )  # fmt: skip
        return hashlib.sha256(json.dumps(geometry).encode()).hexdigest()


@dataclass(frozen=True)
class Source:
    """`watchers()` names everything in service. A degraded one with a cause in `doubtful` may not see as registered."""

    watchers: Callable[[], Sequence[Watcher]]
    doubtful: frozenset[str] = field(default_factory=frozenset)


_sources: list[Source] = []


def register_source(watchers: Callable[[], Sequence[Watcher]], doubtful: frozenset[str] = frozenset()) -> None:
    if all(source.watchers is not watchers for source in _sources):
        _sources.append(Source(watchers, doubtful))


def watchers() -> list[Watcher]:
    """Everything that watches, by target. As many queries as the sources make."""
    return sorted((each for source in _sources for each in source.watchers()), key=lambda one: one.target_id)


def doubtful_causes() -> frozenset[str]:
    return frozenset().union(*(source.doubtful for source in _sources))
