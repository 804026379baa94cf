"""A due target goes to one runner, comes back when its lease ends, and a late write stores nothing twice."""

import subprocess
import sys

import pytest

from satukota.shared.monitoring import claims, storing
from satukota.shared.monitoring.claims import (
    LONGEST_LEASE,
    Claimer,
    behind_s,
    due_at,
    look_now,
    mend_future,
    release_the_dead,
)
from satukota.shared.monitoring.models import Reading, Target
from satukota.shared.monitoring.storing import Done

from .make import NOON, later, make_target, up

pytestmark = pytest.mark.django_db


def claimed(claimer: Claimer, at=NOON, limit=10, **how) -> list[str]:
    return sorted(target.code for target in claimer.claim(at, limit, lease_s=60, **how))


def test_each_due_target_goes_to_one_runner():
    for number in range(5):
        make_target(f"T{number}")
    one, two = Claimer(), Claimer()
    first, second = claimed(one, limit=3), claimed(two, limit=3)
    assert len(first) == 3 and len(second) == 2 and not set(first) & set(second)
    assert claimed(one) == claimed(two) == []


def test_a_target_taken_between_reading_and_claiming_is_not_taken_twice(monkeypatch):
    make_target("T")
    one, two = Claimer(), Claimer()
    calls = []

    def due_and_then_taken(at):
        calls.append(at)
        if len(calls) == 2:  # one has read the due ids and is about to claim them
            monkeypatch.setattr(claims, "due_at", due_at)
            assert claimed(two) == ["T"]
        return due_at(at)

    monkeypatch.setattr(claims, "due_at", due_and_then_taken)
    assert claimed(one) == [] and len(calls) == 2


def test_what_is_not_due_or_retired_is_left_alone():
    make_target("later", next_due_at=later(1))
    make_target("retired", retired_on=NOON.date())
    make_target("now", next_due_at=NOON)
    assert claimed(Claimer()) == ["now"]


def test_the_longest_overdue_comes_first_and_kinds_can_be_chosen():
    make_target("a", next_due_at=later(-5))
    make_target("b", next_due_at=later(-50))
    make_target("c", kind="camera", next_due_at=later(-500))
    assert claimed(Claimer(), limit=1, but_not=["camera"]) == ["b"]
    assert claimed(Claimer(), kinds=["camera"]) == ["c"]


def test_a_killed_runners_targets_come_back_when_the_lease_ends():
    make_target("T")
    assert claimed(Claimer()) == ["T"]
    assert claimed(Claimer(), later(59)) == []
    assert claimed(Claimer(), later(61)) == ["T"]


def test_what_a_killed_runner_of_this_machine_held_is_given_back_by_the_next():
    for code in ("dead", "mine", "elsewhere"):
        make_target(code)
    script = "from satukota.base.jobs.places import my_name; print(my_name())"
    gone = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    soon = later(600)
    Target.objects.filter(code="dead").update(claimed_by=f"{gone}-1", lease_until=soon)
    Target.objects.filter(code="mine").update(claimed_by=f"{Claimer().prefix}1", lease_until=soon)
    Target.objects.filter(code="elsewhere").update(claimed_by="lain:12345678/4/5/abcdef-1", lease_until=soon)
    assert release_the_dead() == 1
    assert claimed(Claimer()) == ["dead"]


def test_a_runner_that_ends_gives_its_claims_back_but_not_anothers_of_the_same_name():
    make_target("A")
    one, two = Claimer(), Claimer()
    assert claimed(one) == ["A"]
    make_target("B")
    assert claimed(two) == ["B"]
    assert one.release_all() == 1
    assert claimed(two) == ["A"]


def test_a_look_whose_claim_was_lost_is_dropped_and_stores_nothing_twice():
    make_target("T")
    one, two = Claimer(), Claimer()
    [slow] = one.claim(NOON, 1, lease_s=10)
    [fast] = two.claim(later(11), 1, lease_s=10)
    outcome = storing.store([Done(slow.pk, slow.claimed_by, up(), later(12))], uplink_lost=False, runner="one")
    assert (outcome.readings, outcome.dropped) == (0, 1)
    done = Done(fast.pk, fast.claimed_by, up(), later(12))
    assert storing.store([done, done], uplink_lost=False, runner="two").readings == 1
    assert storing.store([done], uplink_lost=False, runner="two").dropped == 1
    assert Reading.objects.count() == 1


def test_clock_backwards_neither_blinds_nor_locks():
    make_target("due", next_due_at=later(7200), interval_s=30)
    make_target("held", next_due_at=NOON, claimed_by="x", lease_until=later(7200 + LONGEST_LEASE.total_seconds()))
    make_target("slow", next_due_at=later(3600), interval_s=86_400)
    assert claimed(Claimer()) == ["held"]
    assert mend_future(NOON) == 1
    assert claimed(Claimer()) == ["due"]


def test_how_late_the_watching_is():
    assert behind_s(NOON) == 0
    make_target("new")
    assert behind_s(NOON) == 0
    late = make_target("late", next_due_at=later(-42))
    assert behind_s(NOON) == 42
    Target.objects.filter(pk=late.pk).update(claimed_by="x", lease_until=later(10))
    assert behind_s(NOON) == 0


def test_look_now():
    target = make_target("T", next_due_at=later(500))
    assert look_now([target.pk, 10**9], NOON) == 1
    target.refresh_from_db()
    assert target.next_due_at == NOON
