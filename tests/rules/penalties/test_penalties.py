"""Month figures against hand-made months, and against a second-by-second count of random ones."""

import random
from datetime import UTC
from fractions import Fraction

import pytest

from satukota.rules.availability import DEGRADED, DOWN, UNKNOWN, UP, Span
from satukota.rules.penalties import LATE_REPAIR, SHORTFALL, Facts, Rule, Thing, reckon

H, DAY = 3600, 86400
MONTH = 30 * DAY  # from 1 January 1970, a Thursday
DAILY = Rule("late", LATE_REPAIR, Fraction(1, 1000), 100_000_000, Fraction(24))  # 1/1000 a day
POINTS = Rule("short", SHORTFALL, Fraction(1, 100), 10_000_000, Fraction(1))  # 1 % a percentage point


def thing(*spans, key="MB-001", **more):
    """Spans as (end, state), one after the other from the start of the month."""
    made, start = [], 0
    for end, state in spans:
        made.append(Span(start, end, state))
        start = end
    told = {"week": (), "watched": (0, 2**40), "maintenance": [], "excused": []} | more
    return Thing(key, spans=tuple(made), **told)


def month(*things, until=MONTH, rules=(POINTS, DAILY), **more):
    told = {"blind": [], "promised": Fraction("0.95"), "repair_s": 24 * H, "degraded_counts": True} | more
    return reckon(Facts(0, until, UTC, things, rules=rules, **told))


def rp(figures):
    return {charge.rule: charge.rp for charge in figures.charges}


def test_a_month_without_a_failure_costs_nothing():
    figures = month(thing((MONTH, UP)))
    assert figures.ratio == 1 and figures.total_rp == 0 and figures.outages == () and figures.mean_repair_s is None


def test_each_started_point_below_the_promise_costs_one_step():
    """3 days of 30 down: 90 %, five points below 95 %."""
    figures = month(thing((10 * DAY, UP), (13 * DAY, DOWN), (MONTH, UP)))
    assert figures.ratio == Fraction(9, 10)
    assert rp(figures) == {"short": 500_000, "late": 200_000}  # 72 h − 24 h = two days of 1/1000
    assert figures.mean_repair_s == 3 * DAY and figures.repaired == 1
    barely = month(thing((10 * DAY, UP), (13 * DAY + 1, DOWN), (MONTH, UP)))
    assert rp(barely) == {"short": 600_000, "late": 300_000}
    whole = [Rule(one.key, one.kind, one.rate, one.base_rp, one.step, counts_started=False) for one in (POINTS, DAILY)]
    assert rp(month(thing((10 * DAY, UP), (13 * DAY + 1, DOWN), (MONTH, UP)), rules=whole)) == {
        "short": 500_000, "late": 200_000,
    }  # fmt: skip


