"""Availability: parts add up to the whole, order does not matter, and what cannot be known is said so."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satukota.rules.availability import (
    Parts,
    Span,
    availability,
    joined,
    length,
    measure,
    read_week,
    required,
    seconds,
    strip,
    within,
    without,
)

WITA = ZoneInfo("Asia/Makassar")
STATES = ("up", "degraded", "down", "unknown")
interval = st.tuples(st.integers(0, 500), st.integers(0, 500))
intervals = st.lists(interval, max_size=8)


@st.composite
def histories(draw) -> list[Span]:
    cuts = sorted(set(draw(st.lists(st.integers(0, 500), max_size=10)) + [0, 500]))
    return [Span(a, b, draw(st.sampled_from(STATES))) for a, b in zip(cuts, cuts[1:], strict=False)]


def slow(spans, needed, maintenance, unknown) -> Parts:
    """The same by looking at every second on its own."""
    count = dict.fromkeys(("required_s", "up_s", "degraded_s", "down_s", "unknown_s", "maintenance_s"), 0)

    def inside(second, which):
        return any(a <= second < b for a, b in which)

    for second in range(500):
        if not inside(second, needed):
            continue
        count["required_s"] += 1
        state = next((span.state for span in spans if span.start <= second < span.end), "unknown")
        if inside(second, maintenance):
            state = "maintenance"
        elif inside(second, unknown):
            state = "unknown"
        count[f"{state}_s"] += 1
    return Parts(**count)


@given(histories(), intervals, intervals, intervals)
def test_every_second_is_counted_once_and_as_a_plain_reading_would(spans, needed, maintenance, unknown):
    parts = measure(spans, required=joined(needed), maintenance=maintenance, unknown=unknown)
    assert parts == slow(spans, needed, maintenance, unknown)
    whole = parts.up_s + parts.degraded_s + parts.down_s + parts.unknown_s + parts.maintenance_s
    assert whole == parts.required_s == length(joined(needed))


@given(histories(), intervals, intervals, st.randoms())
def test_the_order_of_windows_and_outages_does_not_matter(spans, maintenance, unknown, chance):
    first = measure(spans, required=[(0, 500)], maintenance=maintenance, unknown=unknown)
    shuffled = [list(maintenance) * 2, list(unknown) * 2]
    for windows in shuffled:
        chance.shuffle(windows)
    assert first == measure(spans, required=[(0, 500)], maintenance=shuffled[0], unknown=shuffled[1])


@given(histories(), intervals, intervals, intervals, st.integers(0, 500))
def test_two_halves_make_the_whole(spans, needed, maintenance, unknown, cut):
    needed = joined(needed)
    halves = [within(needed, joined([(0, cut)])), within(needed, joined([(cut, 500)]))]
    one, two = (measure(spans, required=half, maintenance=maintenance, unknown=unknown) for half in halves)
    assert one + two == measure(spans, required=needed, maintenance=maintenance, unknown=unknown)
    assert (one + two) - two == one


@given(intervals, intervals)
def test_interval_arithmetic(left, right):
    left, right = joined(left), joined(right)
    both, rest = within(left, right), without(left, right)
    assert length(both) + length(rest) == length(left)
    assert within(both, rest) == [] and joined(both + rest) == left


@given(histories(), intervals)
def test_lost_uplink_is_unknown_and_never_lowers_the_ratio_of_a_thing_that_was_down_then(spans, outages):
    parts = measure(spans, required=[(0, 500)], unknown=outages)
    assert parts.unknown_s >= length(within(joined(outages), [(0, 500)]))
    assert parts.down_s <= measure(spans, required=[(0, 500)]).down_s


def test_the_ratio_leaves_out_maintenance_and_unknown_and_degraded_is_not_up():
    spans = [Span(0, 50, "up"), Span(50, 60, "degraded"), Span(60, 100, "down")]
    parts = measure(spans, required=[(0, 100)], maintenance=[(60, 80)], unknown=[(70, 90)])
    assert parts == Parts(required_s=100, up_s=50, degraded_s=10, down_s=10, unknown_s=10, maintenance_s=20)
    assert availability(parts, datetime(2026, 1, 1, tzinfo=UTC)).ratio == 50 / 70


@pytest.mark.parametrize(
    ("parts", "seen", "reason"),
    [
        (Parts(), False, "never_seen"),
        (Parts(), True, "not_required"),
        (Parts(required_s=9, maintenance_s=9), True, "all_maintenance"),
        (Parts(required_s=9, unknown_s=9), True, "all_unknown"),
        (Parts(required_s=9, unknown_s=4, maintenance_s=5), True, "all_unknown"),
    ],
)
def test_no_ratio_without_a_reason(parts, seen, reason):
    result = availability(parts, datetime(2026, 1, 1, tzinfo=UTC) if seen else None)
    assert result.ratio is None and result.reason == reason


def test_required_hours_follow_the_wall_clock_also_past_midnight():
    week = read_week([["mon", "06:00", "22:00"], ["fri", "22:00", "06:00"], ["sun", "00:00", "24:00"]])
    monday = datetime(2026, 11, 23, tzinfo=WITA)
    since, until = seconds(monday), seconds(monday + timedelta(days=7))
    hours = required(week, since, until, WITA)
    assert length(hours) == (16 + 8 + 24) * 3600
    assert hours[0] == (since + 6 * 3600, since + 22 * 3600)
    assert required(week, since + 5 * 86400, since + 5 * 86400 + 7200, WITA) == [
        (since + 5 * 86400, since + 5 * 86400 + 7200)
    ]
    assert required((), since, until, WITA) == [(since, until)]


def test_required_hours_over_a_change_of_the_clock():
    week = read_week([["sun", "00:00", "24:00"]])
    day = datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Berlin"))  # a day of 23 hours
    assert length(required(week, seconds(day) - 9000, seconds(day) + 2 * 86400, day.tzinfo)) == 23 * 3600


@pytest.mark.parametrize("rows", [[["monday", "06:00", "07:00"]], [["mon", "25:00", "07:00"]], [["mon", "06:00"]]])
def test_unclear_hours_are_refused(rows):
    with pytest.raises(ValueError):
        read_week(rows)


@given(histories(), intervals, intervals, st.integers(1, 60), interval)
def test_a_strip_has_every_second_in_one_cell(spans, maintenance, unknown, bins, watched):
    cells = strip(spans, since=0, until=500, bins=bins, watched=watched, maintenance=maintenance, unknown=unknown)
    assert len(cells) == bins and cells[-1].ends_at == datetime(1970, 1, 1, 0, 8, 20, tzinfo=UTC)
    for cell in cells:
        parts = cell.up_s + cell.degraded_s + cell.down_s + cell.unknown_s + cell.maintenance_s + cell.unwatched_s
        assert parts == (cell.ends_at - cell.starts_at).total_seconds()
    known = within(joined([watched]), [(0, 500)])
    whole = measure(spans, required=known, maintenance=maintenance, unknown=unknown)
    assert sum(cell.down_s for cell in cells) == whole.down_s


def test_a_strip_needs_time():
    with pytest.raises(ValueError):
        strip([], since=0, until=3, bins=4, watched=None)
