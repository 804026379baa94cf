"""Vehicles and people as few flat faces in 3D, drawn straight into a picture with sub-pixel edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from satukota_field.scenes.optics import NEAR_M, Eye
from satukota_field.scenes.textures import Picture
from satukota_field.scenes.town import Rgb

Light = NDArray[np.float64]  # (3,) BGR, 1.0 = full daylight
Corner = tuple[float, float, float]
Corners = Sequence[Corner]
SHIFT = 4
GLASS: Rgb = (44, 52, 60)
TYRE: Rgb = (30, 30, 32)
RING = np.array([(np.cos(a), np.sin(a)) for a in np.linspace(0, 2 * np.pi, 17)[:-1]])
CIRCLE = tuple((float(np.cos(a)), float(np.sin(a))) for a in np.linspace(0, 2 * np.pi, 9)[:-1] + 0.2)


@dataclass(frozen=True)
class Body:
    """A vehicle as a side outline (along, up) swept across its width, in metres; the front is at +along."""

    outline: tuple[tuple[float, float], ...]  # convex, from rear bottom over the top to front bottom
    glass: tuple[tuple[float, float], ...]  # side windows, inside the outline
    half_width: float
    wheels: tuple[float, ...]  # where along
    wheel_radius: float
    glass_edges: tuple[int, ...]  # edges of the outline that are glass: k joins point k and k+1
    load: tuple[float, float, float] | None = None  # a box on the back: from, to, top

    @property
    def length_m(self) -> float:
        return self.outline[-1][0] - self.outline[0][0]

    @property
    def height_m(self) -> float:
        return max(max(up for _, up in self.outline), self.load[2] if self.load else 0.0)


BODIES: dict[str, Body] = {
    "car": Body(
        ((-2.1, 0.32), (-2.12, 0.95), (-1.75, 1.58), (0.35, 1.62), (1.1, 1.02), (2.0, 0.86), (2.12, 0.32)),
        ((-1.72, 1.0), (-1.5, 1.46), (0.26, 1.5), (0.82, 1.04)), 0.83, (-1.3, 1.3), 0.31, (1, 3)),
    "van": Body(
        ((-2.2, 0.34), (-2.24, 1.1), (-2.1, 1.86), (1.0, 1.88), (1.75, 1.12), (2.15, 0.98), (2.2, 0.34)),
        ((-1.9, 1.12), (-1.86, 1.62), (0.84, 1.66), (1.34, 1.14)), 0.85, (-1.35, 1.4), 0.32, (1, 3)),
    "pickup": Body(
        ((-2.4, 0.45), (-2.42, 0.98), (-0.35, 1.0), (-0.15, 1.68), (0.85, 1.7), (1.5, 1.12), (2.3, 1.0), (2.4, 0.42)),
        ((-0.1, 1.1), (0.02, 1.56), (0.76, 1.58), (1.12, 1.12)), 0.86, (-1.5, 1.5), 0.37, (2, 4)),
    "truck": Body(
        ((0.9, 0.5), (0.9, 2.1), (2.5, 2.15), (2.85, 1.3), (2.9, 0.5)),
        ((1.4, 1.35), (1.45, 1.95), (2.4, 1.98), (2.62, 1.4)), 0.95, (-1.8, 2.0), 0.45, (2,), (-3.0, 0.8, 2.5)),
}  # fmt: skip
KINDS = (*BODIES, "motorcycle")


class Figure:
    """Draws one thing: local metres (across, along, up), turned by heading, set down at a place.

    Plain floats throughout: for the few corners of a face they are five times faster than arrays.
    """

    def __init__(self, picture: Picture, eye: Eye, place: tuple[float, float], heading: float) -> None:
        self.picture, self.focal = picture, eye.focal_px
        self._middle = (eye.width / 2, eye.height / 2)
        s, c = float(np.sin(heading)), float(np.cos(heading))
        axes = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        away = np.array([place[0], place[1], 0.0]) - eye.position
        self._turn: list[list[float]] = (eye.rotation @ axes.T).tolist()
        self._shift: list[float] = (eye.rotation @ away).tolist()
        self.to_eye: list[float] = (axes @ -away).tolist()  # the camera in local metres
        self.distance_m = float(away @ away) ** 0.5
        self._light = (1.0, 1.0, 1.0)
        self.px_per_m = self.focal / max(1.0, self._shift[2])

    def light_up(self, light: Light) -> None:
        """Draw from here on under this light, (3,) BGR, 1.0 being full daylight."""
        b, g, r = (float(v) for v in np.sqrt(light))
        self._light = (b, g, r)

    @property
    def is_small(self) -> bool:
        """Too far for lamps, plates and hubs to be seen."""
        return self.px_per_m < 9

    def pixel(self, x: float, y: float, z: float) -> tuple[float, float, float]:
        """(across, down) in pixels and the depth in metres."""
        (a, b, c), (d, e, f), (g, h, i) = self._turn
        depth = max(NEAR_M, g * x + h * y + i * z + self._shift[2])
        scale = self.focal / depth
        u = (a * x + b * y + c * z + self._shift[0]) * scale + self._middle[0]
        v = (d * x + e * y + f * z + self._shift[1]) * scale + self._middle[1]
        return u, v, depth

    def outline(self, corners: Corners) -> NDArray[np.int32]:
        """(n, 2) in 1/16 pixel."""
        found = [self.pixel(*corner) for corner in corners]
        return np.array([(round(u * 16), round(v * 16)) for u, v, _ in found], np.int32)

    def ground_ring(self, x: float, half_x: float, half_y: float) -> NDArray[np.int32]:
        """(16, 2) in 1/16 pixel: an ellipse on the ground with its middle at (x, 0), through both of its ends."""
        far, near = self.pixel(x, half_y, 0), self.pixel(x, -half_y, 0)
        left, right = self.pixel(x - half_x, 0, 0), self.pixel(x + half_x, 0, 0)
        axes = np.array([(right[0] - left[0], right[1] - left[1]), (far[0] - near[0], far[1] - near[1])]) / 2
        middle = ((far[0] + near[0]) / 2, (far[1] + near[1]) / 2)
        return np.round((RING @ axes + middle) * 16).astype(np.int32)

    def lit(self, colour: Rgb, factor: float = 1.0) -> tuple[float, float, float]:
        """BGR of a surface under this light, `factor` of it falling in; gamma 2, as the plate is lit."""
        (b, g, r), f = self._light, factor**0.5
        return min(255.0, colour[2] * b * f), min(255.0, colour[1] * g * f), min(255.0, colour[0] * r * f)

    def fill(self, corners: Corners, colour: Rgb, factor: float = 1.0) -> None:
        cv2.fillPoly(self.picture, [self.outline(corners)], self.lit(colour, factor), cv2.LINE_AA, SHIFT)

    def disc(self, at: Corner, radius: float, colour: Rgb) -> None:
        u, v, depth = self.pixel(*at)
        r = max(0.6, self.focal * radius / depth)
        cv2.circle(
            self.picture, (round(u * 16), round(v * 16)), round(r * 16), self.lit(colour), -1, cv2.LINE_AA, SHIFT
        )

    def limb(self, a: Corner, b: Corner, width: float, colour: Rgb) -> None:
        ua, va, depth = self.pixel(*a)
        ub, vb, _ = self.pixel(*b)
        thick = max(1, round(self.focal * width / depth))
        p, q = (round(ua * 16), round(va * 16)), (round(ub * 16), round(vb * 16))
        cv2.line(self.picture, p, q, self.lit(colour), thick, cv2.LINE_AA, SHIFT)


def outline_of(kind: str) -> tuple[float, float, float]:
    """(half width, half length, height) in metres of a vehicle kind or "person"."""
    if kind == "person":
        return 0.28, 0.22, 1.68
    if kind == "motorcycle":
        return 0.36, 0.95, 1.62
    body = BODIES[kind]
    rear = min(body.outline[0][0], body.load[0] if body.load else 0.0)
    return body.half_width, (body.outline[-1][0] - rear) / 2, body.height_m


def draw_vehicle(figure: Figure, kind: str, paint: Rgb, rider: Rgb | None = None) -> None:
    """Draw a vehicle. Parked motorcycles have no rider."""
    if figure.pixel(0, 0, 0.5)[2] < 3.5:
        return
    if kind == "motorcycle":
        _draw_motorcycle(figure, paint, rider)
    else:
        _draw_body(figure, BODIES[kind], paint)


def mark_distance(figure: Figure, kind: str, metres: Picture) -> None:
    """Write the distance of a vehicle into the picture of distances where the vehicle stands."""
    if figure.pixel(0, 0, 0.5)[2] < 3.5:
        return
    half, long, tall = outline_of(kind)
    corners = [(x, y, z) for x in (-half, half) for y in (-long, long) for z in (0.0, tall)]
    cv2.fillConvexPoly(metres, cv2.convexHull(figure.outline(corners) // 16), figure.distance_m)


def _draw_body(figure: Figure, body: Body, paint: Rgb) -> None:
    w, profile, (eye_x, eye_y, eye_z) = body.half_width, body.outline, figure.to_eye
    side = 1.0 if eye_x > 0 else -1.0
    rear, front = profile[0][0], profile[-1][0]
    if not figure.is_small:
        figure.fill([(-w, rear, 0.12), (w, rear, 0.12), (w, front, 0.12), (-w, front, 0.12)], (22, 22, 24), 0.4)
    if figure.px_per_m > 20:  # nearer than that the wheels of the other side show under the body
        _draw_wheels(figure, body, -side)
    if body.load and eye_y > 0:
        _draw_load(figure, body, side)
    for k in sorted(range(len(profile) - 1), key=lambda k: -abs(profile[k][0] + profile[k + 1][0] - 2 * eye_y)):
        (a, za), (b, zb) = profile[k], profile[k + 1]
        out_y, out_z = za - zb, b - a  # outward for an outline that runs over the top from the rear
        if out_y * (eye_y - a) + out_z * (eye_z - za) <= 0:
            continue
        up = out_z / max(1e-9, (out_y * out_y + out_z * out_z) ** 0.5)
        low, high = (w - 0.1 if z > 1.3 else w for z in (za, zb))  # the roof is narrower than the waist
        quad = [(-low, a, za), (low, a, za), (high, b, zb), (-high, b, zb)]
        figure.fill(quad, GLASS if k in body.glass_edges else paint, 0.62 + 0.4 * max(0.0, up))
        if k in (0, len(profile) - 2) and not figure.is_small:
            _draw_lamps(figure, body, k == 0, quad[0][1] if k == 0 else quad[2][1])
    figure.fill([(side * (w - 0.1 if z > 1.3 else w), y, z) for y, z in profile], paint, 0.74)
    figure.fill([(side * (w - 0.08 if z > 1.3 else w + 0.01), y, z) for y, z in body.glass], GLASS)
    _draw_wheels(figure, body, side)
    if body.load and eye_y <= 0:
        _draw_load(figure, body, side)


def _draw_lamps(figure: Figure, body: Body, rear: bool, end: float) -> None:
    """Lights and number plate on the end face."""
    y, low, w = end + (-0.02 if rear else 0.02), 0.55, body.half_width
    colour: Rgb = (186, 30, 30) if rear else (240, 240, 232)
    for x in (-w + 0.05, w - 0.3):
        lamp = [(x, y, low + 0.1), (x + 0.25, y, low + 0.1), (x + 0.25, y, low + 0.28), (x, y, low + 0.28)]
        figure.fill(lamp, colour)
    plate = [(-0.22, y, low - 0.1), (0.22, y, low - 0.1), (0.22, y, low + 0.04), (-0.22, y, low + 0.04)]
    figure.fill(plate, (224, 224, 220))


def _draw_wheels(figure: Figure, body: Body, side: float) -> None:
    x, rim = side * (body.half_width + 0.01), body.wheel_radius
    for along in body.wheels:
        figure.fill([(x, along + rim * c, rim + rim * s) for c, s in CIRCLE], TYRE)
        if figure.px_per_m > 14:
            figure.fill([(x, along + rim * 0.5 * c, rim + rim * 0.5 * s) for c, s in CIRCLE], (150, 152, 154))


def _draw_load(figure: Figure, body: Body, side: float) -> None:
    assert body.load is not None
    y0, y1, top = body.load
    w, colour = body.half_width + 0.05, (188, 176, 150)
    for y, seen in ((y0, figure.to_eye[1] < y0), (y1, figure.to_eye[1] > y1)):
        if seen:
            figure.fill([(-w, y, 0.75), (w, y, 0.75), (w, y, top), (-w, y, top)], colour, 0.7)
    figure.fill([(-w, y0, top), (w, y0, top), (w, y1, top), (-w, y1, top)], colour)
    x = side * w
    figure.fill([(x, y0, 0.75), (x, y1, 0.75), (x, y1, top), (x, y0, top)], colour, 0.8)


def _draw_motorcycle(figure: Figure, paint: Rgb, rider: Rgb | None) -> None:
    parts = [_rear_of_motorcycle, _front_of_motorcycle]
    if figure.to_eye[1] <= 0:
        parts.reverse()
    parts[0](figure, paint)
    figure.limb((0, -0.55, 0.62), (0, 0.2, 0.45), 0.24, paint)
    figure.limb((0, -0.7, 0.78), (0, 0.05, 0.74), 0.24, (36, 36, 40))
    parts[1](figure, paint)
    if rider is not None:
        _draw_rider(figure, rider)


def _wheel(figure: Figure, along: float) -> None:
    if not figure.is_small:
        figure.fill([(0.05, along + 0.29 * c, 0.29 + 0.29 * s) for c, s in CIRCLE], TYRE)
    figure.limb((0, along, 0.02), (0, along, 0.56), 0.11, TYRE)


def _front_of_motorcycle(figure: Figure, paint: Rgb) -> None:
    _wheel(figure, 0.64)
    figure.limb((0, 0.6, 0.4), (0, 0.42, 1.0), 0.22, paint)
    if not figure.is_small:
        figure.limb((-0.33, 0.4, 1.05), (0.33, 0.4, 1.05), 0.05, (60, 60, 64))
        figure.disc((0, 0.56, 0.84), 0.1, (236, 236, 226))


def _rear_of_motorcycle(figure: Figure, paint: Rgb) -> None:
    _wheel(figure, -0.62)
    if not figure.is_small:
        figure.limb((-0.1, -0.82, 0.7), (0.1, -0.82, 0.7), 0.12, (176, 30, 28))
    figure.limb((0, -0.6, 0.6), (0, -0.8, 0.72), 0.2, paint)


def _draw_rider(figure: Figure, jacket: Rgb) -> None:
    trousers: Rgb = (44, 48, 62)
    for side in (-1, 1):
        figure.limb((side * 0.14, -0.2, 0.82), (side * 0.2, 0.12, 0.6), 0.16, trousers)
        if not figure.is_small:
            figure.limb((side * 0.2, 0.12, 0.6), (side * 0.18, 0.0, 0.3), 0.13, trousers)
    figure.fill([(-0.2, -0.28, 0.78), (0.2, -0.28, 0.78), (0.25, -0.1, 1.34), (-0.25, -0.1, 1.34)], jacket)
    for side in (-1, 1):
        figure.limb((side * 0.24, -0.12, 1.28), (side * 0.33, 0.36, 1.04), 0.1, jacket)
    figure.disc((0, -0.05, 1.5), 0.15, (jacket[1], jacket[2], jacket[0]))


def draw_person(figure: Figure, stride: float, clothes: tuple[Rgb, Rgb, Rgb]) -> None:
    """Draw a walker; `stride` in radians swings legs and arms; clothes are upper, lower and head cover."""
    if figure.pixel(0, 0, 0.5)[2] < 3.0:
        return
    upper, lower, cover = clothes
    swing = 0.28 * float(np.sin(stride))
    for side in (-1, 1):
        foot = side * swing
        figure.limb((side * 0.09, 0, 0.84), (side * 0.1, foot * 0.6, 0.44), 0.17, lower)
        figure.limb((side * 0.1, foot * 0.6, 0.44), (side * 0.1, foot, 0.06), 0.13, lower)
    for side in () if figure.is_small else (-1, 1):
        figure.limb((side * 0.24, 0, 1.32), (side * 0.27, -side * swing * 0.8, 0.86), 0.1, upper)
    eye_x, eye_y, _ = figure.to_eye
    reach = max(1e-6, (eye_x * eye_x + eye_y * eye_y) ** 0.5)
    x, y = eye_y / reach, -eye_x / reach  # across the line of sight
    torso = [(-0.19, 0.8), (0.19, 0.8), (0.23, 1.38), (-0.23, 1.38)]
    figure.fill([(x * w, y * w, z) for w, z in torso], upper)
    figure.disc((0, 0, 1.54), 0.13, (150, 108, 80))
    figure.disc((0, 0, 1.59), 0.13, cover)
    if eye_y > 0:
        figure.disc((0, 0.06, 1.52), 0.085, (158, 116, 88))
