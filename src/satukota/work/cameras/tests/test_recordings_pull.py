"""A real recorder over ONVIF and RTSP: what it holds is measured, footage becomes evidence once, whatever happens."""

import asyncio
import errno
import hashlib
import io
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import av
import pytest

from satukota.base import clock
from satukota.base.evidence import actions as store
from satukota.base.evidence import custody, exhibits
from satukota.base.evidence.models import Exhibit
from satukota.base.messages.models import Message
from satukota.work.cameras.models import RecordedCamera, Recorder, RecordingGap, Retrieval
from satukota.work.cameras.onvif.by_hand import CallFault
from satukota.work.cameras.recordings import asking, delivering, handing_over, holding, measuring, pulling
from satukota.work.cameras.rtsp import AccessUnit, VideoTrack, replay
from satukota_field.running import RunningField

from . import make
from . import recording_make as rec

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def field() -> Any:
    with rec.running_field() as running:
        yield running


@pytest.fixture(autouse=True)
def _here(settings: Any, tmp_path: Any, field: RunningField, monkeypatch: pytest.MonkeyPatch) -> Any:
    settings.SAMPLE, settings.VAR, settings.FILES_DIR = True, tmp_path, tmp_path / "files"
    monkeypatch.setattr(pulling, "SILENT_S", 1.0)
    monkeypatch.setattr(pulling.pull, "__kwdefaults__", {"silent_s": 1.0})
    field.control.do("recorder NVR healthy")
    yield
    field.control.do("recorder NVR healthy")


@pytest.fixture
def city() -> make.City:
    return make.make_city()


@pytest.fixture
def row(city: make.City, field: RunningField) -> RecordedCamera:
    recorder = rec.make_recorder(field.server.recorders["NVR"].service_url, retention_days=3)
    return rec.put_on(recorder, make.make_camera())


def pulled(row: RecordedCamera, city: make.City, ago_s: float, long_s: float, **said: Any) -> Retrieval:
    """Asked by the operator, and the job run once."""
    asked = asking.ask(row.camera, rec.wish(ago_s, long_s, **said), by=city.who.operator, at=clock.now())
    delivering.run(asked.pk, asked.run)
    asked.refresh_from_db()
    return asked


def gap_of(field: RunningField) -> tuple[float, float]:
    gap = field.server.recorders["NVR"].recorder.tracks["MB-001"].gaps[0]
    assert gap.end is not None
    return gap.start, gap.end


# -- what it holds


def test_a_gap_it_tells_of_is_measured_once_and_the_day_is_not_complete(row, field):
    assert holding.held(row, clock.now()).state == "unknown"
    for _ in range(2):
        answer = measuring.measure(row.recorder_id)
        assert answer is not None and answer.fault == ""
    row.refresh_from_db()
    gap = RecordingGap.objects.get()
    start, end = gap_of(field)
    assert gap.how == "told" and gap.began_at.timestamp() == pytest.approx(start, abs=0.01)
    assert gap.ended_at.timestamp() == pytest.approx(end, abs=0.01)
    assert Recorder.objects.get().offered == [["REC-MB-001", "MB-001"]]
    held = holding.held(holding.row_of(row.camera), clock.now())
    assert held.state == "gaps" and held.gap_minutes == 1 and held.parts.unknown_s < 60
    strip = holding.strip(row, clock.now(), 3)
    assert "degraded" in strip.bars and strip.bars.count("up") > 110


def test_what_was_told_before_stands_and_a_gap_that_goes_on_keeps_its_beginning(row):
    at = clock.now()
    base = int(at.timestamp()) - 10_800

    def told(known: tuple[float, float], *gaps: tuple[float, float]) -> None:
        measuring._write_camera(row, measuring.Told("", None, known, list(gaps)), at)

    told((base, base + 3600), (base + 600, base + 700), (base + 3000, base + 3600))
    told((base + 3200, base + 7200), (base + 3200, base + 4000))
    row.refresh_from_db()
    spans = sorted((g.began_at.timestamp() - base, g.ended_at.timestamp() - base) for g in row.gaps.all())
    assert spans == [(600, 700), (3000, 4000)]
    assert (row.known_from.timestamp(), row.known_to.timestamp()) == (base, base + 7200)


@pytest.mark.parametrize(
    ("fault", "cause"), [("unauthorised", "login_refused"), ("hostile_xml", "hostile_xml"), ("html", "not_onvif")]
)
def test_what_it_answers_wrongly_is_said_and_what_it_holds_stays_unknown(row, field, fault, cause):
    field.control.do(f"recorder NVR {fault}")
    measuring.measure(row.recorder_id)
    recorder = Recorder.objects.get()
    assert recorder.fault == cause and recorder.answered_at is None
    assert holding.held(holding.row_of(row.camera), clock.now()).state == "unknown"
    assert (recorder.login_refused_at is not None) == (cause == "login_refused")


