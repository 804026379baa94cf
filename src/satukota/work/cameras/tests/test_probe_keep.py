"""What the probe reads from and writes to the database around looks."""

from datetime import timedelta
from typing import Any

import pytest

from satukota.base import clock, secrets
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import UserError
from satukota.base.evidence import actions as evidence
from satukota.base.evidence.models import StoredFile
from satukota.rules.picture_truth import Reference
from satukota.shared.monitoring.models import Reading
from satukota.shared.monitoring.registry import Look
from satukota.work.cameras import reference_actions, references
from satukota.work.cameras.eye import Learned
from satukota.work.cameras.eye.decoding import Decoder, Shrinker
from satukota.work.cameras.looking import Brief, Kept
from satukota.work.cameras.models import Camera, CameraReference
from satukota.work.cameras.probes import CameraProbe

from .make import City, make_camera, make_city
from .rtsp_double import clip

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.FILES_DIR = tmp_path


@pytest.fixture
def city() -> City:
    return make_city()


def picture(kind: str = "street") -> bytes:
    unit = clip("h264", 640, 360, 2, 2, False, kind)[0]
    return Shrinker().small(Decoder().decode("h264", b"".join(b"\0\0\0\1" + nal for nal in unit))[0], 640).jpeg()


def kept_after(camera: Camera, verdict: str = "up", *, state: str = "", pending: str = "", count: int = 0,
               shown: bytes | None = None, **extra: Any) -> Reading:  # fmt: skip
    """Run `keep` on one stored look and return its reading as stored."""
    target, at = camera.target, clock.now()
    target.state, target.pending, target.pending_count = state or verdict, pending, count
    if extra.pop("changed", False):
        target.state_since = at
    reading = Reading.objects.create(target=target, at=at, verdict=verdict)
    look = Look(verdict, picture=shown, kept=Kept(**extra))
    CameraProbe().keep([(target, reading, look)])
    reading.refresh_from_db()
    camera.refresh_from_db()
    return reading


def test_preparing_takes_three_queries_for_any_number_of_cameras(city, django_assert_num_queries):
    for n in range(3):
        make_camera(f"MB-{n:03d}")
    targets = [camera.target for camera in Camera.objects.select_related("target")]
    with django_assert_num_queries(3):
        few = CameraProbe().prepare(targets[:1], {})
    with django_assert_num_queries(3):
        many = CameraProbe().prepare(targets, {})
    assert len(few) == 1 and len(many) == 3


def test_a_brief_holds_the_opened_password_and_shows_it_nowhere(city):
    camera = make_camera(username="contoh", password_sealed=secrets.seal("kenari-9"), width=640, height=360)
    brief = brief_of(camera)
    assert brief.password == "kenari-9" and brief.may_log_in
    assert (brief.expected.width, brief.expected.codec) == (640, None)
    assert "kenari-9" not in repr(brief)


def test_a_refused_login_is_not_tried_until_the_password_changes(city):
    camera = make_camera(username="contoh", password_sealed=secrets.seal("lama"))
    kept_after(camera, "down", login_refused=True, password_sealed=camera.password_sealed)
    assert camera.login_refused_at is not None and not brief_of(camera).may_log_in


def test_a_refusal_of_the_old_password_does_not_block_the_new_one(city):
    camera = make_camera(username="contoh", password_sealed=secrets.seal("lama"))
    old = camera.password_sealed
    Camera.objects.filter(pk=camera.pk).update(password_sealed=secrets.seal("baru"))
    kept_after(camera, "down", login_refused=True, password_sealed=old)
    assert camera.login_refused_at is None


def test_a_password_sealed_with_a_lost_key_is_told(city):
    assert brief_of(make_camera(username="contoh", password_sealed=secrets.Sealed(token="bukan-segel"))).secret_lost


def brief_of(camera: Camera) -> Brief:
    return CameraProbe().prepare([camera.target], {})[camera.pk]


def test_pictures_go_to_their_places_with_their_time(city):
    camera = make_camera("MB-001")
    reading = kept_after(camera, shown=b"\xff\xd8\xffgood", is_good=True)
    assert evidence.slot_content("camera/MB-001/latest") == evidence.slot_content("camera/MB-001/last_good")
    assert camera.last_seen_at == camera.last_good_at == reading.at
    later = kept_after(camera, "unknown", shown=b"\xff\xd8\xffdark")
    assert evidence.slot_content("camera/MB-001/latest") == b"\xff\xd8\xffdark"
    assert evidence.slot_content("camera/MB-001/last_good") == b"\xff\xd8\xffgood"
    assert camera.last_seen_at == later.at and camera.last_good_at == reading.at
    kept_after(camera, "down")
    assert camera.last_seen_at == later.at


@pytest.mark.parametrize(
    ("state", "pending", "count", "changed", "is_kept"),
    [("up", "down", 1, False, True), ("down", "", 0, True, True), ("down", "", 0, False, False),
     ("up", "down", 2, False, False)],
)  # fmt: skip
def test_the_first_fault_look_and_the_deciding_one_keep_their_picture(city, state, pending, count, changed, is_kept):
    camera = make_camera()
    reading = kept_after(
        camera, "down", state=state, pending=pending, count=count, shown=b"\xff\xd8\xffblack",
        is_picture_fault=True, changed=changed,
    )  # fmt: skip
    assert (reading.picture is not None) == is_kept
    if is_kept:
        stored = reading.picture
        assert (stored.kind, stored.source, stored.media_type) == ("incident_picture", "MB-001", "image/jpeg")
        assert stored.delete_on == clock.local(reading.at).date() + timedelta(days=30)
        assert evidence.content_of(stored) == b"\xff\xd8\xffblack"


