"""While our own line is lost, what it hides is unknown on every face; one function decides."""

import pytest

from satukota.city.tests.make import make_city
from satukota.faces.command_centre.tests.test_pages import make_target
from satukota.shared.monitoring import queries
from satukota.shared.monitoring.models import NO_UPLINK, Target, UplinkOutage
from satukota.shared.monitoring.tests.make import NOON

pytestmark = pytest.mark.django_db


def test_in_rows_in_counts_and_on_the_target_itself_alike():
    city = make_city()
    for number, state in enumerate(["up", "down", "degraded", "up"]):
        make_target(city, f"MB-{number:03}", state=state)
    Target.objects.filter(code__in=["MB-000", "MB-001"]).update(pending="unknown", pending_cause=NO_UPLINK)
    rows = Target.objects.annotate(now=queries.state_now(), why=queries.cause_now()).order_by("code")
    assert [row.now for row in rows] == ["unknown", "unknown", "degraded", "up"]
    assert [(row.now, row.why) for row in rows] == [(row.shown_state, row.shown_cause) for row in rows]
    assert queries.counts_by_state(Target.objects.all()) == {"up": 1, "degraded": 1, "down": 0, "unknown": 2}


def test_the_public_page_and_its_data_do_not_claim_what_we_cannot_see(client):
    city = make_city()
    make_target(city, "MB-001", state="up")
    make_target(city, "MB-002", state="up")
    Target.objects.filter(code="MB-001").update(pending="unknown", pending_cause=NO_UPLINK)
    UplinkOutage.objects.create(lost_at=NOON)
    told = client.get("/api/v1/status").json()
    assert (told["working"], told["unknown"], told["not_working"]) == (1, 1, 0)
    assert sum(area["working"] for area in told["per_kelurahan"]) == 1


def test_feeders_count_what_hangs_on_them_once_and_not_what_is_hidden():
    city = make_city()
    link, power = make_target(city, "FO-01"), make_target(city, "GD-01")
    Target.objects.filter(pk=link.pk).update(kind="link")
    Target.objects.filter(pk=power.pk).update(kind="power")
    for number in range(4):
        make_target(city, f"MB-{number:03}", state="down")
    Target.objects.filter(kind="camera").update(link=link, power=power)
    Target.objects.filter(code="MB-000").update(pending="unknown", pending_cause=NO_UPLINK)
    Target.objects.filter(pk=link.pk).update(pending="unknown", pending_cause=NO_UPLINK)
    found = {row.code: row for row in queries.with_hanging(Target.objects.filter(kind__in=("link", "power")))}
    assert (found["FO-01"].hangs, found["FO-01"].hangs_down, found["FO-01"].state_now) == (4, 3, "unknown")
    assert (found["GD-01"].hangs, found["GD-01"].hangs_down) == (4, 3)