def test_a_refused_password_is_not_sent_again_until_it_changes(row, field, city):
    Recorder.objects.update(password_sealed="salah")
    device = field.server.recorders["NVR"]
    before = device.recorder.bad_logins
    measuring.measure(row.recorder_id)
    measuring.measure(row.recorder_id)
    asked = pulled(row, city, 100, 5)
    assert device.recorder.bad_logins == before + 1
    assert (asked.state, asked.fault) == ("failed", "login_refused")
    assert measuring.due(clock.now() + timedelta(days=1)) == []


def test_a_camera_it_does_not_know_and_one_nobody_answers_for(row, city):
    other = rec.put_on(row.recorder, make.make_camera("MB-002"), "REC-LAIN")
    measuring.measure(row.recorder_id)
    other.refresh_from_db()
    assert other.fault == "no_recording" and other.known_to is None
    Recorder.objects.update(address="http://127.0.0.1:9/onvif/device_service")
    measuring.measure(row.recorder_id)
    assert Recorder.objects.get().fault == "unreachable"
    assert holding.held(holding.row_of(other.camera), clock.now()).state == "unknown"


def test_what_it_does_not_tell_of_one_camera_spoils_nothing_of_others(row, monkeypatch):
    async def refuses(*_: Any) -> Any:
        raise CallFault("device_error")

    with monkeypatch.context() as broken:
        broken.setattr(measuring.onvif, "changes", refuses)
        measuring.measure(row.recorder_id)
    row.refresh_from_db()
    assert row.fault == "nothing_told" and row.known_to is None and row.earliest_at is not None
    assert Recorder.objects.get().answered_at is not None
    measuring.measure(row.recorder_id)
    row.refresh_from_db()
    assert row.fault == "" and row.known_to is not None


def test_a_camera_taken_off_while_its_recorder_is_asked_stays_off(row):
    gone = RecordedCamera.objects.get()
    RecordedCamera.objects.all().delete()
    measuring._write(row.recorder, [gone], measuring.Answer(told={gone.token: measuring.Told()}), clock.now())
    assert not RecordedCamera.objects.exists()


def test_a_turn_is_claimed_once(row):
    at = clock.now() + timedelta(seconds=1)
    assert measuring.due(at) == [row.recorder_id]
    assert measuring.due(at) == []


# -- footage


def test_footage_becomes_an_exhibit_with_its_hash_moments_and_custody(row, city):
    asked = pulled(row, city, 120, 20, note="Contoh")
    assert (asked.state, asked.fault, asked.progress, asked.holes) == ("delivered", "", 100, [])
    (file,) = asked.exhibit.files.all()
    content = store.content_of(file.file)
    assert hashlib.sha256(content).hexdigest() == file.file.sha256
    with av.open(io.BytesIO(content)) as film:
        pictures = [picture.pts for picture in film.decode(video=0)]
    assert 100 <= len(pictures) <= 107 and pictures == sorted(pictures)
    assert timedelta(seconds=-1.1) <= file.captured_from - asked.since <= timedelta(0)
    assert abs(file.captured_to - asked.until) < timedelta(seconds=0.5)
    assert file.clock_offset_ms is not None and abs(file.clock_offset_ms) < 1500
    lines = exhibits.custody_of(asked.exhibit)
    assert [line["act"] for line in lines] == ["opened", "captured"] and lines[1]["person"] == str(city.who.operator)
    assert custody.first_broken(lines, asked.exhibit.number) is None
    assert Message.objects.filter(recipient=city.who.operator, kind="recording_delivered").exists()


def test_a_gap_within_the_time_asked_for_is_said_and_splits_the_footage(row, city, field):
    start, end = gap_of(field)
    asked = pulled(row, city, time.time() - start + 10, 90)
    files = list(asked.exhibit.files.all())
    assert asked.state == "delivered" and len(files) == 2
    ((a, b),) = asked.holes
    assert a == pytest.approx(start, abs=0.5) and b == pytest.approx(end, abs=1.1)
    assert files[0].captured_to <= files[1].captured_from - timedelta(seconds=58)
    assert all("Tidak ada gambar:" in file.note for file in files)
    found = RecordingGap.objects.get()  # nothing was told yet: the retrieval found it
    assert (found.how, found.source) == ("found", asked.number)


def test_a_told_gap_is_not_found_again(row, city, field):
    measuring.measure(row.recorder_id)
    start, _ = gap_of(field)
    asked = pulled(row, city, time.time() - start + 10, 90)
    assert asked.holes and RecordingGap.objects.get().how == "told"


