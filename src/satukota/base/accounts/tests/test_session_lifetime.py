"""A session ends twelve hours after the sign-in, whatever is done in it, and sooner when nobody uses it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from satukota.base import clock
from satukota.base.accounts import session_store, sessions
from satukota.base.feed import stream

from .make import make_account, sign_in

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)


class Hands:
    """A clock that is moved by hand."""

    now = START

    def go(self, **more: float) -> None:
        self.now += timedelta(**more)
        sessions._noted.clear()  # the minute between two notes is measured by another clock


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()

    class Moment(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return hands.now

    monkeypatch.setattr(clock, "now", lambda: hands.now)
    monkeypatch.setattr(timezone, "now", lambda: hands.now)
    monkeypatch.setattr(session_store, "datetime", Moment)
    return hands


def is_in(client: Client) -> bool:
    return client.get("/akun/").status_code == 200


def test_work_does_not_prolong_a_session_beyond_twelve_hours(client: Client, hands: Hands, settings: Any) -> None:
    settings.SESSION_IDLE_MINUTES = 120
    make_account()
    sign_in(client)
    cookie = f"sessionid={client.session.session_key}"
    for _hour in range(11):
        hands.go(hours=1)
        assert is_in(client)
        session = client.session
        session["hat"] = 1  # any act that writes to the session
        session.save()
    hands.go(minutes=59)
    assert is_in(client) and stream.visitor_of(cookie)[0]
    hands.go(minutes=2)
    assert stream.visitor_of(cookie)[0] is None and not is_in(client)
    sign_in(client)
    hands.go(hours=1)
    assert is_in(client)


def test_a_session_nobody_uses_ends_and_one_in_use_does_not(client: Client, hands: Hands, settings: Any) -> None:
    settings.SESSION_IDLE_MINUTES = 30
    make_account()
    used, left = client, Client()
    sign_in(used)
    sign_in(left)
    hands.go(minutes=29)
    assert is_in(used)
    hands.go(minutes=2)
    assert is_in(used) and not is_in(left)


def test_the_feed_alone_keeps_no_session_alive(client: Client, hands: Hands, settings: Any) -> None:
    settings.SESSION_IDLE_MINUTES = 30
    make_account()
    sign_in(client)
    cookie = f"sessionid={client.session.session_key}"
    ends = Session.objects.get().expire_date
    hands.go(minutes=20)
    assert stream.visitor_of(cookie)[0] and Session.objects.get().expire_date == ends
    hands.go(minutes=11)
    assert stream.visitor_of(cookie)[0] is None
