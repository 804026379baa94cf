"""What happens between the street and the stream: faults of the lens and the housing, rain, sensor noise, lettering."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from satukota_field.scenes.textures import Picture, fractal_noise

# Name -> what `level` means and its default.
FAULTS: dict[str, tuple[str, float]] = {
    "black": ("noise left, 0..255", 1.0),
    "constant": ("the one grey value of every pixel", 16.0),
    "white": ("share of the picture washed out", 0.9),
    "covered": ("share of the picture covered", 0.7),
    "defocused": ("blur sigma in pixels of a 320-pixel-wide picture", 3.0),
    "drops": ("number of drops", 60.0),
    "dirty": ("strength of dirt, 0..1", 0.6),
    "turned": ("turned to the right, degrees", 15.0),
    "shifted": ("view moved, share of the width", 0.1),
    "rolled": ("rolled, degrees", 5.0),
    "zoomed": ("zoom factor", 1.3),
    "mirrored": ("no level", 1.0),
}
VIEW_FAULTS = ("turned", "shifted", "rolled", "zoomed")
NOISE_SIGMA = {"day": 1.1, "dusk": 2.2, "night_colour": 3.0, "night_ir": 2.2}


def spoil(picture: Picture, fault: str, level: float, seed: int) -> Picture:
    """The picture through a spoiled lens; the same picture, level and seed give the same answer."""
    h, w = picture.shape[:2]
    if fault in ("black", "constant"):
        return np.full_like(picture, 0 if fault == "black" else int(level))
    if fault == "white":
        return cv2.addWeighted(picture, 1 - level, np.full_like(picture, 255), level, 0)
    if fault == "defocused":
        return cv2.GaussianBlur(picture, (0, 0), level * w / 320)
    if fault == "mirrored":
        return cv2.flip(picture, 1)
    if fault == "covered":
        return _covered(picture, level, seed)
    if fault == "drops":
        return _with_drops(picture, int(level), seed)
    if fault == "dirty":
        dirt = cv2.resize(fractal_noise(seed % 4)[:200, :350], (w, h))
        veil = np.clip((dirt - 0.42) * 3.0, 0, 1)[..., None] * level
        soft = cv2.GaussianBlur(picture, (0, 0), w / 120)
        return (picture * (1 - veil) + (soft * 0.45 + 30) * veil).astype(np.uint8)
    raise ValueError(f"no such lens fault: {fault}")


@lru_cache(maxsize=32)
def _cover(size: tuple[int, int], level: float, seed: int) -> tuple[NDArray[np.float32], Picture]:
    """(mask (h, w, 1) 0..1, cloth (h, w, 3)): a plastic sack blown over the housing, out of focus, folded."""
    w, h = size
    noise = cv2.resize(fractal_noise(seed % 4)[40:240, 60:400], (w, h))
    xs, ys = np.meshgrid(np.linspace(0, 1, w, dtype=np.float32), np.linspace(0, 1, h, dtype=np.float32))
    slope = xs * (0.6 if seed % 2 else -0.6) + ys * -0.5 + 0.5 * noise
    edge = np.quantile(slope, min(1.0, level))
    mask = np.clip((edge - slope) * 14 + 0.5, 0, 1) if level < 1 else np.ones_like(slope)
    mask = cv2.GaussianBlur(mask, (0, 0), w / 90)
    folds = np.sin((xs * 2.2 + ys * 1.4 + noise * 1.3) * 9.0) * 0.5 + 0.5
    tone = cv2.GaussianBlur(0.55 + 0.45 * folds, (0, 0), w / 40)[..., None]
    cloth = np.clip(tone * np.array([66, 58, 54], np.float32), 0, 255).astype(np.uint8)
    return mask[..., None], cloth


def _covered(picture: Picture, level: float, seed: int) -> Picture:
    h, w = picture.shape[:2]
    mask, cloth = _cover((w, h), level, seed)
    light = float(picture.mean()) / 110.0  # what hangs before the lens is lit by the same day or night
    return (picture * (1 - mask) + np.minimum(cloth * light, 255) * mask).astype(np.uint8)


def _with_drops(picture: Picture, count: int, seed: int) -> Picture:
    h, w = picture.shape[:2]
    rng = np.random.default_rng([seed, 31])
    soft = cv2.flip(cv2.GaussianBlur(picture, (0, 0), w / 80), 0)  # a drop shows the street upside down
    mask = np.zeros((h, w), np.uint8)
    for _ in range(count):
        r = int(rng.uniform(0.006, 0.026) * w)
        cv2.ellipse(
            mask, (int(rng.integers(w)), int(rng.integers(h))), (r, int(r * 1.25)), 0, 0, 360, 235, -1, cv2.LINE_AA
        )
    share = cv2.GaussianBlur(mask, (0, 0), max(0.8, w / 500))[..., None].astype(np.float32) / 255
    return (picture * (1 - share) + np.minimum(soft * 1.08 + 6, 255) * share).astype(np.uint8)


@lru_cache(maxsize=8)
def _noise_tile(size: tuple[int, int], sigma: float) -> tuple[Picture, Picture]:
    """Two tiles (up, down), larger than the picture by 64 pixels: adding one and taking the other is noise."""
    w, h = size
    tile = np.random.default_rng([w, h, int(sigma * 100)]).normal(0, sigma, (h + 64, w + 64, 1)).astype(np.float32)
    colour = np.random.default_rng([w, h, 7]).normal(0, sigma * 0.35, (h + 64, w + 64, 3)).astype(np.float32)
    both = np.round(tile + colour)
    return np.clip(both, 0, 255).astype(np.uint8), np.clip(-both, 0, 255).astype(np.uint8)


def add_noise(picture: Picture, sigma: float, moment: int) -> Picture:
    """Sensor noise, another one at every moment. Under 0.3 ms at 640x360."""
    if sigma <= 0.05:
        return picture
    h, w = picture.shape[:2]
    up, down = _noise_tile((w, h), round(sigma, 2))
    spot = (moment * 2654435761) & 0xFFFFFFFF  # scatters consecutive moments over the tile
    x, y = spot % 64, (spot >> 8) % 64
    return cv2.subtract(cv2.add(picture, up[y : y + h, x : x + w]), down[y : y + h, x : x + w])


@lru_cache(maxsize=8)
def _rain_tile(size: tuple[int, int], amount: float) -> Picture:
    w, h = size
    rng = np.random.default_rng([w, h, int(amount * 100)])
    tile = np.zeros((2 * h, w + 64), np.uint8)
    for _ in range(int(amount * w * 1.1)):
        x, y = int(rng.integers(w + 64)), int(rng.integers(2 * h))
        length = int(rng.uniform(0.03, 0.1) * h)
        cv2.line(tile, (x, y), (x - length // 6, y + length), int(rng.integers(30, 95)), 1, cv2.LINE_AA)
    return cv2.merge([tile] * 3)


def add_rain(picture: Picture, amount: float, t_s: float) -> Picture:
    """Falling streaks over a slightly greyer picture; `amount` 0..1."""
    h, w = picture.shape[:2]
    tile = _rain_tile((w, h), round(amount, 2))
    y = int((1 - (t_s * 3.1) % 1.0) * h)
    x = int(t_s * 977) % 64
    grey = cv2.addWeighted(picture, 1 - 0.25 * amount, np.full_like(picture, 128), 0.16 * amount, 0)
    return cv2.add(grey, tile[y : y + h, x : x + w])


def add_lettering(picture: Picture, name: str, clock: str | None) -> None:
    """Burn the camera's name into the upper left and, when given, a clock into the upper right; in place."""
    h, w = picture.shape[:2]
    scale, pad = h / 720 * 0.95, int(h * 0.025)
    texts = [(name, pad)] if name else []
    if clock:
        texts.append((clock, w - pad - cv2.getTextSize(clock, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)[0][0]))
    base = pad + int(h * 0.034)
    for text, x in texts:
        cv2.putText(
            picture, text, (x, base), cv2.FONT_HERSHEY_SIMPLEX, scale, (16, 16, 16), max(2, round(h / 180)), cv2.LINE_AA
        )
        cv2.putText(
            picture,
            text,
            (x, base),
            cv2.FONT_HERSHEY_SIMPLEX,
            scale,
            (250, 250, 250),
            max(1, round(h / 480)),
            cv2.LINE_AA,
        )
