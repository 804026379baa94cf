"""What must not alarm anyone."""

import hashlib

import cv2
import numpy as np
import pytest

from tests.rules.picture_truth_camera import MIDNIGHT, Camera, camera, noisy, street


def truck(eye: Camera):
    """A lorry's side over the whole view: tarpaulin, ropes, letters."""
    return eye.live(cv2.resize(street(9)[60:120, 40:150], (320, 180)))


def test_a_truck_for_one_look_is_not_a_fault_when_the_next_keyframe_shows_the_street():
    eye = camera()
    said = eye.look(truck(eye), then=eye.live())
    assert (said.outcome, said.suspect) == ("good", None)


def test_a_truck_that_stays_for_one_look_is_gone_by_the_next():
    eye = camera()
    said = [eye.look(truck(eye), then=truck(eye)), eye.look(), eye.look()]
    assert [s.outcome for s in said].count("fault") <= 1  # the state machine needs two
    assert said[1].outcome == said[2].outcome == "good"


@pytest.mark.parametrize("level", range(1, 10))
def test_dusk_falls_without_alarm(level):
    eye = camera()
    dusk = noisy((eye.live() * (1 - 0.1 * level)).astype(np.uint8), 2 + level / 3, level)
    assert eye.look(dusk, is_day=False, chroma=8.0).outcome != "fault"


@pytest.mark.parametrize("contrast", [0.6, 0.3, 0.15])
def test_haze_is_not_a_cover(contrast):
    eye = camera()
    assert eye.look((eye.live() * contrast + 200 * (1 - contrast)).astype(np.uint8)).outcome == "good"


def test_rain_is_not_a_cover():
    eye = camera()
    for look in range(12):
        rng = np.random.default_rng(look)
        wet = (eye.live() * 0.7 + 50).astype(np.uint8)
        for x, y in zip(rng.integers(0, 320, 150), rng.integers(0, 170, 150), strict=True):
            cv2.line(wet, (int(x), int(y)), (int(x) + 1, int(y) + 9), 210, 1)
        assert eye.look(wet).outcome == "good"


def test_headlights_into_the_lens_at_night_are_not_a_cover():
    eye = camera(scene=(street() * 0.3).astype(np.uint8), hour=MIDNIGHT, chroma=0.5)
    ys, xs = np.mgrid[:180, :320]
    for look in range(10):
        glow = 500 * np.exp(-((xs - 150 - 5 * look) ** 2 + (ys - 120) ** 2) / (2 * 35**2))
        assert eye.look(np.clip(eye.live() * 0.4 + glow, 0, 255).astype(np.uint8)).outcome != "fault"


def test_a_pole_swaying_in_the_wind_is_not_turned():
    eye = camera()
    for look in range(20):
        shift = np.float32([[1, 0, 4 * np.sin(look)], [0, 1, 2 * np.cos(look)]])
        swayed = cv2.warpAffine(eye.live(), shift, (320, 180), borderMode=cv2.BORDER_REFLECT)
        assert eye.look(swayed).outcome == "good"


def test_a_dark_night_without_night_reference_is_unverified_and_never_good():
    eye = camera()
    eye.hour = MIDNIGHT
    dark = noisy(np.full((180, 320), 9, np.uint8), 2, 1)
    said = eye.look(dark, is_day=False, chroma=0.3)
    assert (said.outcome, said.cause) == ("unverified", "too_dark")


def test_a_new_camera_without_reference_is_unverified():
    said = Camera().look()
    assert (said.outcome, said.cause) == ("unverified", "no_reference")


def test_the_first_infrared_night_is_recognised_by_the_day_reference():
    eye = camera()
    eye.hour = MIDNIGHT
    infrared = np.clip(eye.live() * 0.5 + 10, 0, 255).astype(np.uint8)
    assert eye.look(infrared, is_day=False, chroma=0.4).outcome == "good"