def test_keeping_a_round_takes_few_statements(city, django_assert_max_num_queries):
    rows = []
    for n in range(5):
        target = make_camera(f"MB-{n:03d}").target
        reading = Reading.objects.create(target=target, at=clock.now(), verdict="up")
        rows.append((target, reading, Look("up", picture=b"\xff\xd8\xff", kept=Kept(is_good=True))))
    with django_assert_max_num_queries(6):
        CameraProbe().keep(rows)
    assert Camera.objects.filter(last_good_at=None).count() == 0


def test_looks_of_other_making_are_passed_over(city):
    camera = make_camera()
    reading = Reading.objects.create(target=camera.target, at=clock.now(), verdict="unknown")
    CameraProbe().keep([(camera.target, reading, Look("unknown", "look_failed"))])


# -- references -------------------------------------------------------------------------------------------------


def seen_camera(city: City, kind: str = "street", **fields: Any) -> Camera:
    camera = make_camera(last_seen_at=clock.now(), **fields)
    evidence.put_slot("camera/MB-001/latest", picture(kind))
    return camera


def test_accepting_the_newest_picture_makes_it_the_anchor_of_its_mode(city):
    camera = seen_camera(city)
    row = reference_actions.accept_reference(camera, by=city.who.engineer, at=clock.now())
    assert row.accepted_by == city.who.engineer and row.picture.kind == "reference" and row.picture.delete_on is None
    assert Reference.from_bytes(bytes(row.content)).accepted
    assert [r.pk for r in reference_actions.references_for(camera)] == [row.pk]
    entry = AuditEntry.objects.get(act="cameras.reference_accepted")
    assert entry.actor == city.who.engineer and entry.after["reference"] == row.pk
    assert brief_of(camera).anchor_ids == {row.pk}


def test_a_newer_anchor_retires_the_older_and_what_was_learned_beside_it(city):
    camera = seen_camera(city)
    first = reference_actions.accept_reference(camera, by=city.who.engineer, at=clock.now())
    learn(camera, {first.pk}, mode=first.mode)
    learn(camera, {first.pk}, mode="night_ir")
    second = reference_actions.accept_reference(camera, by=city.who.engineer, at=clock.now())
    live = {(row.mode, row.accepted_at is None) for row in reference_actions.references_for(camera)}
    assert live == {(second.mode, False), ("night_ir", True)}


def test_an_event_picture_can_be_accepted_too_but_not_another_cameras(city):
    camera, other = make_camera(), make_camera("MB-002")
    stored = evidence.keep(picture(), media_type="image/jpeg", kind="incident_picture", source="MB-001",
                           taken_at=clock.now(), delete_on=None)  # fmt: skip
    reading = Reading.objects.create(target=camera.target, at=clock.now(), verdict="down", picture=stored)
    assert reference_actions.accept_reference(camera, reading=reading, by=city.who.engineer, at=clock.now()).pk
    with pytest.raises(UserError):
        reference_actions.accept_reference(other, reading=reading, by=city.who.engineer, at=clock.now())


@pytest.mark.parametrize("slot", [None, b"", b"no picture", "black"])
def test_what_shows_nothing_cannot_be_an_anchor(city, slot):
    camera = make_camera(last_seen_at=clock.now())
    if slot is not None:
        evidence.put_slot("camera/MB-001/latest", picture("black") if slot == "black" else slot)
    with pytest.raises(UserError) as caught:
        reference_actions.accept_reference(camera, by=city.who.engineer, at=clock.now())
    assert caught.value.fix
    assert not CameraReference.objects.exists() and not StoredFile.objects.exists()


def learn(camera: Camera, anchors: set[int], mode: str = "day", content: bytes = b"x") -> int:
    new = Learned(mode, 2, clock.now().timestamp(), content)
    return references.keep_learned([(camera.pk, new, frozenset(anchors))])


def test_a_learned_reference_replaces_the_one_before_it(city):
    camera = seen_camera(city)
    anchor = reference_actions.accept_reference(camera, by=city.who.engineer, at=clock.now())
    assert learn(camera, {anchor.pk}, content=b"one") == learn(camera, {anchor.pk}, content=b"two") == 1
    row = CameraReference.objects.get(accepted_at=None)
    assert bytes(row.content) == b"two"


def test_a_reset_does_not_come_back_by_a_look_that_was_under_way(city):
    camera = seen_camera(city)
    anchor = reference_actions.accept_reference(camera, by=city.who.engineer, at=clock.now())
    learn(camera, {anchor.pk})
    with pytest.raises(UserError):
        reference_actions.reset_references(camera, why=" ", by=city.who.engineer, at=clock.now())
    assert reference_actions.reset_references(camera, why="Tiang pindah", by=city.who.engineer, at=clock.now()) == 2
    assert learn(camera, {anchor.pk}) == 0
    assert reference_actions.references_for(camera) == []
    assert AuditEntry.objects.get(act="cameras.references_reset").why == "Tiang pindah"


def test_only_references_of_this_part_of_the_day_and_anchors_are_read(city):
    camera = make_camera()
    for hour_bin in range(6):
        CameraReference.objects.create(camera=camera, mode="day", hour_bin=hour_bin, content=b"c", taken_at=clock.now())
    CameraReference.objects.create(camera=camera, mode="night_ir", hour_bin=0, content=b"a", taken_at=clock.now(),
                                   accepted_at=clock.now())  # fmt: skip
    found = references.for_looks([camera.pk], hour=13)[camera.pk]
    assert len(found.contents) == 2 and len(found.anchor_ids) == 1
