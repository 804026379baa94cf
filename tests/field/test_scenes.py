"""Streets are reproducible, different from each other, and their truth is where the pixels are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from satukota_field.scenes import FAULTS, LIGHTS, Scene, Weather

SMALL = (320, 180)
SEEDS = range(1, 67, 6)  # eleven streets of the same kind, hardest to tell apart


def sharpness(picture: np.ndarray) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.CV_64F).var())


def test_the_same_seed_and_moment_give_the_same_pixels():
    one, other = (Scene(7, "MB-007", SMALL).frame(3.3, "dusk") for _ in range(2))
    assert one.shape == (180, 320, 3) and one.dtype == np.uint8
    assert np.array_equal(one, other)


def test_streets_of_one_kind_still_look_different():
    # Mean colours of a 16x9 grid tell two streets apart; two cameras on one street would come out near zero.
    grids = [
        cv2.resize(Scene(s, "", (160, 96)).frame(0), (16, 9), interpolation=cv2.INTER_AREA).astype(float) for s in SEEDS
    ]
    nearest = min(float(np.abs(a - b).mean()) for k, a in enumerate(grids) for b in grids[:k])
    assert nearest > 4


def test_each_light_is_what_it_says():
    scene = Scene(9, "", SMALL)
    pictures = {light: scene.frame(1.0, light) for light in LIGHTS}
    brightness = {light: float(picture.mean()) for light, picture in pictures.items()}
    assert brightness["day"] > brightness["dusk"] > brightness["night_colour"] > 8
    grey = pictures["night_ir"].astype(int)
    assert np.abs(grey[..., 0] - grey[..., 2]).max() == 0
    assert np.abs(pictures["night_colour"].astype(int)[..., 0] - pictures["night_colour"][..., 2]).mean() > 2


def test_moving_things_are_where_the_truth_says():
    scene = Scene(13, "", (640, 360), weather=Weather(noise=0.0))
    empty = Scene(13, "", (640, 360), weather=Weather(noise=0.0, traffic=0.0)).frame(3.2)
    changed = np.abs(scene.frame(3.2).astype(int) - empty).max(axis=2) > 12
    boxes = [b for b in scene.truth(3.2) if b.moving]
    assert len(boxes) >= 4 and {"person"} < {b.kind for b in boxes}
    inside = np.zeros(changed.shape, bool)
    for b in boxes:
        spot = slice(int(b.y0), int(b.y1)), slice(int(b.x0), int(b.x1))
        inside[spot] = True
        if b.visible > 0.8 and b.distance_m < 50:
            assert changed[spot].mean() > 0.25, b
    # What changes outside the boxes is the shadow at their feet, a few pixels wide.
    wider = cv2.dilate(inside.astype(np.uint8), np.ones((25, 25))) > 0
    assert changed[~wider].mean() < 0.001


def test_a_clip_of_one_loop_has_no_seam():
    scene = Scene(4, "", SMALL, weather=Weather(noise=0.0))
    assert np.array_equal(scene.frame(0.0), scene.frame(22.0))
    assert not np.array_equal(scene.frame(0.0), scene.frame(0.5))


def test_endless_traffic_does_not_repeat():
    scene = Scene(4, "", SMALL, weather=Weather(noise=0.0), looped=False)
    assert not np.array_equal(scene.frame(5.0), scene.frame(27.0))


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_changes_the_picture_its_own_way(fault):
    scene = Scene(13, "", SMALL)
    good, bad = scene.frame(2.0), scene.frame(2.0, fault=fault)
    assert np.abs(good.astype(int) - bad).mean() > 2
    if fault == "black":
        assert np.percentile(bad, 95) < 8
    if fault == "constant":
        assert bad.std() == 0
    if fault == "defocused":
        assert sharpness(bad) < sharpness(good) / 5
    if fault == "covered":
        assert np.abs(good.astype(int) - bad).max(axis=2).astype(bool).mean() > 0.6


def test_a_turned_camera_shows_more_street_and_not_a_mirrored_border():
    scene = Scene(13, "", (640, 360), weather=Weather(noise=0.0, traffic=0.0))
    good = cv2.cvtColor(scene.frame(0), cv2.COLOR_BGR2GRAY)
    bad = cv2.cvtColor(scene.frame(0, fault="shifted", level=0.1), cv2.COLOR_BGR2GRAY)
    # Where the middle of the one picture lies in the other: both are painted apart, so no pixel is quite the same.
    found = cv2.matchTemplate(bad, good[120:300, 240:480], cv2.TM_CCOEFF_NORMED)
    _, fit, _, (x, y) = cv2.minMaxLoc(found)
    assert x - 240 == pytest.approx(-64, abs=8) and abs(y - 120) < 6 and fit > 0.5
    assert (
        sharpness(cv2.cvtColor(bad[:, -60:], cv2.COLOR_GRAY2BGR)) > 50
    )  # what came into view is a street, not a smear


def test_truth_follows_a_turned_camera():
    scene = Scene(13, "", (640, 360))
    before = {b.number: b for b in scene.truth(3.2)}
    after = {b.number: b for b in scene.truth(3.2, fault="shifted", level=0.1)}
    both = [n for n in before if n in after and before[n].x0 > 100 and after[n].x0 > 0]
    assert both and all(20 < before[n].x0 - after[n].x0 < 140 for n in both)


def test_unknown_words_are_refused():
    scene = Scene(1, "", SMALL)
    with pytest.raises(ValueError, match="no such light: noon"):
        scene.frame(0, "noon")
    with pytest.raises(ValueError, match="no such fault: melted"):
        scene.frame(0, fault="melted")


def test_rain_haze_sway_and_crowds_are_weather_not_faults():
    clear = Scene(8, "", SMALL)
    for weather in (Weather(rain=0.8), Weather(haze=0.5), Weather(sway_px=3.0), Weather(traffic=3.0)):
        assert np.abs(clear.frame(2.0).astype(int) - Scene(8, "", SMALL, weather=weather).frame(2.0)).mean() > 0.5
    assert len(Scene(8, "", SMALL, weather=Weather(traffic=3.0)).truth(2.0)) > len(clear.truth(2.0))
