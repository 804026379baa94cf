"""Pinhole camera over a flat town: X to the right of the street, Y along it, Z up, all in metres."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
NEAR_M = 0.9


@dataclass(frozen=True)
class Eye:
    """Where a camera hangs and where it looks. Angles in radians; pitch is downwards, yaw to the right."""

    x_m: float
    height_m: float
    yaw: float
    pitch: float
    roll: float
    focal_px: float
    width: int
    height: int

    @cached_property
    def rotation(self) -> NDArray[np.float64]:
        """(3, 3): rows are the camera's right, down and forward in the town's axes."""
        sy, cy, sp, cp = np.sin(self.yaw), np.cos(self.yaw), np.sin(self.pitch), np.cos(self.pitch)
        forward = np.array([sy * cp, cy * cp, -sp])
        right = np.array([cy, -sy, 0.0])
        down = np.cross(forward, right)
        sr, cr = np.sin(self.roll), np.cos(self.roll)
        return np.stack([right * cr + down * sr, down * cr - right * sr, forward])

    @cached_property
    def position(self) -> NDArray[np.float64]:
        return np.array([self.x_m, 0.0, self.height_m])

    @cached_property
    def intrinsics(self) -> NDArray[np.float64]:
        return np.array([[self.focal_px, 0, self.width / 2], [0, self.focal_px, self.height / 2], [0, 0, 1.0]])

    def project(self, points: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Pixels (n, 2) and forward depth (n,) in metres of points (n, 3); depth below NEAR_M means not drawable."""
        seen = (np.asarray(points, np.float64) - self.position) @ self.rotation.T
        depth = seen[:, 2]
        safe = np.maximum(depth, NEAR_M)[:, None]
        return seen[:, :2] * (self.focal_px / safe) + (self.width / 2, self.height / 2), depth

    def rays(self) -> Floats:
        """(height, width, 3) unit directions of every pixel in the town's axes."""
        across, down = np.meshgrid(np.arange(self.width) + 0.5, np.arange(self.height) + 0.5)
        seen = np.stack(
            [(across - self.width / 2) / self.focal_px, (down - self.height / 2) / self.focal_px, np.ones_like(across)],
            axis=-1,
        ).astype(np.float32)
        seen /= np.linalg.norm(seen, axis=-1, keepdims=True)
        return seen @ self.rotation.astype(np.float32)

    def scaled(self, factor: float, width: int, height: int) -> Eye:
        """The same pose on a larger sheet: more to see around the picture, `factor` times as many pixels per degree."""
        return replace(self, focal_px=self.focal_px * factor, width=width, height=height)

    def turned(self, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0, zoom: float = 1.0) -> Eye:
        return replace(
            self,
            yaw=self.yaw + yaw,
            pitch=self.pitch + pitch,
            roll=self.roll + roll,
            focal_px=self.focal_px * zoom,
        )

    def homography_from(self, other: Eye) -> NDArray[np.float64]:
        """(3, 3) taking pixels of `other`, which hangs at the same place, to pixels of this eye."""
        return self.intrinsics @ self.rotation @ other.rotation.T @ np.linalg.inv(other.intrinsics)
