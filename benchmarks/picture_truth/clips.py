"""Real clips: untouched as negatives, and with faults made by filters before they are encoded again.

Filter-made faults are easier than real ones; their figures are kept apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av
import cv2
import numpy as np

from picture_truth.episodes import Calm, Found, KeyframeAt, Watch, calm_episode, ill_episode
from picture_truth.footage import Keyframe, Picture, encoded_again, through_h264
from satukota.rules.picture_truth import Reference

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT.parent / "shared" / "data" / "video"
TUNED_ON = ("opencv-vtest.avi",)
TESTED_ON = ("intel-one-by-one-person-detection.mp4", "intel-bottle-detection.mp4", "intel-car-detection.mp4")
BUDGET, LOW_BUDGET = 16_000, 6_000
VIEW = 0.7  # the camera sees this share of the clip, so that turning it shows real street and no mirrored border
HOUR = 12


@lru_cache(maxsize=2)
def frames(name: str) -> tuple[list[Picture], float]:
    """(pictures at 768 wide or less, frames a second)."""
    with av.open(str(FOLDER / name)) as clip:
        stream = clip.streams.video[0]
        stream.thread_type = "AUTO"
        pictures = [frame.to_ndarray(format="bgr24") for frame in clip.decode(stream)]
        return pictures, float(stream.average_rate or 10)


def cut(
    picture: Picture,
    *,
    dx: float = 0.0,
    dy: float = 0.0,
    roll_deg: float = 0.0,
    zoom: float = 1.0,
    mirror: bool = False,
) -> Picture:
    """The camera's view inside the clip's picture, moved by shares of the view's width."""
    h, w = picture.shape[:2]
    wide, high = int(w * VIEW) // 2 * 2, int(h * VIEW) // 2 * 2
    matrix = cv2.getRotationMatrix2D((w / 2 + dx * wide, h / 2), roll_deg, zoom)
    matrix[:, 2] += (wide / 2 - w / 2 - dx * wide, high / 2 - h / 2)
    view = cv2.warpAffine(picture, matrix, (wide, high), flags=cv2.INTER_AREA)
    return np.ascontiguousarray(view[:, ::-1]) if mirror else view


def _noise(picture: Picture, sigma: float, at: float) -> Picture:
    grain = np.random.default_rng(int(at * 10)).normal(0, sigma, (*picture.shape[:2], 1))
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def _cover(picture: Picture, share: float, at: float) -> Picture:
    """A dark cloth, out of focus, from one side."""
    h, w = picture.shape[:2]
    edge = np.clip((share * 1.2 * w - np.arange(w)) / (0.12 * w), 0, 1)[None, :, None]
    folds = 45 + 12 * np.sin(np.arange(h) / 23.0)[:, None, None] + 8 * np.sin(np.arange(w) / 41.0)[None, :, None]
    return _noise((picture * (1 - edge) + folds * edge).astype(np.uint8), 2.0, at)


