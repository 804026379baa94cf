"""There is always somebody left who can let people in, whichever way the last one would be lost."""

from datetime import date, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from satukota.base import clock
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import UserError
from satukota.city import actions, gauges
from satukota.city.actions import keepers
from satukota.city.models import Duty, Opd

from .make import NOW, TODAY, City, make_city, make_duty, make_person, make_user

pytestmark = pytest.mark.django_db
LAST = "satu-satunya"


@pytest.fixture
def city() -> City:
    return make_city()


def duty_of(user: Any) -> Duty:
    return Duty.objects.get(person__user=user)


def end(duty: Duty, on: date = TODAY, by: Any = None) -> Duty:
    return actions.end_duty(duty.pk, on=on, why="Mutasi", by=by, at=NOW)


def test_the_duty_of_the_last_keeper_does_not_end(city: City) -> None:
    first, second = make_user("city_admin", city.diskominfo), make_user("register_admin", city.diskominfo)
    end(duty_of(second), by=first)
    for by in (first, None):  # also from the command line
        with pytest.raises(UserError, match=LAST):
            end(duty_of(first), by=by)
    assert duty_of(first).to_on is None
    assert AuditEntry.objects.filter(act="city.duty_ended").count() == 1


@pytest.mark.parametrize("how", ["closed", "gone sooner", "begins later", "no account"])
def test_somebody_who_will_not_be_there_does_not_count(city: City, how: str) -> None:
    first, second = make_user("city_admin", city.diskominfo), make_user("register_admin", city.diskominfo)
    other = duty_of(second)
    if how == "closed":
        actions.close_account(second.person.pk, why="Pindah", by=first, at=NOW)
    if how == "no account":
        other.delete()
        make_duty(make_person("Tanpa Akun"), "city_admin", city.diskominfo)
    if how == "gone sooner":
        Duty.objects.filter(pk=other.pk).update(to_on=TODAY + timedelta(days=9))
    if how == "begins later":
        Duty.objects.filter(pk=other.pk).update(from_on=TODAY + timedelta(days=12))
    with pytest.raises(UserError, match=LAST):
        end(duty_of(first), on=TODAY + timedelta(days=10))


def test_a_successor_from_the_next_day_on_is_enough(city: City) -> None:
    first, second = make_user("city_admin", city.diskominfo), make_user("register_admin", city.diskominfo)
    Duty.objects.filter(person__user=second).update(from_on=TODAY + timedelta(days=1))
    assert end(duty_of(first)).to_on == TODAY
    with pytest.raises(UserError, match=LAST):
        end(duty_of(second), on=TODAY + timedelta(days=1))


def test_other_duties_end_as_ever_also_where_nobody_keeps_the_house(city: City) -> None:
    operator = make_user("operator", city.diskominfo)
    assert end(duty_of(operator)).to_on == TODAY
    nobody = make_duty(make_person("Tanpa Akun"), "city_admin", city.diskominfo)
    assert end(nobody).to_on == TODAY


def test_an_opd_does_not_take_the_last_keeper_along(city: City) -> None:
    only = make_user("city_admin", city.dishub)
    with pytest.raises(UserError, match=LAST):
        actions.end_opd(city.dishub.pk, on=TODAY, why="Perda 1/2026", by=None, at=NOW)
    assert duty_of(only).to_on is None and Opd.objects.get(pk=city.dishub.pk).valid_to is None
    make_user("register_admin", city.diskominfo)
    actions.end_opd(city.dishub.pk, on=TODAY, why="Perda 1/2026", by=None, at=NOW)
    assert duty_of(only).to_on == TODAY


def test_the_health_page_sees_a_month_ahead(city: City) -> None:
    only = make_user("city_admin", city.diskominfo)
    assert gauges.keepers_left(NOW) == {(): 1.0}
    Duty.objects.filter(person__user=only).update(to_on=TODAY + timedelta(days=29))
    assert gauges.keepers_left(NOW) == {(): 0.0}


@pytest.mark.django_db(transaction=True)
def test_two_keepers_cannot_end_each_other_at_one_moment() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time, whoever they are")
    city, at, said, together = make_city(), clock.now(), [], Barrier(2)
    first, second = (make_user(role, city.diskominfo) for role in ("city_admin", "register_admin"))

    def act(on: Any, by: Any) -> None:
        together.wait()
        try:
            actions.end_duty(duty_of(on).pk, on=clock.local(at).date(), why="Mutasi", by=by, at=at)
            said.append("ended")
        except UserError as problem:
            said.append(problem.text)
        finally:
            connection.close()

    both = [Thread(target=act, args=pair) for pair in ((first, second), (second, first))]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert said.count("ended") == 1 and len(said) == 2
    assert keepers.left(at + timedelta(days=1))
