"""Several incidents become one and come apart again without losing a member."""

import pytest

from satukota.base.errors import AlreadyDone, Missing, UserError
from satukota.shared.incidents import actions
from satukota.shared.incidents.models import Incident

from .make import NIGHT, acts, live, make_city, make_target, minutes, only, turns

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_city()


@pytest.fixture
def three(city):
    for code in ("MB-001", "MB-002", "MB-003"):
        turns(make_target(city, code), "down", "black", at=NIGHT)
    return [incident.number for incident in live()]


def codes(number):
    return {member.target.code for member in Incident.objects.get(number=number).members.select_related("target")}


def join(city, one, other):
    actions.merge(one, other, why="Satu tiang", by=city.who.supervisor, at=NIGHT + minutes(1))


def apart(city, number):
    actions.unmerge(number, by=city.who.supervisor, at=NIGHT + minutes(2))


def test_merging_and_taking_apart_is_a_round_trip(city, three):
    one, two, _three = three
    join(city, one, two)
    assert codes(two) == {"MB-001", "MB-002"} and codes(one) == set() and len(live()) == 2
    with pytest.raises(AlreadyDone, match=two):
        actions.take(one, by=city.who.operator, at=NIGHT)
    apart(city, one)
    assert (codes(one), codes(two)) == ({"MB-001"}, {"MB-002"}) and len(live()) == 3
    assert acts(Incident.objects.get(number=one))[-2:] == ["merged", "unmerged"]
    with pytest.raises(UserError, match="tidak sedang digabung"):
        apart(city, one)


def test_members_of_members_find_their_way_home(city, three):
    one, two, three_ = three
    join(city, one, two)
    join(city, two, three_)
    assert codes(three_) == {"MB-001", "MB-002", "MB-003"}
    apart(city, two)
    assert codes(two) == {"MB-001", "MB-002"} and codes(three_) == {"MB-003"}
    apart(city, one)
    assert (codes(one), codes(two)) == ({"MB-001"}, {"MB-002"})


def test_what_came_back_while_merged_is_back_after_taking_apart(city, three):
    one, two, _ = three
    join(city, one, two)
    turns(Incident.objects.get(number=one).root, "up", at=NIGHT + minutes(5))
    apart(city, one)
    assert Incident.objects.get(number=one).state == "recovered"
    assert Incident.objects.get(number=two).state == "received"


def test_the_keeper_recovers_when_only_the_part_taken_out_was_still_down(city, three):
    one, two, _ = three
    join(city, one, two)
    turns(Incident.objects.get(number=two).root, "up", at=NIGHT + minutes(5))
    assert Incident.objects.get(number=two).state == "received"
    apart(city, one)
    assert Incident.objects.get(number=two).state == "recovered"
    assert Incident.objects.get(number=one).state == "received"


def test_a_merged_camera_down_again_joins_where_its_incident_went(city, three):
    one, two, _ = three
    camera = Incident.objects.get(number=one).root
    join(city, one, two)
    turns(camera, "up", at=NIGHT + minutes(5))
    turns(camera, "down", "black", at=NIGHT + minutes(30))
    assert len(live()) == 2 and codes(two) == {"MB-001", "MB-002"}


def test_what_cannot_be_merged_is_refused_with_a_sentence(city, three):
    one, two, three_ = three
    with pytest.raises(UserError, match="dirinya sendiri"):
        join(city, one, one)
    with pytest.raises(UserError, match="INS-2026-009999 tidak ditemukan"):
        join(city, one, "INS-2026-009999")
    with pytest.raises(Missing):
        actions.merge(one, two, why="x", by=city.who.operator, at=NIGHT)
    join(city, one, two)
    with pytest.raises(AlreadyDone):
        join(city, one, three_)
    with pytest.raises(AlreadyDone):
        join(city, three_, one)


def test_taking_apart_is_refused_when_the_cause_has_a_newer_incident(city, three):
    one, two, _ = three
    camera = Incident.objects.get(number=one).root
    join(city, one, two)
    turns(camera, "degraded", "low_fps", at=NIGHT + minutes(3))  # no longer down: now work of its own
    with pytest.raises(UserError, match="INS-2026-000004"):
        apart(city, one)


def test_an_incident_closed_as_one_is_not_taken_apart(city, three):
    one, two, _ = three
    join(city, one, two)
    for number in (one, two):
        turns(Incident.objects.get(number=number).root, "up", at=NIGHT + minutes(5))
    actions.close(two, cause_text="Listrik padam", by=city.who.operator, at=NIGHT + minutes(6))
    with pytest.raises(UserError, match="sudah ditutup"):
        apart(city, one)
    assert only().number == three[2]
