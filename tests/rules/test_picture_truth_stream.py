"""The stream against the register, and words for every cause."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satukota.rules.picture_truth.stream_truth import StreamExpected, StreamSeen, fps_of, judge_stream
from satukota.rules.picture_truth.words import WORDS

ACCEPTED = StreamExpected(1920, 1080, "h264", 25.0)


def causes(**seen: object) -> list[str]:
    usual = {"width": 1920, "height": 1080, "codec": "h264", "fps": 25.0}
    return [finding.cause for finding in judge_stream(StreamSeen(**(usual | seen)), ACCEPTED)]  # type: ignore[arg-type]


def test_the_accepted_stream_is_good():
    assert causes() == [] == causes(codec="AVC1") == causes(fps=15.1) == causes(fps=None) == causes(clock_offset_s=59)


def test_each_difference_is_named():
    assert causes(fps=14.9) == ["low_fps"]
    assert causes(width=704, height=576) == ["wrong_resolution"]
    assert causes(codec="H.265") == ["wrong_codec"]
    assert causes(clock_offset_s=-120.0) == ["clock_drift"]


def test_all_differences_are_told_together():
    assert causes(width=704, height=576, codec="hevc", fps=5.0, clock_offset_s=120.0) == [
        "wrong_resolution",
        "wrong_codec",
        "low_fps",
        "clock_drift",
    ]


@pytest.mark.parametrize(("offset", "hours"), [(7 * 3600 + 4, 7), (-8 * 3600, -8), (3600 * 1.5, 0), (120, 0)])
def test_whole_hours_off_are_a_time_zone(offset, hours):
    (finding,) = judge_stream(StreamSeen(1, 1, "h264", clock_offset_s=offset), StreamExpected())
    assert finding.zone_hours == hours


def test_nothing_accepted_is_nothing_judged():
    assert judge_stream(StreamSeen(1, 1, "mjpeg", 0.1), StreamExpected()) == ()


def test_one_frame_stamped_hours_off_does_not_change_the_rate():
    stamps = [i / 25 for i in range(50)]
    stamps[20] += 9000.0
    assert fps_of(stamps) == pytest.approx(25, rel=0.05)


def test_too_few_packets_say_nothing():
    assert fps_of([0.0, 0.04, 0.08]) is None


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=30))
def test_no_time_stamps_crash_the_rate(stamps):
    rate = fps_of(stamps)
    assert rate is None or rate >= 0


PICTURE = {"black", "no_signal", "white_out", "covered", "defocused", "frozen", "turned", "view_lost", "blocked"}
STREAM = {"low_fps", "wrong_resolution", "wrong_codec", "clock_drift"}
UNVERIFIED = {"too_dark", "no_contours", "no_reference", "decode_errors"}


def test_every_cause_has_a_sentence_and_a_next_step():
    assert set(WORDS) == PICTURE | STREAM | UNVERIFIED
    for words in WORDS.values():
        assert re.match(r"[A-Z]", words.sentence) and words.next_step.endswith(".")
