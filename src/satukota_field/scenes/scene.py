"""A camera's street at any moment and in any light, with what is in it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from satukota_field.scenes import lens
from satukota_field.scenes.light import LIGHTS, add_glow, energy_at, haze_veil, light_sheet
from satukota_field.scenes.models import Figure, draw_person, draw_vehicle, outline_of
from satukota_field.scenes.optics import Eye
from satukota_field.scenes.plate import Sheet
from satukota_field.scenes.street import paint_street, roughen_ground
from satukota_field.scenes.textures import Picture
from satukota_field.scenes.town import Rgb, build_town
from satukota_field.scenes.traffic import Mover, Traffic

WIDER, TALLER = 1.8, 1.5  # the sheet around the normal view, so that a turned camera still has a street to show
SMOOTH, SMOOTH_PX = 1.35, 2304  # painted that much larger and shrunk, up to this width: smooth edges


@dataclass(frozen=True)
class Weather:
    """Conditions that are no fault of the camera."""

    rain: float = 0.0  # 0..1
    haze: float = 0.0  # 0 clear .. 1 cannot see 40 m
    sway_px: float = 0.0  # amplitude of the pole in wind, in pixels of the picture
    noise: float | None = None  # sensor noise sigma in grey levels; None: what the light brings
    traffic: float = 1.0  # 0 empty street, 1 usual, 3 crowded


@dataclass(frozen=True)
class Box:
    """One person or vehicle in the picture: x0, y0, x1, y1 in pixels, `visible` the share not hidden or cut off."""

    kind: str  # person, motorcycle, car, van, pickup, truck
    x0: float
    y0: float
    x1: float
    y1: float
    distance_m: float
    visible: float
    moving: bool
    number: int  # the same thing keeps its number while it passes


@dataclass(frozen=True)
class _View:
    """A lit resting street as one eye sees it."""

    eye: Eye
    plate: Picture  # (h, w, 3)
    metres: Picture  # (h, w) float32, metres along each ray


class Scene:
    """The street of one camera. Pure: the same arguments give the same pixels on the same machine.

    Args: seed chooses street, camera pose and traffic; name is burnt into the picture; size is (width, height);
    looped makes the traffic repeat exactly every 22 s, so that a clip of that length has no seam.
    """

    def __init__(
        self,
        seed: int,
        name: str = "",
        size: tuple[int, int] = (640, 360),
        *,
        weather: Weather | None = None,
        looped: bool = True,
    ) -> None:
        self.seed, self.name, self.size = seed, name, size
        self.weather = weather or Weather()
        self.town = build_town(seed)
        self.traffic = Traffic(self.town, seed, self.weather.traffic, looped)
        self.eye = self._pose()
        self._energies: dict[tuple[str, int, int], NDArray[np.float64]] = {}
        self._sheets: OrderedDict[tuple[float, bool], Sheet] = OrderedDict()
        self._views: OrderedDict[tuple[object, ...], _View] = OrderedDict()

    def frame(
        self,
        t_s: float,
        light: str = "day",
        fault: str | None = None,
        *,
        level: float | None = None,
        hour: float | None = None,
        clock: str | None = None,
    ) -> Picture:
        """(h, w, 3) uint8 BGR at moment t_s.

        fault is one of FAULTS with its level; hour (6..18) places the sun by day; clock is a text to burn in.
        Raises ValueError for an unknown light or fault. About 0.4 s for the first picture of a light, then 2-4 ms.
        """
        if light not in LIGHTS:
            raise ValueError(f"no such light: {light}; one of {', '.join(LIGHTS)}")
        if fault is not None and fault not in lens.FAULTS:
            raise ValueError(f"no such fault: {fault}; one of {', '.join(lens.FAULTS)}")
        strength = lens.FAULTS[fault][1] if fault and level is None else float(level or 0.0)
        view = self._view(light, hour, fault if fault in lens.VIEW_FAULTS else None, strength)
        picture = view.plate.copy()
        if fault not in ("black", "constant"):
            self._draw_movers(picture, view, t_s, light)
            picture = self._through_weather(picture, t_s)
        if fault is not None and fault not in lens.VIEW_FAULTS:
            picture = lens.spoil(picture, fault, strength, self.seed)
        picture = self._through_sensor(picture, t_s, light, fault, strength)
        lens.add_lettering(picture, self.name, clock)
        return picture

    def truth(self, t_s: float, fault: str | None = None, *, level: float | None = None) -> list[Box]:
        """Every person and vehicle in view at t_s, farthest first, but those of which less than a tenth is visible."""
        strength = lens.FAULTS[fault][1] if fault and level is None else float(level or 0.0)
        view = self._view("day", None, fault if fault in lens.VIEW_FAULTS else None, strength)
        boxes = [self._box(view, m.kind, (m.x_m, m.y_m), m.heading, True, m.number) for m in self.traffic.at(t_s)]
        boxes += [
            self._box(view, p.kind, (p.x_m, p.y_m), p.heading, False, 5000 + k) for k, p in enumerate(self.town.parked)
        ]
        return sorted((b for b in boxes if b is not None), key=lambda b: -b.distance_m)

    def _pose(self) -> Eye:
        rng = np.random.default_rng([self.seed, 15])
        w, h = self.size
        side = self.town.camera_side
        focal = w / 2 / np.tan(np.radians(rng.uniform(60, 78)) / 2)
        pitch = np.radians(rng.uniform(13, 19))
        x = side * (self.town.road_half_m + float(rng.uniform(-1.2, 0.2)))
        if self.town.kind == "market":
            x *= 0.6
        yaw = -side * np.radians(rng.uniform(6, 15)) * (1.2 if self.town.kind == "boulevard" else 1.0)
        return Eye(
            x, float(rng.uniform(5.6, 7.6)), float(yaw), float(pitch), float(rng.normal(0, 0.008)), float(focal), w, h
        )

    def _sheet(self, hour: float, wide: bool) -> Sheet:
        """The resting street at the scale of the picture, painted larger and shrunk; only a camera that was turned
        needs what lies beside the picture, and that takes three times as long."""
        key = (hour, wide)
        if key not in self._sheets:
            w, h = (int(self.size[0] * WIDER), int(self.size[1] * TALLER)) if wide else self.size
            factor = max(1.0, min(SMOOTH, SMOOTH_PX / w))
            large = paint_street(self.town, self.eye.scaled(factor, int(w * factor), int(h * factor)), hour)
            smooth = [
                cv2.resize(x, (w, h), interpolation=cv2.INTER_AREA) for x in (large.albedo, large.glow, large.sun)
            ]
            sharp = [cv2.resize(x, (w, h), interpolation=cv2.INTER_NEAREST) for x in (large.leaf, large.metres)]
            sheet = Sheet(self.eye.scaled(1.0, w, h), smooth[0], smooth[1], smooth[2], sharp[0], sharp[1])
            roughen_ground(sheet)
            self._sheets[key] = sheet
            if len(self._sheets) > 2:
                self._sheets.popitem(last=False)
        return self._sheets[key]

    def _view(self, light: str, hour: float | None, fault: str | None, level: float) -> _View:
        hour = 9.0 + 6.5 * (self.seed * 0.618 % 1.0) if hour is None else round(hour * 2) / 2
        key = (light, hour, fault, level)
        if key not in self._views:
            sheet = self._sheet(hour, wide=fault is not None)
            eye = self._faulty_eye(fault, level)
            plate, metres = light_sheet(sheet, light, self.town.lamps, self.seed, self.weather.haze), sheet.metres
            if fault is not None:
                matrix = eye.homography_from(sheet.eye)
                plate = cv2.warpPerspective(
                    plate, matrix, self.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
                )
                metres = cv2.warpPerspective(
                    metres, matrix, self.size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
                )
            self._views[key] = _View(eye, plate, metres)
            if len(self._views) > 6:
                self._views.popitem(last=False)
        return self._views[key]

    def _faulty_eye(self, fault: str | None, level: float) -> Eye:
        if fault == "turned":
            return self.eye.turned(yaw=np.radians(level), pitch=np.radians(-level / 6), roll=np.radians(level / 9))
        if fault == "shifted":
            return self.eye.turned(yaw=float(np.arctan(level * self.size[0] / self.eye.focal_px)))
        if fault == "rolled":
            return self.eye.turned(roll=np.radians(level))
        return self.eye.turned(zoom=level) if fault == "zoomed" else self.eye

    def _draw_movers(self, picture: Picture, view: _View, t_s: float, light: str) -> None:
        for mover in self.traffic.at(t_s):
            figure = Figure(picture, view.eye, (mover.x_m, mover.y_m), mover.heading)
            where = self._rectangle(figure, mover.kind)
            if where is None:
                continue
            part, behind = picture[where], picture[where].copy()
            self._draw_mover(figure, mover, light)
            veil, colour = haze_veil(light, self.weather.haze, figure.distance_m)
            if veil > 0.08:
                drawn = (part != behind).any(axis=2)
                part[drawn] = (part[drawn] * (1 - veil) + np.array(colour) * veil).astype(np.uint8)
            nearer = cv2.inRange(view.metres[where], 0, figure.distance_m - 1.2)
            cv2.copyTo(behind, nearer, part)
            if light != "day" and mover.kind != "person":
                self._draw_lamps(figure, view, mover, light)

    def _rectangle(self, figure: Figure, kind: str) -> tuple[slice, slice] | None:
        """The part of the picture this thing can touch, or None when it is outside, too near or too far."""
        half, long, tall = outline_of(kind)
        if figure.px_per_m < 4.5:
            return None
        u, v, depth = figure.pixel(0, 0, tall / 2)
        radius = (half * half + long * long + tall * tall / 4) ** 0.5 + 0.4  # of a ball around it
        if depth - radius < 1.5:
            return None
        reach = figure.focal * radius / (depth - radius) + 3
        x0, x1 = max(0, int(u - reach)), min(self.size[0], int(u + reach))
        y0, y1 = max(0, int(v - reach)), min(self.size[1], int(v + reach))
        return None if x1 - x0 < 2 or y1 - y0 < 2 else (slice(y0, y1), slice(x0, x1))

    def _draw_mover(self, figure: Figure, mover: Mover, light: str) -> None:
        self._draw_contact_shadow(figure, mover.kind, light)
        energy = self._energy(light, mover.x_m, mover.y_m)
        colours = (mover.paint, mover.second, mover.third)
        if light == "night_ir":
            energy = np.full(3, float(energy.mean()))
            colours = (_grey(mover.paint), _grey(mover.second), _grey(mover.third))
        figure.light_up(energy)
        if mover.kind == "person":
            draw_person(figure, mover.stride, colours)
        else:
            draw_vehicle(figure, mover.kind, colours[0], rider=colours[1])

    def _energy(self, light: str, x_m: float, y_m: float) -> NDArray[np.float64]:
        """Light on a mover, the same within half a metre."""
        key = (light, round(x_m * 2), round(y_m * 2))
        if key not in self._energies:
            if len(self._energies) > 20_000:
                self._energies.clear()
            self._energies[key] = energy_at(light, (x_m, y_m), self.eye, self.town.lamps)
        return self._energies[key]

    def _draw_contact_shadow(self, figure: Figure, kind: str, light: str) -> None:
        half, long, _ = outline_of(kind)
        drift = 0.35 if light == "day" else 0.0
        ring = figure.ground_ring(drift, half * 1.1, long * 0.98)
        x, y, w, h = cv2.boundingRect(ring // 16)
        x0, y0, x1, y1 = max(0, x), max(0, y), min(self.size[0], x + w + 1), min(self.size[1], y + h + 1)
        if x1 <= x0 or y1 <= y0:
            return
        part = figure.picture[y0:y1, x0:x1]
        mask = np.zeros(part.shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, ring - np.array([x0 * 16, y0 * 16], np.int32), 255, cv2.LINE_AA, 4)
        cv2.copyTo(cv2.convertScaleAbs(part, alpha=0.52 if light == "day" else 0.7), mask, part)

    def _draw_lamps(self, figure: Figure, view: _View, mover: Mover, light: str) -> None:
        """Head or tail lights, as far as nothing stands before them."""
        half, long, _ = outline_of(mover.kind)
        coming = figure.to_eye[1] > 0
        colour = np.array([205.0, 232, 250]) if coming else np.array([20.0, 20, 190])
        if light == "night_ir":
            colour = np.full(3, 229.0 if coming else 90.0)
        for x in (0.0,) if mover.kind == "motorcycle" else (-half + 0.2, half - 0.2):
            u, v, far = figure.pixel(x, long if coming else -long, 0.75)
            inside = 0 <= u < self.size[0] and 0 <= v < self.size[1]
            if far > 2 and inside and view.metres[int(v), int(u)] > far - 2.5:
                size = figure.focal / far * (0.42 if coming else 0.2) + 1.2
                add_glow(figure.picture, (u, v), size, colour * (0.55 if light == "dusk" else 0.9))

    def _through_weather(self, picture: Picture, t_s: float) -> Picture:
        if self.weather.sway_px:
            dx = self.weather.sway_px * float(np.sin(2.1 * t_s) * 0.7 + np.sin(5.3 * t_s + 1) * 0.3)
            dy = self.weather.sway_px * 0.5 * float(np.sin(3.4 * t_s + 2))
            moved = np.array([[1, 0, dx], [0, 1, dy]], np.float64)
            picture = cv2.warpAffine(picture, moved, self.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return lens.add_rain(picture, self.weather.rain, t_s) if self.weather.rain else picture

    def _through_sensor(self, picture: Picture, t_s: float, light: str, fault: str | None, level: float) -> Picture:
        if fault == "constant":
            return picture
        sigma = self.weather.noise if self.weather.noise is not None else lens.NOISE_SIGMA[light]
        noisy = lens.add_noise(picture, level if fault == "black" else sigma, round(t_s * 1000) + self.seed * 7919)
        return (
            cv2.cvtColor(cv2.cvtColor(noisy, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR) if light == "night_ir" else noisy
        )

    def _box(
        self, view: _View, kind: str, place: tuple[float, float], heading: float, moving: bool, number: int
    ) -> Box | None:
        half, long, tall = outline_of(kind)
        s, c = np.sin(heading), np.cos(heading)
        corners = np.array(
            [
                [place[0] + x * c + y * s, place[1] + y * c - x * s, z]
                for x in (-half, half)
                for y in (-long, long)
                for z in (0.0, tall)
            ]
        )
        pixels, depth = view.eye.project(corners)
        if depth.min() < 1.5:
            return None
        (x0, y0), (x1, y1) = pixels.min(0), pixels.max(0)
        left, top = max(0, int(x0)), max(0, int(y0))
        right, bottom = min(self.size[0], int(np.ceil(x1))), min(self.size[1], int(np.ceil(y1)))
        if right <= left or bottom <= top:
            return None
        distance = float(np.hypot(place[0] - self.eye.x_m, place[1]))
        seen = float((view.metres[top:bottom, left:right] >= distance - max(1.2, long)).sum())
        visible = seen / max(1.0, float((x1 - x0) * (y1 - y0)))
        if visible < 0.1:
            return None
        return Box(kind, left, top, right, bottom, distance, min(1.0, visible), moving, number)


def _grey(colour: Rgb) -> Rgb:
    value = sum(colour) // 3
    return value, value, value
