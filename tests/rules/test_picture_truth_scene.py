"""The measurements the judgement stands on."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from satukota.rules.picture_truth import Memory, Reference, Sight, judge
from satukota.rules.picture_truth.scene import (
    NOISE_SOBEL_TO_LAPLACIAN,
    NOISE_TOP_TO_MEAN,
    ReferenceScene,
    Scene,
    likeness,
    pose_between,
)
from tests.rules.picture_truth_camera import noisy, street, turned_by

CLIPS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "video"


def compare(gray, reference=None):
    return likeness(Scene.of(gray), ReferenceScene.of(street() if reference is None else reference), 6.0)


def test_the_noise_constants_are_those_of_white_noise():
    scene = Scene.of(noisy(np.full((180, 320), 128, np.uint8), 4.0, 1))
    energy = scene.gradient**2
    assert energy.mean() / (scene.laplacian**2).mean() == pytest.approx(NOISE_SOBEL_TO_LAPLACIAN, rel=0.05)
    assert energy[scene.edges == 1].mean() / energy.mean() == pytest.approx(NOISE_TOP_TO_MEAN, rel=0.05)
    assert scene.noise == pytest.approx(scene.laplacian.std(), rel=0.15)


def test_noise_alone_has_no_contours():
    assert not Scene.of(noisy(np.full((180, 320), 60, np.uint8), 8.0, 2)).has_contours


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (5, -3), (24, 0), (-40, 11), (70, 30)])
def test_a_displacement_is_measured_to_the_pixel(dx, dy):
    moved = np.roll(street(), (dy, dx), (0, 1))
    like = compare(moved)
    assert (like.dx, like.dy) == (pytest.approx(dx, abs=1), pytest.approx(dy, abs=1))
    assert like.aligned_agreement > 0.7


def test_the_same_view_agrees_in_any_contrast():
    for gain, lift in ((1.0, 0), (0.2, 0), (0.3, 150), (0.1, 200)):
        like = compare((street() * gain + lift).astype(np.uint8))
        assert like.agreement > 0.6 and like.r_here > 0.4 and like.lost_share < 0.1
        assert like.sharpness > 0.7  # rounding at a tenth of the contrast may raise it; only falling counts


def test_another_view_does_not_agree():
    for seed in range(20, 30):
        assert compare(street(seed)).agreement < 0.4


def test_a_comparison_changes_neither_picture_nor_reference():
    gray, reference = turned_by(street(), 9), ReferenceScene.of(street())
    before = [part.copy() for part in (gray, reference.spectrum, reference.edges, reference.block_gradient)]
    likeness(Scene.of(gray), reference, 6.0)
    after = (gray, reference.spectrum, reference.edges, reference.block_gradient)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize(("roll", "zoom"), [(7.0, 1.0), (0.0, 1.25), (-4.0, 1.1)])
def test_the_pose_tells_roll_and_zoom(roll, zoom):
    matrix = cv2.getRotationMatrix2D((160, 90), roll, zoom)
    pose = pose_between(cv2.warpAffine(street(), matrix, (320, 180), borderMode=cv2.BORDER_REFLECT), street())
    assert pose is not None
    assert pose.roll_deg == pytest.approx(-roll, abs=0.7) and pose.zoom == pytest.approx(zoom, abs=0.03)


def test_no_pose_between_noise_and_a_street():
    assert pose_between(noisy(np.full((180, 320), 60, np.uint8), 3.0, 2), street()) is None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["opencv-vtest.avi", "intel-one-by-one-person-detection.mp4"])
def test_real_footage_is_recognised_from_its_first_picture(name):
    if not (CLIPS / name).exists():
        pytest.skip(f"the sample clip {name} is not beside the checkout")
    import av

    with av.open(str(CLIPS / name)) as clip:
        grays = [frame.reformat(320, 180, "gray").to_ndarray() for frame in clip.decode(clip.streams.video[0])][::25]
    memory = Memory.empty()
    references = [Reference("day", 3, grays[0], True, 0.0)]
    for look, gray in enumerate(grays):
        said = judge(Sight(gray, 20.0, bytes([look] * 16), 30.0 * look, 12), references, memory)
        memory = said.memory
        assert (said.outcome, said.suspect) == ("good", None), (look, said)


@pytest.mark.parametrize("worse", [lambda g: g * 0.25, lambda g: g * 0.35 + 125, lambda g: 255 * (g / 255) ** 2.2])
def test_dark_haze_and_dusk_leave_the_detail_and_hide_nothing(worse):
    here = likeness(Scene.of(noisy(worse(street()).astype(np.uint8), 1.0, 3)), ReferenceScene.of(street()), 6.0)
    assert here.detail > 0.8 and here.hidden_share < 0.1


def test_blur_takes_the_detail_whatever_the_noise():
    soft = cv2.GaussianBlur(street(), (0, 0), 4.0)
    for sigma in (0.0, 3.0, 6.0):
        assert likeness(Scene.of(noisy(soft, sigma, 3)), ReferenceScene.of(street()), 6.0).detail < 0.6
