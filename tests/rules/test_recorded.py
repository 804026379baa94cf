"""What a recorder holds, out of what it told: nothing told is neither held nor lacking."""

import pytest

from satukota.rules.recorded import Parts, Told, gaps, joined, parts, strip, within


def told(*changes: tuple[float, bool]) -> list[Told]:
    return [Told(at, present) for at, present in changes]


def test_gaps_lie_between_stop_and_start_and_the_last_one_lasts():
    found = gaps(told((0, True), (100, False), (160, True), (300, False)), until=400)
    assert found == (0, [(100, 160), (300, 400)])


def test_nothing_told_is_not_known():
    assert gaps([], until=100) == (None, [])
    assert gaps(told((500, False)), until=100) == (None, [])


def test_order_and_repetition_change_nothing():
    changes = told((160, True), (0, True), (100, False), (120, False), (160, True))
    assert gaps(changes, until=200) == (0, [(100, 160)])


def test_a_search_that_begins_within_a_gap():
    assert gaps(told((0, False), (30, True)), until=100) == (0, [(0, 30)])


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, Parts(unknown_s=100)),
        ((0, 1000), Parts(80, 20, 0)),
        ((150, 1000), Parts(50, 0, 50)),
        ((300, 400), Parts(unknown_s=100)),
        ((0, 125), Parts(5, 20, 75)),
    ],
)
def test_held_lacking_and_unknown_make_up_the_time(known: tuple[float, float] | None, expected: Parts):
    found = parts(known, [(105, 115), (110, 125)], 100, 200)
    assert found == expected
    assert found.held_s + found.gap_s + found.unknown_s == 100


def test_the_bars_of_a_strip_sum_to_the_whole():
    bars = strip((0, 90), [(10, 20), (55, 65)], 0, 100, 10)
    assert len(bars) == 10 and sum(one.gap_s for one in bars) == pytest.approx(20)
    assert bars[1].gap_s == pytest.approx(10) and bars[9].unknown_s == pytest.approx(10)


def test_spans_are_joined_and_cut():
    assert joined([(5, 9), (1, 3), (2, 4), (9, 9)]) == [(1, 4), (5, 9)]
    assert within([(1, 4), (5, 9)], 3, 6) == [(3, 4), (5, 6)]