def test_exactly_as_promised_is_no_penalty():
    figures = month(thing((MONTH // 20, DOWN), (MONTH, UP)), repair_s=MONTH // 20)
    assert figures.ratio == Fraction("0.95") and figures.total_rp == 0


def test_maintenance_what_nobody_saw_and_what_was_excused_count_for_nobody():
    down = thing((3 * DAY, DOWN), (MONTH, UP), maintenance=[(0, DAY)], excused=[(0, 3 * DAY)])
    figures = month(down, blind=[(DAY // 2, 2 * DAY)])
    (outage,) = figures.outages
    assert (outage.maintenance_s, outage.unknown_s, outage.excused_s) == (DAY, DAY, DAY)
    assert outage.counted_s == 0 and figures.ratio == 1 and figures.total_rp == 0
    assert figures.excused_s == DAY and figures.parts.unknown_s == 2 * DAY
    assert figures.mean_repair_s is None  # a repair nobody is answerable for says nothing of the vendor


@pytest.mark.parametrize(
    ("things", "reason"),
    [
        ((), "no_things"),
        ((thing((MONTH, DOWN), watched=None),), "never_seen"),
        ((thing((MONTH, DOWN), watched=(MONTH + 1, 2**40)),), "never_seen"),
        ((thing((MONTH, DOWN), maintenance=[(0, MONTH)]),), "all_maintenance"),
        ((thing((MONTH, UNKNOWN)),), "all_unknown"),
        ((thing((MONTH, DOWN), excused=[(0, MONTH)]),), "all_excused"),
    ],
)
def test_what_cannot_be_computed_says_why_and_is_never_charged(things, reason):
    figures = month(*things)
    assert figures.ratio is None and figures.reason == reason and figures.total_rp == 0
    assert figures.charges[0].why_none == "not_computable"


def test_zero_required_seconds_are_said_so():
    figures = month(thing((DAY, DOWN), week=(("mon", "06:00", "22:00"),)), until=DAY)  # a Thursday
    assert figures.ratio is None and figures.reason == "not_required" and figures.total_rp == 0
    assert figures.outages[0].free_s == DAY and figures.outages[0].counted_s == 0


def test_only_required_hours_count_towards_repair():
    nights_off = (("thu", "08:00", "16:00"), ("fri", "08:00", "16:00"), ("sat", "08:00", "16:00"))
    (outage,) = month(thing((3 * DAY, DOWN), (MONTH, UP), week=nights_off)).outages
    assert outage.counted_s == 24 * H and outage.free_s == 48 * H


def test_an_outage_over_two_months_is_charged_once():
    """Down for five days in all, three of them before this month; a day is allowed."""
    figures = month(thing((2 * DAY, DOWN), (MONTH, UP), carried_s=3 * DAY))
    (outage,) = figures.outages
    assert outage.before_s == 3 * DAY and outage.counted_s == 2 * DAY
    assert rp(figures)["late"] == 200_000  # four days late in all, two of them charged before
    assert figures.mean_repair_s == 5 * DAY
    late = [rp(month(thing((2 * DAY, DOWN), (MONTH, UP), carried_s=n * H)))["late"] for n in (0, 12, 24, 36)]
    assert late == [100_000, 200_000, 200_000, 200_000]


def test_what_was_carried_belongs_to_the_outage_at_the_start_alone():
    figures = month(thing((DAY, UP), (2 * DAY, DOWN), (MONTH, UP), carried_s=9 * DAY))
    assert figures.outages[0].before_s == 0


def test_an_outage_that_goes_on_is_not_repaired():
    figures = month(thing((DAY, UP), (MONTH, DOWN)))
    assert not figures.outages[0].is_repaired and figures.mean_repair_s is None and rp(figures)["late"] > 0


def test_a_stretch_nobody_knows_of_does_not_end_an_outage():
    figures = month(thing((DAY, DOWN), (2 * DAY, UNKNOWN), (3 * DAY, DEGRADED), (MONTH, UP)))
    (outage,) = figures.outages
    assert (outage.start, outage.end, outage.state, outage.counted_s) == (0, 3 * DAY, DOWN, 2 * DAY)


def test_working_badly_counts_only_where_that_was_agreed():
    bad = thing((3 * DAY, DEGRADED), (MONTH, UP))
    assert month(bad).ratio == Fraction(9, 10)
    eased = month(bad, degraded_counts=False)
    assert eased.ratio == 1 and eased.outages == ()


def test_outages_of_two_things_at_once_are_two():
    one, two = thing((2 * DAY, DOWN), (MONTH, UP)), thing((2 * DAY, DOWN), (MONTH, UP), key="MB-002")
    figures = month(one, two)
    assert [outage.key for outage in figures.outages] == ["MB-001", "MB-002"]
    assert rp(figures)["late"] == 200_000 and figures.ratio == Fraction(28, 30)


def test_overlapping_spans_of_one_thing_are_counted_once():
    spans = (Span(0, 2 * DAY, DOWN), Span(DAY, 3 * DAY, DOWN), Span(3 * DAY, MONTH, UP))
    doubled = Thing("MB-001", (), (0, 2**40), spans, [(0, H), (0, H)], [])
    (outage,) = month(doubled).outages
    assert outage.counted_s == 3 * DAY - H


def test_a_cap_holds_and_what_it_took_away_is_kept():
    capped = Rule("late", LATE_REPAIR, Fraction(1, 1000), 100_000_000, Fraction(24), cap_rp=150_000)
    (charge,) = month(thing((3 * DAY, DOWN), (MONTH, UP)), rules=[capped]).charges
    assert (charge.before_cap_rp, charge.rp) == (200_000, 150_000)


def test_what_was_not_promised_is_not_charged():
    figures = month(thing((MONTH, DOWN)), promised=None, repair_s=None)
    assert [charge.why_none for charge in figures.charges] == ["not_promised"] * 2 and figures.total_rp == 0
    worthless = Rule("late", LATE_REPAIR, Fraction(1, 1000), 0, Fraction(24))
    assert month(thing((MONTH, DOWN)), rules=[worthless]).charges[0].why_none == "no_base"


def test_rupiah_are_whole_and_rounded_down():
    odd = Rule("late", LATE_REPAIR, Fraction(1, 1000), 1_999, Fraction(24))
    (charge,) = month(thing((3 * DAY, DOWN), (MONTH, UP)), rules=[odd]).charges
    assert charge.rp == 3  # 2 × 1.999 = 3,998


@pytest.mark.parametrize("wrong", [{"kind": "fine"}, {"rate": Fraction(-1)}, {"rate": Fraction(2)}, {"base_rp": -1},
                                   {"step": Fraction(0)}, {"cap_rp": -1}])  # fmt: skip
def test_a_rule_nobody_can_have_agreed_on_is_refused(wrong):
    told = {"key": "x", "kind": SHORTFALL, "rate": Fraction(1, 100), "base_rp": 1, "step": Fraction(1)} | wrong
    with pytest.raises(ValueError):
        Rule(**told)


def test_figures_agree_with_a_count_second_by_second():
    """Random months of 400 seconds, each second judged by itself."""
    chance = random.Random(5)
    for _round in range(60):
        until = 400
        cuts = sorted({chance.randrange(1, until) for _each in range(chance.randrange(8))}) + [until]
        spans = [(cut, chance.choice([UP, DOWN, DEGRADED, UNKNOWN])) for cut in cuts]

        def some(chance=chance):
            pairs = (sorted((chance.randrange(400), chance.randrange(400))) for _each in range(chance.randrange(3)))
            return [tuple(pair) for pair in pairs]

        work, excused, blind = some(), some(), some()
        watched = (chance.randrange(0, 200), chance.randrange(200, 500))
        figures = month(thing(*spans, maintenance=work, excused=excused, watched=watched), until=until, blind=blind)
        counts = dict.fromkeys((UP, DOWN, DEGRADED, "work", "blind", "excused"), 0)
        for second in range(max(0, watched[0]), min(until, watched[1])):
            state = next(one for end, one in spans if second < end)
            for name, spans_of in (("work", work), ("blind", blind)):
                if any(start <= second < end for start, end in spans_of):
                    counts[name] += 1
                    break
            else:
                if state == UNKNOWN:
                    counts["blind"] += 1
                elif any(start <= second < end for start, end in excused):
                    counts["excused"] += 1
                else:
                    counts[state] += 1
        parts = figures.parts
        assert (parts.up_s, parts.down_s, parts.degraded_s) == (counts[UP], counts[DOWN], counts[DEGRADED])
        assert parts.maintenance_s == counts["work"] and figures.excused_s == counts["excused"]
        assert parts.unknown_s == counts["blind"] + counts["excused"]
        assert sum(outage.counted_s for outage in figures.outages) == counts[DOWN] + counts[DEGRADED]
