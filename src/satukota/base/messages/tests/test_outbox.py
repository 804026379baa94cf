"""People are told once, at least once sent, and a failing address holds nobody up."""

import smtplib
from datetime import UTC, datetime, time, timedelta

import pytest
from django.core.mail import EmailMessage

from satukota.base.accounts.models import User
from satukota.base.errors import AlreadyDone, Missing, UserError
from satukota.base.messages import actions as messages
from satukota.base.messages import channels, outbox, preferences
from satukota.base.messages.catcher import Catcher, newest_first
from satukota.base.messages.models import Message

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # 23.00 in Bontang
NUMBERS = {"contoh0": "0812-0000-0000", "contoh1": "+62 813 0000 0001", "contoh2": "tidak punya"}


def tell(people, kind="incident_opened", at=AT, **more):
    told = {"about": "INS-2026-000001", "subject": "Kamera mati", "body": "MB-001 mati.", "path": "/pusat/"} | more
    messages.tell(people, kind=kind, at=at, **told)


def choose(person, **more):
    chosen = {"email": True, "whatsapp": False, "sms": False, "quiet_from": None, "quiet_to": None} | more
    return preferences.choose(person, at=AT, **chosen)


def states(person, channel="email"):
    rows = Message.objects.filter(recipient=person, channel=channel).order_by("pk")
    return ["sent" if row.sent_at else "failed" if row.failed_at else "waiting" for row in rows]


@pytest.fixture
def people(monkeypatch):
    monkeypatch.setattr(channels, "_phone_sources", [lambda user: NUMBERS.get(user.username, "")])
    return [User.objects.create_user(f"contoh{n}", email=f"contoh{n}@contoh.invalid") for n in range(3)]


@pytest.fixture
def catcher(tmp_path, settings):
    """Mail server and gateways for real, on free ports; `catcher.refuse` may refuse."""
    with Catcher(tmp_path, token="contoh-kunci") as caught:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", caught.smtp_port
        ways = {
            key: {"url": f"http://127.0.0.1:{caught.http_port}/{key}", "token": "contoh-kunci"}
            for key in ("whatsapp", "sms")
        }
        settings.MESSAGE_GATEWAYS = ways
        settings.SITE_URL = "https://kota.contoh"
        yield caught


def deliveries(catcher):
    return [(caught.channel, caught.to, times) for caught, times in newest_first(catcher.kept.path.parent, 100)]


def test_telling_twice_is_one_message_per_channel(people):
    tell(people)
    tell(people)
    assert Message.objects.count() == 6
    assert messages.unread(people[0]).count() == 1


def test_who_was_told_of_the_failure_is_known_when_it_recovers(people):
    tell(people[:2])
    assert messages.told_of("INS-2026-000001", ["incident_opened"]) == {people[0].pk, people[1].pk}


def test_mail_goes_out_once(people, mailoutbox):
    tell(people)
    assert outbox.send_due(AT) == 3
    assert outbox.send_due(AT + timedelta(hours=2)) == 0
    assert len(mailoutbox) == 3


def test_every_channel_carries_the_same_thing_to_real_servers(people, catcher):
    choose(people[0], whatsapp=True, sms=True)
    tell(people[:1])
    assert outbox.send_due(AT) == 3
    assert sorted(deliveries(catcher)) == [
        ("email", "contoh0@contoh.invalid", 1), ("sms", "+6281200000000", 1), ("whatsapp", "+6281200000000", 1),
    ]  # fmt: skip
    for caught, _times in newest_first(catcher.kept.path.parent, 9):
        assert "MB-001 mati." in caught.text and "https://kota.contoh/pusat/" in caught.text
    keys = {caught.key for caught, _times in newest_first(catcher.kept.path.parent, 9)}
    assert keys == {outbox.key_of(row) for row in Message.objects.exclude(channel="screen")}


