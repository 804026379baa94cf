"""Recovery is seen per camera and told to everyone who was told of the failure."""

import pytest

from satukota.base.messages.models import Message
from satukota.shared.incidents import actions
from satukota.shared.incidents.models import Incident

from .make import NIGHT, acts, live, make_city, make_street, make_target, minutes, only, told, turns

pytestmark = pytest.mark.django_db

FAILURE = ("incident_opened", "incident_assigned", "incident_escalated_1", "incident_escalated_2")


@pytest.fixture
def city():
    return make_city()


def test_an_incident_recovers_when_its_last_camera_is_back(city):
    link, cameras = make_street(city, 3)
    turns(link, "down", "tcp_timeout", at=NIGHT)
    for camera in cameras:
        turns(camera, "down", "tcp_timeout", at=NIGHT, root=link)
    incident = only()
    turns(link, "up", at=NIGHT + minutes(10))
    for camera in cameras[:2]:
        turns(camera, "up", at=NIGHT + minutes(11))
    incident.refresh_from_db()
    assert incident.state == "received" and "1 dari 3 perangkat masih mati" in incident.title
    assert told("incident_recovered") == []
    turns(cameras[2], "up", at=NIGHT + minutes(40))
    incident.refresh_from_db()
    assert (incident.state, incident.recovered_at) == ("recovered", NIGHT + minutes(40))
    assert incident.members.get(target=cameras[0]).recovered_at == NIGHT + minutes(11)
    assert told("incident_recovered") == told("incident_opened")


def test_everyone_told_of_the_failure_is_told_of_the_recovery_whatever_happened_between(city):
    one, other = make_target(city, "MB-001", owner=city.dishub), make_target(city, "MB-002")
    turns(one, "down", "black", at=NIGHT)
    turns(other, "down", "black", at=NIGHT)
    first, second = live()
    actions.assign(second.number, person_id=city.persons.second.pk, by=city.who.supervisor, at=NIGHT)
    actions.escalate(second.number, why="Tidak ada jawaban", by=city.who.operator, at=NIGHT)
    actions.escalate(second.number, why="Masih tidak ada", by=city.who.operator, at=NIGHT)
    actions.merge(first.number, second.number, why="Satu tiang", by=city.who.supervisor, at=NIGHT)
    turns(one, "up", at=NIGHT + minutes(5))
    assert told("incident_recovered") == []
    turns(other, "up", at=NIGHT + minutes(6))
    of_failure = set(Message.objects.filter(kind__in=FAILURE).values_list("recipient__username", flat=True))
    assert {"dishub", "head", "second"} <= of_failure
    assert set(told("incident_recovered", second)) == of_failure
    assert len(told("incident_recovered")) == len(of_failure), "one message a person"


def test_people_told_under_the_merged_number_hear_of_the_recovery_after_unmerging(city):
    one, other = make_target(city, "MB-001", owner=city.dishub), make_target(city, "MB-002")
    turns(one, "down", "black", at=NIGHT)
    turns(other, "down", "black", at=NIGHT)
    first, second = live()
    actions.merge(first.number, second.number, why="Satu tiang", by=city.who.supervisor, at=NIGHT)
    actions.escalate(second.number, why="x", by=city.who.operator, at=NIGHT)
    actions.escalate(second.number, why="x", by=city.who.operator, at=NIGHT)
    actions.unmerge(first.number, by=city.who.supervisor, at=NIGHT)
    turns(one, "up", at=NIGHT + minutes(5))
    assert {"dishub", "head", "operator"} <= set(told("incident_recovered", first))


def test_a_child_folded_into_its_link_recovers_with_the_link_for_its_own_people_too(city):
    link, cameras = make_street(city, 2)
    cameras[1].owner = city.dishub
    cameras[1].save()
    turns(cameras[0], "down", "tcp_timeout", at=NIGHT)
    turns(cameras[1], "down", "tcp_timeout", at=NIGHT)
    turns(link, "down", "tcp_timeout", at=NIGHT + minutes(1))
    incident = only()
    for target in (link, *cameras):
        turns(target, "up", at=NIGHT + minutes(5))
    assert live() == [] and "dishub" in told("incident_recovered", incident)


def test_down_again_while_open_is_the_same_member(city):
    link, cameras = make_street(city, 2)
    turns(link, "down", "tcp_timeout", at=NIGHT)
    for camera in cameras:
        turns(camera, "down", "tcp_timeout", at=NIGHT, root=link)
    incident = only()
    turns(cameras[0], "up", at=NIGHT + minutes(2))
    turns(cameras[0], "down", "tcp_timeout", at=NIGHT + minutes(20))
    assert only() == incident and incident.members.filter(target=cameras[0], recovered_at=None).count() == 1
    assert "member_down_again" in acts(incident)


def test_a_flap_within_ten_minutes_reopens_and_tells_afresh(city):
    camera = make_target(city, "MB-001")
    turns(camera, "down", "black", at=NIGHT)
    incident = only()
    turns(camera, "up", at=NIGHT + minutes(5))
    turns(camera, "down", "black", at=NIGHT + minutes(14))
    again = only()
    assert again == incident and again.episode == 2 and again.recovered_at is None
    assert told("incident_opened").count("operator") == 2
    turns(camera, "up", at=NIGHT + minutes(16))
    assert told("incident_recovered").count("operator") == 2


def test_a_failure_later_than_a_flap_is_a_new_incident(city):
    camera = make_target(city, "MB-001")
    turns(camera, "down", "black", at=NIGHT)
    turns(camera, "up", at=NIGHT + minutes(5))
    turns(camera, "down", "black", at=NIGHT + minutes(16))
    assert only().number == "INS-2026-000002"
    assert Incident.objects.get(number="INS-2026-000001").state == "recovered"


def test_a_closed_incident_stays_closed_when_the_camera_flaps(city):
    camera = make_target(city, "MB-001")
    turns(camera, "down", "black", at=NIGHT)
    number = only().number
    turns(camera, "up", at=NIGHT + minutes(1))
    actions.close(number, cause_text="Listrik padam", by=city.who.operator, at=NIGHT + minutes(2))
    turns(camera, "down", "black", at=NIGHT + minutes(3))
    assert only().number == "INS-2026-000002"
