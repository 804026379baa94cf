"""Paints a town into a sheet: ground first, then the distance, then what stands on it from far to near."""

from __future__ import annotations

import cv2
import numpy as np

from satukota_field.scenes import textures
from satukota_field.scenes.models import Figure, draw_vehicle, mark_distance
from satukota_field.scenes.optics import Eye
from satukota_field.scenes.plate import Painter, Sheet, rectangle
from satukota_field.scenes.textures import Picture
from satukota_field.scenes.town import STREET_END_M, Building, Parked, Plant, Pole, Rgb, Town

ASPHALT: Rgb = (92, 93, 95)
PAVING: Rgb = (150, 142, 132)
EARTH: Rgb = (112, 118, 78)
PAINT: Rgb = (226, 226, 220)
SEA: Rgb = (70, 116, 126)


def paint_street(town: Town, eye: Eye, hour: float) -> Sheet:
    """The whole resting street. About 0.3 s for a sheet of 2,200 x 1,000 pixels."""
    painter = Painter(eye, hour)
    _paint_ground(painter, town)
    _paint_shadows(painter, town)
    _paint_distance(painter, town)
    standing: list[tuple[float, Building | Plant | Pole | Parked]] = []
    standing += [(b.far_m, b) for b in town.buildings]
    standing += [(p.y_m, p) for p in town.plants]
    standing += [(p.y_m, p) for p in town.poles]
    standing += [(p.y_m, p) for p in town.parked]
    for _, thing in sorted(standing, key=lambda pair: -pair[0]):
        if isinstance(thing, Building):
            _paint_building(painter, thing)
        elif isinstance(thing, Plant):
            _paint_plant(painter, thing)
        elif isinstance(thing, Pole):
            _paint_pole(painter, thing)
        else:
            figure = Figure(painter.sheet.albedo, eye, (thing.x_m, thing.y_m), thing.heading)
            draw_vehicle(figure, thing.kind, thing.paint)
            mark_distance(figure, thing.kind, painter.sheet.metres)
    _paint_wires(painter, town)
    return painter.sheet


def _paint_ground(painter: Painter, town: Town) -> None:
    half, walk, end = town.road_half_m, town.walk_m, STREET_END_M + 200
    painter.lay_ground(EARTH)
    if town.sea_side:
        shore = town.sea_side * (half + walk + 1.2)
        low, high = sorted((shore, town.sea_side * 900.0))
        painter.face(rectangle(low, high, -5, 3000), SEA, ground=True)
    painter.face(
        rectangle(-half - walk - 3, half + walk + (3 if not town.sea_side else 0), -5, end),
        (134, 128, 112),
        ground=True,
    )
    for side in (-1, 1):
        low, high = sorted((side * half, side * (half + walk)))
        painter.face(rectangle(low, high, -5, end), PAVING, ground=True)
    painter.face(rectangle(-half, half, -5, end), ASPHALT, ground=True)
    if town.crossing_m is not None:
        painter.face(rectangle(-200, 200, town.crossing_m - half, town.crossing_m + half), ASPHALT, ground=True)
    _paint_markings(painter, town)
    _paint_kerbs(painter, town)


def _paint_markings(painter: Painter, town: Town) -> None:
    half = town.road_half_m
    dashes = [0.0] if not town.median_m else [-half / 2 - 0.4, half / 2 + 0.4]
    for x in dashes:
        for y in np.arange(0, 130, 6.0):
            if town.free(float(y) + 1.5, 1):
                painter.face(rectangle(x - 0.07, x + 0.07, y, y + 3), PAINT, ground=True)
    for side in (-1, 1):
        edge = side * (half - 0.35)
        for y0, y1 in _clear_stretches(town):
            painter.face(rectangle(edge - 0.06, edge + 0.06, y0, y1), PAINT, ground=True)
    zebra = town.crossing_m - half - 3.4 if town.crossing_m is not None else (19.0 if town.kind != "housing" else None)
    if zebra is not None:
        for x in np.arange(-half + 0.7, half - 0.8, 1.0):
            painter.face(rectangle(x, x + 0.52, zebra, zebra + 2.6), PAINT, ground=True)
        painter.face(rectangle(-half + 0.5, -0.2, zebra - 1.6, zebra - 1.25), PAINT, ground=True)


def _clear_stretches(town: Town) -> list[tuple[float, float]]:
    if town.crossing_m is None:
        return [(-2.0, 140.0)]
    gap = town.road_half_m + 1.5
    return [(-2.0, town.crossing_m - gap), (town.crossing_m + gap, 140.0)]


