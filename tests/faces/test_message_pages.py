"""One's messages and channels, the queues of the house, and the sample city's catcher."""

import pytest
from django.test import Client

from satukota.base import clock
from satukota.base.accounts.models import User
from satukota.base.messages import actions as messages
from satukota.base.messages import outbox, preferences
from satukota.base.messages.catcher import Caught, Kept
from satukota.base.messages.models import Message
from satukota.project import sample

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(settings):
    settings.SAMPLE = True
    sample.load()

    def enter(username):
        client = Client(REMOTE_ADDR="127.0.0.1")
        client.force_login(User.objects.get(username=username), "allauth.account.auth_backends.AuthenticationBackend")
        return client

    return enter


def failed_mail_to(username):
    user = User.objects.get(username=username)
    user.email = "tanpa-at"
    user.save()
    messages.tell(
        [user], kind="incident_opened", about="INS-1", subject="Kamera mati", body="rahasia", path="/pusat/",
        at=clock.now(),
    )  # fmt: skip
    outbox.send_due(clock.now())
    return Message.objects.get(recipient=user, channel="email")


def test_a_message_that_failed_is_said_and_sent_again_by_its_owner(signed_in):
    row, operator = failed_mail_to("operator"), signed_in("operator")
    assert "Alamat surel tidak dapat dipakai." in operator.get("/pusat/pesan/").content.decode()
    assert signed_in("dishub").post(f"/pusat/pesan/{row.pk}/lagi").status_code == 404
    assert operator.post(f"/pusat/pesan/{row.pk}/lagi").status_code == 302
    row.refresh_from_db()
    assert row.failed_at is None and row.tries == 0
    assert operator.post(f"/pusat/pesan/{row.pk}/lagi").status_code == 409


def test_channels_and_quiet_hours_are_chosen(signed_in):
    operator = signed_in("operator")
    chosen = {"sms": "on", "quiet_from": "22:00", "quiet_to": "06:00"}
    assert operator.post("/pusat/pesan/saluran", chosen).status_code == 302
    choice = preferences.preference_of(User.objects.get(username="operator"))
    assert (choice.email, choice.sms, choice.quiet_from.hour) == (False, True, 22)
    assert 'value="22:00"' in operator.get("/pusat/pesan/").content.decode()
    for wrong in ({"quiet_from": "22:00"}, {"quiet_from": "dua"}, {"quiet_from": "06:00", "quiet_to": "06:00"}):
        answer = operator.post("/pusat/pesan/saluran", wrong)
        assert answer.status_code == 422 and "alert-danger" in answer.content.decode()


def test_queues_show_what_was_given_up_and_never_what_it_said(signed_in):
    row, supervisor = failed_mail_to("operator"), signed_in("supervisor")
    page = supervisor.get("/pusat/antrean/").content.decode()
    assert "INS-1" in page and "rahasia" not in page and "tanpa-at" not in page
    assert signed_in("dishub").get("/pusat/antrean/").status_code == 404
    assert supervisor.post(f"/pusat/antrean/pesan/{row.pk}/lagi").status_code == 302
    for nothing in ("pesan/999999", "pesan/x", "pekerjaan/x", "apa/1"):
        assert supervisor.post(f"/pusat/antrean/{nothing}/lagi").status_code == 404


def test_what_the_catcher_caught_is_shown_in_the_sample_city_only(signed_in, settings, tmp_path):
    settings.CATCHER_DIR = tmp_path
    operator = signed_in("operator")
    assert "Belum ada pesan yang keluar." in operator.get("/pusat/pesan/contoh/").content.decode()
    kept = Kept(tmp_path)
    letter = Caught(clock.now().isoformat(), "email", "k1", "a@contoh.invalid", "<b>Mati</b>", "isi")
    kept.add(letter)
    kept.add(letter)
    with kept.path.open("ab") as file:
        file.write(b'{"half')
    kept.add(Caught(clock.now().isoformat(), "sms", "k2", "+62811", "", "isi"))
    page = operator.get("/pusat/pesan/contoh/").content.decode()
    assert "diantar 2 kali" in page and "&lt;b&gt;Mati" in page and "+62811" in page
    settings.SAMPLE = False
    assert operator.get("/pusat/pesan/contoh/").status_code in (302, 404)


def test_a_number_from_the_register_is_dialled(signed_in):
    from satukota.base.messages.channels import address_of

    assert address_of(User.objects.get(username="operator"), "sms").startswith("+62800")


def test_a_note_sent_twice_under_one_key_is_written_once(signed_in):
    from satukota.shared.incidents.models import Entry, Incident

    operator = signed_in("operator")
    opd = User.objects.get(username="operator").person.duties.first().opd_id
    operator.post("/pusat/insiden/baru/", {"title": "Contoh", "severity": "2", "owner": opd, "text": ""})
    number = Incident.objects.get().number
    key = {"HTTP_IDEMPOTENCY_KEY": "a1"}
    for _turn in range(3):
        assert operator.post(f"/pusat/insiden/{number}/lakukan/catat", {"text": "satu"}, **key).status_code == 302
    operator.post(f"/pusat/insiden/{number}/lakukan/catat", {"text": "", "kunci": "b2"})  # refused: its key is not used
    operator.post(f"/pusat/insiden/{number}/lakukan/catat", {"text": "dua", "kunci": "b2"})
    operator.post(f"/pusat/insiden/{number}/lakukan/catat", {"text": "dua", "kunci": "b2"})
    assert sorted(Entry.objects.filter(act="note").values_list("text", flat=True)) == ["dua", "satu"]
