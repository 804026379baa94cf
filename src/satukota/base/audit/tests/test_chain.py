"""The audit chain: every act once, in order, and any later change is found."""

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from satukota.base.accounts.models import User
from satukota.base.audit import actions as audit
from satukota.base.audit.models import AuditEntry

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)


def write(count: int = 4) -> None:
    person = User.objects.create_user("contoh", first_name="Contoh")
    for number in range(count):
        audit.record("test.act", by=person, at=AT, on=person, before={"n": number}, after={"n": number + 1}, why="uji")


def test_a_fresh_chain_holds():
    write()
    assert audit.first_broken() is None


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (lambda: AuditEntry.objects.filter(number=2).update(why="lain"), 2),
        (lambda: AuditEntry.objects.filter(number=3).update(actor_name="Orang lain"), 3),
        (lambda: AuditEntry.objects.filter(number=2).delete(), 2),
        (lambda: AuditEntry.objects.filter(number=4).delete(), 4),
        (lambda: AuditEntry.objects.filter(number=1).update(after={"n": 9}), 1),
    ],
    ids=["reason", "person", "removed", "last removed", "content"],
)
def test_a_changed_or_missing_row_is_named(change, broken):
    write()
    change()
    assert audit.first_broken()[0] == broken


def test_an_inserted_row_is_found():
    write()
    copy = AuditEntry.objects.get(number=4)
    copy.pk, copy.number, copy.hash = None, 5, "f" * 64
    copy.save(force_insert=True)
    assert audit.first_broken()[0] == 5


def test_an_act_that_is_undone_leaves_no_row():
    with pytest.raises(RuntimeError), transaction.atomic():
        write()
        raise RuntimeError
    assert not AuditEntry.objects.exists()
    write(1)
    assert audit.first_broken() is None


def test_the_hash_is_the_same_after_the_database_gave_the_row_back():
    write(1)
    row = AuditEntry.objects.get()
    assert row.hash == audit.seal_of(row), connection.vendor


def test_visitors_and_the_machine_are_named_as_such():
    audit.record("test.machine", by=None, at=AT)
    assert AuditEntry.objects.get().actor_name == "sistem"
