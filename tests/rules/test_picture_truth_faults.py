"""What an operator must hear of by the second look."""

import cv2
import numpy as np
import pytest

from satukota.rules.picture_truth import Policy
from tests.rules.picture_truth_camera import MIDNIGHT, Camera, camera, noisy, street, turned_by


def cap(seed: int):
    """A lens cap: grey, uneven, with sensor noise."""
    shade = cv2.GaussianBlur(noisy(np.full((180, 320), 60, np.uint8), 40, 5), (0, 0), 30)
    return noisy(shade, 2, seed)


def twice_a_sure_fault(eye: Camera, picture_of, cause: str) -> None:
    for look in range(2):
        said = eye.look(picture_of(2 * look), then=picture_of(2 * look + 1))
        assert (said.outcome, said.cause, said.sure) == ("fault", cause, True), said


def test_a_lens_cap_is_a_fault_by_the_second_look():
    twice_a_sure_fault(camera(), cap, "covered")


def test_a_lens_cap_is_a_fault_by_the_second_look_when_no_other_keyframe_can_be_had():
    eye = camera()
    for seed in range(2):
        said = eye.look(cap(seed))
        assert (said.outcome, said.cause, said.sure) == ("fault", "covered", True)


def test_a_black_picture_by_day_is_a_fault():
    twice_a_sure_fault(camera(), lambda seed: noisy(np.full((180, 320), 14, np.uint8), 2, seed), "black")


def test_a_black_picture_by_day_is_a_fault_without_any_reference():
    twice_a_sure_fault(Camera(), lambda seed: np.full((180, 320), 16, np.uint8), "black")


def test_one_colour_with_a_line_of_text_is_no_signal_at_any_hour():
    picture = np.full((180, 320), 90, np.uint8)
    cv2.putText(picture, "NO SIGNAL", (120, 95), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 250)
    twice_a_sure_fault(camera(), lambda _: picture, "no_signal")
    twice_a_sure_fault(camera(hour=MIDNIGHT), lambda _: picture, "no_signal")


def test_a_white_picture_is_a_fault():
    twice_a_sure_fault(camera(), lambda seed: noisy(np.full((180, 320), 254, np.uint8), 3, seed), "white_out")


@pytest.mark.parametrize("sigma", [3.0, 5.0])
def test_a_strongly_defocused_lens_is_a_fault(sigma):
    eye = camera()
    twice_a_sure_fault(eye, lambda _: cv2.GaussianBlur(eye.live(), (0, 0), sigma), "defocused")


def test_a_defocused_lens_is_found_under_the_noise_of_the_night():
    """The noise is made after the lens: it stays fine, and hides the blur from the Laplacian."""
    eye = camera(scene=(street() * 0.5).astype(np.uint8), hour=MIDNIGHT, chroma=0.5)
    twice_a_sure_fault(eye, lambda seed: noisy(cv2.GaussianBlur(eye.scene, (0, 0), 4.0), 5.0, seed), "defocused")


def hung(gray, share: float):
    """A dark cloth over this share of the view, from the left, out of focus; noise comes after it."""
    cloth = np.clip((share * 320 + 8 - np.arange(320)) / 16, 0, 1)
    return (gray * (1 - cloth) + 40 * cloth).astype(np.uint8)


@pytest.mark.parametrize("share", [0.3, 0.4])
def test_a_cloth_over_a_part_of_the_view_is_a_fault_when_it_stays(share):
    eye = camera()
    said = [eye.look(noisy(hung(eye.live(), share), 1.0, seed)) for seed in range(16)]
    assert [(one.outcome, one.suspect) for one in said[:5]] == [("good", "covered")] * 5
    assert (said[-1].outcome, said[-1].cause, said[-1].sure) == ("fault", "covered", False)


def test_a_lorry_before_a_part_of_the_view_that_leaves_is_none():
    eye = camera()
    for seed in range(11):
        assert eye.look(noisy(hung(eye.live(), 0.4), 1.0, seed)).outcome == "good"
    eye.looks(30)


@pytest.mark.parametrize("share", [0.75, 0.85])
def test_a_cloth_over_most_of_the_view_at_night_is_named_covered(share):
    eye = camera(scene=(street() * 0.5).astype(np.uint8), hour=MIDNIGHT, chroma=0.5)
    twice_a_sure_fault(eye, lambda seed: noisy(hung(eye.scene, share), 2.0, seed), "covered")


