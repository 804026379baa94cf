"""Declared work silences messages, never measuring and never a recovery; it always ends, and it leaves a trace."""

from datetime import timedelta

import pytest

from satukota.base.accounts.models import User
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import AlreadyDone, Missing, UserError
from satukota.shared.monitoring import actions, queries
from satukota.shared.monitoring.models import MaintenanceWindow, Reading, StatusChange

from .make import NOON, down, later, make_target, stored, up

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return User.objects.create(username="operator", first_name="Operator", last_name="Contoh")


def declare(target, by, starts=0.0, ends=3600.0, reason="Ganti kabel", at=NOON):
    return actions.declare_maintenance(
        target.pk, starts_at=later(starts), ends_at=later(ends), reason=reason, by=by, at=at
    )


def test_it_covers_everything_behind_and_measuring_goes_on(operator, heard):
    power = make_target("GD", kind="power")
    fo = make_target("FO", kind="link", power=power)
    camera, other = make_target("MB-1", link=fo), make_target("MB-2")
    stored(up(), camera, other, at=NOON)
    declare(power, operator)
    assert queries.in_maintenance([camera.pk, fo.pk, other.pk], later(60)) == {camera.pk, fo.pk}
    stored(down(sure=True), camera, other, at=later(60))
    assert dict(StatusChange.objects.filter(now="down").values_list("target__code", "in_maintenance")) == {
        "MB-1": True, "MB-2": False,
    }  # fmt: skip
    stored(up(), camera, at=later(90))
    [back] = stored(up(), camera, at=later(120)).changes
    assert back.now == "up" and heard[-1] == back, "a recovery is always announced"
    assert Reading.objects.filter(target=camera).count() == 4


def test_before_and_after_the_window_it_covers_nothing(operator):
    target = make_target("T")
    declare(target, operator, 100, 200)
    covered = [bool(queries.in_maintenance([target.pk], later(seconds))) for seconds in (99, 100, 199, 200)]
    assert covered == [False, True, True, False]


def test_it_is_on_the_audit_log_and_can_end_early(operator):
    target = make_target("T")
    window = declare(target, operator)
    actions.end_maintenance(window.pk, by=operator, at=later(600))
    assert not queries.in_maintenance([target.pk], later(600)) and queries.in_maintenance([target.pk], later(599))
    assert list(AuditEntry.objects.order_by("number").values_list("act", "opd_code")) == [
        ("monitoring.maintenance_declared", "diskominfo"), ("monitoring.maintenance_ended", "diskominfo"),
    ]  # fmt: skip
    with pytest.raises(AlreadyDone):
        actions.end_maintenance(window.pk, by=operator, at=later(601))


def test_work_that_has_not_begun_is_called_off(operator):
    window = declare(make_target("T"), operator, 3600, 7200)
    actions.end_maintenance(window.pk, by=operator, at=later(10))
    assert not MaintenanceWindow.objects.exists() and AuditEntry.objects.count() == 2
    with pytest.raises(Missing):
        actions.end_maintenance(window.pk, by=operator, at=later(11))


def test_a_start_a_moment_ago_begins_now_so_that_counted_minutes_stay_counted(operator):
    assert declare(make_target("T"), operator, -120).starts_at == NOON


@pytest.mark.parametrize(
    ("starts", "ends", "reason"),
    [(-3600, 3600, "x"), (0, 0, "x"), (100, 50, "x"), (-60, -30, "x"), (0, 60, "  "), (0, 60, "x" * 301),
     (0, timedelta(days=40).total_seconds(), "x")],
)  # fmt: skip
def test_what_cannot_be_declared_is_refused_with_a_sentence(operator, starts, ends, reason):
    target = make_target("T")
    with pytest.raises(UserError) as refused:
        declare(target, operator, starts, ends, reason)
    assert refused.value.text and refused.value.fix
    assert not MaintenanceWindow.objects.exists() and not AuditEntry.objects.exists()


def test_nothing_to_maintain(operator):
    gone = make_target("T", retired_on=NOON.date())
    with pytest.raises(Missing):
        declare(gone, operator)
