"""Looks become a status only when they agree, in both directions, and a target that flaps tells people once."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satukota.shared.monitoring.thresholds import MOST, Rules, Standing, is_waiting_for_proof, needed, step

from .make import NOON, later

VERDICTS = {"u": "up", "g": "degraded", "d": "down", "?": "unknown"}


def play(looks: str, standing: Standing | None = None, rules: Rules | None = None, every_s: float = 30) -> list[str]:
    """The state after each look; n is a look while our own line was lost, D one that was sure of itself."""
    standing = standing or Standing("up", NOON)
    states = []
    for number, sign in enumerate(looks, 1):
        verdict, cause = ("unknown", "no_uplink") if sign == "n" else (VERDICTS[sign.lower()], "")
        cause = cause or ("" if verdict == "up" else verdict)
        standing = step(standing, rules or Rules(), verdict, cause, later(number * every_s), sure=sign == "D")
        states.append(standing.state)
    return states


@pytest.mark.parametrize(
    ("looks", "last"),
    [
        ("d", "up"), ("dd", "down"), ("dud", "up"), ("dudududu", "up"), ("D", "down"),
        ("gg", "degraded"), ("gd", "degraded"), ("dg", "degraded"), ("??", "unknown"), ("d?d", "unknown"),
        ("ddu", "down"), ("dduu", "up"), ("ddg", "down"), ("ddgu", "degraded"), ("ddug", "degraded"),
        ("dd??", "unknown"), ("dd?u", "down"), ("dd?uu", "up"),
        ("dn", "up"), ("ndnd", "up"), ("nnnnnn", "up"), ("dnd", "up"), ("dndd", "down"), ("ddnnnn", "down"),
        ("ddnun", "down"), ("ddnuu", "up"),
    ],
)  # fmt: skip
def test_what_looks_in_a_row_make_of_a_thing_that_was_up(looks, last):
    assert play(looks)[-1] == last


def test_unknown_between_two_bad_looks_does_not_excuse_them():
    assert play("d?d?d?d?")[-1] in ("unknown", "down")
    assert "up" not in play("d?d?d?d?")[1:]
    assert play("??dd")[-1] == "down" and play("??d?d")[-1] == "down"


@pytest.mark.parametrize(("failures", "successes"), [(1, 1), (3, 2), (2, 5)])
def test_thresholds_are_each_targets_own_in_both_directions(failures, successes):
    rules = Rules(failures, successes)
    states = play("d" * failures + "u" * successes, rules=rules)
    assert states[: failures - 1] == ["up"] * (failures - 1) and states[failures - 1] == "down"
    assert states[-2] == "down" and states[-1] == "up"


def test_the_first_good_look_ever_is_believed_at_once_and_the_first_bad_one_is_not():
    assert play("u", Standing()) == ["up"]
    assert play("d", Standing()) == ["unknown"] and play("dd", Standing())[-1] == "down"


def test_a_thing_that_comes_and_goes_is_down_until_it_is_steady():
    states = play("dduu" * 30)
    times_down = sum(was != "down" and now == "down" for was, now in zip(["up", *states], states, strict=False))
    assert times_down <= 2 and states[-1] == "down"
    assert play("dduu" * 30 + "u" * MOST)[-1] == "up"


def test_falls_far_apart_are_not_flapping():
    assert play("dduu" * 5, every_s=timedelta(minutes=20).total_seconds())[3::4] == ["up"] * 5


def test_a_sure_good_look_does_not_end_flapping():
    flapping = Standing("down", NOON, falls=4, fell_at=NOON)
    assert step(flapping, Rules(), "up", "", later(5), sure=True).state == "down"


def test_another_cause_is_taken_over_when_looks_agree_on_it():
    standing = Standing("down", NOON, "tcp_timeout")
    once = step(standing, Rules(), "down", "black", later(30))
    assert once.cause == "tcp_timeout"
    assert step(once, Rules(), "down", "black", later(60)).cause == "black"
    relapse = step(once, Rules(), "down", "tcp_timeout", later(60))
    assert step(relapse, Rules(), "down", "black", later(90)).cause == "tcp_timeout"


def test_a_clock_that_went_backwards_makes_no_negative_span():
    standing = Standing("up", NOON)
    for number in range(2):
        standing = step(standing, Rules(), "down", "x", later(-3600 + number))
    assert standing.state == "down" and standing.since == NOON


def test_a_bad_look_waits_for_its_proof_and_an_unseen_one_does_not():
    assert is_waiting_for_proof(step(Standing("up", NOON), Rules(), "down", "x", later(1)), "down")
    assert not is_waiting_for_proof(step(Standing("up", NOON), Rules(), "unknown", "no_uplink", later(1)), "unknown")
    assert not is_waiting_for_proof(step(Standing("down", NOON), Rules(), "up", "", later(1)), "up")


@given(st.text("ugd?nD", max_size=60), st.integers(1, 4), st.integers(1, 4))
def test_no_status_without_looks_that_say_so(looks, failures, successes):
    """A change to down needs as many down looks since the last good one; no change at all after a look unseen."""
    rules, standing, bad_in_a_row = Rules(failures, successes), Standing("up", NOON), 0
    for number, sign in enumerate(looks, 1):
        verdict, cause = ("unknown", "no_uplink") if sign == "n" else (VERDICTS[sign.lower()], "c")
        before, standing = standing, step(standing, rules, verdict, cause, later(number), sure=sign == "D")
        bad_in_a_row = 0 if sign in "un" else bad_in_a_row + (sign in "dD")
        if standing.state != before.state:
            assert sign != "n" and standing.since == later(number) and standing.pending_count == 0
            if standing.state == "down":
                assert sign == "D" or (sign == "d" and bad_in_a_row >= failures)
            if standing.state == "up":
                assert sign == "u"
        assert standing.pending_count < max(needed(standing, rules, to) for to in ("up", "down")) or sign == "n"
