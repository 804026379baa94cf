"""A link or power supply in the register is watched as the register says."""

import pytest

from satukota.base.errors import AlreadyDone, Missing, UserError
from satukota.city import actions as registers
from satukota.city.models import Feeder
from satukota.shared.monitoring import feeders
from satukota.shared.monitoring.models import Target

from .make import NOON, make_opd, make_target

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


def end(feeder, why="diganti serat baru"):
    return registers.end_feeder(feeder.pk, why=why, by=None, at=NOON)


def test_what_is_out_of_use_is_not_looked_at_any_more():
    feeder = end(add("FO-31"))
    target = Target.objects.get(code="FO-31")
    assert target.retired_on == feeder.ended_on == NOON.date()
    with pytest.raises(AlreadyDone, match="sudah diakhiri"):
        end(feeder)


def test_what_others_hang_on_is_not_ended():
    above = add("FO-30")
    below = add("FO-31", upstream_id=above.pk)
    camera = make_target("MB-001", kind="camera", link=Target.objects.get(code="FO-31"))
    for feeder in (above, below):
        with pytest.raises(UserError, match="1 yang lain masih bergantung"):
            end(feeder)
    Target.objects.filter(pk=camera.pk).update(link=None)
    end(below)
    end(above)
    assert not Target.objects.filter(kind="link", retired_on=None).exists()


def test_nothing_new_hangs_on_what_is_out_of_use():
    gone = end(add("FO-30"))
    with pytest.raises(Missing):
        add("FO-31", upstream_id=gone.pk)
    assert not Target.objects.filter(code="FO-31").exists()


def test_an_end_needs_its_reason():
    feeder = add("FO-31")
    with pytest.raises(UserError, match="Alasan"):
        end(feeder, why="  ")
    assert Target.objects.get(code="FO-31").retired_on is None


def test_a_code_of_something_else_is_refused_and_nothing_is_stored():
    make_target("MB-001", kind="camera")
    with pytest.raises(UserError, match="sudah dipakai oleh hal lain"):
        add("MB-001")
    assert not Feeder.objects.exists() and Target.objects.get(code="MB-001").kind == "camera"