def test_a_sender_killed_before_it_said_so_sends_again_under_the_same_key(people, catcher):
    tell(people[:1])
    outbox.send_due(AT)
    Message.objects.update(sent_at=None, next_try_at=AT + outbox.wait_after(1))  # what a kill -9 leaves behind
    assert outbox.send_due(AT) == 0, "its claim is a lease"
    assert outbox.send_due(AT + outbox.wait_after(1)) == 1
    assert deliveries(catcher) == [("email", "contoh0@contoh.invalid", 2)]


def test_a_refused_recipient_holds_nobody_up_and_ends_as_failed(people, catcher):
    catcher.refuse = lambda _channel, to: 550 if to.startswith("contoh0") else None
    tell(people)
    assert outbox.send_due(AT) == 2
    lost = outbox.failed().get()
    assert lost.recipient == people[0] and "550" in lost.problem and "@" not in lost.problem
    outbox.send_again(lost.pk, at=AT, recipient=people[0])
    catcher.refuse = None
    assert outbox.send_due(AT) == 1
    with pytest.raises(AlreadyDone):
        outbox.send_again(lost.pk, at=AT)
    with pytest.raises(Missing):
        outbox.send_again(lost.pk, at=AT, recipient=people[1])


@pytest.mark.parametrize(("code", "for_good"), [(503, False), (429, False), (401, False), (404, True), (409, None)])
def test_a_gateway_that_refuses_is_asked_again_only_where_that_can_help(people, catcher, code, for_good):
    catcher.refuse = lambda channel, _to: code if channel == "sms" else None
    choose(people[0], sms=True)
    tell(people[:1])
    outbox.send_due(AT)
    assert states(people[0]) == ["sent"], "one channel that is down leaves the others alone"
    assert states(people[0], "sms") == ["sent" if for_good is None else "failed" if for_good else "waiting"]


