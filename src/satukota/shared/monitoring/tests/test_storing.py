"""A batch of looks becomes readings, standings and changes: all of it or nothing, told to everyone in the same act."""

import math
from datetime import timedelta

import pytest

from satukota.base.feed.models import FeedEntry
from satukota.shared.monitoring import actions, registry, storing
from satukota.shared.monitoring.models import ProbeMemory, Reading, StatusChange, Target
from satukota.shared.monitoring.registry import Look, Probe, Step
from satukota.shared.monitoring.storing import Done, storable

from .make import NOON, down, later, make_target, stored, turns, unknown, up

pytestmark = pytest.mark.django_db


def test_two_bad_looks_are_a_change_with_reading_listeners_and_feed(heard):
    target = make_target("T", lon=117.5, lat=0.1)
    stored(up(), target, at=NOON)
    assert stored(down(), target, at=later(30)).changes == []
    assert target.next_due_at == later(35), "a first bad look is proved soon"
    [change] = stored(down(), target, at=later(35)).changes
    assert (change.was, change.now, change.cause, change.at) == ("up", "down", "tcp_timeout", later(35))
    assert change.reading.at == later(35) and change.reading.runner == "test"
    assert [told.now for told in heard] == ["up", "down"]
    entry = FeedEntry.objects.filter(topic="status_changed").latest("pk")
    assert entry.subject == "T" and entry.opd_id == target.owner_id
    assert entry.payload | {"title": ""} == {
        "id": target.pk, "code": "T", "kind": "tcp", "state": "down", "was": "up", "cause": "tcp_timeout", "title": "",
        "since": later(35).isoformat(), "lon": 117.5, "lat": 0.1, "root": None, "maintenance": False,
    }  # fmt: skip
    assert entry.payload["title"] == "Tidak menjawab"


def test_first_reading_starts_the_watch_and_up_is_remembered(heard):
    target = make_target("T")
    stored(down(), target, at=NOON)
    assert target.watched_from == NOON and target.last_up_at is None and target.is_unreachable
    stored(up(), target, at=later(5))
    assert target.watched_from == NOON and target.last_up_at == later(5) and not target.is_unreachable


def test_lost_uplink_makes_failing_looks_unknown_and_good_ones_still_count(heard):
    target, lan = make_target("T"), make_target("L")
    stored(up(), target, lan, at=NOON)
    for second in range(30, 300, 30):
        stored(down(sure=True), target, at=later(second), uplink_lost=True)
        stored(up(), lan, at=later(second), uplink_lost=True)
    assert target.state == "up" and target.is_out_of_sight and target.pending_count == 0
    assert set(Reading.objects.filter(target=target, at__gt=NOON).values_list("verdict", "cause")) == {
        ("unknown", "no_uplink")
    }
    assert lan.state == "up" and not lan.is_out_of_sight and lan.last_up_at == later(270)
    stored(up(), target, at=later(300))
    assert not target.is_out_of_sight and turns(target) == ["up"]


def test_a_clock_that_went_backwards_never_makes_time_run_backwards(heard):
    target = make_target("T", failures_needed=1, successes_needed=1)
    stored(up(), target, at=NOON)
    stored(down(), target, at=later(-3600))
    stored(up(), target, at=later(-1800))
    moments = list(StatusChange.objects.filter(target=target).order_by("pk").values_list("at", flat=True))
    assert moments == sorted(moments) and target.state_since == NOON and target.last_reading_at == NOON
    assert target.next_due_at < later(-1700), "the next look follows the clock as it is now"


def test_when_a_listener_fails_nothing_is_stored(monkeypatch):
    target = make_target("T")

    def broken(_change):
        raise RuntimeError("no incident without a number")

    monkeypatch.setattr(registry, "_listeners", [broken])
    with pytest.raises(RuntimeError):
        stored(up(), target, at=NOON)
    target.refresh_from_db()
    assert not Reading.objects.exists() and not StatusChange.objects.exists() and target.last_reading_at is None


