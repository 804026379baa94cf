from datetime import UTC, datetime, timedelta

from satukota.rules.rota import REST, Span, short_rests, turns

START = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)


def half_days(number: int) -> list[Span]:
    return [Span(START + timedelta(hours=12 * n), START + timedelta(hours=12 * (n + 1))) for n in range(number)]


def nobody_away(one: int, span: Span) -> bool:
    return False


def test_turns_go_to_whoever_rested_longest():
    assert turns(half_days(6), [7, 8, 9], 1, nobody_away, {}) == [[7], [8], [9], [7], [8], [9]]
    assert turns(half_days(3), [7, 8, 9], 1, nobody_away, {7: START, 8: START - REST}) == [[9], [8], [7]]


def test_nobody_sits_twice_at_once_and_who_is_away_is_not_taken():
    spans = half_days(2)
    assert turns(spans, [7], 2, nobody_away, {}) == [[7], [7]]
    assert turns(spans, [7, 8], 2, lambda one, span: one == 8 and span == spans[0], {}) == [[7], [8, 7]]
    assert turns(spans, [7], 1, nobody_away, {7: START + timedelta(hours=3)}) == [[], [7]]


def test_two_people_by_turns_always_rest_twelve_hours():
    taken = turns(half_days(28), [1, 2], 1, nobody_away, {})
    mine = [span for span, people in zip(half_days(28), taken, strict=True) if people == [1]]
    assert len(mine) == 14 and not short_rests(mine)


def test_a_rest_below_eleven_hours_is_told_and_an_overlap_is_negative():
    first, second = (
        Span(START, START + timedelta(hours=8)),
        Span(START + timedelta(hours=16), START + timedelta(hours=24)),
    )
    assert short_rests([second, first]) == {second.start: timedelta(hours=8)}
    assert (
        short_rests([first, Span(first.start + timedelta(hours=4), first.end)])[first.start + timedelta(hours=4)]
        < timedelta()
    )
    exactly = Span(first.end + REST, first.end + REST + timedelta(hours=8))
    assert not short_rests([first, exactly])
