"""What the live feed sends follows the hat that is worn."""

from datetime import date

import pytest

from satukota.base import clock
from satukota.city import hats
from satukota.city.models import Duty
from satukota.city.tests.make import NOW, make_city, make_duty, make_user
from satukota.project import feed_asgi

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def city():
    return make_city()


@pytest.fixture
def two_hats(city):
    """Engineer at Diskominfo, and acting head of Dishub."""
    user = make_user("engineer", city.diskominfo)
    make_duty(user.person, "kepala_opd", city.dishub, acting="plt", decree="800/1")
    return user


def test_the_feed_follows_hat_and_duty(city, two_hats):
    engineer, head = two_hats.person.duties.order_by("pk")
    seen = feed_asgi.scope_of(two_hats, {hats.HAT: head.pk})
    assert seen.covers(city.dishub.pk) and not seen.covers(city.diskominfo.pk)
    Duty.objects.update(to_on=date(2026, 11, 21))
    assert feed_asgi.scope_of(two_hats, {hats.HAT: head.pk}) is None
