"""A link or power supply in the register is watched as the register says."""

import pytest

from satukota.city import actions as registers
from satukota.city.models import Feeder
from satukota.shared.monitoring import feeders
from satukota.shared.monitoring.models import Target

from .make import NOON, make_opd

pytestmark = pytest.mark.django_db
FACTS = {"medium": "", "provider": "", "lon": None, "lat": None}


def add(code, kind="link", **fields):
    facts = FACTS | {"code": code, "kind": kind, "name": f"Contoh {code}", "probe_address": "", "upstream_id": None}
    return registers.add_feeder(**facts | {"owner_id": make_opd().pk} | fields, by=None, at=NOON)


def test_a_feeder_with_an_address_becomes_a_target_that_is_due(settings):
    settings.SAMPLE = True
    add("FO-31", probe_address="127.0.0.1:18640")
    target = Target.objects.get(code="FO-31")
    assert (target.kind, target.next_due_at, target.owner.code) == ("link", None, "diskominfo")
    assert target.address.endswith("127.0.0.1:18640")


def test_what_it_hangs_on_follows_the_register():
    add("FO-30")
    add("GD-30", "power")
    feeder = add("FO-31", upstream_id=Feeder.objects.get(code="FO-30").pk)
    assert Target.objects.get(code="FO-31").link.code == "FO-30"
    feeder.upstream = Feeder.objects.get(code="GD-30")
    feeders.follow(feeder)
    target = Target.objects.get(code="FO-31")
    assert target.link is None and target.power.code == "GD-30"
    feeder.upstream = None
    feeders.follow(feeder)
    target.refresh_from_db()
    assert target.link is None and target.power is None and Target.objects.filter(code="FO-31").count() == 1


def test_a_new_name_leaves_what_is_known_and_when_it_is_due():
    feeder = add("FO-31")
    Target.objects.filter(code="FO-31").update(state="up", next_due_at=NOON)
    feeder.name = "Contoh baru"
    feeders.follow(feeder)
    target = Target.objects.get(code="FO-31")
    assert (target.name, target.state, target.next_due_at) == ("Contoh baru", "up", NOON)
