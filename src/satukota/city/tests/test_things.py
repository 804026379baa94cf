"""Places, feeders and contracts."""

from datetime import date

import pytest

from satukota.base.audit.models import AuditEntry
from satukota.base.errors import Missing, NotAllowed, UserError
from satukota.city import actions
from satukota.city.models import Contract, Feeder

from .make import NOW, make_city, make_feeder, make_user

pytestmark = pytest.mark.django_db
HERE = {"lon": 117.49004, "lat": 0.13087}  # in Api-Api


@pytest.fixture
def city():
    return make_city()


def place(by=None, **fields):
    values = {"code": "simpang", "name": "Simpang", "kind": "junction", "kelurahan_id": None, "stake": 3,
              "stake_reason": "ramai", **HERE}  # fmt: skip
    return actions.add_place(**{**values, **fields}, by=by, at=NOW)


def feeder(owner, by=None, **fields):
    values = {"kind": "link", "code": "FO-09", "name": "Ruas", "medium": "", "provider": "", "upstream_id": None,
              "lon": None, "lat": None, "probe_address": ""}  # fmt: skip
    return actions.add_feeder(**{**values, **fields}, owner_id=owner.pk, by=by, at=NOW)


def contract(opd, by=None, **fields):
    values = {"number": "1/2026", "vendor": "CV Contoh", "subject": "Perawatan", "starts_on": date(2026, 1, 1),
              "ends_on": date(2026, 12, 31), "required_availability": 0.95, "repair_hours": 24.0,
              "vendor_contact": ""}  # fmt: skip
    return actions.add_contract(**{**values, **fields}, opd_id=opd.pk, by=by, at=NOW)


def test_a_place_finds_its_kelurahan(city):
    assert place().kelurahan == city.kelurahan


def test_a_place_on_the_water_names_its_kelurahan_itself(city):
    offshore = {"lon": 117.55, "lat": 0.11}
    with pytest.raises(UserError, match="di luar daerah semua kelurahan"):
        place(**offshore)
    assert place(**offshore, kelurahan_id=city.kelurahan.pk).kelurahan == city.kelurahan


def test_swapped_coordinates_are_named(city):
    with pytest.raises(UserError) as problem:
        place(lon=HERE["lat"], lat=HERE["lon"])
    assert "tertukar" in problem.value.fix


@pytest.mark.parametrize("lon", [float("nan"), float("inf"), 200.0, -117.49])
def test_a_position_that_is_none_is_refused(city, lon):
    with pytest.raises(UserError, match="di luar"):
        place(lon=lon)


def test_a_moved_place_changes_kelurahan_and_says_so(city):
    row = place()
    actions.edit_place(row.pk, name="Simpang", kind="junction", lon=117.47436, lat=0.16492, kelurahan_id=None, stake=4,
                       stake_reason="ramai", by=None, at=NOW)  # fmt: skip
    entry = AuditEntry.objects.get(act="city.place_edited")
    assert (entry.before["kelurahan"], entry.after["kelurahan"]) == ("Api-Api", "Lok Tuan")


@pytest.mark.parametrize("stake", [0, 5, -1])
def test_a_stake_is_one_of_four(city, stake):
    with pytest.raises(UserError, match="Taruhan"):
        place(stake=stake)


def test_a_feeder_tells_who_listens(city):
    heard = []
    actions.on_feeder_saved(heard.append)
    row = feeder(city.diskominfo, **HERE)
    actions.edit_feeder(row.pk, name="Ruas baru", medium="", provider="", upstream_id=None, **HERE, probe_address="",
                        by=None, at=NOW)  # fmt: skip
    assert [one.name for one in heard] == ["Ruas", "Ruas baru"] and row.kelurahan == city.kelurahan


def test_feeders_never_run_in_a_circle(city):
    above = feeder(city.diskominfo, code="A")
    below = feeder(city.diskominfo, code="B", upstream_id=above.pk)
    with pytest.raises(UserError, match="berputar"):
        actions.edit_feeder(above.pk, name="A", medium="", provider="", upstream_id=below.pk, lon=None, lat=None,
                            probe_address="", by=None, at=NOW)  # fmt: skip


@pytest.mark.parametrize(
    "address", ["http://x", "10.0.0.1", "a@b:1", "10.0.0.1:99999", "127.0.0.1:8000", "10.0.0.1:1;ls"]
)
def test_a_switch_address_that_must_not_be_dialled_is_refused(city, address):
    with pytest.raises(UserError):
        feeder(city.diskominfo, probe_address=address)
    assert not Feeder.objects.exists()


def test_half_a_position_is_none(city):
    with pytest.raises(UserError, match="lintang dan bujur"):
        feeder(city.diskominfo, lon=117.49)


def test_another_opds_things_are_as_good_as_missing(city):
    engineer = make_user("engineer", city.diskominfo)
    foreign_feeder, foreign_contract = make_feeder(city.dishub), contract(city.dishub)
    with pytest.raises(Missing):
        feeder(city.dishub, by=engineer)
    with pytest.raises(Missing):
        contract(city.dishub, by=engineer, number="2")
    with pytest.raises(Missing):
        actions.edit_feeder(foreign_feeder.pk, name="x", medium="", provider="", upstream_id=None, lon=None, lat=None,
                            probe_address="", by=engineer, at=NOW)  # fmt: skip
    with pytest.raises(Missing):
        actions.edit_contract(foreign_contract.pk, vendor="x", subject="x", starts_on=date(2026, 1, 1),
                              ends_on=date(2026, 2, 1), required_availability=None, repair_hours=None,
                              vendor_contact="", by=engineer, at=NOW)  # fmt: skip
    with pytest.raises(NotAllowed):
        place(by=make_user("opd_officer", city.dishub))


@pytest.mark.parametrize(
    "wrong",
    [{"ends_on": date(2025, 1, 1)}, {"required_availability": 0}, {"required_availability": 95},
     {"required_availability": float("nan")}, {"repair_hours": 0}, {"repair_hours": float("inf")}],
)  # fmt: skip
def test_a_promise_that_cannot_be_kept_or_measured_is_refused(city, wrong):
    with pytest.raises(UserError):
        contract(city.diskominfo, **wrong)
    assert not Contract.objects.exists()


def test_a_contract_number_is_used_once(city):
    contract(city.diskominfo)
    with pytest.raises(UserError, match="“1/2026” sudah dipakai"):
        contract(city.dishub)
