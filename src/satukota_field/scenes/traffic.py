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
        self._cast: dict[tuple[int, int], tuple[str, Rgb, Rgb]] = {}
        self._riders = self._line_up(max(0, round(busy * density)), rng)
        crowd = {"market": 13, "boulevard": 4, "housing": 4}.get(town.kind, 6)
        self._walkers = [self._walker(1000 + k, rng) for k in range(max(0, round(crowd * density)))]
        self._clothes = {walker[0]: self._dressed(rng) for walker in self._walkers}

    def _line_up(self, count: int, rng: np.random.Generator) -> list[_Rider]:
        """Places in the stream. Traffic keeps left: away from the camera on the left half. Motorcycles keep to the
        kerb and cars to the middle of the lane, each row at one speed, so that nobody drives through another."""
        half = self._town.road_half_m
        riders: list[_Rider] = []
        rows: dict[tuple[bool, bool], int] = {}
        for _ in range(count):
            row = (bool(rng.random() < 0.5), bool(rng.random() < 0.55 or self._town.kind == "market"))
            rows[row] = rows.get(row, 0) + 1
        for (away, two_wheels), many in rows.items():
            lane = half * (float(rng.uniform(0.62, 0.7)) if two_wheels else float(rng.uniform(0.34, 0.4)))
            speed = float(rng.uniform(7.0, 10.5)) * (0.45 if self._town.kind == "market" else 1.0)
            kinds = ("motorcycle",) if two_wheels else ("car", "van", "car", "pickup", "truck")
            start, gap = float(rng.uniform(0, LOOP_S)), LOOP_S / many
            for k in range(many):
                offset = start + gap * (k + float(rng.uniform(0, 0.5)))
                riders.append(_Rider(len(riders), -lane if away else lane, away, speed, offset, kinds))
        return riders

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

    def _dressed(self, rng: np.random.Generator) -> tuple[Rgb, Rgb, Rgb]:
        upper, lower, cover = (CLOTHES[rng.integers(len(CLOTHES))] for _ in range(3))
        return upper, (52, 54, 66) if rng.random() < 0.6 else lower, (30, 26, 24) if rng.random() < 0.55 else cover

    def at(self, t_s: float) -> list[Mover]:
        """Everything that moves, farthest first."""
        movers = [m for m in (self._riding(r, t_s) for r in self._riders) if m is not None]
        movers += [self._walking(w, t_s) for w in self._walkers]
        return sorted(movers, key=lambda m: -m.y_m)

    def _riding(self, rider: _Rider, t_s: float) -> Mover | None:
        turn, along = divmod(t_s + rider.offset_s, LOOP_S)
        travelled = TRACK_START_M + along * rider.speed
        if travelled > TRACK_END_M:
            return None
        y = travelled if rider.away else TRACK_END_M - 20 - travelled
        if y < 3 or y > 140:
            return None
        kind, paint, jacket = self._vehicle(rider, 0 if self._looped else int(turn))
        weave = 0.25 * np.sin(along * 0.9 + rider.number) if kind == "motorcycle" else 0.0
        heading = 0.0 if rider.away else np.pi
        return Mover(rider.number, kind, rider.lane_m + float(weave), y, heading, paint, jacket, jacket, 0.0)

    def _vehicle(self, rider: _Rider, turn: int) -> tuple[str, Rgb, Rgb]:
        """(kind, paint, jacket) of who takes this place in this round; remembered, because rolling dice is slow."""
        key = (rider.number, turn)
        if key not in self._cast:
            if len(self._cast) > 500:
                self._cast.clear()
            rng = np.random.default_rng([self._seed, rider.number, turn, 13])
            kind = str(rng.choice(rider.kinds))
            paint, jacket = PAINTS[rng.integers(len(PAINTS))], CLOTHES[rng.integers(len(CLOTHES))]
            self._cast[key] = kind, (214, 168, 40) if kind == "truck" else paint, jacket
        return self._cast[key]

    def _walking(self, walker: tuple[int, float, float, float, float], t_s: float) -> Mover:
        number, x, middle, half, phase = walker
        upper, lower, cover = self._clothes[number]
        swing = (t_s / LOOP_S + phase) % 1.0
        forth = swing < 0.5
        y = middle - half + (swing * 4 * half if forth else (1 - swing) * 4 * half)
        steps = round(4 * half / 1.3) * 2 * np.pi * (t_s / LOOP_S + phase)
        return Mover(number, "person", x, y, 0.0 if forth else np.pi, upper, lower, cover, float(steps))