def test_a_recorder_whose_clock_is_wrong_is_measured_and_corrected(row, city, field):
    field.control.do("recorder NVR wrong_clock")  # 437 s ahead
    measuring.measure(row.recorder_id)
    start, end = gap_of(field)
    gap = RecordingGap.objects.get(how="told")
    assert abs(gap.began_at.timestamp() - start) < 1.5 and abs(gap.ended_at.timestamp() - end) < 1.5
    asked = pulled(row, city, 120, 10)
    file = asked.exhibit.files.get()
    assert abs(file.clock_offset_ms - 437_000) < 1500
    assert abs(file.captured_to - asked.until) < timedelta(seconds=2)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [("closing", "closed_by_camera"), ("silent", "no_footage"), ("refusing", "closed_by_camera"),
     ("hostile_xml", "hostile_xml")],
)  # fmt: skip
def test_what_breaks_off_leaves_no_exhibit_and_can_be_tried_again(row, city, field, fault, cause):
    field.control.do(f"recorder NVR {fault}")
    asked = pulled(row, city, 200, 30)
    assert (asked.state, asked.fault, asked.exhibit) == ("failed", cause, None)
    assert not Exhibit.objects.exists()
    field.control.do("recorder NVR healthy")
    handing_over.try_again(asked, by=city.who.operator, at=clock.now())
    delivering.run(asked.pk, asked.run)
    asked.refresh_from_db()
    assert asked.state == "delivered"


def test_time_within_a_gap_holds_nothing(row, city, field):
    start, _ = gap_of(field)
    asked = pulled(row, city, time.time() - start - 20, 10)
    assert (asked.state, asked.fault) == ("failed", "no_footage")


def test_a_full_disk_is_said_and_nothing_half_is_kept(row, city, monkeypatch):
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(exhibits.actions, "_write", full)
        asked = pulled(row, city, 120, 5)
    assert (asked.state, asked.fault) == ("failed", "disk_full") and not Exhibit.objects.exists()
    with monkeypatch.context() as broken:
        broken.setattr(pulling.Path, "open", full)
        handing_over.try_again(asked, by=city.who.operator, at=clock.now())
        delivering.run(asked.pk, asked.run)
    asked.refresh_from_db()
    assert (asked.state, asked.fault) == ("failed", "disk_full") and not Exhibit.objects.exists()


class Killed(BaseException):
    """As kill -9: nothing is caught, nothing is tidied."""


@pytest.mark.parametrize("where", ["pull", "deliver"])
def test_a_job_killed_halfway_comes_back_and_leaves_one_exhibit(row, city, monkeypatch, where):
    asked = asking.ask(row.camera, rec.wish(120, 5), by=city.who.operator, at=clock.now())

    def kill(*_: Any, **__: Any) -> Any:
        raise Killed

    with monkeypatch.context() as broken:
        if where == "pull":
            broken.setattr(delivering, "_pulled", kill)
        else:
            broken.setattr(delivering.reminding, "tell_delivered", kill)  # the last act of the transaction
        with pytest.raises(Killed):
            delivering.run(asked.pk, asked.run)
    asked.refresh_from_db()
    assert asked.state == "pulling" and not Exhibit.objects.exists()
    for _ in range(2):
        delivering.run(asked.pk, asked.run)
    asked.refresh_from_db()
    assert asked.state == "delivered" and Exhibit.objects.count() == 1


def test_a_run_that_was_replaced_writes_nothing(row, city):
    asked = asking.ask(row.camera, rec.wish(120, 5), by=city.who.operator, at=clock.now())
    old = asked.run
    asking.start(asked)
    delivering.run(asked.pk, old)
    asked.refresh_from_db()
    assert asked.state == "asked" and not Exhibit.objects.exists()


def test_a_stream_that_does_not_say_when_it_was_is_no_evidence(tmp_path):
    wanted = pulling.Wanted("", "", "", 0.0, 10.0)
    writer = pulling.Writer(wanted, tmp_path, lambda _: None)
    track = VideoTrack("h264", 96, "")
    writer.take(track, AccessUnit(0, [b"\x65"], True))
    assert writer.fault == "no_time" and writer.pieces == []


def test_a_recorder_that_plays_another_time_is_not_listened_to_for_days(tmp_path):
    writer = pulling.Writer(pulling.Wanted("", "", "", 10_000.0, 10_010.0), tmp_path, lambda _: None)
    unit = AccessUnit(0, [b"\x65"], True, mark=replay.Mark(1_000.0))
    writer.take(VideoTrack("h264", 96, ""), unit)
    assert writer.fault == "range_ignored" and writer.pieces == []


def test_a_moment_without_the_extension_counts_from_where_it_began(tmp_path):
    at = replay.began_at("clock=20261123T010000.500Z-20261123T010010Z")
    assert at == datetime(2026, 11, 23, 1, 0, 0, 500_000, tzinfo=UTC).timestamp()
    assert replay.began_at("npt=0-") is None and replay.began_at("clock=20269923T010000Z-") is None
    writer = pulling.Writer(pulling.Wanted("", "", "", at, at + 10), tmp_path, lambda _: None)
    writer.played_from = at
    track = VideoTrack("h264", 96, "")
    moments = [writer._moment(track, AccessUnit(rtp, [b"\x65"])) - at for rtp in (2**32 - 90_000, 0, 90_000)]
    assert moments == [0, 1, 2]


def test_the_guard_stands_before_recorders_too(settings):
    settings.SAMPLE = False  # no loopback
    answer = asyncio.run(measuring.ask("http://127.0.0.1:9/onvif", "", "", [], clock.now()))
    assert answer.fault == "address_refused"
