"""Rendered cameras: streets of the field simulator, whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from picture_truth.episodes import Calm, Found, KeyframeAt, Watch, calm_episode, ill_episode
from picture_truth.footage import Keyframe, encoded_again, through_h264
from satukota.rules.picture_truth import Reference
from satukota_field.scenes import Scene, Weather, lens

SIZE = (640, 360)
TUNED_ON = (1, 2, 3)
TESTED_ON = (101, 102, 103)
BUDGET = 14_000  # bytes of a keyframe: about 640x360 at 500 kbit/s with a keyframe every 2 s
LOW_BUDGET = 6_000


@dataclass(frozen=True)
class Condition:
    light: str = "day"
    weather: Weather = Weather()
    budget: int = BUDGET

    @property
    def hour(self) -> int:
        return {"day": 12, "dusk": 18}.get(self.light, 21)

    @property
    def is_day(self) -> bool:
        return self.light == "day"


CONDITIONS = {
    "noon": Condition(),
    "dusk": Condition("dusk"),
    "night, street lamps": Condition("night_colour"),
    "night, infrared": Condition("night_ir"),
    "rain": Condition(weather=Weather(rain=0.7)),
    "rain at night": Condition("night_ir", Weather(rain=0.7)),
    "haze": Condition(weather=Weather(haze=0.5)),
    "wind": Condition(weather=Weather(sway_px=6.0)),
    "crowded": Condition(weather=Weather(traffic=3.0)),
    "low bitrate": Condition(budget=LOW_BUDGET),
}

# name -> (fault, level, looks within which it has to be known; 0 = slow, n of m)
FAULTS: dict[str, tuple[str, float | None, int]] = {
    "black": ("black", None, 2),
    "one colour": ("constant", 90.0, 2),
    "white-out": ("white", 0.95, 2),
    "covered 100 %": ("covered", 1.0, 2),
    "covered 70 %": ("covered", 0.7, 0),
    "covered 40 %": ("covered", 0.4, 0),
    "defocused, sigma 4": ("defocused", 4.0, 2),
    "defocused, sigma 2": ("defocused", 2.0, 0),
    "defocused, sigma 1.5": ("defocused", 1.5, 0),
    "turned 15 deg": ("turned", 15.0, 2),
    "turned 60 deg": ("turned", 60.0, 2),
    "shifted 2 %": ("shifted", 0.02, 0),
    "shifted 5 %": ("shifted", 0.05, 0),
    "shifted 10 %": ("shifted", 0.10, 2),
    "shifted 25 %": ("shifted", 0.25, 2),
    "rolled 5 deg": ("rolled", 5.0, 0),
    "zoomed 1.3": ("zoomed", 1.3, 0),
    "mirrored": ("mirrored", None, 0),
    "drops": ("drops", None, 0),
    "dirty": ("dirty", None, 0),
    "another camera": ("swap", None, 2),
    "frozen, same bytes": ("freeze", None, 3),
    "frozen, encoded again": ("freeze_again", None, 3),
    "frozen, clock runs": ("freeze_clock", None, 3),
}
FAULT_CONDITIONS = ("noon", "dusk", "night, street lamps", "night, infrared", "rain", "low bitrate")
WARM_UP, FREEZE_WARM_UP = 12, 30


@lru_cache(maxsize=16)
def scene_of(seed: int, weather: Weather) -> Scene:
    """Scenes keep what they painted; a street is painted once for many episodes."""
    return Scene(seed, size=SIZE, weather=weather, looped=False)


def watch_of(scene: Scene, condition: Condition) -> Watch:
    return Watch(list(accepted(scene.seed)), lambda _: condition.hour, lambda _: condition.is_day)


@lru_cache(maxsize=16)
def accepted(seed: int) -> tuple[Reference, ...]:
    """What an operator accepted: one picture by day, at dusk and in each kind of night, all in fine weather."""
    references = []
    fine = scene_of(seed, Weather())
    for light, hour in (("day", 12), ("dusk", 18), ("night_colour", 21), ("night_ir", 21)):
        keyframe = through_h264(fine.frame(5000.0, light), BUDGET)
        references.append(Reference.from_sight(keyframe.sight(-3600.0, hour, light == "day"), accepted=True))
    return tuple(references)


def live(scene: Scene, condition: Condition, fault: str | None = None, level: float | None = None) -> KeyframeAt:
    return lambda at: through_h264(scene.frame(at, condition.light, fault, level=level), condition.budget)


def frozen(scene: Scene, condition: Condition, kind: str, since: float) -> KeyframeAt:
    picture = scene.frame(since, condition.light)
    same = through_h264(picture, condition.budget)
    if kind == "freeze":
        return lambda _: same

    def again(at: float) -> Keyframe:
        copy = picture.copy()
        if kind == "freeze_clock":
            lens.add_lettering(copy, "", f"12:{int(at) // 60 % 60:02}:{int(at) % 60:02}")
        return encoded_again(copy, int(at / 2))

    return again


def ill(seed: int, name: str, condition: Condition) -> Found:
    fault, level, _ = FAULTS[name]
    scene = scene_of(seed, condition.weather)
    freezing = fault.startswith("freeze")
    warm_up = FREEZE_WARM_UP if freezing else WARM_UP
    if freezing:
        source = frozen(scene, condition, fault, warm_up * 30.0)
    elif fault == "swap":
        source = live(scene_of(seed + 1000, condition.weather), condition)
    else:
        source = live(scene, condition, fault, level)
    return ill_episode(
        watch_of(scene, condition), live(scene, condition), source, warm_up=warm_up, at_most=6 if freezing else 34
    )


def calm(seed: int, condition: Condition, looks: int) -> Calm:
    scene = scene_of(seed, condition.weather)
    return calm_episode(watch_of(scene, condition), live(scene, condition), looks=looks)


def light_at(hour: float, seed: int) -> str:
    if 6.5 <= hour < 17.75:
        return "day"
    if 5.75 <= hour < 6.5 or 17.75 <= hour < 18.5:
        return "dusk"
    return "night_ir" if seed % 2 else "night_colour"


def whole_day(seed: int, every_s: float) -> Calm:
    """24 hours from noon, through dusk, infrared or street-lamp night, dawn and two showers; shadows move."""
    dry = scene_of(seed, Weather())
    wet = Scene(seed, size=SIZE, weather=Weather(rain=0.7, sway_px=3.0), looped=False)
    watch = watch_of(dry, CONDITIONS["noon"])

    def hour_at(at: float) -> float:
        return (12.0 + at / 3600.0) % 24.0

    watch.hour_at = lambda at: int(hour_at(at))
    watch.is_day_at = lambda at: 6.5 <= hour_at(at) < 17.75

    def source(at: float) -> Keyframe:
        hour = hour_at(at)
        scene = wet if 15.0 <= hour < 16.0 or 1.0 <= hour < 2.5 else dry
        light = light_at(hour, seed)
        return through_h264(scene.frame(at, light, hour=hour if light == "day" else None), BUDGET)

    return calm_episode(watch, source, looks=int(86_400 / every_s), every_s=every_s)
