"""What fails becomes one incident in front of an operator, and only what fails."""

import pytest

from satukota.base.audit.actions import first_broken
from satukota.base.audit.models import AuditEntry
from satukota.base.feed.models import FeedEntry
from satukota.shared.incidents.actions import take
from satukota.shared.incidents.from_status import catch_up, follow
from satukota.shared.incidents.models import Incident

from .make import NIGHT, acts, changed, declare, live, make_city, make_place, make_street, make_target, minutes, only

from .make import told, turns  # isort: skip

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_city()


def test_a_black_camera_is_one_incident_assigned_and_told(city):
    camera = make_target(city, "MB-001", place=make_place(city))
    turns(camera, "down", "black", at=NIGHT)
    incident = only()
    assert incident.number == "INS-2026-000001"
    assert "MB-001" in incident.title and "tidak berfungsi" in incident.title
    assert (incident.state, incident.severity, incident.is_work) == ("received", Incident.Severity.NORMAL, False)
    assert incident.assigned_to == city.persons.engineer and incident.escalate_at == NIGHT + minutes(60)
    assert [member.target.code for member in incident.members.all()] == ["MB-001"]
    assert told("incident_opened") == ["engineer", "operator", "second", "supervisor"]
    assert AuditEntry.objects.filter(act="incidents.opened", on_id=str(incident.pk)).exists() and first_broken() is None
    entry = FeedEntry.objects.get(topic="incident_changed")
    assert entry.payload["members"] == 1 and entry.payload["act"] == "opened" and entry.opd_id == city.diskominfo.pk


def test_fourteen_cameras_behind_one_link_are_one_incident_that_names_the_link(city):
    link, cameras = make_street(city)
    turns(link, "down", "tcp_timeout", at=NIGHT)
    for camera in cameras:
        turns(camera, "down", "tcp_timeout", at=NIGHT, root=link)
    incident = only()
    assert incident.root == link and "FO-07" in incident.title and "14 perangkat" in incident.title
    assert incident.severity == Incident.Severity.CRITICAL and "14 perangkat" in incident.severity_reason
    assert incident.members.count() == 15
    assert told("incident_opened").count("operator") == 1


def test_children_noticed_before_their_link_end_in_one_incident(city):
    link, cameras = make_street(city)
    for second, camera in enumerate(cameras[:3]):
        turns(camera, "down", "tcp_timeout", at=NIGHT + minutes(second / 60))
    assert len(live()) == 3
    earliest = live()[0]
    turns(link, "down", "tcp_timeout", at=NIGHT + minutes(1))
    for camera in cameras[3:]:
        turns(camera, "down", "tcp_timeout", at=NIGHT + minutes(1), root=link)
    incident = only()
    assert incident == earliest and incident.root == link and incident.kind == "link"
    assert incident.members.count() == 15
    folded = Incident.objects.filter(merged_into=incident)
    assert folded.count() == 2 and all("merged" in acts(each) for each in folded)
    assert acts(incident).count("merged_in") == 2 and "regrouped" in acts(incident)


def test_the_first_child_that_knows_its_link_gathers_the_others(city):
    link, cameras = make_street(city, 3)
    turns(cameras[0], "down", "tcp_timeout", at=NIGHT)
    turns(cameras[1], "down", "tcp_timeout", at=NIGHT + minutes(1), root=link)
    incident = only()
    assert incident.root == link and {m.target.code for m in incident.members.all()} == {"MB-001", "MB-002"}


@pytest.mark.parametrize("stutters_first", [True, False])
def test_pictures_that_stuttered_while_their_link_died_are_no_incident_of_their_own(city, stutters_first):
    link, cameras = make_street(city, 3)
    stuttered = [(cameras[0], "degraded", "low_fps"), (link, "down", "tcp_timeout")]
    for step, (target, now, cause) in enumerate(stuttered if stutters_first else stuttered[::-1]):
        turns(target, now, cause, at=NIGHT + minutes(step / 6))
    for camera in cameras:
        turns(camera, "down", "tcp_timeout", at=NIGHT + minutes(1), root=link)
    assert only().root == link and only().members.filter(recovered_at=None).count() == 4


