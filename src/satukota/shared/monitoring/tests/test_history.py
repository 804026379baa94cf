"""Availability over any span: totals of hours and direct computation give the same, in a fixed number of queries."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from satukota.rules import availability as rule
from satukota.shared.monitoring import queries, rollups
from satukota.shared.monitoring.history import History
from satukota.shared.monitoring.models import (
    HourlyRollup,
    MaintenanceWindow,
    Reading,
    RunnerBeat,
    StatusChange,
    Target,
    UplinkOutage,
)

from .make import NOON, later, make_target

pytestmark = pytest.mark.django_db
START = NOON - timedelta(days=2, hours=3, minutes=17, seconds=5)
WEEK = [[day, "06:00", "22:00"] for day in ("mon", "tue", "wed", "thu", "fri")] + [["sat", "20:00", "02:00"]]


def span(target: Target, *changes: tuple[float, str], since: datetime = START) -> Target:
    """Changes at seconds after `since`; the target stands as after the last one."""
    rows, was = [], "unknown"
    for seconds, now in changes:
        rows.append(StatusChange(target=target, at=since + timedelta(seconds=seconds), was=was, now=now))
        was = now
    StatusChange.objects.bulk_create(rows)
    target.watched_from, target.state, target.state_since = since, was, rows[-1].at if rows else since
    target.save()
    return target


def town(chance: random.Random, count: int = 12) -> list[Target]:
    """Targets with random histories, behind a link with maintenance, with outages of our own."""
    fo = span(make_target("FO", kind="link"), (0, "up"))
    targets = [fo]
    for number in range(count):
        hours = WEEK if number % 3 == 0 else []
        target = make_target(f"T{number}", link=fo if number % 2 else None, required_hours=hours)
        begins = START + timedelta(hours=chance.choice([0, 0, 0, 12, 30]))
        cuts = sorted(chance.uniform(1, 180_000) for _cut in range(chance.choice([0, 1, 5, 40])))
        states = [chance.choice(["up", "down", "degraded", "unknown"]) for _cut in cuts]
        changes = [(0.0, "up"), *((cut, state) for cut, state in zip(cuts, states, strict=True))]
        ends = (NOON - begins).total_seconds()
        targets.append(span(target, *[change for change in changes if change[0] < ends], since=begins))
    from satukota.base.accounts.models import User

    user = User.objects.create(username="operator")
    for target in (fo, targets[2], targets[3]):
        begins = START + timedelta(hours=chance.uniform(0, 45))
        MaintenanceWindow.objects.create(
            target=target, starts_at=begins, ends_at=begins + timedelta(hours=chance.uniform(0.1, 9)), reason="Contoh",
            declared_by=user, declared_at=begins,
        )  # fmt: skip
    for _number in range(3):
        lost = START + timedelta(hours=chance.uniform(0, 48))
        UplinkOutage.objects.create(lost_at=lost, back_at=lost + timedelta(minutes=chance.uniform(1, 200)))
    return targets


@pytest.mark.parametrize("seed", range(4))
def test_totals_of_hours_equal_direct_computation(seed, clock_at):
    clock_at(NOON)
    chance = random.Random(seed)
    ids = [target.pk for target in town(chance)]
    spans = [(START - timedelta(days=1), NOON)]
    for _number in range(6):
        since = START + timedelta(seconds=chance.uniform(-9000, 150_000))
        spans.append((since, since + timedelta(seconds=chance.uniform(1, 100_000))))
    direct = [queries.availability(ids, *each) for each in spans]
    while rollups.roll_up_due(NOON):
        pass
    assert HourlyRollup.objects.exists() and queries.whole_hours(*map(rule.seconds, spans[0]), rollups.rolled_to())
    assert [queries.availability(ids, *each) for each in spans] == direct
    for each in direct:
        for one in each.values():
            parts = one.up_s + one.degraded_s + one.down_s + one.unknown_s + one.maintenance_s
            assert parts == one.required_s and min(one.up_s, one.down_s, one.unknown_s) >= 0


def test_an_hour_is_added_once_and_missed_hours_are_caught_up(clock_at):
    target = span(make_target("T"), (0, "up"))
    moments = [START + timedelta(minutes=n) for n in range(90)]
    Reading.objects.bulk_create(Reading(target=target, at=at, verdict="up") for at in moments)
    assert rollups.roll_up_due(START + timedelta(hours=1)) == 1
    assert rollups.roll_up_due(NOON) == rollups.AT_MOST == 48
    while rollups.roll_up_due(NOON):
        pass
    rows = list(HourlyRollup.objects.order_by("hour"))
    assert rows[0].hour == START.replace(minute=0, second=0) and rows[-1].hour == NOON - timedelta(hours=2)
    assert rollups.rolled_to() == NOON - timedelta(hours=1), "the hour that has just ended has two minutes to settle"
    for row in rows:
        assert rollups.roll_up(row.hour) == 0
    assert HourlyRollup.objects.count() == len(rows) and rows[-1].readings_total == 90
    assert rows[-1].required_total_s == rows[-1].up_total_s == (rollups.rolled_to() - START).total_seconds()


def test_what_was_said_stays_said_when_required_hours_change(clock_at):
    clock_at(NOON)
    target = span(make_target("T"), (0, "up"))
    while rollups.roll_up_due(NOON):
        pass
    before = queries.availability([target.pk], START, NOON - timedelta(hours=1))[target.pk]
    Target.objects.update(required_hours=[["sun", "00:00", "01:00"]])
    after = queries.availability([target.pk], START.replace(minute=0, second=0), NOON - timedelta(hours=1))[target.pk]
    assert after.required_s >= before.required_s - 3600


def test_a_retired_target_is_counted_until_its_day(clock_at):
    clock_at(NOON)
    target = span(make_target("T", retired_on=(NOON - timedelta(days=1)).date()), (0, "up"))
    local_midnight = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
    direct = queries.availability([target.pk], START, NOON)[target.pk]
    assert direct.required_s == (local_midnight - START).total_seconds()
    while rollups.roll_up_due(NOON):
        pass
    assert queries.availability([target.pk], START, NOON)[target.pk] == direct
    since = local_midnight - timedelta(hours=7)
    assert queries.availability([target.pk], since, NOON)[target.pk].up_s == 7 * 3600
    assert queries.availability([target.pk], NOON - timedelta(days=1), NOON)[target.pk].reason == "not_required"


def test_hours_in_which_nothing_was_watched_are_passed_over(clock_at):
    long_ago = START - timedelta(days=60)
    span(make_target("old", retired_on=long_ago.date()), (0, "up"), since=long_ago)
    span(make_target("new"), (0, "up"))
    while rollups.roll_up_due(NOON):
        pass
    assert rollups.rolled_to() == NOON - timedelta(hours=1) and rollups.roll_up_due(NOON) == 0


def test_reasons_and_the_future(clock_at):
    clock_at(NOON)
    never = make_target("never")
    new = span(make_target("new"), (0, "up"), since=later(-100))
    result = queries.availability([never.pk, new.pk, 10**9], START, NOON + timedelta(days=9))
    assert set(result) == {never.pk, new.pk}
    assert result[never.pk].reason == "never_seen" and result[never.pk].ratio is None
    assert (result[new.pk].ratio, result[new.pk].required_s, result[new.pk].observed_since) == (1.0, 100, later(-100))
    assert queries.availability([new.pk], NOON + timedelta(days=1), NOON + timedelta(days=2))[new.pk].ratio is None
    assert queries.availability([], START, NOON) == {}


def test_nobody_looking_is_unknown_time(clock_at):
    clock_at(NOON)
    target = span(make_target("T"), (0, "up"), since=later(-7200))
    RunnerBeat.objects.create(name="x", started_at=START, beat_at=later(-7200))
    UplinkOutage.objects.create(lost_at=later(-7200), back_at=later(-3600), why="asleep")
    one = queries.availability([target.pk], START, NOON)[target.pk]
    assert (one.unknown_s, one.up_s, one.ratio) == (3600, 3600, 1.0)


def test_together_weighs_every_second_alike(clock_at):
    clock_at(NOON)
    span(make_target("good"), (0, "up"), since=later(-300))
    span(make_target("bad"), (0, "down"), since=later(-100))
    assert queries.availability_of_all(Target.objects.all(), START, NOON).ratio == 0.75
    assert queries.all_of([]).reason == "never_seen"


def test_days_are_local_and_equal_to_each_day_on_its_own(clock_at):
    clock_at(NOON)
    ids = [target.pk for target in town(random.Random(7))]
    expected = []
    for back in range(5, -1, -1):
        start = datetime(2026, 11, 21, 16, 0, tzinfo=UTC) - timedelta(days=back)
        end = min(start + timedelta(days=1), NOON)
        expected.append((start, queries.all_of(queries.availability(ids, start, end).values()).ratio))
    assert queries.recent(Target.objects.all(), NOON, 6).days == expected
    while rollups.roll_up_due(NOON):
        pass
    assert queries.recent(Target.objects.all(), NOON, 6).days == expected
    assert expected[0][1] is None and expected[-1][1] is not None


@pytest.mark.parametrize("seed", range(6))
def test_groups_are_exactly_the_sum_of_their_targets(clock_at, seed):
    """Random histories, weeks, maintenance, outages, retired and never seen ones; totals none, some, all, with gaps."""
    clock_at(NOON)
    chance = random.Random(seed)
    town(chance, 16)
    make_target("never")
    for target in Target.objects.filter(code__in=["T1", "T5"]):
        target.retired_on = (NOON - timedelta(days=chance.choice([0, 1]))).date()
        target.save()
    spans = [(NOON - timedelta(hours=26), NOON), (START, NOON), (NOON - timedelta(seconds=4000), NOON)]
    spans += [(START - timedelta(days=9), NOON + timedelta(days=1)), (NOON, NOON), (START, START + timedelta(hours=5))]
    for _time in range(3):
        since = START + timedelta(seconds=chance.uniform(0, 150_000))
        spans.append((since, since + timedelta(seconds=chance.uniform(1, 40_000))))
    for until in (None, START + timedelta(hours=20), NOON):
        while until is not None and rollups.roll_up_due(until):
            pass
        HourlyRollup.objects.filter(target__code="T7", hour__gte=START + timedelta(hours=9)).delete()
        for chosen in (Target.objects.all(), Target.objects.filter(kind="tcp", retired_on=None)):
            kinds: dict[str, list[int]] = {}
            for pk, kind in chosen.values_list("pk", "kind"):
                kinds.setdefault(kind, []).append(pk)
            expected = [
                {kind: queries.all_of(each[pk] for pk in ids) for kind, ids in kinds.items()}
                for each in queries.availabilities(list(chosen.values_list("pk", flat=True)), spans)
            ]
            assert queries.together_by(chosen, spans, "kind") == expected


def test_a_strip_shows_each_state_in_its_cell(clock_at):
    clock_at(NOON)
    target = span(make_target("T"), (0, "up"), (3600, "down"), since=later(-2 * 3600))
    cells = queries.strip(target.pk, later(-3 * 3600), later(3600), 4)
    assert [(c.unwatched_s, c.up_s, c.down_s) for c in cells] == [
        (3600, 0, 0), (0, 3600, 0), (0, 0, 3600), (3600, 0, 0),
    ]  # fmt: skip
    assert cells[1].starts_at == later(-2 * 3600) and queries.strip(10**9, later(-60), NOON, 2) == []


def test_the_past_as_it_was_believed(clock_at):
    clock_at(NOON)
    target = span(make_target("T"), (0, "up"), (100, "down"), (200, "up"), since=later(-300))
    never = make_target("never")

    def then(seconds):
        return queries.states_at([target.pk, never.pk], later(seconds))

    states = [then(seconds)[target.pk] for seconds in (-301, -300, -200, -150, -100, 0)]
    assert states == ["unknown", "up", "down", "down", "up", "up"]
    assert then(0)[never.pk] == "unknown"


def test_hours_nobody_can_read_count_as_always(clock_at):
    clock_at(NOON)
    target = span(make_target("T", required_hours=[["someday", "x"]]), (0, "up"), since=later(-60))
    assert queries.availability([target.pk], START, NOON)[target.pk].required_s == 60


@pytest.mark.parametrize("count", [3, 60])
def test_queries_do_not_grow_with_targets(clock_at, django_assert_max_num_queries, count):
    clock_at(NOON)
    town(random.Random(1), count)
    while rollups.roll_up_due(NOON):
        pass
    ids = list(Target.objects.values_list("pk", flat=True))
    for days in (1, 30, 365):
        with django_assert_max_num_queries(12):
            queries.availability(ids, NOON - timedelta(days=days), NOON)
    with django_assert_max_num_queries(12):
        queries.recent(Target.objects.all(), NOON, 30, "kelurahan")
    with django_assert_max_num_queries(6):
        queries.strip(ids[1], NOON - timedelta(days=365), NOON, 73)
    with django_assert_max_num_queries(2):
        queries.states_at(ids, NOON - timedelta(days=1))
    with django_assert_max_num_queries(3):
        queries.in_maintenance(ids, START + timedelta(hours=1))
    with django_assert_max_num_queries(3):
        queries.roots_down()
    with django_assert_max_num_queries(1):
        queries.counts_by_state(Target.objects.all())
    with django_assert_max_num_queries(1):
        list(queries.status_history(ids[1]))


def test_spans_add_up_even_when_changes_share_a_second(clock_at):
    target = span(make_target("T"), (0.1, "up"), (0.2, "down"), (0.9, "up"), (5, "down"))
    lo = rule.seconds(START)
    spans = History([target.pk], [(lo, lo + 10)]).spans(target.pk, lo, lo + 10)
    assert sum(each.end - each.start for each in spans) == 10 and spans[-1].state == "down"