def test_a_server_that_is_away_is_tried_ever_more_slowly_and_given_up_in_the_end(people, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    tell(people[:1])
    at, waits = AT, []
    while states(people[0]) == ["waiting"]:
        outbox.send_due(at)
        row = Message.objects.get(channel="email")
        waits.append(round((row.next_try_at - at).total_seconds()) if row.next_try_at else None)
        at = row.next_try_at or at
    assert waits[:4] == [15, 30, 60, 120] and max(waits[:-1]) == 900 and waits[-1] is None
    assert len(waits) == outbox.MOST_TRIES and row.problem == "Server surel tidak menjawab."
    assert timedelta(hours=4) < at - AT < timedelta(hours=6)


def test_one_mailbox_that_hangs_does_not_use_up_the_tries_of_the_others(people, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    tell(people)
    outbox.send_due(AT)
    assert sorted(Message.objects.filter(channel="email").values_list("tries", flat=True)) == [0, 0, 1]


def test_a_clock_that_went_backwards_does_not_put_a_message_off(people, settings, catcher):
    settings.EMAIL_PORT = 1
    tell(people[:1])
    outbox.send_due(AT + timedelta(days=1))
    settings.EMAIL_PORT = catcher.smtp_port
    assert outbox.send_due(AT) == 1


def test_a_recovery_never_overtakes_its_failure(people, catcher):
    catcher.refuse = lambda _channel, _to: 451
    tell(people[:1])
    outbox.send_due(AT)
    catcher.refuse = None
    tell(people[:1], kind="incident_recovered")
    assert outbox.send_due(AT) == 0
    assert outbox.send_due(AT + timedelta(minutes=1)) == 1
    assert outbox.send_due(AT + timedelta(minutes=1)) == 1
    assert states(people[0]) == ["sent", "sent"]


def test_quiet_hours_hold_back_only_what_can_wait(people, mailoutbox):
    choose(people[0], quiet_from=time(22), quiet_to=time(6))
    tell(people[:1], about="LOW", urgency=messages.Urgency.LOW)
    tell(people[:1], about="NORMAL")
    assert messages.unread(people[0]).count() == 2, "the screen wakes nobody"
    assert outbox.send_due(AT) == 1
    assert outbox.send_due(AT + timedelta(hours=6, minutes=59)) == 0
    assert outbox.send_due(AT + timedelta(hours=7)) == 1  # 06.00 in Bontang


def test_what_was_held_back_goes_first_when_it_gets_worse(people, mailoutbox):
    choose(people[0], quiet_from=time(22), quiet_to=time(6))
    tell(people[:1], urgency=messages.Urgency.LOW, subject="Kabur")
    tell(people[:1], kind="incident_worsened", subject="Mati")
    outbox.send_due(AT)
    outbox.send_due(AT)
    assert [mail.subject for mail in mailoutbox] == ["Kabur", "Mati"]


def test_fewer_quiet_hours_let_go_what_waited_for_their_end(people, mailoutbox):
    choose(people[0], quiet_from=time(22), quiet_to=time(6))
    tell(people[:1], urgency=messages.Urgency.LOW)
    choose(people[0])
    assert outbox.send_due(AT) == 1
    with pytest.raises(UserError):
        choose(people[0], quiet_from=time(22))
    with pytest.raises(UserError):
        choose(people[0], quiet_from=time(22), quiet_to=time(22))


def test_a_channel_switched_off_still_tells_that_it_is_over(people, catcher):
    choose(people[0], sms=True)
    tell(people[:1])
    choose(people[0], email=False)
    tell(people[:1], kind="incident_recovered", answers=["incident_opened"])
    tell(people[:1], about="LATER")
    for _turn in range(2):
        outbox.send_due(AT)
    assert (states(people[0]), states(people[0], "sms")) == (["sent", "sent"], ["sent", "sent"])


def test_who_has_no_number_is_told_by_mail(people, catcher):
    choose(people[2], whatsapp=True, sms=True)
    tell(people[2:])
    assert set(Message.objects.values_list("channel", flat=True)) == {"screen", "email"}


def test_who_left_is_not_written_to(people, mailoutbox):
    tell(people[:1])
    User.objects.filter(pk=people[0].pk).update(is_active=False)
    assert outbox.send_due(AT) == 0 and states(people[0]) == ["failed"] and not mailoutbox


@pytest.mark.parametrize("address", ["tanpa-at", "a@b\nBcc: c@d", "a@", "a" * 240 + "@x.id"])
def test_an_address_that_cannot_be_is_given_up_at_once_with_a_sentence(people, catcher, address):
    User.objects.filter(pk=people[0].pk).update(email=address)
    people[0].email = address
    tell(people[:1])
    outbox.send_due(AT)
    assert states(people[0]) == ["failed"] or deliveries(catcher) == [("email", address, 1)]


def test_a_channel_that_breaks_its_promise_shows_no_address_in_the_log(people, monkeypatch, caplog):
    def explode(self, **_words):
        raise smtplib.SMTPServerDisconnected(f"lost while talking to {self.to}")

    monkeypatch.setattr(EmailMessage, "send", explode)
    tell(people[:1])
    outbox.send_due(AT)
    assert "contoh0@" not in caplog.text and "@" not in Message.objects.get(channel="email").problem


def test_standing_counts_what_waits_and_what_was_given_up(people, catcher, django_assert_num_queries):
    catcher.refuse = lambda _channel, to: 550 if to.startswith("contoh0") else 451
    tell(people)
    outbox.send_due(AT)
    with django_assert_num_queries(1):
        mail = outbox.standing(AT + timedelta(minutes=1))[0]
    assert (mail["waiting"], mail["failed"], mail["oldest_s"]) == (2, 1, 60.0)


@pytest.mark.parametrize(
    ("written", "dialled"),
    [("0812-3456-7890", "+6281234567890"), ("+62 812 3456 7890", "+6281234567890"),
     ("62 812 3456 7890", "+6281234567890"), ("", ""), ("tidak ada", ""), ("110", ""), ("+0812345678", "")],
)  # fmt: skip
def test_numbers_as_they_are_dialled(written, dialled):
    assert channels.as_dialled(written) == dialled


def test_reading_is_for_ones_own_messages(people):
    tell(people[:2])
    assert messages.mark_read(people[0], AT) == 2
    assert messages.unread(people[1]).count() == 1
