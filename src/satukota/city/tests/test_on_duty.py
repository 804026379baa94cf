"""Who answers for an OPD now, and who is told."""

from datetime import UTC, date, datetime, timedelta

import pytest

from satukota.city import queries

from .make import NOW, make_city, make_duty, make_person, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_city()


def test_the_officer_on_call_goes_before_the_head(city):
    make_duty(make_person("Kepala Contoh"), "kepala_opd", city.dishub)
    assert queries.duty_officer(city.dishub.pk, NOW).name == "Kepala Contoh"
    make_duty(make_person("Piket Contoh"), "opd_officer", city.dishub, on_call=True)
    assert queries.duty_officer(city.dishub.pk, NOW).name == "Piket Contoh"


def test_nobody_on_call_and_no_head_is_nobody(city):
    make_duty(make_person(), "opd_officer", city.dishub)
    make_duty(make_person(), "kepala_opd", city.diskominfo)
    assert queries.duty_officer(city.dishub.pk, NOW) is None
    assert queries.duty_officer(0, NOW) is None


def test_a_duty_counts_from_its_first_to_its_last_day_in_local_time(city):
    day = date(2026, 11, 22)
    make_duty(make_person(), "opd_officer", city.dishub, on_call=True, from_on=day, to_on=day)
    midnight = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)  # 00.00 WITA on the 22nd
    assert queries.duty_officer(city.dishub.pk, midnight)
    assert queries.duty_officer(city.dishub.pk, midnight - timedelta(seconds=1)) is None
    assert queries.duty_officer(city.dishub.pk, midnight + timedelta(hours=24)) is None


def test_a_definitive_head_is_shown_before_an_acting_one(city):
    make_duty(make_person("Plt Contoh"), "kepala_opd", city.dishub, acting="plt", decree="800/1")
    assert queries.heads_of([city.dishub.pk], NOW)[city.dishub.pk].person.name == "Plt Contoh"
    make_duty(make_person("Definitif Contoh"), "kepala_opd", city.dishub)
    assert queries.heads_of([city.dishub.pk], NOW)[city.dishub.pk].person.name == "Definitif Contoh"


def test_people_are_told_city_wide_or_at_their_own_opd(city):
    operator = make_user("operator", city.diskominfo)
    officer = make_user("opd_officer", city.dishub)
    make_user("opd_officer", city.diskominfo)
    make_user("kepala_opd", city.dishub)
    gone = make_user("operator", city.diskominfo)
    gone.is_active = False
    gone.save()
    make_user("operator", city.diskominfo, to_on=date(2026, 11, 21))
    make_duty(make_person(), "operator", city.diskominfo)  # has no account
    assert queries.people_with("incidents.handle", city.dishub.pk, NOW) == sorted(
        [operator, officer], key=lambda user: user.username
    )
    assert queries.people_with("incidents.handle", None, NOW) == [operator]


def test_two_duties_are_one_person_to_tell(city):
    user = make_user("operator", city.diskominfo)
    make_duty(user.person, "opd_officer", city.dishub)
    assert queries.people_with("incidents.handle", city.dishub.pk, NOW) == [user]
