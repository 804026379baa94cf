"""OPD: founded, renamed, ended."""

from datetime import date

import pytest

from satukota.base.audit.models import AuditEntry
from satukota.base.errors import AlreadyDone, Missing, NotAllowed, UserError
from satukota.city import actions
from satukota.city.models import Opd

from .make import NOW, TODAY, make_city, make_duty, make_feeder, make_person, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_city()


def add(by, **fields):
    values = {"code": "dinas-baru", "name": "Dinas Baru", "short_name": "Disbaru", "kind": "dinas", "parent_id": None,
              "valid_from": TODAY, "source": "Perda contoh"}  # fmt: skip
    return actions.add_opd(**{**values, **fields}, by=by, at=NOW)


def edit(opd, by, **fields):
    values = {name: getattr(opd, name) for name in ("name", "short_name", "kind", "parent_id", "source")}
    return actions.edit_opd(opd.pk, **{**values, **fields}, by=by, at=NOW)


def test_the_keeper_of_the_register_founds_an_opd(city):
    opd = add(make_user("register_admin", city.diskominfo))
    entry = AuditEntry.objects.get(act="city.opd_added")
    assert (entry.on_id, entry.opd_code, entry.after["name"]) == (str(opd.pk), "dinas-baru", "Dinas Baru")


def test_an_engineer_founds_one_only_below_their_own(city):
    engineer = make_user("engineer", city.diskominfo)
    assert add(engineer, parent_id=city.diskominfo.pk).parent == city.diskominfo
    with pytest.raises(NotAllowed):
        add(engineer, code="lain")
    with pytest.raises(Missing):
        add(engineer, code="lain", parent_id=city.dishub.pk)


def test_a_code_is_used_once(city):
    with pytest.raises(UserError, match="“diskominfo” sudah dipakai"):
        add(None, code="diskominfo")


@pytest.mark.parametrize("code", ["", "dua kata", "a" * 41, "<script>", "../x"])
def test_a_code_that_is_no_code_is_refused(city, code):
    with pytest.raises(UserError, match="Kode"):
        add(None, code=code)


def test_a_rename_keeps_before_and_after_on_the_log(city):
    edit(city.diskominfo, make_user("engineer", city.diskominfo), name="Dinas Kominfo")
    entry = AuditEntry.objects.get(act="city.opd_edited")
    assert entry.before["name"].startswith("Dinas Komunikasi") and entry.after == {"name": "Dinas Kominfo"}


def test_saving_without_a_change_writes_nothing(city):
    edit(city.diskominfo, None)
    assert not AuditEntry.objects.filter(act="city.opd_edited").exists()


def test_an_opd_never_stands_below_itself(city):
    child = add(None, parent_id=city.diskominfo.pk)
    with pytest.raises(UserError, match="dirinya sendiri"):
        edit(city.diskominfo, None, parent_id=child.pk)
    with pytest.raises(UserError, match="dirinya sendiri"):
        edit(city.diskominfo, None, parent_id=city.diskominfo.pk)


def test_another_opd_is_as_good_as_missing(city):
    engineer = make_user("engineer", city.diskominfo)
    with pytest.raises(Missing):
        edit(city.dishub, engineer)
    with pytest.raises(Missing):
        actions.end_opd(city.dishub.pk, on=TODAY, why="x", by=engineer, at=NOW)
    with pytest.raises(Missing):
        actions.edit_opd(10**9, name="x", short_name="x", kind="dinas", parent_id=None, source="", by=engineer, at=NOW)


def test_an_opd_that_still_owns_something_does_not_end(city):
    make_feeder(city.dishub)
    with pytest.raises(UserError, match="masih memiliki 1 sambungan"):
        actions.end_opd(city.dishub.pk, on=TODAY, why="Perda contoh", by=None, at=NOW)


def test_an_ended_opd_takes_its_duties_along(city):
    duty = make_duty(make_person(), "opd_officer", city.dishub)
    actions.end_opd(city.dishub.pk, on=TODAY, why="Perda contoh", by=None, at=NOW)
    duty.refresh_from_db()
    assert duty.to_on == TODAY
    assert Opd.objects.get(pk=city.dishub.pk).valid_to == TODAY
    assert AuditEntry.objects.filter(act="city.duty_ended", why="Perda contoh").exists()
    with pytest.raises(AlreadyDone):
        actions.end_opd(city.dishub.pk, on=TODAY, why="lagi", by=None, at=NOW)


def test_an_end_needs_a_reason_and_comes_after_the_beginning(city):
    with pytest.raises(UserError, match="Alasan"):
        actions.end_opd(city.dishub.pk, on=TODAY, why="  ", by=None, at=NOW)
    with pytest.raises(UserError):
        actions.end_opd(city.dishub.pk, on=date(2020, 1, 1), why="x", by=None, at=NOW)
    assert Opd.objects.get(pk=city.dishub.pk).valid_to is None
