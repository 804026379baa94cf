"""A street goes dark at once: one transaction, one incident, and work that does not grow with its cameras."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from satukota.base.feed.models import FeedEntry
from satukota.shared.incidents.models import Entry, Member
from satukota.shared.monitoring import storing
from satukota.shared.monitoring.models import StatusChange, Target
from satukota.shared.monitoring.registry import Look
from satukota.shared.monitoring.storing import Done

from . import make

pytestmark = pytest.mark.django_db


def looked(targets, verdict, at, times=2):
    """Looks of one batch until the status turns; the statements of the last batch."""
    for n in range(times):
        look = Look(verdict, "" if verdict == "up" else "tcp_timeout", unreachable=verdict == "down")
        batch = [Done(target.pk, "", look, at + timedelta(seconds=5 * n)) for target in targets]
        with CaptureQueriesContext(connection) as asked:
            outcome = storing.store(batch, uplink_lost=False, runner="test")
    assert len(outcome.changes) == len(targets)
    return len(asked)


def dark_and_back(cameras):
    """Statements for a link and its cameras to go, and to come back."""
    city = make.make_city()
    link, behind = make.make_street(city, cameras)
    Target.objects.filter(pk__in=[camera.pk for camera in behind[::2]]).update(owner=city.dishub)
    street = [*behind[: cameras // 2], link, *behind[cameras // 2 :]]
    Target.objects.update(state_since=make.NIGHT - timedelta(days=1), watched_from=make.NIGHT - timedelta(days=1))
    went = looked(street, "down", make.NIGHT)
    incident = make.only()
    assert incident.root == link
    assert Member.objects.filter(incident=incident, recovered_at=None).count() == cameras + 1
    assert Entry.objects.filter(incident=incident, act="member_joined").count() == cameras + 1
    assert StatusChange.objects.filter(now="down", root=link).count() == cameras
    assert FeedEntry.objects.filter(topic="status_changed", payload__state="down").count() == cameras + 1
    assert "dishub" in make.told("incident_opened", incident)
    came = looked(street, "up", make.NIGHT + timedelta(hours=1))
    incident.refresh_from_db()
    assert incident.state == "recovered" and not incident.members.filter(recovered_at=None).exists()
    assert set(make.told("incident_opened")) == set(make.told("incident_recovered"))
    return went, came


def test_a_link_with_sixty_cameras_costs_a_fixed_number_of_statements():
    went, came = dark_and_back(60)
    assert went <= 80 and came <= 60


def test_two_streets_and_a_camera_of_its_own_become_three_incidents_in_one_batch():
    city = make.make_city()
    one, few = make.make_street(city, 3)
    other = make.make_target(city, "FO-08", kind="link")
    more = [make.make_target(city, f"MB-1{n:02d}", link=other) for n in range(3)]
    alone = make.make_target(city, "MB-200")
    Target.objects.update(state_since=make.NIGHT - timedelta(days=1), watched_from=make.NIGHT - timedelta(days=1))
    mixed = [few[0], alone, more[0], one, more[1], few[1], other, few[2], more[2]]
    looked(mixed, "down", make.NIGHT)
    assert {incident.root.code: incident.members.count() for incident in make.live()} == {
        "FO-07": 4, "FO-08": 4, "MB-200": 1,
    }  # fmt: skip


def test_cameras_that_fall_again_are_down_again_in_the_incident_they_were_in():
    city = make.make_city()
    link, behind = make.make_street(city, 4)
    Target.objects.update(state_since=make.NIGHT - timedelta(days=1), watched_from=make.NIGHT - timedelta(days=1))
    looked([link, *behind], "down", make.NIGHT)
    looked(behind, "up", make.NIGHT + timedelta(minutes=5))
    looked(behind, "down", make.NIGHT + timedelta(minutes=50))
    incident = make.only()
    assert incident.root == link and incident.members.filter(recovered_at=None).count() == 5
    assert make.acts(incident).count("member_down_again") == 4