def _drops(picture: Picture, at: float) -> Picture:
    h, w = picture.shape[:2]
    rng = np.random.default_rng(4)
    soft = cv2.GaussianBlur(picture, (0, 0), w / 60)
    mask = np.zeros((h, w), np.uint8)
    for _ in range(60):
        cv2.circle(mask, (int(rng.integers(w)), int(rng.integers(h))), int(rng.integers(w // 60, w // 22)), 255, -1)
    wet = cv2.GaussianBlur(mask, (0, 0), 2)[..., None] / 255.0
    return (picture * (1 - wet) + soft * wet).astype(np.uint8)


def spoiled(picture: Picture, fault: str, at: float) -> Picture:
    """The whole clip picture in, the faulty view out."""
    kind, _, level = fault.partition(":")
    amount = float(level or 0)
    if kind == "shift":
        return cut(picture, dx=amount)
    if kind == "roll":
        return cut(picture, roll_deg=amount)
    if kind == "zoom":
        return cut(picture, zoom=amount)
    if kind == "mirror":
        return cut(picture, mirror=True)
    view = cut(picture)
    if kind == "black":
        return _noise(np.full_like(view, 12), 2.0, at)
    if kind == "constant":
        return np.full_like(view, 90)
    if kind == "white":
        return _noise(cv2.addWeighted(view, 0.03, np.full_like(view, 255), 0.97, 0), 1.0, at)
    if kind == "covered":
        return _cover(view, amount, at)
    if kind == "blur":
        return cv2.GaussianBlur(view, (0, 0), amount * view.shape[1] / 320)
    if kind == "drops":
        return _drops(view, at)
    raise ValueError(f"no such fault: {fault}")


def dressed(view: Picture, condition: str, at: float) -> Picture:
    """The view under another condition."""
    if condition == "as filmed":
        return view
    if condition == "dark":
        return _noise((view * 0.25).astype(np.uint8), 4.0, at)
    if condition == "haze":
        return (view * 0.35 + 125).astype(np.uint8)
    if condition == "dusk":
        return (255 * (view / 255.0) ** 2.2).astype(np.uint8)
    if condition == "headlights":
        h, w = view.shape[:2]
        ys, xs = np.mgrid[:h, :w].astype(np.float32)
        phase = (at / 30) % 7
        glow = sum(
            400 * np.exp(-((xs - w * x) ** 2 + (ys - h * 0.6) ** 2) / (2 * (w * 0.06) ** 2))
            for x in (0.2 + 0.08 * phase, 0.3 + 0.08 * phase)
        )
        return np.clip(view * 0.35 + glow[..., None], 0, 255).astype(np.uint8)
    if condition == "sway":
        return cv2.warpAffine(
            view,
            np.array([[1, 0, 5 * np.sin(at)], [0, 1, 3 * np.cos(at)]]),
            view.shape[1::-1],
            borderMode=cv2.BORDER_REFLECT,
        )
    raise ValueError(f"no such condition: {condition}")


# name -> (fault, looks within which it has to be known; 0 = slow)
FAULTS: dict[str, tuple[str, int]] = {
    "black": ("black", 2),
    "one colour": ("constant", 2),
    "white-out": ("white", 2),
    "covered 100 %": ("covered:1", 2),
    "covered 70 %": ("covered:0.7", 0),
    "covered 40 %": ("covered:0.4", 0),
    "defocused, sigma 4": ("blur:4", 2),
    "defocused, sigma 2": ("blur:2", 0),
    "defocused, sigma 1.5": ("blur:1.5", 0),
    "shifted 3 %": ("shift:0.03", 0),
    "shifted 10 %": ("shift:0.1", 2),
    "shifted 18 %": ("shift:0.18", 2),
    "rolled 5 deg": ("roll:5", 0),
    "zoomed 1.3": ("zoom:1.3", 0),
    "mirrored": ("mirror", 0),
    "drops": ("drops", 0),
    "another camera": ("swap", 2),
    "frozen, same bytes": ("freeze", 3),
    "frozen, encoded again": ("freeze_again", 3),
}
CONDITIONS = {
    "as filmed": BUDGET,
    "low bitrate": LOW_BUDGET,
    "dark": BUDGET,
    "dusk": BUDGET,
    "haze": BUDGET,
    "headlights": BUDGET,
    "sway": BUDGET,
}
FAULT_CONDITIONS = ("as filmed", "low bitrate", "dark", "dusk", "haze")


@dataclass(frozen=True)
class Camera:
    """A clip as a camera: a look every 30 s shows a picture spread over the clip, in order, no picture twice."""

    name: str
    condition: str = "as filmed"

    def whole(self, at: float) -> Picture:
        pictures, fps = frames(self.name)
        step = max(1, len(pictures) // 45)
        return pictures[(int(at // 30) * step + int((at % 30) * fps)) % len(pictures)]

    def sent(self, view: Picture, at: float) -> Keyframe:
        condition = "as filmed" if self.condition == "low bitrate" else self.condition
        return through_h264(dressed(view, condition, at), CONDITIONS[self.condition])

    def live(self, at: float) -> Keyframe:
        return self.sent(cut(self.whole(at)), at)

    def watch(self) -> Watch:
        keyframe = through_h264(cut(self.whole(0.0)), BUDGET)
        accepted = Reference.from_sight(keyframe.sight(-3600.0, HOUR, True), accepted=True)
        return Watch([accepted], lambda _: HOUR, lambda _: True)


def ill(name: str, fault_name: str, condition: str) -> Found:
    fault, _ = FAULTS[fault_name]
    camera = Camera(name, condition)
    freezing = fault.startswith("freeze")
    warm_up = 24 if freezing else 12
    found = ill_episode(
        camera.watch(), camera.live, _ill_source(camera, fault, warm_up * 30.0), warm_up=warm_up, at_most=34
    )
    return found


def _ill_source(camera: Camera, fault: str, since: float) -> KeyframeAt:
    if fault == "swap":
        others = [name for name in (*TUNED_ON, *TESTED_ON) if name != camera.name]
        return Camera(others[0], camera.condition).live
    if fault.startswith("freeze"):
        last = cut(camera.whole(since))
        same = camera.sent(last, since)
        if fault == "freeze":
            return lambda _: same
        view = dressed(last, "as filmed" if camera.condition == "low bitrate" else camera.condition, since)
        return lambda at: encoded_again(view, int(at / 2))
    if fault in ("black", "constant", "white"):  # made in the camera: the weather does not reach them
        return lambda at: through_h264(spoiled(camera.whole(at), fault, at), CONDITIONS[camera.condition])
    return lambda at: camera.sent(spoiled(camera.whole(at), fault, at), at)


def calm(name: str, condition: str, looks: int = 44) -> Calm:
    """At most 44 looks: after that a clip would show the same pictures again, which proves nothing new."""
    camera = Camera(name, condition)
    return calm_episode(camera.watch(), camera.live, looks=looks)


def calm_as_filmed(name: str, every_s: float = 1.0) -> tuple[Calm, float]:
    """(what became of it, hours): every second of the untouched clip once, nothing cut, filtered or repeated."""
    pictures, fps = frames(name)
    seconds = len(pictures) / fps

    def source(at: float) -> Keyframe:
        return through_h264(pictures[min(int(at * fps), len(pictures) - 1)], BUDGET)

    accepted = Reference.from_sight(source(0.0).sight(-3600.0, HOUR, True), accepted=True)
    watch = Watch([accepted], lambda _: HOUR, lambda _: True)
    return calm_episode(watch, source, looks=int(seconds / every_s), every_s=every_s), seconds / 3600
