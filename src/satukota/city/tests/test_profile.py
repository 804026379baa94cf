"""Loading a city's facts: complete, repeatable, and never on top of another city."""

import pytest

from satukota.base.audit.models import AuditEntry
from satukota.base.errors import Missing, UserError
from satukota.city import actions, profile
from satukota.city.models import Kecamatan, Kelurahan, Kota, Opd

from .make import NOW, make_city

pytestmark = pytest.mark.django_db


def test_bontang_has_its_areas_and_offices():
    make_city()
    assert (Kecamatan.objects.count(), Kelurahan.objects.count()) == (3, 15)
    for row in Kelurahan.objects.all():
        row.full_clean(exclude=["area"])
    lok_tuan = Kelurahan.objects.get(name="Lok Tuan")
    assert (lok_tuan.code, lok_tuan.kecamatan.code) == ("64.74.01.1003", "64.74.01")
    assert {"Loktuan", "Lhoktuan"} <= set(lok_tuan.other_names.split("; "))


def test_every_kelurahan_has_an_office_below_its_kecamatan():
    make_city()
    offices = Opd.objects.filter(kind="kelurahan").select_related("parent", "kelurahan__kecamatan")
    assert len(offices) == 15
    assert all(office.parent.name == f"Kecamatan {office.kelurahan.kecamatan.name}" for office in offices)


def test_offices_nobody_confirmed_say_so():
    make_city()
    assert Opd.objects.get(code="inspektorat").source == "belum diverifikasi"
    assert "pemberitaan" in Opd.objects.get(code="diskominfo").source


def test_loading_again_adds_nothing_and_keeps_what_people_changed():
    make_city()
    Opd.objects.filter(code="diskominfo").update(short_name="Kominfo")
    again = actions.load_profile("bontang", by=None, at=NOW)
    assert not any(again.added.values())
    assert Opd.objects.get(code="diskominfo").short_name == "Kominfo"
    assert AuditEntry.objects.filter(act="city.profile_loaded").count() == 1


def test_another_city_is_refused_and_nothing_changes():
    Kota.objects.create(code="64.72", name="Kota Lain", province="-", lon=0, lat=0, west=0, south=0, east=1, north=1)
    with pytest.raises(UserError, match="Kota Lain"):
        actions.load_profile("bontang", by=None, at=NOW)
    assert not Opd.objects.exists()


@pytest.mark.parametrize("name", ["", "samarinda", "../../etc/passwd", "bontang.toml"])
def test_an_unknown_profile_names_the_known_ones(name):
    with pytest.raises(Missing) as problem:
        profile.read(name)
    assert "bontang" in problem.value.fix
