"""Due times: a fixed cadence without drift, spread over the interval, sooner after a first bad look."""

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from satukota.shared.monitoring.schedule import RECHECK, next_due, next_due_after_look

from .make import NOON, later


@given(st.integers(1, 10**7), st.integers(1, 86_400), st.floats(0, 10**7))
def test_the_next_place_is_ahead_but_never_further_than_an_interval_and_a_quarter(pk, interval, offset):
    after = later(offset)
    wait = (next_due(pk, interval, after) - after).total_seconds()
    assert 0.25 * interval - 1e-3 < wait <= 1.25 * interval + 1e-3


def test_cadence_does_not_drift_with_the_time_looks_take():
    due = first = next_due(17, 30, NOON)
    for turn in range(1, 200):
        due = next_due(17, 30, due + timedelta(seconds=turn % 20))
        assert abs((due - first).total_seconds() - 30 * turn) < 1e-3


def test_two_thousand_targets_are_spread_evenly_over_their_interval():
    seconds = Counter(int(next_due(pk, 30, NOON).timestamp()) % 30 for pk in range(1, 2001))
    assert len(seconds) == 30 and max(seconds.values()) < 1.2 * 2000 / 30


def test_a_bad_look_brings_the_next_one_forward_but_never_puts_it_off():
    assert next_due_after_look(17, 300, NOON, soon=True) == NOON + RECHECK
    assert next_due_after_look(17, 2, NOON, soon=True) <= NOON + timedelta(seconds=2.5)
