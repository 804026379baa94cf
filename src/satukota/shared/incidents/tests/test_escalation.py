"""Nobody answers: duty officer → supervisor → head of the OPD, by the clock or by a person."""

import pytest

from satukota.base.errors import UserError
from satukota.rules import severity
from satukota.shared.incidents import actions
from satukota.shared.incidents.models import Entry

from .make import NIGHT, acts, declare, make_city, make_place, make_target, minutes, only, told, turns

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_city()


@pytest.fixture
def camera(city):
    camera = make_target(city, "MB-001", place=make_place(city, stake=4))
    turns(camera, "down", "black", at=NIGHT)
    return camera


def test_an_untaken_critical_incident_climbs_by_the_clock_and_stops_at_the_head(city, camera):
    assert actions.escalate_overdue(NIGHT + minutes(4.9)) == 0
    assert actions.escalate_overdue(NIGHT + minutes(5)) == 1
    assert told("incident_escalated_1") == ["supervisor"]
    assert actions.escalate_overdue(NIGHT + minutes(6)) == 0
    assert actions.escalate_overdue(NIGHT + minutes(10)) == 1
    assert told("incident_escalated_2") == ["head"]
    assert only().escalate_at is None and actions.escalate_overdue(NIGHT + minutes(600)) == 0
    lines = Entry.objects.filter(incident=only(), act="escalated").order_by("pk")
    assert [line.by for line in lines] == [None, None] and "Head Contoh" in lines[1].after


def test_taking_gives_more_time(city, camera):
    actions.take(only().number, by=city.who.operator, at=NIGHT + minutes(2))
    assert actions.escalate_overdue(NIGHT + minutes(20)) == 0
    assert actions.escalate_overdue(NIGHT + minutes(32)) == 1


def test_a_person_escalates_with_a_reason_until_the_top(city, camera):
    number = only().number
    with pytest.raises(UserError, match="masih kosong"):
        actions.escalate(number, why=" ", by=city.who.operator, at=NIGHT)
    for _level in range(severity.TOP_LEVEL):
        actions.escalate(number, why="Tidak ada jawaban.", by=city.who.operator, at=NIGHT)
    with pytest.raises(UserError, match="tertinggi: kepala OPD"):
        actions.escalate(number, why="lagi", by=city.who.operator, at=NIGHT)


def test_recovered_incidents_and_those_under_maintenance_do_not_climb(city, camera):
    window = declare(camera, NIGHT, NIGHT + minutes(60), city.who.supervisor)
    assert actions.escalate_overdue(NIGHT + minutes(30)) == 0
    window.delete()
    turns(camera, "up", at=NIGHT + minutes(31))
    assert actions.escalate_overdue(NIGHT + minutes(61)) == 0


def test_a_level_without_a_person_is_said_on_the_timeline(city, camera):
    city.who.supervisor.is_active = False
    city.who.supervisor.save()
    actions.escalate_overdue(NIGHT + minutes(5))
    assert "tidak ada orang" in Entry.objects.get(incident=only(), act="escalated").after
    assert "escalated" in acts(only())
