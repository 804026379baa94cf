"""Painted surfaces: facades, shutters, roofs, leaves. All drawn here from a seed; colours inside are BGR uint8."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from satukota_field.scenes.town import Building, Rgb

Picture = MatLike  # (h, w, 3) uint8 BGR unless said otherwise
PX_PER_M = 26
SIGNS = ("TOKO CONTOH", "WARUNG", "APOTEK", "BENGKEL", "KOPI", "LAUNDRY", "SEMBAKO", "PULSA", "ROTI", "FOTOKOPI",
         "MEBEL", "BUAH", "OPTIK", "BATIK", "IKAN SEGAR", "CELL", "SALON", "BUKU")  # fmt: skip
SIGN_COLOURS: tuple[Rgb, ...] = (
    (190, 36, 40), (28, 92, 160), (30, 120, 72), (232, 176, 32), (96, 44, 120), (24, 128, 140), (226, 104, 36),
)  # fmt: skip


def bgr(colour: Rgb, factor: float = 1.0) -> tuple[float, float, float]:
    """A BGR colour for cv2, made lighter or darker."""
    r, g, b = (min(255.0, max(0.0, c * factor)) for c in colour)
    return b, g, r


@lru_cache(maxsize=8)
def fractal_noise(seed: int, size: int = 512) -> NDArray[np.float32]:
    """(size, size) smooth noise in 0..1 that tiles, as clouds or stains have it."""
    rng = np.random.default_rng([seed, 3])
    total = np.zeros((size, size), np.float32)
    for octave in range(2, 8):
        n = 1 << octave
        grid = np.pad(rng.random((n, n), dtype=np.float32), ((0, 1), (0, 1)), mode="wrap")
        where = np.arange(size, dtype=np.float32) * n / size
        xs, ys = np.meshgrid(where, where)
        total += cv2.remap(grid, xs, ys, cv2.INTER_LINEAR) / n
    low, high = float(total.min()), float(total.max())
    return (total - low) / (high - low)


def _stain(wall: Picture, rng: np.random.Generator, strength: float) -> None:
    """Rain streaks and grime, in place: tropical walls are never even."""
    h, w = wall.shape[:2]
    noise = fractal_noise(int(rng.integers(4)))
    patch = cv2.resize(noise[:96, : 96 + int(rng.integers(300))], (w, h))
    streak = cv2.resize(rng.random((1, max(2, w // 5)), dtype=np.float32), (w, 1), interpolation=cv2.INTER_CUBIC)
    fade = np.linspace(1.0, 0.2, h, dtype=np.float32)[:, None] ** 2
    shade = 1 - strength * (0.55 * patch + 0.45 * np.clip(streak, 0, 1) * fade)
    wall[:] = np.clip(wall * shade[..., None], 0, 255).astype(np.uint8)


def ruko_facade(building: Building) -> tuple[Picture, Picture]:
    """Front of a row of shop-houses: (albedo, glow at night), both (h, w, 3)."""
    rng = np.random.default_rng([building.seed, 5])
    length = building.far_m - building.near_m
    w, h = int(length * PX_PER_M), int(building.height_m * PX_PER_M)
    wall = np.full((h, w, 3), bgr(building.wall), np.uint8)
    _stain(wall, rng, 0.28)
    glow = np.zeros_like(wall)
    units = max(2, round(length / 4.4))
    floors = 3 if building.height_m > 9 else 2
    ground = int(3.2 * PX_PER_M)
    for unit in range(units):
        left, right = unit * w // units, (unit + 1) * w // units
        tint = float(rng.uniform(0.82, 1.08))
        if rng.random() < 0.5:
            wall[:, left:right] = np.clip(wall[:, left:right] * tint, 0, 255).astype(np.uint8)
        for floor in range(1, floors):
            _upper_floor(wall, glow, left, right, h - ground - (floor - 1) * int(3.1 * PX_PER_M), rng)
        _shop(wall, glow, left, right, h - ground, h, rng)
        cv2.line(wall, (left, 0), (left, h), bgr(building.wall, 0.62), 2)
    cv2.rectangle(wall, (0, 0), (w, int(0.35 * PX_PER_M)), bgr(building.wall, 0.86), -1)
    cv2.line(wall, (0, int(0.35 * PX_PER_M)), (w, int(0.35 * PX_PER_M)), bgr(building.wall, 0.55), 2)
    return wall, glow


def _upper_floor(wall: Picture, glow: Picture, left: int, right: int, bottom: int, rng: np.random.Generator) -> None:
    height = int(1.35 * PX_PER_M)
    base = bottom - int(0.95 * PX_PER_M)
    cv2.rectangle(wall, (left, bottom - 4), (right, bottom + 3), (120, 124, 128), -1)
    panes = int(rng.integers(2, 4))
    lit = rng.random() < 0.45
    warm = (120, 190, 236) if rng.random() < 0.6 else (222, 228, 220)
    for k in range(panes):
        a = left + (right - left) * (2 * k + 1) // (2 * panes) - int(0.42 * PX_PER_M)
        b = a + int(0.84 * PX_PER_M)
        cv2.rectangle(wall, (a - 2, base - height - 2), (b + 2, base + 2), (226, 230, 232), -1)
        cv2.rectangle(wall, (a, base - height), (b, base), (74, 62, 50), -1)
        cv2.fillConvexPoly(wall, np.array([[a, base - height], [a + 12, base - height], [a, base - 6]]), (128, 116, 98))
        cv2.line(wall, ((a + b) // 2, base - height), ((a + b) // 2, base), (210, 214, 214), 2)
        if lit and rng.random() < 0.7:
            cv2.rectangle(glow, (a, base - height), (b, base), [int(c * 0.75) for c in warm], -1)
    if rng.random() < 0.5:  # the outdoor half of an air conditioner
        x = int(rng.integers(left + 4, max(left + 5, right - 26)))
        cv2.rectangle(wall, (x, base + 5), (x + 20, base + 18), (214, 216, 214), -1)
        cv2.circle(wall, (x + 13, base + 11), 5, (120, 120, 118), -1)


def _shop(wall: Picture, glow: Picture, left: int, right: int, top: int, bottom: int, rng: np.random.Generator) -> None:
    sign_h = int(0.85 * PX_PER_M)
    a, b = left + 6, right - 6
    opened = rng.random() < 0.6
    if opened:
        cv2.rectangle(wall, (a, top + sign_h), (b, bottom), (46, 48, 54), -1)
        for _ in range(26):
            x, y = int(rng.integers(a, b)), int(rng.integers(top + sign_h + 8, bottom - 4))
            goods = [int(c) for c in rng.integers(50, 220, 3)]
            cv2.rectangle(wall, (x, y), (min(b, x + int(rng.integers(4, 12))), y + 8), goods, -1)
        cv2.rectangle(glow, (a, top + sign_h), (b, bottom), (128, 168, 190), -1)
        glow[top + sign_h : bottom, a:b] = np.minimum(
            glow[top + sign_h : bottom, a:b], wall[top + sign_h : bottom, a:b] + 70
        )
    else:
        shutter: Rgb = ((112, 138, 158), (150, 152, 150), (84, 116, 104), (168, 148, 120))[int(rng.integers(4))]
        cv2.rectangle(wall, (a, top + sign_h), (b, bottom), bgr(shutter), -1)
        for y in range(top + sign_h, bottom, 5):
            cv2.line(wall, (a, y), (b, y), bgr(shutter, 0.74), 1)
    board = SIGN_COLOURS[int(rng.integers(len(SIGN_COLOURS)))]
    cv2.rectangle(wall, (a, top), (b, top + sign_h), bgr(board), -1)
    word = str(rng.choice(SIGNS))
    scale = min(0.95, (b - a - 8) / max(1, cv2.getTextSize(word, cv2.FONT_HERSHEY_DUPLEX, 1.0, 2)[0][0]))
    cv2.putText(wall, word, (a + 5, top + sign_h - 6), cv2.FONT_HERSHEY_DUPLEX, scale, (240, 246, 246), 2, cv2.LINE_AA)
    if opened:
        glow[top : top + sign_h, a:b] = (wall[top : top + sign_h, a:b] * 0.8).astype(np.uint8)
    if rng.random() < 0.55:
        awning = SIGN_COLOURS[int(rng.integers(len(SIGN_COLOURS)))]
        for k, x in enumerate(range(a, b, 10)):
            colour = bgr(awning) if k % 2 == 0 else (226, 230, 232)
            cv2.rectangle(wall, (x, top + sign_h), (min(b, x + 10), top + sign_h + 12), colour, -1)


def house_front(building: Building) -> tuple[Picture, Picture]:
    """Front wall of a one-floor house with door and windows: (albedo, glow)."""
    rng = np.random.default_rng([building.seed, 6])
    w, h = int((building.far_m - building.near_m) * PX_PER_M), int(building.height_m * PX_PER_M)
    wall = np.full((h, w, 3), bgr(building.wall), np.uint8)
    _stain(wall, rng, 0.25)
    cv2.rectangle(wall, (0, h - int(0.6 * PX_PER_M)), (w, h), bgr(building.wall, 0.7), -1)
    glow = np.zeros_like(wall)
    door = int(w * rng.uniform(0.35, 0.55))
    cv2.rectangle(wall, (door, h - int(2.2 * PX_PER_M)), (door + int(1.0 * PX_PER_M), h), (52, 78, 108), -1)
    for centre in (0.18, 0.78):
        x, y = int(w * centre), h - int(2.2 * PX_PER_M)
        cv2.rectangle(wall, (x - 3, y - 3), (x + 45, y + 39), (228, 232, 232), -1)
        cv2.rectangle(wall, (x, y), (x + 42, y + 36), (76, 66, 54), -1)
        cv2.line(wall, (x + 21, y), (x + 21, y + 36), (226, 228, 228), 2)
        if rng.random() < 0.6:
            cv2.rectangle(glow, (x, y), (x + 42, y + 36), (96, 158, 206), -1)
    return wall, glow


def stall_front(building: Building) -> tuple[Picture, Picture]:
    """A market stall: goods on a counter under a striped canvas: (albedo, glow)."""
    rng = np.random.default_rng([building.seed, 7])
    w, h = int((building.far_m - building.near_m) * PX_PER_M), int(building.height_m * PX_PER_M)
    front = np.full((h, w, 3), (58, 62, 70), np.uint8)
    glow = np.full((h, w, 3), (52, 72, 84), np.uint8)
    canvas = SIGN_COLOURS[int(rng.integers(len(SIGN_COLOURS)))]
    for k, x in enumerate(range(0, w, 16)):
        colour = bgr(canvas) if k % 2 == 0 else (222, 228, 230)
        cv2.rectangle(front, (x, 0), (x + 16, int(0.8 * PX_PER_M)), colour, -1)
    counter = h - int(0.95 * PX_PER_M)
    for x in range(0, w, 9):
        for y in range(counter - 16, counter, 7):
            fruit = ((40, 150, 214), (52, 60, 190), (60, 160, 90), (70, 190, 226), (90, 110, 150))[int(rng.integers(5))]
            cv2.circle(front, (x + int(rng.integers(9)), y), 5, fruit, -1)
    cv2.rectangle(front, (0, counter), (w, h), (78, 104, 128), -1)
    glow[counter - 20 : counter] = front[counter - 20 : counter] // 2
    glow[counter:] = 0
    return front, glow


def plain_wall(building: Building) -> tuple[Picture, Picture]:
    """A plastered yard wall: (albedo, no glow)."""
    rng = np.random.default_rng([building.seed, 8])
    w, h = int((building.far_m - building.near_m) * PX_PER_M), int(building.height_m * PX_PER_M)
    wall = np.full((h, w, 3), bgr(building.wall, 0.9), np.uint8)
    _stain(wall, rng, 0.45)
    for x in range(0, w, int(2.5 * PX_PER_M)):
        cv2.rectangle(wall, (x, 0), (x + 9, h), bgr(building.wall, 0.72), -1)
    return wall, np.zeros_like(wall)


FRONTS = {"ruko": ruko_facade, "house": house_front, "stall": stall_front, "wall": plain_wall}


def end_wall(building: Building) -> Picture:
    """The blind side wall of a building, (h, 64, 3)."""
    rng = np.random.default_rng([building.seed, 9])
    wall = np.full((int(building.height_m * 12), 128, 3), bgr(building.wall, 0.95), np.uint8)
    _stain(wall, rng, 0.4)
    if building.style == "ruko" and rng.random() < 0.4:
        x = int(rng.integers(20, 70))
        cv2.rectangle(wall, (x, 14), (x + 40, 60), (222, 226, 226), -1)
        cv2.rectangle(wall, (x + 3, 17), (x + 37, 57), bgr(SIGN_COLOURS[int(rng.integers(len(SIGN_COLOURS)))]), -1)
    return wall


def roof_tiles(colour: Rgb, seed: int) -> Picture:
    """Rows of tiles or corrugated sheet, (96, 192, 3)."""
    rng = np.random.default_rng([seed, 10])
    roof = np.full((96, 192, 3), bgr(colour), np.uint8)
    _stain(roof, rng, 0.3)
    for x in range(0, 192, 6):
        cv2.line(roof, (x, 0), (x, 96), bgr(colour, 0.7), 1)
    for y in range(0, 96, 12):
        cv2.line(roof, (0, y), (192, y), bgr(colour, 0.78), 1)
    return roof


@lru_cache(maxsize=64)
def palm(variant: int) -> Picture:
    """(512, 384, 4) BGRA: a coconut palm, foot in the middle of the lower edge."""
    rng = np.random.default_rng([variant, 21])
    sheet = np.zeros((512, 384, 4), np.uint8)
    lean = float(rng.uniform(-38, 38))
    along = np.linspace(0, 1, 24)
    xs = 192 + lean * (along**2)
    ys = 511 - along * 330
    for k in range(23):
        thick = int(round(13 - 6 * along[k]))
        shade = 0.8 + 0.2 * (k % 2)
        a, b = (int(xs[k]), int(ys[k])), (int(xs[k + 1]), int(ys[k + 1]))
        cv2.line(sheet, a, b, (*bgr((128, 112, 92), shade), 255), thick, cv2.LINE_AA)
    crown = np.array([xs[-1], ys[-1]])
    for k, angle in enumerate(rng.permutation(np.linspace(-0.35, np.pi + 0.35, 17))):
        length = float(rng.uniform(110, 155))
        tone: Rgb = ((52, 84, 34), (70, 108, 44), (92, 128, 54), (112, 136, 66))[k % 4]
        _frond(sheet, crown, float(angle), length, tone, rng)
    for _ in range(5):
        at = crown + rng.uniform(-9, 9, 2) + (0, 6)
        cv2.circle(sheet, (int(at[0]), int(at[1])), 6, (62, 96, 112, 255), -1, cv2.LINE_AA)
    return sheet


def _frond(
    sheet: Picture, crown: NDArray[np.float64], angle: float, length: float, tone: Rgb, rng: np.random.Generator
) -> None:
    along = np.linspace(0, 1, 22)
    drop = 0.55 + 0.35 * abs(np.cos(angle))
    xs = crown[0] + np.cos(angle) * length * along
    ys = crown[1] - np.sin(angle) * length * 0.75 * along + drop * length * along**2.1
    points = np.stack([xs, ys], 1)
    for k in range(2, 22):
        blade = 34 * np.sin(np.pi * min(1.0, along[k] * 0.93 + 0.06)) + 6
        away = np.sign(np.cos(angle)) or 1.0
        for side in (-1, 1):
            tip = points[k] + (
                away * blade * 0.5 * along[k],
                blade * (0.85 if side > 0 else -0.18) + rng.uniform(-3, 3),
            )
            colour = (*bgr(tone, 0.75 + 0.35 * along[k] if side < 0 else 0.6 + 0.3 * along[k]), 255)
            a, b = points[k].round().astype(int).tolist(), tip.round().astype(int).tolist()
            cv2.line(sheet, a, b, colour, 3, cv2.LINE_AA)
    cv2.polylines(sheet, [points.round().astype(np.int32)], False, (*bgr(tone, 1.15), 255), 2, cv2.LINE_AA)


@lru_cache(maxsize=64)
def tree(variant: int, bush: bool = False) -> Picture:
    """(384, 384, 4) BGRA: a broad shade tree, or a bush without trunk; foot in the middle of the lower edge."""
    rng = np.random.default_rng([variant, 22])
    sheet = np.zeros((384, 384, 4), np.uint8)
    if not bush:
        cv2.line(sheet, (192, 383), (192, 190), (*bgr((88, 70, 54)), 255), 17, cv2.LINE_AA)
        for tip in ((120, 180), (262, 172), (192, 140)):
            cv2.line(sheet, (192, 250), tip, (*bgr((80, 64, 50)), 255), 9, cv2.LINE_AA)
    centre, spread = ((192, 250), (150, 120)) if bush else ((192, 150), (165, 115))
    base: Rgb = ((58, 92, 40), (74, 104, 46), (46, 82, 44))[variant % 3]
    for k in range(420):
        angle, reach = rng.uniform(0, 2 * np.pi), np.sqrt(rng.random())
        x = centre[0] + np.cos(angle) * reach * spread[0] * rng.uniform(0.85, 1.06)
        y = centre[1] + np.sin(angle) * reach * spread[1]
        light = 0.62 + 0.55 * (1 - (y - centre[1] + spread[1]) / (2 * spread[1])) * (0.5 + 0.5 * k / 420)
        colour = (*bgr(base, float(light * rng.uniform(0.85, 1.15))), 255)
        cv2.ellipse(
            sheet,
            (int(x), int(y)),
            (int(rng.integers(8, 17)), int(rng.integers(5, 11))),
            float(rng.uniform(0, 180)),
            0,
            360,
            colour,
            -1,
            cv2.LINE_AA,
        )
    return sheet