def _paint_kerbs(painter: Painter, town: Town) -> None:
    """Kerbs in black and white, a metre each, as Indonesian towns paint them."""
    lines = [-town.road_half_m, town.road_half_m]
    if town.median_m:
        painter.face(rectangle(-town.median_m / 2, town.median_m / 2, 6, 140, 0.01), (96, 116, 62), ground=True)
        lines += [-town.median_m / 2, town.median_m / 2]
    for x in lines:
        for k, y in enumerate(np.arange(0, 90, 1.0)):
            inner = abs(x) < town.road_half_m
            if not town.free(float(y) + 0.5) or (inner and y < 6):
                continue
            colour: Rgb = (222, 222, 216) if k % 2 else (52, 52, 54)
            away = 0.22 if (x > 0) != inner else -0.22
            low, high = sorted((x, x + away))
            painter.face(np.array([[x, y, 0], [x, y + 1, 0], [x, y + 1, 0.18], [x, y, 0.18]], float), colour)
            painter.face(rectangle(low, high, y, y + 1, 0.18), colour)


def roughen_ground(sheet: Sheet) -> None:
    """Give the ground worn patches and grain, laid out in metres so that they shrink with distance; in place."""
    rays = sheet.eye.rays()
    reach = -rays[..., 2] * sheet.metres
    ground = (np.abs(reach - sheet.eye.height_m) < 0.25) & (sheet.metres < 400)
    metres = np.where(ground, sheet.metres, np.float32(0))
    x = np.float32(sheet.eye.x_m) + rays[..., 0] * metres
    y = rays[..., 1] * metres
    broad, fine = textures.fractal_noise(1), textures.fractal_noise(2)
    worn = cv2.remap(broad, x * 11, y * 5, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    grain = cv2.remap(fine, x * 150, y * 150, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    near = np.clip(1 - metres / 45, 0, 1)
    factor = np.where(ground, 0.82 + 0.3 * worn + 0.22 * near * (grain - 0.5), 1.0).astype(np.float32)
    sheet.albedo[:] = cv2.multiply(sheet.albedo, cv2.merge([factor] * 3), dtype=cv2.CV_8U)


def _paint_shadows(painter: Painter, town: Town) -> None:
    sun = painter.sheet.sun
    sun[:] = int(255 * min(1.0, painter.to_sun[2]))
    for b in town.buildings:
        x0, x1 = sorted((b.side * b.front_m, b.side * (b.front_m + 9)))
        corners = [[x, y, z] for x in (x0, x1) for y in (b.near_m, b.far_m) for z in (0.0, b.height_m)]
        painter.shadow(np.array(corners), 0.72)
    ring = np.linspace(0, 2 * np.pi, 14)
    for p in town.plants:
        radius, middle = (
            p.height_m * (0.3 if p.kind == "palm" else 0.42),
            p.height_m * (0.85 if p.kind == "palm" else 0.62),
        )
        crown = np.column_stack([p.x_m + radius * np.cos(ring), p.y_m + radius * np.sin(ring), np.full(14, middle)])
        painter.shadow(crown, 0.5 if p.kind == "palm" else 0.66)
        if p.kind != "bush":
            trunk = [[p.x_m + dx, p.y_m, z] for dx in (-0.12, 0.12) for z in (0.0, middle)]
            painter.shadow(np.array(trunk), 0.55)
    for v in town.parked:
        if v.kind != "motorcycle":
            box = [[v.x_m + dx, v.y_m + dy, z] for dx in (-0.8, 0.8) for dy in (-2, 2) for z in (0.1, 1.5)]
            painter.shadow(np.array(box), 0.7)
    cv2.GaussianBlur(sun, (0, 0), 1.6, dst=sun)


def _paint_distance(painter: Painter, town: Town) -> None:
    """Hills and mangrove along the horizon, a small mosque dome among them, and boats when there is sea."""
    rng = np.random.default_rng([int(town.road_half_m * 1e6), 4])
    for far, tall, colour in ((2600.0, 130.0, (96, 118, 112)), (420.0, 13.0, (62, 88, 52))):
        xs = np.linspace(-1.6 * far, 1.6 * far, 140)
        noise = textures.fractal_noise(int(rng.integers(4)))[
            int(rng.integers(400)), np.linspace(0, 500, 140).astype(int)
        ]
        top = tall * (0.35 + noise)
        if far < 1000:
            top += rng.uniform(0, 2.5, 140)
        if town.sea_side:
            top = np.where(xs * town.sea_side > far * 0.05, top * 0.25, top)
        points = np.column_stack([xs, np.full(140, far), top])
        base = np.array([[1.6 * far, far, -2.0], [-1.6 * far, far, -2.0]])
        painter.face(np.vstack([points, base]), colour, flat_light=0.55)
    if town.sea_side:
        for _ in range(5):
            _paint_boat(painter, town, rng)


def _paint_boat(painter: Painter, town: Town, rng: np.random.Generator) -> None:
    x = town.sea_side * (town.road_half_m + town.walk_m + float(rng.uniform(6, 34)))
    y, length = float(rng.uniform(22, 95)), float(rng.uniform(5, 9))
    hull: Rgb = ((196, 60, 44), (36, 92, 150), (238, 238, 230), (38, 122, 96))[int(rng.integers(4))]
    side = np.array(
        [[x, y - length / 2, 1.1], [x, y + length / 2, 1.1], [x, y + length * 0.4, 0.0], [x, y - length * 0.4, 0.0]]
    )
    painter.face(side, hull)
    painter.face(side + (town.sea_side * 1.2, 0, 0), (90, 80, 66))
    painter.face(rectangle(x - 0.1, x + 1.3, y - length * 0.15, y + length * 0.2, 2.3), (214, 206, 190))
    painter.rod((x, y, 0.5), (x, y, 4.6), 0.07, (120, 96, 70))


def _paint_building(painter: Painter, b: Building) -> None:
    front, back = (
        b.side * b.front_m,
        b.side * (b.front_m + (2.2 if b.style == "stall" else 0.3 if b.style == "wall" else 9)),
    )
    near, far, top = b.near_m, b.far_m, b.height_m
    albedo, glow = textures.FRONTS[b.style](b)
    a, z = (near, far) if b.side < 0 else (far, near)  # left edge of the wall as one stands before it
    wall = np.array([[front, a, top], [front, z, top], [front, z, 0], [front, a, 0]], float)
    low, high = sorted((front, back))
    end = np.array([[low, near, top], [high, near, top], [high, near, 0], [low, near, 0]], float)
    if b.style == "house":
        _paint_fence(painter, b)
    painter.face(end, texture=textures.end_wall(b))
    painter.face(wall, texture=albedo, glow=glow)
    if b.style == "house":
        _paint_gable(painter, b, front, back)
    elif b.style == "stall":
        canvas = np.array(
            [
                [front - b.side * 1.1, near, top - 0.5],
                [front - b.side * 1.1, far, top - 0.5],
                [back, far, top + 0.5],
                [back, near, top + 0.5],
            ]
        )
        painter.face(canvas, b.roof)
    else:
        painter.face(rectangle(low, high, near, far, top), (128, 122, 114))
    if b.style == "ruko":
        ledge = front - b.side * 1.3
        tin = textures.roof_tiles(b.roof, b.seed)
        a, z = (near, far) if b.side > 0 else (far, near)
        awning = [[front, a, 3.3], [front, z, 3.3], [ledge, z, 2.95], [ledge, a, 2.95]]
        painter.face(np.array(awning), texture=tin)
        painter.face(np.array([[ledge, near, 2.95], [ledge, far, 2.95], [ledge, far, 2.8], [ledge, near, 2.8]]), b.roof)
        _paint_tank(painter, b)


def _paint_tank(painter: Painter, b: Building) -> None:
    """An orange or blue water tank on the roof, seen on nearly every one."""
    if b.seed % 3 == 0:
        return
    x, y = b.side * (b.front_m + 1.5), b.near_m + 1.5
    colour: Rgb = (214, 120, 44) if b.seed % 2 else (52, 106, 168)
    painter.rod((x, y, b.height_m + 0.5), (x, y, b.height_m + 1.7), 1.1, colour)


def _paint_gable(painter: Painter, b: Building, front: float, back: float) -> None:
    eave, ridge = b.height_m, b.height_m + 2.1
    middle, out = (front + back) / 2, b.side * 0.7
    near, far = b.near_m - 0.5, b.far_m + 0.5
    painter.face(np.array([[front, b.near_m, eave], [back, b.near_m, eave], [middle, b.near_m, ridge - 0.1]]), b.wall)
    tiles = textures.roof_tiles(b.roof, b.seed)
    painter.face(
        np.array(
            [
                [middle, far, ridge],
                [middle, near, ridge],
                [back + out, near, eave - 0.25],
                [back + out, far, eave - 0.25],
            ]
        ),
        texture=tiles,
    )
    painter.face(
        np.array(
            [
                [middle, near, ridge],
                [middle, far, ridge],
                [front - out, far, eave - 0.25],
                [front - out, near, eave - 0.25],
            ]
        ),
        texture=tiles,
    )


def _paint_fence(painter: Painter, b: Building) -> None:
    x = b.side * (b.front_m - 2.2)
    gate = b.near_m + (b.far_m - b.near_m) * 0.6
    colour = tuple(min(255, int(c * 0.92)) for c in b.wall)
    for y0, y1 in ((b.near_m, gate), (gate + 3, b.far_m)):
        if y1 > y0:
            painter.face(
                np.array([[x, y0, 1.1], [x, y1, 1.1], [x, y1, 0], [x, y0, 0]]), (colour[0], colour[1], colour[2])
            )
            painter.face(np.array([[x, y0, 1.2], [x, y1, 1.2], [x, y1, 1.1], [x, y0, 1.1]]), b.roof)


def _paint_plant(painter: Painter, plant: Plant) -> None:
    image: Picture
    if plant.kind == "palm":
        image = textures.palm(plant.seed % 12)
    else:
        image = textures.tree(plant.seed % 9, plant.kind == "bush")
    painter.sprite(image, plant.x_m, plant.y_m, plant.height_m, leaf=True)


def _paint_pole(painter: Painter, pole: Pole) -> None:
    foot, head = (pole.x_m, pole.y_m, 0.0), (pole.x_m, pole.y_m, pole.height_m)
    if pole.kind == "banner":
        painter.rod(foot, head, 0.04, (210, 206, 190))
        x = pole.x_m
        cloth = np.array([[x, pole.y_m, 3.4], [x + 0.5, pole.y_m, 3.25], [x + 0.42, pole.y_m, 0.9], [x, pole.y_m, 0.7]])
        painter.face(cloth, pole.colour, flat_light=0.75)
        return
    painter.rod(foot, head, 0.16 if pole.kind != "power" else 0.26, pole.colour)
    tip = (pole.x_m + pole.arm_m, pole.y_m, pole.height_m + (0.15 if pole.kind == "lamp" else 0))
    if pole.arm_m:
        painter.rod(head, tip, 0.09, pole.colour)
    if pole.kind == "lamp":
        painter.rod((tip[0] - 0.3, tip[1], tip[2]), (tip[0] + 0.3, tip[1], tip[2]), 0.16, (206, 208, 204))
    if pole.kind == "power":
        painter.rod((pole.x_m - 0.9, pole.y_m, 8.1), (pole.x_m + 0.9, pole.y_m, 8.1), 0.1, (104, 98, 92))
    if pole.kind == "signal":
        for x in (tip[0], pole.x_m):
            _paint_signal(painter, x, pole.y_m, pole.height_m - 0.5)


def _paint_signal(painter: Painter, x: float, y: float, z: float) -> None:
    box = np.array([[x - 0.2, y, z + 0.5], [x + 0.2, y, z + 0.5], [x + 0.2, y, z - 0.5], [x - 0.2, y, z - 0.5]])
    painter.face(box, (34, 36, 38), flat_light=0.5)
    for k, colour in enumerate(((226, 44, 40), (90, 76, 30), (30, 72, 44))):
        up = z + 0.32 - 0.32 * k
        lens = np.array(
            [[x - 0.11, y, up + 0.11], [x + 0.11, y, up + 0.11], [x + 0.11, y, up - 0.11], [x - 0.11, y, up - 0.11]]
        )
        lamp = np.full((4, 4, 3), (44, 44, 226), np.uint8) if k == 0 else None
        painter.face(lens, colour, glow=lamp, flat_light=0.9)


def _paint_wires(painter: Painter, town: Town) -> None:
    poles = sorted((p for p in town.poles if p.kind == "power"), key=lambda p: p.y_m)
    for a, b in zip(poles, poles[1:], strict=False):
        for across in (-0.8, 0.0, 0.8):
            along = np.linspace(0, 1, 9)
            sag = 8.2 - 0.9 * 4 * along * (1 - along)
            points = [(a.x_m + across, a.y_m + (b.y_m - a.y_m) * t, float(z)) for t, z in zip(along, sag, strict=True)]
            for p, q in zip(points, points[1:], strict=False):
                painter.rod(p, q, 0.025, (52, 52, 54))
