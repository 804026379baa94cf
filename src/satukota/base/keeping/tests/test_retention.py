"""What is due is deleted, what is not stays, and each deletion says so in the audit log."""

from datetime import UTC, datetime, timedelta

import pytest

from satukota.base.audit.models import AuditEntry
from satukota.base.evidence import actions as evidence
from satukota.base.evidence.models import StoredFile
from satukota.base.feed.models import FeedEntry
from satukota.base.keeping import retention
from satukota.base.keeping.models import DeletionReceipt

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.FILES_DIR = tmp_path


def picture(days_ago: int, content: bytes, **fields) -> StoredFile:
    taken_at = AT - timedelta(days=days_ago)
    file = evidence.keep(content, media_type="image/jpeg", kind="incident_picture", source="MB-001",
                         taken_at=taken_at, delete_on=(taken_at + timedelta(days=30)).date())  # fmt: skip
    StoredFile.objects.filter(pk=file.pk).update(**fields)
    return file


def test_a_deletion_leaves_a_signed_receipt_and_what_is_held_or_young_stays(db):
    old, held, young = picture(40, b"tua"), picture(40, b"ditahan", on_hold=True), picture(3, b"muda")
    rule = next(rule for rule in retention.rules() if rule.key == "evidence.pictures")
    assert retention.run(rule, AT).number == 1
    with pytest.raises(evidence.FileGone):
        evidence.content_of(old)
    assert evidence.content_of(held) and evidence.content_of(young)
    receipt = DeletionReceipt.objects.get()
    assert (receipt.rule, receipt.number, receipt.kept_days) == ("evidence.pictures", 1, 30)
    assert receipt.oldest_at == receipt.newest_at == AT - timedelta(days=40)
    row = AuditEntry.objects.get(number=receipt.audit_number)
    assert row.act == "keeping.deleted" and row.after["number"] == 1 and row.why
    assert retention.run(rule, AT).number == 0 and DeletionReceipt.objects.count() == 1


def test_each_rule_says_what_how_long_why_and_where(db):
    keys = {rule.key for rule in retention.rules()}
    assert {"monitoring.readings", "evidence.pictures", "feed.entries", "messages.messages", "sessions.ended"} <= keys
    for rule in retention.rules():
        assert str(rule.what) and str(rule.source) and rule.configured and rule.days() >= 0


def test_one_rule_that_fails_is_seen_and_does_not_hold_up_the_others(db, monkeypatch):
    FeedEntry.objects.bulk_create(
        FeedEntry(at=AT - timedelta(days=days), topic="t", subject="s", payload={}) for days in (5, 4, 0)
    )

    def broken(before, at):
        raise OSError("disk")

    monkeypatch.setitem(retention._rules, "a.broken", retention.Rule("a.broken", "x", lambda: 1, "x", "x", broken))
    with pytest.raises(OSError):
        retention.run_due(AT)
    assert FeedEntry.objects.count() == 1
    assert DeletionReceipt.objects.get(rule="feed.entries").number == 2
