"""People are told once, at least once sent, and a failing address holds nobody up."""

from datetime import UTC, datetime, timedelta

import pytest

from satukota.base.accounts.models import User
from satukota.base.messages import actions as messages
from satukota.base.messages.models import Message

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 22, tzinfo=UTC)


def tell(people, kind="incident_opened"):
    messages.tell(people, kind=kind, about="INS-2026-000001", subject="Kamera mati", body="…", path="/pusat/", at=AT)


@pytest.fixture
def people():
    return [User.objects.create_user(f"contoh{n}", email=f"contoh{n}@contoh.invalid") for n in range(3)]


def test_telling_twice_is_one_message_per_channel(people):
    tell(people)
    tell(people)
    assert Message.objects.count() == 6
    assert messages.unread_count(people[0]) == 1


def test_who_was_told_of_the_failure_is_known_when_it_recovers(people):
    tell(people[:2])
    assert messages.told_of("INS-2026-000001", ["incident_opened"]) == {people[0].pk, people[1].pk}


def test_mail_goes_out_once(people, mailoutbox):
    tell(people)
    assert messages.send_due(AT) == 3
    assert messages.send_due(AT + timedelta(hours=2)) == 0
    assert len(mailoutbox) == 3


def test_a_failing_address_waits_longer_each_time_and_holds_nobody_up(people, monkeypatch):
    sent = []

    def post(subject, body, sender, to):
        if to == ["contoh0@contoh.invalid"]:
            raise OSError("mailbox unavailable")
        sent.append(to)

    monkeypatch.setattr(messages, "send_mail", post)
    tell(people)
    assert messages.send_due(AT) == 2
    assert messages.send_due(AT + timedelta(seconds=1)) == 0  # waits
    failing = Message.objects.get(recipient=people[0], channel="email")
    assert failing.tries == 1 and failing.problem == "mailbox unavailable"


def test_reading_is_for_ones_own_messages(people):
    tell(people[:2])
    assert messages.mark_read(people[0], AT) == 2
    assert messages.unread_count(people[1]) == 1
