"""The sun against published positions."""

from datetime import UTC, datetime, timedelta

import pytest

from satukota.rules.sun import elevation_deg, is_light


def test_the_worked_example_of_the_nrel_algorithm():
    # Reda & Andreas, Solar Position Algorithm, NREL/TP-560-34302, table A5.1: zenith 50.11162° with refraction, for
    # which 0.0163° are taken off.
    moment = datetime(2003, 10, 17, 19, 30, 30, tzinfo=UTC)
    assert elevation_deg(moment, -105.1786, 39.742476) == pytest.approx(90 - 50.11162 - 0.0163, abs=0.05)


def test_at_the_june_solstice_the_sun_stands_over_the_tropic():
    noon = datetime(2026, 6, 21, 12, tzinfo=UTC)
    highest = max(elevation_deg(noon + timedelta(minutes=m), 0.0, 23.436) for m in range(-30, 30))
    assert highest == pytest.approx(90, abs=0.3)


def test_bontang_has_twelve_hours_of_sun_all_year_and_light_a_little_less():
    for month in range(1, 13):
        day = datetime(2026, month, 15, tzinfo=UTC)
        moments = [day + timedelta(minutes=10 * n) for n in range(144)]
        above = sum(elevation_deg(m, 117.48, 0.13) > 0 for m in moments) / 6
        light = sum(is_light(m, 117.48, 0.13) for m in moments) / 6
        assert above == pytest.approx(12.0, abs=0.35)
        assert 10.9 < light < 11.6


def test_the_same_moment_is_the_same_in_any_zone():
    from zoneinfo import ZoneInfo

    moment = datetime(2026, 11, 22, 4, tzinfo=UTC)
    there = moment.astimezone(ZoneInfo("Asia/Makassar"))
    assert elevation_deg(moment, 117.48, 0.13) == elevation_deg(there, 117.48, 0.13)
