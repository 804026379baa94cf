"""Who moves in the street and where they are at any moment: the ground truth that the pictures are drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from satukota_field.scenes.town import PAINTS, Rgb, Town

LOOP_S = 22.0  # eleven groups of 2 s: no usual checking interval (10, 15, 20, 30, 60 s) is a multiple of it
TRACK_START_M, TRACK_END_M = -8.0, 170.0
CLOTHES: tuple[Rgb, ...] = (
    (198, 60, 54), (40, 92, 150), (236, 232, 224), (52, 122, 84), (226, 178, 60), (92, 60, 120), (60, 64, 70),
    (216, 128, 148), (64, 142, 150), (126, 84, 58),
)  # fmt: skip


@dataclass(frozen=True)
class Mover:
    """Something at one moment: kind, place in metres, heading in radians, colours, and the phase of its steps."""

    number: int
    kind: str
    x_m: float
    y_m: float
    heading: float
    paint: Rgb
    second: Rgb
    third: Rgb
    stride: float


@dataclass(frozen=True)
class _Rider:
    """One place in the stream of traffic, filled anew each round."""

    number: int
    lane_m: float
    away: bool
    speed: float
    offset_s: float
    kinds: tuple[str, ...]


class Traffic:
    """All movement of one scene, a pure function of time; with `looped` it repeats exactly every LOOP_S."""

    def __init__(self, town: Town, seed: int, density: float = 1.0, looped: bool = True) -> None:
        rng = np.random.default_rng([seed, 12])
        self._town, self._seed, self._looped = town, seed, looped
        busy = {"boulevard": 11, "market": 6, "housing": 5, "waterfront": 7}.get(town.kind, 9)
        self._riders = [self._rider(k, rng) for k in range(max(0, round(busy * density)))]
        crowd = {"market": 13, "boulevard": 4, "housing": 4}.get(town.kind, 6)
        self._walkers = [self._walker(1000 + k, rng) for k in range(max(0, round(crowd * density)))]

    def _rider(self, number: int, rng: np.random.Generator) -> _Rider:
        away = bool(rng.random() < 0.5)  # traffic keeps left: away from the camera on the left half
        lane = float(rng.uniform(0.32, 0.66)) * self._town.road_half_m
        speed = float(rng.uniform(6.5, 10.5))
        kinds = ("motorcycle",) if rng.random() < 0.58 else ("car", "van", "car", "pickup", "truck")
        if self._town.kind == "market":
            kinds, speed = ("motorcycle",), speed * 0.45
        return _Rider(number, -lane if away else lane, away, speed, float(rng.uniform(0, LOOP_S)), kinds)

    def _walker(self, number: int, rng: np.random.Generator) -> tuple[int, float, float, float, float]:
        """(number, x, middle y, half of the walk in metres, phase)"""
        side = float(rng.choice([-1, 1]))
        if side == self._town.sea_side * 1.0:
            side = -side if rng.random() < 0.3 else side
        reach = self._town.road_half_m
        x = side * (reach + self._town.walk_m * float(rng.uniform(0.25, 0.75)))
        if self._town.kind == "market" and rng.random() < 0.6:
            x = side * float(rng.uniform(0.45, 0.95)) * reach
        return number, x, float(rng.uniform(11, 45)), float(rng.uniform(3.5, 6.5)), float(rng.random())

    def at(self, t_s: float) -> list[Mover]:
        """Everything that moves, farthest first."""
        movers = [m for m in (self._riding(r, t_s) for r in self._riders) if m is not None]
        movers += [self._walking(w, t_s) for w in self._walkers]
        return sorted(movers, key=lambda m: -m.y_m)

    def _riding(self, rider: _Rider, t_s: float) -> Mover | None:
        turn, along = divmod(t_s + rider.offset_s, LOOP_S)
        rng = np.random.default_rng([self._seed, rider.number, 0 if self._looped else int(turn), 13])
        travelled = TRACK_START_M + along * rider.speed
        if travelled > TRACK_END_M:
            return None
        y = travelled if rider.away else TRACK_END_M - 20 - travelled
        if y < 3 or y > 140:
            return None
        kind = str(rng.choice(rider.kinds))
        paint, jacket = PAINTS[rng.integers(len(PAINTS))], CLOTHES[rng.integers(len(CLOTHES))]
        if kind == "truck":
            paint = (214, 168, 40)
        weave = 0.25 * np.sin(along * 0.9 + rider.number) if kind == "motorcycle" else 0.0
        heading = 0.0 if rider.away else np.pi
        return Mover(rider.number, kind, rider.lane_m + float(weave), y, heading, paint, jacket, jacket, 0.0)

    def _walking(self, walker: tuple[int, float, float, float, float], t_s: float) -> Mover:
        number, x, middle, half, phase = walker
        rng = np.random.default_rng([self._seed, number, 14])
        swing = (t_s / LOOP_S + phase) % 1.0
        forth = swing < 0.5
        y = middle - half + (swing * 4 * half if forth else (1 - swing) * 4 * half)
        upper, lower, cover = (CLOTHES[rng.integers(len(CLOTHES))] for _ in range(3))
        if rng.random() < 0.6:
            lower = (52, 54, 66)
        if rng.random() < 0.55:
            cover = (30, 26, 24)
        steps = round(4 * half / 1.3) * 2 * np.pi * (t_s / LOOP_S + phase)
        return Mover(number, "person", x, y, 0.0 if forth else np.pi, upper, lower, cover, float(steps))
