"""What a killed runner had in hand comes back; what kills its runners ends; a clock that jumps changes neither."""

from datetime import timedelta

import pytest
from django.db import connection
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from satukota.base import clock
from satukota.base.errors import AlreadyDone, Missing
from satukota.base.jobs import leases, places, queries
from satukota.base.jobs.models import JobRunner
from satukota.base.jobs.worker import JobWorker

from . import poison

pytestmark = pytest.mark.django_db
ELSEWHERE = "host-lain:00000000:1/77/123/abc"


@pytest.fixture
def monotonic(monkeypatch):
    """A clock of our own that only goes when told to."""
    now = [1000.0]
    monkeypatch.setattr(leases.time, "monotonic", lambda: now[0])

    def forward(seconds):
        now[0] += seconds

    return forward


def held_by(*names, path="/dev/null"):
    """A job under way, its last holder the last of `names`."""
    job = poison.good.enqueue(path)
    DBTaskResult.objects.filter(pk=job.id).update(
        status=TaskResultStatus.RUNNING, worker_ids=list(names), started_at=clock.now()
    )
    return DBTaskResult.objects.get(pk=job.id)


def status(job):
    return DBTaskResult.objects.get(pk=job.pk).status


def test_a_job_comes_back_when_its_runner_is_silent_for_the_length_of_the_lease(monotonic):
    job, watch = held_by(ELSEWHERE), leases.Watch()
    leases.beat(ELSEWHERE, "x", clock.now())
    assert watch.bring_back(clock.now()) == 0
    monotonic(leases.LEASE_S - 1)
    leases.beat(ELSEWHERE, "x", clock.now())
    assert watch.bring_back(clock.now()) == 0
    monotonic(leases.LEASE_S - 1)
    assert watch.bring_back(clock.now()) == 0
    monotonic(1)
    assert watch.bring_back(clock.now()) == 1 and status(job) == TaskResultStatus.READY
    assert watch.bring_back(clock.now()) == 0


@pytest.mark.parametrize("jump", [timedelta(days=400), timedelta(days=-400)])
def test_a_clock_that_jumps_neither_ends_a_lease_nor_makes_one_last(monotonic, monkeypatch, jump):
    job, watch = held_by(ELSEWHERE), leases.Watch()
    leases.beat(ELSEWHERE, "x", clock.now())
    watch.bring_back(clock.now())
    real = clock.now()
    monkeypatch.setattr(clock, "now", lambda: real + jump)
    assert watch.bring_back(clock.now()) == 0 and status(job) == TaskResultStatus.RUNNING
    monotonic(leases.LEASE_S)
    assert watch.bring_back(clock.now()) == 1


def test_a_runner_of_this_machine_that_is_no_more_is_not_waited_for():
    mine = places.my_name()
    host, pid, started, chance = mine.split("/")
    job = held_by("/".join([host, pid, str(int(started) - 1), chance]))  # our process id, another process
    assert not places.is_surely_gone(mine) and not places.is_surely_gone(ELSEWHERE)
    assert leases.Watch().bring_back(clock.now()) == 1 and status(job) == TaskResultStatus.READY


def test_a_runner_that_never_said_a_word_is_waited_for_and_then_given_up(monotonic):
    job, watch = held_by(ELSEWHERE), leases.Watch()
    watch.bring_back(clock.now())
    monotonic(leases.LEASE_S)
    assert watch.bring_back(clock.now()) == 1 and status(job) == TaskResultStatus.READY


def test_a_job_that_was_claimed_anew_meanwhile_is_left_alone(monotonic):
    job = held_by(ELSEWHERE)
    assert leases._let_go(job.pk, 1, job.started_at - timedelta(seconds=1), clock.now()) == 0
    assert status(job) == TaskResultStatus.RUNNING


def test_a_job_whose_runners_die_every_time_ends_with_a_sentence_and_can_be_run_again(monotonic):
    job, watch = held_by(*[ELSEWHERE] * leases.MOST_ATTEMPTS), leases.Watch()
    watch.bring_back(clock.now())
    monotonic(leases.LEASE_S)
    watch.bring_back(clock.now())
    [shown] = queries.failed()
    assert shown.name == "good" and "mati 5 kali" in shown.sentence and queries.standing(clock.now()).failed == 1
    queries.run_again(job.pk, clock.now())
    assert status(job) == TaskResultStatus.READY and queries.failed() == []
    with pytest.raises(AlreadyDone):
        queries.run_again(job.pk, clock.now())
    with pytest.raises(Missing):
        queries.run_again("00000000-0000-0000-0000-000000000000", clock.now())


@pytest.fixture
def kept_connection(monkeypatch):
    """The worker closes its connection after each job; here it is the test's own, in the middle of a transaction."""
    monkeypatch.setattr(connection, "close", lambda: None)


def run_all_that_waits():
    DBTaskResult.objects.filter(status=TaskResultStatus.READY).update(run_after=clock.now())
    JobWorker(batch=True).run()


def test_a_job_that_fails_is_tried_again_and_ends(tmp_path, kept_connection):
    mark = tmp_path / "marks"
    poison.failing.enqueue(str(mark))
    for _turn in range(leases.MOST_ATTEMPTS + 2):
        run_all_that_waits()
    assert mark.read_text() == "x" * leases.MOST_ATTEMPTS
    [shown] = queries.failed()
    assert "ValueError" in shown.sentence and shown.tries == leases.MOST_ATTEMPTS


def test_a_job_that_ends_with_a_sentence_for_a_person_is_not_tried_again(tmp_path, kept_connection):
    mark = tmp_path / "marks"
    poison.refused.enqueue(str(mark))
    for _turn in range(3):
        run_all_that_waits()
    assert mark.read_text() == "x" and len(queries.failed()) == 1


def test_runners_nobody_has_heard_of_for_a_day_are_forgotten():
    leases.beat("lama", "", clock.now() - timedelta(days=2))
    leases.beat("baru", "", clock.now())
    leases.forget_dead(clock.now())
    assert list(JobRunner.objects.values_list("pk", flat=True)) == ["baru"]
