"""Incidents per operator and hour against the budget, and what made the noise."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from satukota.base import clock
from satukota.shared.incidents.models import Incident
from satukota.shared.monitoring.models import StatusChange, Target
from satukota.shared.shifts import actions, budget

from .make import NOW, Desk, hours

pytestmark = pytest.mark.django_db
QUERIES_MOST = 8


@pytest.fixture
def desk(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return Desk(weeks=1, alarm_budget=2)


def open_at(desk, moments, **more):
    first = Incident.objects.count()
    for number, at in enumerate(moments, first):
        Incident.objects.create(number=f"INS-2026-{number:06}", title="x", kind="camera", severity=2, state="closed",
                                closed_cause="x", owner=desk.city.diskominfo, opened_at=at, **more)  # fmt: skip


def test_an_hour_is_judged_per_operator(desk):
    open_at(desk, [NOW + timedelta(minutes=n) for n in (0, 10, 59)])
    open_at(desk, [NOW + hours(1)])
    open_at(desk, [NOW + timedelta(minutes=5)], is_work=True)  # a job to plan is no alarm
    load = budget.load_of(desk.supervisor, desk.rota, NOW, NOW + timedelta(minutes=90))
    assert [(hour.opened, hour.operators, hour.per_operator, hour.is_over) for hour in load.hours] == [
        (3, 1, 3.0, True), (1, 1, 1.0, False)]  # fmt: skip
    assert load.over == 1 and load.per_operator_hour == 2.0 and load.worst.start == NOW
    people = [desk.first.person.pk, desk.second.person.pk]
    actions.seat(desk.shifts[0].pk, people=people, why="", by=desk.supervisor, at=NOW)
    assert budget.load_of(desk.supervisor, desk.rota, NOW, NOW + timedelta(minutes=59)).hours[0].per_operator == 1.5


def test_an_empty_desk_is_over_budget_as_soon_as_something_opens(desk):
    long_ago = NOW - timedelta(days=3)
    assert budget.load_of(desk.supervisor, desk.rota, long_ago, long_ago).over == 0
    open_at(desk, [long_ago])
    load = budget.load_of(desk.supervisor, desk.rota, long_ago, long_ago)
    assert load.hours[0].per_operator is None and load.over == 1 and load.per_operator_hour is None


def test_the_noisiest_are_named_by_their_root_cause(desk):
    opd = desk.city.diskominfo
    link = Target.objects.create(kind="link", code="FO-01", name="Ruas", owner=opd)
    cameras = [
        Target.objects.create(kind="camera", code=f"MB-{n:03}", name="x", owner=opd, link=link) for n in range(12)
    ]
    for camera in cameras[:3]:
        StatusChange.objects.create(target=camera, at=NOW, was="up", now="down", root=link)
    for camera in cameras:
        StatusChange.objects.create(target=camera, at=NOW, was="up", now="degraded")
    StatusChange.objects.create(target=cameras[0], at=NOW, was="down", now="up")
    StatusChange.objects.create(target=cameras[1], at=NOW, was="up", now="down", in_maintenance=True)
    open_at(desk, [NOW], root=link)
    worst = budget.bad_actors(desk.supervisor, NOW - hours(1), NOW + hours(1))
    assert len(worst) == budget.TOP
    assert (worst[0].target, worst[0].changes, worst[0].incidents, worst[0].share) == (link, 3, 1, 0.2)
    assert budget.load_of(desk.supervisor, desk.rota, NOW, NOW).hours[0].shown == 15


def test_a_month_costs_as_many_queries_as_an_hour(desk):
    open_at(desk, [NOW - timedelta(hours=n) for n in range(50)])
    with CaptureQueriesContext(
        connection,
    ) as asked:
        load = budget.load_of(desk.supervisor, desk.rota, NOW - timedelta(days=budget.DAYS_MOST), NOW)
    assert len(asked) <= QUERIES_MOST and len(load.hours) == budget.DAYS_MOST * 24 + 1