def test_work_somebody_took_stays_with_them_when_the_link_dies(city):
    link, cameras = make_street(city, 2)
    turns(cameras[0], "degraded", "low_fps", at=NIGHT)
    take(live()[0].number, by=city.who.operator, at=NIGHT + minutes(0.1))
    turns(link, "down", "tcp_timeout", at=NIGHT + minutes(1))
    assert {incident.root.code for incident in live()} == {"MB-001", "FO-07"}


def test_a_child_that_died_long_before_its_link_stays_its_own_incident(city):
    link, cameras = make_street(city, 2)
    turns(cameras[0], "down", "black", at=NIGHT - minutes(6))
    turns(link, "down", "tcp_timeout", at=NIGHT)
    assert {incident.root.code for incident in live()} == {"MB-001", "FO-07"}


def test_power_takes_links_and_cameras_with_it(city):
    power = make_target(city, "GD-03", kind="power")
    link, cameras = make_street(city, 2)
    link.power = power
    link.save()
    turns(link, "down", "tcp_timeout", at=NIGHT)
    turns(cameras[0], "down", "tcp_timeout", at=NIGHT, root=link)
    turns(power, "down", "no_power", at=NIGHT + minutes(1))
    assert only().root == power
    assert {m.target.code for m in only().members.all()} == {"GD-03", "FO-07", "MB-001"}


@pytest.mark.parametrize(("stake", "severity"), [(1, 2), (2, 2), (3, 3), (4, 4)])
def test_what_is_at_stake_at_the_place_decides(city, stake, severity):
    camera = make_target(city, "MB-001", place=make_place(city, "Pelabuhan Contoh", stake))
    turns(camera, "down", "black", at=NIGHT)
    assert only().severity == severity
    assert stake < 3 or "Pelabuhan Contoh" in only().severity_reason


def test_a_vital_place_behind_a_link_makes_the_link_critical(city):
    link, cameras = make_street(city, 2)
    cameras[1].place = make_place(city, "Rumah sakit contoh", 4)
    cameras[1].save()
    turns(link, "down", "tcp_timeout", at=NIGHT)
    assert only().severity == Incident.Severity.CRITICAL and "Rumah sakit contoh" in only().severity_reason


def test_blur_is_work_and_told_only_to_the_officer_on_duty(city):
    camera = make_target(city, "MB-001", place=make_place(city))
    turns(camera, "degraded", "low_fps", at=NIGHT)
    incident = only()
    assert incident.is_work and incident.severity == Incident.Severity.LOW and "kurang baik" in incident.title
    assert told("incident_opened") == ["engineer"]


def test_work_that_turns_black_becomes_an_alarm_in_the_same_incident(city):
    camera = make_target(city, "MB-001")
    turns(camera, "degraded", "low_fps", at=NIGHT)
    turns(camera, "down", "black", at=NIGHT + minutes(3))
    incident = only()
    assert not incident.is_work and incident.severity == Incident.Severity.NORMAL and incident.cause == "black"
    assert told("incident_worsened") == ["engineer", "operator", "second", "supervisor"]
    turns(camera, "up", at=NIGHT + minutes(9))
    assert told("incident_recovered") == ["engineer", "operator", "second", "supervisor"]


def test_unknown_opens_nothing_and_closes_nothing(city):
    camera = make_target(city, "MB-001")
    turns(camera, "unknown", "no_uplink", at=NIGHT)
    assert live() == []
    turns(camera, "down", "black", at=NIGHT + minutes(1))
    turns(camera, "unknown", "no_uplink", at=NIGHT + minutes(2))
    assert only().state == "received" and only().members.get().recovered_at is None
    turns(camera, "down", "black", at=NIGHT + minutes(3))
    assert only().members.count() == 1


def test_the_same_change_twice_changes_nothing(city):
    camera = make_target(city, "MB-001")
    change = turns(camera, "down", "black", at=NIGHT)
    before = acts(only())
    follow([change])
    assert acts(only()) == before and told("incident_opened").count("operator") == 1