def test_probes_keep_in_the_same_transaction_and_see_the_new_state(heard, probe):
    class Keeping(Probe):
        kind = "keeping"
        seen = []

        async def look(self, brief):
            raise AssertionError

        def keep(self, kept):
            self.seen += [(target.state, reading.pk is not None, look.kept) for target, reading, look in kept]

    target = make_target("K", kind="keeping")
    kind = probe(Keeping())
    stored(Look("up", kept="x", memory=b"first"), target, at=NOON)
    stored(Look("up", memory=b"second"), target, at=later(1))
    stored(Look("up", memory=b"z" * 9000), target, at=later(2))
    stored(Look("up"), target, at=later(3))
    assert kind.seen[0] == ("up", True, "x")
    assert bytes(ProbeMemory.objects.get(target=target).content) == b"second"


def test_anything_a_probe_measures_can_be_stored(heard):
    target = make_target("T")
    look = Look(
        "down", "c" * 99, took_ms=-5, measures={"a": math.nan, "b": math.inf, "c": "nul\x00l", "d": object(), "e": 1.5},
        trail=[Step("tcp", False, 3, "x" * 2000)],
    )  # fmt: skip
    stored(look, target, at=NOON)
    reading = Reading.objects.get()
    assert reading.measures["a"] is None and reading.measures["b"] is None and reading.measures["e"] == 1.5
    assert reading.measures["c"] == "null" and len(reading.trail[0]["said"]) == 500 and reading.took_ms == 0
    stored(Look("exploded"), target, at=later(1))
    assert Reading.objects.filter(verdict="unknown", cause="look_failed").count() == 1


def test_storable_keeps_what_json_can_hold():
    assert storable({"a": [True, None, 1, "x"], 2: (0.5,)}) == {"a": [True, None, 1, "x"], "2": [0.5]}


def test_another_cause_is_published_but_is_no_change_of_status(heard):
    target = make_target("T")
    for number in range(4):
        stored(down("tcp_timeout" if number < 2 else "tcp_refused"), target, at=later(number * 30))
    assert target.cause == "tcp_refused" and turns(target) == ["down"]
    assert FeedEntry.objects.latest("pk").payload["was"] == "down"


def test_flapping_opens_and_closes_at_most_twice(heard):
    target = make_target("T")
    for number in range(200):
        stored(up() if number // 2 % 2 else down(), target, at=later(number * 30))
    assert turns(target).count("down") <= 3 and target.state == "down"


def test_a_batch_takes_the_same_number_of_statements_whatever_its_size(heard, django_assert_max_num_queries):
    targets = [make_target(f"T{number}") for number in range(150)]
    stored(up(), *targets, at=NOON)
    batch = [Done(target.pk, "", up(), later(30)) for target in targets]
    with django_assert_max_num_queries(160) as counted:
        storing.store(batch, uplink_lost=False, runner="x")
    prepared = [query for query in counted.captured_queries if not query["sql"].startswith("UPDATE")]
    assert len(prepared) <= 6


def test_a_look_outside_the_runner(heard):
    target = make_target("T")
    change = actions.apply(target, up(), NOON)
    assert change.now == "up" and target.state == "up" and actions.apply(target, up(), later(1)) is None


def test_a_status_set_by_hand_is_told_as_any_other(heard):
    target = make_target("T", state="up", state_since=NOON)
    change = actions.record_change(target, "down", cause="black", at=later(-60))
    assert heard == [change] and change.at == NOON and Target.objects.get().state == "down"
    assert FeedEntry.objects.get().payload["cause"] == "black"


def test_unverified_is_counted_as_itself(heard):
    target = make_target("T")
    stored(up(), target, at=NOON)
    for number in range(1, 3):
        stored(unknown(), target, at=NOON + timedelta(seconds=30 * number))
    assert target.state == "unknown" and target.cause == "too_dark" and turns(target) == ["up", "unknown"]
