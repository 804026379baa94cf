"""Chores run when they are due, by one runner at a time; one that fails holds up nobody."""

import pytest

from satukota.base.feed.models import FeedEntry
from satukota.shared.monitoring import chores, registry
from satukota.shared.monitoring.models import Chore, HourlyRollup, Reading, StatusChange
from satukota.shared.monitoring.readings import forget_old_readings

from .make import NOON, later, make_target, stored, up

pytestmark = pytest.mark.django_db


@pytest.fixture
def only(monkeypatch):
    """Only the chores of the test."""
    monkeypatch.setattr(chores, "OURS", {})
    monkeypatch.setattr(registry, "_chores", {})


def test_a_chore_is_done_when_due_and_by_one_runner(only):
    done = []

    def sweep(at):
        done.append(at)
        assert not chores.claim(name, "other", at), "nobody else may start while it runs"

    registry.every(10, sweep)
    [name] = registry.chores()
    for second in (0, 3, 9, 10.5, 12):
        chores.run_due("one", later(second))
    assert len(done) == 2 and not Chore.objects.exclude(held_by="").exists()


def test_a_chore_whose_runner_was_killed_starts_again_when_the_lease_ends(only):
    done = []
    registry.every(10, done.append)
    [name] = registry.chores()
    assert chores.claim(name, "killed", NOON)
    chores.run_due("two", later(60))
    assert not done
    chores.run_due("two", NOON + chores.LEASE)
    assert len(done) == 1


def test_a_failing_chore_holds_up_nobody_and_its_problem_is_kept(only):
    done = []

    def broken(_at):
        raise OSError("disk full")

    registry.every(10, broken)
    registry.every(10, done.append)
    chores.run_due("one", NOON)
    assert len(done) == 1 and "disk full" in Chore.objects.exclude(problem="").get().problem
    chores.run_due("one", later(20))
    assert len(done) == 2


def test_a_clock_that_went_backwards_does_not_put_a_chore_off(only):
    done = []
    registry.every(10, done.append)
    chores.run_due("one", later(86_400))
    chores.run_due("one", NOON)
    assert len(done) == 2


def test_the_house_keeps_itself(heard):
    target = make_target("T")
    stored(up(), target, at=later(-3 * 3600))
    assert chores.run_due("one", NOON) == len(chores.all_chores())
    assert HourlyRollup.objects.exists() and not Chore.objects.exclude(problem="").exists()


def test_old_readings_go_and_their_changes_stay(heard, settings, django_assert_max_num_queries):
    settings.READING_DAYS = 14
    target = make_target("T")
    stored(up(), target, at=later(-15 * 86_400))
    Reading.objects.bulk_create(Reading(target=target, at=later(-20 * 86_400 + n), verdict="up") for n in range(4500))
    stored(up(), target, at=later(-13 * 86_400))
    with django_assert_max_num_queries(60):
        assert forget_old_readings(NOON) == 4501
    change = StatusChange.objects.get()
    assert change.reading is None and Reading.objects.count() == 1 and FeedEntry.objects.exists()
    assert forget_old_readings(NOON) == 0