def test_nothing_is_opened_under_maintenance_but_what_is_left_down_afterwards_is(city):
    link, cameras = make_street(city, 2)
    declare(link, NIGHT, NIGHT + minutes(60), city.who.supervisor)
    for camera in cameras:
        declare(camera, NIGHT, NIGHT + minutes(60), city.who.supervisor)
    turns(link, "down", "tcp_timeout", at=NIGHT + minutes(5), maintenance=True)
    for camera in cameras:
        turns(camera, "down", "tcp_timeout", at=NIGHT + minutes(5), root=link, maintenance=True)
    catch_up(NIGHT + minutes(30))
    assert live() == []
    turns(cameras[0], "up", at=NIGHT + minutes(50), maintenance=True)
    turns(link, "up", at=NIGHT + minutes(50), maintenance=True)
    catch_up(NIGHT + minutes(61))
    incident = only()
    assert incident.root == cameras[1]  # the link is back: what is still down is down by itself
    assert incident.members.get().down_at == NIGHT + minutes(5)
    catch_up(NIGHT + minutes(62))
    assert len(live()) == 1


def test_a_link_left_down_after_maintenance_is_one_incident(city):
    link, cameras = make_street(city, 5)
    for target in (link, *cameras):
        turns(target, "down", "tcp_timeout", at=NIGHT, root=None if target == link else link, maintenance=True)
    catch_up(NIGHT + minutes(61))
    assert only().root == link and only().members.count() == 6


def test_recovery_during_maintenance_counts_and_is_told(city):
    camera = make_target(city, "MB-001")
    turns(camera, "down", "black", at=NIGHT)
    incident = only()
    declare(camera, NIGHT + minutes(1), NIGHT + minutes(60), city.who.supervisor)
    turns(camera, "up", at=NIGHT + minutes(5), maintenance=True)
    incident.refresh_from_db()
    assert incident.state == "recovered"
    assert told("incident_recovered", incident) == told("incident_opened", incident)


def test_a_clock_that_goes_backwards_makes_no_negative_outage(city):
    camera = make_target(city, "MB-001")
    turns(camera, "down", "black", at=NIGHT)
    incident = only()
    turns(camera, "up", at=NIGHT - minutes(10))
    assert incident.members.get().recovered_at == NIGHT


def test_numbers_start_anew_each_local_year(city):
    first, second = make_target(city, "MB-001"), make_target(city, "MB-002")
    turns(first, "down", "black", at=NIGHT)
    turns(second, "down", "black", at=NIGHT.replace(month=12, day=31, hour=17))  # 01.00 WITA on 1 January
    assert [incident.number for incident in live()] == ["INS-2026-000001", "INS-2027-000001"]


def test_a_retired_camera_does_not_hold_its_incident_open(city):
    camera = make_target(city, "MB-001")
    turns(camera, "down", "black", at=NIGHT)
    incident = only()
    camera.retired_on = NIGHT.date()
    camera.save()
    catch_up(NIGHT + minutes(10))
    incident.refresh_from_db()
    assert incident.state == "recovered"


def test_the_officer_of_another_opd_hears_that_their_camera_is_dark(city):
    link, cameras = make_street(city, 2)
    cameras[0].owner = city.dishub
    cameras[0].save()
    turns(link, "down", "tcp_timeout", at=NIGHT)
    turns(cameras[0], "down", "tcp_timeout", at=NIGHT, root=link)
    incident = only()
    assert "dishub" in told("incident_opened", incident)
    turns(cameras[0], "up", at=NIGHT + minutes(1))
    turns(link, "up", at=NIGHT + minutes(1))
    assert "dishub" in told("incident_recovered", incident)


def test_a_camera_blurred_before_its_link_died_is_blurred_again_afterwards(city):
    link, (camera, _other) = make_street(city, 2)
    turns(camera, "degraded", "low_fps", at=NIGHT)
    work = only()
    turns(link, "down", "tcp_timeout", at=NIGHT + minutes(60))
    turns(camera, "down", "tcp_timeout", at=NIGHT + minutes(60), root=link)
    assert len(live()) == 2
    turns(link, "up", at=NIGHT + minutes(70))
    turns(camera, "degraded", "low_fps", at=NIGHT + minutes(70))
    assert live() == [work]
    assert Incident.objects.get(root=link).state == "recovered"


def test_a_change_never_announced_is_caught_up(city):
    camera = make_target(city, "MB-001")
    changed(camera, "down", "black", at=NIGHT)
    catch_up(NIGHT + minutes(1))
    assert only().root == camera
    changed(camera, "up", at=NIGHT + minutes(2))
    incident = only()
    catch_up(NIGHT + minutes(3))
    incident.refresh_from_db()
    assert incident.state == "recovered"
