"""Everything in a street that does not move, painted once into a wide sheet with colour, sun, glow and distance."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from satukota_field.scenes.optics import NEAR_M, Eye
from satukota_field.scenes.textures import Picture, bgr
from satukota_field.scenes.town import Rgb

SKY_M = 9_000.0
Points = NDArray[np.float64]
Outline = NDArray[np.int32]


@dataclass
class Sheet:
    """One wide picture of the resting street, (h, w) of its eye; `metres` is the distance along each ray."""

    eye: Eye
    albedo: Picture  # (h, w, 3) BGR
    glow: Picture  # (h, w, 3) BGR, light it gives at night
    sun: Picture  # (h, w) 0 in shade .. 255 facing the sun
    leaf: Picture  # (h, w) 255 where plants are: bright in infrared
    metres: Picture  # (h, w) float32


def sun_direction(hour: float) -> Points:
    """Unit vector to the sun near the equator; the street runs north-east, so the shadows slant across it."""
    turn = (hour - 12.0) / 12.0 * np.pi
    east, up = -np.sin(turn), max(0.12, np.cos(turn))
    vector = np.array([east * 0.8, -0.35 + 0.5 * east, up])
    return vector / np.linalg.norm(vector)


def clip_near(points: Points, eye: Eye) -> Points:
    """The part of a flat polygon (n, 3) in front of the camera; (0, 3) when nothing is."""
    depth = (points - eye.position) @ eye.rotation[2]
    kept: list[Points] = []
    for k in range(len(points)):
        a, b, da, db = points[k - 1], points[k], depth[k - 1], depth[k]
        if (da > NEAR_M) != (db > NEAR_M):
            kept.append(a + (b - a) * ((NEAR_M + 1e-3 - da) / (db - da)))
        if db > NEAR_M:
            kept.append(b)
    return np.array(kept).reshape(-1, 3)


class Painter:
    """Paints faces, sprites and lines of a town into a Sheet, far ones first."""

    def __init__(self, eye: Eye, hour: float) -> None:
        h, w = eye.height, eye.width
        self.eye, self.to_sun, self.rays = eye, sun_direction(hour), eye.rays()
        self.sheet = Sheet(
            eye,
            np.zeros((h, w, 3), np.uint8),
            np.zeros((h, w, 3), np.uint8),
            np.full((h, w), 255, np.uint8),
            np.zeros((h, w), np.uint8),
            np.full((h, w), SKY_M, np.float32),
        )

    def _outline(self, corners: Points) -> tuple[Outline, tuple[slice, slice]] | None:
        """Pixel outline in 1/16 px and the rectangle around it, or None when out of the picture."""
        seen = clip_near(corners, self.eye)
        if len(seen) < 3:
            return None
        pixels, _ = self.eye.project(seen)
        pixels = np.clip(pixels, -400_000, 400_000)
        low = np.maximum(np.floor(pixels.min(0)).astype(int) - 1, 0)
        high = np.minimum(np.ceil(pixels.max(0)).astype(int) + 2, (self.eye.width, self.eye.height))
        if (high - low).min() <= 0:
            return None
        outline = np.round((pixels - low) * 16).astype(np.int32)
        return outline, (slice(low[1], high[1]), slice(low[0], high[0]))

    def face(
        self,
        corners: Points,
        colour: Rgb | None = None,
        *,
        texture: Picture | None = None,
        glow: Picture | None = None,
        ground: bool = False,
        flat_light: float | None = None,
    ) -> None:
        """Fill a flat polygon (n, 3). A texture needs four corners, clockwise from its upper left."""
        found = self._outline(corners)
        if found is None:
            return
        outline, where = found
        normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        normal /= np.linalg.norm(normal) + 1e-9
        if normal @ (self.eye.position - corners[0]) < 0:
            normal = -normal
        s = self.sheet
        if texture is None:
            cv2.fillPoly(s.albedo[where], [outline], bgr(colour or (128, 128, 128)), cv2.LINE_AA, 4)
            cv2.fillPoly(s.glow[where], [outline], (0, 0, 0), cv2.LINE_AA, 4)
        else:
            mask = np.zeros((where[0].stop - where[0].start, where[1].stop - where[1].start), np.uint8)
            cv2.fillPoly(mask, [outline], 255, cv2.LINE_AA, 4)
            _blend(s.albedo[where], self._warped(corners, texture, where), mask)
            _blend(s.glow[where], 0 if glow is None else self._warped(corners, glow, where), mask)
        if ground:
            return
        light = max(0.0, float(normal @ self.to_sun)) if flat_light is None else flat_light
        cv2.fillPoly(s.sun[where], [outline], int(255 * min(1.0, light)), cv2.LINE_8, 4)
        cv2.fillPoly(s.leaf[where], [outline], 0, cv2.LINE_8, 4)
        self._mark_distance(corners, normal, outline, where)

    def _mark_distance(self, corners: Points, normal: Points, outline: Outline, where: tuple[slice, slice]) -> None:
        """Distances of a flat face: one number when it is small, else along every ray."""
        metres = self.sheet.metres[where]
        away = corners - self.eye.position
        if np.ptp(corners, axis=0).max() < 1.6:
            cv2.fillPoly(metres, [outline], float(np.linalg.norm(away.mean(0))), cv2.LINE_8, 4)
            return
        solid = np.zeros(metres.shape, np.uint8)
        cv2.fillPoly(solid, [outline], 255, cv2.LINE_8, 4)
        facing = self.rays[where] @ normal.astype(np.float32)
        reach = np.abs(np.float32(normal @ away[0]) / np.where(np.abs(facing) < 1e-5, np.float32(1e-5), facing))
        cv2.copyTo(reach, solid, metres)

    def lay_ground(self, colour: Rgb) -> None:
        """Cover everything below the horizon with flat ground."""
        down = np.maximum(-self.rays[..., 2], 1e-5)
        below = self.rays[..., 2] < -self.eye.height_m / SKY_M
        self.sheet.metres[below] = (self.eye.height_m / down)[below]
        self.sheet.albedo[below] = bgr(colour)

    def _warped(self, corners: Points, texture: Picture, where: tuple[slice, slice]) -> Picture:
        """The texture as seen on its wall, cut to the rectangle; the near edge is cut where it passes the camera."""
        h, w = texture.shape[:2]
        # A homography through points behind the camera is wrong, so it is taken from the true 3D axes of the wall.
        origin, across, down = corners[0], (corners[1] - corners[0]) / w, (corners[3] - corners[0]) / h
        to_camera = self.eye.rotation @ np.stack([across, down, origin - self.eye.position], axis=1)
        shift = np.array([[1, 0, -where[1].start], [0, 1, -where[0].start], [0, 0, 1.0]])
        matrix = shift @ self.eye.intrinsics @ to_camera
        size = (where[1].stop - where[1].start, where[0].stop - where[0].start)
        return cv2.warpPerspective(texture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def sprite(self, image: Picture, x_m: float, y_m: float, height_m: float, leaf: bool) -> None:
        """Stand a BGRA picture on the ground at (x, y), upright, facing the camera."""
        pixels, depth = self.eye.project(np.array([[x_m, y_m, 0.0], [x_m, y_m, height_m]]))
        if depth[0] < 2.0:
            return
        tall = int(pixels[0, 1] - pixels[1, 1])
        wide = int(tall * image.shape[1] / image.shape[0])
        left, top = int(pixels[0, 0] - wide / 2), int(pixels[1, 1])
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(self.eye.width, left + wide), min(self.eye.height, top + tall)
        if tall < 3 or wide < 2 or x1 <= x0 or y1 <= y0:
            return
        small = cv2.resize(
            image, (wide, tall), interpolation=cv2.INTER_AREA if tall < image.shape[0] else cv2.INTER_LINEAR
        )
        part = small[y0 - top : y1 - top, x0 - left : x1 - left]
        where, mask = (slice(y0, y1), slice(x0, x1)), np.ascontiguousarray(part[..., 3])
        s = self.sheet
        _blend(s.albedo[where], _unpremultiplied(part), mask)
        _blend(s.glow[where], 0, mask)
        solid = mask > 100
        s.sun[where][solid] = 190
        s.leaf[where][solid] = 255 if leaf else 0
        s.metres[where][solid] = float(np.linalg.norm(np.array([x_m, y_m, height_m / 2]) - self.eye.position))

    def rod(self, a: tuple[float, float, float], b: tuple[float, float, float], width_m: float, colour: Rgb) -> None:
        """A straight round bar between two points, at least a pixel thick."""
        ends = clip_near(np.array([a, b, b]), self.eye)
        if len(ends) < 2:
            return
        pixels, depth = self.eye.project(np.array([a, b]))
        if depth.min() < NEAR_M or np.abs(pixels).max() > 15_000:
            return
        thick = max(1, round(self.eye.focal_px * width_m / float(depth.mean())))
        p, q = ((int(v[0]), int(v[1])) for v in pixels)
        s = self.sheet
        cv2.line(s.albedo, p, q, bgr(colour), thick, cv2.LINE_AA)
        metres = float(np.linalg.norm((np.array(a) + np.array(b)) / 2 - self.eye.position))
        for layer, value in ((s.glow, (0, 0, 0)), (s.sun, 170), (s.leaf, 0)):
            cv2.line(layer, p, q, value, thick)
        if width_m >= 0.06:
            cv2.line(s.metres, p, q, metres, thick)

    def shadow(self, points: Points, strength: float) -> None:
        """Darken the sun on the ground under the shadow of these points (n, 3)."""
        fallen = points - self.to_sun * (points[:, 2] / self.to_sun[2])[:, None]
        found = self._outline(_hull_on_ground(fallen))
        if found is None:
            return
        outline, where = found
        mask = np.zeros((where[0].stop - where[0].start, where[1].stop - where[1].start), np.uint8)
        cv2.fillPoly(mask, [outline], int(255 * strength), cv2.LINE_AA, 4)
        np.minimum(self.sheet.sun[where], 255 - mask, out=self.sheet.sun[where])


def _blend(target: Picture, source: Picture | int, mask: Picture) -> None:
    """target = source where mask is 255, mixed in between, in place; 0 stands for a black source."""
    share = cv2.merge([mask, mask, mask])
    mixed = cv2.multiply(target, cv2.bitwise_not(share), scale=1 / 255)
    if not isinstance(source, int):
        mixed = cv2.add(mixed, cv2.multiply(source, share, scale=1 / 255))
    target[:] = mixed


def _unpremultiplied(part: Picture) -> Picture:
    """Colours of a shrunk BGRA picture without the black that its empty pixels mixed in."""
    alpha = np.maximum(part[..., 3:].astype(np.float32), 1) / 255
    return np.clip(part[..., :3] / alpha, 0, 255).astype(np.uint8)


def _hull_on_ground(points: Points) -> Points:
    hull = cv2.convexHull(points[:, :2].astype(np.float32))[:, 0]
    return np.column_stack([hull, np.zeros(len(hull))]).astype(np.float64)


def rectangle(x0: float, x1: float, y0: float, y1: float, z: float = 0.0) -> Points:
    return np.array([[x0, y1, z], [x1, y1, z], [x1, y0, z], [x0, y0, z]], np.float64)
