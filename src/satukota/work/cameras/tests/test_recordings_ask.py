"""Asking for footage: what is refused and in which words, requests to a keeper with their clock, the pages."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from satukota.base import clock, secrets
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import AlreadyDone, NotAllowed, UserError
from satukota.base.evidence.models import Exhibit
from satukota.base.messages.models import Message
from satukota.city.models import Holiday
from satukota.work.cameras.models import Agreement, RecordedCamera, Recorder, Retrieval
from satukota.work.cameras.recordings import asking, clockwork, handing_over, register

from . import make
from . import recording_make as rec

pytestmark = pytest.mark.django_db
MP4 = b"\0\0\0\x18ftypiso6" + b"contoh" * 10


@pytest.fixture
def city(settings: Any, tmp_path: Any) -> make.City:
    settings.SAMPLE, settings.FILES_DIR = True, tmp_path / "files"
    return make.make_city()


def ask(city: make.City, camera: Any = None, ago_s: float = 3600, long_s: float = 60, **said: Any) -> Retrieval:
    camera = camera or make.make_camera()
    return asking.ask(camera, rec.wish(ago_s, long_s, **said), by=city.who.operator, at=clock.now())


# -- what is refused


@pytest.mark.parametrize(
    ("ago_s", "long_s", "said", "words"),
    [
        (100, -50, {}, "tidak sesudah"),
        (100, 0, {}, "tidak sesudah"),
        (100, 200, {}, "belum lewat"),
        (-100, 50, {}, "belum lewat"),
        (100, 0.5, {}, "kurang dari satu detik"),
        (90_000, 87_000, {}, "lebih panjang dari 1440 menit"),
        (1e9, 9e8, {}, "lebih panjang"),
        (100, 50, {"purpose": ""}, "Keperluan belum dipilih"),
        (100, 50, {"purpose": "lain"}, "Keperluan belum dipilih"),
        (100, 50, {"purpose": "incident"}, "menyangkut insiden"),
        (100, 50, {"purpose": "law"}, "perlu keterangan"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(city, ago_s, long_s, said, words):
    with pytest.raises(UserError, match=words) as refused:
        ask(city, ago_s=ago_s, long_s=long_s, **said)
    assert refused.value.fix and not Retrieval.objects.exists()


def test_a_piece_to_be_pulled_is_shorter_than_one_asked_of_a_keeper(city, settings):
    settings.RECORDING_MINUTES = 15
    camera = make.make_camera()
    rec.put_on(rec.make_recorder("http://10.64.1.5/onvif/device_service"), camera)
    with pytest.raises(UserError, match="lebih panjang dari 15 menit"):
        ask(city, camera, 7200, 16 * 60)
    assert ask(city, camera, 7200, 16 * 60, by_hand=True).way == "hand"


def test_footage_that_is_gone_is_not_asked_for(city):
    camera = make.make_camera()
    row = rec.put_on(rec.make_recorder(retention_days=7), camera)
    with pytest.raises(UserError, match="sudah tidak disimpan"):
        ask(city, camera, 8 * 86_400)
    row.earliest_at = clock.now() - timedelta(days=9)  # the recorder itself says it holds more than was stated
    row.save()
    assert ask(city, camera, 8 * 86_400).state == "asked"


def test_the_same_footage_is_asked_once_and_an_overlap_is_another_request(city):
    camera = make.make_camera()
    first = ask(city, camera, 3600, 600)
    with pytest.raises(AlreadyDone, match=first.number):
        ask(city, camera, 3500, 60)
    second = ask(city, camera, 3300, 600)
    assert [first.number[-6:], second.number[-6:]] == ["000001", "000002"]


def test_the_same_form_sent_twice_is_one_request(city):
    camera = make.make_camera()
    ask(city, camera, 3600, 60, key="k1")
    with pytest.raises(AlreadyDone, match="sudah dikirim"):
        ask(city, camera, 7200, 60, key="k1")
    assert Retrieval.objects.count() == 1


def test_a_partners_footage_is_asked_for_only_as_its_agreement_allows(city):
    camera = make.make_camera("DH-001", owner=city.dishub)
    today = clock.local(clock.now()).date()
    agreement = Agreement.objects.create(
        number="PKS/1", partner=city.dishub, purposes=["disaster"], starts_on=today, ends_on=today,
        made_by=city.who.supervisor, made_at=clock.now(),
    )  # fmt: skip
    agreement.cameras.add(camera)
    with pytest.raises(UserError, match="tidak membolehkan"):
        ask(city, camera, purpose="patrol")
    assert ask(city, camera, purpose="disaster").camera == camera
    Agreement.objects.update(starts_on=today - timedelta(days=9), ends_on=today - timedelta(days=1))
    with pytest.raises(UserError, match="tidak membolehkan"):
        ask(city, camera, ago_s=9000, purpose="disaster")


def test_others_may_not_ask(city):
    camera = make.make_camera(owner=city.dishub)
    for who in (city.who.engineer, city.who.dishub, city.who.auditor):
        with pytest.raises(NotAllowed):
            asking.ask(camera, rec.wish(100, 10), by=who, at=clock.now())


# -- a request to a keeper


def test_a_term_counts_working_days_and_ends_before_the_footage_does(city, settings):
    settings.RECORDING_DUE_DAYS = 2
    Holiday.objects.create(date=datetime(2026, 11, 23).date(), name="Hari Contoh", kind="local", source="Contoh")
    friday = make.wita(2026, 11, 20, 10, 0)
    assert asking.due_at(friday, None) == make.wita(2026, 11, 25, 16, 0)
    gone = make.wita(2026, 11, 24, 9, 0)
    assert asking.due_at(friday, gone) == gone


def test_a_request_is_taken_note_of_delivered_and_becomes_evidence(city):
    asked = ask(city)
    assert asked.way == "hand" and asked.due_at is not None and asked.addressee == "Diskominfo Contoh"
    by, at = city.who.engineer, clock.now()
    handing_over.acknowledge(asked, who="Budi Contoh", by=by, at=at)
    with pytest.raises(AlreadyDone):
        handing_over.acknowledge(asked, who="Budi Contoh", by=by, at=at)
    row = handing_over.deliver(asked, MP4, since=None, until=None, offset_s=-2.5, note="dari USB", by=by, at=at)
    again = handing_over.deliver(asked, MP4 + b"2", since=None, until=None, offset_s=None, note="", by=by, at=at)
    asked.refresh_from_db()
    assert asked.state == "delivered" and asked.exhibit == row.exhibit == again.exhibit
    assert (row.captured_from, row.captured_to) == (asked.since, asked.until)
    assert row.clock_offset_ms == -2500 and again.clock_offset_ms is None
    assert Exhibit.objects.count() == 1 and "Diserahkan Diskominfo Contoh" in row.note
    with pytest.raises(AlreadyDone):
        handing_over.refuse(asked, reason="terlambat", by=by, at=at)
    acts = set(AuditEntry.objects.values_list("act", flat=True))
    assert {"cameras.recording_asked", "cameras.recording_acknowledged", "cameras.recording_delivered"} <= acts


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "bukan rekaman"), (b"MZ\x90\0" * 9, "bukan rekaman"), (b"<html>", "bukan")]
)
def test_what_is_no_footage_is_not_taken(city, content, words):
    with pytest.raises(UserError, match=words):
        handing_over.deliver(ask(city), content, since=None, until=None, offset_s=None, note="", by=city.who.engineer,
                             at=clock.now())  # fmt: skip
    assert not Exhibit.objects.exists()


def test_a_span_that_ends_before_it_begins_leaves_no_exhibit(city):
    asked = ask(city)
    with pytest.raises(UserError):
        handing_over.deliver(asked, MP4, since=asked.until, until=asked.since, offset_s=None, note="",
                             by=city.who.engineer, at=clock.now())  # fmt: skip
    assert not Exhibit.objects.exists()


def test_a_refusal_has_a_reason_and_is_told(city):
    asked = ask(city)
    with pytest.raises(UserError, match="Alasan"):
        handing_over.refuse(asked, reason=" ", by=city.who.engineer, at=clock.now())
    handing_over.refuse(asked, reason="Rusak", by=city.who.engineer, at=clock.now())
    asked.refresh_from_db()
    assert (asked.state, asked.reason) == ("refused", "Rusak")
    assert Message.objects.filter(recipient=city.who.operator, kind="recording_refused").exists()


def test_a_keeper_is_reminded_once_each_and_a_request_lapses_with_its_footage(city):
    camera = make.make_camera()
    keeper = city.who.dishub.person
    rec.put_on(rec.make_recorder(custodian=keeper, custodian_office="UPT Contoh", retention_days=30), camera)
    asked = ask(city, camera)
    assert asked.addressee == f"{keeper.name}, UPT Contoh"
    moments = (asked.due_at - timedelta(hours=1), asked.due_at + timedelta(hours=1))
    for at in (*moments, *moments):
        clockwork.turn(at)
    told = [kind for kind in Message.objects.filter(recipient=city.who.dishub, channel="screen").order_by("pk")
            .values_list("kind", flat=True)]  # fmt: skip
    assert told == ["recording_asked", "recording_due", "recording_overdue"]
    assert asked.gone_at == asked.until + timedelta(days=30)
    clockwork.turn(asked.gone_at + timedelta(minutes=1))
    asked.refresh_from_db()
    assert asked.state == "lapsed" and asked.closed_at is not None
    with pytest.raises(AlreadyDone):
        handing_over.deliver(asked, MP4, since=None, until=None, offset_s=None, note="", by=city.who.engineer,
                             at=clock.now())  # fmt: skip


def test_what_is_being_pulled_is_not_given_up_by_what_was_stated(city):
    camera = make.make_camera()
    rec.put_on(rec.make_recorder("http://10.64.1.5/onvif/device_service", retention_days=7), camera)
    asked = ask(city, camera)
    clockwork.lapse(asked.gone_at + timedelta(days=1))
    asked.refresh_from_db()
    assert asked.state == "asked"
    Retrieval.objects.update(state="failed")
    clockwork.lapse(asked.gone_at + timedelta(days=1))
    asked.refresh_from_db()
    assert asked.state == "lapsed"


def test_what_could_not_be_pulled_is_asked_of_the_keeper_under_its_number(city):
    camera = make.make_camera()
    rec.put_on(rec.make_recorder("http://10.64.1.5/onvif/device_service"), camera)
    asked = ask(city, camera)
    Retrieval.objects.update(state="failed", fault="unreachable")
    handing_over.ask_the_keeper(asked, by=city.who.operator, at=clock.now())
    again = Retrieval.objects.get()
    assert (again.number, again.way, again.state) == (asked.number, "hand", "asked") and again.due_at is not None


def test_the_letter_is_signed_and_written_once(city):
    asked = ask(city, purpose="law", note="Permintaan Polres Contoh")
    letter = handing_over.write_letter(asked, by=city.who.operator, at=clock.now())
    asked.refresh_from_db()
    assert asked.letter == letter and letter.number == asked.number
    with pytest.raises(AlreadyDone):
        handing_over.write_letter(asked, by=city.who.operator, at=clock.now())
    page = make.signed_in(city.who.operator).get(reverse("cameras:retrieval_letter", args=[asked.number]))
    assert page.status_code == 200 and page.content.startswith(b"%PDF-")


# -- the register of recorders


def recorder_form(city: make.City, **said: Any) -> dict[str, Any]:
    return {"name": "NVR A", "owner": city.diskominfo, "kind": "onvif", "address": "http://10.64.1.5/onvif/device_service",
            "username": "admin", "password": "rahasia-sekali", "custodian": None, "custodian_office": "UPT",
            "retention_days": 30} | said  # fmt: skip


def test_a_recorder_is_registered_with_its_password_sealed(city):
    row = register.save_recorder(None, **recorder_form(city), by=city.who.engineer, at=clock.now())
    row.refresh_from_db()
    assert row.password_sealed.open() == "rahasia-sekali" and "rahasia" not in str(row.password_sealed)
    assert "rahasia" not in str(AuditEntry.objects.get(act="cameras.recorder_added").after)
    Recorder.objects.update(login_refused_at=clock.now())
    kept = register.save_recorder(row, **recorder_form(city, name="NVR B", password=""), by=city.who.engineer,
                                  at=clock.now())  # fmt: skip
    kept.refresh_from_db()
    assert kept.password_sealed.open() == "rahasia-sekali"
    register.save_recorder(kept, **recorder_form(city, password="baru-sekali"), by=city.who.engineer, at=clock.now())
    kept.refresh_from_db()
    assert kept.login_refused_at is None and kept.password_sealed.open() == "baru-sekali"


@pytest.mark.parametrize(
    "address", ["", "http://169.254.169.254/latest", "http://a:b@10.1.1.1/", "ftp://10.1.1.1/", "http://10.1.1.1/ x"]
)
def test_an_address_that_must_not_be_dialled_is_refused(city, address):
    with pytest.raises(UserError):
        register.save_recorder(None, **recorder_form(city, address=address), by=city.who.engineer, at=clock.now())
    assert not Recorder.objects.exists()


def test_a_camera_is_put_on_a_channel_nobody_else_has(city):
    recorder, one, two = rec.make_recorder(), make.make_camera(), make.make_camera("MB-002")
    register.attach(one, recorder, "3", by=city.who.engineer, at=clock.now())
    with pytest.raises(AlreadyDone):
        register.attach(two, recorder, "3", by=city.who.engineer, at=clock.now())
    register.attach(one, None, "", by=city.who.engineer, at=clock.now())
    assert not RecordedCamera.objects.exists()
    others = make.make_camera("DH-001", owner=city.dishub)
    with pytest.raises(NotAllowed):
        register.attach(others, recorder, "4", by=city.who.engineer, at=clock.now())


# -- pages


def moment(at: datetime) -> str:
    return f"{clock.local(at):%Y-%m-%dT%H:%M:%S}"


def test_an_operator_asks_on_the_page_and_the_answer_keeps_what_was_typed(city):
    camera = make.make_camera()
    client, url = make.signed_in(city.who.operator), reverse("cameras:recording_ask", args=["MB-001"])
    shown = client.get(reverse("cameras:recordings", args=["MB-001"]))
    assert "belum ada perekam yang didaftarkan" in shown.content.decode()
    at = clock.now() - timedelta(hours=2)
    said = {"since": moment(at), "until": moment(at - timedelta(minutes=1)), "purpose": "patrol", "kunci": "x1"}
    refused = client.post(url, said)
    assert refused.status_code == 422 and "tidak sesudah" in refused.content.decode()
    assert said["since"] in refused.content.decode()
    done = client.post(url, said | {"until": moment(at + timedelta(minutes=1))})
    asked = Retrieval.objects.get()
    assert done["Location"] == reverse("cameras:retrieval", args=[asked.number])
    assert asked.since == at.replace(microsecond=0) and asked.camera == camera
    for name in ("retrieval", "retrieval_progress"):
        assert client.get(reverse(f"cameras:{name}", args=[asked.number])).status_code == 200


def test_a_keeper_hands_a_file_over_on_the_page(city):
    asked = ask(city)
    client, url = make.signed_in(city.who.engineer), reverse("cameras:retrieval_act", args=[asked.number, "serahkan"])
    assert client.post(url, {}).status_code == 422
    assert client.post(url, {"file": SimpleUploadedFile("a.exe", b"MZ")}).status_code == 422
    assert client.post(url, {"file": SimpleUploadedFile("a.mp4", MP4), "offset_s": "nan"}).status_code == 422
    assert client.post(url, {"file": SimpleUploadedFile("a.mp4", MP4)}).status_code == 302
    page = client.get(reverse("cameras:retrieval", args=[asked.number])).content.decode()
    assert Exhibit.objects.get().number in page


def test_what_is_anothers_is_missing_for_all_alike(city):
    others = make.make_camera("DH-001", owner=city.dishub)
    asked = ask(city, others)
    theirs = rec.make_recorder(owner=city.dishub)
    client = make.signed_in(city.who.engineer)
    for name, args in (
        ("recordings", ["DH-001"]), ("recordings", ["TIDAK-ADA"]), ("retrieval", [asked.number]),
        ("retrieval", ["PR-2020-000001"]), ("recorder", [theirs.pk]), ("recorder", [999_999]),
    ):  # fmt: skip
        answer = client.get(reverse(f"cameras:{name}", args=args))
        assert answer.status_code == 404, (name, args)
    assert asked.number not in client.get(reverse("cameras:retrievals")).content.decode()
    refused = client.post(reverse("cameras:retrieval_act", args=[asked.number, "tolak"]), {"reason": "x"})
    assert refused.status_code == 404 and Retrieval.objects.get().state == "asked"


def test_the_list_is_filtered_exported_and_marks_what_is_late(city, django_assert_max_num_queries):
    for n in range(3):
        ask(city, make.make_camera(f"MB-{n:03}"))
    Retrieval.objects.filter(camera__target__code="MB-001").update(due_at=clock.now() - timedelta(hours=3))
    client = make.signed_in(city.who.supervisor)
    with django_assert_max_num_queries(22):
        page = client.get(reverse("cameras:retrievals"), {"state": "late"}).content.decode()
    assert "MB-001" in page and "terlambat 3 jam" in page and "MB-002" not in page
    for odd in ({"state": "aneh"}, {"q": "%_'"}, {"page": "9999999"}, {"way": "<"}):
        assert client.get(reverse("cameras:retrievals"), odd).status_code == 200
    rows = b"".join(client.get(reverse("cameras:retrievals_export", args=["csv"]), {"q": "MB-002"})).decode()
    assert "MB-002" in rows and "MB-001" not in rows


def test_the_password_of_a_recorder_is_on_no_page(city):
    recorder = rec.make_recorder("http://10.64.1.5/onvif/device_service", password_sealed=secrets.seal("sandi-perekam"))
    client = make.signed_in(city.who.engineer)
    Recorder.objects.update(offered=[["REC-9", "Gerbang <b>Pintu</b>"]])
    camera = make.make_camera()
    shown = [client.get(reverse("cameras:recorder", args=[recorder.pk])).content.decode(),
             client.get(reverse("cameras:recordings", args=[camera.target.code])).content.decode()]  # fmt: skip
    for page in shown:
        assert "REC-9" in page and "&lt;b&gt;Pintu" in page and "<b>Pintu" not in page
    for name in ("recorder", "recorder_edit"):
        assert "sandi-perekam" not in client.get(reverse(f"cameras:{name}", args=[recorder.pk])).content.decode()
