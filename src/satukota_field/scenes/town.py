"""What stands in a street, drawn from a seed: road, buildings, trees, poles, parked vehicles. No pixels here."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

KINDS = ("ruko", "boulevard", "waterfront", "housing", "junction", "market")
STREET_END_M = 150.0

Rgb = tuple[int, int, int]

WALLS: tuple[Rgb, ...] = (
    (222, 214, 196), (198, 206, 188), (226, 198, 152), (176, 198, 206), (214, 178, 160), (232, 226, 214),
    (190, 176, 158), (158, 188, 180), (236, 216, 172), (206, 190, 200), (178, 164, 150), (240, 236, 226),
)  # fmt: skip
ROOFS: tuple[Rgb, ...] = ((158, 78, 56), (134, 66, 52), (92, 104, 118), (172, 96, 62), (70, 98, 92), (124, 118, 112))
PAINTS: tuple[Rgb, ...] = (
    (238, 238, 236), (30, 32, 36), (164, 168, 172), (206, 208, 210), (138, 24, 26), (40, 62, 108),
    (96, 100, 106), (182, 150, 92), (60, 84, 72), (226, 226, 222), (52, 54, 60),
)  # fmt: skip


@dataclass(frozen=True)
class Building:
    side: int  # -1 left of the street, +1 right
    front_m: float  # distance of the front wall from the middle of the road
    near_m: float
    far_m: float
    height_m: float
    style: str  # "ruko" | "house" | "stall" | "wall"
    wall: Rgb
    roof: Rgb
    seed: int


@dataclass(frozen=True)
class Plant:
    kind: str  # "palm" | "tree" | "bush"
    x_m: float
    y_m: float
    height_m: float
    seed: int


@dataclass(frozen=True)
class Pole:
    kind: str  # "lamp" | "power" | "banner" | "signal"
    x_m: float
    y_m: float
    height_m: float
    arm_m: float = 0.0  # towards the road, signed
    colour: Rgb = (120, 124, 128)


@dataclass(frozen=True)
class Parked:
    kind: str  # a vehicle kind of actors.py
    x_m: float
    y_m: float
    heading: float  # radians; 0 looks along the street, away from the camera
    paint: Rgb


@dataclass
class Town:
    kind: str
    road_half_m: float
    walk_m: float
    median_m: float = 0.0
    crossing_m: float | None = None  # middle of a crossing road
    sea_side: int = 0  # -1, +1, or 0 for none
    camera_side: int = -1  # the kerb over which the camera hangs
    buildings: list[Building] = field(default_factory=list)
    plants: list[Plant] = field(default_factory=list)
    poles: list[Pole] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)

    @property
    def lamps(self) -> list[tuple[float, float, float]]:
        """Light points (x, y, z) in metres."""
        return [(p.x_m + p.arm_m, p.y_m, p.height_m - 0.2) for p in self.poles if p.kind == "lamp"]

    def free(self, y_m: float, margin_m: float = 0.0) -> bool:
        """Whether the roadside at this distance is not inside the crossing road."""
        return self.crossing_m is None or abs(y_m - self.crossing_m) > self.road_half_m + self.walk_m + margin_m


def build_town(seed: int) -> Town:
    """The street of this seed: always the same for the same seed."""
    rng = np.random.default_rng([seed, 11])
    kind = KINDS[seed % len(KINDS)]
    half = {"boulevard": 7.4, "market": 3.4, "housing": 3.2}.get(kind, float(rng.uniform(4.0, 5.2)))
    town = Town(kind, half, walk_m=float(rng.uniform(1.8, 2.8)))
    town.camera_side = int(rng.choice([-1, 1]))
    if kind == "boulevard":
        town.median_m = 1.8
    if kind == "junction":
        town.crossing_m = float(rng.uniform(24, 32))
    if kind == "waterfront":
        town.sea_side = int(rng.choice([-1, 1]))
    for side in (-1, 1):
        if side != town.sea_side:
            _line_with_buildings(town, side, rng)
        _plant_trees(town, side, rng)
        _park_vehicles(town, side, rng)
    _set_poles(town, rng)
    return town


def _line_with_buildings(town: Town, side: int, rng: np.random.Generator) -> None:
    style = {"housing": "house", "market": "stall"}.get(town.kind, "ruko")
    if town.kind in ("waterfront", "boulevard") and rng.random() < 0.5:
        style = "house"
    at = float(rng.uniform(-6, -2))
    while at < STREET_END_M - 20:
        this = style if rng.random() < 0.82 else str(rng.choice(["house", "ruko", "wall"]))
        width = {"ruko": rng.uniform(8, 18), "house": rng.uniform(9, 13), "stall": rng.uniform(4, 7)}.get(
            this, rng.uniform(8, 14)
        )
        front = town.road_half_m + town.walk_m + {"house": rng.uniform(2.5, 4.5), "stall": 0.3}.get(this, 0.6)
        height = {"ruko": rng.choice([7.2, 7.6, 10.6]), "house": rng.uniform(3.2, 3.6), "stall": 2.7, "wall": 2.1}[this]
        if town.free(at, 1) and town.free(at + width, 1) and town.free(at + width / 2, 1):
            wall, roof = WALLS[rng.integers(len(WALLS))], ROOFS[rng.integers(len(ROOFS))]
            seed = int(rng.integers(1 << 30))
            town.buildings.append(Building(side, float(front), at, at + width, float(height), this, wall, roof, seed))
        at += width + (0.0 if this == "ruko" and rng.random() < 0.7 else float(rng.uniform(0.8, 4.0)))


def _plant_trees(town: Town, side: int, rng: np.random.Generator) -> None:
    row = town.road_half_m + town.walk_m * 0.7
    at = float(rng.uniform(17, 24) if side == town.camera_side else rng.uniform(10, 15))
    while at < 110:
        kind = "palm" if rng.random() < (0.85 if town.kind in ("boulevard", "waterfront") else 0.45) else "tree"
        if town.free(at) and rng.random() < 0.75:
            tall = rng.uniform(6.5, 10) if kind == "palm" else rng.uniform(4, 6.5)
            town.plants.append(Plant(kind, side * row, at, float(tall), int(rng.integers(1 << 30))))
        at += float(rng.uniform(9, 17))
    if town.median_m and side == 1:
        for y in np.arange(14, 120, 11.0):
            town.plants.append(Plant("palm", 0.0, float(y), float(rng.uniform(6, 8)), int(rng.integers(1 << 30))))
            town.plants.append(Plant("bush", 0.0, float(y) - 5.5, 0.9, int(rng.integers(1 << 30))))
    for _ in range(5):  # greenery behind the first row of houses
        far = town.road_half_m + town.walk_m + float(rng.uniform(10, 22))
        if side != town.sea_side:
            tall = float(rng.uniform(9, 14))
            town.plants.append(Plant("tree", side * far, float(rng.uniform(40, 130)), tall, int(rng.integers(1 << 30))))
    if side != town.sea_side:
        for _ in range(6):
            x = side * (town.road_half_m + town.walk_m + float(rng.uniform(0.4, 1.0)))
            y = float(rng.uniform(8, 60))
            if town.free(y):
                town.plants.append(Plant("bush", x, y, float(rng.uniform(0.6, 1.1)), int(rng.integers(1 << 30))))


def _park_vehicles(town: Town, side: int, rng: np.random.Generator) -> None:
    kerb = town.road_half_m - 1.0
    at = float(rng.uniform(10, 20))
    while at < 90:
        if town.free(at, 3) and rng.random() < (0.35 if town.kind == "housing" else 0.55):
            heading = 0.0 if side < 0 else np.pi
            paint = PAINTS[rng.integers(len(PAINTS))]
            if rng.random() < 0.4 and town.kind != "market":
                kind = str(rng.choice(["car", "car", "van", "pickup"]))
                town.parked.append(Parked(kind, side * kerb, at, heading, paint))
            else:
                for k in range(int(rng.integers(2, 6))):
                    x = side * (town.road_half_m + 0.7)
                    paint = PAINTS[rng.integers(len(PAINTS))]
                    lean = heading - side * float(rng.uniform(0.9, 1.3))
                    town.parked.append(Parked("motorcycle", x, at + k * 0.9, lean, paint))
        at += float(rng.uniform(8, 18))


def _set_poles(town: Town, rng: np.random.Generator) -> None:
    side = int(rng.choice([-1, 1]))
    edge = town.road_half_m + 0.5
    start = float(rng.uniform(11, 17))
    for k, y in enumerate([-1.5, *np.arange(start + 4, 125, 22.0)]):  # the first hangs over the camera, out of sight
        if town.free(y):
            where = side if k % 2 == 0 or town.kind != "boulevard" else -side
            town.poles.append(Pole("lamp", where * edge, float(y), 7.0, arm_m=-where * 1.8))
    if town.sea_side != -side:
        for y in np.arange(start + 5, 140, 28.0):
            if town.free(y):
                town.poles.append(
                    Pole("power", -side * (edge + town.walk_m * 0.8), float(y), 8.6, colour=(128, 122, 114))
                )
    if town.kind in ("boulevard", "waterfront", "ruko"):
        flags: tuple[Rgb, ...] = ((206, 38, 40), (244, 196, 40), (36, 120, 70), (34, 84, 160))
        for k, y in enumerate(np.arange(start + 2, 60, 4.4)):
            if town.free(y):
                town.poles.append(Pole("banner", -side * (edge + 0.35), float(y), 3.4, colour=flags[k % 4]))
    if town.crossing_m is not None:
        reach = town.crossing_m - town.road_half_m - town.walk_m - 0.6
        town.poles.append(Pole("signal", -edge, reach, 5.2, arm_m=2.6))
