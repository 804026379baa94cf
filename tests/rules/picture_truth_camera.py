"""A camera for the tests: a drawn street with noise and people, and a memory carried from look to look."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np

from satukota.rules.picture_truth import DEFAULT, Judgement, Memory, Policy, Reference, Sight, judge
from satukota.rules.picture_truth.model import Gray

NOON, MIDNIGHT = 12, 0


def street(seed: int = 1) -> Gray:
    """(180, 320) houses with windows, a road with markings, poles."""
    rng = np.random.default_rng(seed)
    picture = np.full((180, 320), 150, np.uint8)
    picture[95:] = 95
    x = 0
    while x < 320:
        wide, high, tone = int(rng.integers(28, 60)), int(rng.integers(35, 75)), int(rng.integers(60, 230))
        cv2.rectangle(picture, (x, 95 - high), (x + wide, 95), tone, -1)
        for wx in range(x + 4, x + wide - 8, 12):
            for wy in range(95 - high + 5, 86, 14):
                cv2.rectangle(picture, (wx, wy), (wx + 6, wy + 8), int(rng.integers(10, 250)), -1)
        x += wide
    for i in range(9):
        cv2.line(picture, (int(rng.integers(0, 320)), 100 + 9 * i), (int(rng.integers(0, 320)), 100 + 9 * i), 220, 2)
    for px in rng.integers(0, 320, 6):
        cv2.line(picture, (int(px), int(rng.integers(20, 60))), (int(px), 150), 30, 2)
    return cv2.GaussianBlur(picture, (0, 0), 0.7)


def noisy(gray: Gray, sigma: float, seed: int) -> Gray:
    noise = np.random.default_rng(seed).normal(0, sigma, gray.shape)
    return np.clip(gray + noise, 0, 255).astype(np.uint8)


def turned_by(gray: Gray, dx: int) -> Gray:
    """The view `dx` pixels aside; what comes in at the edge is another street."""
    return np.ascontiguousarray(np.hstack([street(77)[:, :dx], gray[:, :-dx]])) if dx else gray


class Camera:
    """Looks every 30 s; every live picture has its own noise and two passers-by."""

    def __init__(self, scene: Gray | None = None, *, policy: Policy = DEFAULT, hour: int = NOON, chroma: float = 20.0):
        self.scene = street() if scene is None else scene
        self.policy, self.hour, self.chroma = policy, hour, chroma
        self.memory = Memory.empty()
        self.at = 1_000_000.0
        self.frames = 0
        self.references: list[Reference] = []

    def live(self, scene: Gray | None = None) -> Gray:
        self.frames += 1
        rng = np.random.default_rng(self.frames)
        picture = noisy(self.scene if scene is None else scene, 2.0, self.frames)
        for _ in range(2):
            x, y = int(rng.integers(0, 300)), int(rng.integers(100, 150))
            cv2.rectangle(picture, (x, y), (x + 7, y + 20), int(rng.integers(0, 80)), -1)
        return picture

    def sight(self, gray: Gray, **facts: object) -> Sight:
        light = 7 <= self.hour < 17
        known = {
            "chroma": self.chroma,
            "keyframe_sha": hashlib.sha256(gray.tobytes()).digest()[:16],
            "at": self.at,
            "hour": self.hour,
            "is_day": light,
        }
        return Sight(gray, **(known | facts))  # type: ignore[arg-type]

    def accept(self) -> Camera:
        self.references.append(Reference.from_sight(self.sight(self.live()), accepted=True))
        return self

    def look(self, gray: Gray | None = None, then: Gray | None = None, **facts: object) -> Judgement:
        """One look; `then` is the keyframe that follows in the same session when the judgement asks for one."""
        self.at += 30
        said = judge(
            self.sight(self.live() if gray is None else gray, **facts), self.references, self.memory, self.policy
        )
        if said.wants_another_keyframe and then is not None:
            self.at += 2
            said = judge(self.sight(then, **facts), self.references, said.memory, self.policy, same_look=True)
        self.memory = said.memory
        return said

    def looks(self, n: int) -> Camera:
        for _ in range(n):
            assert self.look().outcome == "good"
        return self


def camera(**how: object) -> Camera:
    """One with an accepted reference and a few good looks behind it."""
    return Camera(**how).accept().looks(3)  # type: ignore[arg-type]
