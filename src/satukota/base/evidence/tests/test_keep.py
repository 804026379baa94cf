"""What is kept is found again unchanged, and goes on its date unless somebody holds it."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from satukota.base.evidence import actions as evidence

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(autouse=True)
def store(tmp_path, settings):
    settings.FILES_DIR = tmp_path


def keep(content: bytes = b"gambar", delete_on: date | None = date(2026, 12, 22)):
    return evidence.keep(
        content, media_type="image/jpeg", kind="incident_picture", source="MB-001", taken_at=AT, delete_on=delete_on
    )


def test_the_same_content_twice_takes_its_place_once(tmp_path):
    first, second = keep(), keep()
    assert evidence.content_of(first) == evidence.content_of(second) == b"gambar"
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_an_altered_file_is_not_shown(tmp_path):
    file = keep()
    next(path for path in tmp_path.rglob("*") if path.is_file()).write_bytes(b"diubah")
    with pytest.raises(evidence.FileGone):
        evidence.content_of(file)


def test_a_file_goes_on_its_date_and_leaves_a_receipt():
    file = keep()
    assert evidence.delete_due(date(2026, 12, 21), AT) == 0
    assert evidence.delete_due(date(2026, 12, 22), AT) == 1
    file.refresh_from_db()
    assert file.deleted_at == AT
    with pytest.raises(evidence.FileGone):
        evidence.content_of(file)


def test_a_held_file_and_one_shared_with_a_later_date_stay():
    held = keep(b"satu")
    keep(b"dua")
    late = keep(b"dua", date(2027, 1, 1))
    held.on_hold = True
    held.save()
    evidence.delete_due(date(2026, 12, 23), AT)
    assert evidence.content_of(held) == b"satu" and evidence.content_of(late) == b"dua"


@pytest.mark.parametrize("slot", ["../../etc/passwd", "camera/../x", "camera/MB 1/latest", "camera//latest", "a/b/c/d"])
def test_a_slot_name_cannot_leave_the_store(slot):
    with pytest.raises(ValueError):
        evidence.put_slot(slot, b"x")


def test_a_slot_holds_only_the_newest(tmp_path: Path):
    evidence.put_slot("camera/MB-001/latest", b"lama")
    evidence.put_slot("camera/MB-001/latest", b"baru")
    assert evidence.slot_content("camera/MB-001/latest") == b"baru"
    assert evidence.slot_content("camera/MB-002/latest") is None
