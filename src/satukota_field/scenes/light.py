"""Turns the resting street into a lit picture: sun, dusk, street lamps or the camera's own infrared."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from satukota_field.scenes import textures
from satukota_field.scenes.optics import Eye
from satukota_field.scenes.plate import SKY_M, Sheet
from satukota_field.scenes.textures import Picture

LIGHTS = ("day", "dusk", "night_colour", "night_ir")
LAMP_COLOUR = np.array([0.42, 0.72, 1.0])  # BGR of sodium-like street light
Energy = NDArray[np.float64]


@dataclass(frozen=True)
class Mood:
    """How strongly each source lights the street, in BGR; 1.0 is full daylight on white."""

    ambient: tuple[float, float, float]
    sun: tuple[float, float, float]
    lamps: float
    glow: float
    infrared: float
    sky_top: tuple[float, float, float]
    sky_low: tuple[float, float, float]
    clouds: float
    haze_m: float


MOODS = {
    "day": Mood((0.50, 0.45, 0.40), (0.62, 0.74, 0.82), 0.0, 0.0, 0.0, (226, 164, 96), (240, 226, 204), 0.85, 1500.0),
    "dusk": Mood((0.26, 0.19, 0.18), (0.03, 0.05, 0.08), 0.30, 0.75, 0.0, (128, 78, 62), (104, 150, 232), 0.5, 1100.0),
    "night_colour": Mood((0.046, 0.036, 0.030), (0, 0, 0), 1.0, 0.95, 0.0, (26, 18, 14), (44, 40, 42), 0.06, 900.0),
    "night_ir": Mood((0.012, 0.012, 0.012), (0, 0, 0), 0.10, 0.35, 1.0, (6, 6, 6), (12, 12, 12), 0.0, 900.0),
}


def lamp_energy(points: NDArray[np.floating], lamps: list[tuple[float, float, float]]) -> NDArray[np.float32]:
    """Light of all street lamps at points (..., 3), as one number per point; about 1 right under a lamp."""
    total = np.zeros(points.shape[:-1], np.float32)
    for lamp in lamps:
        away = points - np.array(lamp, np.float32)
        square = np.einsum("...i,...i->...", away, away)
        falling = np.clip(-away[..., 2] / np.sqrt(square + 0.1) + 0.15, 0.02, 1.0)
        total += 52.0 * falling / (square + 9.0)
    return total


def infrared_energy(points: NDArray[np.floating], eye: Eye) -> NDArray[np.float32]:
    """Light of the ring of infrared diodes around the lens at points (..., 3): strong near, dead beyond 60 m."""
    away = points - eye.position.astype(np.float32)
    square = np.einsum("...i,...i->...", away, away)
    aimed = np.clip((away @ eye.rotation[2].astype(np.float32)) / np.sqrt(square + 0.1), 0, 1)
    return (190.0 * aimed**5 / (square + 60.0)).astype(np.float32)


def _lamps_on(x: float, y: float, z: float, lamps: list[tuple[float, float, float]]) -> float:
    """`lamp_energy` at one point: in plain floats, because arrays of three cost ten times as much."""
    total = 0.0
    for lamp_x, lamp_y, lamp_z in lamps:
        square = (x - lamp_x) ** 2 + (y - lamp_y) ** 2 + (z - lamp_z) ** 2
        falling = (lamp_z - z) / math.sqrt(square + 0.1) + 0.15
        total += 52.0 * min(1.0, max(0.02, falling)) / (square + 9.0)
    return total


def energy_at(light: str, place: tuple[float, float], eye: Eye, lamps: list[tuple[float, float, float]]) -> Energy:
    """(3,) BGR light on something about a metre high at (x, y)."""
    mood, point = MOODS[light], np.array([place[0], place[1], 1.0], np.float32)
    energy = np.array(mood.ambient) + np.array(mood.sun) * 0.72
    if mood.lamps:
        energy = energy + mood.lamps * _lamps_on(place[0], place[1], 1.0, lamps) * LAMP_COLOUR
    if mood.infrared:
        energy = energy + mood.infrared * float(infrared_energy(point, eye))
    return energy


def light_sheet(sheet: Sheet, light: str, lamps: list[tuple[float, float, float]], seed: int, haze: float) -> Picture:
    """(h, w, 3) BGR picture of the resting street under this light; `haze` 0 (clear) to 1 (cannot see 40 m)."""
    mood = MOODS[light]
    albedo = np.square(sheet.albedo.astype(np.float32) / 255.0)
    if light == "night_ir":
        grey = albedo @ np.array([0.25, 0.45, 0.3], np.float32)
        grey = np.where(sheet.leaf > 0, np.sqrt(grey) * 0.9 + 0.1, grey)
        albedo = np.repeat(grey[..., None], 3, axis=2)
    energy = np.empty_like(albedo)
    energy[:] = np.array(mood.ambient, np.float32)
    if any(mood.sun):
        energy += (sheet.sun.astype(np.float32) / 255.0)[..., None] * np.array(mood.sun, np.float32)
    rays = sheet.eye.rays()
    points = sheet.eye.position.astype(np.float32) + rays * np.minimum(sheet.metres, 400.0)[..., None]
    if mood.lamps:
        energy += mood.lamps * lamp_energy(points, lamps)[..., None] * LAMP_COLOUR.astype(np.float32)
    if mood.infrared:
        energy += mood.infrared * infrared_energy(points, sheet.eye)[..., None]
    lit = albedo * energy + mood.glow * np.square(sheet.glow.astype(np.float32) / 255.0)
    picture = np.sqrt(np.minimum(lit, 1.0)) * 255.0
    sky = _sky(sheet.eye, rays, mood, seed)
    _reflect_sky(picture, sheet, sky, mood)
    picture = _with_haze(picture, sheet.metres, mood, haze)
    empty = sheet.metres >= SKY_M
    picture[empty] = sky[empty] * (1 - haze) + np.array(_haze_colour(mood)) * haze if haze else sky[empty]
    _add_lamp_heads(picture, sheet, lamps, mood)
    if light == "night_ir":
        picture[:] = picture.mean(axis=2, keepdims=True)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _haze_colour(mood: Mood) -> tuple[float, float, float]:
    b, g, r = mood.sky_low
    return b * 0.92 + 8, g * 0.92 + 8, r * 0.92 + 8


def _with_haze(picture: NDArray[np.float32], metres: Picture, mood: Mood, haze: float) -> NDArray[np.float32]:
    reach = mood.haze_m * (1 - haze) ** 2 + 30.0 * haze
    veil = 1.0 - np.exp(-np.minimum(metres, SKY_M) / reach)
    veil[metres >= SKY_M] = 0
    share = veil.astype(np.float32)[..., None]
    return picture * (1 - share) + np.array(_haze_colour(mood), np.float32) * share


def haze_veil(light: str, haze: float, metres: float) -> tuple[float, tuple[float, float, float]]:
    """How much of a thing this far is veiled (0..1), and the colour of the veil in BGR 0..255."""
    mood = MOODS[light]
    reach = mood.haze_m * (1 - haze) ** 2 + 30.0 * haze
    return float(1.0 - np.exp(-metres / reach)), _haze_colour(mood)


def _sky(eye: Eye, rays: NDArray[np.float32], mood: Mood, seed: int) -> NDArray[np.float32]:
    """Gradient with clouds, laid on a flat ceiling so that they shrink to the horizon."""
    up = np.clip(rays[..., 2], 0.0, 1.0)
    share = np.clip(up / 0.42, 0, 1)[..., None] ** 0.7
    sky = np.array(mood.sky_low, np.float32) * (1 - share) + np.array(mood.sky_top, np.float32) * share
    if mood.clouds:
        noise = textures.fractal_noise(seed % 4)
        ceiling = 60.0 / np.maximum(up, np.float32(0.03))
        x, y = rays[..., 0] * ceiling + np.float32(37 * seed), rays[..., 1] * ceiling
        cloud = cv2.remap(noise, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        cover = np.clip((cloud - 0.46) * 3.4, 0, 1) * mood.clouds * np.clip((up - 0.005) * 20, 0, 1)
        white = np.minimum(np.array(mood.sky_low, np.float32) * 1.08 + 14, 255)
        sky = sky * (1 - cover[..., None]) + white * cover[..., None]
    return sky.astype(np.float32)


def _reflect_sky(picture: NDArray[np.float32], sheet: Sheet, sky: NDArray[np.float32], mood: Mood) -> None:
    """Water takes the colour of the low sky; recognised by its own colour in the albedo, which nothing else has."""
    b, g, r = (sheet.albedo[..., k].astype(np.int16) for k in range(3))
    water = (b - r > 24) & (b >= g - 4) & (sheet.metres > 8) & (sheet.sun > 0) & (sheet.leaf == 0)
    water &= np.broadcast_to(np.arange(sheet.eye.height)[:, None] > sheet.eye.height * 0.2, water.shape)
    if not water.any():
        return
    share = 0.35 if mood.sun[0] > 0.1 else 0.25
    picture[water] = picture[water] * (1 - share) + (
        np.array(mood.sky_low, np.float32) + np.array(mood.sky_top, np.float32)
    ) * (share / 2)


def _add_lamp_heads(
    picture: NDArray[np.float32], sheet: Sheet, lamps: list[tuple[float, float, float]], mood: Mood
) -> None:
    if not mood.lamps or not lamps:
        return
    pixels, depth = sheet.eye.project(np.array(lamps))
    colour = LAMP_COLOUR * 0.6 + 0.4 if not mood.infrared else np.ones(3)
    for (x, y), far in zip(pixels, depth, strict=True):
        if far > 2:
            add_glow(picture, (float(x), float(y)), sheet.eye.focal_px * 0.45 / float(far) + 2.5, colour * 255 * 0.95)


def add_glow(picture: Picture, centre: tuple[float, float], radius: float, colour: NDArray[np.float64]) -> None:
    """Add a soft round light to a float or uint8 picture, in place, saturating."""
    reach = int(radius * 3) + 1
    x0, y0 = int(centre[0]) - reach, int(centre[1]) - reach
    left, top = max(0, x0), max(0, y0)
    right, bottom = min(picture.shape[1], x0 + 2 * reach), min(picture.shape[0], y0 + 2 * reach)
    if right <= left or bottom <= top:
        return
    xs = np.arange(left, right, dtype=np.float32) - np.float32(centre[0])
    ys = np.arange(top, bottom, dtype=np.float32) - np.float32(centre[1])
    square = xs[None, :] ** 2 + ys[:, None] ** 2
    bump = np.exp(square * (-1.0 / radius**2)) * 0.7 + 0.3 * np.exp(square * (-8.0 / radius**2))
    part = picture[top:bottom, left:right]
    part[:] = np.minimum(part + bump[..., None] * colour.astype(np.float32), 255)
