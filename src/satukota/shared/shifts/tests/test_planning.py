"""Weeks ahead from the pattern, leave, and who may."""

from datetime import date, timedelta

import pytest

from satukota.base import clock
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import Missing, NotAllowed, UserError
from satukota.shared.shifts import actions, queries
from satukota.shared.shifts.models import Shift

from .make import NOW, Desk, add_rota, hours, names

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


def test_two_weeks_of_two_shifts_a_day_without_a_gap():
    desk = Desk()
    shifts = desk.shifts
    assert len(shifts) == 28
    assert clock.local(shifts[0].starts_at).hour == 8 and shifts[0].starts_at <= NOW < shifts[0].ends_at
    assert all(a.ends_at == b.starts_at for a, b in zip(shifts, shifts[1:], strict=False))
    assert [names(row) for row in shifts[:4]] == [["sari"], ["yusuf"], ["ani"], ["sari"]]
    assert {row.supervisor for row in shifts} == {desk.supervisor.person}
    assert not any(row.warnings for row in queries.upcoming(desk.supervisor, NOW))


def test_planning_again_adds_only_what_is_new():
    desk = Desk()
    assert actions.plan_ahead(desk.rota.pk, weeks=2, by=desk.supervisor, at=NOW) == 0
    assert actions.plan_ahead(desk.rota.pk, weeks=3, by=desk.supervisor, at=NOW) == 14
    assert Shift.objects.count() == 42
    later = NOW + timedelta(days=60)  # nobody planned for a while: it goes on from the shift that runs
    assert actions.plan_ahead(desk.rota.pk, weeks=1, by=desk.supervisor, at=later) in (13, 14)


def test_three_shifts_of_eight_hours_begin_at_midnight():
    desk = Desk(weeks=1, pattern="three_8")
    assert [clock.local(row.starts_at).hour for row in desk.shifts[:3]] == [8, 16, 0]


def test_who_is_on_leave_is_not_planned_and_marked_where_planned_before():
    desk = Desk(weeks=1)
    actions.note_leave(person_id=desk.first.person.pk, from_on=date(2026, 11, 23), to_on=date(2026, 12, 6),
                       reason="Cuti tahunan", by=desk.supervisor, at=NOW)  # fmt: skip
    actions.plan_ahead(desk.rota.pk, weeks=2, by=desk.supervisor, at=NOW)
    second_week = [row for row in desk.shifts if row.starts_at > NOW + timedelta(days=8)]
    assert second_week and not any("sari" in names(row) for row in second_week)
    marked = [row for row in queries.upcoming(desk.supervisor, NOW, days=7) if "sedang cuti" in " ".join(row.warnings)]
    assert marked


def test_too_short_a_rest_and_too_few_people_are_told_not_forbidden():
    desk = Desk()
    day, night = desk.shifts[:2]
    actions.seat(night.pk, people=[desk.first.person.pk], why="Pengganti", by=desk.supervisor, at=NOW)
    told = {row.pk: row.warnings for row in queries.upcoming(desk.supervisor, NOW)}
    assert "hanya beristirahat 0 detik" in told[night.pk][0]
    with pytest.raises(UserError):
        actions.seat(night.pk, people=[], why="", by=desk.supervisor, at=NOW)
    with pytest.raises(Missing):
        actions.seat(night.pk, people=[desk.stranger.person.pk], why="", by=desk.supervisor, at=NOW)
    with pytest.raises(UserError):
        actions.seat(day.pk, people=[desk.first.person.pk], why="", by=desk.supervisor, at=day.ends_at)


@pytest.mark.parametrize("wrong", [
    {"per_shift": 4}, {"per_shift": 0}, {"alarm_budget": 0}, {"alarm_budget": float("nan")}, {"pattern": "lain"},
    {"name": "Meja komando"},
])  # fmt: skip
def test_a_rota_that_makes_no_sense_is_refused(wrong):
    desk = Desk(weeks=0)
    with pytest.raises(UserError):
        add_rota(desk, **({"name": "Lain"} | wrong))


@pytest.mark.parametrize("weeks", [0, -1, 14, 10_000])
def test_planning_reaches_a_quarter_of_a_year(weeks):
    desk = Desk(weeks=0)
    with pytest.raises(UserError):
        actions.plan_ahead(desk.rota.pk, weeks=weeks, by=desk.supervisor, at=NOW)


def test_an_operator_plans_nothing():
    desk = Desk(weeks=0)
    for act in (
        lambda: actions.plan_ahead(desk.rota.pk, weeks=1, by=desk.first, at=NOW),
        lambda: actions.note_leave(person_id=desk.first.person.pk, from_on=date(2026, 12, 1), to_on=date(2026, 12, 2),
                                   reason="x", by=desk.first, at=NOW),
        lambda: actions.edit_rota(desk.rota.pk, name="x", pattern="two_12", per_shift=1, alarm_budget=1,
                                  operators=[desk.first.person.pk], supervisors=[], by=desk.first, at=NOW),
    ):  # fmt: skip
        with pytest.raises((Missing, NotAllowed)):
            act()
    assert not Shift.objects.exists()


def test_changing_the_rota_is_written_down_and_keeps_what_is_planned():
    desk = Desk(weeks=1)
    before = desk.shifts
    actions.edit_rota(desk.rota.pk, name="Meja", pattern="two_12", per_shift=2, alarm_budget=4,
                      operators=[desk.first.person.pk, desk.second.person.pk], supervisors=[], by=desk.supervisor,
                      at=NOW)  # fmt: skip
    assert desk.shifts == before
    entry = AuditEntry.objects.get(act="shifts.rota_edited")
    assert entry.before["per_shift"] == 1 and entry.after["per_shift"] == 2


def test_who_sits_now():
    desk = Desk()
    assert [person.user.username for person in queries.on_duty(desk.supervisor, NOW)] == ["sari"]
    assert [person.user.username for person in queries.on_duty(desk.supervisor, NOW + hours(9))] == ["yusuf"]