def test_an_empty_wall_cannot_be_recognised_and_is_not_called_a_fault():
    wall = cv2.GaussianBlur(noisy(np.full((180, 320), 120, np.uint8), 30, 3), (0, 0), 40)
    eye = Camera(wall).accept()
    eye.live = lambda scene=None: noisy(wall, 2, eye.frames)  # nobody passes by
    eye.references.clear()
    eye.accept()
    other = noisy(cv2.GaussianBlur(noisy(np.full((180, 320), 120, np.uint8), 30, 8), (0, 0), 40), 2, 9)
    said = eye.look(other)
    assert (said.outcome, said.cause) == ("unverified", "no_contours")


def test_a_smeared_keyframe_is_unverified_and_changes_no_memory():
    eye = camera()
    before = eye.memory
    said = eye.look(street(5), decode_errors=True)
    assert (said.outcome, said.cause) == ("unverified", "decode_errors")
    assert said.memory is before


def test_a_looping_source_that_meets_its_own_keyframe_again_is_not_frozen():
    eye = camera()
    loop = [eye.live() for _ in range(5)]
    for _ in range(20):  # a loop as long as the look interval: the same keyframe every time
        said = eye.look(loop[0], then=loop[1])
        assert (said.outcome, said.suspect) == ("good", None)


def test_a_still_scene_with_its_own_noise_is_not_frozen():
    eye = camera().looks(30)
    for seed in range(50):
        assert eye.look(noisy(eye.scene, 2.0, 10_000 + seed)).outcome == "good"


def test_a_denoised_still_night_is_not_called_frozen():
    eye = camera(scene=(street() * 0.5).astype(np.uint8), hour=MIDNIGHT, chroma=0.5)
    for seed in range(30):  # nobody passes, and the camera removes its noise
        assert eye.look(noisy(eye.scene, 0.3, 500 + seed)).outcome == "good"
    for seed in range(20):
        said = eye.look(noisy(eye.scene, 0.2, 100 + seed), then=noisy(eye.scene, 0.2, 200 + seed))
        assert (said.outcome, said.suspect) == ("good", None)


def test_a_live_static_street_at_night_with_noise_is_not_frozen():
    eye = camera(scene=(street() * 0.5).astype(np.uint8), hour=MIDNIGHT, chroma=0.5).looks(30)
    for seed in range(50):  # the last passer-by has gone home
        said = eye.look(noisy(eye.scene, 2.0, 1000 + seed), then=noisy(eye.scene, 2.0, 2000 + seed))
        assert (said.outcome, said.suspect) == ("good", None)


def test_a_gap_in_the_traffic_is_learned_as_the_cameras_own_usual():
    eye = Camera(scene=(street() * 0.5).astype(np.uint8), hour=MIDNIGHT, chroma=0.5).accept()

    def road(cars: int, seed: int):
        picture = noisy(eye.scene, 1.0, seed)
        for car in range(cars):
            cv2.rectangle(picture, (40 * car + seed % 30, 120), (40 * car + 25 + seed % 30, 150), 240 * (seed % 2), -1)
        return picture

    for seed in range(40):
        assert eye.look(road(6, seed)).outcome == "good"
    assert eye.look(road(0, 48)).outcome == "good"
    gap = eye.look(road(0, 50), then=road(0, 51))
    assert gap.cause == "frozen"  # one look: no alarm
    assert eye.look(road(6, 52)).outcome == "good"
    for seed in range(60, 80):
        assert eye.look(road(0, seed), then=road(0, seed + 100)).outcome == "good"


def test_low_bitrate_is_not_called_defocus():
    eye = camera()
    for quality in (20, 12):
        packed = cv2.imencode(".jpg", eye.live(), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        assert eye.look(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)).outcome == "good"


def test_two_looks_at_the_same_moment_of_another_camera_share_nothing():
    one, other = camera(), camera(scene=street(3))
    sha = hashlib.sha256(b"same").digest()[:16]
    assert one.look(keyframe_sha=sha).outcome == other.look(keyframe_sha=sha).outcome == "good"
