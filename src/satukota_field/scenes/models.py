"""Vehicles and people as few flat faces in 3D, drawn straight into a picture with sub-pixel edges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from satukota_field.scenes.optics import Eye
from satukota_field.scenes.textures import Picture
from satukota_field.scenes.town import Rgb

Points = NDArray[np.float64]
Light = NDArray[np.float64]  # (3,) BGR, 1.0 = full daylight
SHIFT = 4
GLASS: Rgb = (44, 52, 60)
TYRE: Rgb = (30, 30, 32)


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


def _lit(colour: Rgb, light: Light, factor: float = 1.0) -> tuple[float, float, float]:
    """BGR for cv2 of a surface under this light; gamma 2, as the plate is lit."""
    b, g, r = np.clip(np.sqrt(np.square(np.array(colour[::-1]) / 255.0) * light * factor) * 255, 0, 255)
    return float(b), float(g), float(r)


class Figure:
    """Draws one thing: local metres (across, along, up), turned by heading, set down at a place."""

    def __init__(self, picture: Picture, eye: Eye, place: tuple[float, float], heading: float, light: Light) -> None:
        self.picture, self.eye, self.light = picture, eye, light
        s, c = np.sin(heading), np.cos(heading)
        self.axes = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        self.place = np.array([place[0], place[1], 0.0])
        self.to_eye = self.axes @ (eye.position - self.place)  # the camera in local metres

    def pixels(self, local: Points) -> Points:
        return self.eye.project(local @ self.axes + self.place)[0]

    def fill(self, local: Points, colour: Rgb, factor: float = 1.0) -> None:
        outline = np.round(self.pixels(local) * (1 << SHIFT)).astype(np.int32)
        cv2.fillPoly(self.picture, [outline], _lit(colour, self.light, factor), cv2.LINE_AA, SHIFT)

    def disc(self, local: tuple[float, float, float], radius: float, colour: Rgb, factor: float = 1.0) -> None:
        pixels, depth = self.eye.project((np.array([local]) @ self.axes) + self.place)
        r = max(0.6, self.eye.focal_px * radius / max(1.0, float(depth[0])))
        centre = tuple(int(v * 16) for v in pixels[0])
        cv2.circle(self.picture, centre, int(r * 16), _lit(colour, self.light, factor), -1, cv2.LINE_AA, SHIFT)

    def limb(self, a: tuple[float, float, float], b: tuple[float, float, float], width: float, colour: Rgb) -> None:
        pixels, depth = self.eye.project((np.array([a, b]) @ self.axes) + self.place)
        thick = max(1, round(self.eye.focal_px * width / max(1.0, float(depth[0]))))
        p, q = (tuple(int(v * 16) for v in pixel) for pixel in pixels)
        cv2.line(self.picture, p, q, _lit(colour, self.light), thick, cv2.LINE_AA, SHIFT)


def outline_of(kind: str) -> tuple[float, float, float]:
    """(half width, half length, height) in metres of a vehicle kind or "person"."""
    if kind == "person":
        return 0.28, 0.22, 1.68
    if kind == "motorcycle":
        return 0.36, 0.95, 1.62
    body = BODIES[kind]
    rear = min(body.outline[0][0], body.load[0] if body.load else 0.0)
    return body.half_width, (body.outline[-1][0] - rear) / 2, body.height_m


def draw_vehicle(
    picture: Picture,
    eye: Eye,
    kind: str,
    place: tuple[float, float],
    heading: float,
    paint: Rgb,
    metres: NDArray[np.float32] | None = None,
    light: Light | None = None,
    rider: Rgb | None = None,
) -> None:
    """Draw a vehicle standing at (x, y); with `metres` also mark its distance there. Parked ones have no rider."""
    if eye.project(np.array([[place[0], place[1], 0.5]]))[1][0] < 3.5:
        return
    figure = Figure(picture, eye, place, heading, np.ones(3) if light is None else light)
    if kind == "motorcycle":
        _draw_motorcycle(figure, paint, rider)
    else:
        _draw_body(figure, BODIES[kind], paint)
    if metres is not None:
        half, long, tall = outline_of(kind)
        corners = np.array([[x, y, z] for x in (-half, half) for y in (-long, long) for z in (0.0, tall)])
        hull = cv2.convexHull(figure.pixels(corners).astype(np.int32))
        cv2.fillConvexPoly(metres, hull, float(np.linalg.norm(figure.to_eye)))


def _draw_body(figure: Figure, body: Body, paint: Rgb) -> None:
    w = body.half_width
    profile = np.array(body.outline)
    side = 1.0 if figure.to_eye[0] > 0 else -1.0
    _draw_wheels(figure, body, -side)
    figure.fill(
        np.array(
            [
                [x, y, 0.12]
                for x, y in ((-w, profile[0, 0]), (w, profile[0, 0]), (w, profile[-1, 0]), (-w, profile[-1, 0]))
            ]
        ),
        (22, 22, 24),
        0.4,
    )
    if body.load and figure.to_eye[1] > 0:
        _draw_load(figure, body, side)
    order = sorted(range(len(profile) - 1), key=lambda k: -abs(float(profile[k : k + 2, 0].mean()) - figure.to_eye[1]))
    for k in order:
        (a, za), (b, zb) = profile[k], profile[k + 1]
        normal = np.array([-(zb - za), b - a])  # outward for an outline that runs over the top from the rear
        if normal @ (figure.to_eye[1:] - profile[k]) <= 0:
            continue
        up = normal[1] / (np.linalg.norm(normal) + 1e-9)
        colour = GLASS if k in body.glass_edges else paint
        inset = 0.1 if max(za, zb) > 1.3 else 0.0
        low, high = (w, w - inset) if zb > za else (w - inset, w)
        if za > 1.3 and zb > 1.3:
            low = high = w - 0.1
        quad = np.array([[-low, a, za], [low, a, za], [high, b, zb], [-high, b, zb]])
        figure.fill(quad, colour, 0.62 + 0.4 * max(0.0, up))
        if k in (0, len(profile) - 2):
            _draw_lamps(figure, body, k == 0, quad)
    flank = np.column_stack([np.where(profile[:, 1] > 1.3, side * (w - 0.1), side * w), profile])
    figure.fill(flank, paint, 0.74)
    windows = np.array(body.glass)
    figure.fill(np.column_stack([np.where(windows[:, 1] > 1.3, side * (w - 0.08), side * (w + 0.01)), windows]), GLASS)
    _draw_wheels(figure, body, side)
    if body.load and figure.to_eye[1] <= 0:
        _draw_load(figure, body, side)


def _draw_lamps(figure: Figure, body: Body, rear: bool, quad: Points) -> None:
    """Lights and number plate on the end face."""
    y = float(quad[0, 1] if rear else quad[-1, 1]) + (-0.02 if rear else 0.02)
    low, w = 0.55, body.half_width
    colour: Rgb = (186, 30, 30) if rear else (240, 240, 232)
    for x in (-w + 0.05, w - 0.3):
        figure.fill(
            np.array([[x, y, low + 0.1], [x + 0.25, y, low + 0.1], [x + 0.25, y, low + 0.28], [x, y, low + 0.28]]),
            colour,
        )
    figure.fill(
        np.array([[-0.22, y, low - 0.1], [0.22, y, low - 0.1], [0.22, y, low + 0.04], [-0.22, y, low + 0.04]]),
        (224, 224, 220),
    )


def _draw_wheels(figure: Figure, body: Body, side: float) -> None:
    turn = np.linspace(0, 2 * np.pi, 13)[:-1]
    for along in body.wheels:
        for radius, colour in ((body.wheel_radius, TYRE), (body.wheel_radius * 0.55, (150, 152, 154))):
            x = np.full(12, side * (body.half_width + 0.01))
            ring = np.column_stack([x, along + radius * np.cos(turn), body.wheel_radius + radius * np.sin(turn)])
            figure.fill(ring, colour)


def _draw_load(figure: Figure, body: Body, side: float) -> None:
    assert body.load is not None
    y0, y1, top = body.load
    w, colour = body.half_width + 0.05, (188, 176, 150)
    if figure.to_eye[1] < y0:
        figure.fill(np.array([[-w, y0, 0.75], [w, y0, 0.75], [w, y0, top], [-w, y0, top]]), colour, 0.7)
    if figure.to_eye[1] > y1:
        figure.fill(np.array([[-w, y1, 0.75], [w, y1, 0.75], [w, y1, top], [-w, y1, top]]), colour, 0.7)
    figure.fill(np.array([[-w, y0, top], [w, y0, top], [w, y1, top], [-w, y1, top]]), colour, 1.0)
    figure.fill(
        np.array([[side * w, y0, 0.75], [side * w, y1, 0.75], [side * w, y1, top], [side * w, y0, top]]), colour, 0.8
    )


def _draw_motorcycle(figure: Figure, paint: Rgb, rider: Rgb | None) -> None:
    ahead = figure.to_eye[1] > 0
    parts = [_rear_of_motorcycle, _front_of_motorcycle] if ahead else [_front_of_motorcycle, _rear_of_motorcycle]
    parts[0](figure, paint)
    figure.limb((0, -0.55, 0.62), (0, 0.2, 0.45), 0.24, paint)
    figure.limb((0, -0.7, 0.78), (0, 0.05, 0.74), 0.24, (36, 36, 40))
    parts[1](figure, paint)
    if rider is not None:
        _draw_rider(figure, rider)


def _wheel(figure: Figure, along: float) -> None:
    turn = np.linspace(0, 2 * np.pi, 11)[:-1]
    for x in (-0.05, 0.05):
        figure.fill(np.column_stack([np.full(10, x), along + 0.29 * np.cos(turn), 0.29 + 0.29 * np.sin(turn)]), TYRE)
    figure.limb((0, along, 0.02), (0, along, 0.56), 0.11, TYRE)


def _front_of_motorcycle(figure: Figure, paint: Rgb) -> None:
    _wheel(figure, 0.64)
    figure.limb((0, 0.6, 0.4), (0, 0.42, 1.0), 0.22, paint)
    figure.limb((-0.33, 0.4, 1.05), (0.33, 0.4, 1.05), 0.05, (60, 60, 64))
    figure.disc((0, 0.56, 0.84), 0.1, (236, 236, 226))


def _rear_of_motorcycle(figure: Figure, paint: Rgb) -> None:
    _wheel(figure, -0.62)
    figure.limb((-0.1, -0.82, 0.7), (0.1, -0.82, 0.7), 0.12, (176, 30, 28))
    figure.limb((0, -0.6, 0.6), (0, -0.8, 0.72), 0.2, paint)


def _draw_rider(figure: Figure, jacket: Rgb) -> None:
    trousers: Rgb = (44, 48, 62)
    for side in (-1, 1):
        figure.limb((side * 0.14, -0.2, 0.82), (side * 0.2, 0.12, 0.6), 0.16, trousers)
        figure.limb((side * 0.2, 0.12, 0.6), (side * 0.18, 0.0, 0.3), 0.13, trousers)
    torso = [[-0.2, -0.28, 0.78], [0.2, -0.28, 0.78], [0.25, -0.1, 1.34], [-0.25, -0.1, 1.34]]
    figure.fill(np.array(torso), jacket)
    for side in (-1, 1):
        figure.limb((side * 0.24, -0.12, 1.28), (side * 0.33, 0.36, 1.04), 0.1, jacket)
    figure.disc((0, -0.05, 1.5), 0.15, (jacket[1], jacket[2], jacket[0]))


def draw_person(
    picture: Picture,
    eye: Eye,
    place: tuple[float, float],
    heading: float,
    stride: float,
    clothes: tuple[Rgb, Rgb, Rgb],
    light: Light,
) -> None:
    """Draw a walker; `stride` in radians swings legs and arms; clothes are upper, lower and head cover."""
    if eye.project(np.array([[place[0], place[1], 0.5]]))[1][0] < 3.0:
        return
    figure = Figure(picture, eye, place, heading, light)
    upper, lower, cover = clothes
    swing = 0.28 * np.sin(stride)
    for side in (-1, 1):
        foot = float(side * swing)
        figure.limb((side * 0.09, 0, 0.84), (side * 0.1, foot * 0.6, 0.44), 0.17, lower)
        figure.limb((side * 0.1, foot * 0.6, 0.44), (side * 0.1, foot, 0.06), 0.13, lower)
    for side in (-1, 1):
        figure.limb((side * 0.24, 0, 1.32), (side * 0.27, float(-side * swing * 0.8), 0.86), 0.1, upper)
    across = np.array([figure.to_eye[1], -figure.to_eye[0], 0.0])
    across /= np.linalg.norm(across) + 1e-9
    torso = np.array(
        [
            across * -0.19 + (0, 0, 0.8),
            across * 0.19 + (0, 0, 0.8),
            across * 0.23 + (0, 0, 1.38),
            across * -0.23 + (0, 0, 1.38),
        ]
    )
    figure.fill(torso, upper)
    figure.disc((0, 0, 1.54), 0.13, (150, 108, 80))
    figure.disc((0, float(-0.03 if figure.to_eye[1] > 0 else 0), 1.59), 0.13, cover)
    if figure.to_eye[1] > 0:
        figure.disc((0, 0.06, 1.52), 0.085, (158, 116, 88))