@pytest.mark.parametrize("dx", [24, 70])
def test_a_turned_camera_is_a_fault(dx):
    eye = camera()
    twice_a_sure_fault(eye, lambda _: eye.live(turned_by(eye.scene, dx)), "turned")


def test_a_far_turn_whose_displacement_wanders_with_perspective_is_a_fault_at_the_first_look():
    eye = camera()

    def aside(seed):  # near things move further than far ones: no single displacement fits, and it differs each time
        return eye.live(np.roll(turned_by(eye.scene, 60 + 5 * (seed % 2)), 14, 0))

    twice_a_sure_fault(eye, aside, "turned")


def test_a_rolled_camera_is_turned_and_says_by_how_much():
    eye = camera()
    roll = cv2.getRotationMatrix2D((160, 90), 8, 1.0)

    def rolled(_):
        return cv2.warpAffine(eye.live(), roll, (320, 180), borderMode=cv2.BORDER_REFLECT)

    twice_a_sure_fault(eye, rolled, "turned")
    assert abs(eye.look(rolled(0)).measures["roll_deg"]) == pytest.approx(8, abs=1)


def test_another_street_is_a_lost_view():
    eye = camera()
    twice_a_sure_fault(eye, lambda _: eye.live(street(42)), "view_lost")


def test_a_mirrored_street_keeps_its_horizon_but_is_never_good_and_a_fault_within_six_looks():
    eye = camera()
    said = [eye.look(np.ascontiguousarray(eye.live()[:, ::-1])) for _ in range(6)]
    assert "good" not in {s.outcome for s in said}
    assert said[5].outcome == "fault" and said[5].cause in ("view_lost", "turned")


def test_a_frozen_stream_is_known_at_the_second_look_and_confirmed_within_it():
    eye = camera()
    frozen = eye.live()
    assert eye.look(frozen).outcome == "good"  # the first look after the freeze cannot know
    said = eye.look(frozen, then=frozen)
    assert (said.outcome, said.cause, said.sure) == ("fault", "frozen", True)
    lasting = eye.look(frozen)
    assert lasting.cause == "frozen" and lasting.sure
    assert not lasting.wants_another_keyframe, "a freeze already confirmed needs no second wait"


def test_a_frozen_picture_under_a_running_clock_is_known_by_the_cameras_own_noise():
    eye = camera().looks(30)
    frozen = eye.live()

    def with_clock(second):
        picture = noisy(frozen, 0.05, second)
        cv2.putText(picture, f"12:00:{second:02}", (5, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 250)
        return picture

    eye.look(with_clock(0))
    said = eye.look(with_clock(30), then=with_clock(32))
    assert (said.outcome, said.cause, said.sure) == ("fault", "frozen", True)


def test_a_small_turn_needs_four_of_five_looks():
    eye = camera()
    said = [eye.look(eye.live(turned_by(eye.scene, 10))) for _ in range(4)]
    assert [(s.outcome, s.suspect) for s in said[:3]] == [("good", "turned")] * 3
    assert (said[3].outcome, said[3].cause, said[3].sure) == ("fault", "turned", False)


def test_half_a_cover_is_a_suspicion_first_and_a_fault_after_six_of_eight_looks():
    eye = camera()

    def half():
        picture = eye.live()
        picture[:, :165] = 40
        return picture

    said = [eye.look(half()) for _ in range(6)]
    assert {s.suspect for s in said[:5]} == {"covered"} and {s.outcome for s in said[:5]} == {"good"}
    assert (said[5].outcome, said[5].cause, said[5].sure) == ("fault", "covered", False)


def test_sensitivity_in_three_words_changes_how_soon_a_small_turn_counts():
    def outcome(word):
        eye = camera(policy=Policy.of(word))
        return [eye.look(eye.live(turned_by(eye.scene, 9))).outcome for _ in range(5)]

    assert outcome("tinggi").index("fault") < outcome("sedang").index("fault")
    assert "fault" not in outcome("rendah")


def test_an_unknown_sensitivity_is_refused():
    with pytest.raises(ValueError, match="tinggi"):
        Policy.of("extreme")


def test_black_at_night_is_a_fault_where_other_nights_had_contours():
    eye = camera(scene=(street() * 0.4).astype(np.uint8), hour=MIDNIGHT, chroma=0.5)
    twice_a_sure_fault(eye, lambda seed: noisy(np.full((180, 320), 8, np.uint8), 1.5, seed), "black")


def test_a_repaired_camera_is_good_at_once():
    eye = camera()
    eye.look(cap(1)), eye.look(cap(2))
    assert eye.look().outcome == "good"
